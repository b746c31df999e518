//! Making one record out of several: the winner stays, the others go to the trash for good and lead to it.
//!
//! One transaction writes the winner, the others, the guards of what moves, an event under each, and a job. The job then
//! makes everything that refers to the others, or is linked with them, refer to the winner.

mod combine;

use std::collections::BTreeMap;

use auth::Action;
use events::FieldChange;
use kernel::{AnyId, Error, Id, Result, Version, Violations, kinds};
use serde_json::{Value, json};
use table::{Committed, KeptAnswer, Refused};

pub(crate) use self::combine::OWNER;
use self::combine::{Candidates, Combined, at};
pub use self::combine::{MAX_MERGED, Merge};
use crate::access::{Reach, reaches};
use crate::job::{Job, JobKind};
use crate::load::{find, load_for};
use crate::plan::Plan;
use crate::references::{self, Above, Line};
use crate::update::{check_seen, next, not_in_trash};
use crate::write::{MAX_TRIES, as_it_is, changes_between, check_size, earlier, refused};
use crate::{Cx, Object, Record, Written};

/// What a merge's events say beside the changes: which records became part of the winner.
pub(crate) const MERGED_FROM: &str = "merged_from";

/// The ids in what an event says of a merge: one, or a list of them.
pub(crate) fn ids_in(value: &Value) -> impl Iterator<Item = AnyId> {
    let one = std::slice::from_ref(value);
    value.as_array().map_or(one, Vec::as_slice).iter().filter_map(|id| id.as_str()?.parse().ok())
}

/// What a merge answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Merged {
    /// The winner.
    pub written: Written,
    /// The records that became part of it, with their versions now.
    pub others: Vec<(AnyId, Version)>,
    /// The job that makes everything refer to the winner. Its input has `winner`, `others` (each with `id` and `version`)
    /// and `event`, the winner's event.
    pub job: Id<kinds::Job>,
}

/// Merges up to [`MAX_MERGED`] records of an object into another one. It takes writing all of them.
///
/// Two batch reads and one transaction; one read more for each record above the winner where records stand below each
/// other.
///
/// # Errors
/// Every violation at once; [`Error::Stale`] when `seen` (`If-Match`) is not the winner's stored version;
/// [`Error::WrongState`] when the winner is in the trash; [`Error::Invalid`] when it would take more than one transaction.
pub async fn merge(cx: &Cx, object: &Object, winner: AnyId, merge: &Merge, seen: Option<Version>) -> Result<Merged> {
    let outcome = try_merge(cx, object, winner, merge, seen).await;
    let Err(error) = outcome else { return outcome };
    match earlier(cx, &error).await? {
        Some(kept) => replay(cx, object, kept).await,
        None => Err(error),
    }
}

async fn try_merge(cx: &Cx, object: &Object, winner: AnyId, merge: &Merge, seen: Option<Version>) -> Result<Merged> {
    for tries in 1..=MAX_TRIES {
        let mut plan = Plan::default();
        let merged = plan_merge(cx, &mut plan, object, winner, merge, seen).await?;
        match plan.commit(cx, merged.kept()).await {
            Ok(Committed) => return Ok(merged),
            Err(Refused::Repeated(kept)) => return replay(cx, object, kept).await,
            Err(Refused::Stale(_) | Refused::Gone { .. }) => {}
            Err(other) => return Err(refused(object, other)),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("records kept changing while they were merged"))
}

async fn plan_merge(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    winner: AnyId,
    merge: &Merge,
    seen: Option<Version>,
) -> Result<Merged> {
    let before = load_for(cx, plan, object, winner, Action::Merge).await?;
    check_seen(&before, seen)?;
    not_in_trash(object, &before)?;
    let others = others(cx, object, winner, &merge.others).await?;
    let combined = merge.combine(object, &cx.rights.as_written(object), &before, &others)?;
    let after = settled(cx, plan, object, &before, &others, combined).await?;
    check_size(&after)?;
    let ids: Vec<AnyId> = others.iter().map(|other| other.common.id).collect();
    let mut changes = changes_between(Some(&before), &after);
    changes.insert(MERGED_FROM.to_owned(), FieldChange { before: Value::Null, after: json!(ids) });
    let mut losers = Vec::new();
    for other in &others {
        let mut loser = next(cx, other);
        loser.common.archived_at = Some(cx.clock.now());
        loser.common.merged_into = Some(winner);
        plan.write(cx, object, "merged_away", Some(other), &loser).await?;
        losers.push((loser.common.id, loser.common.version));
    }
    let event = plan.write_as(cx, object, "merged", Some(&before), &after, changes).await?;
    let others: Vec<Value> = losers.iter().map(|(id, version)| json!({ "id": id, "version": version })).collect();
    let input = json!({ "winner": winner, "others": others, "event": event });
    let input = input.as_object().cloned().unwrap_or_default();
    let job = Job::new(cx, JobKind::Merge, Some(&object.name), Some(winner), input);
    job.create(cx, &mut plan.others)?;
    Ok(Merged { written: Written::of(cx, 200, object, &after), others: losers, job: job.id()? })
}

/// The records that are to become part of the winner, in the order in which they were named: all there, none in the
/// trash, all to be written by the caller.
async fn others(cx: &Cx, object: &Object, winner: AnyId, ids: &[AnyId]) -> Result<Vec<Record>> {
    let keys: Vec<_> = ids
        .iter()
        .filter(|id| id.prefix() == object.prefix && **id != winner)
        .map(|id| cx.table.keys().record(&object.name, *id))
        .collect();
    let mut found = BTreeMap::new();
    for document in cx.table.get_many(&keys).await? {
        let record = Record::read(object, document)?;
        found.insert(record.common.id, record);
    }
    let asked: Vec<_> = found.values().map(|record| (object, &record.common)).collect();
    let reached: BTreeMap<AnyId, Reach> =
        found.keys().copied().zip(reaches(cx, &asked, Action::Merge).await?).collect();
    let mut violations = Violations::new();
    let mut others = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let mut refuse = |code, detail: String| violations.add(format!("/others/{index}"), code, detail);
        let reach = reached.get(id).copied().unwrap_or(Reach::Nothing);
        match found.remove(id).filter(|_| reach != Reach::Nothing) {
            None if *id == winner => refuse("merged_with_itself", "must be another record".to_owned()),
            None => refuse("unknown_record", format!("must be a {} of this workspace", object.name)),
            Some(_) if reach == Reach::Read => {
                return Err(Error::denied("one of these records is somebody else's, and yours to look at only"));
            }
            Some(record) => match (record.common.merged_into, record.common.archived_at) {
                (Some(into), _) => refuse("merged", format!("was merged into {into}")),
                (None, Some(_)) => refuse("archived", "is in the trash: restore it first".to_owned()),
                (None, None) => others.push(record),
            },
        }
    }
    violations.or(others).map_err(Error::from)
}

/// The winner as it will be, with those values that only the table can judge.
async fn settled(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    before: &Record,
    others: &[Record],
    combined: Combined,
) -> Result<Record> {
    let Combined { fields, owner_id, lines, said } = combined;
    let mut after = next(cx, before);
    after.common.owner_id = owner_id;
    after.fields = fields;
    let merged: Vec<AnyId> = std::iter::once(before).chain(others).map(|record| record.common.id).collect();
    let mut violations = Violations::new();
    for Candidates { path, values, chosen } in lines {
        let value = above(cx, plan, object, &path, &values, &merged).await?;
        if value.is_none() && chosen {
            violations.add(at(&path), "cycle", "must be a record that is not one of these or below one of them");
        }
        after.fields.set(&path, value.map(|id| id.to_string().into()));
    }
    violations.or(())?;
    // What one of the records had is taken over as it is; what somebody says now is judged.
    let mut taken_over = after.clone();
    for path in said.iter().map(String::as_str) {
        match path {
            OWNER => taken_over.common.owner_id = None,
            path => taken_over.fields.set(path, None),
        }
    }
    references::check(cx, plan, object, Some(&taken_over), &after).await.map_err(|error| placed(object, error))?;
    Ok(after)
}

/// The first of some records that may stand above what several records become.
async fn above(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    path: &str,
    values: &[AnyId],
    merged: &[AnyId],
) -> Result<Option<AnyId>> {
    for id in values {
        let Some(mut first) = find(cx, object, *id).await? else { continue };
        let line = Line { object, path, ends: merged };
        if line.above(cx, plan, &first).await? != Above::Clear {
            continue;
        }
        // What was merged meanwhile is referred to as what it is part of now. The line was not endless, so neither is this.
        while let Some(into) = first.common.merged_into {
            let Some(next) = find(cx, object, into).await? else { break };
            first = next;
        }
        return Ok(Some(first.common.id));
    }
    Ok(None)
}

/// A violation of a field as one of the choice for it.
fn placed(object: &Object, error: Error) -> Error {
    let Error::Invalid(found) = error else { return error };
    let mut placed = Violations::new();
    for violation in found.iter() {
        let of_field = object.live().find_map(|field| {
            let rest = violation.pointer.strip_prefix(&field.pointer())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| at(&field.path) + "/value" + rest)
        });
        let pointer = of_field.unwrap_or_else(|| at(OWNER) + "/value");
        placed.add(pointer, violation.code, violation.detail.clone());
    }
    Error::Invalid(placed)
}

impl Merged {
    /// What is kept for a repetition: never the record itself, which is answered as it is then.
    fn kept(&self) -> KeptAnswer {
        let others: Vec<Value> = self.others.iter().map(|(id, version)| json!([id, version])).collect();
        let document = json!({ "job": self.job, "others": others });
        let Written { status, id, version, .. } = self.written;
        KeptAnswer { status, id, version, document: document.as_object().cloned() }
    }
}

async fn replay(cx: &Cx, object: &Object, kept: KeptAnswer) -> Result<Merged> {
    let document = kept.document.unwrap_or_default();
    let unreadable = || Error::unreadable("kept answer")(());
    let job = document.get("job").and_then(|job| job.as_str()?.parse().ok()).ok_or_else(unreadable)?;
    let others: Vec<(AnyId, Version)> =
        serde_json::from_value(document.get("others").cloned().unwrap_or_default()).map_err(|_| unreadable())?;
    let document = Some(crate::write::shown(cx, object, &as_it_is(cx, object, kept.id).await?));
    let written = Written { status: kept.status, id: kept.id, version: kept.version, document, replayed: true };
    Ok(Merged { written, others, job })
}
