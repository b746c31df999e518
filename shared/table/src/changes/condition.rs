//! What has to be true of a stored item: said to the table, or judged here.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use events::Document;
use kernel::Version;
use serde_json::Value;

/// A condition on one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// All of it.
    All(Vec<Test>),
    /// At least one of it.
    Any(Vec<Test>),
}

/// Something that is true of an item or is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    /// There is no item.
    Absent,
    /// There is an item.
    Present,
    /// It has this version.
    Version(Version),
    /// An attribute is this text.
    Text(&'static str, String),
}

/// A condition in DynamoDB's words, and the values that stand in it by name.
pub(crate) type Expression = (String, Option<HashMap<String, AttributeValue>>);

impl Condition {
    pub(crate) fn expression(&self) -> Expression {
        let (tests, between) = match self {
            Self::All(tests) => (tests, " and "),
            Self::Any(tests) => (tests, " or "),
        };
        let mut values = HashMap::new();
        let mut equals = |attribute: &str, value: AttributeValue| {
            let name = format!(":v{}", values.len());
            let text = format!("{attribute} = {name}");
            values.insert(name, value);
            text
        };
        let words: Vec<String> = tests
            .iter()
            .map(|test| match test {
                Test::Absent => "attribute_not_exists(pk)".to_owned(),
                Test::Present => "attribute_exists(pk)".to_owned(),
                Test::Version(version) => equals("version", AttributeValue::N(version.to_string())),
                Test::Text(attribute, text) => equals(attribute, AttributeValue::S(text.clone())),
            })
            .collect();
        (words.join(between), (!values.is_empty()).then_some(values))
    }

    pub(crate) fn holds(&self, stored: Option<&Document>) -> bool {
        let attribute = |name: &str| stored.and_then(|document| document.get(name));
        let holds = |test: &Test| match test {
            Test::Absent => stored.is_none(),
            Test::Present => stored.is_some(),
            Test::Version(version) => attribute("version").and_then(Value::as_u64) == Some(*version),
            Test::Text(name, text) => attribute(name).and_then(Value::as_str) == Some(text),
        };
        match self {
            Self::All(tests) => tests.iter().all(holds),
            Self::Any(tests) => tests.iter().any(holds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_said_in_the_words_of_the_table() {
        let text = |text: &str| Test::Text("holder", text.to_owned());
        let (words, values) = Condition::Any(vec![Test::Absent, text("a"), text("b")]).expression();
        assert_eq!(words, "attribute_not_exists(pk) or holder = :v0 or holder = :v1");
        let values = values.unwrap();
        assert_eq!((&values[":v0"], &values[":v1"]), (&AttributeValue::S("a".into()), &AttributeValue::S("b".into())));
        let (words, values) = Condition::All(vec![Test::Version(3), text("a")]).expression();
        assert_eq!((words.as_str(), values.unwrap().len()), ("version = :v0 and holder = :v1", 2));
        // The table refuses values that no condition names.
        assert_eq!(Condition::All(vec![Test::Present]).expression(), ("attribute_exists(pk)".to_owned(), None));
    }
}
