//! Bodies as JSON in which no member is given twice: which of the two counts would be a guess, and whoever looked at the
//! request on its way here may have guessed otherwise.

use std::cell::RefCell;
use std::fmt;

use kernel::pointer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a body cannot be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It is no JSON.
    NotJson(serde_json::Error),
    /// A member is given twice: where it stands.
    Twice(String),
}

/// Reads JSON of a depth of up to 128: a deeply nested body costs nothing.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Unreadable> {
    let twice = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Part { pointer: String::new(), twice: &twice }.deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value)).map_err(Unreadable::NotJson)?;
    match twice.into_inner() {
        Some(pointer) => Err(Unreadable::Twice(pointer)),
        None => Ok(value),
    }
}

/// A value within a body.
struct Part<'a> {
    pointer: String,
    /// The first member that was given twice.
    twice: &'a RefCell<Option<String>>,
}

impl Part<'_> {
    fn below(&self, name: &str) -> Part<'_> {
        Part { pointer: [&self.pointer, pointer(name).as_str()].concat(), twice: self.twice }
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = entries.next_element_seed(self.below(&values.len().to_string()))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let below = self.below(&name);
            if values.contains_key(&name) {
                let mut twice = self.twice.borrow_mut();
                twice.get_or_insert_with(|| below.pointer.clone());
            }
            let value = members.next_value_seed(below)?;
            values.insert(name, value);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn twice(text: &str) -> Option<String> {
        match parse(text.as_bytes()) {
            Ok(_) => None,
            Err(Unreadable::Twice(pointer)) => Some(pointer),
            Err(Unreadable::NotJson(error)) => panic!("{error}"),
        }
    }

    #[test]
    fn what_is_given_twice_is_found_wherever_it_stands() {
        assert_eq!(twice(r#"{"a":1,"a":1}"#).as_deref(), Some("/a"));
        assert_eq!(twice(r#"{"a":[1,{"b/c":{},"b\/c":2}]}"#).as_deref(), Some("/a/1/b~1c"));
        assert_eq!(twice(r#"{"a":{"b":1},"c":{"b":1},"d":["b","b"]}"#), None);
        assert!(matches!(parse(br#"{"a":1,"a":1"#), Err(Unreadable::NotJson(_))), "what is no JSON is said first");
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_refused() {
        let deep = "[".repeat(100_000);
        for text in ["", "{", "{}{}", "NaN", "1e999", "\"\\ud800\"", "\u{feff}{}", &deep] {
            assert!(matches!(parse(text.as_bytes()), Err(Unreadable::NotJson(_))), "{text:.20}");
        }
    }

    proptest! {
        #[test]
        fn everything_else_is_read_as_it_always_is(text in "[\\[\\]{}:,\"a0-9.eE+ \\\\u-]{0,40}|\\{\"[ab]\":(-?[0-9]{1,20}(\\.[0-9]{1,5})?|true|null|\"[a-z]\")\\}") {
            match (parse(text.as_bytes()), serde_json::from_str::<Value>(&text)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
                (Err(Unreadable::Twice(_)), Ok(_)) | (Err(Unreadable::NotJson(_)), Err(_)) => {}
                (ours, theirs) => prop_assert!(false, "{:?} {:?}", ours, theirs),
            }
        }
    }
}
