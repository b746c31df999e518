//! Chunks of a job: the ids of the records that it works on, and what went wrong with them.
//!
//! Both are items under the job that are written once: those with ids are numbered from 0, and what went wrong in one of
//! them stands at the same number further up.

use kernel::{AnyId, Error, Id, Result, kinds};
use records::{Cx, JOB};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use table::{Changes, Page};

use crate::place::document;

/// How many records a chunk names: few enough for progress to be seen and for a cancellation to be felt at once.
pub(crate) const SIZE: usize = 100;
/// Where the numbers of chunks begin that say what went wrong.
const ERRORS: u32 = 1 << 31;

/// What went wrong with a record, or what was kept of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The record.
    pub(crate) record: AnyId,
    /// A stable word: `kept`, or the code of a problem.
    pub(crate) code: String,
    /// The path of the field, where one is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// A sentence for people. It quotes no values.
    pub(crate) detail: String,
}

impl Failure {
    /// The code of what was left as somebody has made it.
    pub(crate) const KEPT: &str = "kept";
    /// The code of what Rapport is to blame for.
    pub(crate) const DEFECT: &str = "internal";

    /// A field that somebody has changed since.
    pub(crate) fn kept(record: AnyId, field: String) -> Self {
        let detail = "somebody has changed it since".to_owned();
        Self { record, code: Self::KEPT.to_owned(), field: Some(field), detail }
    }

    /// A record that could not be written.
    pub(crate) fn of(record: AnyId, error: &Error) -> Self {
        let (mut code, mut field, mut detail) = (error.code().to_owned(), None, error.to_string());
        match error {
            Error::Invalid(violations) => {
                if let Some(first) = violations.iter().next() {
                    first.code.clone_into(&mut code);
                    field = path(&first.pointer);
                    detail.clone_from(&first.detail);
                }
            }
            Error::Conflict { field: taken } => field = Some(taken.clone()),
            _ => {}
        }
        Self { record, code, field, detail }
    }
}

/// The path of a field from a JSON pointer: `/custom/tier` is `custom.tier`.
fn path(pointer: &str) -> Option<String> {
    let path = pointer.trim_start_matches('/').replace('/', ".");
    (!path.is_empty()).then_some(path)
}

/// Adds a chunk of ids to what a transaction writes.
pub(crate) fn add(cx: &Cx, changes: &mut Changes, job: AnyId, number: u32, ids: &[AnyId]) {
    let document = json!({ "ids": ids }).as_object().cloned().unwrap_or_default();
    changes.create_chunk(cx.table.keys(), JOB, job, number, document);
}

/// The ids of a chunk. One round trip.
pub(crate) async fn ids(cx: &Cx, job: Id<kinds::Job>, number: u32) -> Result<Vec<AnyId>> {
    let document = cx.table.get(&cx.table.keys().chunk(JOB, job.erase(), number)).await?;
    let ids = document.and_then(|mut document| document.remove("ids"));
    let ids = ids.ok_or_else(|| Error::bug("a job without one of its chunks"))?;
    serde_json::from_value(ids).map_err(Error::unreadable("chunk of a job"))
}

/// What went wrong in a chunk.
#[derive(Serialize, Deserialize)]
struct Errors {
    chunk: u32,
    errors: Vec<Failure>,
}

/// Adds what went wrong in a chunk to what a transaction writes, if anything did.
pub(crate) fn add_errors(cx: &Cx, changes: &mut Changes, job: AnyId, chunk: u32, errors: Vec<Failure>) -> Result<()> {
    if !errors.is_empty() {
        changes.create_chunk(cx.table.keys(), JOB, job, ERRORS + chunk, document(&Errors { chunk, errors })?);
    }
    Ok(())
}

/// What went wrong in the first chunk after a number, if anything did, and the number after which there is more.
pub(crate) async fn errors_after(
    cx: &Cx,
    job: Id<kinds::Job>,
    after: Option<u32>,
) -> Result<(Vec<Failure>, Option<u32>)> {
    let keys = cx.table.keys();
    // No chunk has the number before the first of them: it would name 200 billion records.
    let number = after.map_or(ERRORS - 1, |after| ERRORS.saturating_add(after));
    let after = keys.chunk(JOB, job.erase(), number).sk().to_owned();
    let parent = keys.record(JOB, job.erase());
    // The second one only shows that there is more.
    let Page { documents, .. } = cx.table.children(&parent, keys.chunks_prefix(), Some(&after), 2, false).await?;
    let has_more = documents.len() > 1;
    let Some(first) = documents.into_iter().next() else { return Ok((Vec::new(), None)) };
    let Errors { chunk, errors } =
        serde_json::from_value(Value::Object(first)).map_err(Error::unreadable("chunk of a job"))?;
    Ok((errors, has_more.then_some(chunk)))
}
