//! Chunks of a job: the ids of the records that it works on, and what went wrong with them.
//!
//! Both are items under the job that are written once: those with ids are numbered from 0, and what went wrong in one of
//! them stands in [`PARTS`] numbers further up.

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
/// How many of them there are for one chunk of ids, most of which are never written. They hold more than 100 records can have
/// kept: each at most 340 fields with names of 40 characters.
const PARTS: u32 = 16;
/// How many bytes of JSON one of them holds: an item of the table may have 400 KB.
const PART_BYTES: usize = 300_000;

/// The longest sentence that is kept of a failure, in characters: one can list all options of a field.
const MAX_DETAIL: usize = 300;

/// What went wrong with a record, or what was kept of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// The record, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<AnyId>,
    /// The row of a file, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) row: Option<RowOfFile>,
    /// A stable word: `kept`, or the code of a problem.
    pub(crate) code: String,
    /// The paths of the fields that are the reason, where some are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fields: Vec<String>,
    /// A sentence for people. It quotes no values.
    pub(crate) detail: String,
}

/// A row of a file that is brought in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RowOfFile {
    /// What people call the file.
    pub(crate) file: String,
    /// The line that it begins in, from 1.
    pub(crate) line: u64,
    /// Its place in its batch.
    pub(crate) place: usize,
    /// The headers of the columns that are the reason, where some are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) columns: Vec<String>,
}

impl Failure {
    /// The code of what was left as somebody has made it.
    pub(crate) const KEPT: &str = "kept";
    /// The code of what another record has.
    pub(crate) const TAKEN: &str = "conflict";
    /// The code of what Rapport is to blame for.
    pub(crate) const DEFECT: &str = "internal";

    /// Fields that are not as they were before.
    pub(crate) fn kept(record: AnyId, fields: Vec<String>) -> Self {
        let detail = "somebody has changed it since, or what it was cannot be had again".to_owned();
        Self { record: Some(record), row: None, code: Self::KEPT.to_owned(), fields, detail }
    }

    /// A record that could not be written.
    pub(crate) fn of(record: AnyId, error: &Error) -> Self {
        Self { record: Some(record), ..Self::for_reason(error) }
    }

    /// A row that could not be written, or not all of it.
    pub(crate) fn of_row(row: RowOfFile, record: Option<AnyId>, error: &Error) -> Self {
        Self { record, row: Some(row), ..Self::for_reason(error) }
    }

    fn for_reason(error: &Error) -> Self {
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
        let detail = detail.chars().take(MAX_DETAIL).collect();
        Self { record: None, row: None, code, fields: field.into_iter().collect(), detail }
    }

    /// The place of its row in a batch.
    pub(crate) fn row_place(&self) -> Option<usize> {
        self.row.as_ref().map(|row| row.place)
    }

    /// As it is answered: once for each field.
    pub(crate) fn shown(&self) -> Vec<Value> {
        let mut whole = json!({ "code": self.code, "detail": self.detail });
        if let Some(record) = self.record {
            whole["record"] = json!(record);
        }
        if let Some(RowOfFile { file, line, columns, .. }) = &self.row {
            (whole["file"], whole["line"]) = (json!(file), json!(line));
            if let Some(column) = columns.first() {
                whole["column"] = json!(column);
            }
        }
        let one = |field| {
            let mut one = whole.clone();
            one["field"] = json!(field);
            one
        };
        if self.fields.is_empty() { vec![whole] } else { self.fields.iter().map(one).collect() }
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

/// Some of what went wrong in a chunk.
#[derive(Deserialize)]
struct Errors {
    /// The item's number.
    number: u32,
    errors: Vec<Failure>,
}

/// Adds what went wrong in a chunk to what a transaction writes, if anything did.
pub(crate) fn add_errors(cx: &Cx, changes: &mut Changes, job: AnyId, chunk: u32, errors: Vec<Failure>) -> Result<()> {
    for (part, errors) in (0..PARTS).zip(parts(errors)?) {
        let errors = document(&json!({ "errors": errors }))?;
        changes.create_chunk(cx.table.keys(), JOB, job, ERRORS + chunk * PARTS + part, errors);
    }
    Ok(())
}

/// What went wrong in parts that an item has room for.
fn parts(errors: Vec<Failure>) -> Result<Vec<Vec<Failure>>> {
    let (mut parts, mut room) = (Vec::<Vec<Failure>>::new(), 0);
    // What is wrong with one row is told in one part.
    let is_same_row = |one: &Failure, other: &Failure| one.row.is_some() && one.row_place() == other.row_place();
    for errors in errors.chunk_by(is_same_row) {
        let bytes = serde_json::to_vec(errors).map_err(Error::bug)?.len();
        match parts.last_mut().filter(|_| bytes <= room) {
            Some(part) => part.extend_from_slice(errors),
            None => {
                parts.push(errors.to_vec());
                room = PART_BYTES;
            }
        }
        room = room.saturating_sub(bytes);
    }
    Ok(parts)
}

/// Some of what went wrong after a place, if anything did, and the place after which there is more.
pub(crate) async fn errors_after(
    cx: &Cx,
    job: Id<kinds::Job>,
    after: Option<u32>,
) -> Result<(Vec<Failure>, Option<u32>)> {
    // The second one only shows that there is more.
    let (errors, number, has_more) = errors_page(cx, job, after, 2).await?;
    Ok((errors, number.filter(|_| has_more)))
}

/// Some of what went wrong after a place, and that place; `None` when nothing did. What went wrong in one chunk can be in
/// several places, one after the other.
pub(crate) async fn next_errors(
    cx: &Cx,
    job: Id<kinds::Job>,
    after: Option<u32>,
) -> Result<(Vec<Failure>, Option<u32>)> {
    let (errors, number, _) = errors_page(cx, job, after, 1).await?;
    Ok((errors, number))
}

/// The chunk that a place in what went wrong is about.
pub(crate) const fn of_errors(place: u32) -> u32 {
    place / PARTS
}

async fn errors_page(
    cx: &Cx,
    job: Id<kinds::Job>,
    after: Option<u32>,
    limit: u16,
) -> Result<(Vec<Failure>, Option<u32>, bool)> {
    let keys = cx.table.keys();
    // No other part of a job has the number before the first of them: it would stand for 200 billion records.
    let number = after.map_or(ERRORS - 1, |after| ERRORS.saturating_add(after));
    let after = keys.chunk(JOB, job.erase(), number).sk().to_owned();
    let parent = keys.record(JOB, job.erase());
    let Page { documents, .. } = cx.table.children(&parent, keys.chunks_prefix(), Some(&after), limit, false).await?;
    let has_more = documents.len() > 1;
    let Some(first) = documents.into_iter().next() else { return Ok((Vec::new(), None, false)) };
    let Errors { number, errors } =
        serde_json::from_value(Value::Object(first)).map_err(Error::unreadable("chunk of a job"))?;
    Ok((errors, Some(number.saturating_sub(ERRORS)), has_more))
}

#[cfg(test)]
mod tests {
    use kernel::{Clock, Ids};

    use super::*;

    #[test]
    fn a_chunk_of_records_that_have_kept_everything_fits_into_its_items() {
        let ids = Ids::seeded(Clock::manual(), 1);
        let fields: Vec<String> = (0..340).map(|number| format!("custom.{number:040}")).collect();
        let kept = |_| Failure::kept(ids.next::<kinds::Contact>().erase(), fields.clone());
        let errors: Vec<Failure> = (0..SIZE).map(kept).collect();
        let parts = parts(errors.clone()).unwrap();
        let bytes: Vec<usize> = parts.iter().map(|part| serde_json::to_vec(part).unwrap().len()).collect();
        assert!(parts.len() > 1 && parts.len() <= PARTS as usize, "{bytes:?}");
        assert!(bytes.iter().all(|bytes| *bytes < 380_000), "{bytes:?}");
        assert!(bytes.iter().sum::<usize>() < 3_500_000, "one transaction writes all of them: {bytes:?}");
        assert_eq!(parts.concat(), errors);
        assert_eq!(errors[0].shown().len(), 340);
    }
}
