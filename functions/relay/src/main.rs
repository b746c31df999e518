//! The binary of relay.

use api::App;
use aws_lambda_events::event::dynamodb::Event;

runtime::serve! {
    stream: {
        let relay = relay::Relay::default();
        async move |app: &App, batch: Event| Box::pin(relay.handle(app, batch)).await
    }
}
