//! The binary of jobs.

use api::App;
use aws_lambda_events::event::sqs::SqsEvent;

runtime::serve! {
    http: jobs::router,
    worker: {
        let worker = jobs::Worker::default();
        async move |app: &App, batch: SqsEvent| Box::pin(worker.handle(app, batch)).await
    }
}
