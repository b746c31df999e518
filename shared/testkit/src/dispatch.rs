//! From an operation's name and JSON to the engine's typed calls, and back.
//!
//! The engine's own HTTP server does the same, but its router is private and only serves sockets. It also words some
//! refusals of malformed
//! values as AWS does to the letter; here those keep their type and status, and only the wording can differ.

use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::tokens::Tokens;

/// Answers operations on one database.
#[derive(Clone, Copy)]
pub(crate) struct Dispatch<'a> {
    database: &'a Database,
    tokens: &'a Tokens,
}

/// The start of the messages with which the engine's own types mark, inside of serde's errors, what DynamoDB would call
/// them.
const VALIDATION_MARKERS: [&str; 3] = ["VALIDATION_REQUEST:", "VALIDATION_AS_READ:", "VALIDATION:"];
const SERIALIZATION_MARKERS: [&str; 2] = ["SERIALIZATION_AS_READ:", "SERIALIZATION:"];

impl<'a> Dispatch<'a> {
    pub(crate) fn new(database: &'a Database, tokens: &'a Tokens) -> Self {
        Self { database, tokens }
    }

    /// The status and the JSON that answer `operation`.
    pub(crate) fn answer(self, operation: &str, body: &str) -> (u16, String) {
        match self.run(operation, body) {
            Ok(json) => (200, json),
            Err(error) => (error.status_code(), error.to_json()),
        }
    }

    fn run(self, operation: &str, body: &str) -> Result<String, DynoxideError> {
        let db = self.database;
        match operation {
            "GetItem" => call(body, |r| db.get_item(r)),
            "Query" => call(body, |r| db.query(r)),
            "BatchGetItem" => call(body, |r| db.batch_get_item(r)),
            "TransactGetItems" => call(body, |r| db.transact_get_items(r)),
            "PutItem" => call(body, |r| db.put_item(r)),
            "UpdateItem" => call(body, |r| db.update_item(r)),
            "DeleteItem" => call(body, |r| db.delete_item(r)),
            "BatchWriteItem" => call(body, |r| db.batch_write_item(r)),
            "TransactWriteItems" => {
                let mut request: TransactWriteItemsRequest = parse(body)?;
                let token = request.client_request_token.take_if(|token| Tokens::is_one(token));
                let run = || written(&db.transact_write_items(request)?);
                match token {
                    Some(token) => self.tokens.once(token, body, run),
                    None => run(),
                }
            }
            "Scan" => call(body, |r| db.scan(r)),
            "CreateTable" => call(body, |r| db.create_table(r)),
            "DeleteTable" => call(body, |r| db.delete_table(r)),
            "DescribeTable" => call(body, |r| db.describe_table(r)),
            "UpdateTable" => call(body, |r| db.update_table(r)),
            "ListTables" => call(body, |r| db.list_tables(r)),
            "UpdateTimeToLive" => call(body, |r| db.update_time_to_live(r)),
            "DescribeTimeToLive" => call(body, |r| db.describe_time_to_live(r)),
            "TagResource" => call(body, |r| db.tag_resource(r)),
            "UntagResource" => call(body, |r| db.untag_resource(r)),
            "ListTagsOfResource" => call(body, |r| db.list_tags_of_resource(r)),
            "ListStreams" => call(body, |r| db.list_streams(r)),
            "DescribeStream" => call(body, |r| db.describe_stream(r)),
            "GetShardIterator" => call(body, |r| db.get_shard_iterator(r)),
            "GetRecords" => call(body, |r| db.get_records(r)),
            _ => Err(DynoxideError::UnsupportedCapability(operation.to_owned())),
        }
    }
}

fn call<Q: DeserializeOwned, A: Serialize>(
    body: &str,
    operation: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, DynoxideError> {
    written(&operation(parse(body)?)?)
}

fn parse<Q: DeserializeOwned>(body: &str) -> Result<Q, DynoxideError> {
    serde_json::from_str(body).map_err(|error| refusal(&error.to_string()))
}

fn written(answer: &impl Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// What DynamoDB calls a request that could not be read.
fn refusal(message: &str) -> DynoxideError {
    for marker in VALIDATION_MARKERS {
        if let Some(text) = message.strip_prefix(marker) {
            return DynoxideError::ValidationException(without_position(text).to_owned());
        }
    }
    for marker in SERIALIZATION_MARKERS {
        if let Some(text) = message.strip_prefix(marker) {
            return DynoxideError::SerializationException(without_position(text).to_owned());
        }
    }
    let text = without_position(message).to_owned();
    let validation = ["missing field", "unknown variant", "invalid type: null", "AttributeValue"];
    if validation.iter().any(|part| text.contains(part)) {
        DynoxideError::ValidationException(text)
    } else {
        DynoxideError::SerializationException(text)
    }
}

/// Without the " at line N column N" that serde appends.
fn without_position(message: &str) -> &str {
    message.rfind(" at line ").map_or(message, |at| &message[..at])
}
