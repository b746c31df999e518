//! The route of batches: several writes in one request.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::Method;
use kernel::{AnyId, Error, Version};
use records::{Answered, Batch, Cx, Failed, MAX_OPERATIONS};
use serde_json::{Map, Value, json};

use crate::denied::InPart;
use crate::of::{At, Of};
use crate::respond::{note_position, set};
use crate::{Operation, Problem, Result, Room, Routes, Shape, Write};

/// The route by which several records of an object are written.
#[must_use]
pub fn batch_route(of: Of) -> Routes {
    Routes::new().add(
        Operation::new(
            Method::POST,
            of.all("/batch"),
            format!("batch_{}", of.nouns()),
            format!("Write up to {MAX_OPERATIONS} records, each on its own or all or none"),
        )
        .unconditional()
        .takes(Shape::Schema(body_schema()))
        .answers(200, Shape::Schema(answer_schema())),
        post(move |path, write| batch(of, path, write)),
    )
}

fn body_schema() -> Value {
    json!({
        "title": "Batch",
        "type": "object",
        "required": ["operations"],
        "properties": {
            "operations": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_OPERATIONS,
                "items": operation_schema(),
            },
            "atomic": {
                "type": "boolean",
                "default": false,
                "description": "All of them or none, in one transaction, which has room for 100 items: a record, its event, and \
                                one for each unique value that changes.",
            },
        },
        "additionalProperties": false,
    })
}

fn operation_schema() -> Value {
    json!({
        "title": "BatchOperation",
        "type": "object",
        "required": ["op"],
        "properties": {
            "op": { "enum": ["create", "update", "upsert", "archive", "restore", "read"] },
            "object": {
                "type": "string",
                "description": "The object in the singular, where it is another one than the path's.",
                "examples": ["company"],
            },
            "id": {
                "type": "string",
                "description": "Which record: its id, or @ and the ref of an earlier operation. Not for create and upsert.",
                "examples": ["@acme"],
            },
            "by": {
                "type": "object",
                "description": "For upsert: a unique field and its value.",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": { "type": ["string", "number"] },
                "examples": [{ "email": "ada@example.com" }],
            },
            "if_match": { "type": "integer", "minimum": 0, "description": "The version that was seen." },
            "data": {
                "type": "object",
                "description": "The fields. Where one holds an id it can be @ and the ref of an earlier operation.",
                "examples": [{ "first_name": "Ada", "last_name": "Lovelace" }],
            },
            "ref": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]{1,40}$",
                "description": "What later operations name this one's record by.",
                "examples": ["acme"],
            },
        },
        "additionalProperties": false,
        "examples": [{ "op": "create", "data": { "first_name": "Ada", "last_name": "Lovelace" }, "ref": "ada" }],
    })
}

fn answer_schema() -> Value {
    json!({
        "title": "BatchAnswer",
        "type": "object",
        "required": ["results"],
        "properties": {
            "results": {
                "type": "array",
                "description": "What has come of each operation, in their order.",
                "items": {
                    "type": "object",
                    "required": ["status"],
                    "properties": {
                        "status": { "type": "integer", "description": "As if it was asked for by itself.", "examples": [201] },
                        "ref": { "type": "string" },
                        "record": {
                            "type": ["object", "null"],
                            "description": "The record, if it went well; null where it was written and the answer has no \
                                            room for it.",
                        },
                        "problem": { "$ref": "#/components/schemas/Problem" },
                    },
                },
            },
        },
    })
}

async fn batch(of: Of, Path(at): Path<At>, write: Write) -> Result<Response> {
    let (cx, body) = write.unconditional()?;
    let object = of.object(&cx, &at).await?;
    let batch = Batch::parse(&body, &cx.ids).map_err(Error::from)?;
    let answered = records::batch(&cx, &object, &batch).await.map_err(whole)?;
    let is_denied = answered.iter().any(|answered| matches!(answered.outcome, Err(Error::Denied { .. })));
    let (seen, replayed) = (seen(&answered), answered.iter().any(is_replayed));
    let mut room = Room::new();
    let results = answered.into_iter().enumerate();
    let results: Vec<Value> =
        results.map(|(index, answered)| result(&cx, answered, batch.reads(index), &mut room)).collect();
    let mut response = Json(json!({ "results": results })).into_response();
    if !cx.dry_run {
        note_position(&mut response, seen);
    }
    if is_denied {
        response.extensions_mut().insert(InPart);
    }
    if replayed {
        set(&mut response, "idempotency-replayed", "true");
    }
    Ok(response)
}

fn is_replayed(answered: &Answered) -> bool {
    answered.outcome.as_ref().is_ok_and(|written| written.replayed)
}

/// Why nothing of a batch was carried out.
fn whole(failed: Failed) -> Problem {
    // Whoever follows a redirection would send the whole batch there.
    let error = match failed.error {
        Error::Merged { into, .. } => {
            Error::WrongState { code: "merged", detail: format!("this record was merged into {into}") }
        }
        error => error,
    };
    let problem = Problem::from(error);
    match failed.operation {
        Some(index) => problem.with("operation", json!(index)),
        None => problem,
    }
}

/// What an operation is answered with. Where the answer has no room for that it is said shorter: what was done is done, so it
/// must not fail by what it would say.
fn result(cx: &Cx, answered: Answered, reads: bool, room: &mut Room) -> Value {
    let mut result = Map::new();
    if let Some(name) = answered.name {
        result.insert("ref".to_owned(), name.into());
    }
    let problem = match answered.outcome {
        Ok(written) => {
            let record = written.document.map_or(Value::Null, Value::Object);
            let fits = room.take([&record]);
            if fits || !reads {
                result.insert("status".to_owned(), json!(written.status));
                result.insert("record".to_owned(), if fits { record } else { Value::Null });
                return Value::Object(result);
            }
            Problem::no_room()
        }
        Err(error) => Problem::from(error),
    };
    problem.log();
    result.insert("status".to_owned(), json!(problem.status.as_u16()));
    let whole = problem.shown(&cx.request_id);
    let shown = if room.take([&whole]) { whole } else { problem.shortened().shown(&cx.request_id) };
    result.insert("problem".to_owned(), shown);
    Value::Object(result)
}

/// The newest version that was written of each record.
fn seen(answered: &[Answered]) -> BTreeMap<AnyId, Version> {
    let mut seen = BTreeMap::new();
    for written in answered.iter().filter_map(|answered| answered.outcome.as_ref().ok()) {
        let version: &mut Version = seen.entry(written.id).or_default();
        *version = written.version.max(*version);
    }
    seen
}
