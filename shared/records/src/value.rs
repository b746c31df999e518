//! Values of fields: what is accepted, and how it is kept.

mod coerce;
mod fate;
mod items;
mod normal;
mod reachable;
mod scalar;

use events::Document;
use kernel::{AnyId, Violations};
use serde_json::Value;

use crate::text::{parse_line, parse_lines};
use crate::{Choice, Field, FieldType};

pub use coerce::coerce;
pub(crate) use coerce::present;
pub use fate::{Fate, fate};
pub(crate) use normal::as_text;
pub use normal::{normalised, parse_external_id};
pub use reachable::{parse_email, parse_phone};
pub use scalar::{CURRENCIES, is_currency, minor_digits, parse_date};

/// What is wrong with one value: a code and a sentence.
pub(crate) type Refusal = (&'static str, String);

/// A value, or that there is none, or what is wrong.
pub(crate) type Parsed = Result<Option<Value>, Refusal>;

pub(crate) fn refuse<T>(code: &'static str, detail: impl Into<String>) -> Result<T, Refusal> {
    Err((code, detail.into()))
}

/// The most words of one multi-select or tags field.
pub const MAX_WORDS: usize = 50;
/// The most characters of a word in a select field, of a tag, of an id.
const MAX_WORD: usize = 100;

/// A value for a field, in the form in which it is kept. `null` and blank text mean: no value.
///
/// # Errors
/// Everything that is wrong with it, at `pointer` and below.
pub fn parse_value(field: &Field, value: &Value, pointer: &str) -> Result<Option<Value>, Violations> {
    if value.is_null() {
        return Ok(None);
    }
    if let FieldType::Items { fields, max } = &field.kind {
        return items::parse(fields, *max, value, pointer);
    }
    parse_single(&field.kind, value).map_err(|(code, detail)| Violations::one(pointer, code, detail))
}

/// A value of every type but items.
pub(crate) fn parse_single(kind: &FieldType, value: &Value) -> Parsed {
    match kind {
        FieldType::Number { decimals, min, max } => scalar::number(value, *decimals, *min, *max),
        FieldType::Money {} => scalar::money(value),
        FieldType::Boolean {} => match value {
            Value::Bool(_) => Ok(Some(value.clone())),
            _ => refuse("wrong_type", "must be true, false or null"),
        },
        FieldType::MultiSelect { options } => words(value, |word| chosen(options, word)),
        FieldType::Tags {} => words(value, |word| Ok(word.to_owned())),
        FieldType::ExternalId {} => items::external_id(value),
        FieldType::Json { max } => json(value, *max),
        FieldType::Formula { .. } | FieldType::RollUp(_) => refuse("read_only", "follows from other fields"),
        FieldType::Items { .. } => refuse("wrong_type", "must not be a list within a list"),
        _ => match value {
            Value::Null => Ok(None),
            Value::String(text) => parse_text(kind, text),
            _ => refuse("wrong_type", "must be a string or null"),
        },
    }
}

/// A value of the types whose values are texts.
fn parse_text(kind: &FieldType, text: &str) -> Parsed {
    let max = match kind {
        FieldType::LongText { max } => return Ok(parse_lines(text, *max)?.map(Value::String)),
        FieldType::Text { max } => *max,
        FieldType::Email {} => reachable::MAX_EMAIL_BYTES,
        FieldType::Url {} => scalar::MAX_URL,
        FieldType::Domain {} => 300,
        _ => MAX_WORD,
    };
    let Some(line) = parse_line(text, max)? else { return Ok(None) };
    let kept = match kind {
        FieldType::Email {} => parse_email(&line).ok_or_else(|| wrong("not_an_email", reachable::EMAIL_FORM)),
        FieldType::Phone {} => parse_phone(&line).ok_or_else(|| wrong("not_a_phone_number", reachable::PHONE_FORM)),
        FieldType::Url {} => scalar::url(&line),
        FieldType::Domain {} => scalar::domain(&line),
        FieldType::Date {} => scalar::date(&line),
        FieldType::DateTime {} => scalar::datetime(&line),
        FieldType::Select { options } => chosen(options, &line),
        FieldType::User {} | FieldType::Reference { .. } => id(kind, &line),
        _ => Ok(line),
    }?;
    Ok(Some(Value::String(kept)))
}

fn wrong(code: &'static str, detail: &str) -> Refusal {
    (code, detail.to_owned())
}

/// An id. Whether it is one of the right object only the schema knows, and whether there is such a record the table.
fn id(kind: &FieldType, line: &str) -> Result<String, Refusal> {
    let id: AnyId = line.parse().map_err(|error: kernel::ParseIdError| ("not_an_id", error.to_string()))?;
    if matches!(kind, FieldType::User {}) && id.prefix().as_str() != "usr" {
        return refuse("not_an_id", "must start with usr_");
    }
    Ok(id.to_string())
}

/// A word that can be chosen now.
fn chosen(options: &[Choice], word: &str) -> Result<String, Refusal> {
    if options.iter().any(|option| option.value == word && !option.archived) {
        return Ok(word.to_owned());
    }
    let words: Vec<&str> =
        options.iter().filter(|option| !option.archived).map(|option| option.value.as_str()).take(50).collect();
    refuse("unknown_option", format!("must be one of {}", words.join(", ")))
}

/// Several words, each once, in the order in which they were given.
fn words(value: &Value, word: impl Fn(&str) -> Result<String, Refusal>) -> Parsed {
    let Value::Array(given) = value else { return refuse("wrong_type", "must be a list of strings or null") };
    if given.len() > MAX_WORDS {
        return refuse("too_many", format!("must have at most {MAX_WORDS} entries"));
    }
    let mut kept: Vec<Value> = Vec::new();
    for given in given {
        let Value::String(text) = given else { return refuse("wrong_type", "must be a list of strings or null") };
        if let Some(line) = parse_line(text, MAX_WORD)? {
            let line = Value::String(word(&line)?);
            if !kept.contains(&line) {
                kept.push(line);
            }
        }
    }
    Ok((!kept.is_empty()).then_some(Value::Array(kept)))
}

fn json(value: &Value, max: usize) -> Parsed {
    if !value.is_object() {
        return refuse("wrong_type", "must be an object or null");
    }
    if value.to_string().len() > max {
        return refuse("too_long", format!("must have at most {max} bytes"));
    }
    Ok(Some(value.clone()))
}

/// Members of an object that are not among some names.
pub(crate) fn unknown_members<'a>(object: &'a Document, known: &[&str]) -> Vec<&'a String> {
    object.keys().filter(|name| !known.contains(&name.as_str())).collect()
}
