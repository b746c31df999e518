//! What happened to a record.

use std::collections::BTreeSet;

use events::Event;
use kernel::{AnyId, Error, Id, Result, Version, kinds};
use serde_json::Value;

use crate::access::out_of_reach;
use crate::load::visible;
use crate::{Cx, Object};

/// How many events one look at the newest ones takes.
const PAGE: u16 = 50;

/// Events of a record, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// The events.
    pub events: Vec<Event>,
    /// The event after which older ones follow, if there are any.
    pub next: Option<Id<kinds::Event>>,
}

/// A page of a record's events, newest first.
///
/// Two reads: the record, which says whether the caller may see it at all, and its events; three more at most when some tell
/// of links with records of private objects. Those of links with records that the caller may not know of are left out, so a
/// page may have fewer than asked and still not be the last. So are changes of fields that are hidden from the caller, and events
/// of which nothing else is left.
///
/// # Errors
/// [`Error::NotFound`] when there is no such record.
pub async fn history(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    limit: u16,
    after: Option<Id<kinds::Event>>,
) -> Result<History> {
    visible(cx, object, id).await?;
    let mut history = page(cx, object, id, limit, after).await?;
    let hidden = out_of_reach(cx, history.events.iter().filter_map(linked)).await?;
    history.events.retain(|event| linked(event).is_none_or(|other| !hidden.contains(&other)));
    without_hidden(cx, object, &mut history.events);
    Ok(history)
}

/// Leaves out of events what the caller may not know of.
fn without_hidden(cx: &Cx, object: &Object, events: &mut Vec<Event>) {
    let hidden = cx.rights.hidden();
    if hidden.is_nothing() {
        return;
    }
    events.retain_mut(|event| {
        let told = event.changes.len();
        event.changes.retain(|path, _| !hidden.hides_by(&|_| None, object, path));
        !event.changes.is_empty() || told == 0 || !event.name.ends_with(".changed")
    });
}

/// The other record that an event of a link tells of.
fn linked(event: &Event) -> Option<AnyId> {
    let change = event.changes.get("link")?;
    [&change.after, &change.before].into_iter().find_map(|link| link.get("id")?.as_str()?.parse().ok())
}

pub(crate) async fn page(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    limit: u16,
    after: Option<Id<kinds::Event>>,
) -> Result<History> {
    let keys = cx.table.keys();
    let after = after.map(|event| keys.event(&object.name, id, event).sk().to_owned());
    let record = keys.record(&object.name, id);
    let page = cx.table.children(&record, keys.events_prefix(), after.as_deref(), limit, true).await?;
    let events: Vec<Event> = page
        .documents
        .into_iter()
        .map(|document| serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("event")))
        .collect::<Result<_>>()?;
    let next = page.next.and(events.last().map(|event| event.id));
    Ok(History { events, next })
}

/// The fields that were changed after a version, looking back as far as one page of events reaches.
pub(crate) async fn fields_changed_since(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    seen: Version,
) -> Result<BTreeSet<String>> {
    let newest = page(cx, object, id, PAGE, None).await?;
    let later = newest.events.into_iter().filter(|event| event.version > seen);
    Ok(later.flat_map(|event| event.changes.into_keys()).collect())
}
