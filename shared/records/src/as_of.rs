//! A record as it was at a time.

use events::Event;
use kernel::{AnyId, Error, Result, Timestamp, Version};
use serde_json::Value;

use crate::history::page;
use crate::load::visible;
use crate::value::coerce;
use crate::write::is_of_version;
use crate::{Cx, Object, Record};

/// How many events one read of them takes.
const PAGE: u16 = 100;
/// How many events are looked at: what lies further back cannot be asked for.
const MAX_EVENTS: usize = 5_000;
/// How much of what was there before is kept while looking back, in bytes of JSON. One event may have 150 KB of it.
const MAX_BYTES: usize = 16_000_000;

/// A record as it was at a time, in the trash or not: the record as it is, with every change since taken back. Who may
/// see it is judged by what it is now, and its fields are those that it has now.
///
/// Backwards, since people ask for yesterday more often than for the beginning, and since the record as it is has all that
/// its events do not say. One read for the record, and one query for each 100 events since then, which costs a read unit
/// for each 4 KB.
///
/// # Errors
/// [`Error::NotFound`] when there is no such record, or was none then; [`Error::Merged`] when it had become part of
/// another one by then; [`Error::Invalid`] when more than 5,000 things, or more than 16 MB of them, have happened to it since,
/// or a record that has become part of it since was erased.
pub async fn as_of(cx: &Cx, object: &Object, id: AnyId, at: Timestamp) -> Result<Record> {
    let now = visible(cx, object, id).await?;
    let gone = || Error::not_found(object.name.clone());
    if at < now.common.created_at {
        return Err(gone());
    }
    let events = events_back_to(cx, object, id, at).await?;
    // Nobody can be sure of the order within a millisecond but by the versions.
    let version = events.iter().filter(|event| event.at <= at).map(|event| event.version).max().ok_or_else(gone)?;
    // What an erasure has emptied says no more what was there before it: of a record that is being erased, or of which a part
    // was erased.
    if events.iter().any(|event| event.version > version && event.salt.is_none()) {
        let detail = format!("this {} or a part of it was erased since, and with that what it was before", object.name);
        return Err(Error::invalid("/as_of", "erased", detail));
    }
    let then = taken_back(object, now, &events, version);
    match then.common.merged_into {
        Some(into) => Err(Error::Merged { into, plural: object.plural.clone() }),
        None => Ok(then),
    }
}

/// The events that make versions, newest first: all those after a time, and at least one before it if there is one.
async fn events_back_to(cx: &Cx, object: &Object, id: AnyId, at: Timestamp) -> Result<Vec<Event>> {
    let (mut events, mut read, mut bytes, mut after) = (Vec::new(), 0, 0, None);
    loop {
        let page = page(cx, object, id, PAGE, after).await?;
        read += page.events.len();
        for mut event in page.events.into_iter().filter(is_of_version) {
            for change in event.changes.values_mut() {
                // What came of it is what the next one had before.
                change.after = Value::Null;
                bytes += change.before.to_string().len();
            }
            events.push(event);
        }
        if page.next.is_none() || events.last().is_some_and(|event: &Event| event.at <= at) {
            return Ok(events);
        }
        if read >= MAX_EVENTS || bytes > MAX_BYTES {
            let detail = format!("too much has happened to this {} since: {read} things and more", object.name);
            return Err(Error::invalid("/as_of", "too_far_back", detail));
        }
        after = page.next;
    }
}

/// A record as the version that an event has made, which is among these events.
fn taken_back(object: &Object, mut record: Record, events: &[Event], version: Version) -> Record {
    let mut later: Vec<&Event> = events.iter().filter(|event| event.version > version).collect();
    later.sort_by_key(|event| std::cmp::Reverse(event.version));
    for event in later {
        for (path, change) in &event.changes {
            take_back(object, &mut record, path, &change.before);
        }
    }
    record.common.version = version;
    if let Some(made) = events.iter().find(|event| event.version == version) {
        record.common.updated_at = made.at;
        record.common.updated_by = made.by.user;
    }
    record
}

fn take_back(object: &Object, record: &mut Record, path: &str, before: &Value) {
    let text = before.as_str();
    match path {
        "owner_id" => record.common.owner_id = text.and_then(|id| id.parse().ok()),
        "archived_at" => record.common.archived_at = text.and_then(|at| at.parse().ok()),
        "merged_into" => record.common.merged_into = text.and_then(|id| id.parse().ok()),
        _ => {
            if let Some(field) = object.field(path) {
                record.other.retain(|(known, _)| known != path);
                record.fields.set(path, coerce(&field.kind, before).filter(|_| !before.is_null()));
            }
        }
    }
}
