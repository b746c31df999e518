//! Creating or changing a record by a unique value.

use std::collections::HashSet;

use auth::Action;
use events::Document;
use kernel::{AnyId, Conflicting, Error, Result, Version};
use serde_json::Value;
use table::{Key, Refused};

use crate::access::{Reach, reach};
use crate::create::plan_creation;
use crate::fields::insert;
use crate::guards::{guarded, holder_of, path_of};
use crate::plan::Plan;
use crate::update::plan_change;
use crate::value::as_text;
use crate::write::{MAX_TRIES, refused, replay};
use crate::{Cx, Field, FieldType, Object, Written, normalised, parse_external_id, parse_value};

/// A field with a value that only one record may have, both as a path or a body names them.
pub type Unique<'a> = (&'a str, &'a str);

/// Changes the record that holds a unique value, or creates one with it under `id`. One read and then what
/// [`crate::create()`] or [`crate::update()`] costs.
///
/// # Errors
/// As for those two; [`Error::NotFound`] when the object has no such unique field.
pub async fn upsert(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    unique: Unique<'_>,
    input: &Document,
    seen: Option<Version>,
) -> Result<Written> {
    for tries in 1..=MAX_TRIES {
        let mut plan = Plan::default();
        match plan_upsert(cx, &mut plan, object, id, unique, input, seen).await {
            Ok(written) => match plan.commit(cx, written.kept()).await {
                Ok(_) => return Ok(written),
                Err(Refused::Repeated(kept)) => return replay(cx, object, kept).await,
                Err(Refused::Stale(_) | Refused::Gone { .. }) => {}
                // Somebody else has just created it.
                Err(Refused::Taken { field, .. }) if path_of(&field) == unique.0 => {}
                Err(other) => return Err(refused(object, other)),
            },
            // The holder went between the look at its guard and the look at itself: the value is free, or somebody else's.
            Err(error) if is_gone(&error) && tries < MAX_TRIES => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("a unique value kept changing hands"))
}

/// What is found of a record that held a unique value a moment ago.
fn is_gone(error: &Error) -> bool {
    matches!(error, Error::WrongState { code: "archived" | "merged", .. })
        || matches!(error, Error::NotFound { what } if what == HOLDER)
}

/// The record that holds a unique value, while it is looked for.
const HOLDER: &str = "holder of this value";

/// Adds to a plan the change of the record that holds a unique value, or a new one.
pub(crate) async fn plan_upsert(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    id: AnyId,
    (field, value): Unique<'_>,
    input: &Document,
    seen: Option<Version>,
) -> Result<Written> {
    cx.rights.require_any(object, Action::Create).or_else(|_| cx.rights.require_any(object, Action::Update))?;
    let written = cx.rights.as_written(object);
    let field = key_field(&written, field)?;
    let (value, text) = unique_value(field, value)?;
    check_agrees(field, &text, input)?;
    let guarded = guarded(object, field);
    let holder = match plan.holder(&guarded, &text) {
        Some(holder) => holder,
        None => holder_of(cx, &guarded, &text).await?,
    };
    match holder {
        Some(holder) => {
            let record = plan.find(cx, object, holder).await?.ok_or(Error::not_found(HOLDER))?;
            // Uniqueness tells that there is one; that is all that somebody may know who does not see it.
            if reach(cx, object, &record.common, Action::Read).await? == Reach::Nothing {
                return Err(Error::Conflict { field: field.path.clone() });
            }
            plan_change(cx, plan, object, holder, input, seen).await
        }
        // Whoever names a version has seen a record, and there is none.
        None if seen.is_some() => {
            let gone = Conflicting { version: 0, fields: Document::new() };
            Err(Error::Stale(Box::new(gone)))
        }
        None => plan_creation(cx, plan, object, id, &with_value(field, &value, input)).await,
    }
}

/// The records that hold some unique values, each in the place of its value. One round trip for each hundred of them. What
/// cannot be a value of its field is nobody's.
///
/// # Errors
/// [`Error::NotFound`] when the object has no such unique field; `unique_pending` while older records are still being looked
/// through for its values.
pub async fn holders(cx: &Cx, object: &Object, wanted: &[Unique<'_>]) -> Result<Vec<Option<AnyId>>> {
    let written = cx.rights.as_written(object);
    let mut keys = Vec::with_capacity(wanted.len());
    for (field, value) in wanted {
        let field = key_field(&written, field)?;
        let value = unique_value(field, value).ok();
        keys.push(value.map(|(_, text)| cx.table.keys().unique(&guarded(object, field), &text)));
    }
    let asked: HashSet<&Key> = keys.iter().flatten().collect();
    let held = cx.table.get_each(&asked.into_iter().cloned().collect::<Vec<_>>()).await?;
    let holder = |key: &Key| held.get(key)?.get("holder")?.as_str()?.parse().ok();
    Ok(keys.iter().map(|key| holder(key.as_ref()?)).collect())
}

/// A field by whose values records can be found.
fn key_field<'a>(object: &'a Object, path: &str) -> Result<&'a Field> {
    let field = object.field(path).filter(|field| field.unique).ok_or(Error::not_found("unique field"))?;
    if field.is_key() {
        return Ok(field);
    }
    let detail = "older records are still being looked through for this field's values".to_owned();
    Err(Error::WrongState { code: "unique_pending", detail })
}

fn unique_value(field: &Field, value: &str) -> Result<(Value, String)> {
    let given = match &field.kind {
        FieldType::ExternalId {} => parse_external_id(value)
            .ok_or_else(|| Error::invalid(field.pointer(), "wrong_type", "must be source:key, such as hubspot:42"))?,
        FieldType::Number { .. } => value.parse::<f64>().map(Value::from).unwrap_or_else(|_| value.into()),
        _ => value.into(),
    };
    let kept = parse_value(field, &given, &field.pointer())?;
    let kept = kept.ok_or_else(|| Error::invalid(field.pointer(), "required", "must have a value"))?;
    let text = as_text(&field.kind, &kept).ok_or_else(|| Error::bug("a unique field whose values are no texts"))?;
    Ok((kept, normalised(&field.kind, &text)))
}

/// Passes if the input does not name the value of the path, or means the same by it.
fn check_agrees(field: &Field, value: &str, input: &Document) -> Result<()> {
    let Some(named) = field.named(input) else { return Ok(()) };
    let named = parse_value(field, named, &field.pointer()).ok().flatten();
    let named = named.and_then(|named| as_text(&field.kind, &named));
    if named.is_some_and(|named| normalised(&field.kind, &named) == value) {
        return Ok(());
    }
    Err(Error::invalid(field.pointer(), "differs_from_path", "must be absent or the value in the path"))
}

/// The input of a new record: the value from the path is its own. A record that exists keeps its own spelling.
fn with_value(field: &Field, value: &Value, input: &Document) -> Document {
    let mut input = input.clone();
    if field.named(&input).is_none() {
        insert(&mut input, &field.path, value.clone());
    }
    input
}
