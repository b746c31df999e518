//! The table's stream, as a Lambda event source mapping would read it.

use aws_lambda_events::event::dynamodb::EventRecord;
use serde_json::{Value, json};

use crate::engine::{Engine, EngineError};

/// The most records one read gives, as of DynamoDB Streams.
const MOST_RECORDS: usize = 1000;

/// The stream of one table: one shard, in the order in which the writes were done.
#[derive(Clone, Debug)]
pub struct Stream {
    engine: Engine,
    table: String,
}

impl Stream {
    pub(crate) fn new(engine: Engine, table: &str) -> Self {
        Self { engine, table: table.to_owned() }
    }

    /// The stream's name, as records carry it in `eventSourceARN`.
    #[must_use]
    pub fn arn(&self) -> String {
        dynoxide::streams::stream_arn(&self.table, "rapport")
    }

    /// At most `limit` records (and at most 1,000) after the sequence number `after`, oldest first; `None` reads from
    /// the oldest that is kept.
    /// A record that the TTL sweep caused carries DynamoDB's identity.
    ///
    /// # Errors
    /// When the table has no stream or `after` was never issued.
    pub fn read(&self, after: Option<&str>, limit: usize) -> Result<Vec<EventRecord>, EngineError> {
        let arn = self.arn();
        let mut request = json!({
            "StreamArn": arn,
            "ShardId": dynoxide::streams::shard_id(&self.table),
            "ShardIteratorType": if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" },
        });
        if let Some(after) = after {
            request["SequenceNumber"] = json!(after);
        }
        let iterator = self.ask("GetShardIterator", &request)?;
        let request = json!({ "ShardIterator": iterator["ShardIterator"], "Limit": limit.clamp(1, MOST_RECORDS) });
        let answer = self.ask("GetRecords", &request)?;
        let records = answer["Records"].as_array().map(Vec::as_slice).unwrap_or_default();
        records.iter().map(|record| event_record(record, &arn)).collect()
    }

    /// Every record after `after`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_all(&self, after: Option<&str>) -> Result<Vec<EventRecord>, EngineError> {
        let mut all = self.read(after, MOST_RECORDS)?;
        let mut read = all.len();
        while read == MOST_RECORDS {
            let last = all.last().and_then(|record| record.change.sequence_number.clone());
            let more = self.read(last.as_deref(), MOST_RECORDS)?;
            read = more.len();
            all.extend(more);
        }
        Ok(all)
    }

    fn ask(&self, operation: &'static str, request: &Value) -> Result<Value, EngineError> {
        let (status, body) = self.engine.dispatch(operation, &request.to_string());
        match serde_json::from_str(&body) {
            Ok(answer) if status == 200 => Ok(answer),
            _ => Err(EngineError::Refused { operation, status, body }),
        }
    }
}

fn event_record(record: &Value, arn: &str) -> Result<EventRecord, EngineError> {
    let mut record = record.clone();
    record["eventSourceARN"] = json!(arn);
    serde_json::from_value(record).map_err(|error| EngineError::Refused {
        operation: "GetRecords",
        status: 200,
        body: error.to_string(),
    })
}
