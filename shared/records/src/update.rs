//! Changing a record.

use std::collections::BTreeSet;

use events::Document;
use kernel::{AnyId, Conflicting, Error, Result, Version, Violations};
use serde_json::Value;
use table::{Changes, Refused};

use crate::field::CUSTOM;
use crate::guards::move_guards;
use crate::load::{find, load_to_write, parse_owner};
use crate::write::{MAX_TRIES, changes_between, check_size, event, keep_answer, refused, replay, settle};
use crate::{Cx, Object, Record, Verb, Written, references};

/// Applies a JSON Merge Patch. One read and one transaction; a patch that changes nothing writes nothing.
///
/// # Errors
/// Every violation at once; [`Error::Stale`] when `seen` (`If-Match`) is not the stored version, with the fields that
/// the caller wants to change and somebody else has changed since; [`Error::Conflict`] when a unique value is taken.
pub async fn update(cx: &Cx, object: &Object, id: AnyId, patch: &Document, seen: Option<Version>) -> Result<Written> {
    cx.caller.require(object.write)?;
    (object.guard)(&cx.caller, id, Verb::Change, patch)?;
    let mut record = load_to_write(cx, object, id).await?;
    for tries in 1..=MAX_TRIES {
        if seen.is_some_and(|seen| seen != record.common.version) {
            return Err(stale(cx, object, &record, patch, seen.unwrap_or(0)).await?);
        }
        match try_update(cx, object, &record, patch).await? {
            Ok(written) => return Ok(written),
            Err(Refused::Repeated(kept)) => return replay(cx, object, kept).await,
            Err(Refused::Stale(Some(document))) => record = Record::read(object, document)?,
            Err(Refused::Stale(None)) => return Err(Error::not_found(object.name.clone())),
            Err(other) => return Err(refused(object, other)),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("a record kept changing while it was written"))
}

async fn try_update(cx: &Cx, object: &Object, record: &Record, patch: &Document) -> Result<Result<Written, Refused>> {
    if record.common.archived_at.is_some() {
        let detail = format!("this {} is in the trash: restore it first", object.name);
        return Err(Error::WrongState { code: "archived", detail });
    }
    let after = patched(cx, object, record, patch)?;
    let changed = changes_between(Some(record), &after);
    if changed.is_empty() {
        return Ok(settle(cx, Written::of(200, object, record)).await);
    }
    check_size(&after)?;
    let mut changes = Changes::new();
    references::check(cx, &*cx.schema().await?, object, Some(record), &after, &mut changes).await?;
    let written = Written::of(200, object, &after);
    Ok(commit_with(cx, object, "changed", record, &after, written, changes).await)
}

/// Writes the next state of a record: the record, its guards, its event and the kept answer.
pub(crate) async fn commit(
    cx: &Cx,
    object: &Object,
    verb: &str,
    before: &Record,
    after: &Record,
    written: Written,
) -> Result<Written, Refused> {
    commit_with(cx, object, verb, before, after, written, Changes::new()).await
}

/// The same, in one transaction with other changes.
async fn commit_with(
    cx: &Cx,
    object: &Object,
    verb: &str,
    before: &Record,
    after: &Record,
    written: Written,
    mut changes: Changes,
) -> Result<Written, Refused> {
    let keys = cx.table.keys();
    let (id, seen) = (before.common.id, before.common.version);
    changes.replace_record(keys, &object.name, id, after.document(), seen);
    move_guards(cx, &mut changes, object, Some(before), Some(after)).await?;
    let happened = event(cx, object, verb, after, changes_between(Some(before), after));
    changes.event(keys, &object.name, &happened, cx.once.as_ref())?;
    keep_answer(cx, &mut changes, &written);
    cx.commit(&changes).await.map(|_| written)
}

fn patched(cx: &Cx, object: &Object, record: &Record, patch: &Document) -> Result<Record> {
    let mut violations = Violations::new();
    let owner = violations.keep(parse_owner(patch)).flatten();
    let fields = match record.fields.patched(object, patch) {
        Ok(fields) => fields,
        Err(mut others) => {
            others.extend(violations);
            return Err(others.into());
        }
    };
    violations.or(())?;
    let owner_id = owner.unwrap_or(record.common.owner_id);
    let mut after = next(cx, record);
    after.common.owner_id = owner_id;
    after.fields = fields;
    Ok(after)
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
    let rendered = record.rendered(object);
    let wanted = paths(patch);
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

/// The paths of the fields that an input names.
pub(crate) fn paths(input: &Document) -> BTreeSet<String> {
    let custom = input.get(CUSTOM).and_then(Value::as_object).into_iter().flatten();
    let custom = custom.map(|(name, _)| [CUSTOM, name].join("."));
    input.keys().filter(|name| *name != CUSTOM).cloned().chain(custom).collect()
}

/// The record, again, for a verb that has to start over because it met another writer.
pub(crate) async fn reload(cx: &Cx, object: &Object, id: AnyId) -> Result<Record> {
    find(cx, object, id).await?.ok_or(Error::not_found(object.name.clone()))
}
