//! Letting who reaches a merged record reach the one that it was merged into, and taking that back.
//!
//! | access pattern | cost |
//! |---|---|
//! | pass shares on | all records at once, a query under each, and a transaction for each 30 shares |
//! | take them back | the newest events and the shares of the record, what else is part of it, and a transaction for each 30 shares |

use std::collections::{BTreeMap, BTreeSet};

use events::{Event, FieldChange};
use kernel::{AnyId, Error, Id, Result, Timestamp, kinds};
use serde_json::Value;
use table::{End, Level, Share};

use crate::load::find;
use crate::merge::{MERGED_FROM, ids_in};
use crate::plan::{Plan, committed};
use crate::revert::events_since;
use crate::shares::{MAX_SHARES, shares_of, too_many, what};
use crate::write::{MAX_TRIES, event_beside};
use crate::{Cx, Object, Record, Reverted};

/// Shares that one transaction writes: each an item, and an event.
const SHARES_PER_STEP: usize = 30;

/// Whether it makes a difference to anybody that some records become part of another one: they are private, or shared in case
/// they will be. One query for each of them, unless they are private.
///
/// # Errors
/// When the table does not answer.
pub async fn is_private_or_shared(cx: &Cx, object: &Object, records: &[AnyId]) -> Result<bool> {
    if object.private {
        return Ok(true);
    }
    for id in records {
        if !shares_of(cx, object, *id, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Shares a record with everybody with whom those that were merged into it are shared.
///
/// Where it is private, with who owned them as well, to write. Nobody gets less than they have. What is no part of the record
/// any more is passed over. Answers whether that was anything new.
///
/// # Errors
/// [`Error::Invalid`] when there are more than a record has room for: then it is shared with some of them. When the table does
/// not answer, or shares keep changing.
pub async fn pass_on_shares(cx: &Cx, object: &Object, merged: &[AnyId], left: AnyId) -> Result<bool> {
    let (mut has_changed, mut tries) = (false, 0);
    while tries < MAX_TRIES {
        let Some(left) = find(cx, object, left).await? else { return Ok(has_changed) };
        let mut plan = Plan::default();
        let wanted = reach(cx, &mut plan, object, merged, &left).await?;
        let present = shares_of(cx, object, left.common.id, MAX_SHARES + 1).await?;
        let mut room = usize::from(MAX_SHARES).saturating_sub(present.len());
        let (mut planned, mut too_few) = (0, false);
        for share in wanted {
            let before = present.iter().find(|known| known.subject == share.subject);
            if planned == SHARES_PER_STEP || before.is_some_and(|known| known.level >= share.level) {
                continue;
            }
            if before.is_none() && room == 0 {
                too_few = true;
                continue;
            }
            room -= usize::from(before.is_none());
            planned += 1;
            let after = before.map_or(share.clone(), |known| Share { level: share.level, ..known.clone() });
            exchange(cx, &mut plan, object, &left, (before, Some(&after)))?;
        }
        match planned {
            0 if too_few => return Err(too_many()),
            0 => return Ok(has_changed),
            _ if committed(cx, object, &plan).await? => (has_changed, tries) = (true, 0),
            _ => {
                tries += 1;
                tokio::time::sleep(kernel::backoff(tries)).await;
            }
        }
    }
    Err(kept_changing())
}

/// The shares that a record is to have for those that were merged into it, each subject once, the owners first. Once a merge
/// is taken back, nobody who is still at it passes anything on.
async fn reach(cx: &Cx, plan: &mut Plan, object: &Object, merged: &[AnyId], left: &Record) -> Result<Vec<Share>> {
    let keys = cx.table.keys();
    let wanted: Vec<_> = merged.iter().map(|id| keys.record(&object.name, *id)).collect();
    let (mut owners, mut shares) = (Vec::new(), Vec::new());
    for document in cx.table.get_many(&wanted).await? {
        let record = Record::read(object, document)?;
        if record.common.merged_into != Some(left.common.id) {
            continue;
        }
        plan.others.require_version(keys.record(&object.name, record.common.id), record.common.version);
        owners.extend(record.common.owner_id.filter(|_| object.private).map(|owner| owners_share(cx, left, owner)));
        let passed_on = shares_of(cx, object, record.common.id, MAX_SHARES + 1).await?;
        let record = || End::new(object.name.clone(), left.common.id);
        shares.extend(passed_on.into_iter().map(|share| Share { record: record(), version: 0, ..share }));
    }
    let mut all = Vec::<Share>::new();
    let owner = left.common.owner_id.map(|owner| owner.to_string());
    for share in owners.into_iter().chain(shares).filter(|share| Some(&share.subject) != owner.as_ref()) {
        match all.iter_mut().find(|known| known.subject == share.subject) {
            Some(known) => known.level = known.level.max(share.level),
            None => all.push(share),
        }
    }
    Ok(all)
}

/// What the owner of a merged record gets.
fn owners_share(cx: &Cx, left: &Record, owner: Id<kinds::User>) -> Share {
    let record = End::new(left.common.object.clone(), left.common.id);
    let (created_at, created_by) = (cx.clock.now(), cx.caller.user);
    Share { record, subject: owner.to_string(), level: Level::Write, version: 0, created_at, created_by }
}

/// What a job has made of the share with somebody.
struct Passed {
    before: Option<Level>,
    after: Option<Level>,
    /// Whether somebody has changed it since.
    is_changed: bool,
}

/// Takes the shares back that a job has given a record, but for those that somebody has changed since: these are told.
///
/// What another merge that still stands would have given it stays, and is told as well.
///
/// What undos of the job have done before this one counts as done by it.
///
/// # Errors
/// When the table does not answer, or shares keep changing.
pub async fn take_back_shares(
    cx: &Cx,
    object: &Object,
    left: AnyId,
    (job, undos): (Id<kinds::Job>, &[Id<kinds::Job>]),
    since: Timestamp,
) -> Result<Reverted> {
    let (mut reverted, mut tries) = (Reverted::default(), 0);
    while tries < MAX_TRIES {
        let Some(record) = find(cx, object, left).await? else { return Ok(reverted) };
        let by_undo = |by: Id<kinds::Job>| cx.job == Some(by) || undos.contains(&by);
        let mut events = events_since(cx, object, left, since).await?;
        events.retain(|event| !event.job.is_some_and(by_undo));
        let present = shares_of(cx, object, left, MAX_SHARES + 1).await?;
        let (mut plan, mut planned) = (Plan::default(), 0);
        let others = owed(cx, &mut plan, object, &events, &record).await?;
        reverted.kept.clear();
        for (subject, passed) in passed_on(&events, job) {
            let owed = others.iter().find(|share| share.subject == subject).map(|share| share.level);
            let before = passed.before.max(owed);
            if before > passed.before {
                reverted.kept.push(["shares", &subject].join("."));
            }
            let now = present.iter().find(|share| share.subject == subject);
            let level = now.map(|share| share.level);
            if level == before || planned == SHARES_PER_STEP {
                continue;
            }
            let Some(now) = now.filter(|_| !passed.is_changed && level == passed.after) else {
                reverted.kept.push(["shares", &subject].join("."));
                continue;
            };
            planned += 1;
            let after = before.map(|level| Share { level, ..now.clone() });
            exchange(cx, &mut plan, object, &record, (Some(now), after.as_ref()))?;
        }
        // Owed and changed since, and so told twice.
        reverted.kept.dedup();
        match planned {
            0 => return Ok(reverted),
            _ if committed(cx, object, &plan).await? => (reverted.changed, tries) = (true, 0),
            _ => {
                tries += 1;
                tokio::time::sleep(kernel::backoff(tries)).await;
            }
        }
    }
    Err(kept_changing())
}

/// What a record is to have for those that events say were merged into it and that are still a part of it.
async fn owed(cx: &Cx, plan: &mut Plan, object: &Object, events: &[Event], left: &Record) -> Result<Vec<Share>> {
    let merged = events.iter().filter_map(|event| event.changes.get(MERGED_FROM));
    let merged: BTreeSet<AnyId> = merged.flat_map(|change| ids_in(&change.after)).collect();
    match merged.is_empty() {
        true => Ok(Vec::new()),
        false => reach(cx, plan, object, &Vec::from_iter(merged), left).await,
    }
}

/// What a job has made of shares, by subject, from events of which the newest come first.
fn passed_on(events: &[Event], job: Id<kinds::Job>) -> BTreeMap<String, Passed> {
    // What is newer than what the job has done to a share was done since.
    let (mut passed, mut changed) = (BTreeMap::<String, Passed>::new(), Vec::new());
    for event in events {
        let Some(FieldChange { before, after }) = event.changes.get("share") else { continue };
        let Some(subject) = [after, before].into_iter().find_map(|share| share.get("subject")?.as_str()) else {
            continue;
        };
        if event.job != Some(job) {
            changed.push(subject);
            continue;
        }
        let is_changed = changed.contains(&subject);
        let latest = Passed { before: None, after: level(after), is_changed };
        passed.entry(subject.to_owned()).or_insert(latest).before = level(before);
    }
    passed
}

fn level(share: &Value) -> Option<Level> {
    serde_json::from_value(share.get("level")?.clone()).ok()
}

/// Plans one share in the place of another one, or of none, with its event.
fn exchange(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    record: &Record,
    (before, after): (Option<&Share>, Option<&Share>),
) -> Result<()> {
    let keys = cx.table.keys();
    plan.others.require(keys, &object.name, record.common.id);
    let verb = match (before, after) {
        (_, Some(after)) => {
            plan.others.share(keys, after)?;
            "shared"
        }
        (Some(before), None) => {
            plan.others.unshare(keys, before);
            "unshared"
        }
        (None, None) => return Ok(()),
    };
    let said = |share: Option<&Share>| share.map_or(Value::Null, what);
    let change = FieldChange { before: said(before), after: said(after) };
    plan.happened(object, event_beside(cx, object, verb, record, "share", change));
    Ok(())
}

fn kept_changing() -> Error {
    Error::unavailable("shares kept changing while they were passed on")
}
