//! Values of conditions, parsed as the field's type asks, and their comparison with a column.
//!
//! Every comparison answers true or false and never null, so `not` is the exact opposite.

use kernel::{AnyId, Timestamp, Violations};
use rusqlite::types::Value as Sql;
use serde_json::Value;

use crate::fold::{fold, fold_phone};
use crate::query::{Condition, Op};
use crate::schema::{Column, ColumnType};
use crate::sql::Part;

/// The longest text of a condition, in characters.
const MAX_TEXT: usize = 1000;
/// The most values of one `in`.
const MAX_VALUES: usize = 100;

/// Why a value cannot be compared: a code and a sentence.
type Refusal = (&'static str, String);

fn refused<T>(code: &'static str, detail: impl Into<String>) -> Result<T, Refusal> {
    Err((code, detail.into()))
}

/// The comparison of a column as a piece of SQL. What is wrong with it goes to `violations`.
pub(crate) fn comparison(column: &Column, condition: &Condition, violations: &mut Violations) -> Part {
    match try_comparison(column, condition) {
        Ok(part) => part,
        Err((code, detail)) => {
            violations.add(condition.pointer.clone(), code, detail);
            Part::default()
        }
    }
}

fn try_comparison(column: &Column, condition: &Condition) -> Result<Part, Refusal> {
    let Condition { op, value, .. } = condition;
    if !knows(&column.kind, *op) {
        return refused("unsupported_op", format!("cannot be compared by {}", op.as_str()));
    }
    let name = &column.name;
    let one = |text: String| Ok(Part::new(text, vec![parse(column, value)?]));
    match op {
        Op::Eq => one(format!("{name} IS ?")),
        Op::Ne => one(format!("{name} IS NOT ?")),
        Op::Lt => one(format!("coalesce({name} < ?, 0)")),
        Op::Lte => one(format!("coalesce({name} <= ?, 0)")),
        Op::Gt => one(format!("coalesce({name} > ?, 0)")),
        Op::Gte => one(format!("coalesce({name} >= ?, 0)")),
        Op::Contains => one(format!("coalesce(instr({name}, ?), 0) > 0")),
        Op::StartsWith => {
            let text = parse(column, value)?;
            Ok(Part::new(format!("coalesce(substr({name}, 1, length(?)) = ?, 0)"), vec![text.clone(), text]))
        }
        Op::IsNull => {
            Ok(Part::new(if yes(value)? { format!("{name} IS NULL") } else { format!("{name} IS NOT NULL") }, vec![]))
        }
        Op::Between => {
            let values = parse_all(column, value)?;
            if values.len() != 2 {
                return refused("invalid_type", "must be two values, from and to");
            }
            Ok(Part::new(format!("coalesce({name} BETWEEN ? AND ?, 0)"), values))
        }
        Op::In | Op::NotIn => {
            let values = parse_all(column, value)?;
            let marks = vec!["?"; values.len()].join(", ");
            let not = if *op == Op::NotIn { "NOT " } else { "" };
            Ok(Part::new(format!("{not}coalesce({name} IN ({marks}), 0)"), values))
        }
    }
}

/// Whether values of a type can be compared that way.
const fn knows(kind: &ColumnType, op: Op) -> bool {
    match op {
        Op::Eq | Op::Ne | Op::In | Op::NotIn | Op::IsNull => true,
        Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::Between => {
            matches!(kind, ColumnType::Text | ColumnType::Phone | ColumnType::Number { .. } | ColumnType::Time)
        }
        Op::Contains | Op::StartsWith => matches!(kind, ColumnType::Text | ColumnType::Phone),
    }
}

fn yes(value: &Value) -> Result<bool, Refusal> {
    match value {
        Value::Bool(yes) => Ok(*yes),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => refused("invalid_type", "must be true or false"),
    }
}

fn parse_all(column: &Column, value: &Value) -> Result<Vec<Sql>, Refusal> {
    let Value::Array(values) = value else { return refused("invalid_type", "must be a list of values") };
    if values.is_empty() || values.len() > MAX_VALUES {
        return refused("too_many", format!("must be from 1 to {MAX_VALUES} values"));
    }
    values.iter().map(|value| parse(column, value)).collect()
}

fn parse(column: &Column, value: &Value) -> Result<Sql, Refusal> {
    if let (ColumnType::Number { .. }, Some(number)) = (&column.kind, value.as_i64()) {
        return Ok(Sql::Integer(number));
    }
    let Value::String(text) = value else { return refused("invalid_type", expected(&column.kind)) };
    if text.chars().count() > MAX_TEXT {
        return refused("too_long", format!("must have at most {MAX_TEXT} characters"));
    }
    let parsed = match &column.kind {
        ColumnType::Text => Some(Sql::Text(fold(text))),
        ColumnType::Phone => Some(Sql::Text(fold_phone(text))),
        ColumnType::Id(_) => text.parse::<AnyId>().ok().map(|id| Sql::Text(id.to_string())),
        ColumnType::Select(options) => options.contains(text).then(|| Sql::Text(text.clone())),
        ColumnType::Number { .. } => text.parse().ok().map(Sql::Integer),
        ColumnType::Time => parse_time(text).map(|time| Sql::Integer(time.as_millis())),
        _ => None,
    };
    match parsed {
        Some(Sql::Text(text)) if text.is_empty() => {
            refused("empty", "must not be empty: to find records without a value use is_null")
        }
        Some(value) => Ok(value),
        None => refused("invalid_type", expected(&column.kind)),
    }
}

/// A time, or a day for its first moment in UTC.
fn parse_time(text: &str) -> Option<Timestamp> {
    let day = text.len() == 10 && text.is_ascii();
    if day { format!("{text}T00:00:00Z").parse().ok() } else { text.parse().ok() }
}

fn expected(kind: &ColumnType) -> String {
    match kind {
        ColumnType::Text | ColumnType::Phone => "must be a text".to_owned(),
        ColumnType::Id(_) => "must be an id".to_owned(),
        ColumnType::Select(options) => format!("must be one of {}", options.join(", ")),
        ColumnType::Number { .. } => "must be a whole number".to_owned(),
        ColumnType::Time => "must be a day or an RFC 3339 time".to_owned(),
        _ => "cannot be compared".to_owned(),
    }
}
