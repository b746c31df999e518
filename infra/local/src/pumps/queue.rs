//! One worker of a queue.

use anyhow::Result;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};

use crate::aws::queues::{Message, Queues};
use crate::aws::sqs::{REGION, arn, system_attributes};
use crate::invoke::Installed;
use crate::template::QueueSource;

/// A worker.
#[derive(Debug)]
pub(super) struct QueuePump {
    source: QueueSource,
    queues: Queues,
    functions: Installed,
}

impl QueuePump {
    pub(super) fn new(source: QueueSource, queues: Queues, functions: Installed) -> Self {
        Self { source, queues, functions }
    }

    /// Invokes the function once, if there are messages. Answers whether there were. A message that failed stays hidden
    /// until its visibility time-out is over, as on AWS, and goes to the dead letters after too many times.
    pub(super) async fn step(&mut self) -> Result<bool> {
        let queue = &self.source.queue;
        let messages = self.queues.receive(queue, self.source.batch, None)?;
        if messages.is_empty() {
            return Ok(false);
        }
        let mut event = SqsEvent::default();
        event.records = messages.iter().map(|message| record(queue, message)).collect();
        let answer = match self.functions.worker(&self.source.function, event).await {
            Ok(answer) => answer,
            Err(failure) => {
                tracing::error!(function = self.source.function, messages = messages.len(), error = %failure, "a worker failed");
                return Ok(true);
            }
        };
        for message in messages.iter().filter(|message| !self.failed(&answer, message)) {
            self.queues.delete(queue, &message.receipt)?;
        }
        Ok(true)
    }

    fn failed(&self, answer: &SqsBatchResponse, message: &Message) -> bool {
        let failed = self.source.partial_failures
            && answer.batch_item_failures.iter().any(|failure| failure.item_identifier == message.id);
        if failed {
            tracing::warn!(
                function = self.source.function,
                message = message.id,
                receives = message.receives,
                "a message failed"
            );
        }
        failed
    }
}

fn record(queue: &str, message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.id.clone());
    record.receipt_handle = Some(message.receipt.clone());
    record.md5_of_body = Some(format!("{:x}", md5::compute(&message.body)));
    record.body = Some(message.body.clone());
    let attributes = system_attributes(message).into_iter();
    record.attributes = attributes.filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    record.event_source = Some("aws:sqs".to_owned());
    record.event_source_arn = Some(arn(queue));
    record.aws_region = Some(REGION.to_owned());
    record
}
