//! Creating or changing a record by a unique value.

use events::Document;
use kernel::{AnyId, Conflicting, Error, Result, Version};
use serde_json::Value;
use table::Refused;

use crate::create::try_create;
use crate::fields::insert;
use crate::guards::{guarded, holder_of};
use crate::update::update;
use crate::value::as_text;
use crate::write::{MAX_TRIES, refused, replay};
use crate::{Cx, Field, FieldType, Object, Written, normalised, parse_external_id, parse_value};

/// Changes the record that holds a unique value, or creates one with it under `id`. One read and then what
/// [`crate::create()`] or [`crate::update()`] costs.
///
/// # Errors
/// As for those two; [`Error::NotFound`] when the object has no such unique field.
pub async fn upsert(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    (field, value): (&str, &str),
    input: &Document,
    seen: Option<Version>,
) -> Result<Written> {
    cx.caller.require(object.write)?;
    let field = object.field(field).filter(|field| field.unique).ok_or(Error::not_found("unique field"))?;
    if !field.is_key() {
        let detail = "older records are still being looked through for this field's values".to_owned();
        return Err(Error::WrongState { code: "unique_pending", detail });
    }
    let (value, text) = unique_value(field, value)?;
    check_agrees(field, &text, input)?;
    for tries in 1..=MAX_TRIES {
        let outcome = match holder_of(cx, &guarded(object, field), &text).await? {
            Some(holder) => match update(cx, object, holder, input, seen).await {
                // It was put into the trash or erased since it was looked up: the value is free, or somebody else's.
                Err(Error::NotFound { .. } | Error::WrongState { code: "archived", .. }) => continue,
                other => return other,
            },
            // Whoever names a version has seen a record, and there is none.
            None if seen.is_some() => {
                let gone = Conflicting { version: 0, fields: Document::new() };
                return Err(Error::Stale(Box::new(gone)));
            }
            None => try_create(cx, object, id, &with_value(field, &value, input)).await?,
        };
        match outcome {
            Ok(written) => return Ok(written),
            Err(Refused::Repeated(kept)) => return replay(cx, object, kept).await,
            Err(Refused::Taken { field: taken, .. }) if taken == guarded(object, field) => {}
            Err(other) => return Err(refused(object, other)),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("a unique value kept changing hands"))
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
