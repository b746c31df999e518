//! What can be asked.

use kernel::{Id, kinds};
use serde::Serialize;
use serde_json::Value;

/// A question about the records of one object.
#[derive(Debug, Clone)]
pub struct Query {
    /// The object in the singular: `contact`.
    pub object: String,
    /// Which records.
    pub filter: Filter,
    /// Only records with these words, as `q=` gives them.
    pub search: Option<String>,
    /// In which order; empty: the best match first when there is a search, otherwise the newest record.
    pub sort: Vec<(String, Direction)>,
    /// How many, 1 to [`MAX_LIMIT`].
    pub limit: u16,
    /// Where the page before ended, as its answer said and the client sent it back.
    pub cursor: Option<String>,
    /// What about the trash.
    pub archived: Archived,
    /// Whether to count all records that fit.
    pub count: bool,
    /// What the caller may see.
    pub visibility: Visibility,
}

/// The most records of one answer.
pub const MAX_LIMIT: u16 = 200;

impl Query {
    /// Everything there is of an object outside the trash, the newest 50 first.
    #[must_use]
    pub fn new(object: &str) -> Self {
        Self {
            object: object.to_owned(),
            filter: Filter::all(),
            search: None,
            sort: Vec::new(),
            limit: 50,
            cursor: None,
            archived: Archived::Exclude,
            count: false,
            visibility: Visibility::all(),
        }
    }
}

/// Which records: conditions, combined.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// All of these. None of them: every record.
    And(Vec<Self>),
    /// At least one of these. None of them: no record.
    Or(Vec<Self>),
    /// Every record but those.
    Not(Box<Self>),
    /// One condition.
    Is(Condition),
}

impl Filter {
    /// Every record.
    #[must_use]
    pub const fn all() -> Self {
        Self::And(Vec::new())
    }
}

/// One field compared with a value. A record without a value in the field fits `ne`, `not_in` and `is_null`, and no
/// other comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Condition {
    /// The field's name.
    pub field: String,
    /// How to compare.
    pub op: Op,
    /// What with: a list for `in` and `not_in`, two values for `between`, true or false for `is_null`.
    pub value: Value,
    /// Where the condition stood in the request, for violations: `/city`.
    #[serde(skip)]
    pub pointer: String,
}

impl Condition {
    /// A condition whose violations point to the field's own name.
    #[must_use]
    pub fn new(field: &str, op: Op, value: impl Into<Value>) -> Self {
        Self { field: field.to_owned(), op, value: value.into(), pointer: kernel::pointer(field) }
    }

    /// The condition that a query parameter says: `city=Berlin`, `created_at.gte=2026-01-01`, `city.in=Berlin,Bonn`.
    /// What follows the last dot is part of the field's name when it is no comparison.
    #[must_use]
    pub fn from_param(name: &str, value: &str) -> Self {
        let (field, op) = match name.rsplit_once('.').and_then(|(field, op)| Some((field, Op::parse(op)?))) {
            Some((field, op)) => (field, op),
            None => (name, Op::Eq),
        };
        let value = match op {
            Op::In | Op::NotIn | Op::Between => value.split(',').collect(),
            _ => Value::from(value),
        };
        Self { field: field.to_owned(), op, value, pointer: kernel::pointer(name) }
    }
}

/// How a field is compared. Texts are compared folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Equal.
    Eq,
    /// Anything but equal.
    Ne,
    /// Less, earlier, before in order.
    Lt,
    /// Less or equal.
    Lte,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// From the first of two values to the second, both included.
    Between,
    /// Equal to one of several.
    In,
    /// Equal to none of several.
    NotIn,
    /// Has no value; with `false`: has one.
    IsNull,
    /// Holds a text anywhere.
    Contains,
    /// Begins with a text.
    StartsWith,
}

impl Op {
    /// Every comparison.
    pub const ALL: [Self; 12] = [
        Self::Eq,
        Self::Ne,
        Self::Lt,
        Self::Lte,
        Self::Gt,
        Self::Gte,
        Self::Between,
        Self::In,
        Self::NotIn,
        Self::IsNull,
        Self::Contains,
        Self::StartsWith,
    ];

    /// Its word in requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Lte => "lte",
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Between => "between",
            Self::In => "in",
            Self::NotIn => "not_in",
            Self::IsNull => "is_null",
            Self::Contains => "contains",
            Self::StartsWith => "starts_with",
        }
    }

    /// The comparison of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.as_str() == word)
    }
}

/// An order. Records without a value come last in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From small to large.
    Ascending,
    /// From large to small.
    Descending,
}

/// The order that a parameter says: `-created_at,last_name`, a minus for descending.
#[must_use]
pub fn parse_sort(text: &str) -> Vec<(String, Direction)> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| match part.strip_prefix('-') {
            Some(field) => (field.to_owned(), Direction::Descending),
            None => (part.to_owned(), Direction::Ascending),
        })
        .collect()
}

/// What about records in the trash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Archived {
    /// Leave them out.
    #[default]
    Exclude,
    /// Nothing but them.
    Only,
    /// Them too.
    Any,
}

/// What a caller may see. Part of every query, so that nobody can forget it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Visibility {
    /// Which records.
    pub rows: Rows,
    /// Fields that the caller may not know: neither answered nor matched, sorted by or searched.
    pub hidden: Vec<String>,
}

impl Visibility {
    /// Every field of every record.
    #[must_use]
    pub const fn all() -> Self {
        Self { rows: Rows::All, hidden: Vec::new() }
    }
}

/// Which records a caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// All of the workspace.
    All,
    /// Those that a user owns.
    OwnedBy(Id<kinds::User>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_parameter_says_field_comparison_and_value() {
        let said = |name: &str, value: &str| {
            let condition = Condition::from_param(name, value);
            (condition.field, condition.op, condition.value, condition.pointer)
        };
        assert_eq!(said("city", "Berlin"), ("city".into(), Op::Eq, json!("Berlin"), "/city".into()));
        assert_eq!(said("city.in", "a,b"), ("city".into(), Op::In, json!(["a", "b"]), "/city.in".into()));
        assert_eq!(said("custom.tier", "x"), ("custom.tier".into(), Op::Eq, json!("x"), "/custom.tier".into()));
        assert_eq!(said("custom.tier.ne", "x").1, Op::Ne);
    }

    #[test]
    fn a_sort_says_fields_and_directions() {
        let sort = parse_sort("-created_at, last_name,");
        let wanted = [("created_at", Direction::Descending), ("last_name", Direction::Ascending)];
        assert_eq!(sort, wanted.map(|(field, direction)| (field.to_owned(), direction)));
    }
}
