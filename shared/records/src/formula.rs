//! The language of formula fields: an expression over the fields of one record.
//!
//! ```text
//! custom.price * custom.seats * (1 - custom.discount / 100)
//! if(is_blank(custom.nick), first_name & " " & last_name, custom.nick)
//! case(custom.tier, "gold", 0.2, "silver", 0.1, 0)
//! ```
//!
//! A formula is read and its types are checked once ([`Formula::parse`]); then it gives the same result for the same
//! fields always and everywhere: it knows no clock, no chance and no time zone but UTC. It owns no input or output and
//! nothing of the rest of this crate.
//!
//! # Values
//! Text, numbers, money, booleans, dates and datetimes, each of which may be **blank**. An empty text is blank. Names of
//! fields are written as in the API (`last_name`, `custom.seats`), texts as `"…"` or `'…'` (a quote within is doubled or
//! follows a `\`; `\n` is a new line, `\\` is `\`), numbers as `12.5`, and `true` and `false`. Functions and words may be
//! in capitals.
//!
//! # Operators, from those that bind most tightly
//! | operator | takes | gives |
//! |---|---|---|
//! | `-a`, `!a` | number or money; boolean | the negative; the opposite |
//! | `*` `/` `%` | numbers; money `*` `/` number; money `/` money | `%` has the sign of its left side, money is rounded half away from zero, money `/` money is a number |
//! | `+` `-` | numbers; money; date or datetime and a number of days; `-` also two dates or two datetimes | dates `-` dates are days |
//! | `&` | anything | the texts joined, see `text`; blank counts as empty |
//! | `=` `==` `!=` `<>` `<` `<=` `>` `>=` | two of one type | boolean; capitals differ from small letters |
//! | `not` | boolean | boolean |
//! | `and` `&&` | booleans | boolean |
//! | `or` `\|\|` | booleans | boolean |
//!
//! # Functions
//! `[…]` may be left out, `…` may be repeated.
//!
//! | conditions | numbers and money | text | dates |
//! |---|---|---|---|
//! | `if(condition, then, [else])` | `abs(number or money)` | `text(value)` | `date(year, month, day)` |
//! | `case(value, when, then, …, [else])` | `round(number, [digits])` | `concat(value, …)` | `date(text or datetime)` |
//! | `coalesce(value, value, …)` | `floor(number)`, `ceil(number)` | `len(text)` | `datetime(text or date)` |
//! | `is_blank(value)` | `min(value, value, …)`, `max(value, value, …)` | `upper(text)`, `lower(text)`, `trim(text)` | `year(date)`, `month(date)`, `day(date)`, `weekday(date)` |
//! | `and(condition, …)` | `number(text)` | `left(text, count)`, `right(text, count)` | `add_days(date, days)`, `add_months(date, months)` |
//! | `or(condition, …)` | `money(amount, currency)` | `mid(text, start, count)` | `days_between(from, to)` |
//! | `not(condition)` | `amount(money)`, `currency(money)` | `contains(text, part)`, `starts_with(text, part)`, `ends_with(text, part)`, `replace(text, old, new)` | `months_between(from, to)` |
//!
//! [`reference()`] and [`operators()`] say the same to programs, with a sentence for each.
//!
//! # What blank does
//! - Arithmetic with a blank is blank. So is what cannot be computed: a division by zero, a sum of two currencies, what
//!   is beyond the range of its type, a date outside the years 0 to 9999.
//! - A comparison with a blank is false, `!=` too; ask `is_blank`. A blank condition counts as false.
//! - Amounts in two currencies are not equal, and neither is less than the other.
//! - A text of more than 10,000 characters that is made on the way or given at the end leaves the whole formula blank: a
//!   text that was cut would be taken for all of it. Longer texts of fields can be asked and cut: `left(notes, 100)`.
//!
//! # Numbers
//! Binary floating point, of which people see nothing: a sum, difference, product, quotient or remainder is rounded to 12
//! significant digits, though never beyond the decimal point, so that `0.1 + 0.2 = 0.3` and `1000000000000 + 1` is exact.
//! Money is whole minor units, so `amount` of 12.50 EUR is 1250; it is multiplied and divided exactly, as the decimal
//! number that the other side shows, and rounded once, half away from zero.
//!
//! # Bounds
//! Formulas are written by users and some of those are hostile. [`MAX_SOURCE`], [`MAX_DEPTH`], [`MAX_PARTS`] and
//! [`MAX_FIELDS`] are looked at before memory or stack is used, every part is evaluated at most once, and no part makes a
//! text much longer than [`MAX_TEXT`]: the time is bounded by the parts times the length of the texts.

mod check;
mod dates;
mod error;
mod evaluate;
mod functions;
mod lexer;
mod numbers;
mod operators;
mod parser;
mod reference;
mod shape;
mod texts;
mod tree;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod sketch;
#[cfg(test)]
mod tests;

use std::fmt;

use kernel::Timestamp;

pub use error::FormulaError;
pub use operators::{OperatorReference, operators};
pub use reference::{FunctionReference, reference};
pub use texts::show_money;

use evaluate::Evaluation;
use tree::Part;

/// The longest source, in characters.
pub const MAX_SOURCE: usize = 2_000;
/// How deep brackets, functions and signs stand in each other at most.
pub const MAX_DEPTH: usize = 50;
/// How many values, fields, functions and operators a formula has at most.
pub const MAX_PARTS: usize = 500;
/// How many different fields a formula uses at most.
pub const MAX_FIELDS: usize = 100;
/// The longest text that a formula makes, in characters.
pub const MAX_TEXT: usize = 10_000;

/// The type of a field, of a part of a formula, and of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// Unicode text, among it the names of options.
    Text,
    /// A finite number.
    Number,
    /// An amount in a currency.
    Money,
    /// True or false.
    Boolean,
    /// A day of the calendar.
    Date,
    /// A point in time.
    DateTime,
}

impl ValueType {
    /// Its name in the API and in messages: `text`, `number`, `money`, `boolean`, `date` or `datetime`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Money => "money",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::DateTime => "datetime",
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value that a formula reads or gives. A blank is the absence of one.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A text; an empty one is taken for blank.
    Text(String),
    /// A number; one that is not finite is taken for blank.
    Number(f64),
    /// An amount of money.
    Money {
        /// In minor units: 1250 is 12.50 EUR.
        amount: i64,
        /// Three capital letters (ISO 4217).
        currency: String,
    },
    /// True or false.
    Boolean(bool),
    /// A day.
    Date(jiff::civil::Date),
    /// A point in time.
    DateTime(Timestamp),
}

impl Operand {
    /// The type of this value.
    #[must_use]
    pub const fn value_type(&self) -> ValueType {
        match self {
            Self::Text(_) => ValueType::Text,
            Self::Number(_) => ValueType::Number,
            Self::Money { .. } => ValueType::Money,
            Self::Boolean(_) => ValueType::Boolean,
            Self::Date(_) => ValueType::Date,
            Self::DateTime(_) => ValueType::DateTime,
        }
    }
}

/// A formula that was read and whose types fit.
#[derive(Debug, Clone)]
pub struct Formula {
    source: String,
    root: Part,
    fields: Vec<(String, ValueType)>,
    result: ValueType,
}

impl Formula {
    /// Reads a formula. `type_of` answers the type of the field at a path (`first_name`, `custom.seats`), or `None` when
    /// there is no such field or formulas cannot use it; it is asked once for every path that the formula uses.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(source: &str, type_of: &dyn Fn(&str) -> Option<ValueType>) -> Result<Self, FormulaError> {
        let parsed = parser::parse(source)?;
        let mut fields = Vec::with_capacity(parsed.fields.len());
        for (path, position) in parsed.fields {
            let Some(value_type) = type_of(&path) else {
                let message = "there is no field of this name that a formula could use";
                return Err(FormulaError::new("unknown_field", position, message));
            };
            fields.push((path, value_type));
        }
        let result = check::check(&parsed.root, &fields)?;
        Ok(Self { source: source.to_owned(), root: parsed.root, fields, result })
    }

    /// The type of what it gives.
    #[must_use]
    pub const fn result(&self) -> ValueType {
        self.result
    }

    /// The paths of the fields that it uses, each once, in the order of their first use.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(path, _)| path.as_str())
    }

    /// The text that it was read from.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The result for one record, of the type [`Formula::result`]; `None` is blank. `value_of` answers the value of the
    /// field at a path; it is asked at most once for a path, and only where the result depends on it. A value of another
    /// type than the field had when the formula was read is taken for blank.
    #[must_use]
    pub fn evaluate(&self, value_of: &dyn Fn(&str) -> Option<Operand>) -> Option<Operand> {
        Evaluation::new(&self.fields, value_of).result(&self.root)
    }
}
