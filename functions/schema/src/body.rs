//! Reading bodies: one member after the other, and in the end everything that was wrong at once.

use events::Document;
use kernel::{Violations, pointer};
use records::{Field, FieldType, parse_value};
use serde_json::Value;

/// A member of a body: absent (`None`), `null` or blank (`Some(None)`), or a value.
pub(crate) type Given<T> = Option<Option<T>>;

/// A body that is being read.
pub(crate) struct Body<'a> {
    members: &'a Document,
    known: Vec<&'a str>,
    pub(crate) violations: Violations,
}

impl<'a> Body<'a> {
    pub(crate) const fn new(members: &'a Document) -> Self {
        Self { members, known: Vec::new(), violations: Violations::new() }
    }

    /// A member as it is.
    pub(crate) fn raw(&mut self, name: &'a str) -> Option<&'a Value> {
        self.known.push(name);
        self.members.get(name)
    }

    /// A member as the value of a field would be taken.
    pub(crate) fn value(&mut self, name: &'a str, kind: FieldType) -> Given<Value> {
        let given = self.raw(name)?;
        match parse_value(&Field::new(name, kind, ""), given, &pointer(name)) {
            Ok(value) => Some(value),
            Err(others) => {
                self.violations.extend(others);
                None
            }
        }
    }

    /// A line of text.
    pub(crate) fn line(&mut self, name: &'a str, max: usize) -> Given<String> {
        let value = self.value(name, FieldType::text(max))?;
        Some(value.and_then(|value| value.as_str().map(str::to_owned)))
    }

    /// True or false; `null` is neither.
    pub(crate) fn flag(&mut self, name: &'a str) -> Option<bool> {
        match self.value(name, FieldType::Boolean {})? {
            Some(value) => value.as_bool(),
            None => {
                self.violations.add(pointer(name), "wrong_type", "must be true or false");
                None
            }
        }
    }

    /// A line that has to be there. An empty one is answered when it is not, which is noted.
    pub(crate) fn needed(&mut self, name: &'a str, max: usize) -> String {
        let before = self.violations.iter().count();
        let line = self.line(name, max).flatten().unwrap_or_default();
        if line.is_empty() && self.violations.iter().count() == before {
            self.violations.add(pointer(name), "required", "must have a value");
        }
        line
    }

    /// The members that nobody has asked for, to be read by somebody else.
    pub(crate) fn rest(&mut self) -> Document {
        let rest: Document = self
            .members
            .iter()
            .filter(|(name, _)| !self.known.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.known.extend(self.members.keys().map(String::as_str));
        rest
    }

    /// Everything that was wrong, members that nobody knows included.
    pub(crate) fn finish(mut self) -> Violations {
        for name in self.rest().keys() {
            self.violations.add(pointer(name), "unknown_field", "is not a member of this");
        }
        self.violations
    }
}

/// Whether a text is a word that can stand in paths, filters and formulas: `budget`, `net_sum`.
pub(crate) fn is_slug(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.split('_').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_wrong_is_found_at_once() {
        let members = json!({ "label": "a\u{0}b", "private": null, "nick": 1, "name": "  " });
        let members = members.as_object().unwrap();
        let mut body = Body::new(members);
        assert_eq!(body.line("label", 10), None);
        assert_eq!(body.flag("private"), None);
        assert_eq!(body.needed("name", 10), "");
        assert_eq!(body.line("absent", 10), None);
        let found = body.finish();
        let found: Vec<String> = found.iter().map(|v| format!("{} {}", v.pointer, v.code)).collect();
        assert_eq!(found, ["/label control_character", "/private wrong_type", "/name required", "/nick unknown_field"]);
    }

    #[test]
    fn slugs_are_words_in_snake_case() {
        assert!(["a", "net_sum", "a1_2"].iter().all(|text| is_slug(text)));
        assert!(["", "A", "1a", "_a", "a_", "a__b", "a-b", "ä", "a.b", "a b"].iter().all(|text| !is_slug(text)));
    }
}
