//! The parts of a question, each parsed wherever it stands. What is wrong with one is noted, and it is left out.

use kernel::{AnyId, Id, Violations, kinds, pointer};
use serde_json::Value;

use crate::query::{Archived, Linked};

/// The most names of one list: includes, fields.
const MAX_NAMES: usize = 200;
/// The most characters of a text, besides what the replica says of it.
const MAX_TEXT: usize = 20_000;

/// A text; `None` when there is nothing in it.
pub(super) fn parse_text(value: &Value, at: &str, violations: &mut Violations) -> Option<String> {
    match value.as_str() {
        Some(text) if text.len() <= MAX_TEXT => Some(text.to_owned()).filter(|text| !text.trim().is_empty()),
        Some(_) => {
            violations.add(at, "too_long", format!("must have at most {MAX_TEXT} bytes"));
            None
        }
        None => {
            violations.add(at, "wrong_type", "must be a text");
            None
        }
    }
}

pub(super) fn parse_limit(limit: Option<u64>, most: u16, at: &str, violations: &mut Violations) -> Option<u16> {
    match limit.and_then(|limit| u16::try_from(limit).ok()).filter(|limit| (1..=most).contains(limit)) {
        Some(limit) => Some(limit),
        None => {
            violations.add(at, "out_of_range", format!("must be 1 to {most}"));
            None
        }
    }
}

/// What about the trash, in the words of a query string. In a body `false` and `true` can be what they say.
pub(super) fn parse_archived(value: &Value, at: &str, violations: &mut Violations) -> Option<Archived> {
    match value {
        Value::Bool(false) => Some(Archived::Exclude),
        Value::Bool(true) => Some(Archived::Only),
        Value::String(word) if word == "false" => Some(Archived::Exclude),
        Value::String(word) if word == "true" => Some(Archived::Only),
        Value::String(word) if word == "any" => Some(Archived::Any),
        _ => {
            violations.add(at, "unknown_option", "must be false, true or any");
            None
        }
    }
}

pub(super) fn parse_count(value: &Value, at: &str, violations: &mut Violations) -> bool {
    let counts = value == "exact";
    if !counts {
        violations.add(at, "unknown_option", "must be exact");
    }
    counts
}

pub(super) fn parse_id(value: &Value, at: &str, violations: &mut Violations) -> Option<Id<kinds::View>> {
    let id = value.as_str().and_then(|text| text.parse().ok());
    if id.is_none() {
        violations.add(at, "not_an_id", "must be the id of a view");
    }
    id
}

/// The record that is linked: its id, or `{ "record", "label" }`.
pub(super) fn parse_linked(value: &Value, at: &str, violations: &mut Violations) -> Option<Linked> {
    let (record, record_at, label) = match value {
        Value::Object(members) => {
            for name in members.keys().filter(|name| !["record", "label"].contains(&name.as_str())) {
                violations.add([at, &pointer(name)].concat(), "unknown_field", "must be record or label");
            }
            let label = members.get("label").filter(|label| !label.is_null());
            let label_at = [at, "/label"].concat();
            let label = label.and_then(|label| parse_text(label, &label_at, violations));
            (members.get("record").and_then(Value::as_str), [at, "/record"].concat(), label)
        }
        value => (value.as_str(), at.to_owned(), None),
    };
    let record = record.and_then(|text| text.parse::<AnyId>().ok());
    if record.is_none() {
        violations.add(record_at, "not_an_id", "must be the id of a record");
    }
    Some(Linked { record: record?, label })
}

/// Names in a query string, separated by commas.
pub(super) fn names_param(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).collect()
}

/// Names as a list of texts.
pub(super) fn parse_names(value: &Value, at: &str, violations: &mut Violations) -> Option<Vec<String>> {
    let values = list(value, at, violations)?;
    let mut names = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        match value.as_str() {
            Some(name) => names.push(name.to_owned()),
            None => violations.add([at, &pointer(&index.to_string())].concat(), "wrong_type", "must be a text"),
        }
    }
    Some(names)
}

fn list<'a>(value: &'a Value, at: &str, violations: &mut Violations) -> Option<&'a [Value]> {
    match value.as_array() {
        Some(values) if values.len() <= MAX_NAMES => Some(values),
        Some(_) => {
            violations.add(at, "too_many", format!("must have at most {MAX_NAMES} entries"));
            None
        }
        None => {
            violations.add(at, "wrong_type", "must be a list");
            None
        }
    }
}
