//! Jobs, as those make them who start them. A job is a record; its event `job.created` wakes the worker.

use events::Document;
use kernel::{AnyId, Id, Result, kinds};
use serde_json::json;
use table::Changes;

use crate::create::new_common;
use crate::write::{changes_between, event};
use crate::{Cx, Fields, Record};

/// The object of jobs.
pub const JOB: &str = "job";

/// A job to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob<'a> {
    /// What is done: `merge`, `update`, `archive`.
    pub kind: &'a str,
    /// The object in the singular whose records it works on.
    pub of: &'a str,
    /// The record that it is about, where it is one.
    pub about: Option<AnyId>,
    /// What its worker has to know. Ids and choices; at most 64,000 bytes.
    pub input: Document,
    /// How many records it is known to work on; 0 where the worker finds out.
    pub total: u64,
    /// The job whose work it takes back.
    pub undoes: Option<Id<kinds::Job>>,
}

/// Adds a waiting job to what a commit writes: its record and the event `job.created`, two actions. It belongs to the
/// caller.
///
/// # Errors
/// When its input is longer than a job's may be.
pub async fn new_job(cx: &Cx, changes: &mut Changes, job: &NewJob<'_>) -> Result<Record> {
    let object = cx.object(JOB).await?;
    let fields = json!({
        "kind": job.kind,
        "state": "waiting",
        "of": job.of,
        "about": job.about,
        "input": job.input,
        "counts": { "total": job.total, "done": 0, "changed": 0, "kept": 0, "failed": 0 },
        "undoes": job.undoes,
    });
    let fields = Fields::parse(&object, fields.as_object().unwrap_or(&Document::new()))?;
    let id = cx.ids.next::<kinds::Job>();
    let record = Record::new(new_common(cx, &object, id.erase(), Some(cx.caller.user)), fields);
    let keys = cx.table.keys();
    changes.create_record(keys, &object.name, record.common.id, record.document());
    let created = event(cx, &object, "created", &record, changes_between(None, &record));
    changes.event(keys, &object.name, &created, cx.once.as_ref())?;
    Ok(record)
}
