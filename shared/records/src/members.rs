//! The members of records as they are answered: what an object describes and nothing else, in the order of their names.
//!
//! Documents may be older than their object's present description; this is where they are brought up to date. A record is
//! written as it is read, without a copy of it in between: lists answer fifty at a time.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use events::Document;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::field::{CUSTOM, Field, FieldType};
use crate::fields::Fields;
use crate::object::{COMMON_FIELDS, Object};
use crate::value::present;

/// The members that records of an object are answered with.
#[derive(Debug)]
pub struct Members<'a> {
    object: &'a Object,
    /// By their names.
    own: Vec<Member<'a>>,
    /// A company's own fields, by their names; `None`: their group is not answered at all.
    custom: Option<Vec<Member<'a>>>,
}

/// One member: its name, and its field if it is one.
#[derive(Debug, Clone, Copy)]
struct Member<'a> {
    name: &'a str,
    field: Option<&'a Field>,
}

/// A record as it is answered.
struct Answered<'a> {
    members: &'a Members<'a>,
    document: &'a Document,
    computed: BTreeMap<String, Value>,
    roll_ups: &'a BTreeMap<String, Value>,
}

impl<'a> Members<'a> {
    /// Those of an object whose paths are shown: `version`, `city`, `custom.tier`. The group of a company's own fields has the
    /// path `custom`.
    #[must_use]
    pub fn of(object: &'a Object, is_shown: &dyn Fn(&str) -> bool) -> Self {
        let fields = |custom: bool| {
            let fields = object.live().filter(move |field| field.is_custom() == custom && is_shown(&field.path));
            fields.map(|field| Member { name: &field.name, field: Some(field) })
        };
        let common = COMMON_FIELDS.iter().filter(|name| is_shown(name)).map(|name| Member { name, field: None });
        let custom = is_shown(CUSTOM);
        let group = custom.then_some(Member { name: CUSTOM, field: None });
        let sorted = |mut members: Vec<Member<'a>>| {
            members.sort_unstable_by_key(|member| member.name);
            members
        };
        let own = sorted(common.chain(fields(false)).chain(group).collect());
        Self { object, own, custom: custom.then(|| sorted(fields(true).collect())) }
    }

    /// A stored document with the values of its roll-ups, which only a replica knows, by path: it serialises as the record that
    /// is answered, an object with `null` where there is no value.
    #[must_use]
    pub fn answer<'b>(&'b self, document: &'b Document, roll_ups: &'b BTreeMap<String, Value>) -> impl Serialize + 'b {
        let has_formulas = !self.object.formulas.is_empty();
        let computed =
            if has_formulas { Fields::stored(self.object, document).computed(self.object) } else { BTreeMap::new() };
        Answered { members: self, document, computed, roll_ups }
    }

    /// The same as its members.
    #[must_use]
    pub fn document(&self, document: &Document, roll_ups: &BTreeMap<String, Value>) -> Document {
        let answered = serde_json::to_value(self.answer(document, roll_ups)).expect("JSON is written as JSON");
        if let Value::Object(members) = answered { members } else { Document::new() }
    }
}

impl Answered<'_> {
    fn value<'b>(&'b self, member: Member<'_>, stored: Option<&'b Value>) -> Option<Cow<'b, Value>> {
        let Some(field) = member.field else { return stored.map(Cow::Borrowed) };
        match &field.kind {
            FieldType::Formula { .. } => self.computed.get(&field.path).map(Cow::Borrowed),
            FieldType::RollUp(_) => self.roll_ups.get(&field.path).map(Cow::Borrowed),
            kind => present(kind, stored?),
        }
    }
}

impl Serialize for Answered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Group { answered: self, members: &self.members.own, stored: Some(self.document) }.serialize(serializer)
    }
}

/// Some members, and what is stored of them.
struct Group<'a> {
    answered: &'a Answered<'a>,
    members: &'a [Member<'a>],
    stored: Option<&'a Document>,
}

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len()))?;
        // Both are in the order of their names.
        let mut stored = self.stored.into_iter().flatten().peekable();
        for member in self.members {
            while stored.next_if(|(name, _)| name.as_str() < member.name).is_some() {}
            let value = stored.next_if(|(name, _)| *name == member.name).map(|(_, value)| value);
            match (member.field, &self.answered.members.custom) {
                (None, Some(members)) if member.name == CUSTOM => {
                    let stored = value.and_then(Value::as_object);
                    map.serialize_entry(member.name, &Group { answered: self.answered, members, stored })?;
                }
                _ => map.serialize_entry(member.name, &self.answered.value(*member, value))?,
            }
        }
        map.end()
    }
}

/// A stored document as it is answered, without roll-ups.
#[must_use]
pub fn render(object: &Object, document: &Document) -> Document {
    let roll_ups: BTreeSet<&str> = object.roll_ups().collect();
    let members = Members::of(object, &|path| !roll_ups.contains(path));
    members.document(document, &BTreeMap::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Definition, Record, Schema};
    use kernel::Timestamp;
    use serde_json::json;
    use std::sync::Arc;

    fn thing() -> Arc<Object> {
        let field = |name: &str, kind: FieldType| Field::new(name, kind, "").custom();
        let mut definition = Definition::empty("contact", Timestamp::from_millis(0).unwrap());
        definition.fields = vec![
            field("seats", FieldType::Number { decimals: 0, min: None, max: None }),
            field("twice", FieldType::Formula { expression: "custom.seats * 2".to_owned() }),
            field("more", FieldType::Formula { expression: "custom.twice + 1".to_owned() }),
            Field { archived: true, ..field("gone", FieldType::text(10)) },
        ];
        Schema::of(vec![definition]).object("contact").cloned().unwrap()
    }

    fn stored(value: Value) -> Document {
        let Value::Object(mut document) = value else { panic!("no object") };
        let common = json!({
            "id": format!("con_{}", "0".repeat(32)), "object": "contact", "version": 3,
            "created_at": "2026-01-01T00:00:00.000Z", "created_by": format!("usr_{}", "0".repeat(32)),
            "updated_at": "2026-01-01T00:00:00.000Z", "updated_by": format!("usr_{}", "0".repeat(32)),
        });
        document.extend(common.as_object().cloned().unwrap());
        document
    }

    #[test]
    fn a_document_is_answered_as_its_object_is_now() {
        let document = stored(json!({
            "city": "Bonn", "email": 7, "nick": "x", "external_id": null,
            "custom": { "seats": "21", "twice": 5, "gone": "y", "other": 1 },
        }));
        let rendered = render(&thing(), &document);
        let members: Vec<&str> = rendered.keys().map(String::as_str).collect();
        let mut expected: Vec<String> =
            thing().fields.iter().filter(|f| !f.is_custom()).map(|f| f.name.clone()).collect();
        expected.extend(COMMON_FIELDS.iter().map(|name| (*name).to_owned()));
        expected.push(CUSTOM.to_owned());
        expected.sort_unstable();
        assert_eq!(members, expected, "nothing that it does not describe, and all that it does");
        assert_eq!(rendered.get("custom"), Some(&json!({ "seats": 21, "twice": 42, "more": 43 })));
        let at = |name: &str| rendered.get(name).cloned().unwrap();
        assert_eq!([at("city"), at("email"), at("external_id")], [json!("Bonn"), Value::Null, Value::Null]);
        assert_eq!([at("version"), at("merged_into")], [json!(3), Value::Null]);
    }

    #[test]
    fn a_record_is_answered_as_its_document_is() {
        let document = stored(json!({ "city": "Bonn", "email": 7, "custom": { "seats": "21", "other": 1 } }));
        let record = Record::read(&thing(), document.clone()).unwrap();
        assert_eq!(record.rendered(&thing()), render(&thing(), &document));
    }
}
