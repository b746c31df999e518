//! Taking a merge back.

mod follow;

use std::collections::{BTreeMap, BTreeSet};

use auth::Action;
use events::{Event, FieldChange};
use kernel::{AnyId, Error, Id, Result, Version, kinds};
use serde::Deserialize;
use serde_json::{Value, json};
use table::{Changes, Committed, Refused};

use self::follow::follow_merges;
use crate::access::require;
use crate::guards::{held, holder_of, path_of};
use crate::job::{JOB, JobKind};
use crate::load::{find, visible};
use crate::merge::{MERGED_FROM, OWNER};
use crate::plan::Plan;
use crate::update::next;
use crate::value::{as_text, coerce, normalised};
use crate::write::{MAX_TRIES, changes_between, refused};
use crate::{Cx, Field, Object, Record, Written, references};

/// What became of a merge that was taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmerged {
    /// The winner, without what nobody has changed since.
    pub winner: Written,
    /// The records that are there again.
    pub restored: Vec<Written>,
    /// What could not be as it was before.
    pub kept: Vec<Kept>,
    /// Records that are not there any more.
    pub missing: Vec<AnyId>,
}

/// A value that is not as it was before a merge.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The record.
    pub record: AnyId,
    /// The path of the field.
    pub path: String,
    /// What it has now: of the winner what somebody has said since, or what the merge has made of it where what it had is
    /// gone or somebody else's by now; of another record nothing, since its unique value is somebody else's by now; of any of
    /// them the record that what it referred to has become part of.
    pub value: Value,
    /// What it had before; of the winner nothing where one of the others was erased, since nobody knows any more.
    pub before: Value,
}

/// What a merge's job was asked for.
#[derive(Debug, Clone, Deserialize)]
struct Input {
    winner: AnyId,
    others: Vec<Loser>,
    event: Id<kinds::Event>,
}

#[derive(Debug, Clone, Deserialize)]
struct Loser {
    id: AnyId,
    version: Version,
}

/// Takes the merge of a job back, in one transaction: the records that were merged into the winner are there again, and
/// the winner has what it had before in every field that nobody has changed since.
///
/// What was changed stays, as does what cannot be had again, and is reported. What the job has made refer to the winner is
/// not looked at.
///
/// # Errors
/// [`Error::NotFound`] when there is no such merge, or its winner is not there any more; [`Error::WrongState`] when it was
/// taken back before, or the winner has become part of another record since.
pub async fn unmerge(cx: &Cx, job: Id<kinds::Job>) -> Result<Unmerged> {
    unmerge_with(cx, job, |_, _| Ok(())).await
}

/// The same; `beside` adds what is to be written in the same transaction, such as that it was done.
///
/// # Errors
/// As [`unmerge`], and those of `beside`.
pub async fn unmerge_with(
    cx: &Cx,
    job: Id<kinds::Job>,
    beside: impl Fn(&Unmerged, &mut Changes) -> Result<()>,
) -> Result<Unmerged> {
    let job = visible(cx, &*cx.object(JOB).await?, job.erase()).await?;
    let input = job.fields.get("input").filter(|_| job.fields.text("kind") == Some(JobKind::Merge.as_str()));
    let input = input.ok_or_else(|| Error::not_found("merge"))?;
    let input: Input = serde_json::from_value(input.clone()).map_err(Error::unreadable("job"))?;
    let object = cx.object(job.fields.text("of").unwrap_or_default()).await?;
    cx.rights.require_any(&object, Action::Merge)?;
    for tries in 1..=MAX_TRIES {
        let (mut plan, unmerged) = plan_unmerge(cx, &object, &input).await?;
        beside(&unmerged, &mut plan.others)?;
        match cx.commit(&plan.changes(cx)?).await {
            Ok(Committed) => return Ok(unmerged),
            // Whoever took a unique value meanwhile keeps it.
            Err(Refused::Stale(_) | Refused::Gone { .. } | Refused::Taken { .. }) => {}
            Err(other) => return Err(refused(&object, other)),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("records kept changing while their merge was taken back"))
}

/// A merge as it is found: what is there of it, and what it has changed.
struct Found {
    winner: Record,
    event: Event,
    /// The records that are as the merge has left them.
    losers: Vec<Record>,
    /// The ids of those that are not there any more.
    missing: Vec<AnyId>,
}

async fn plan_unmerge(cx: &Cx, object: &Object, input: &Input) -> Result<(Plan, Unmerged)> {
    let found = find_merge(cx, object, input).await?;
    let mut stays = BTreeSet::new();
    loop {
        let mut plan = Plan::default();
        let (unmerged, after) = found.plan(cx, &mut plan, object, &stays).await?;
        // Only now it is planned that the others are there again, which the winner may have referred to.
        let refused = refused_references(cx, &mut plan, object, &found.winner, &after).await?;
        let known = stays.len();
        stays.extend(refused);
        if stays.len() == known {
            return Ok((plan, unmerged));
        }
    }
}

async fn find_merge(cx: &Cx, object: &Object, input: &Input) -> Result<Found> {
    let winner = find(cx, object, input.winner).await?.ok_or_else(|| Error::not_found(object.name.clone()))?;
    require(cx, object, &winner, Action::Merge).await?;
    if let Some(into) = winner.common.merged_into {
        let detail = format!("this {} was merged into {into} since: take that back first", object.name);
        return Err(Error::WrongState { code: "merged_since", detail });
    }
    let (losers, missing) = losers(cx, object, input).await?;
    if losers.is_empty() {
        let detail = "this merge was taken back before, or nothing is left of what it merged".to_owned();
        return Err(Error::WrongState { code: "undone", detail });
    }
    let event = event(cx, object, input).await?;
    Ok(Found { winner, event, losers, missing })
}

impl Found {
    /// Plans all records as they were, but for what has to stay: some of the winner's fields, and what others hold by now.
    /// Answers the winner as it will be as well.
    async fn plan(
        &self,
        cx: &Cx,
        plan: &mut Plan,
        object: &Object,
        stays: &BTreeSet<String>,
    ) -> Result<(Unmerged, Record)> {
        let Self { winner, event, losers, missing } = self;
        let (mut kept, mut restored) = (Vec::new(), Vec::new());
        let mut again: Vec<Record> = losers.iter().map(|loser| restored_to_itself(cx, loser)).collect();
        let mut after = match event.salt {
            Some(_) => taken_back(cx, object, winner, event, stays, &mut kept),
            None => left_as_it_is(cx, object, winner, &again, &mut kept),
        };
        leave_lost(cx, object, winner, &again, &mut after, &mut kept).await?;
        let mut all: Vec<&mut Record> = again.iter_mut().chain([&mut after]).collect();
        follow_merges(cx, object, &mut all, &mut kept).await?;
        let ids: Vec<AnyId> = losers.iter().map(|loser| loser.common.id).collect();
        let mut changes = changes_between(Some(winner), &after);
        changes.insert(MERGED_FROM.to_owned(), FieldChange { before: json!(ids), after: Value::Null });
        plan.write_as(cx, object, "unmerged", Some(winner), &after, changes).await?;
        for (loser, again) in losers.iter().zip(&mut again) {
            give_up_taken(cx, plan, object, again, &mut kept).await?;
            plan.write(cx, object, "unmerged", Some(loser), again).await?;
            restored.push(Written::of(cx, 200, object, again));
        }
        let unmerged =
            Unmerged { winner: Written::of(cx, 200, object, &after), restored, kept, missing: missing.clone() };
        Ok((unmerged, after))
    }
}

/// A merged record as it is when it is no part of another one.
fn restored_to_itself(cx: &Cx, loser: &Record) -> Record {
    let mut again = next(cx, loser);
    again.common.archived_at = None;
    again.common.merged_into = None;
    again
}

/// The paths of those fields that the winner cannot have back: what they referred to is gone or in the trash, or the record
/// would stand above itself. Whoever takes a merge back need not see what it referred to.
async fn refused_references(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    winner: &Record,
    after: &Record,
) -> Result<Vec<String>> {
    let violations = match references::check(&cx.as_admin(), plan, object, Some(winner), after).await {
        Ok(()) => return Ok(Vec::new()),
        Err(Error::Invalid(violations)) => violations,
        Err(other) => return Err(other),
    };
    let is_at = |pointer: &str, field: &str| {
        pointer.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let path = |pointer: &str| match object.live().find(|field| is_at(pointer, &field.pointer())) {
        Some(field) => field.path.clone(),
        None => OWNER.to_owned(),
    };
    Ok(violations.iter().map(|violation| path(&violation.pointer)).collect())
}

/// The records that are as the merge has left them, and the ids of those that are not there any more.
async fn losers(cx: &Cx, object: &Object, input: &Input) -> Result<(Vec<Record>, Vec<AnyId>)> {
    let keys: Vec<_> = input.others.iter().map(|loser| cx.table.keys().record(&object.name, loser.id)).collect();
    let mut found = BTreeMap::new();
    for document in cx.table.get_many(&keys).await? {
        let record = Record::read(object, document)?;
        found.insert(record.common.id, record);
    }
    let (mut losers, mut missing) = (Vec::new(), Vec::new());
    for loser in &input.others {
        match found.remove(&loser.id) {
            Some(record) if record.common.version == loser.version => {
                require(cx, object, &record, Action::Merge).await?;
                losers.push(record);
            }
            // It was taken back, and perhaps merged again: by another merge.
            Some(_) => {}
            None => missing.push(loser.id),
        }
    }
    Ok((losers, missing))
}

/// The winner's event, which has what its fields were before.
async fn event(cx: &Cx, object: &Object, input: &Input) -> Result<Event> {
    let key = cx.table.keys().event(&object.name, input.winner, input.event);
    let document = cx.table.get(&key).await?.ok_or_else(|| Error::not_found("event"))?;
    serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("event"))
}

/// The winner with what it had before in every field that is as the merge has left it, but for those that have to stay.
fn taken_back(
    cx: &Cx,
    object: &Object,
    winner: &Record,
    event: &Event,
    stays: &BTreeSet<String>,
    kept: &mut Vec<Kept>,
) -> Record {
    let mut after = next(cx, winner);
    for (path, change) in event.changes.iter().filter(|(path, _)| *path != MERGED_FROM) {
        let stays = stays.contains(path);
        if path == OWNER {
            let owner = |value: &Value| value.as_str().and_then(|id| id.parse().ok());
            match winner.common.owner_id == owner(&change.after) && !stays {
                true => after.common.owner_id = owner(&change.before),
                false => kept.push(left(winner, path, json!(winner.common.owner_id), &change.before)),
            }
            continue;
        }
        // A field that was given up since has no value that could be taken back.
        let Some(field) = object.field(path) else { continue };
        let then = |value: &Value| coerce(&field.kind, value);
        let now = winner.fields.get(path);
        if now == then(&change.after).as_ref() && !stays {
            after.fields.set(path, then(&change.before));
        } else {
            kept.push(left(winner, path, now.cloned().unwrap_or_default(), &change.before));
        }
    }
    after
}

/// The winner with all that it has, since one of the others was erased and nobody knows any more what it had before; but not
/// with unique values of the others: while they were there it cannot have had those.
fn left_as_it_is(cx: &Cx, object: &Object, winner: &Record, restored: &[Record], kept: &mut Vec<Kept>) -> Record {
    let (mut after, now) = (next(cx, winner), cx.clock.now());
    let takes = |field: &Field| field.takes_guards(now);
    for (guarded, value) in restored.iter().flat_map(|record| held(object, record, takes).into_keys()) {
        give_up(object, &mut after, path_of(&guarded), &value, &mut Vec::new());
    }
    kept.extend(all_of(object, &after));
    after
}

/// Everything that a record has.
fn all_of(object: &Object, record: &Record) -> Vec<Kept> {
    let owner = record.common.owner_id.map(|owner| (OWNER, json!(owner)));
    let value = |field: &'_ Field| record.fields.get(&field.path).cloned();
    let fields = object.stored().filter_map(|field| Some((field.path.as_str(), value(field)?)));
    owner.into_iter().chain(fields).map(|(path, value)| left(record, path, value, &Value::Null)).collect()
}

/// Takes those unique values out of the winner that it would get back and that another record holds by now. It keeps what it
/// has instead, unless that goes back to one of the records that are restored.
async fn leave_lost(
    cx: &Cx,
    object: &Object,
    winner: &Record,
    restored: &[Record],
    after: &mut Record,
    kept: &mut Vec<Kept>,
) -> Result<()> {
    let now = cx.clock.now();
    let takes = |field: &Field| field.takes_guards(now);
    let has = held(object, winner, takes);
    for guard in held(object, after, takes).into_keys().filter(|guard| !has.contains_key(guard)) {
        let (guarded, value) = &guard;
        if holder_of(cx, guarded, value).await?.is_none_or(|holder| holder == winner.common.id) {
            continue;
        }
        let path = path_of(guarded);
        let (had, known) = (after.fields.get(path).cloned(), kept.len());
        give_up(object, after, path, value, kept);
        let is_lost = had.is_some() && after.fields.get(path).is_none();
        let present = winner.fields.get(path).filter(|_| is_lost).zip(object.field(path));
        let Some((present, text)) = present.and_then(|(value, field)| Some((value, text_of(field, value)?))) else {
            continue;
        };
        let present_guard = (guarded.clone(), text);
        if restored.iter().any(|record| held(object, record, takes).contains_key(&present_guard)) {
            continue;
        }
        after.fields.set(path, Some(present.clone()));
        for kept in kept.iter_mut().skip(known).filter(|kept| kept.path == path) {
            kept.value = present.clone();
        }
    }
    Ok(())
}

/// What is compared of a unique value.
fn text_of(field: &Field, value: &Value) -> Option<String> {
    as_text(&field.kind, value).map(|text| normalised(&field.kind, &text))
}

fn left(record: &Record, path: &str, value: Value, before: &Value) -> Kept {
    Kept { record: record.common.id, path: path.to_owned(), value, before: before.clone() }
}

/// Takes those unique values out of a record that another one holds by now.
async fn give_up_taken(cx: &Cx, plan: &Plan, object: &Object, record: &mut Record, kept: &mut Vec<Kept>) -> Result<()> {
    let now = cx.clock.now();
    for (guarded, value) in held(object, record, |field| field.takes_guards(now)).into_keys() {
        let holder = match plan.holder(&guarded, &value) {
            Some(planned) => planned,
            None => holder_of(cx, &guarded, &value).await?,
        };
        if holder.is_none_or(|holder| holder == record.common.id) {
            continue;
        }
        give_up(object, record, path_of(&guarded), &value, kept);
    }
    Ok(())
}

/// Takes a unique value out of the field that it is unique in, and out of the lists that are unique together with it.
fn give_up(object: &Object, record: &mut Record, path: &str, value: &str, kept: &mut Vec<Kept>) {
    let Some(unique) = object.field(path) else { return };
    let is_it = |text: &str| normalised(&unique.kind, text) == value;
    if let Some(had) = record.fields.get(path).cloned()
        && as_text(&unique.kind, &had).is_some_and(|text| is_it(&text))
    {
        record.fields.set(path, None);
        kept.push(left(record, path, Value::Null, &had));
    }
    for list in object.live() {
        let Some((_, member)) = list.unique_with.filter(|(with, _)| *with == path) else { continue };
        let Some(Value::Array(had)) = record.fields.get(&list.path).cloned() else { continue };
        let has_it = |item: &Value| item.get(member).and_then(Value::as_str).is_some_and(is_it);
        let rest: Vec<Value> = had.iter().filter(|item| !has_it(item)).cloned().collect();
        if rest.len() < had.len() {
            let now = if rest.is_empty() { None } else { Some(Value::Array(rest)) };
            record.fields.set(&list.path, now.clone());
            kept.push(left(record, &list.path, now.unwrap_or_default(), &Value::Array(had)));
        }
    }
}
