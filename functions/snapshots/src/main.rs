//! The binary of snapshots.

use api::App;
use aws_lambda_events::event::sqs::SqsEvent;

runtime::serve! {
    worker: {
        let snapshots = snapshots::Snapshots::default();
        async move |app: &App, batch: SqsEvent| Box::pin(snapshots.handle(app, batch)).await
    }
}
