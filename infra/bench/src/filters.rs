//! Conditions that make sense: made from values that a record has.

use events::Document;
use records::{FieldType, Object};
use serde_json::Value;

use crate::dice::Dice;

/// A condition for a query string, as name and value.
pub(crate) type Condition = (String, String);

/// What every record has that can be more or less.
const ORDERED: [&str; 3] = ["created_at", "updated_at", "version"];

/// The fields that lists can be filtered by, those of every record included.
pub(crate) fn paths(object: &Object) -> Vec<String> {
    let mut paths = vec!["owner_id".to_owned()];
    paths.extend(ORDERED.map(str::to_owned));
    for field in object.live() {
        match &field.kind {
            FieldType::Items { fields, .. } => {
                paths.extend(fields.iter().map(|of| [&field.path, ".", &of.name].concat()))
            }
            FieldType::ExternalId {} => paths.extend(["source", "key"].map(|of| [&field.path, ".", of].concat())),
            FieldType::Json { .. } => {}
            _ => paths.push(field.path.clone()),
        }
    }
    paths
}

/// The fields that lists can be sorted by: those with one value, and those of a record one step away.
pub(crate) fn orders(object: &Object) -> Vec<String> {
    let mut paths: Vec<String> = ["created_at", "updated_at"].map(str::to_owned).into();
    for field in object.live() {
        match &field.kind {
            FieldType::Items { .. }
            | FieldType::ExternalId {}
            | FieldType::Json { .. }
            | FieldType::MultiSelect { .. }
            | FieldType::Tags {} => {}
            FieldType::Reference { object, .. } if object == "company" => {
                let step = field.path.strip_suffix("_id").unwrap_or(&field.path);
                paths.extend([[step, ".name"].concat(), [step, ".custom.contract"].concat()]);
            }
            _ => paths.push(field.path.clone()),
        }
    }
    paths
}

/// A condition on a path that a record like this one meets; where it has no value, that it has none.
pub(crate) fn condition(object: &Object, path: &str, sample: &Document, dice: &mut Dice) -> Condition {
    let value = value_at(sample, path);
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return ([path, ".is_null"].concat(), (*dice.pick(&["true", "false"])).to_owned());
    };
    let operator = *dice.pick(operators(object, path));
    let text = match (&value, operator) {
        (Value::Array(words), _) => words.first().map(plain).unwrap_or_default(),
        (Value::Object(money), _) => {
            let amount = money.get("amount").map(plain).unwrap_or_default();
            return ([path, operator].concat(), amount);
        }
        (value, ".starts_with") => plain(value).chars().take(2).collect(),
        (value, ".contains") => plain(value).chars().skip(1).take(3).collect(),
        (value, _) => plain(value),
    };
    let text = if text.trim().is_empty() { plain(&value) } else { text };
    ([path, operator].concat(), text)
}

/// What a field can be asked, as suffixes of its path.
fn operators(object: &Object, path: &str) -> &'static [&'static str] {
    if ORDERED.contains(&path) {
        return &[".gte", ".lt"];
    }
    match object.field(path).map(|field| &field.kind) {
        Some(FieldType::Text { .. } | FieldType::LongText { .. } | FieldType::Email {} | FieldType::Url {}) => {
            &["", ".starts_with", ".contains", ".ne"]
        }
        Some(FieldType::Number { .. } | FieldType::Date {} | FieldType::DateTime {} | FieldType::Money {}) => {
            &["", ".gte", ".lt", ".ne"]
        }
        _ => &["", ".ne"],
    }
}

fn value_at(document: &Document, path: &str) -> Option<Value> {
    let mut names = path.split('.');
    let mut value = document.get(names.next()?)?;
    for name in names {
        value = match value {
            Value::Array(items) => items.first()?.get(name)?,
            other => other.get(name)?,
        };
    }
    Some(value.clone())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text as part of a query string.
pub(crate) fn encoded(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
