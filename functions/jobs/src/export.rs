//! Records as files: those of a view or of a question, or everything, written by a worker in parts.
//!
//! Which records: exactly those that the caller sees, asked of the replica page by page. What a worker keeps in mind is a page and
//! a part. Where it is moves with a version check once a part lies in the bucket, so who is killed goes on with the part after it.

mod columns;
mod input;
mod step;

use std::sync::Arc;

use api::{Only, Operation, Result, Routes, Seen, Shape, Tag, Write, written};
use auth::Action;
use axum::response::Response;
use axum::routing::post;
use events::Document;
use http::Method;
use kernel::{Error, Position, Timestamp, Violations};
use records::{Cx, Job, JobKind, Object, Schema, Written, depends_on_schema};
use replica::paths::references;
use replica::{Asked, Filter, Query, Replicas};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use table::Changes;

use self::input::{BUILT_IN, Input};
pub(crate) use self::step::step;
use crate::files::InParts;
use crate::place::Place;
use crate::start::start;
use crate::turn;

const TAG: Tag = Tag { name: "exports", help: "Records as files, for spreadsheets and other systems." };

const EXPLANATION: &str = "\
Writes records into files as a job: one file for each object, with exactly the records and fields that the caller sees. Without \
`object`, `objects` and `view` it is everything: users, teams, companies, contacts, and the company's own objects. What was written \
before it was asked for is in the files. When the job is done, `GET /v1/jobs/{id}/files` answers where they are.

`csv` is UTF-8 with a byte-order mark and commas; a cell that a spreadsheet would run begins with an apostrophe. Columns are called \
by the paths of fields. Beside a reference stands what people and other systems call the record that it leads to. An import into the \
same workspace takes the file as it is. `jsonl` has a record in each line, as it is answered.

Of the exports of one user up to five wait or are at work at a time; then another one is a 429. One that has not moved for an hour \
does not count.

Without `sort` records are in the order in which they were made, and each is there once, whatever happens meanwhile. With `sort` a \
record whose place changes while the file is written may be missing or there twice.";

/// How far the worker of an export is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Exporting {
    /// How many objects are done.
    done: usize,
    /// The file that is being written, if a part of it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Begun>,
}

/// A file that is being written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Begun {
    /// Its columns, as they were when it was begun.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    columns: Vec<String>,
    /// Where the last part ended, in the words of the replica.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    /// How many records are in it.
    rows: u64,
    /// What is there of it.
    #[serde(flatten)]
    stored: InParts,
}

/// The route.
pub(crate) fn routes(replicas: &Arc<Replicas>) -> Routes {
    let replicas = Arc::clone(replicas);
    Routes::new()
        .add(
            Operation::new(Method::POST, "/v1/exports", "create_export", "Write records into files as a job")
                .unconditional()
                .positioned()
                .explained(EXPLANATION)
                .takes(Shape::Schema(body()))
                .answers(202, Shape::Record("job")),
            post(move |seen, write| create_export(Arc::clone(&replicas), seen, write)),
        )
        .tagged(TAG)
}

/// What is asked with, as a JSON schema.
fn body() -> Value {
    let names = |help: &str| json!({ "type": "array", "minItems": 1, "maxItems": 200, "items": { "type": "string" }, "description": help });
    json!({
        "type": "object",
        "required": ["format"],
        "examples": [{ "object": "contact", "format": "csv", "q": "berlin" }],
        "properties": {
            "object": { "type": "string", "description": "The object in the singular.", "examples": ["contact"] },
            "objects": names("Several objects. Nothing else can be said of their records then, but archived."),
            "format": { "enum": ["csv", "jsonl"] },
            "view": { "type": "string", "pattern": "^viw_[0-9a-f]{32}$", "description": "The records of a saved view." },
            "filter": { "anyOf": [Filter::schema()], "description": "Which records, as a search takes it." },
            "q": { "type": "string", "maxLength": 200, "description": "Words that begin words of the searched fields." },
            "sort": { "type": "array", "maxItems": 4, "items": { "type": ["string", "object"] }, "description": "In which order, as a search takes it." },
            "fields": names("The only fields that are wanted, by their paths."),
            "archived": { "enum": ["exclude", "include", "only"], "description": "What about the trash." },
        },
        "additionalProperties": false,
    })
}

async fn create_export(replicas: Arc<Replicas>, Seen(position): Seen, write: Write) -> Result<Response> {
    let (cx, body) = write.unconditional()?;
    let schema = cx.schema().await?;
    let mut outcome = begin(&cx, &replicas, &schema, &body, &position).await;
    if outcome.as_ref().is_err_and(depends_on_schema)
        && let Some(newer) = cx.schemas.refreshed(&cx.table, &cx.clock, &schema).await?
    {
        outcome = begin(&cx, &replicas, &newer, &body, &position).await;
    }
    Ok(written("jobs", outcome?, cx.dry_run))
}

/// Starts the job. What a count costs, and a transaction.
async fn begin(
    cx: &Cx,
    replicas: &Replicas,
    schema: &Schema,
    body: &Document,
    position: &Position,
) -> Result<Written, Error> {
    let mut input = Input::parse(body)?;
    let view = match input.view {
        Some(id) => Some(replica::read_view(cx, id).await?),
        None => None,
    };
    if let Some(of) = view.as_ref().and_then(|view| view.get("of")?.as_str()).filter(|_| input.objects.is_empty()) {
        input.objects = vec![of.to_owned()];
    }
    let objects = objects(schema, &mut input)?;
    let own = input.own()?;
    let view = match (&view, objects.as_slice()) {
        (Some(view), [object]) => Asked::of_view(view, object)?,
        _ => Asked::default(),
    };
    if own.q.is_some() && view.q.is_some() {
        return Err(Error::invalid("/q", "given_twice", "cannot be given where the view looks for words itself"));
    }
    let asked = own.clone().within(view.clone());
    if let Err(error) = turn::check(cx, replicas, JobKind::Export, position).await {
        return turn::or_kept(cx, error).await;
    }
    let mut total = 0;
    for object in &objects {
        cx.rights.require_any(object, Action::Export)?;
        check_fields(cx, schema, object, &input)?;
        let query = Query { count: true, limit: 1, ..input::query(cx, schema, object, &asked) };
        let replica = replicas.open(&cx.table, &cx.clock).await?;
        let answer = replica.answer(&query, position).await.map_err(|error| view.explain(&own, error))?;
        total += answer.count.unwrap_or_default();
    }
    let of = match objects.as_slice() {
        [object] => {
            input.keep(cx, schema, object, &own, &view);
            Some(object.name.as_str())
        }
        _ => None,
    };
    let mut job = Job::new(cx, JobKind::Export, of, None, input.document()?);
    job.counts.total = Some(total);
    let position = Some(position.to_string()).filter(|text| !text.is_empty());
    Place { position, exporting: Some(Exporting::default()), ..Place::default() }.note(&mut job)?;
    start(cx, job, Changes::new()).await
}

/// The objects that are meant, by then named in the input.
fn objects(schema: &Schema, input: &mut Input) -> Result<Vec<Arc<Object>>, Violations> {
    let is_offered = |object: &Object| object.custom || BUILT_IN.contains(&object.name.as_str());
    if input.objects.is_empty() {
        let own = schema.all().filter(|object| object.custom && schema.object(&object.name).is_some());
        input.objects =
            BUILT_IN.iter().map(|name| (*name).to_owned()).chain(own.map(|object| object.name.clone())).collect();
    }
    let mut violations = Violations::new();
    let mut objects = Vec::new();
    for (number, name) in input.objects.iter().enumerate() {
        match schema.object(name).filter(|object| is_offered(object)) {
            Some(object) => objects.push(Arc::clone(object)),
            None => {
                let at = if input.objects.len() == 1 { "/object".to_owned() } else { format!("/objects/{number}") };
                violations.add(at, "unknown_object", "must be an object in the singular, such as contact");
            }
        }
    }
    violations.or(objects)
}

/// Passes if the fields that are wanted are fields that the caller may know of.
fn check_fields(cx: &Cx, schema: &Schema, object: &Object, input: &Input) -> Result<(), Violations> {
    let Some(fields) = &input.fields else { return Ok(()) };
    let mut violations = Violations::new();
    drop(Only::parse(object, &cx.rights.hidden().of(schema, object), fields, &mut violations));
    violations.or(())
}

/// Whether the file of a number that an export has made can tell of a record of an object that went into the trash at a time: as one
/// of its records, which it was not once it lay there unless those were asked for, or as what another one refers to.
pub(crate) fn may_tell_of(
    schema: &Schema,
    job: &Job,
    number: usize,
    object: &str,
    archived_at: Option<Timestamp>,
) -> bool {
    let Ok(input) = serde_json::from_value::<Input>(Value::Object(job.input.clone())) else { return true };
    let Some(of) = input.objects.get(number).and_then(|name| schema.object(name)) else { return true };
    let has_trash = input.archived.is_some() || input.view_query.is_some();
    let was_there = has_trash || archived_at.is_none_or(|at| job.common.created_at <= at);
    (of.name == object && was_there) || references(of).any(|reference| reference.object == object)
}
