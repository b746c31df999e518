//! One column of a replica's table: what it is called, what it holds, and how a record's value becomes a value in it.

use std::collections::BTreeMap;

use events::Document;
use records::formula::ValueType;
use records::{FieldType, Fields, Object};
use rusqlite::types::Value as Sql;
use serde_json::Value;

use crate::fold::{fold, fold_phone, index_text};

/// What stands before, between and after the members of a set. No member has it in itself.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// What a column holds, and so what may be asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnType {
    /// Folded text: lines, long texts, emails, web addresses, domains.
    Text,
    /// Folded text without what people put between digits.
    Phone,
    /// The id of a record of an object: a reference, a user, the record itself.
    Id(String),
    /// A number of at most so many decimals: INTEGER when it is whole, else REAL.
    Number {
        /// Decimals, 0 to 6.
        decimals: u8,
    },
    /// Milliseconds since 1970.
    Time,
    /// A day as `2026-11-21`, which sorts as the days do.
    Date,
    /// 1 or 0.
    Boolean,
    /// One word of a list, as it is stored. The words of the list, in their order.
    Select(Vec<String>),
    /// Several values, each once and as a column of that type holds it, with a [`SEPARATOR`] before and after each.
    Set(Box<Self>),
    /// An amount in minor units. Its currency is in the column that [`Column::currency`] names.
    Money,
    /// A currency: three capital letters.
    Currency,
}

impl ColumnType {
    /// The type of a stored field's column; `None` for what has only columns of its members, or none.
    pub(crate) fn of(kind: &FieldType) -> Option<Self> {
        let words = |options: &[records::Choice]| options.iter().map(|option| option.value.clone()).collect();
        Some(match kind {
            FieldType::Text { .. }
            | FieldType::LongText { .. }
            | FieldType::Email {}
            | FieldType::Url {}
            | FieldType::Domain {} => Self::Text,
            FieldType::Phone {} => Self::Phone,
            FieldType::Number { decimals, .. } => Self::Number { decimals: *decimals },
            FieldType::Money {} => Self::Money,
            FieldType::Date {} => Self::Date,
            FieldType::DateTime {} => Self::Time,
            FieldType::Boolean {} => Self::Boolean,
            FieldType::Select { options } => Self::Select(words(options)),
            FieldType::MultiSelect { options } => Self::Set(Box::new(Self::Select(words(options)))),
            FieldType::Tags {} => Self::Set(Box::new(Self::Text)),
            FieldType::User {} => Self::Id("user".to_owned()),
            FieldType::Reference { object, .. } => Self::Id(object.clone()),
            FieldType::Formula { .. }
            | FieldType::RollUp(_)
            | FieldType::ExternalId {}
            | FieldType::Items { .. }
            | FieldType::Json { .. } => return None,
        })
    }

    /// The type of a column with what a formula gives.
    pub(crate) const fn of_formula(result: ValueType) -> Self {
        match result {
            ValueType::Text => Self::Text,
            ValueType::Number => Self::Number { decimals: 6 },
            ValueType::Money => Self::Money,
            ValueType::Boolean => Self::Boolean,
            ValueType::Date => Self::Date,
            ValueType::DateTime => Self::Time,
        }
    }

    /// A value of a document as this column holds it. `None`: it is none of this type.
    pub(crate) fn read(&self, value: &Value) -> Option<Sql> {
        Some(match self {
            Self::Text | Self::Phone | Self::Id(_) | Self::Date | Self::Select(_) | Self::Currency => {
                Sql::Text(self.text(value.as_str()?))
            }
            Self::Number { .. } => number(value)?,
            Self::Time => {
                let time: kernel::Timestamp = value.as_str()?.parse().ok()?;
                Sql::Integer(time.as_millis())
            }
            Self::Boolean => Sql::Integer(i64::from(value.as_bool()?)),
            Self::Set(of) => of.set(value.as_array()?.iter())?,
            Self::Money => Sql::Integer(value.get("amount")?.as_i64()?),
        })
    }

    /// A text as a column of this type holds it. What people ask for goes through here as well, so that equal is equal.
    pub(crate) fn text(&self, text: &str) -> String {
        match self {
            Self::Text => fold(text),
            Self::Phone => fold_phone(text),
            // What Rapport, a company or a program has named is compared as it is.
            _ => text.replace(SEPARATOR, ""),
        }
    }

    /// A member of a set of this type with its separators: what to look for in the column.
    pub(crate) fn member(&self, text: &str) -> String {
        format!("{SEPARATOR}{}{SEPARATOR}", self.text(text))
    }

    fn set<'a>(&self, members: impl Iterator<Item = &'a Value>) -> Option<Sql> {
        let mut set = String::from(SEPARATOR);
        for member in members.filter_map(Value::as_str).map(|member| self.member(member)) {
            if !set.contains(&member) {
                set.push_str(&member[SEPARATOR.len_utf8()..]);
            }
        }
        (set.len() > 1).then_some(Sql::Text(set))
    }
}

/// A number in the one form that it is kept in: whole ones as such, so that equal numbers are equal values.
fn number(value: &Value) -> Option<Sql> {
    /// Up to here a double tells every whole number from the next.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Some(whole) = value.as_i64() {
        return Some(Sql::Integer(whole));
    }
    let number = value.as_f64().filter(|number| number.is_finite())?;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within what a double holds exactly")]
    let whole = number as i64;
    Some(if number.fract() == 0.0 && number.abs() < EXACT { Sql::Integer(whole) } else { Sql::Real(number) })
}

/// Where the values of a column come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// What every record has.
    Common,
    /// A field that the table keeps.
    Stored,
    /// A formula over the record's own fields.
    Formula,
    /// The records that refer to this one.
    RollUp,
}

/// A field of an object, or a part of one, as a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// What it is called in filters, sorts and groups: `city`, `custom.tier`, `emails.email`, `annual_revenue.currency`.
    pub(crate) path: String,
    /// The path of the field that it is, or is a part of. Who may not see that field may not ask for this either.
    pub(crate) field: String,
    /// Its name in SQL: letters, digits and underscores only, never a keyword, and never the name of another one.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) kind: ColumnType,
    /// Of an amount of money: the name in SQL of the column with its currency.
    pub(crate) currency: Option<String>,
    /// Whether the table of words has a column of the same name.
    pub(crate) searched: bool,
    /// Whether it always has a value.
    pub(crate) always: bool,
    /// Whether its values can be much longer than all others of the record together.
    pub(crate) is_long: bool,
    /// Where its values come from.
    pub(crate) origin: Origin,
    /// The member of the field's value that it has, if not all of it.
    pub(crate) member: Option<String>,
    /// Says the same as long as the same documents give the same values.
    pub(crate) signature: String,
}

impl Column {
    /// Its type in the statement that makes the table. A field may change its type, so its column takes every value as it
    /// is: that is what `BLOB` says of a column in SQLite.
    pub(crate) fn declared(&self) -> &'static str {
        match (self.origin, &self.kind) {
            (Origin::Common, ColumnType::Number { .. } | ColumnType::Time) => "INTEGER",
            (Origin::Common, _) => "TEXT",
            _ => "BLOB",
        }
    }

    /// Whether it can be worked out from the record's own document.
    pub(crate) fn is_own(&self) -> bool {
        self.origin != Origin::RollUp
    }
}

/// A record's values, ready to be put into columns.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    document: &'a Document,
    fields: Fields,
    computed: BTreeMap<String, Value>,
}

impl<'a> Values<'a> {
    /// The values of a stored document, each as its field's present type.
    pub(crate) fn of(object: &Object, document: &'a Document) -> Self {
        let fields = Fields::stored(object, document);
        let computed = if object.formulas.is_empty() { BTreeMap::new() } else { fields.computed(object) };
        Self { document, fields, computed }
    }

    /// What a column holds of them. Always nothing for a roll-up: its values are other records'.
    pub(crate) fn column(&self, column: &Column) -> Sql {
        let value = self.value(column).and_then(|value| match (&column.member, &column.kind) {
            (None, kind) => kind.read(value),
            (Some(member), ColumnType::Set(of)) => of.set(value.as_array()?.iter().filter_map(|item| item.get(member))),
            (Some(member), kind) => kind.read(value.get(member)?),
        });
        value.unwrap_or(if column.always { Sql::Integer(0) } else { Sql::Null })
    }

    /// The words that a column is found by.
    pub(crate) fn words(&self, column: &Column) -> Sql {
        let Some(value) = self.value(column) else { return Sql::Null };
        let texts: Vec<String> = match (&column.member, value) {
            (Some(member), Value::Array(items)) => {
                items.iter().filter_map(|item| item.get(member)?.as_str().map(index_text)).collect()
            }
            (Some(member), value) => value.get(member).and_then(Value::as_str).map(index_text).into_iter().collect(),
            (None, Value::Array(members)) => members.iter().filter_map(Value::as_str).map(index_text).collect(),
            (None, Value::String(text)) => vec![index_text(text)],
            (None, Value::Number(number)) => vec![index_text(&number.to_string())],
            (None, _) => Vec::new(),
        };
        if texts.is_empty() { Sql::Null } else { Sql::Text(texts.join(" ")) }
    }

    fn value(&self, column: &Column) -> Option<&Value> {
        match column.origin {
            Origin::Common => self.document.get(&column.path),
            Origin::Stored => self.fields.get(&column.field),
            Origin::Formula => self.computed.get(&column.field),
            Origin::RollUp => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_set_has_each_of_its_members_once_and_none_is_two() {
        let tags = ColumnType::Set(Box::new(ColumnType::Text));
        let read = |value: Value| tags.read(&value);
        let text = |text: &str| Some(Sql::Text(text.to_owned()));
        assert_eq!(read(json!(["Ä", "a", "b"])), text("\u{1f}a\u{1f}b\u{1f}"));
        assert_eq!(read(json!(["ab", "b", 7])), text("\u{1f}ab\u{1f}b\u{1f}"));
        assert_eq!(read(json!(["a\u{1f}b"])), text("\u{1f}ab\u{1f}"));
        assert_eq!(read(json!([])), None);
        let words = ColumnType::Select(vec!["Won\u{1f}".to_owned()]);
        assert_eq!(ColumnType::Set(Box::new(words)).read(&json!(["Won\u{1f}"])), text("\u{1f}Won\u{1f}"));
    }

    #[test]
    fn equal_numbers_are_equal_values() {
        let number = ColumnType::Number { decimals: 2 };
        assert_eq!(number.read(&json!(7)), number.read(&json!(7.0)));
        assert_eq!(number.read(&json!(7.5)), Some(Sql::Real(7.5)));
        assert_eq!(number.read(&json!(1e300)), Some(Sql::Real(1e300)));
        assert_eq!(number.read(&json!("7")), None);
    }
}
