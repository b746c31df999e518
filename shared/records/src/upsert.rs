//! Creating or changing a record by a unique value.

use events::Document;
use kernel::{AnyId, Error, Result, Version, pointer};
use serde_json::Value;
use table::Refused;

use crate::create::try_create;
use crate::update::update;
use crate::write::{MAX_TRIES, guarded, refused, replay};
use crate::{Cx, Field, Object, Written, normalised, parse_value};

/// Changes the record that holds a unique value, or creates one with it under `id`. One read and then what
/// [`crate::create`] or [`crate::update`] costs.
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
    let field = object.field(field).filter(|field| field.unique).ok_or(Error::NotFound { what: "unique field" })?;
    let value = unique_value(field, value)?;
    let input = with_value(field, &value, input)?;
    for tries in 1..=MAX_TRIES {
        let outcome = match holder(cx, object, field, &value).await? {
            Some(holder) => match update(cx, object, holder, &input, seen).await {
                // It was put into the trash or erased since it was looked up: the value is free, or somebody else's.
                Err(Error::NotFound { .. } | Error::WrongState { code: "archived", .. }) => continue,
                other => return other,
            },
            None => try_create(cx, object, id, &input).await?,
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

fn unique_value(field: &Field, value: &str) -> Result<String> {
    let parsed = parse_value(field, &Value::String(value.to_owned()));
    match parsed {
        Ok(Some(Value::String(value))) => Ok(value),
        Ok(_) => Err(Error::invalid(pointer(field.name), "required", "must have a value")),
        Err(violation) => Err(Error::invalid(violation.pointer, violation.code, violation.detail)),
    }
}

/// The input with the value from the path. If the input names it too, both must mean the same.
fn with_value(field: &Field, value: &str, input: &Document) -> Result<Document> {
    let mut input = input.clone();
    let agrees = match input.get(field.name) {
        None => true,
        Some(named) => parse_value(field, named)
            .ok()
            .flatten()
            .and_then(|named| named.as_str().map(|named| normalised(field, named) == normalised(field, value)))
            .unwrap_or(false),
    };
    if !agrees {
        return Err(Error::invalid(
            pointer(field.name),
            "differs_from_path",
            "must be absent or the value in the path",
        ));
    }
    input.entry(field.name).or_insert_with(|| Value::String(value.to_owned()));
    Ok(input)
}

/// The record that holds a unique value: its guard says so, strongly consistent.
async fn holder(cx: &Cx, object: &Object, field: &Field, value: &str) -> Result<Option<AnyId>> {
    let key = cx.table.keys().unique(&guarded(object, field), &normalised(field, value));
    let guard = cx.table.get(&key).await?;
    Ok(guard.and_then(|guard| guard.get("holder")?.as_str()?.parse().ok()))
}
