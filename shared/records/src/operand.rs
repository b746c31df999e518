//! Values of fields as operands of formulas, and back.

use kernel::Timestamp;
use serde_json::{Value, json};

use crate::formula::{Operand, ValueType};
use crate::value::parse_date;

impl Operand {
    /// A kept value as an operand of a type; `None` when it is none.
    #[must_use]
    pub fn of(value: &Value, kind: &ValueType) -> Option<Self> {
        Some(match kind {
            ValueType::Text => Self::Text(value.as_str()?.to_owned()),
            ValueType::Number => Self::Number(value.as_f64()?),
            ValueType::Money => Self::Money {
                amount: value.get("amount")?.as_i64()?,
                currency: value.get("currency")?.as_str()?.to_owned(),
            },
            ValueType::Boolean => Self::Boolean(value.as_bool()?),
            ValueType::Date => Self::Date(parse_date(value.as_str()?)?),
            ValueType::DateTime => Self::DateTime(value.as_str()?.parse::<Timestamp>().ok()?),
        })
    }

    /// The operand as a record answers it.
    #[must_use]
    pub fn into_value(self) -> Value {
        match self {
            Self::Text(text) => text.into(),
            Self::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                #[expect(clippy::cast_possible_truncation, reason = "whole, and small enough for every i64")]
                let whole = number as i64;
                whole.into()
            }
            Self::Number(number) => number.into(),
            Self::Money { amount, currency } => json!({ "amount": amount, "currency": currency }),
            Self::Boolean(truth) => truth.into(),
            Self::Date(date) => date.to_string().into(),
            Self::DateTime(time) => time.to_string().into(),
        }
    }
}
