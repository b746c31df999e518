//! Formulas.

use jiff::civil::Date;
use kernel::Timestamp;

/// The type of a value in a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// Text.
    Text,
    /// A number.
    Number,
    /// An amount of a currency.
    Money,
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A moment.
    DateTime,
}

/// A value in a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// Money.
    Money {
        /// Minor units.
        amount: i64,
        /// Code.
        currency: String,
    },
    /// A truth.
    Boolean(bool),
    /// A day.
    Date(Date),
    /// A moment.
    DateTime(Timestamp),
}

/// A parsed formula.
#[derive(Debug, Clone)]
pub struct Formula;

impl Formula {
    /// Parses.
    ///
    /// # Errors
    /// Always.
    pub fn parse(_: &str, _: &dyn Fn(&str) -> Option<ValueType>) -> Result<Self, ()> {
        Err(())
    }
    /// Result type.
    #[must_use]
    pub const fn result(&self) -> ValueType {
        ValueType::Text
    }
    /// Evaluates.
    pub fn evaluate(&self, _: &dyn Fn(&str) -> Option<Operand>) -> Option<Operand> {
        None
    }
}
