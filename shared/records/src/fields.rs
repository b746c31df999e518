//! The values of a record, parsed: nothing gets in that its object does not describe.

use std::collections::BTreeMap;

use events::{Document, FieldChange};
use kernel::{Violation, Violations, pointer};
use serde_json::Value;

use crate::schema::{COMMON_FIELDS, Object};
use crate::value::parse_value;

/// The values of a record's own fields, and its owner's id beside them. A field without a value is not in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// Parses the members of a new record.
    ///
    /// # Errors
    /// Every violation at once.
    pub fn parse(object: &Object, input: &Document) -> Result<Self, Violations> {
        Self::default().patched(object, input)
    }

    /// These fields with a JSON Merge Patch (RFC 7396) applied: what is absent stays, `null` clears.
    ///
    /// # Errors
    /// Every violation at once, those of the object's rules over the whole record included.
    pub fn patched(&self, object: &Object, patch: &Document) -> Result<Self, Violations> {
        let mut fields = self.clone();
        let mut violations = Violations::new();
        for (name, value) in patch {
            if let Some(field) = object.field(name) {
                match violations.keep(parse_value(field, value)) {
                    Some(Some(value)) => drop(fields.0.insert(name.clone(), value)),
                    Some(None) => drop(fields.0.remove(name)),
                    None => {}
                }
            } else if !(object.owned && name == "owner_id") {
                let _ = violations.keep::<()>(Err(not_a_field(name)));
            }
        }
        for field in object.fields.iter().filter(|field| field.required) {
            let refused = violations.iter().any(|violation| violation.pointer == pointer(field.name));
            if !fields.0.contains_key(field.name) && !refused {
                violations.add(pointer(field.name), "required", "must have a value");
            }
        }
        if violations.is_empty() {
            (object.rules)(&fields, &mut violations);
        }
        violations.or(fields)
    }

    /// Takes an object's fields out of a stored document. What the object no longer describes stays out.
    #[must_use]
    pub(crate) fn stored(object: &Object, document: &Document) -> Self {
        let known =
            object.fields.iter().filter_map(|field| Some((field.name.to_owned(), document.get(field.name)?.clone())));
        Self(known.filter(|(_, value)| !value.is_null()).collect())
    }

    /// The value of a field as text, if it has one.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The value of a field, if it has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// What is different in `after`, by field.
    #[must_use]
    pub fn changes(&self, after: &Self) -> BTreeMap<String, FieldChange> {
        let names = self.0.keys().chain(after.0.keys());
        let value = |fields: &Self, name: &str| fields.0.get(name).cloned().unwrap_or(Value::Null);
        names
            .filter(|name| self.0.get(*name) != after.0.get(*name))
            .map(|name| (name.clone(), FieldChange { before: value(self, name), after: value(after, name) }))
            .collect()
    }
}

fn not_a_field(name: &str) -> Violation {
    let (code, detail) = if COMMON_FIELDS.contains(&name) {
        ("read_only", "is set by Rapport and cannot be changed")
    } else {
        ("unknown_field", "is not a field of this object")
    };
    Violation { pointer: pointer(name), code, detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Field, FieldType};
    use auth::Permission;
    use proptest::prelude::*;
    use serde_json::json;

    fn object() -> Object {
        Object {
            name: "thing",
            plural: "things",
            prefix: "con",
            help: "",
            owned: true,
            write: Permission::Write,
            fields: vec![
                Field::new("name", FieldType::Text { max: 10 }, "").required(),
                Field::new("email", FieldType::Email, "").unique(),
                Field::new("size", FieldType::Select { options: vec!["small", "large"] }, ""),
            ],
            guard: Object::no_guard,
            rules: |fields, violations| {
                if fields.text("name") == fields.text("size") {
                    violations.add("", "same", "name and size must differ");
                }
            },
        }
    }

    fn map(value: Value) -> Document {
        value.as_object().cloned().unwrap()
    }

    fn codes(input: Value) -> Vec<String> {
        let violations = Fields::parse(&object(), &map(input)).err().unwrap_or_default();
        violations.iter().map(|violation| format!("{} {}", violation.pointer, violation.code)).collect()
    }

    #[test]
    fn everything_wrong_is_found_at_once_and_rules_come_last() {
        assert_eq!(
            codes(json!({ "email": 1, "size": "huge", "nick": "x" })),
            ["/email wrong_type", "/nick unknown_field", "/size unknown_option", "/name required",]
        );
        assert_eq!(codes(json!({ "name": "small", "size": "small" })), [" same"]);
        assert_eq!(codes(json!({ "name": null })), ["/name required"]);
        assert_eq!(codes(json!({ "name": ["x"] })), ["/name wrong_type"], "one violation for one mistake");
        assert_eq!(codes(json!({ "a/b~c": 1, "name": "x" })), ["/a~1b~0c unknown_field"]);
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            Just(json!("")),
            Just(json!(" small ")),
            Just(json!("large")),
            Just(json!("Ada@Example.com")),
            Just(json!(7)),
            "[a-z ]{0,14}".prop_map(Value::from),
        ]
    }

    fn input() -> impl Strategy<Value = Document> {
        let name = prop_oneof![Just("name"), Just("email"), Just("size"), Just("owner_id"), Just("nick")];
        proptest::collection::btree_map(name, value(), 0..5)
            .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    proptest! {
        #[test]
        fn what_was_accepted_is_accepted_again_and_changes_nothing(input in input()) {
            if let Ok(fields) = Fields::parse(&object(), &input) {
                let stored: Document = fields.0.clone().into_iter().collect();
                let again = Fields::parse(&object(), &stored);
                prop_assert_eq!(again.as_ref(), Ok(&fields));
                prop_assert_eq!(Fields::stored(&object(), &stored), fields);
            }
        }

        #[test]
        fn a_patch_touches_only_what_it_names(first in input(), patch in input()) {
            let Ok(before) = Fields::parse(&object(), &first) else { return Ok(()) };
            let Ok(after) = before.patched(&object(), &patch) else { return Ok(()) };
            let changes = before.changes(&after);
            prop_assert!(changes.keys().all(|name| patch.contains_key(name)));
            let again = after.patched(&object(), &patch);
            prop_assert_eq!(again.as_ref(), Ok(&after), "twice is as good as once");
            for (name, change) in changes {
                prop_assert_eq!(before.get(&name).cloned().unwrap_or_default(), change.before);
                prop_assert_eq!(after.get(&name).cloned().unwrap_or_default(), change.after);
            }
        }
    }
}
