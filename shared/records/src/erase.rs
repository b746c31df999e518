//! Erasing a record for good.

use std::collections::{BTreeMap, BTreeSet};

use auth::Permission;
use events::{Document, Event};
use kernel::{AnyId, Error, Result, Version};
use serde_json::Value;
use table::{Changes, Refused};

use crate::archive::check_seen;
use crate::guards::move_guards;
use crate::load::visible;
use crate::update::{next, reload};
use crate::write::{MAX_TRIES, event, keep_answer, refused, replay};
use crate::{Cx, Object, Record, Verb, Written};

/// Events that one transaction empties: each with the answer that was kept beside it.
const EVENTS_PER_STEP: u16 = 40;

/// Removes a record, empties its events and the answers kept for requests that wrote it, and frees its unique values.
/// What is left is who did what and when, and the digests over what is gone.
///
/// The events are emptied first and the record goes last: if this stops half way the record is still there, and asking
/// again finishes the work.
///
/// # Errors
/// [`Error::Stale`] when `seen` (`If-Match`) is not the stored version.
pub async fn erase(cx: &Cx, object: &Object, id: AnyId, seen: Option<Version>) -> Result<Written> {
    cx.caller.require(Permission::Administer)?;
    (object.guard)(&cx.caller, id, Verb::Erase, &Document::new())?;
    let mut record = visible(cx, object, id).await?;
    // Only before anything is emptied: from then on there is no way back, and whoever changes the record meanwhile does
    // not keep it.
    check_seen(&record, seen)?;
    for tries in 1..=MAX_TRIES {
        if !cx.dry_run {
            empty_events(cx, object, id).await?;
        }
        match remove(cx, object, &record).await? {
            Ok(written) => return Ok(written),
            Err(Refused::Repeated(kept)) => return replay(cx, object, kept).await,
            Err(Refused::Stale(_)) => record = reload(cx, object, id).await?,
            Err(other) => return Err(refused(object, other)),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("a record kept changing while it was erased"))
}

async fn remove(cx: &Cx, object: &Object, record: &Record) -> Result<Result<Written, Refused>> {
    let keys = cx.table.keys();
    let common = &record.common;
    let last = next(cx, record);
    let written = Written { status: 204, id: common.id, version: last.common.version, document: None, replayed: false };
    let mut changes = Changes::new();
    changes.remove_record(keys, &object.name, common.id, common.version);
    move_guards(cx, &mut changes, object, Some(record), None).await?;
    let erased = event(cx, object, "erased", &last, BTreeMap::new());
    changes.event(keys, &object.name, &erased, cx.once.as_ref())?;
    keep_answer(cx, &mut changes, &written);
    Ok(cx.commit(&changes).await.map(|_| written))
}

async fn empty_events(cx: &Cx, object: &Object, id: AnyId) -> Result<()> {
    let keys = cx.table.keys();
    let record = keys.record(&object.name, id);
    let mut after = None;
    loop {
        let page = cx.table.children(&record, keys.events_prefix(), after.as_deref(), EVENTS_PER_STEP, false).await?;
        let mut changes = Changes::new();
        for hash in kept_for(cx, id, &page.documents).await? {
            changes.forget_answer(keys, &hash, id);
        }
        for document in page.documents {
            empty(cx, object, &mut changes, document)?;
        }
        if !changes.is_empty() {
            cx.commit(&changes).await.map_err(|reason| refused(object, reason))?;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// The requests among those that made some events whose kept answers repeat this record. A key may have been used for
/// several requests, a day apart, and then for another record.
async fn kept_for(cx: &Cx, id: AnyId, events: &[Document]) -> Result<BTreeSet<String>> {
    let hashes = events.iter().filter_map(|event| event.get("once")?.as_str().map(str::to_owned));
    let hashes: BTreeSet<String> = hashes.collect();
    let mut about_it = BTreeSet::new();
    for hash in hashes {
        let kept = cx.table.get(&cx.table.keys().once(&hash)).await?;
        if kept.is_some_and(|kept| kept.get("id").is_some_and(|about| *about == Value::String(id.to_string()))) {
            about_it.insert(hash);
        }
    }
    Ok(about_it)
}

fn empty(cx: &Cx, object: &Object, changes: &mut Changes, document: Document) -> Result<()> {
    let event: Event = serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("event"))?;
    if event.salt.is_some() {
        let emptied = Event { changes: BTreeMap::new(), salt: None, ..event };
        changes.event(cx.table.keys(), &object.name, &emptied, None)?;
    }
    Ok(())
}
