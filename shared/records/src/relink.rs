//! Tying what was linked with a merged record to the one that it was merged into, and giving it back.

use std::collections::BTreeSet;
use std::sync::Arc;

use events::{Document, Event};
use kernel::{AnyId, Error, Id, Result, Timestamp, kinds};
use serde::Deserialize;
use table::{Direction, End, Link};

use crate::links::tell;
use crate::load::{find, living};
use crate::plan::{Plan, committed};
use crate::revert::{events_by, events_since};
use crate::write::MAX_TRIES;
use crate::{Cx, Object, Record};

/// How many links are looked at in one round trip.
const PAGE: u16 = 50;

/// Two records of an object, one of which was merged into the other.
#[derive(Debug)]
struct Pair<'a> {
    object: &'a Object,
    merged: Record,
    left: Record,
}

impl<'a> Pair<'a> {
    async fn find(cx: &Cx, object: &'a Object, merged: AnyId, left: AnyId) -> Result<Self> {
        let gone = || Error::not_found(object.name.clone());
        let merged = find(cx, object, merged).await?.ok_or_else(gone)?;
        Ok(Self { object, merged, left: find(cx, object, left).await?.ok_or_else(gone)? })
    }

    /// Whether the one still is a part of the other: its merge may have been taken back.
    fn is_merged(&self) -> bool {
        self.merged.common.merged_into == Some(self.left.common.id)
    }
}

/// Ties what a merged record is linked with to the record that it was merged into.
///
/// Where that is linked with it by the same label already, or is it itself, or is a part of the same record by now, the link
/// only goes. What is no part of that record any more keeps its links. Answers whether there was a link. Two or three round
/// trips a link.
///
/// # Errors
/// When one of the two is not there, the table does not answer, or links keep changing.
pub async fn move_links(cx: &Cx, object: &Object, merged: AnyId, left: AnyId) -> Result<bool> {
    let mut pair = Pair::find(cx, object, merged, left).await?;
    let mut moved = false;
    // Whoever moves the links of the other end may have tied some of them to this record behind the place where this was.
    for _ in 0..MAX_TRIES {
        let (met, moved_some) = move_those(cx, &mut pair).await?;
        moved |= moved_some;
        if !met || !pair.is_merged() {
            return Ok(moved);
        }
    }
    Err(Error::unavailable("a record kept getting links while they were moved"))
}

/// Moves the links that there are. Answers whether there were any, and whether some of them were moved.
async fn move_those(cx: &Cx, pair: &mut Pair<'_>) -> Result<(bool, bool)> {
    let merged = pair.merged.common.id;
    let (keys, mut met, mut moved, mut after) = (cx.table.keys(), false, false, None);
    let (parent, prefix) = (keys.record(&pair.object.name, merged), keys.links_prefix(None));
    loop {
        let page = cx.table.children(&parent, &prefix, after.as_deref(), PAGE, false).await?;
        met |= !page.documents.is_empty();
        for document in page.documents {
            let link = Link::read(document)?;
            let end = link.other_end(merged).cloned().ok_or_else(|| Error::bug("a link of another record"))?;
            moved |= move_link(cx, pair, &link.label, &end).await?;
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok((met, moved)),
        }
    }
}

/// Moves one link, anew each time that somebody else got in between. `false` when it is not there any more, or is to stay.
async fn move_link(cx: &Cx, pair: &mut Pair<'_>, label: &str, end: &End) -> Result<bool> {
    for tries in 1..=MAX_TRIES {
        if !pair.is_merged() {
            return Ok(false);
        }
        let Some(link) = stored(cx, pair.object, pair.merged.common.id, label, end.id).await? else { return Ok(false) };
        let plan = plan_moving(cx, pair, &link, end).await?;
        if committed(cx, pair.object, &plan).await? {
            return Ok(true);
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
        *pair = Pair::find(cx, pair.object, pair.merged.common.id, pair.left.common.id).await?;
    }
    Err(Error::unavailable("a link kept changing while it was moved"))
}

async fn plan_moving(cx: &Cx, pair: &Pair<'_>, link: &Link, end: &End) -> Result<Plan> {
    let mut plan = Plan::default();
    let other = record_at(cx, end).await?;
    // Once its merge is taken back, nobody who is still at it moves anything.
    let merged = cx.table.keys().record(&pair.object.name, pair.merged.common.id);
    plan.others.require_version(merged, pair.merged.common.version);
    untie(cx, &mut plan, link, (pair.object, &pair.merged), other.as_ref());
    let Some(other) = other else { return Ok(plan) };
    // What both are part of is not linked with itself.
    if living(cx, &other.0, &other.1).await? == living(cx, pair.object, &pair.left).await? {
        return Ok(plan);
    }
    if stored(cx, pair.object, pair.left.common.id, &link.label, end.id).await?.is_none() {
        let link = with_end(link, pair.merged.common.id, pair.left.common.id);
        tie(cx, &mut plan, &link, (pair.object, &pair.left), &other)?;
    }
    Ok(plan)
}

/// Gives a record that is its own again the links back that a job has moved to the one that it had been merged into.
///
/// Answers whether there was one, and the labels of those that are not given back: somebody has taken them away since. What
/// undos of the job have done before this one counts as done by it.
///
/// # Errors
/// As [`move_links`].
pub async fn return_links(
    cx: &Cx,
    object: &Object,
    (merged, left): (AnyId, AnyId),
    (job, undos): (Id<kinds::Job>, &[Id<kinds::Job>]),
    since: Timestamp,
) -> Result<(bool, Vec<String>)> {
    let named = |ties: Vec<Tie>| ties.into_iter().map(|tie| (tie.label, tie.id)).collect::<BTreeSet<_>>();
    let done = events_by(cx, object, merged, job, since).await?;
    // What the job has tied to it itself is nothing that it had.
    let tied = named(ties(&done, "linked"));
    let mut had = ties(&done, "unlinked");
    had.retain(|tie| !tied.contains(&(tie.label.clone(), tie.id)));
    if had.is_empty() {
        return Ok((false, Vec::new()));
    }
    // What it got by the job, and what somebody has taken away from it since: undos take away as well.
    let by_undo = |by: Id<kinds::Job>| cx.job == Some(by) || undos.contains(&by);
    let (of_job, others): (Vec<Event>, Vec<Event>) = events_since(cx, object, left, since)
        .await?
        .into_iter()
        .filter(|event| !event.job.is_some_and(by_undo))
        .partition(|event| event.job == Some(job));
    // The same records may have been merged before, and that taken back.
    let others: Vec<Event> = others.into_iter().filter(|event| event.at >= since).collect();
    let (got, taken) = (named(ties(&of_job, "linked")), named(ties(&others, "unlinked")));
    let pair = Pair::find(cx, object, merged, left).await?;
    let (mut returned, mut kept) = (false, Vec::new());
    for tie in &had {
        let name = (tie.label.clone(), tie.id);
        match return_link(cx, &pair, tie, (got.contains(&name), taken.contains(&name))).await? {
            true => returned = true,
            false => kept.push(tie.label.clone()),
        }
    }
    Ok((returned, kept))
}

/// Gives one link back. `false` when it was moved and somebody has taken it away since. Of two merged records that had the
/// same one only one was moved: the one that comes first gets it, and the other one gets its own anew.
async fn return_link(cx: &Cx, pair: &Pair<'_>, had: &Tie, (was_moved, was_taken): (bool, bool)) -> Result<bool> {
    let (merged, left) = (pair.merged.common.id, pair.left.common.id);
    for tries in 1..=MAX_TRIES {
        if stored(cx, pair.object, merged, &had.label, had.id).await?.is_some() {
            return Ok(true);
        }
        let end = End::new(had.object.clone(), had.id);
        let moved = stored(cx, pair.object, left, &had.label, had.id).await?;
        // What is a part of another record by now has no links.
        let other = record_at(cx, &end).await?.filter(|(_, other)| other.common.merged_into.is_none());
        let (Some(other), false) = (other, was_taken && moved.is_none()) else {
            return Ok(false);
        };
        let mut plan = Plan::default();
        let link = match moved.filter(|_| was_moved) {
            Some(moved) => {
                untie(cx, &mut plan, &moved, (pair.object, &pair.left), Some(&other));
                with_end(&moved, left, merged)
            }
            None => had.link(cx, End::new(pair.object.name.clone(), merged)),
        };
        tie(cx, &mut plan, &link, (pair.object, &pair.merged), &other)?;
        if committed(cx, pair.object, &plan).await? {
            return Ok(true);
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("a link kept changing while it was given back"))
}

/// What an event says of a link.
#[derive(Debug, Clone, Deserialize)]
struct Tie {
    object: String,
    id: AnyId,
    label: String,
    direction: Direction,
}

impl Tie {
    /// The link anew, at its other end.
    fn link(&self, cx: &Cx, end: End) -> Link {
        let other = End::new(self.object.clone(), self.id);
        let (from, to) = if self.direction == Direction::Out { (end, other) } else { (other, end) };
        let (created_at, created_by) = (cx.clock.now(), cx.caller.user);
        Link { from, to, label: self.label.clone(), version: 0, created_at, created_by, more: Document::new() }
    }
}

/// The links that events tell of.
fn ties(events: &[Event], verb: &str) -> Vec<Tie> {
    let told = events.iter().filter(|event| event.name.rsplit('.').next() == Some(verb));
    let change = told.filter_map(|event| event.changes.get("link"));
    let of_link = change.map(|change| if verb == "linked" { &change.after } else { &change.before });
    of_link.filter_map(|tie| serde_json::from_value(tie.clone()).ok()).collect()
}

/// A link in the place of another one, with one end instead of the other.
fn with_end(link: &Link, from: AnyId, to: AnyId) -> Link {
    let mut link = Link { version: 0, ..link.clone() };
    for end in [&mut link.from, &mut link.to] {
        if end.id == from {
            end.id = to;
        }
    }
    link
}

/// Plans a link, with its events, between two records that have to be there.
fn tie(cx: &Cx, plan: &mut Plan, link: &Link, one: (&Object, &Record), other: &(Arc<Object>, Record)) -> Result<()> {
    plan.others.link(cx.table.keys(), link)?;
    for (object, record) in [one, (&*other.0, &other.1)] {
        plan.others.require(cx.table.keys(), &object.name, record.common.id);
        tell(cx, plan, object, "linked", record, link);
    }
    Ok(())
}

/// Plans that a link goes, with its events.
fn untie(cx: &Cx, plan: &mut Plan, link: &Link, one: (&Object, &Record), other: Option<&(Arc<Object>, Record)>) {
    plan.others.unlink(cx.table.keys(), link);
    for (object, record) in std::iter::once(one).chain(other.map(|(object, record)| (&**object, record))) {
        tell(cx, plan, object, "unlinked", record, link);
    }
}

async fn stored(cx: &Cx, object: &Object, record: AnyId, label: &str, other: AnyId) -> Result<Option<Link>> {
    cx.table.get(&cx.table.keys().link(&object.name, record, label, other)).await?.map(Link::read).transpose()
}

/// The record at the end of a link, with its object.
async fn record_at(cx: &Cx, end: &End) -> Result<Option<(Arc<Object>, Record)>> {
    let schema = cx.schema().await?;
    let Some(object) = schema.all().find(|object| object.name == end.object).cloned() else { return Ok(None) };
    Ok(find(cx, &object, end.id).await?.map(|record| (object, record)))
}
