//! Reading values that were written when their field was of another type.

use std::borrow::Cow;

use kernel::Timestamp;
use serde_json::{Value, json};

use super::scalar::{is_currency, parse_date, rounded};
use super::{parse_email, parse_phone};
use crate::{Choice, FieldType};

/// A stored value as a field's present type has it; `None` when it cannot be read so.
///
/// Bounds that a new value must keep (the longest text, the greatest number, options that can no longer be chosen) are not
/// asked of a stored one.
///
/// A value that was written as this type comes back as it is.
#[must_use]
pub fn coerce(kind: &FieldType, value: &Value) -> Option<Value> {
    present(kind, value).map(Cow::into_owned)
}

/// The same, borrowed where nothing is different: every value of every record that is answered passes here.
pub(crate) fn present<'a>(kind: &FieldType, value: &'a Value) -> Option<Cow<'a, Value>> {
    let made = match kind {
        FieldType::Text { .. } | FieldType::LongText { .. } => match value.as_str() {
            Some(text) if is_line(kind, text) => return Some(Cow::Borrowed(value)),
            _ => as_line(kind, value).map(Value::String),
        },
        FieldType::Number { decimals, .. } => rounded(as_number(value)?, *decimals),
        FieldType::Boolean {} => as_boolean(value).map(Value::Bool),
        FieldType::Date {} => return as_date(value),
        FieldType::DateTime {} => Some(json!(as_time(value.as_str()?)?)),
        FieldType::Select { options } => match value.as_str() {
            Some(word) if is_current(options, word) => return Some(Cow::Borrowed(value)),
            _ => option(options, &only(value)?).map(Value::from),
        },
        FieldType::MultiSelect { options } => {
            let mut known: Vec<Value> = Vec::new();
            for word in several(value).iter().filter_map(|word| option(options, word)).map(Value::from) {
                // Two words may have become one.
                if !known.contains(&word) {
                    known.push(word);
                }
            }
            (!known.is_empty()).then_some(Value::Array(known))
        }
        FieldType::Tags {} => {
            let words: Vec<Value> = several(value).into_iter().map(Value::from).collect();
            (!words.is_empty()).then_some(Value::Array(words))
        }
        FieldType::Email {} => parse_email(value.as_str()?).map(Value::from),
        FieldType::Phone {} => parse_phone(value.as_str()?).map(Value::from),
        FieldType::Url {} | FieldType::Domain {} | FieldType::User {} | FieldType::Reference { .. } => {
            super::parse_text(kind, value.as_str()?).unwrap_or_default()
        }
        FieldType::Money {} => return is_money(value).then_some(Cow::Borrowed(value)),
        FieldType::ExternalId {} | FieldType::Json { .. } => return value.is_object().then_some(Cow::Borrowed(value)),
        FieldType::Items { .. } => return value.is_array().then_some(Cow::Borrowed(value)),
        FieldType::Formula { .. } | FieldType::RollUp(_) => None,
    };
    made.map(Cow::Owned)
}

/// Whether a text is one of a field as it is. A line has no line breaks.
fn is_line(kind: &FieldType, text: &str) -> bool {
    let has_breaks = || text.contains(['\n', '\r', '\t']);
    !text.is_empty() && (matches!(kind, FieldType::LongText { .. }) || !has_breaks())
}

/// Several values as one text.
fn as_line(kind: &FieldType, value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Array(_) => several(value).join(", "),
        Value::Object(money) if is_money(value) => {
            [money.get("amount")?.to_string(), money.get("currency")?.as_str()?.to_owned()].join(" ")
        }
        Value::Object(_) | Value::Null => return None,
    };
    // What had line breaks keeps its words.
    let text = if is_line(kind, &text) { text } else { text.split_whitespace().collect::<Vec<_>>().join(" ") };
    (!text.is_empty()).then_some(text)
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

fn is_money(value: &Value) -> bool {
    value.get("amount").is_some_and(Value::is_i64)
        && value.get("currency").and_then(Value::as_str).is_some_and(is_currency)
}

fn as_boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => match number.as_i64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn as_date(value: &Value) -> Option<Cow<'_, Value>> {
    let text = value.as_str()?;
    // A day is written in one way only.
    if parse_date(text).is_some() {
        return Some(Cow::Borrowed(value));
    }
    let of_time = text.parse::<Timestamp>().ok().map(|time| time.day());
    let day = of_time.or_else(|| parse_date(text.trim()).map(|date| date.to_string()))?;
    Some(Cow::Owned(Value::String(day)))
}

fn as_time(text: &str) -> Option<String> {
    let midnight = |text: &str| parse_date(text).map(|date| [&date.to_string(), "T00:00:00.000Z"].concat());
    match text.parse::<Timestamp>() {
        Ok(time) => Some(time.to_string()),
        Err(_) => midnight(text.trim()),
    }
}

/// The words of a list, or a text as the only one.
fn several(value: &Value) -> Vec<String> {
    match value {
        Value::Array(words) => words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// The only word there is.
fn only(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => match several(value).as_slice() {
            [word] => Some(word.clone()),
            _ => None,
        },
    }
}

/// Whether a word is the value of an option that no other has taken the place of.
fn is_current(options: &[Choice], word: &str) -> bool {
    options.iter().find(|option| option.value == word).is_some_and(|option| option.replaced_by.is_none())
}

/// The option that a word is, or the one in its place: by its value or, failing that, by what people see, whatever the case.
fn option(options: &[Choice], word: &str) -> Option<String> {
    let exact = options.iter().find(|option| option.value == word);
    let seen = || {
        let word = word.trim().to_lowercase();
        options.iter().find(|option| option.value.to_lowercase() == word || option.label.to_lowercase() == word)
    };
    exact.or_else(seen).map(|option| option.replaced_by.as_ref().unwrap_or(&option.value).clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::parse_single;
    use proptest::prelude::*;

    fn types() -> Vec<FieldType> {
        vec![
            FieldType::text(100),
            FieldType::LongText { max: 100 },
            FieldType::Number { decimals: 2, min: None, max: None },
            FieldType::Money {},
            FieldType::Date {},
            FieldType::DateTime {},
            FieldType::Boolean {},
            FieldType::select(&["a", "b", "7"]),
            FieldType::MultiSelect { options: vec![Choice::new("a"), Choice::new("true")] },
            FieldType::Email {},
            FieldType::Phone {},
            FieldType::Url {},
            FieldType::Domain {},
            FieldType::User {},
            FieldType::reference("company"),
            FieldType::Tags {},
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::from),
            (-1e6..1e6f64).prop_map(Value::from),
            "[ab7]|true|2026-11-21|2026-11-21T10:00:00Z|\\+4930901820|a@b\\.co|https://b\\.co/|.{0,12}"
                .prop_map(Value::from),
            Just(json!({ "amount": 5, "currency": "EUR" })),
            Just(json!(["a", "true"])),
            Just(Value::Null),
        ]
    }

    #[test]
    fn values_are_read_as_what_their_field_has_become() {
        let read = |kind: FieldType, value: Value| coerce(&kind, &value);
        assert_eq!(read(FieldType::Number { decimals: 0, min: None, max: None }, json!(" 12.6 ")), Some(json!(13)));
        assert_eq!(read(FieldType::text(5), json!("longer than five")), Some(json!("longer than five")));
        assert_eq!(read(FieldType::text(50), json!("two\nlines")), Some(json!("two lines")));
        assert_eq!(read(FieldType::Boolean {}, json!("Yes")), Some(json!(true)));
        assert_eq!(read(FieldType::Date {}, json!("2026-11-21T23:00:00Z")), Some(json!("2026-11-21")));
        let gone = Choice { archived: true, ..Choice::new("old") };
        assert_eq!(read(FieldType::Select { options: vec![gone] }, json!("Old")), Some(json!("old")));
        assert_eq!(read(FieldType::select(&["a"]), json!("b")), None);
    }

    #[test]
    fn a_word_is_read_as_the_one_that_has_taken_its_place() {
        let replaced = |word: &str| Choice { archived: true, replaced_by: Some("new".to_owned()), ..Choice::new(word) };
        let options = vec![replaced("old"), replaced("older"), Choice::new("new")];
        assert_eq!(coerce(&FieldType::Select { options: options.clone() }, &json!("old")), Some(json!("new")));
        assert_eq!(coerce(&FieldType::MultiSelect { options }, &json!(["older", "new", "old"])), Some(json!(["new"])));
    }

    proptest! {
        #[test]
        fn what_was_written_as_a_type_reads_back_as_it_is(value in value()) {
            for kind in types() {
                if let Ok(Some(kept)) = parse_single(&kind, &value) {
                    prop_assert_eq!(coerce(&kind, &kept), Some(kept), "{:?}", kind);
                }
            }
        }

        #[test]
        fn reading_twice_is_reading_once(value in value()) {
            for kind in types() {
                if let Some(read) = coerce(&kind, &value) {
                    prop_assert_eq!(coerce(&kind, &read), Some(read), "{:?}", kind);
                }
            }
        }
    }
}
