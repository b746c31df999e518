//! Which records: conditions on fields, combined.

mod shape;

use kernel::{Violations, pointer as member};
use serde::Serialize;
use serde_json::{Value, json};

/// The most conditions and combinations of one filter, and how deep they may nest: SQLite's own limits are far above.
pub(crate) const MAX_CONDITIONS: usize = records::limits::FILTER_CONDITIONS;
pub(crate) const MAX_DEPTH: usize = records::limits::FILTER_DEPTH;
/// The most values that all conditions of one filter compare with: each may be compared with every record.
pub(crate) const MAX_FILTER_VALUES: usize = records::limits::FILTER_VALUES;

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

    /// The filter that a body or a saved view says, as JSON at `pointer`: `{ "and": […] }`, `{ "or": […] }`,
    /// `{ "not": {…} }`, or one condition, `{ "field": "city", "op": "eq", "value": "Berlin" }`, where
    /// `eq` may be left out. `null` is every record.
    ///
    /// What is wrong goes to `violations`, each with its place: the shape here, fields and values when the question is put,
    /// since only the schema knows them. Something larger or deeper than a filter may be is looked into no further.
    #[must_use]
    pub fn parse(value: &Value, pointer: &str, violations: &mut Violations) -> Self {
        Parser { left: MAX_CONDITIONS, violations, root: pointer }.filter(value, pointer, 0)
    }

    /// The filter as JSON, as [`Self::parse`] reads it.
    #[must_use]
    pub fn tree(&self) -> Value {
        let trees = |filters: &[Self]| filters.iter().map(Self::tree).collect::<Vec<_>>();
        match self {
            Self::And(filters) => json!({ "and": trees(filters) }),
            Self::Or(filters) => json!({ "or": trees(filters) }),
            Self::Not(filter) => json!({ "not": filter.tree() }),
            Self::Is(Condition { field, op, value, .. }) => json!({ "field": field, "op": op, "value": value }),
        }
    }

    /// Every condition in it.
    pub(crate) fn conditions(&self) -> Vec<&Condition> {
        let mut found = Vec::new();
        let mut waiting = vec![self];
        while let Some(filter) = waiting.pop() {
            match filter {
                Self::And(all) | Self::Or(all) => waiting.extend(all),
                Self::Not(one) => waiting.push(one),
                Self::Is(condition) => found.push(condition),
            }
        }
        found
    }
}

/// One field compared with a value. A record without a value in the field fits `ne`, `not_in` and `is_null`, and no
/// other comparison.
///
/// * A day stands for all of it where a time is compared: `lte` includes it, `gt` begins after it, `eq` is any time of it.
/// * Fields with several values (tags, multi-select, members of items): `eq` and `contains` mean: has it, `in`: has one
///   of them, `ne` and `not_in`: has none of them, `starts_with`: one of them does.
/// * Money: a number compares amounts whatever the currency, `{ "amount": 1000, "currency": "USD" }` or `1000 USD` only
///   within the currency.
/// * A field one step away (`company.city`) of a record that refers to nothing, or to something that the caller may not
///   see, has no value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Condition {
    /// The field's path.
    pub field: String,
    /// How to compare.
    pub op: Op,
    /// What with: a list for `in` and `not_in`, two values for `between`, true or false for `is_null`.
    pub value: Value,
    /// Where the condition stood in the request, for violations: `/city`, `/filter/and/0`.
    #[serde(skip)]
    pub pointer: String,
    /// Whether field, op and value are members below the pointer, as in a body, rather than one parameter.
    #[serde(skip)]
    pub in_body: bool,
}

impl Condition {
    /// A condition whose violations point to the field's own name.
    #[must_use]
    pub fn new(field: &str, op: Op, value: impl Into<Value>) -> Self {
        Self { field: field.to_owned(), op, value: value.into(), pointer: member(field), in_body: false }
    }

    /// The condition that a query parameter says: `city=Berlin`, `created_at.gte=2026-01-01`, `city.in=Berlin,Bonn`.
    /// What follows the last dot is part of the field's path when it is no comparison.
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
        Self { field: field.to_owned(), op, value, pointer: member(name), in_body: false }
    }

    /// Where one of its members stands.
    pub(crate) fn at(&self, name: &str) -> String {
        if self.in_body { self.pointer.clone() + &member(name) } else { self.pointer.clone() }
    }
}

/// Reads a filter, as much of it as one may have.
struct Parser<'a> {
    left: usize,
    violations: &'a mut Violations,
    root: &'a str,
}

impl Parser<'_> {
    fn filter(&mut self, value: &Value, pointer: &str, depth: usize) -> Filter {
        if value.is_null() && depth == 0 {
            return Filter::all();
        }
        if self.left == 0 || depth > MAX_DEPTH {
            return self.too_many();
        }
        self.left -= 1;
        let Value::Object(members) = value else { return self.refuse(pointer, "wrong_type") };
        let only = (members.len() == 1).then(|| members.iter().next()).flatten();
        match only.map(|(name, value)| (name.as_str(), value)) {
            Some(("and", parts)) => Filter::And(self.all(parts, &(pointer.to_owned() + "/and"), depth)),
            Some(("or", parts)) => Filter::Or(self.all(parts, &(pointer.to_owned() + "/or"), depth)),
            Some(("not", part)) => Filter::Not(Box::new(self.filter(part, &(pointer.to_owned() + "/not"), depth + 1))),
            _ => self.condition(members, pointer),
        }
    }

    fn all(&mut self, parts: &Value, pointer: &str, depth: usize) -> Vec<Filter> {
        let Value::Array(parts) = parts else {
            self.violations.add(pointer, "wrong_type", "must be a list of filters");
            return Vec::new();
        };
        if parts.len() > self.left {
            self.too_many();
            return Vec::new();
        }
        let one = |(index, part): (usize, &Value)| {
            self.filter(part, &(pointer.to_owned() + &member(&index.to_string())), depth + 1)
        };
        parts.iter().enumerate().map(one).collect()
    }

    fn condition(&mut self, members: &serde_json::Map<String, Value>, pointer: &str) -> Filter {
        let is_known = |name: &str| matches!(name, "field" | "op" | "value");
        if !members.keys().any(|name| is_known(name)) {
            return self.refuse(pointer, "wrong_type");
        }
        for name in members.keys().filter(|name| !is_known(name)).take(10) {
            let at = pointer.to_owned() + &member(name);
            self.violations.add(at, "unknown_field", "is no member of a condition");
        }
        let at = |name: &str| pointer.to_owned() + &member(name);
        let field = match members.get("field") {
            Some(Value::String(field)) => Some(field),
            Some(_) => {
                self.violations.add(at("field"), "wrong_type", "must be the path of a field");
                None
            }
            None => self.missing(at("field"), "must name a field"),
        };
        let op = match members.get("op") {
            Some(op) => {
                let op = op.as_str().and_then(Op::parse);
                if op.is_none() {
                    let words: Vec<&str> = Op::ALL.iter().map(|op| op.as_str()).collect();
                    self.violations.add(at("op"), "unsupported_op", format!("must be one of {}", words.join(", ")));
                }
                op
            }
            None => Some(Op::Eq),
        };
        let value = match members.get("value") {
            Some(value) => Some(value.clone()),
            None => self.missing(at("value"), "must be what to compare with"),
        };
        match (field, op, value) {
            (Some(field), Some(op), Some(value)) => {
                let pointer = pointer.to_owned();
                Filter::Is(Condition { field: field.clone(), op, value, pointer, in_body: true })
            }
            _ => Filter::all(),
        }
    }

    fn missing<T>(&mut self, pointer: String, detail: &str) -> Option<T> {
        self.violations.add(pointer, "required", detail);
        None
    }

    fn refuse(&mut self, pointer: &str, code: &'static str) -> Filter {
        let detail = "must be { \"and\": […] }, { \"or\": […] }, { \"not\": {…} } or { \"field\", \"op\", \"value\" }";
        self.violations.add(pointer, code, detail);
        Filter::all()
    }

    fn too_many(&mut self) -> Filter {
        too_many(self.root, self.violations);
        Filter::all()
    }
}

/// Notes once that a filter is too large.
pub(crate) fn too_many(pointer: &str, violations: &mut Violations) {
    if !violations.iter().any(|violation| violation.pointer == pointer && violation.code == "too_many") {
        let detail = format!(
            "must have at most {MAX_CONDITIONS} conditions, nested at most {MAX_DEPTH} deep, with at most \
             {MAX_FILTER_VALUES} values in all"
        );
        violations.add(pointer, "too_many", detail);
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

#[cfg(test)]
mod tests {
    use super::*;

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

    fn parse(value: &Value) -> (Filter, Vec<String>) {
        let mut violations = Violations::new();
        let filter = Filter::parse(value, "/filter", &mut violations);
        (filter, violations.iter().map(|v| format!("{} {}", v.pointer, v.code)).collect())
    }

    #[test]
    fn a_tree_in_json_is_a_filter_whose_conditions_know_their_places() {
        let tree = json!({ "and": [
            { "field": "city", "op": "eq", "value": "Berlin" },
            { "or": [{ "not": { "field": "custom.tier", "op": "in", "value": ["a"] } }] },
        ] });
        let (filter, told) = parse(&tree);
        assert!(told.is_empty(), "{told:?}");
        let places: Vec<String> = filter.conditions().iter().map(|condition| condition.at("value")).collect();
        assert_eq!(places, ["/filter/and/1/or/0/not/value", "/filter/and/0/value"]);
        assert_eq!(parse(&Value::Null).0, Filter::all());
        assert_eq!(parse(&json!({ "or": [] })).0, Filter::Or(Vec::new()));
    }

    #[test]
    fn everything_wrong_with_a_tree_is_told_with_its_place() {
        let tree = json!({ "and": [
            7, {}, null, { "and": 1 }, { "and": [], "or": [] }, { "field": "a/b" }, { "not": [] },
            { "field": 1, "op": "like", "value": 1, "case": true },
        ] });
        assert_eq!(
            parse(&tree).1,
            [
                "/filter/and/0 wrong_type",
                "/filter/and/1 wrong_type",
                "/filter/and/2 wrong_type",
                "/filter/and/3/and wrong_type",
                "/filter/and/4 wrong_type",
                "/filter/and/5/value required",
                "/filter/and/6/not wrong_type",
                "/filter/and/7/case unknown_field",
                "/filter/and/7/field wrong_type",
                "/filter/and/7/op unsupported_op",
            ]
        );
    }

    #[test]
    fn a_tree_that_is_too_large_or_too_deep_is_looked_into_no_further() {
        let one = json!({ "field": "a", "op": "eq", "value": 1 });
        let deep = (0..100).fold(one.clone(), |inner, number| match number % 2 {
            0 => json!({ "not": inner }),
            _ => json!({ "and": [inner] }),
        });
        let wide = json!({ "or": vec![one.clone(); 100_000] });
        let bushy = (0..6).fold(one, |inner, _| json!({ "and": vec![inner; 4] }));
        for tree in [deep, wide, bushy] {
            assert_eq!(parse(&tree).1, ["/filter too_many"]);
        }
    }
}
