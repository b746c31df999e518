//! Changing, archiving or restoring many records of an object.

mod input;

use std::sync::Arc;

use api::{At, Of, Operation, Result, Routes, Seen, Shape, Write, with_object, written};
use auth::Capability;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::post;
use events::Document;
use http::Method;
use kernel::{Error, Position, Violations};
use records::{Cx, Job, JobKind, Object, Written};
use replica::{Filter, Replicas};
use serde_json::{Value, json};
use table::Changes;

pub(crate) use self::input::{Input, Which};
use crate::chunk;
use crate::place::Place;
use crate::select::Selection;
use crate::start::start;

/// The most records that one job works on.
pub(crate) const MAX_RECORDS: u64 = records::limits::JOB_RECORDS;
/// The most records that a request can name by their ids: what its body has room for.
pub(crate) const MAX_IDS: usize = records::limits::BULK_IDS;

/// The route of one object.
pub(crate) fn routes(of: Of, replicas: &Arc<Replicas>) -> Routes {
    let nouns = of.nouns();
    let replicas = Arc::clone(replicas);
    Routes::new().add(
        Operation::new(
            Method::POST,
            of.all("/bulk"),
            format!("bulk_edit_{nouns}"),
            format!("Change, archive or restore many {nouns} as a job"),
        )
        .unconditional()
        .takes(Shape::Schema(body(of)))
        .answers(202, Shape::Record("job")),
        post(move |path, seen, write| bulk_edit(of, Arc::clone(&replicas), path, seen, write)),
    )
}

/// What is asked with, as a JSON schema.
fn body(of: Of) -> Value {
    let tags =
        json!({ "type": "array", "minItems": 1, "maxItems": 50, "items": { "type": "string", "maxLength": 100 } });
    let change = match of {
        Of::BuiltIn(name, _) => {
            json!({ "$ref": format!("#/components/schemas/{}Patch", api::record_schema_name(name)) })
        }
        Of::Custom => json!({ "type": "object" }),
    };
    let id = json!({ "type": "string", "pattern": "^[a-z0-9]{3}_[0-9a-f]{32}$" });
    json!({
        "type": "object",
        "description": "Which records, by ids or by a filter, a view or words, and what is done to each of them.",
        "examples": [{ "q": "berlin", "add_tags": ["fair_2026"] }],
        "properties": {
            "ids": { "type": "array", "minItems": 1, "maxItems": MAX_IDS, "items": id },
            "filter": { "anyOf": [Filter::schema()], "description": "Which records, as a search takes it. An empty one is every record." },
            "view": { "type": "string", "pattern": "^viw_[0-9a-f]{32}$", "description": "The records of a saved view." },
            "q": { "type": "string", "maxLength": 200, "description": "Words that begin words of the searched fields." },
            "change": change,
            "add_tags": tags,
            "remove_tags": tags,
            "archive": { "const": true },
            "restore": { "const": true },
        },
        "additionalProperties": false,
    })
}

async fn bulk_edit(
    of: Of,
    replicas: Arc<Replicas>,
    Path(at): Path<At>,
    Seen(position): Seen,
    write: Write,
) -> Result<Response> {
    let (cx, body) = &write.unconditional()?;
    let (position, replicas) = (&position, &replicas);
    let work = |object: Arc<Object>| -> api::Work<'_, Written> {
        Box::pin(async move { begin(cx, replicas, &object, body, position).await })
    };
    Ok(written("jobs", with_object(cx, of, &at, work).await?, cx.dry_run))
}

/// Violations of a part of a body as those of the whole.
fn placed(at: &str, error: Error) -> Error {
    let Error::Invalid(found) = error else { return error };
    let mut placed = Violations::new();
    for violation in found.iter() {
        placed.add([at, &violation.pointer].concat(), violation.code, violation.detail.clone());
    }
    Error::Invalid(placed)
}

/// Starts the job. Two round trips where the records are named, and what a count costs where they are to be found.
async fn begin(
    cx: &Cx,
    replicas: &Replicas,
    object: &Object,
    body: &Document,
    position: &Position,
) -> Result<Written, Error> {
    cx.require(Capability::BulkEdit)?;
    let (mut input, which) = Input::parse(&cx.rights.as_written(object), body)?;
    cx.rights.require_any(object, input.action())?;
    if let Some(change) = &input.change {
        records::check_mentioned(cx, object, change).await.map_err(|error| placed("/change", error))?;
    }
    let mut job = Job::new(cx, JobKind::BulkEdit, Some(&object.name), None, Document::new());
    let (mut place, mut changes) = (Place::default(), Changes::new());
    match which {
        Which::Ids(ids) => {
            for (number, ids) in (0..).zip(ids.chunks(chunk::SIZE)) {
                chunk::add(cx, &mut changes, job.common.id, number, ids);
                place.chunks = number + 1;
            }
            job.counts.total = Some(ids.len() as u64);
        }
        Which::Found => {
            let selection = Selection::of_request(cx, object, &input).await?;
            let total = selection.count(cx, replicas, object, &input, position).await?;
            selection.keep(cx, object, &mut input).await?;
            if total > MAX_RECORDS {
                let detail = format!("names {total} records and a job may have {MAX_RECORDS}");
                return Err(Error::invalid("/filter", "too_many", detail));
            }
            job.counts.total = Some(total);
            place.selecting = true;
            place.position = Some(position.to_string()).filter(|text| !text.is_empty());
        }
    }
    job.input = input.document()?;
    place.note(&mut job)?;
    start(cx, job, changes).await
}
