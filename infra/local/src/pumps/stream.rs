//! One consumer of the table's stream: in order, at least once, never past a failure that may still pass.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use serde_json::{Value, json};

use super::Pace;
use crate::aws::Aws;
use crate::aws::sqs::arn;
use crate::filter::Filter;
use crate::invoke::Installed;
use crate::state::State;
use crate::template::StreamSource;

/// The first wait after a failure; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often a batch is tried at once before whoever is in a hurry is told that it is stuck. More than any mapping that
/// gives records up would try.
const HURRIED_TRIES: u32 = 1_000;

/// Records that the function was not through with yet.
#[derive(Debug)]
struct Batch {
    /// Those that match the filters; never empty.
    records: Vec<EventRecord>,
    /// The last sequence number that is done with once these are.
    end: String,
    /// How often it failed as a whole.
    failures: u32,
}

/// A consumer.
#[derive(Debug)]
pub(super) struct StreamPump {
    source: StreamSource,
    aws: Aws,
    state: Arc<State>,
    table: String,
    functions: Installed,
    batches: VecDeque<Batch>,
    not_before: Option<Instant>,
}

/// What came of an invocation.
enum Outcome {
    Done,
    /// The function failed from this record on; it is done with those before.
    From(usize),
    Failed(String),
}

impl StreamPump {
    pub(super) fn new(source: StreamSource, aws: Aws, state: Arc<State>, table: &str, functions: Installed) -> Self {
        let table = table.to_owned();
        Self { source, aws, state, table, functions, batches: VecDeque::new(), not_before: None }
    }

    /// The sequence number up to which everything is done, if anything is.
    pub(super) fn done(&self) -> Option<String> {
        self.state.checkpoint(&self.source.id).ok().flatten()
    }

    /// Invokes the function once, if there is something for it. Answers whether anything moved.
    pub(super) async fn step(&mut self, pace: Pace) -> Result<bool> {
        if self.batches.is_empty() && !self.fetch().await? {
            return Ok(false);
        }
        let waiting = self.not_before.is_some_and(|when| Instant::now() < when);
        if waiting && pace == Pace::Patient {
            return Ok(false);
        }
        if pace == Pace::Hurried && self.batches.front().is_some_and(|batch| batch.failures >= HURRIED_TRIES) {
            anyhow::bail!("{}: the function keeps failing at a record that is never given up", self.source.id);
        }
        // Reading further may have found nothing that matches; that is progress too.
        let Some(batch) = self.batches.pop_front() else { return Ok(true) };
        let outcome = self.invoke(&batch).await;
        self.settle(batch, outcome)?;
        Ok(true)
    }

    /// Reads the next records. Answers whether there were any.
    async fn fetch(&mut self) -> Result<bool> {
        let stream = self.aws.engine().stream(&self.table);
        let checkpoint = self.state.checkpoint(&self.source.id)?;
        let most = self.source.batch;
        let records = tokio::task::spawn_blocking(move || stream.read(checkpoint.as_deref(), most)).await??;
        let Some(last) = records.last() else { return Ok(false) };
        let end = sequence(last)?.to_owned();
        let wanted: Vec<_> = records.into_iter().filter(|record| wanted(&self.source.filters, record)).collect();
        if wanted.is_empty() {
            self.state.set_checkpoint(&self.source.id, &end)?;
        } else {
            self.batches.push_back(Batch { records: wanted, end, failures: 0 });
        }
        Ok(true)
    }

    async fn invoke(&self, batch: &Batch) -> Outcome {
        let mut event = Event::default();
        event.records.clone_from(&batch.records);
        let answer = match self.functions.stream(&self.source.function, event).await {
            Ok(answer) => answer,
            Err(failure) => return Outcome::Failed(failure.to_string()),
        };
        if !self.source.partial_failures || answer.batch_item_failures.is_empty() {
            return Outcome::Done;
        }
        // The earliest one named counts: order is kept, so all after it come again. One that is not known fails the batch.
        let mut first = batch.records.len();
        for failure in &answer.batch_item_failures {
            let named = failure.item_identifier.as_deref().unwrap_or_default();
            match batch.records.iter().position(|record| record.change.sequence_number.as_deref() == Some(named)) {
                Some(at) => first = first.min(at),
                None => {
                    return Outcome::Failed(format!("the function named a record that it was not given: {named:?}"));
                }
            }
        }
        Outcome::From(first)
    }

    fn settle(&mut self, mut batch: Batch, outcome: Outcome) -> Result<()> {
        match outcome {
            Outcome::Done => {
                self.not_before = None;
                self.state.set_checkpoint(&self.source.id, &batch.end)
            }
            Outcome::From(first) if first > 0 => {
                let rest = batch.records.split_off(first);
                let done = batch.records.last().context("a part that is not empty")?;
                self.state.set_checkpoint(&self.source.id, sequence(done)?)?;
                self.not_before = None;
                self.fail(Batch { records: rest, end: batch.end, failures: 0 }, "the function named a record")
            }
            Outcome::From(_) => self.fail(batch, "the function named a record"),
            Outcome::Failed(why) => self.fail(batch, &why),
        }
    }

    /// A batch whose first record may be at fault: it is halved, tried again, or given up.
    fn fail(&mut self, mut batch: Batch, why: &str) -> Result<()> {
        tracing::warn!(
            source = self.source.id,
            records = batch.records.len(),
            failures = batch.failures + 1,
            why,
            "a batch failed"
        );
        if self.source.bisect && batch.records.len() > 1 {
            let rest = batch.records.split_off(batch.records.len() / 2);
            let end = sequence(batch.records.last().context("a half that is not empty")?)?.to_owned();
            self.batches.push_front(Batch { records: rest, end: batch.end, failures: batch.failures });
            self.batches.push_front(Batch { records: batch.records, end, failures: batch.failures });
            return Ok(());
        }
        batch.failures += 1;
        if self.source.retries.is_some_and(|most| batch.failures > most) {
            self.give_up(&batch, why)?;
            self.not_before = None;
            return self.state.set_checkpoint(&self.source.id, &batch.end);
        }
        let wait = FIRST_WAIT.saturating_mul(1 << (batch.failures - 1).min(16)).min(LONGEST_WAIT);
        self.not_before = Some(Instant::now() + wait);
        self.batches.push_front(batch);
        Ok(())
    }

    /// Tells the failure queue which records they were, without what was in them.
    fn give_up(&self, batch: &Batch, why: &str) -> Result<()> {
        tracing::error!(source = self.source.id, records = batch.records.len(), why, "records were given up");
        let Some(queue) = &self.source.failures else { return Ok(()) };
        let (Some(first), Some(last)) = (batch.records.first(), batch.records.last()) else { return Ok(()) };
        let arrival = |record: &EventRecord| record.change.approximate_creation_date_time.to_rfc3339();
        let body = json!({
            "requestContext": {
                "requestId": uuid::Uuid::new_v4().to_string(),
                "functionArn": format!("arn:aws:lambda:local:000000000000:function:{}", self.source.function),
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": batch.failures,
            },
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "version": "1.0",
            "timestamp": jiff::Timestamp::now().to_string(),
            "DDBStreamBatchInfo": {
                "shardId": format!("shardId-00000001-{}", self.table),
                "startSequenceNumber": sequence(first)?,
                "endSequenceNumber": sequence(last)?,
                "approximateArrivalOfFirstRecord": arrival(first),
                "approximateArrivalOfLastRecord": arrival(last),
                "batchSize": batch.records.len(),
                "streamArn": self.aws.engine().stream(&self.table).arn(),
            },
        });
        let id = self.aws.queues().send(queue, &body.to_string(), &Value::Null, None)?;
        tracing::error!(queue = arn(queue), message = id, "the failure queue was told");
        Ok(())
    }
}

fn sequence(record: &EventRecord) -> Result<&str> {
    record.change.sequence_number.as_deref().context("a stream record has a sequence number")
}

fn wanted(filters: &[Filter], record: &EventRecord) -> bool {
    if filters.is_empty() {
        return true;
    }
    serde_json::to_value(record).is_ok_and(|mut event| {
        // An image that there is not is absent from the event, not empty.
        if let Some(change) = event["dynamodb"].as_object_mut() {
            change.retain(|_, value| value.as_object().is_none_or(|object| !object.is_empty()));
        }
        filters.iter().any(|filter| filter.matches(&event))
    })
}
