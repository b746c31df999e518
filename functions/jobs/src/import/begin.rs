//! Beginning an import: everything that it says is checked, and its job is made.

use api::{Operation, Result, Routes, Shape, Write, written};
use auth::{Action, Capability};
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use events::Document;
use http::Method;
use kernel::{Error, Violations};
use records::{Cx, JOB, Job, JobKind, Object, Written};
use schema::Extension;
use serde_json::json;
use table::Changes;

use super::ask::{Asked, Automations};
use super::opened::{Known, open};
use super::plan::{File, Plan};
use super::{check, progress, shapes};
use crate::place::Place;
use crate::start::start;

/// The largest plan as JSON, in bytes: it is one item of the table.
const MAX_PLAN_BYTES: usize = 300_000;

/// The route.
pub(crate) fn routes() -> Routes {
    let operation =
        Operation::new(Method::POST, "/v1/imports", "create_import", "Bring the rows of uploaded files in as a job");
    Routes::new().add(
        operation.unconditional().takes(Shape::Schema(shapes::import())).answers(202, Shape::Record(JOB)),
        post(start_import),
    )
}

async fn start_import(State(app): State<api::App>, write: Write) -> Result<Response> {
    let (cx, body) = &write.unconditional()?;
    // What an import is tried with is its own `dry_run`; this one only says whether it could begin.
    let outcome = match begin(cx, &app.files, body).await {
        Ok(written) => Ok(written),
        Err(problem) => match records::or_kept(cx, &*cx.object(JOB).await?, Err(Error::not_found(JOB))).await {
            Ok(kept) => Ok(kept),
            Err(_) => Err(problem),
        },
    };
    Ok(written("jobs", outcome?, cx.dry_run))
}

/// Two requests for each file, and three round trips: schema, permission, transaction.
async fn begin(cx: &Cx, files: &cloud::Files, body: &Document) -> Result<Written> {
    cx.require(Capability::ImportRecords)?;
    let asked = Asked::parse(body)?;
    let (mut plans, mut violations) = (Vec::new(), Violations::new());
    for (number, file) in asked.files.iter().enumerate() {
        let at = format!("/files/{number}");
        let Some(object) = object(cx, &file.object, &at, &mut violations).await? else { continue };
        cx.rights.require_any(&object, Action::Create)?;
        let known =
            Known { encoding: file.encoding.as_deref(), delimiter: file.delimiter, header_row: file.header_row };
        let opened = match open(cx, files, file.upload, known, &at).await {
            Err(Error::Invalid(found)) => {
                violations.extend(found);
                continue;
            }
            opened => opened?,
        };
        let schema = cx.schema().await?.without(&cx.rights.hidden());
        let plan = check::file(&schema, &cx.rights.as_written(&object), file, &opened, &at, &mut violations);
        plans.push(plan);
    }
    violations.or(()).map_err(Error::from)?;
    for file in &plans {
        judge_extension(cx, file).await?;
    }
    let plan = Plan { files: plans, quiet: asked.automations == Automations::Skip, dry_run: asked.dry_run };
    let bytes = serde_json::to_vec(&plan).map_err(Error::bug)?.len();
    if bytes > MAX_PLAN_BYTES {
        let detail = format!("says {bytes} bytes about its columns and an import may say {MAX_PLAN_BYTES}");
        return Err(Error::invalid("/files", "too_large", detail).into());
    }
    Ok(make(cx, &plan).await?)
}

/// The object whose records rows are to become.
async fn object(cx: &Cx, name: &str, at: &str, violations: &mut Violations) -> Result<Option<std::sync::Arc<Object>>> {
    let object = cx.schema().await?.object(name).filter(|object| object.batched).cloned();
    if object.is_none() {
        violations.add([at, "/object"].concat(), "unknown_object", "is no object whose records can be brought in");
    }
    Ok(object)
}

/// Passes if the fields that a file brings can be made by the caller.
async fn judge_extension(cx: &Cx, file: &File) -> Result<()> {
    let mut fields = file.new_fields();
    for field in fields.iter_mut().filter(|field| check::lacks_options(field)) {
        // Its words are not known yet; whether there can be such a field is.
        field.insert("options".to_owned(), json!(["a"]));
    }
    if fields.is_empty() && file.new_options().is_empty() {
        return Ok(());
    }
    cx.require(Capability::ManageSchema)?;
    schema::extended(cx, &file.object, &Extension { fields, ..Extension::default() }).await?;
    Ok(())
}

async fn make(cx: &Cx, plan: &Plan) -> Result<Written, Error> {
    // What people see of it; the plan itself is kept apart.
    let file = |file: &File| {
        let columns: Vec<_> =
            file.columns.iter().map(|column| (file.headers.get(column.index), &column.field)).collect();
        let columns: Vec<_> = columns.iter().take(100).map(|(header, field)| json!([header, field])).collect();
        json!({
            "name": file.name, "object": file.object, "bytes": file.bytes, "match_by": file.match_by,
            "mode": file.mode, "columns": columns,
        })
    };
    let files: Vec<_> = plan.files.iter().map(file).collect();
    let automations = if plan.quiet { Automations::Skip } else { Automations::Run };
    let input = json!({ "files": files, "dry_run": plan.dry_run, "automations": automations });
    let of = plan.files.first().filter(|_| plan.files.len() == 1).map(|file| file.object.as_str());
    let mut job = Job::new(cx, JobKind::Import, of, None, input.as_object().cloned().unwrap_or_default());
    let mut changes = Changes::new();
    progress::keep_plan(cx, &mut changes, job.common.id, plan)?;
    let import = Some(progress::Progress::default());
    Place { import, ..Place::default() }.note(&mut job)?;
    start(cx, job, changes).await
}
