//! A record: what Rapport knows of it and its fields.

use events::Document;
use kernel::{AnyId, Error, Id, Result, Timestamp, Version, kinds};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::field::{CUSTOM, FieldType};
use crate::fields::{Fields, insert};
use crate::object::{COMMON_FIELDS, Object};
use crate::value::coerce;

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What every record has.
    pub common: Common,
    /// What its object describes.
    pub fields: Fields,
    /// What is stored and not described now: values of fields that were given up, that a later release has written, or that
    /// cannot be read as what their field has become. By path; they stay as they are.
    pub(crate) other: Vec<(String, Value)>,
}

/// The members that every record has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Common {
    /// Its id.
    pub id: AnyId,
    /// The object it is one of, in the singular.
    pub object: String,
    /// 1 at creation, one more at each change.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Id<kinds::User>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: Id<kinds::User>,
    /// Whose it is.
    #[serde(default)]
    pub owner_id: Option<Id<kinds::User>>,
    /// When it was put into the trash.
    #[serde(default)]
    pub archived_at: Option<Timestamp>,
    /// The record that it was merged into.
    #[serde(default)]
    pub merged_into: Option<AnyId>,
}

impl Record {
    /// A record with nothing but what its object describes.
    #[must_use]
    pub const fn new(common: Common, fields: Fields) -> Self {
        Self { common, fields, other: Vec::new() }
    }

    /// Reads a stored document.
    ///
    /// # Errors
    /// [`Error::Bug`] when it is not a record of that object: whoever asked used a wrong key.
    pub fn read(object: &Object, document: Document) -> Result<Self> {
        let fields = Fields::stored(object, &document);
        let other = undescribed(&fields, &document);
        let common: Common = serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("record"))?;
        if common.object != object.name {
            return Err(Error::bug(format!("a {} where a {} was expected", common.object, object.name)));
        }
        Ok(Self { common, fields, other })
    }

    /// The record as it is stored and as the journal carries it: without members that have no value.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = self.members();
        document.retain(|_, value| !value.is_null());
        for (path, value) in &self.other {
            insert(&mut document, path, value.clone());
        }
        for (path, value) in self.fields.iter() {
            insert(&mut document, path, value.clone());
        }
        document
    }

    /// The record as it is answered: every member, `null` where there is no value. Roll-ups, which only a replica knows,
    /// are not among them.
    #[must_use]
    pub fn rendered(&self, object: &Object) -> Document {
        render(object, self.document())
    }

    fn members(&self) -> Document {
        let common = serde_json::to_value(&self.common).expect("ids, times and numbers always serialise");
        common.as_object().cloned().unwrap_or_default()
    }
}

/// The members of a stored document that are not among the fields that were read from it, by path.
fn undescribed(fields: &Fields, document: &Document) -> Vec<(String, Value)> {
    let own = document.iter().filter(|(name, _)| name.as_str() != CUSTOM && !COMMON_FIELDS.contains(&name.as_str()));
    let own = own.map(|(name, value)| (name.clone(), value));
    let custom = document.get(CUSTOM).and_then(Value::as_object).into_iter().flatten();
    let custom = custom.map(|(name, value)| ([CUSTOM, name].join("."), value));
    own.chain(custom)
        .filter(|(path, _)| fields.get(path).is_none())
        .map(|(path, value)| (path, value.clone()))
        .collect()
}

/// A stored document as it is answered: every member that its object describes and nothing else.
///
/// Documents may be older than the object's present description; this is where they are brought up to date. Roll-ups, which
/// only a replica knows, are not among the members.
#[must_use]
pub fn render(object: &Object, mut document: Document) -> Document {
    let taken = |members: &mut Document, name: &str| {
        members.remove_entry(name).unwrap_or_else(|| (name.to_owned(), Value::Null))
    };
    let (_, own) = taken(&mut document, CUSTOM);
    let mut own = if let Value::Object(own) = own { own } else { Document::new() };
    let mut custom = Document::new();
    let mut rendered: Document = COMMON_FIELDS.iter().map(|name| taken(&mut document, name)).collect();
    for field in object.live().filter(|field| !matches!(field.kind, FieldType::RollUp(_))) {
        let (from, to) = if field.is_custom() { (&mut own, &mut custom) } else { (&mut document, &mut rendered) };
        let (name, value) = taken(from, &field.name);
        to.insert(name, coerce(&field.kind, value).unwrap_or_default());
    }
    rendered.insert(CUSTOM.to_owned(), Value::Object(custom));
    for (path, value) in object.computed(&|field| field.raw(&rendered)) {
        insert(&mut rendered, &path, value);
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Definition, Field, Schema};
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
        let rendered = render(&thing(), document);
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
        assert_eq!(record.rendered(&thing()), render(&thing(), document));
    }
}
