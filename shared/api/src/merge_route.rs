//! The route by which several records become one.

use std::sync::Arc;

use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::Method;
use records::{MAX_MERGED, Merge, Merged, Object};
use serde_json::{Value, json};

use crate::of::{At, Of, Work, with_object};
use crate::respond::{etag, note_position, set};
use crate::{Operation, Result, Routes, Shape, Write, record_schema_name};

/// The route by which records of an object become part of another one.
#[must_use]
pub fn merge_route(of: Of) -> Routes {
    let name = of.noun();
    Routes::new().add(
        Operation::new(
            Method::POST,
            of.one("/merge"),
            format!("merge_{name}"),
            format!("Make other records part of a {name}"),
        )
        .takes(Shape::Schema(body_schema()))
        .answers(200, Shape::Schema(answer_schema(name))),
        post(move |path, write| merge(of, path, write)),
    )
}

fn body_schema() -> Value {
    let id = json!({ "type": "string", "pattern": "^[a-z0-9]{3}_[0-9a-f]{32}$" });
    let value = json!({
        "type": "object",
        "required": ["value"],
        "properties": { "value": {} },
        "additionalProperties": false,
    });
    json!({
        "title": "Merge",
        "type": "object",
        "required": ["others"],
        "properties": {
            "others": {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_MERGED,
                "items": id,
                "description": "The records that become part of this one, in the order in which their values count.",
            },
            "fields": {
                "type": "object",
                "description": "By path where a field's value comes from: the id of one of the records, or an object with a \
                                value. What is not named is this record's, or else that of the first other that has one; of \
                                lists, everything that any of them has.",
                "additionalProperties": { "anyOf": [id, value] },
                "examples": [{ "city": { "value": "Berlin" } }],
            },
        },
        "additionalProperties": false,
    })
}

fn answer_schema(name: &str) -> Value {
    json!({
        "title": format!("Merged{}", record_schema_name(name)),
        "type": "object",
        "required": ["record", "job"],
        "properties": {
            "record": { "$ref": format!("#/components/schemas/{}", record_schema_name(name)) },
            "job": {
                "type": ["string", "null"],
                "pattern": "^job_[0-9a-f]{32}$",
                "description": "The job that makes everything refer to this record, and that can be undone. Null in a dry run.",
            },
        },
    })
}

async fn merge(of: Of, Path(at): Path<At>, write: Write) -> Result<Response> {
    let (Write { cx, body, seen }, at) = (&write, &at);
    let work = |object: Arc<Object>| -> Work<'_, Merged> {
        Box::pin(async move {
            let id = at.id(&object)?;
            records::merge(cx, &object, id, &Merge::parse(body)?, *seen).await
        })
    };
    let Merged { written, others, job } = with_object(cx, of, at, work).await?;
    // A dry run has made no job that could be asked for.
    let job = (!cx.dry_run).then_some(job);
    let mut response = Json(json!({ "record": written.document, "job": job })).into_response();
    if !cx.dry_run {
        note_position(&mut response, std::iter::once((written.id, written.version)).chain(others));
        etag(&mut response, written.version);
    }
    if written.replayed {
        set(&mut response, "idempotency-replayed", "true");
    }
    Ok(response)
}
