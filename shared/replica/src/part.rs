//! Pieces of statements, each with its values.

use rusqlite::types::Value as Sql;

/// A piece of a statement with the values of its question marks, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Part {
    pub(crate) text: String,
    pub(crate) values: Vec<Sql>,
}

impl Part {
    pub(crate) fn new(text: impl Into<String>, values: Vec<Sql>) -> Self {
        Self { text: text.into(), values }
    }

    /// A piece without values.
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self::new(text, Vec::new())
    }

    /// What every record fits.
    pub(crate) fn all() -> Self {
        Self::of("TRUE")
    }

    /// What no record fits.
    pub(crate) fn none() -> Self {
        Self::of("FALSE")
    }

    pub(crate) fn push(&mut self, other: Self) {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
    }

    pub(crate) fn push_text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// All of some conditions.
    pub(crate) fn and(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::joined(parts, " AND ", "TRUE")
    }

    /// At least one of some conditions.
    pub(crate) fn or(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::joined(parts, " OR ", "FALSE")
    }

    fn joined(parts: impl IntoIterator<Item = Self>, separator: &str, none: &str) -> Self {
        let mut all = Self::of("(");
        let mut is_first = true;
        for part in parts {
            if !std::mem::take(&mut is_first) {
                all.push_text(separator);
            }
            all.push(part);
        }
        if is_first {
            return Self::of(none);
        }
        all.push_text(")");
        all
    }
}

impl std::ops::Not for Part {
    type Output = Self;

    /// The opposite. Conditions are true or false and never null, so it is exact.
    fn not(self) -> Self {
        let mut not = Self::of("NOT (");
        not.push(self);
        not.push_text(")");
        not
    }
}
