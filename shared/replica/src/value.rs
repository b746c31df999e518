//! Values of conditions, parsed as the type of the column asks that they are compared with.

use kernel::{AnyId, Timestamp};
use records::parse_date;
use rusqlite::types::Value as Sql;
use serde_json::Value;

use crate::schema::{ColumnType, Schema};

/// The longest text of a condition, in characters.
const MAX_TEXT: usize = records::limits::CONDITION_CHARACTERS;
/// The most values of one `in`.
const MAX_VALUES: usize = records::limits::CONDITION_VALUES;
/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;
/// The largest amount of money that can be stored, in minor units.
const MAX_AMOUNT: i64 = 9_007_199_254_740_991;

/// Why a value cannot be compared: a code and a sentence.
pub(crate) type Refusal = (&'static str, String);

pub(crate) fn refused<T>(code: &'static str, detail: impl Into<String>) -> Result<T, Refusal> {
    Err((code, detail.into()))
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// One value of the column.
    Point(Sql),
    /// A whole day of a column of times: from the first millisecond to the one before the second.
    Day(i64, i64),
    /// An amount of money, within a currency or whatever the currency.
    Amount(i64, Option<String>),
}

/// One value.
pub(crate) fn parse(kind: &ColumnType, schema: &Schema, value: &Value) -> Result<Operand, Refusal> {
    let wrong = || (("invalid_type"), expected(kind));
    match kind {
        ColumnType::Money => money(value).ok_or_else(wrong),
        ColumnType::Boolean => yes(value).map(|yes| Operand::Point(Sql::Integer(i64::from(yes)))),
        ColumnType::Number { .. } => number(value).map(Operand::Point).ok_or_else(wrong),
        ColumnType::Set(of) => parse(of, schema, value),
        _ => {
            let text = text(kind, value)?;
            match kind {
                ColumnType::Time => time(text).ok_or_else(wrong),
                _ => word(kind, schema, text).map(|text| Operand::Point(Sql::Text(text))),
            }
        }
    }
}

/// Several values, at least one.
pub(crate) fn parse_all(kind: &ColumnType, schema: &Schema, value: &Value) -> Result<Vec<Operand>, Refusal> {
    let Value::Array(values) = value else { return refused("invalid_type", "must be a list of values") };
    if values.is_empty() || values.len() > MAX_VALUES {
        return refused("too_many", format!("must be from 1 to {MAX_VALUES} values"));
    }
    values.iter().map(|value| parse(kind, schema, value)).collect()
}

/// True or false, as in a body or in a parameter.
pub(crate) fn yes(value: &Value) -> Result<bool, Refusal> {
    match value {
        Value::Bool(yes) => Ok(*yes),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => refused("invalid_type", "must be true or false"),
    }
}

/// The text of a value that is compared as one, as long as one may be.
fn text<'a>(kind: &ColumnType, value: &'a Value) -> Result<&'a str, Refusal> {
    let Value::String(text) = value else { return refused("invalid_type", expected(kind)) };
    if text.len() > 4 * MAX_TEXT || text.chars().count() > MAX_TEXT {
        return refused("too_long", format!("must have at most {MAX_TEXT} characters"));
    }
    Ok(text)
}

/// A text as a column of a type holds it.
fn word(kind: &ColumnType, schema: &Schema, text: &str) -> Result<String, Refusal> {
    let word = match kind {
        ColumnType::Id(object) => {
            let prefix = schema.stored(object).map(|table| table.object.prefix);
            let id = text.parse::<AnyId>().ok().filter(|id| prefix.is_none_or(|prefix| id.prefix() == prefix));
            id.map(|id| id.to_string())
        }
        ColumnType::Select(options) => options.iter().find(|option| *option == text).cloned(),
        ColumnType::Date => parse_date(text).map(|_| text.to_owned()),
        ColumnType::Currency => {
            let is_code = text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_alphabetic());
            is_code.then(|| text.to_ascii_uppercase())
        }
        _ => Some(kind.text(text)),
    };
    match word {
        Some(word) if word.is_empty() => {
            refused("empty", "must not be empty: to find records without a value use is_null")
        }
        Some(word) => Ok(word),
        None => refused("invalid_type", expected(kind)),
    }
}

fn number(value: &Value) -> Option<Sql> {
    let parsed = match value {
        Value::Number(number) => number.as_i64().map(Sql::Integer).or_else(|| number.as_f64().map(Sql::Real)),
        // Nothing that is longer is a number that anybody means.
        Value::String(text) if text.len() <= 40 => {
            let text = text.trim();
            text.parse().ok().map(Sql::Integer).or_else(|| text.parse().ok().map(Sql::Real))
        }
        _ => None,
    }?;
    match parsed {
        Sql::Real(number) if !number.is_finite() => None,
        parsed => Some(parsed),
    }
}

/// `1000`, `"1000"`, `"1000 USD"` or `{ "amount": 1000, "currency": "USD" }`.
fn money(value: &Value) -> Option<Operand> {
    let (amount, currency) = match value {
        Value::Number(amount) => (amount.as_i64()?, None),
        Value::String(text) if text.len() <= 40 => match text.trim().split_once(' ') {
            Some((amount, currency)) => (amount.parse().ok()?, Some(currency.trim())),
            None => (text.trim().parse().ok()?, None),
        },
        Value::Object(members) if members.len() == 2 => {
            (members.get("amount")?.as_i64()?, Some(members.get("currency")?.as_str()?))
        }
        _ => return None,
    };
    let is_code = |code: &str| code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_alphabetic());
    let currency = match currency {
        Some(code) if !is_code(code) => return None,
        code => code.map(str::to_ascii_uppercase),
    };
    ((-MAX_AMOUNT..=MAX_AMOUNT).contains(&amount)).then_some(Operand::Amount(amount, currency))
}

/// A moment, or a day for all of it in UTC.
fn time(text: &str) -> Option<Operand> {
    if parse_date(text).is_none() {
        let time: Timestamp = text.parse().ok()?;
        return Some(Operand::Point(Sql::Integer(time.as_millis())));
    }
    let midnight: Timestamp = format!("{text}T00:00:00Z").parse().ok()?;
    let first = midnight.as_millis();
    Some(Operand::Day(first, first + DAY_MS))
}

fn expected(kind: &ColumnType) -> String {
    match kind {
        ColumnType::Text | ColumnType::Phone => "must be a text".to_owned(),
        ColumnType::Id(object) => format!("must be the id of a record of {object}"),
        ColumnType::Select(options) => {
            let options: Vec<&str> = options.iter().map(String::as_str).take(50).collect();
            format!("must be one of {}", options.join(", "))
        }
        ColumnType::Number { .. } => "must be a number".to_owned(),
        ColumnType::Time => "must be a day or an RFC 3339 time".to_owned(),
        ColumnType::Date => "must be a day such as 2026-11-21".to_owned(),
        ColumnType::Boolean => "must be true or false".to_owned(),
        ColumnType::Money => {
            "must be an amount in minor units, with its currency if only that is meant: 1000, \"1000 USD\"".to_owned()
        }
        ColumnType::Currency => "must be a currency such as EUR".to_owned(),
        ColumnType::Set(of) => expected(of),
    }
}
