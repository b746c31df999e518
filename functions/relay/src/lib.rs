//! Relay: domain events from the table's stream to the queues of those that react.
//!
//! | event in | goes to | because |
//! |---|---|---|
//! | `*.erased` | the snapshot worker | older snapshots still hold what was erased |
//! | `job.created` | the worker of jobs | there is something to do |
//! | `invitation.created`, `invitation.sent_again` | the worker of mail | who is asked in is told |
//! | `schema.field_*` | the worker of jobs | a field that has become unique has values to guard |
//!
//! Owns no data. At least once: whoever reacts is idempotent by the event's id. Never reads the table, never changes it.

use std::time::Duration;

use api::App;
use aws_lambda_events::event::dynamodb::{Event as StreamBatch, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use events::{Event, JobRequest, MailRequest, SnapshotReason, SnapshotRequest};
use kernel::{Error, Result};

/// Sends the events of a batch on. The first one that cannot be sent now is where the stream starts again.
pub async fn handle(app: &App, batch: StreamBatch) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    for record in batch.records {
        let sequence_number = record.change.sequence_number.clone();
        match relay(app, record).await {
            Ok(()) => {}
            Err(error) if error.is_retryable() => {
                tracing::warn!(error.code = error.code(), error.cause = ?error, "an event could not be sent on");
                let mut failure = DynamoDbBatchItemFailure::default();
                failure.item_identifier = sequence_number;
                response.batch_item_failures.push(failure);
                break;
            }
            // It will never be readable: keeping it would hold up every event behind it.
            Err(error) => tracing::error!(error.code = error.code(), error.cause = ?error, "an event was given up"),
        }
    }
    response
}

async fn relay(app: &App, record: EventRecord) -> Result<()> {
    let Some(event) = parse(record)? else { return Ok(()) };
    let workspace = event.workspace;
    match (event.name.as_str(), event.record.of()) {
        ("invitation.created" | "invitation.sent_again", _) => match event.record.of() {
            Some(invitation) => {
                let request = MailRequest::Invitation { workspace, invitation, event: event.id, by: event.by.user };
                app.queues.ask_mail(&request).await
            }
            None => Err(Error::malformed("bad_event", "the record is no invitation")),
        },
        ("job.created", Some(job)) => {
            let request = JobRequest::GoOn { workspace, job, version: event.version };
            app.queues.ask_job(&request, Duration::ZERO).await
        }
        (name, _) if name.starts_with("schema.field_") => {
            app.queues.ask_job(&JobRequest::SettleSchema { workspace, by: event.by }, Duration::ZERO).await
        }
        (name, _) if name.ends_with(".erased") => {
            let request = SnapshotRequest { workspace, reason: SnapshotReason::Erased, record: Some(event.record) };
            app.queues.ask_snapshot(&request).await
        }
        _ => Ok(()),
    }
}

/// The event in a stream record; `None` when it is about something else, or about an event that was emptied.
fn parse(record: EventRecord) -> Result<Option<Event>> {
    let image = record.change.new_image;
    let is_event =
        image.get("item").is_some_and(|sort| matches!(sort, serde_dynamo::AttributeValue::S(sort) if sort == "event"));
    if record.event_name != "INSERT" || !is_event {
        return Ok(None);
    }
    serde_dynamo::from_item(image).map(Some).map_err(|_| Error::malformed("bad_event", "the image is not an event"))
}
