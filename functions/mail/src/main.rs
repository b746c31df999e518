//! The binary of mail. It has no routes yet, so it links no web framework.

use aws_lambda_events::event::sqs::SqsEvent;
use kernel::{Clock, Ids};
use lambda_runtime::{LambdaEvent, service_fn};

fn main() -> Result<(), runtime::Failure> {
    runtime::init_logs();
    let settings = runtime::Settings::from_env()?;
    let tables = table::Tables::new(&settings.clients, &settings.table);
    let post = cloud::Mail::new(&settings.clients, &settings.mail_from, &settings.mail_configuration_set);
    let worker = &mail::Worker::new(tables, post, Clock::System, Ids::new(Clock::System), &settings.app_url);
    runtime::one_thread()?.block_on(lambda_runtime::run(service_fn(async move |event: LambdaEvent<SqsEvent>| {
        Ok::<_, runtime::Failure>(worker.handle(event.payload).await)
    })))
}
