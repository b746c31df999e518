//! What lists of a record get besides what they have.

use std::collections::BTreeMap;

use events::Document;
use serde_json::Value;

use crate::fields::insert;
use crate::value::normalised;
use crate::{Field, FieldType, Object, Record, parse_value};

/// What tells nothing about which item it is.
const LABEL: &str = "label";

/// The members of an input with those lists that get something which they do not have yet.
pub(super) fn with_adds(
    object: &Object,
    before: Option<&Record>,
    input: &Document,
    adds: &BTreeMap<String, Vec<Value>>,
) -> Document {
    let mut whole = input.clone();
    for (path, new) in adds {
        let Some(field) = object.field(path) else {
            insert(&mut whole, path, Value::Array(new.clone()));
            continue;
        };
        let given = field.named(input).cloned();
        let stored = || before.and_then(|record| record.fields.get(path).cloned());
        let present = given.or_else(stored).and_then(|value| value.as_array().cloned()).unwrap_or_default();
        let mut list = present.clone();
        for value in new {
            let value = as_kept(field, value);
            if !list.iter().any(|known| says(known, &value)) && !is_first(object, field, before, input, &value) {
                list.push(value);
            }
        }
        if list.len() > present.len() {
            insert(&mut whole, path, Value::Array(list));
        }
    }
    whole
}

/// A value of a list as the list keeps it. What it does not take stays as it is, to be refused with the record.
fn as_kept(field: &Field, value: &Value) -> Value {
    let parsed = parse_value(field, &Value::Array(vec![value.clone()]), "").ok().flatten();
    let only = parsed.and_then(|list| list.as_array().and_then(|list| list.first().cloned()));
    only.unwrap_or_else(|| value.clone())
}

/// Whether a value that is there says all that a new one says, whatever it is labelled.
fn says(known: &Value, new: &Value) -> bool {
    let (Value::Object(known), Value::Object(new)) = (known, new) else { return known == new };
    let mut telling = new.iter().filter(|(name, _)| *name != LABEL).peekable();
    telling.peek().is_some() && telling.all(|(name, value)| known.get(name) == Some(value))
}

/// Whether a further email address is the first one.
fn is_first(object: &Object, field: &Field, before: Option<&Record>, input: &Document, value: &Value) -> bool {
    let Some((with, member)) = field.unique_with else { return false };
    let Some(with) = object.field(with) else { return false };
    let given = with.named(input).and_then(Value::as_str);
    let first = given.or_else(|| before.and_then(|record| record.fields.text(&with.path)));
    let same = |kind: &FieldType, one: &str, other: &str| normalised(kind, one) == normalised(kind, other);
    let value = value.get(member).and_then(Value::as_str);
    first.zip(value).is_some_and(|(first, value)| same(&with.kind, first, value))
}
