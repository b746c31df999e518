//! The ways in which Lambda calls a capability.

use api::App;
use aws_lambda_events::event::cloudwatch_events::CloudWatchEvent;
use aws_lambda_events::event::dynamodb;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use axum::Router;
use lambda_runtime::{LambdaEvent, service_fn};

use crate::Failure;

/// Requests through the API gateway.
///
/// # Errors
/// When the Runtime API is gone.
pub async fn http(app: App, router: fn(App) -> Router) -> Result<(), Failure> {
    lambda_http::run(router(app)).await
}

/// Batches of the table's stream.
///
/// # Errors
/// When the Runtime API is gone.
pub async fn stream<H>(app: App, handle: H) -> Result<(), Failure>
where
    H: AsyncFn(&App, dynamodb::Event) -> DynamoDbEventResponse,
{
    let (app, handle) = (&app, &handle);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<dynamodb::Event>| {
        Ok::<_, Failure>(handle(app, event.payload).await)
    }))
    .await
}

/// Batches of a queue.
///
/// # Errors
/// When the Runtime API is gone.
pub async fn worker<H>(app: App, handle: H) -> Result<(), Failure>
where
    H: AsyncFn(&App, SqsEvent) -> SqsBatchResponse,
{
    let (app, handle) = (&app, &handle);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Failure>(handle(app, event.payload).await)
    }))
    .await
}

/// Rules of a schedule, once a minute or once a day. A failure is told to Lambda, which tries again twice.
///
/// # Errors
/// When the Runtime API is gone.
pub async fn schedule<H>(app: App, handle: H) -> Result<(), Failure>
where
    H: AsyncFn(&App, CloudWatchEvent) -> kernel::Result<()>,
{
    let (app, handle) = (&app, &handle);
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<CloudWatchEvent>| {
        handle(app, event.payload).await.map_err(Failure::from)
    }))
    .await
}
