//! Changing a record.

use std::collections::BTreeSet;

use auth::Action;
use events::Document;
use kernel::{AnyId, Conflicting, Error, Result, Version, Violations};
use serde_json::Value;

use crate::field::CUSTOM;
use crate::load::{load_for, parse_owner};
use crate::plan::{Plan, carry_out};
use crate::write::{changes_between, check_size, shown};
use crate::{Cx, Object, Record, Verb, Written, references};

/// Applies a JSON Merge Patch. One read and one transaction; a patch that changes nothing writes nothing.
///
/// # Errors
/// Every violation at once; [`Error::Stale`] when `seen` (`If-Match`) is not the stored version, with the fields that
/// the caller wants to change and somebody else has changed since; [`Error::Conflict`] when a unique value is taken.
pub async fn update(cx: &Cx, object: &Object, id: AnyId, patch: &Document, seen: Option<Version>) -> Result<Written> {
    carry_out(cx, object, || async {
        let mut plan = Plan::default();
        let written = plan_change(cx, &mut plan, object, id, patch, seen).await?;
        Ok((plan, written))
    })
    .await
}

/// Adds the change of a record to a plan.
pub(crate) async fn plan_change(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    id: AnyId,
    patch: &Document,
    seen: Option<Version>,
) -> Result<Written> {
    cx.rights.require_any(object, Action::Update)?;
    (object.guard)(&cx.caller, id, Verb::Change, patch)?;
    let record = load_for(cx, plan, object, id, Action::Update).await?;
    if let Some(seen) = seen.filter(|seen| *seen != record.common.version) {
        return Err(stale(cx, object, &record, patch, seen).await?);
    }
    not_in_trash(object, &record)?;
    let after = patched(cx, object, &record, patch)?;
    if changes_between(Some(&record), &after).is_empty() {
        return Ok(Written::of(cx, 200, object, &record));
    }
    check_size(&after)?;
    references::check(cx, plan, object, Some(&record), &after).await?;
    plan.write(cx, object, "changed", Some(&record), &after).await?;
    Ok(Written::of(cx, 200, object, &after))
}

/// Passes if a record is not in the trash.
pub(crate) fn not_in_trash(object: &Object, record: &Record) -> Result<()> {
    if record.common.archived_at.is_none() {
        return Ok(());
    }
    let detail = format!("this {} is in the trash: restore it first", object.name);
    Err(Error::WrongState { code: "archived", detail })
}

/// A record with a patch, as its next version.
pub(crate) fn patched(cx: &Cx, object: &Object, record: &Record, patch: &Document) -> Result<Record> {
    let mut after = next(cx, record);
    after.apply(&cx.rights.as_written(object), patch)?;
    Ok(after)
}

impl Record {
    /// Applies a JSON Merge Patch to what people can write of it.
    ///
    /// # Errors
    /// Every violation at once; nothing is applied then.
    pub fn apply(&mut self, object: &Object, patch: &Document) -> Result<(), Violations> {
        let mut violations = Violations::new();
        let owner = violations.keep(parse_owner(patch)).flatten();
        let fields = match self.fields.patched(object, patch) {
            Ok(fields) => fields,
            Err(mut others) => {
                others.extend(violations);
                return Err(others);
            }
        };
        violations.or(())?;
        self.common.owner_id = owner.unwrap_or(self.common.owner_id);
        self.fields = fields;
        Ok(())
    }
}

/// The record as its next version, written now by the caller.
pub(crate) fn next(cx: &Cx, record: &Record) -> Record {
    let mut next = record.clone();
    next.common.version += 1;
    next.common.updated_at = cx.clock.now();
    next.common.updated_by = cx.caller.user;
    next
}

/// Which of the fields that the caller wants to change somebody else has changed since the version it had seen. Costs
/// a read of the record's newest events, only on this path.
async fn stale(cx: &Cx, object: &Object, record: &Record, patch: &Document, seen: Version) -> Result<Error> {
    let changed = crate::history::fields_changed_since(cx, object, record.common.id, seen).await?;
    let rendered = shown(cx, object, record);
    let mut wanted = paths(patch);
    wanted.retain(|path| seen_by(cx, object, path));
    let value = |path: &str| match path.split_once('.') {
        Some((group, name)) => rendered.get(group)?.get(name).cloned(),
        None => rendered.get(path).cloned(),
    };
    let fields = changed
        .iter()
        .filter(|path| wanted.contains(*path))
        .map(|path| (path.clone(), value(path).unwrap_or(Value::Null)))
        .collect();
    Ok(Error::Stale(Box::new(Conflicting { version: record.common.version, fields })))
}

/// Whether the caller may know of a field.
fn seen_by(cx: &Cx, object: &Object, path: &str) -> bool {
    !cx.rights.hidden().hides_by(&|_| None, object, path)
}

/// The paths of the fields that an input names.
pub(crate) fn paths(input: &Document) -> BTreeSet<String> {
    let custom = input.get(CUSTOM).and_then(Value::as_object).into_iter().flatten();
    let custom = custom.map(|(name, _)| [CUSTOM, name].join("."));
    input.keys().filter(|name| *name != CUSTOM).cloned().chain(custom).collect()
}

/// Passes if the caller has seen the version of a record, or did not say which.
///
/// # Errors
/// [`Error::Stale`].
pub(crate) fn check_seen(record: &Record, seen: Option<Version>) -> Result<()> {
    let version = record.common.version;
    if seen.is_none_or(|seen| seen == version) {
        return Ok(());
    }
    Err(Error::Stale(Box::new(Conflicting { version, fields: Document::new() })))
}
