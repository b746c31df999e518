//! Bodies as JSON in which no member is given twice: which of the two counts would be a guess, and whoever looked at the
//! request on its way here may have guessed otherwise.

use std::cell::{Cell, RefCell};
use std::fmt;

use kernel::pointer;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep objects and lists stand in each other at the most. No question and no record comes near: a filter may be 10 deep.
pub const MAX_JSON_DEPTH: usize = 64;
/// The most values of a body, those that hold others included: a batch of a hundred large records has a third of them.
pub const MAX_JSON_VALUES: usize = 50_000;

/// Why a body cannot be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// It is no JSON.
    NotJson(serde_json::Error),
    /// A member is given twice: where it stands.
    Twice(String),
    /// It is deeper than [`MAX_JSON_DEPTH`].
    TooDeep,
    /// It has more than [`MAX_JSON_VALUES`].
    TooMany,
}

/// Reads JSON, up to where there is too much of it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Unreadable> {
    let seen = Seen::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Part { within: None, depth: 0, seen: &seen }.deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    match (seen.too_much.take(), seen.twice.into_inner(), value) {
        (Some(too_much), ..) => Err(too_much),
        (None, _, Err(error)) => Err(Unreadable::NotJson(error)),
        (None, Some(pointer), Ok(_)) => Err(Unreadable::Twice(pointer)),
        (None, None, Ok(value)) => Ok(value),
    }
}

/// What was seen of a body so far.
#[derive(Default)]
struct Seen {
    values: Cell<usize>,
    /// The first member that was given twice.
    twice: RefCell<Option<String>>,
    too_much: Cell<Option<Unreadable>>,
}

/// A step from a value to one within it.
#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Entry(usize),
}

/// A value within a body. Where it stands is spelled out only where somebody has to be told: names can be long, and values many.
#[derive(Clone, Copy)]
struct Part<'a> {
    within: Option<(&'a Self, Step<'a>)>,
    depth: usize,
    seen: &'a Seen,
}

impl<'a> Part<'a> {
    fn below(&'a self, step: Step<'a>) -> Self {
        Self { within: Some((self, step)), depth: self.depth, seen: self.seen }
    }

    fn pointer(&self) -> String {
        match self.within {
            None => String::new(),
            Some((above, Step::Member(name))) => above.pointer() + &pointer(name),
            Some((above, Step::Entry(index))) => above.pointer() + &pointer(&index.to_string()),
        }
    }

    /// The same as something that holds values.
    fn opened<E: serde::de::Error>(mut self) -> Result<Self, E> {
        self.depth += 1;
        if self.depth > MAX_JSON_DEPTH {
            self.seen.too_much.set(Some(Unreadable::TooDeep));
            return Err(E::custom("too deep"));
        }
        Ok(self)
    }
}

impl<'de> DeserializeSeed<'de> for Part<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let values = self.seen.values.get() + 1;
        self.seen.values.set(values);
        if values > MAX_JSON_VALUES {
            self.seen.too_much.set(Some(Unreadable::TooMany));
            return Err(D::Error::custom("too many values"));
        }
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
        let part = self.opened()?;
        let mut values = Vec::new();
        while let Some(value) = entries.next_element_seed(part.below(Step::Entry(values.len())))? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let part = self.opened()?;
        let mut values = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let below = part.below(Step::Member(&name));
            if values.contains_key(&name) {
                part.seen.twice.borrow_mut().get_or_insert_with(|| below.pointer());
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
            Err(other) => panic!("{other:?}"),
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
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "{}{}", "NaN", "1e999", "\"\\ud800\"", "\u{feff}{}"] {
            assert!(matches!(parse(text.as_bytes()), Err(Unreadable::NotJson(_))), "{text:.20}");
        }
    }

    #[test]
    fn what_is_too_deep_is_not_read_to_its_end() {
        let nested = |open: &str, close: &str, depth| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            assert!(parse(nested(open, close, MAX_JSON_DEPTH).as_bytes()).is_ok());
            assert!(matches!(parse(nested(open, close, MAX_JSON_DEPTH + 1).as_bytes()), Err(Unreadable::TooDeep)));
            assert!(matches!(parse(open.repeat(100_000).as_bytes()), Err(Unreadable::TooDeep)));
        }
    }

    #[test]
    fn what_has_too_many_values_is_not_read_to_its_end() {
        let list = |values: usize| format!("[{}1]", "1,".repeat(values - 1));
        assert!(parse(list(MAX_JSON_VALUES - 1).as_bytes()).is_ok(), "the list itself is one");
        assert!(matches!(parse(list(MAX_JSON_VALUES).as_bytes()), Err(Unreadable::TooMany)));
        let endless = "{\"a\":[".to_owned() + &"{},".repeat(MAX_JSON_VALUES);
        assert!(matches!(parse(endless.as_bytes()), Err(Unreadable::TooMany)));
    }

    /// Where each value stands used to be spelled out for each: a hundred thousand times a hundred thousand letters.
    #[test]
    fn long_names_around_many_values_cost_no_more_than_their_bytes() {
        let body = format!("{{\"{}\":[{}1]}}", "n".repeat(150_000), "1,".repeat(49_000));
        let started = std::time::Instant::now();
        parse(body.as_bytes()).unwrap();
        assert!(started.elapsed() < std::time::Duration::from_millis(500), "{:?}", started.elapsed());
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
