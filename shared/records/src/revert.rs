//! Taking back what a job has changed in a record, and nothing that anybody has changed since.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use events::{Event, FieldChange};
use kernel::{AnyId, Id, Result, Timestamp, kinds};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::write::is_of_version;
use crate::{Cx, Object, Record, coerce, history, rewrite};

/// How many events of a record are looked at in one round trip.
const PAGE: u16 = 50;
/// By how much the clocks of two functions may differ, in milliseconds.
const SKEW_MS: i64 = 300_000;

/// What became of a record that was to be as it had been.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reverted {
    /// Whether anything of it was changed.
    pub changed: bool,
    /// The paths of what is left as somebody has made it since.
    pub kept: Vec<String>,
}

/// Puts every field of a record back that a job has changed and that still is as the job has made it.
///
/// `since` is when the job was made. What a [`rewrite()`] costs, and one round trip for the events. A record that the job has made goes into the trash
/// unless somebody has changed it since. One that the job has not written is left alone, and nothing is wrong with it, whatever the caller may do with
/// it: one round trip.
///
/// What was there before is put back as it was: no rule that holds for new values is asked, and nothing follows from it for
/// other fields. What it refers to must still be there, and unique values must be free.
///
/// # Errors
/// As [`rewrite()`].
pub async fn revert(cx: &Cx, object: &Object, id: AnyId, job: Id<kinds::Job>, since: Timestamp) -> Result<Reverted> {
    let events = events_since(cx, object, id, since).await?;
    let is_its = |event: &&Event| event.job == Some(job);
    if !events.iter().any(|event| is_its(&event)) {
        return Ok(Reverted::default());
    }
    if events.iter().filter(is_its).any(|event| event.name.ends_with(".created")) {
        let others = events.iter().filter(|event| !is_its(event) && is_of_version(event));
        return take_away(cx, object, id, others.flat_map(|event| event.changes.keys().cloned()).collect()).await;
    }
    let changes = changes_by(events, job);
    let (changed, kept) = rewrite(cx, object, id, |record| {
        let kept = changes.iter().filter(|(path, change)| !put_back(object, record, path, change));
        Ok(kept.map(|(path, _)| path.clone()).collect())
    })
    .await?;
    Ok(Reverted { changed, kept })
}

/// Whether a record is the work of the caller alone: made by a job that began at `since`, and changed by nobody else.
///
/// What the caller may do with it otherwise is not asked. One round trip for each 50 of its events.
///
/// # Errors
/// When the table does not answer.
pub async fn is_own_work(cx: &Cx, object: &Object, id: AnyId, job: Id<kinds::Job>, since: Timestamp) -> Result<bool> {
    let events = events_since(cx, object, id, since).await?;
    let is_made = |event: &Event| event.job == Some(job) && event.name.ends_with(".created");
    Ok(events.iter().any(is_made) && events.iter().all(|event| event.by.user == cx.caller.user))
}

/// Puts a record into the trash that a job has made, unless somebody has changed it since: then it stays as it is.
async fn take_away(cx: &Cx, object: &Object, id: AnyId, changed_since: BTreeSet<String>) -> Result<Reverted> {
    let (changed, is_kept) = rewrite(cx, object, id, |record| {
        let is_kept = record.common.archived_at.is_none() && !changed_since.is_empty();
        if !is_kept {
            record.common.archived_at = record.common.archived_at.or_else(|| Some(cx.clock.now()));
        }
        Ok(is_kept)
    })
    .await?;
    Ok(Reverted { changed, kept: changed_since.into_iter().filter(|_| is_kept).collect() })
}

/// What a job has changed in a record, by path: from what it found first to what it made of it last. Newest events first.
fn changes_by(events: Vec<Event>, job: Id<kinds::Job>) -> BTreeMap<String, FieldChange> {
    let mut found = BTreeMap::new();
    let its = events.into_iter().filter(|event| event.job == Some(job) && is_of_fields(&event.name));
    for (path, change) in its.flat_map(|event| event.changes) {
        match found.entry(path) {
            Entry::Vacant(entry) => drop(entry.insert(change)),
            Entry::Occupied(mut later) => later.get_mut().before = change.before,
        }
    }
    found
}

/// The events of a record that are a job's, newest first. `since` is when the job was made.
pub(crate) async fn events_by(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    job: Id<kinds::Job>,
    since: Timestamp,
) -> Result<Vec<Event>> {
    let mut events = events_since(cx, object, id, since).await?;
    events.retain(|event| event.job == Some(job));
    Ok(events)
}

/// The events of a record since a time, newest first, and some from before. One round trip for each 50 of them.
pub(crate) async fn events_since(cx: &Cx, object: &Object, id: AnyId, since: Timestamp) -> Result<Vec<Event>> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = history::page(cx, object, id, PAGE, after).await?;
        let is_older = |event: &Event| event.at.plus_millis(SKEW_MS) < since;
        let is_over = page.events.last().is_none_or(is_older);
        found.extend(page.events);
        match page.next {
            Some(next) if !is_over => after = Some(next),
            _ => return Ok(found),
        }
    }
}

/// Whether an event tells of what a record is, and not of what it is tied to.
fn is_of_fields(name: &str) -> bool {
    [".changed", ".archived", ".restored"].iter().any(|end| name.ends_with(end))
}

/// Puts one value back. `false` when somebody has changed it since.
fn put_back(object: &Object, record: &mut Record, path: &str, change: &FieldChange) -> bool {
    match path {
        "owner_id" => exchange(&mut record.common.owner_id, change, parse),
        "archived_at" => exchange(&mut record.common.archived_at, change, parse),
        _ => {
            let Some(field) = object.field(path) else { return false };
            let mut present = record.fields.get(path).cloned();
            let is_back = exchange(&mut present, change, |value| coerce(&field.kind, value));
            record.fields.set(path, present);
            is_back
        }
    }
}

fn parse<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

/// Puts what was before in the place of what came after, if that is what is there. It may be back already.
fn exchange<T: PartialEq>(present: &mut Option<T>, change: &FieldChange, read: impl Fn(&Value) -> Option<T>) -> bool {
    let read = |value: &Value| if value.is_null() { None } else { read(value) };
    let (before, after) = (read(&change.before), read(&change.after));
    if *present == before {
        return true;
    }
    let is_as_left = *present == after;
    if is_as_left {
        *present = before;
    }
    is_as_left
}
