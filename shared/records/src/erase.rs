//! Erasing a record for good.

use auth::Permission;
use events::{Document, Event};
use kernel::{AnyId, Error, Result, Version};
use serde_json::Value;
use table::{Changes, Refused};

use crate::archive::check_seen;
use crate::load::load;
use crate::update::{next, reload};
use crate::write::{MAX_TRIES, event, keep_answer, move_guards, refused, replay};
use crate::{Cx, Object, Record, Written};

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
    let mut record = load(cx, object, id).await?;
    for tries in 1..=MAX_TRIES {
        check_seen(&record, seen)?;
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
    let written = Written {
        status: 204,
        id: common.id,
        version: last.common.version,
        document: None,
        replayed: false,
        wrote: true,
    };
    let mut changes = Changes::new();
    changes.remove_record(keys, object.name, common.id, common.version);
    move_guards(cx, &mut changes, object, Some(record), None);
    let erased = event(cx, object, "erased", &last, std::collections::BTreeMap::new());
    changes.event(keys, object.name, &erased, cx.once.as_ref())?;
    keep_answer(cx, &mut changes, &written);
    Ok(cx.commit(&changes).await.map(|_| written))
}

async fn empty_events(cx: &Cx, object: &Object, id: AnyId) -> Result<()> {
    let keys = cx.table.keys();
    let record = keys.record(object.name, id);
    let mut after = None;
    loop {
        let page = cx.table.children(&record, keys.events_prefix(), after.as_deref(), EVENTS_PER_STEP, false).await?;
        let mut changes = Changes::new();
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

fn empty(cx: &Cx, object: &Object, changes: &mut Changes, document: Document) -> Result<()> {
    let keys = cx.table.keys();
    if let Some(Value::String(hash)) = document.get("once") {
        changes.forget(keys.once(hash));
    }
    let event: Event = serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("event"))?;
    if event.salt.is_some() {
        let emptied = Event { changes: std::collections::BTreeMap::new(), salt: None, ..event };
        changes.event(keys, object.name, &emptied, None)?;
    }
    Ok(())
}
