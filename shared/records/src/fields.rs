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
