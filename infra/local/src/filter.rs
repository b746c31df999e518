//! Event filter patterns, as Lambda's event source mappings evaluate them before a function is invoked.
//!
//! A pattern is JSON of the shape of the event. At each leaf is a list, one of whose entries must match: a text, a
//! number, a boolean or `null` is meant as it is; an object is a comparison (`prefix`, `suffix`, `exists`,
//! `anything-but`, `numeric`, `equals-ignore-case`). What a pattern does not mention is not looked at.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// A pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    fields: Vec<(String, Node)>,
    /// Alternatives, one of which must match as well.
    any: Vec<Filter>,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Inner(Filter),
    OneOf(Vec<Test>),
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Equals(Value),
    EqualsIgnoringCase(String),
    Prefix(String),
    Suffix(String),
    Exists(bool),
    AnythingBut(Vec<Test>),
    Numeric(Vec<(String, f64)>),
}

impl Filter {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is not JSON, or has a comparison that this does not know: better no start than another selection.
    pub fn parse(pattern: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(pattern).with_context(|| format!("the filter pattern {pattern}"))?;
        let fields = value.as_object().context("a filter pattern is a JSON object")?;
        Self::of(fields).with_context(|| format!("the filter pattern {pattern}"))
    }

    fn of(object: &Map<String, Value>) -> Result<Self> {
        let mut fields = Vec::new();
        let mut any = Vec::new();
        for (name, value) in object {
            match value {
                Value::Array(patterns) if name == "$or" => {
                    for pattern in patterns {
                        any.push(Self::of(pattern.as_object().context("$or holds patterns")?)?);
                    }
                }
                Value::Object(inner) => fields.push((name.clone(), Node::Inner(Self::of(inner)?))),
                Value::Array(tests) => {
                    let tests = tests.iter().map(Test::of).collect::<Result<_>>()?;
                    fields.push((name.clone(), Node::OneOf(tests)));
                }
                other => bail!("{name}: {other} must be in a list"),
            }
        }
        Ok(Self { fields, any })
    }

    /// Whether an event, as JSON, is one that the function asked for.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        let fields = self.fields.iter().all(|(name, node)| match node {
            Node::Inner(filter) => filter.matches(event.get(name).unwrap_or(&Value::Null)),
            Node::OneOf(tests) => matches_one(tests, event.get(name)),
        });
        fields && (self.any.is_empty() || self.any.iter().any(|filter| filter.matches(event)))
    }
}

fn matches_one(tests: &[Test], value: Option<&Value>) -> bool {
    match value {
        // A list matches when one of its members does.
        Some(Value::Array(members)) if !members.is_empty() => {
            members.iter().any(|member| tests.iter().any(|test| test.matches(Some(member))))
        }
        _ => tests.iter().any(|test| test.matches(value)),
    }
}

impl Test {
    fn of(value: &Value) -> Result<Self> {
        let Value::Object(comparison) = value else { return Ok(Self::Equals(value.clone())) };
        let (name, argument) = comparison.iter().next().context("an empty comparison")?;
        if comparison.len() > 1 {
            bail!("a comparison has one name, not {}", comparison.len());
        }
        let text = || argument.as_str().map(str::to_owned).with_context(|| format!("{name} needs a text"));
        Ok(match name.as_str() {
            "prefix" => Self::Prefix(text()?),
            "suffix" => Self::Suffix(text()?),
            "equals-ignore-case" => Self::EqualsIgnoringCase(text()?.to_lowercase()),
            "exists" => Self::Exists(argument.as_bool().context("exists is true or false")?),
            "anything-but" => match argument {
                Value::Array(values) => Self::AnythingBut(values.iter().map(Self::of).collect::<Result<_>>()?),
                one => Self::AnythingBut(vec![Self::of(one)?]),
            },
            "numeric" => Self::Numeric(bounds(argument)?),
            _ => bail!("the comparison {name} is not known here"),
        })
    }

    fn matches(&self, value: Option<&Value>) -> bool {
        let text = value.and_then(Value::as_str);
        match self {
            Self::Exists(wanted) => value.is_some_and(|value| !value.is_null()) == *wanted,
            Self::Equals(Value::Null) => value == Some(&Value::Null),
            Self::Equals(wanted) => value.is_some_and(|value| same(value, wanted)),
            Self::EqualsIgnoringCase(wanted) => text.is_some_and(|text| text.to_lowercase() == *wanted),
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix)),
            Self::AnythingBut(tests) => value.is_some() && !tests.iter().any(|test| test.matches(value)),
            Self::Numeric(bounds) => value.and_then(Value::as_f64).is_some_and(|number| {
                bounds.iter().all(|(operator, bound)| match operator.as_str() {
                    "=" => number == *bound,
                    "<" => number < *bound,
                    "<=" => number <= *bound,
                    ">" => number > *bound,
                    _ => number >= *bound,
                })
            }),
        }
    }
}

fn same(value: &Value, wanted: &Value) -> bool {
    match (value.as_f64(), wanted.as_f64()) {
        (Some(value), Some(wanted)) => value == wanted,
        _ => value == wanted,
    }
}

/// `[">", 0, "<=", 5]`.
fn bounds(argument: &Value) -> Result<Vec<(String, f64)>> {
    let parts = argument.as_array().context("numeric needs a list")?;
    let bounds = parts.chunks(2).map(|pair| match pair {
        [Value::String(operator), bound] if ["=", "<", "<=", ">", ">="].contains(&operator.as_str()) => {
            Ok((operator.clone(), bound.as_f64().context("numeric compares with numbers")?))
        }
        other => bail!("numeric: {other:?} is not an operator and a number"),
    });
    bounds.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(pattern: &Value, event: &Value) -> bool {
        Filter::parse(&pattern.to_string()).unwrap().matches(event)
    }

    #[test]
    fn every_named_field_must_match_and_others_are_not_looked_at() {
        let pattern = json!({ "eventName": ["INSERT"], "dynamodb": { "NewImage": { "item": { "S": ["event"] } } } });
        let event = |name: &str, item: &str| json!({ "eventName": name, "dynamodb": { "NewImage": { "item": { "S": item }, "pk": { "S": "x" } } } });
        assert!(matches(&pattern, &event("INSERT", "event")));
        assert!(!matches(&pattern, &event("MODIFY", "event")));
        assert!(!matches(&pattern, &event("INSERT", "journal")));
        assert!(!matches(&pattern, &json!({ "eventName": "INSERT", "dynamodb": { "OldImage": {} } })));
    }

    #[test]
    fn lists_are_alternatives() {
        let pattern = json!({ "item": ["record", "link", { "prefix": "conf" }] });
        for (item, expected) in [("record", true), ("link", true), ("config", true), ("once", false)] {
            assert_eq!(matches(&pattern, &json!({ "item": item })), expected, "{item}");
        }
        assert!(matches(&pattern, &json!({ "item": ["once", "link"] })), "one member of the event's list is enough");
    }

    #[test]
    fn comparisons() {
        let cases = [
            (json!({ "a": [{ "exists": true }] }), json!({ "a": 1 }), true),
            (json!({ "a": [{ "exists": true }] }), json!({}), false),
            (json!({ "a": [{ "exists": false }] }), json!({}), true),
            (json!({ "a": [{ "exists": false }] }), json!({ "a": "" }), false),
            (json!({ "a": { "S": [{ "exists": false }] } }), json!({}), true),
            (json!({ "a": [{ "anything-but": ["x", "y"] }] }), json!({ "a": "z" }), true),
            (json!({ "a": [{ "anything-but": ["x", "y"] }] }), json!({ "a": "x" }), false),
            (json!({ "a": [{ "anything-but": { "prefix": "in" } }] }), json!({ "a": "out" }), true),
            (json!({ "a": [{ "anything-but": ["x"] }] }), json!({}), false),
            (json!({ "a": [{ "numeric": [">", 0, "<=", 5] }] }), json!({ "a": 5 }), true),
            (json!({ "a": [{ "numeric": [">", 0, "<=", 5] }] }), json!({ "a": 5.5 }), false),
            (json!({ "a": [{ "suffix": ".csv" }] }), json!({ "a": "b.csv" }), true),
            (json!({ "a": [{ "equals-ignore-case": "Abc" }] }), json!({ "a": "aBC" }), true),
            (json!({ "a": [null] }), json!({ "a": null }), true),
            (json!({ "a": [null] }), json!({}), false),
            (json!({ "a": [3] }), json!({ "a": 3.0 }), true),
            (json!({ "$or": [{ "a": [1] }, { "b": [2] }] }), json!({ "b": 2 }), true),
            (json!({ "$or": [{ "a": [1] }, { "b": [2] }] }), json!({ "b": 3 }), false),
        ];
        for (pattern, event, expected) in cases {
            assert_eq!(matches(&pattern, &event), expected, "{pattern} on {event}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for pattern in
            [json!({ "a": "b" }), json!({ "a": [{ "cidr": "10.0.0.0/8" }] }), json!({ "a": [{ "numeric": ["~", 1] }] })]
        {
            assert!(Filter::parse(&pattern.to_string()).is_err(), "{pattern}");
        }
    }
}
