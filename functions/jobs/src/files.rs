//! Files that a job has made.

use std::time::Duration;

use api::{Context, Operation, Result, Routes, Shape};
use axum::Json;
use axum::extract::{Path, State};
use axum::routing::get;
use bytes::Bytes;
use cloud::{Files, Parts};
use http::Method;
use kernel::{Error, Id, kinds};
use records::{Common, Cx, JOB, Job, JobKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::errors::knows_all;
use crate::found;
use crate::place::Place;

/// How long an address is good for.
const LIFETIME: Duration = Duration::from_secs(3_600);
/// How long the bucket keeps what jobs have made: the rule is in the template.
const KEPT_MS: i64 = 30 * 24 * 3_600 * 1_000;

const EXPLANATION: &str = "\
Each with an address at which it can be got for an hour, without a credential: whoever has the address can get the file. Files \
are removed 30 days after they were made, and sooner where somebody in them is erased; then none is listed. What an export has made is seen by whoever has started it and \
nobody else, and with no lesser role than it was started with. That addresses are handed out is in the audit log.";

/// A file that a job has made, from beginning to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    /// What it is called, each of a job's files differently.
    pub(crate) name: String,
    /// How large it is.
    pub(crate) bytes: u64,
    /// Whether it was removed, since somebody in it was erased.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) gone: bool,
}

impl Made {
    /// A file that is there.
    pub(crate) const fn new(name: String, bytes: u64) -> Self {
        Self { name, bytes, gone: false }
    }
}

/// A file that is being written in parts, as its job keeps it in mind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct InParts {
    /// What is there of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parts: Option<Parts>,
    /// Whether its last part is there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ended: bool,
}

/// What has become of a file.
pub(crate) enum Stored {
    /// There is another part of it.
    Part(InParts),
    /// It is there, with so many bytes.
    Whole(u64),
    /// What there was of it is there no more: it is to be begun again.
    Gone,
}

impl InParts {
    /// Puts what comes next into the bucket: a part, or a whole file that is no larger than one.
    pub(crate) async fn put(self, files: &Files, key: &str, bytes: Bytes, is_last: bool) -> Result<Stored, Error> {
        let mut parts = match self.parts {
            None if is_last => {
                let whole = Stored::Whole(bytes.len() as u64);
                return files.put(key, bytes).await.map(|()| whole);
            }
            None => files.begin_parts(key, "application/octet-stream").await?,
            Some(parts) => parts,
        };
        if !bytes.is_empty() {
            match files.put_part(key, &mut parts, bytes).await {
                Err(Error::NotFound { .. }) => return Ok(Stored::Gone),
                other => other?,
            }
        }
        Ok(Stored::Part(Self { parts: Some(parts), ended: is_last }))
    }

    /// Makes one file of its parts.
    pub(crate) async fn finish(self, files: &Files, key: &str) -> Result<Stored, Error> {
        let parts = self.parts.ok_or_else(|| Error::bug("a file has ended without a part"))?;
        match files.finish_parts(key, &parts).await {
            Err(Error::NotFound { .. }) => Ok(Stored::Gone),
            other => other.map(|()| Stored::Whole(parts.bytes())),
        }
    }
}

/// Where the file of a number lies that a job has made: names can be longer than what some file systems take, and numbers say
/// nothing of what is in them.
#[must_use]
pub(crate) fn key(workspace: Id<kinds::Workspace>, job: Id<kinds::Job>, number: usize) -> String {
    [&keys_of(workspace), &job.to_string(), "/", &number.to_string()].concat()
}

/// What the keys of all files begin with that jobs of a workspace have made.
#[must_use]
pub(crate) fn keys_of(workspace: Id<kinds::Workspace>) -> String {
    format!("results/{workspace}/")
}

/// The route.
pub(crate) fn routes() -> Routes {
    let file = json!({
        "type": "object",
        "required": ["name", "bytes", "url", "expires_at"],
        "properties": {
            "name": { "type": "string", "examples": ["contacts.csv"] },
            "bytes": { "type": "integer" },
            "url": { "type": "string", "format": "uri", "description": "Where to get it." },
            "expires_at": { "type": "string", "format": "date-time", "description": "Until when it can be got there." },
        },
    });
    let list = json!({
        "type": "object",
        "required": ["data"],
        "properties": { "data": { "type": "array", "items": file } },
    });
    Routes::new().add(
        Operation::new(Method::GET, "/v1/jobs/{id}/files", "list_job_files", "List the files that a job has made")
            .explained(EXPLANATION)
            .answers(200, Shape::Schema(list)),
        get(list_job_files),
    )
}

async fn list_job_files(
    State(app): State<api::App>,
    Context(cx): Context,
    Path(id): Path<String>,
    _: api::NoQuery,
) -> Result<Json<Value>> {
    let job = found::visible(&cx, &id).await?;
    let mut data = Vec::new();
    let files = listed(&cx, &job)?.into_iter().enumerate().filter(|(_, file)| !file.gone);
    for (number, Made { name, bytes, .. }) in files {
        let url = app.files.presigned_get(&key(cx.caller.workspace, job.id()?, number), &name, LIFETIME).await?;
        let expires_at = cx.clock.now().plus_millis(i64::try_from(LIFETIME.as_millis()).map_err(Error::bug)?);
        data.push(json!({ "name": name, "bytes": bytes, "url": url, "expires_at": expires_at }));
    }
    if !data.is_empty() {
        note(&app, &cx, &job, data.len()).await?;
    }
    Ok(Json(json!({ "data": data })))
}

/// Notes that somebody was handed files out, once in some seconds. Who cannot be noted gets none.
async fn note(app: &api::App, cx: &Cx, job: &Job, files: usize) -> Result<(), Error> {
    let about = vec![("kind", json!(job.kind)), ("files", json!(files))];
    let Common { id, version, .. } = job.common;
    let note = api::Note { object: JOB, name: "job.fetched", record: id, version, about, together: None };
    app.notes.note(cx, &id.to_string(), note, None).await
}

/// The files of a job that are there, if the caller knows everything that they say.
fn listed(cx: &Cx, job: &Job) -> Result<Vec<Made>, Error> {
    let may_less = job.kind == JobKind::Export && !found::may_what_it_does(cx, job);
    if !knows_all(cx, job) || may_less {
        return Err(Error::denied("the files of this job are for whoever has started it"));
    }
    let is_gone = job.finished_at.is_some_and(|at| at.plus_millis(KEPT_MS) <= cx.clock.now());
    Ok(if is_gone { Vec::new() } else { Place::of(job)?.files })
}
