//! The gateway's authorizer. It starts at every cold request, so it links as little as it can.

use authorizer::{Authorizer, People};
use kernel::Clock;
use lambda_runtime::{LambdaEvent, service_fn};
use table::Tables;

fn main() -> Result<(), runtime::Failure> {
    runtime::init_logs();
    let settings = runtime::Settings::from_env()?;
    let tables = Tables::new(&settings.clients, &settings.table);
    let authorizer = &Authorizer::new(tables, Clock::System, settings.issuer.map(People::of));
    runtime::one_thread()?.block_on(lambda_runtime::run(service_fn(async move |event: LambdaEvent<_>| {
        authorizer.authorize(&event.payload).await.map_err(runtime::Failure::from)
    })))
}
