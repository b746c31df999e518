//! The least that a function in Rust can be: it answers every request with a greeting, by the same runtime library as Rapport's
//! functions and on one thread as they are, without clients, logs or settings. `cargo xtask bench functions` measures it as the
//! floor. Never deployed.

use lambda_http::{Body, Error, Request, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(async |_: Request| Ok::<_, Error>(Response::new(Body::from("Hello, world!"))))).await
}
