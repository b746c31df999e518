//! What went wrong in a job, record by record.

use api::{Context, Operation, Parameter, Result, Routes, Shape, page, parse_params};
use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::routing::get;
use http::Method;
use kernel::{Error, pointer};
use records::{Cx, Job, JobKind, Schema};
use serde_json::{Value, json};

use crate::chunk::Failure;
use crate::undo::{is_reassignment, undoes};
use crate::{chunk, found};

/// The route.
pub(crate) fn routes() -> Routes {
    let error = json!({
        "type": "object",
        "required": ["code", "detail"],
        "properties": {
            "record": { "type": "string", "description": "The record, where there is one." },
            "file": { "type": "string", "description": "The file, where it is about a row of one." },
            "line": { "type": "integer", "description": "The line of the file that the row begins in, from 1." },
            "column": { "type": "string", "description": "The header of the column, where one is the reason." },
            "code": { "type": "string", "description": "A stable word: kept, or the code of a problem." },
            "field": { "type": "string", "description": "The path of the field, where one is the reason." },
            "detail": { "type": "string" },
        },
    });
    let list = json!({
        "type": "object",
        "required": ["data", "page"],
        "properties": { "data": { "type": "array", "items": error }, "page": { "type": "object" } },
    });
    let cursor = Parameter::new("cursor", "The next_cursor of the page before.", json!({ "type": "string" }));
    Routes::new().add(
        Operation::new(
            Method::GET,
            "/v1/jobs/{id}/errors",
            "list_job_errors",
            "List what a job could not change, and what it kept since somebody has changed it",
        )
        .asks(vec![cursor])
        .answers(200, Shape::Schema(list)),
        get(list_job_errors),
    )
}

async fn list_job_errors(
    Context(cx): Context,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>> {
    let mut after = None;
    for (name, value) in parse_params(query.as_deref())? {
        if name != "cursor" {
            let detail = "is not a parameter of this operation";
            return Err(Error::invalid(pointer(&name), "unknown_parameter", detail).into());
        }
        let number = value.parse().map_err(|_| Error::malformed("cursor_mismatch", "the cursor is not of this list"));
        after = Some(number?);
    }
    let job = found::visible(&cx, &id).await?;
    let (mut errors, next) = chunk::errors_after(&cx, job.id()?, after).await?;
    if !knows_all(&cx, &job) {
        let hidden = records::out_of_reach(&cx, errors.iter().filter_map(|error| error.record)).await?;
        errors.retain(|error| error.record.is_none_or(|record| !hidden.contains(&record)));
    }
    without_hidden(&cx, &*cx.schema().await?, &job, &mut errors);
    let data = errors.iter().flat_map(Failure::shown).collect();
    Ok(Json(page(data, next.map(|chunk| chunk.to_string()))))
}

/// Leaves out of what went wrong the fields that are hidden from the caller, and what was kept of nothing else.
fn without_hidden(cx: &Cx, schema: &Schema, job: &Job, errors: &mut Vec<Failure>) {
    let hidden = cx.rights.hidden();
    if hidden.is_nothing() {
        return;
    }
    errors.retain_mut(|error| {
        let of_record = error.record.and_then(|id| schema.all().find(|object| object.prefix == id.prefix()));
        let object = of_record.or_else(|| schema.object(job.of.as_deref()?));
        let told = error.fields.len();
        error.fields.retain(|path| !object.is_some_and(|object| hidden.hides(schema, object, path)));
        if error.fields.len() < told && error.code == Failure::TAKEN {
            "a value that you do not see is another record's".clone_into(&mut error.detail);
        }
        error.code != Failure::KEPT || error.fields.len() == told || !error.fields.is_empty()
    });
}

/// Whether the caller knows every record that a job is about: it is theirs, and works on nothing but what they have named or
/// could find. What follows a merge or a change of the schema follows for every record.
pub(crate) fn knows_all(cx: &Cx, job: &Job) -> bool {
    let in_their_name = match job.kind {
        JobKind::BulkEdit | JobKind::Import | JobKind::Export => true,
        JobKind::Undo => undoes(job) != Some(JobKind::Merge.as_str()) && !is_reassignment(job),
        JobKind::Merge | JobKind::MakeUnique | JobKind::Reassign => false,
    };
    in_their_name && job.common.created_by == cx.caller.user
}
