//! The gateway's authorizer. It starts at every cold request, so it links as little as it can.

use lambda_runtime::{LambdaEvent, service_fn};
use table::Tables;

fn main() -> Result<(), runtime::Failure> {
    runtime::init_logs();
    let settings = runtime::Settings::from_env()?;
    let tables = &Tables::new(&settings.clients, &settings.table);
    runtime::one_thread()?.block_on(lambda_runtime::run(service_fn(async move |event: LambdaEvent<_>| {
        let answer = authorizer::authorize(tables, &kernel::Clock::System, &event.payload).await;
        answer.map_err(runtime::Failure::from)
    })))
}
