//! The values of a record, parsed: nothing gets in that its object does not describe.

use std::collections::BTreeMap;

use events::{Document, FieldChange};
use kernel::{Violations, path_pointer, pointer};
use serde_json::Value;

use crate::field::CUSTOM;
use crate::object::{COMMON_FIELDS, Object};
use crate::value::{coerce, parse_value};
use crate::{Field, FieldType};

/// The values of a record's own fields by their paths. A field without a value is not in it, nor is a computed one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// Parses the members of a new record: what is absent has its field's default, what is required must have a value.
    ///
    /// # Errors
    /// Every violation at once.
    pub fn parse(object: &Object, input: &Document) -> Result<Self, Violations> {
        let mut fields = Self::default();
        for field in object.stored() {
            if let Some(default) = &field.default {
                fields.0.insert(field.path.clone(), default.clone());
            }
        }
        let mut violations = Violations::new();
        fields.take(object, input, &mut violations);
        for field in object.stored().filter(|field| field.required && !field.locked) {
            fields.require(field, &mut violations);
        }
        fields.ruled(object, None, violations)
    }

    /// What the members of an input say of a record that nobody wants to keep yet: nothing is required, and the object's
    /// rules are not asked.
    ///
    /// # Errors
    /// Every violation at once.
    pub fn draft(object: &Object, input: &Document) -> Result<Self, Violations> {
        let (mut fields, mut violations) = (Self::default(), Violations::new());
        fields.take(object, input, &mut violations);
        violations.or(fields)
    }

    /// These fields with a JSON Merge Patch (RFC 7396) applied: what is absent stays, `null` clears.
    ///
    /// Only what the patch touches is judged: a record from before a field was required, or before its options were
    /// others, can still be changed in everything else.
    ///
    /// # Errors
    /// Every violation at once, those of the object's rules over the whole record included.
    pub fn patched(&self, object: &Object, patch: &Document) -> Result<Self, Violations> {
        let mut fields = self.clone();
        let mut violations = Violations::new();
        for field in fields.take(object, patch, &mut violations) {
            if field.required {
                fields.require(field, &mut violations);
            }
        }
        fields.ruled(object, Some(self), violations)
    }

    /// Takes the members of an input over, and answers the fields that it names.
    fn take<'a>(&mut self, object: &'a Object, input: &Document, violations: &mut Violations) -> Vec<&'a Field> {
        let mut named = Vec::new();
        for (name, value) in input {
            match (name.as_str(), value) {
                (CUSTOM, Value::Object(members)) => {
                    for (name, value) in members {
                        let path = [CUSTOM, name].join(".");
                        if object.field(&path).is_some() {
                            named.extend(self.take_one(object, &path, value, violations));
                        } else {
                            let at = pointer(CUSTOM) + &pointer(name);
                            violations.add(at, "unknown_field", "is not a field of this object");
                        }
                    }
                }
                (CUSTOM, _) => violations.add(pointer(CUSTOM), "wrong_type", "must be an object"),
                ("owner_id", _) if object.owned => {}
                // A dot in a member's name is no path.
                (name, value) if !name.contains('.') => {
                    named.extend(self.take_one(object, name, value, violations));
                }
                (name, _) => violations.add(pointer(name), "unknown_field", "is not a field of this object"),
            }
        }
        named
    }

    fn take_one<'a>(
        &mut self,
        object: &'a Object,
        path: &str,
        value: &Value,
        violations: &mut Violations,
    ) -> Option<&'a Field> {
        let Some(field) = object.field(path) else {
            unknown(path, violations);
            return None;
        };
        if field.locked {
            violations.add(field.pointer(), "read_only", "is for others to change");
            return Some(field);
        }
        match parse_value(field, value, &field.pointer()) {
            Ok(Some(value)) => drop(self.0.insert(path.to_owned(), value)),
            Ok(None) => drop(self.0.remove(path)),
            Err(others) => violations.extend(others),
        }
        Some(field)
    }

    fn require(&self, field: &Field, violations: &mut Violations) {
        let pointer = field.pointer();
        let refused = violations.iter().any(|violation| violation.pointer.starts_with(&pointer));
        if !self.0.contains_key(&field.path) && !refused {
            violations.add(pointer, "required", "must have a value");
        }
    }

    /// These fields, if nothing is wrong with them and the object's rules have nothing against them.
    fn ruled(mut self, object: &Object, before: Option<&Self>, mut violations: Violations) -> Result<Self, Violations> {
        if violations.is_empty() {
            (object.follow)(before.map(|before| before.told(object, true)).as_ref(), &mut self);
            violations.extend(self.broken_rules(object, before));
        }
        violations.or(self)
    }

    /// What an object's rules have against these fields, as whoever writes them sees the object: a value that is hidden from them
    /// neither keeps a rule nor breaks one, or they could find out that it is there. A record that was no better before is judged
    /// by all that it has.
    pub(crate) fn broken_rules(&self, object: &Object, before: Option<&Self>) -> Violations {
        let broken = |fields: &Self| {
            let mut violations = Violations::new();
            (object.rules)(fields, &mut violations);
            violations
        };
        let was_known = before.is_none_or(|before| broken(&before.told(object, false)).is_empty());
        broken(&if was_known { self.told(object, false) } else { self.clone() })
    }

    /// These fields without those that are hidden from whoever writes: an object as they write it has them as given up.
    ///
    /// What follows from a change goes into lists, so for that `with_lists` keeps them: nothing is told by adding to one that is hidden.
    pub(crate) fn told(&self, object: &Object, with_lists: bool) -> Self {
        let is_hidden =
            |field: &&Field| field.archived && !(with_lists && matches!(field.kind, FieldType::Items { .. }));
        let mut told = self.clone();
        for field in object.fields.iter().filter(is_hidden) {
            told.0.remove(&field.path);
        }
        told
    }

    /// Takes an object's fields out of a stored document, each as its present type. What the object no longer describes
    /// stays out.
    #[must_use]
    pub fn stored(object: &Object, document: &Document) -> Self {
        let known =
            object.stored().filter_map(|field| Some((field.path.clone(), coerce(&field.kind, field.raw(document)?)?)));
        Self(known.collect())
    }

    /// The value at a path as text, if it has one.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path)?.as_str()
    }

    /// The value at a path, if it has one.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.0.get(path)
    }

    /// Puts a value at a path, or takes it away. For what follows from other fields: nothing is checked.
    pub fn set(&mut self, path: &str, value: Option<Value>) {
        match value {
            Some(value) => drop(self.0.insert(path.to_owned(), value)),
            None => drop(self.0.remove(path)),
        }
    }

    /// Every path that has a value, with the value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(path, value)| (path.as_str(), value))
    }

    /// What is different in `after`, by path.
    #[must_use]
    pub fn changes(&self, after: &Self) -> BTreeMap<String, FieldChange> {
        let paths = self.0.keys().chain(after.0.keys());
        let value = |fields: &Self, path: &str| fields.0.get(path).cloned().unwrap_or(Value::Null);
        paths
            .filter(|path| self.0.get(*path) != after.0.get(*path))
            .map(|path| (path.clone(), FieldChange { before: value(self, path), after: value(after, path) }))
            .collect()
    }

    /// The values of the object's formulas over these fields, by path.
    #[must_use]
    pub fn computed(&self, object: &Object) -> BTreeMap<String, Value> {
        let mut computed: BTreeMap<String, Value> = BTreeMap::new();
        for (path, formula) in &object.formulas {
            let operand = |path: &str| {
                let value = computed.get(path).or_else(|| self.0.get(path))?;
                crate::formula::Operand::of(value, &crate::schema::value_type(object, object.field(path)?)?)
            };
            if let Some(value) = formula.evaluate(&operand) {
                computed.insert(path.clone(), value.into_value());
            }
        }
        computed
    }
}

impl Object {
    /// Passes if some record could take a patch: what it names are fields, and their values are such as they take. For what
    /// is to be applied to many.
    ///
    /// # Errors
    /// Every violation at once.
    pub fn check_patch(&self, patch: &Document) -> Result<(), Violations> {
        let (mut fields, mut violations) = (Fields::default(), Violations::new());
        for field in fields.take(self, patch, &mut violations) {
            if field.required {
                fields.require(field, &mut violations);
            }
        }
        violations.keep(crate::load::parse_owner(patch));
        violations.or(())
    }
}

fn unknown(path: &str, violations: &mut Violations) {
    if COMMON_FIELDS.contains(&path) {
        violations.add(pointer(path), "read_only", "is set by Rapport and cannot be changed");
    } else {
        violations.add(path_pointer(path), "unknown_field", "is not a field of this object");
    }
}

/// Puts the values of fields into a document: a company's own under `custom`.
pub fn insert(document: &mut Document, path: &str, value: Value) {
    match path.split_once('.') {
        Some((group, name)) => {
            let group = document.entry(group).or_insert_with(|| Value::Object(Document::new()));
            if let Value::Object(group) = group {
                group.insert(name.to_owned(), value);
            }
        }
        None => drop(document.insert(path.to_owned(), value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Field, FieldType};
    use kernel::{Prefix, kinds};
    use proptest::prelude::*;
    use serde_json::json;

    fn object() -> Object {
        let mut object = Object::new("thing", "things", Prefix::of::<kinds::Contact>(), "");
        object.fields = vec![
            Field::new("name", FieldType::text(10), "").required(),
            Field::new("email", FieldType::Email {}, "").unique(),
            Field::new("size", FieldType::select(&["small", "large"]), ""),
            Field::new("tier", FieldType::text(10), "").custom(),
        ];
        object.rules = |fields, violations| {
            if fields.text("name") == fields.text("size") {
                violations.add("", "same", "name and size must differ");
            }
        };
        object
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
        assert_eq!(
            codes(json!({ "name": "x", "custom": { "tier": 7, "nick": "y" }, "custom.tier": "z", "version": 2 })),
            [
                "/custom/nick unknown_field",
                "/custom/tier wrong_type",
                "/custom.tier unknown_field",
                "/version read_only"
            ]
        );
        assert_eq!(codes(json!({ "name": "x", "custom": [] })), ["/custom wrong_type"]);
    }

    #[test]
    fn a_patch_is_judged_by_what_it_touches_only() {
        let mut object = object();
        let before = Fields::parse(&object, &map(json!({ "name": "Ada" }))).unwrap();
        object.fields[1].required = true;
        assert!(before.patched(&object, &map(json!({ "name": "Bea" }))).is_ok());
        assert!(before.patched(&object, &map(json!({ "email": null }))).is_err());
        assert!(Fields::parse(&object, &map(json!({ "name": "Ada" }))).is_err());
    }

    #[test]
    fn a_new_record_that_says_nothing_has_the_default() {
        let mut object = object();
        object.fields[2].default = Some(json!("large"));
        let made = |input: Value| Fields::parse(&object, &map(input)).unwrap().text("size").map(str::to_owned);
        assert_eq!(made(json!({ "name": "Ada" })).as_deref(), Some("large"));
        assert_eq!(made(json!({ "name": "Ada", "size": null })), None);
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
                let mut stored = Document::new();
                fields.iter().for_each(|(path, value)| insert(&mut stored, path, value.clone()));
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
