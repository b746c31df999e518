//! Erasing a record for good.

mod lineage;

use std::collections::{BTreeMap, BTreeSet};

use auth::{Action, Capability};
use events::{Document, Event};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use kernel::{AnyId, Error, Result, Version};
use serde_json::Value;
use table::{Changes, Committed, Link, Refused, Share};

use crate::access::require;
use crate::archive::plan_archiving;
use crate::chunks::take_chunks;
use crate::guards::{held, holder_of};
use crate::invitation::INVITATION;
use crate::load::{find, visible};
use crate::plan::{Plan, carry_out};
use crate::roster::{self, USER};
use crate::trash::due;
use crate::update::{check_seen, next};
use crate::write::{MAX_TRIES, event, refused, replay};
use crate::{Cx, Field, Object, Record, Verb, Written, links};

/// Events that one transaction empties: each with the answer that was kept beside it.
const EVENTS_PER_STEP: u16 = 40;
/// Links that one transaction takes away: each two items and an event under the other record.
const LINKS_PER_STEP: u16 = 30;
/// How many kept answers are looked at at once.
const AT_ONCE: usize = 8;
/// Shares that one transaction takes away.
const SHARES_PER_STEP: u16 = 80;

/// Removes a record and everything under it: its links on both sides, its shares and chunks, what its events say, the
/// answers kept for requests that wrote it, and the records that were merged into it.
///
/// What is left is who did what and when, and the digests over what is gone.
///
/// The record goes into the trash first, where nothing can be tied to it any more, and away last. Every step is a
/// transaction of its own, and if this stops half way the record is still there: asking again finishes the work.
///
/// # Errors
/// [`Error::Stale`] when `seen` (`If-Match`) is not the stored version.
pub async fn erase(cx: &Cx, object: &Object, id: AnyId, seen: Option<Version>) -> Result<Written> {
    cx.rights.require(Capability::EraseRecords)?;
    cx.rights.require_any(object, Action::Archive)?;
    (object.guard)(&cx.caller, id, Verb::Erase, &Document::new())?;
    let record = visible(cx, object, id).await?;
    require(cx, object, &record, Action::Archive).await?;
    // Only before anything is emptied: from then on there is no way back, and whoever changes the record meanwhile does
    // not keep it.
    check_seen(&record, seen)?;
    all_of(cx, object, id, None).await
}

/// Erases a record whose time in the trash is over. `None` when there is nothing to do: it was restored, or is gone.
///
/// # Errors
/// When the table does not answer; those of a caller who may not erase.
pub async fn erase_due(cx: &Cx, object: &Object, id: AnyId) -> Result<Option<Written>> {
    cx.rights.require(Capability::EraseRecords)?;
    let Some(record) = find(cx, object, id).await? else { return Ok(None) };
    let due = due(cx, object, &record).await?;
    if due.is_none_or(|due| due > cx.clock.now()) {
        return Ok(None);
    }
    match all_of(cx, object, id, Some(record.common.version)).await {
        Ok(written) => Ok(Some(written)),
        Err(Error::Stale(_) | Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Erases a record and those that became part of it: these first, since it takes its events to find them.
async fn all_of(cx: &Cx, object: &Object, id: AnyId, only: Option<Version>) -> Result<Written> {
    if cx.dry_run {
        return erased(cx, object, id, only).await;
    }
    if object.name == USER {
        take_invitation(cx, object, id).await?;
    }
    let family = lineage::family(cx, object, id).await?;
    // The answer is kept with the last step.
    let step = Cx { once: None, ..cx.clone() };
    for member in &family {
        for winner in member.winners.iter().filter(|winner| !family.iter().any(|other| other.id == **winner)) {
            lineage::empty_merges(&step, object, *winner, member.id).await?;
        }
        if member.id == id {
            continue;
        }
        match erased(&step, object, member.id, None).await {
            Ok(_) | Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    erased(cx, object, id, only).await
}

/// Erases the invitation that a user came by, which has their name and address as well.
async fn take_invitation(cx: &Cx, users: &Object, user: AnyId) -> Result<()> {
    let Some(user) = find(cx, users, user).await? else { return Ok(()) };
    let Some(id) = roster::invitation_for(cx, &user).await? else { return Ok(()) };
    let object = cx.object(INVITATION).await?;
    let invitation = find(cx, &object, id).await?;
    let is_theirs = |invitation: &Record| invitation.fields.text("user_id") == Some(&user.common.id.to_string());
    if !invitation.as_ref().is_some_and(is_theirs) {
        return Ok(());
    }
    let step = Cx { once: None, ..cx.clone() };
    match Box::pin(erased(&step, &object, id, None)).await {
        Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Erases one record. With `only` it must still have that version.
async fn erased(cx: &Cx, object: &Object, id: AnyId, only: Option<Version>) -> Result<Written> {
    for tries in 1..=MAX_TRIES {
        let record = match cx.dry_run {
            true => find(cx, object, id).await?.ok_or_else(|| Error::not_found(object.name.clone()))?,
            false => {
                // What is under it goes from here on, so that there is no way back: only the first look asks for the version.
                let record = trashed(cx, object, id, only.filter(|_| tries == 1)).await?;
                take_links(cx, object, &record).await?;
                take_shares(cx, object, id).await?;
                take_chunks(cx, object, id).await?;
                empty_events(cx, object, id).await?;
                record
            }
        };
        match remove(cx, object, &record).await? {
            Ok(written) => return Ok(written),
            Err(Refused::Repeated(kept)) => return replay(cx, object, kept).await,
            Err(Refused::Stale(_)) => {}
            Err(other) => return Err(refused(object, other)),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("a record kept changing while it was erased"))
}

/// The record, in the trash: from then on nobody links it, shares it or refers to it, and its unique values are free.
async fn trashed(cx: &Cx, object: &Object, id: AnyId, only: Option<Version>) -> Result<Record> {
    let gone = || Error::not_found(object.name.clone());
    let record = find(cx, object, id).await?.ok_or_else(gone)?;
    check_seen(&record, only)?;
    if record.common.archived_at.is_some() {
        return Ok(record);
    }
    let step = Cx { once: None, ..cx.clone() };
    carry_out(&step, object, || async {
        let mut plan = Plan::default();
        let written = plan_archiving(&step, &mut plan, object, id, None, true).await?;
        Ok((plan, written))
    })
    .await?;
    find(cx, object, id).await?.ok_or_else(gone)
}

async fn remove(cx: &Cx, object: &Object, record: &Record) -> Result<Result<Written, Refused>> {
    let keys = cx.table.keys();
    let common = &record.common;
    let last = next(cx, record);
    let written = Written { status: 204, id: common.id, version: last.common.version, document: None, replayed: false };
    let mut changes = Changes::new();
    changes.remove_record(keys, &object.name, common.id, common.version);
    if object.name == INVITATION {
        roster::forget_invitation(cx, &mut changes, record).await?;
    }
    for (field, value) in left_behind(cx, object, record).await? {
        changes.release(keys, &field, &value, common.id);
    }
    let erased = event(cx, object, "erased", &last, BTreeMap::new());
    changes.event(keys, &object.name, &erased, cx.once.as_ref())?;
    if let Some(once) = &cx.once {
        changes.answer(once.clone(), written.kept());
    }
    Ok(cx.commit(&changes).await.map(|_| written))
}

/// The unique values that a record in the trash still holds: a process that did not know a field yet has left them.
async fn left_behind(cx: &Cx, object: &Object, record: &Record) -> Result<Vec<(String, String)>> {
    let mut live = record.clone();
    (live.common.archived_at, live.common.merged_into) = (None, None);
    let mut left = Vec::new();
    for (guard, is_certain) in held(object, &live, Field::gives_guards_back) {
        if !is_certain && holder_of(cx, &guard.0, &guard.1).await? == Some(record.common.id) {
            left.push(guard);
        }
    }
    Ok(left)
}

/// Takes the links of a record away, each with its event under the other record.
async fn take_links(cx: &Cx, object: &Object, record: &Record) -> Result<()> {
    let (keys, schema) = (cx.table.keys(), cx.schema().await?);
    let (parent, prefix) = (keys.record(&object.name, record.common.id), keys.links_prefix(None));
    let mut met = 0;
    loop {
        let page = cx.table.children(&parent, &prefix, None, LINKS_PER_STEP, false).await?;
        if page.documents.is_empty() {
            return Ok(());
        }
        let links: Vec<Link> = page.documents.into_iter().map(Link::read).collect::<Result<_>>()?;
        let ends = links.iter().filter_map(|link| link.other_end(record.common.id));
        let wanted: BTreeMap<AnyId, _> = ends.map(|end| (end.id, keys.record(&end.object, end.id))).collect();
        let others = cx.table.get_many(&wanted.into_values().collect::<Vec<_>>()).await?;
        let mut plan = Plan::default();
        for link in &links {
            plan.others.unlink(keys, link);
            let end = link.other_end(record.common.id);
            let Some(other_object) = end.and_then(|end| schema.all().find(|object| object.name == end.object)) else {
                continue;
            };
            let is_other = |document: &&Document| {
                end.is_some_and(|end| document.get("id").and_then(Value::as_str) == Some(&end.id.to_string()))
            };
            if let Some(other) = others.iter().find(is_other) {
                let other = Record::read(other_object, other.clone())?;
                links::tell(cx, &mut plan, other_object, "unlinked", &other, link);
            }
        }
        let step = Cx { once: None, ..cx.clone() };
        swept(&mut met, object, step.commit(&plan.changes(&step)?).await).await?;
    }
}

async fn take_shares(cx: &Cx, object: &Object, id: AnyId) -> Result<()> {
    let keys = cx.table.keys();
    let parent = keys.record(&object.name, id);
    let mut met = 0;
    loop {
        let page = cx.table.children(&parent, keys.shares_prefix(), None, SHARES_PER_STEP, false).await?;
        if page.documents.is_empty() {
            return Ok(());
        }
        let mut changes = Changes::new();
        for document in page.documents {
            changes.unshare(keys, &Share::read(document)?);
        }
        swept(&mut met, object, cx.commit(&changes).await).await?;
    }
}

/// Goes on after a step of a sweep, also when somebody else has just taken away what it was to take away.
async fn swept(met: &mut u32, object: &Object, outcome: Result<Committed, Refused>) -> Result<()> {
    match outcome {
        Ok(Committed) => *met = 0,
        Err(Refused::Stale(_)) if *met < MAX_TRIES => {
            *met += 1;
            tokio::time::sleep(kernel::backoff(*met)).await;
        }
        Err(reason) => return Err(refused(object, reason)),
    }
    Ok(())
}

async fn empty_events(cx: &Cx, object: &Object, id: AnyId) -> Result<()> {
    empty_those(cx, object, id, &[], |_| true).await
}

/// Empties some events of a record but for what they say under some names, and forgets the answers that were kept for the
/// requests which made them.
async fn empty_those(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    but: &[&str],
    is_one: impl Fn(&Document) -> bool,
) -> Result<()> {
    let keys = cx.table.keys();
    let record = keys.record(&object.name, id);
    let mut after = None;
    loop {
        let page = cx.table.children(&record, keys.events_prefix(), after.as_deref(), EVENTS_PER_STEP, false).await?;
        let wanted: Vec<Document> = page.documents.into_iter().filter(|document| is_one(document)).collect();
        let mut changes = Changes::new();
        for hash in kept_for(cx, id, &wanted).await? {
            changes.forget_answer(keys, &hash, id);
        }
        for document in wanted {
            empty(cx, object, &mut changes, document, but)?;
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
    let about = Value::String(id.to_string());
    let looks = hashes.into_iter().map(async |hash| {
        let kept = cx.table.get(&cx.table.keys().once(&hash)).await?;
        Ok::<_, Error>(kept.is_some_and(|kept| kept.get("id") == Some(&about)).then_some(hash))
    });
    let found: Vec<Option<String>> = stream::iter(looks).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

fn empty(cx: &Cx, object: &Object, changes: &mut Changes, document: Document, but: &[&str]) -> Result<()> {
    let mut event: Event = serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("event"))?;
    if event.salt.take().is_some() {
        event.changes.retain(|name, _| but.contains(&name.as_str()));
        changes.event(cx.table.keys(), &object.name, &event, None)?;
    }
    Ok(())
}
