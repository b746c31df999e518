//! One cell as a value of a field.

use kernel::Violations;
use records::{FieldType, MAX_WORDS, coerce, minor_digits, parse_external_id, parse_phone};
use serde_json::{Value, json};
use tabular::{DateFormat, read_boolean, read_date, read_decimal, read_money, read_time, split_list};

use super::plan::Column;

/// What is wrong with a cell: a stable word and a sentence.
pub(crate) type Wrong = (&'static str, String);

/// The value that a cell says. Whether the field takes it is for whoever writes the record to say; this only refuses what
/// cannot be read at all. The cell has something in it, and no blanks around that.
pub(crate) fn value(kind: &FieldType, column: &Column, text: &str) -> Result<Value, Wrong> {
    match kind {
        FieldType::Number { .. } => {
            let number = read_decimal(text, column.number).map(tabular::Decimal::to_f64);
            number.map(Value::from).ok_or_else(|| wrong("not_a_number", "must be a number"))
        }
        FieldType::Money {} => money(column, text),
        FieldType::Boolean {} => {
            let word = read_boolean(text).map(Value::Bool);
            word.ok_or_else(|| wrong("not_a_boolean", "must be a word such as yes, no, true or false"))
        }
        FieldType::Date {} => {
            let date = read_date(text, column.date).map(|date| json!(date.to_string()));
            date.ok_or_else(|| wrong("not_a_date", &["must be a day, ", order(column.date)].concat()))
        }
        FieldType::DateTime {} => {
            let time = read_time(text, column.date).map(|time| json!(time.to_string()));
            time.ok_or_else(|| wrong("not_a_time", &["must be a moment, ", order(column.date)].concat()))
        }
        FieldType::Select { .. } => Ok(coerce(kind, &json!(text)).unwrap_or_else(|| json!(text))),
        FieldType::MultiSelect { options } => {
            let one = FieldType::Select { options: options.clone() };
            let words = several(text)?.into_iter().map(Value::from);
            Ok(words.map(|word| coerce(&one, &word).unwrap_or(word)).collect())
        }
        FieldType::Tags {} => Ok(json!(several(text)?)),
        FieldType::Phone {} => Ok(json!(phone(column, text))),
        FieldType::Url {} => Ok(json!(url(text))),
        FieldType::ExternalId {} => {
            let id = match &column.source {
                Some(source) => Some(json!({ "source": source, "key": text })),
                None => parse_external_id(text),
            };
            id.ok_or_else(|| wrong("wrong_type", "must be source:key, or the column must say its source"))
        }
        FieldType::Items { .. } | FieldType::Json { .. } => {
            serde_json::from_str(text).map_err(|_| wrong("wrong_type", "must be JSON"))
        }
        _ => Ok(json!(text)),
    }
}

/// In which order a day is written, for people.
const fn order(format: Option<DateFormat>) -> &'static str {
    match format {
        Some(DateFormat::Ymd) => "in the order ymd",
        Some(DateFormat::Dmy) => "in the order dmy",
        Some(DateFormat::Mdy) => "in the order mdy",
        None => "with a year of four digits before it, or the column must say the order: \"date\": \"dmy\"",
    }
}

/// The words of a list, no more than one may have.
fn several(text: &str) -> Result<Vec<String>, Wrong> {
    let words = split_list(text);
    if words.len() > MAX_WORDS {
        return Err(wrong("too_many", &format!("must have at most {MAX_WORDS} entries")));
    }
    Ok(words)
}

pub(crate) fn wrong(code: &'static str, detail: &str) -> Wrong {
    (code, detail.to_owned())
}

/// Adds what is wrong with a cell of a field.
pub(crate) fn add(violations: &mut Violations, pointer: String, (code, detail): Wrong) {
    violations.add(pointer, code, detail);
}

fn money(column: &Column, text: &str) -> Result<Value, Wrong> {
    let (amount, currency) =
        read_money(text, column.number).ok_or_else(|| wrong("not_an_amount", "must be an amount of money"))?;
    let currency = currency.map(str::to_owned).or_else(|| column.currency.clone());
    let currency = currency
        .ok_or_else(|| wrong("no_currency", "must say a currency, or the column must: \"currency\": \"EUR\""))?;
    let digits = minor_digits(&currency);
    let amount = amount
        .in_minor_units(digits)
        .ok_or_else(|| wrong("out_of_range", &format!("must be an amount with at most {digits} decimals")))?;
    Ok(json!({ "amount": amount, "currency": currency }))
}

/// A phone number with its country code, if the column knows that of numbers without one.
fn phone(column: &Column, text: &str) -> String {
    match &column.calling_code {
        Some(code) if parse_phone(text).is_none() => {
            let local: String = text.chars().skip_while(|c| *c == '0' || *c == '(' || c.is_whitespace()).collect();
            format!("+{code} {local}")
        }
        _ => text.to_owned(),
    }
}

/// A web address: people leave out what browsers add.
pub(crate) fn url(text: &str) -> String {
    if text.contains("://") { text.to_owned() } else { ["https://", text].concat() }
}
