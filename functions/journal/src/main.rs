//! The binary of journal.

use api::App;
use aws_lambda_events::event::dynamodb::Event;

runtime::serve! {
    stream: {
        let journal = journal::Journal::default();
        async move |app: &App, batch: Event| Box::pin(journal.handle(app, batch)).await
    }
}
