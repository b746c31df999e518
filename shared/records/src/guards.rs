//! Guards: the items of the table that say which record holds a unique value.
//!
//! They are written in the transaction of the record, so of two who want the same value one is refused. A field that becomes
//! unique has records from before, and processes that do not know it yet ([`SCHEMA_MS`]); it gets there in four steps:
//!
//! 1. The definition says so ([`crate::Guards::Building`]). Until everybody knows, guards are given back and not taken: one that is
//!    taken by a process that knows could be left behind by one that does not.
//! 2. After [`SETTLE_MS`] everybody knows, and who writes a value takes its guard.
//! 3. A job gives the guards to records from before ([`build_guards`]), and finds out who has the same value.
//! 4. The definition says that it is done. From then on a record can be found by the value.
//!
//! A field that is unique no more goes the other way: nobody takes guards any more, who writes gives back what is left, and
//! a job removes the rest ([`clear_guards`]).

use std::collections::BTreeMap;

use kernel::{AnyId, Error, Result, Timestamp};
use serde_json::Value;
use table::{Changes, Refused};

use crate::schemas::SCHEMA_MS;
use crate::value::{as_text, coerce, normalised};
use crate::write::{MAX_TRIES, refused};
use crate::{Cx, Field, Object, Record};

/// How long after a change of a field's uniqueness everybody knows of it, in milliseconds: the age of the oldest schema that
/// is used, and the longest request that was begun with it.
pub const SETTLE_MS: i64 = SCHEMA_MS + 30_000;

/// Guards by field (`contact.email`) and value, each with whether the record surely holds it
/// ([`Field::has_certain_guards`]).
pub(crate) type Held = BTreeMap<(String, String), bool>;

impl Field {
    /// From when on everybody takes or leaves its guards as its definition says: the time at which the work on guards of
    /// older records can begin. `None` when there is no such work.
    #[must_use]
    pub fn settles_at(&self) -> Option<Timestamp> {
        let since = self.guards_since.filter(|_| !self.guards.is_settled());
        since.map(|since| since.plus_millis(SETTLE_MS))
    }

    /// Whether who writes a value takes its guard.
    pub(crate) fn takes_guards(&self, now: Timestamp) -> bool {
        self.unique && self.settles_at().is_none_or(|at| at <= now)
    }

    /// Whether every record with a value holds its guard. A company's field that has become unique may have values from
    /// processes that did not know it yet: who gives back what it may not hold looks first.
    const fn has_certain_guards(&self) -> bool {
        self.guards.is_settled() && self.guards_since.is_none()
    }

    /// Whether who takes a value away gives its guard back, if there is one.
    pub(crate) const fn gives_guards_back(&self) -> bool {
        self.unique || !self.guards.is_settled()
    }
}

/// What a unique field is called in its guards: `contact.email`.
pub(crate) fn guarded(object: &Object, field: &Field) -> String {
    [object.name.as_str(), &field.path].join(".")
}

/// The path of the field that guards call so.
pub(crate) fn path_of(guarded: &str) -> &str {
    guarded.split_once('.').map_or(guarded, |(_, path)| path)
}

/// The unique values of a record in some of its fields: none while it is in the trash or has become part of another, so that
/// they can be used again. A field that was given up keeps its guards: its values come back with it.
pub(crate) fn held(object: &Object, record: &Record, wanted: impl Fn(&Field) -> bool) -> Held {
    let mut held = Held::new();
    if record.common.archived_at.is_some() || record.common.merged_into.is_some() {
        return held;
    }
    for field in &object.fields {
        if wanted(field)
            && let Some(value) = value_of(field, record)
            && let Some(text) = as_text(&field.kind, &value)
        {
            held.insert((guarded(object, field), normalised(&field.kind, &text)), field.has_certain_guards());
        }
        if let (Some((with, member)), Some(Value::Array(items))) = (field.unique_with, record.fields.get(&field.path))
            && let Some(with) = object.field(with).filter(|with| wanted(with))
        {
            let values = items.iter().filter_map(|item| item.get(member)?.as_str());
            held.extend(
                values.map(|value| ((guarded(object, with), normalised(&with.kind, value)), with.has_certain_guards())),
            );
        }
    }
    held
}

fn value_of(field: &Field, record: &Record) -> Option<Value> {
    let described = record.fields.get(&field.path).cloned();
    let given_up = || record.other.iter().find(|(path, _)| *path == field.path);
    described.or_else(|| coerce(&field.kind, &given_up()?.1))
}

/// The record that holds a unique value, strongly consistent.
pub(crate) async fn holder_of(cx: &Cx, guarded: &str, value: &str) -> Result<Option<AnyId>> {
    let guard = cx.table.get(&cx.table.keys().unique(guarded, value)).await?;
    Ok(guard.and_then(|guard| guard.get("holder")?.as_str()?.parse().ok()))
}

/// What came of making or removing guards of some records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuardReport {
    /// How many of the records have a value whose guard is as it should be now.
    pub settled: u64,
    /// The records that have a value which another one has as well, with the one that holds it.
    pub conflicts: Vec<(AnyId, Option<AnyId>)>,
    /// The records that cannot be read: what is stored is not in the form in which it is written.
    pub unreadable: Vec<AnyId>,
}

/// Gives records the guards of their values in a field that has become unique ([`crate::Guards::Building`]), from
/// [`Field::settles_at`] on.
///
/// Doing it again does nothing. One round trip for all of them, and two or three for each that has a value.
///
/// # Errors
/// When the table does not answer.
pub async fn build_guards(cx: &Cx, object: &Object, field: &Field, ids: &[AnyId]) -> Result<GuardReport> {
    each_record(cx, object, field, ids, Work::Build).await
}

/// Takes the guards of a field that is unique no more ([`crate::Guards::Clearing`]) from records, from [`Field::settles_at`] on.
/// Doing it again does nothing. It costs what [`build_guards`] does.
///
/// # Errors
/// When the table does not answer.
pub async fn clear_guards(cx: &Cx, object: &Object, field: &Field, ids: &[AnyId]) -> Result<GuardReport> {
    each_record(cx, object, field, ids, Work::Clear).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Build,
    Clear,
}

async fn each_record(cx: &Cx, object: &Object, field: &Field, ids: &[AnyId], work: Work) -> Result<GuardReport> {
    let keys: Vec<_> = ids.iter().map(|id| cx.table.keys().record(&object.name, *id)).collect();
    let mut report = GuardReport::default();
    for document in cx.table.get_many(&keys).await? {
        let stored = document.get("id").and_then(|id| id.as_str()?.parse().ok());
        let record = match (Record::read(object, document), stored) {
            (Ok(record), _) => record,
            // The others are none the worse for it.
            (Err(Error::Bug { .. }), Some(id)) => {
                report.unreadable.push(id);
                continue;
            }
            (Err(error), _) => return Err(error),
        };
        let id = record.common.id;
        match one_record(cx, object, field, record, work).await? {
            One::Nothing => {}
            One::Settled => report.settled += 1,
            One::Taken(by) => report.conflicts.push((id, by)),
        }
    }
    Ok(report)
}

enum One {
    /// There is no value.
    Nothing,
    /// The guard is as it should be.
    Settled,
    /// Another record holds the value.
    Taken(Option<AnyId>),
}

async fn one_record(cx: &Cx, object: &Object, field: &Field, mut record: Record, work: Work) -> Result<One> {
    let (keys, id) = (cx.table.keys(), record.common.id);
    for tries in 1..=MAX_TRIES {
        let held = held(object, &record, |known| known.path == field.path);
        let Some((guarded, value)) = held.into_keys().next() else { return Ok(One::Nothing) };
        let mine = holder_of(cx, &guarded, &value).await? == Some(id);
        let mut changes = Changes::new();
        match work {
            Work::Build if mine => return Ok(One::Settled),
            Work::Clear if !mine => return Ok(One::Settled),
            Work::Build => changes.take(keys, &guarded, &value, id),
            Work::Clear => changes.release(keys, &guarded, &value, id),
        }
        changes.require_version(keys.record(&object.name, id), record.common.version);
        match cx.commit(&changes).await {
            Ok(_) => return Ok(One::Settled),
            Err(Refused::Taken { holder, .. }) => return Ok(One::Taken(holder)),
            Err(Refused::Stale(Some(document))) => record = Record::read(object, document)?,
            Err(Refused::Stale(None)) => return Ok(One::Nothing),
            Err(other) => return Err(refused(object, other)),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("a record kept changing while its guards were made"))
}
