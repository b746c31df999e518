//! Lists of small things, and what other systems call a record.

use events::Document;
use kernel::{Violations, pointer as member};
use serde_json::{Value, json};

use super::{Parsed, parse_single, refuse, unknown_members};
use crate::Field;
use crate::text::parse_line;

/// The longest name of another system, and the longest key in it, in characters.
const MAX_SOURCE: usize = 40;
const MAX_KEY: usize = 200;

/// Parses a list of small things. One of which nothing is said is left out.
pub(super) fn parse(fields: &[Field], max: usize, value: &Value, pointer: &str) -> Result<Option<Value>, Violations> {
    let Value::Array(given) = value else {
        return Err(Violations::one(pointer, "wrong_type", "must be a list of objects or null"));
    };
    if given.len() > max {
        return Err(Violations::one(pointer, "too_many", format!("must have at most {max} entries")));
    }
    let mut violations = Violations::new();
    let mut kept = Vec::new();
    for (index, item) in given.iter().enumerate() {
        let pointer = pointer.to_owned() + &member(&index.to_string());
        match item {
            Value::Object(item) => {
                let item = parse_item(fields, item, &pointer, &mut violations);
                if !item.is_empty() {
                    kept.push(Value::Object(item));
                }
            }
            _ => violations.add(pointer, "wrong_type", "must be an object"),
        }
    }
    violations.or((!kept.is_empty()).then_some(Value::Array(kept)))
}

fn parse_item(fields: &[Field], item: &Document, pointer: &str, violations: &mut Violations) -> Document {
    let mut kept = Document::new();
    for (name, value) in item {
        let pointer = pointer.to_owned() + &member(name);
        let Some(field) = fields.iter().find(|field| field.name == *name) else {
            violations.add(pointer, "unknown_field", "is not a member of these");
            continue;
        };
        if value.is_null() {
            continue;
        }
        match parse_single(&field.kind, value) {
            Ok(Some(value)) => drop(kept.insert(name.clone(), value)),
            Ok(None) => {}
            Err((code, detail)) => violations.add(pointer, code, detail),
        }
    }
    let is_blank = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
    // Where everything is blank, there is no such thing: a form's empty row.
    let is_missing =
        |value: Option<&Value>| value.is_none_or(|value| value.is_null() || (is_blank(value) && !kept.is_empty()));
    for field in fields.iter().filter(|field| field.required && is_missing(item.get(&field.name))) {
        violations.add(pointer.to_owned() + &member(&field.name), "required", "must have a value");
    }
    kept
}

pub(super) fn external_id(value: &Value) -> Parsed {
    let form = "must be a source and a key, such as { \"source\": \"hubspot\", \"key\": \"42\" }";
    let Value::Object(members) = value else { return refuse("wrong_type", form) };
    if !unknown_members(members, &["source", "key"]).is_empty() {
        return refuse("unknown_field", form);
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let (Some(source), Some(key)) = (text("source"), text("key")) else { return refuse("wrong_type", form) };
    let is_word =
        |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    let Some(source) = parse_line(source, MAX_SOURCE)?.filter(|source| is_word(source)) else {
        return refuse("bad_source", "must have a source of lower-case letters, digits, - and _");
    };
    let Some(key) = parse_line(key, MAX_KEY)? else { return refuse("required", form) };
    Ok(Some(json!({ "source": source, "key": key })))
}
