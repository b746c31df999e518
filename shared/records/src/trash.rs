//! When records go by themselves: their time in the trash is over, or a job is as old as nobody needs.

use events::Document;
use kernel::{Result, Timestamp};
use table::{Changes, Committed, Refused};

use crate::invitation::INVITATION;
use crate::job::{JOB, JobState};
use crate::record::Common;
use crate::write::refused;
use crate::{Cx, Object, Record};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// For how many days a finished job is kept, which is how long it can be undone: what was asked for may name people.
///
/// They are counted from when it was last written, so that one that was undone stays as long as its undo.
pub const JOB_DAYS: u16 = 90;

/// When a record is to be erased because its time in the trash is over; `None` when it is not in the trash.
///
/// The time that counts is the setting's when the record was last written. Users and teams are never erased by themselves:
/// everything that they did names them. Neither is what was merged into another record: it leads there, its merge can be
/// undone, and it is erased with the record that it became part of. Jobs are not put there by anybody, see [`job_due`].
pub(crate) async fn due(cx: &Cx, object: &Object, record: &Record) -> Result<Option<Timestamp>> {
    if object.name == JOB {
        let state = JobState::ALL.into_iter().find(|state| Some(state.as_str()) == record.fields.text("state"));
        return Ok(state.and_then(|state| job_due(state, &record.common)));
    }
    let days = async || Ok::<_, kernel::Error>(cx.schemas.settings(&cx.table, &cx.clock).await?.trash_days);
    let Some(archived_at) = record.common.archived_at else {
        // An invitation that nobody accepts goes some time after it was good for the last time.
        let end = record.fields.text("good_until").filter(|_| object.name == INVITATION);
        let Some(end) = end.and_then(|end| end.parse::<Timestamp>().ok()) else { return Ok(None) };
        return Ok(Some(end.plus_millis(i64::from(days().await?) * DAY_MS)));
    };
    if record.common.merged_into.is_some() || !object.owned {
        return Ok(None);
    }
    Ok(Some(archived_at.plus_millis(i64::from(days().await?) * DAY_MS)))
}

/// When a job is to be erased: some time after it was finished. It goes through the trash then, and at once.
pub(crate) fn job_due(state: JobState, common: &Common) -> Option<Timestamp> {
    let since = || common.updated_at.plus_millis(i64::from(JOB_DAYS) * DAY_MS);
    state.is_finished().then(|| common.archived_at.unwrap_or_else(since))
}

/// Puts off what was due for a record, where the setting by now gives it more days than when it was put into the trash.
/// Whether it is to be left alone: it was put off, or somebody has just written it.
///
/// Whoever looks for what is due does not meet it any more until then. The item is written as it is stored, in the same
/// version: nothing has happened to the record. No round trip where nothing is to be put off and the setting is known, else
/// one transaction.
///
/// # Errors
/// When the table does not answer, or the document is no record of the object.
pub async fn put_off(cx: &Cx, object: &Object, stored: Document) -> Result<bool> {
    let record = Record::read(object, stored.clone())?;
    let Some(due) = due(cx, object, &record).await?.filter(|due| *due > cx.clock.now()) else { return Ok(false) };
    let Common { id, version, .. } = record.common;
    let mut changes = Changes::new();
    changes.replace_due_record(cx.table.keys(), &object.name, id, stored, version, Some(due));
    match cx.commit(&changes).await {
        Ok(Committed) | Err(Refused::Stale(_)) => Ok(true),
        Err(other) => Err(refused(object, other)),
    }
}
