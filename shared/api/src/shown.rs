//! Records as they are answered: brought up to date, with what only a replica knows, and without what the caller may not
//! know or does not want.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use events::Document;
use kernel::{Result, Timestamp, Violations};
use records::{COMMON_FIELDS, Cx, Members, Object, Schema};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::ALWAYS_ANSWERED;

/// The member of a record with the company's own fields.
const CUSTOM: &str = "custom";

/// The paths of the only fields that are wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Only(BTreeSet<String>);

impl Only {
    /// Parses `fields`. What is no field of the object that the caller may know of goes to `violations`.
    #[must_use]
    pub fn parse(object: &Object, hidden: &BTreeSet<String>, paths: &[String], violations: &mut Violations) -> Self {
        let is_there = |path: &str| COMMON_FIELDS.contains(&path) || path == CUSTOM || object.field(path).is_some();
        let is_known = |path: &str| is_there(path) && !hidden.contains(path);
        if !paths.iter().all(|path| is_known(path)) {
            violations.add("/fields", "unknown_field", "must be paths of fields of this object");
        }
        Self(paths.iter().cloned().chain(ALWAYS_ANSWERED.map(str::to_owned)).collect())
    }

    fn wants(&self, path: &str) -> bool {
        let is_own = |path: &str| path.starts_with("custom.");
        self.0.contains(path)
            || (is_own(path) && self.0.contains(CUSTOM))
            || (path == CUSTOM && self.0.iter().any(|wanted| is_own(wanted)))
    }
}

/// How records of one object are answered.
#[derive(Debug)]
pub struct Showing<'a> {
    members: Members<'a>,
}

impl<'a> Showing<'a> {
    /// Records of an object without the fields that the caller may not know of, by their paths, and with the only fields that
    /// are wanted, if not all are.
    #[must_use]
    pub fn of(object: &'a Object, hidden: &BTreeSet<String>, only: Option<&Only>) -> Self {
        let is_shown = |path: &str| !hidden.contains(path) && only.is_none_or(|only| only.wants(path));
        Self { members: Members::of(object, &is_shown) }
    }

    /// A stored document with its roll-ups, as text for an answer that is made of many.
    #[must_use]
    pub fn text(&self, document: &Document, roll_ups: &BTreeMap<String, Value>) -> Box<RawValue> {
        to_raw_value(&self.members.answer(document, roll_ups)).expect("JSON is written as JSON")
    }

    /// The same as its members.
    #[must_use]
    pub fn document(&self, document: &Document, roll_ups: &BTreeMap<String, Value>) -> Document {
        self.members.document(document, roll_ups)
    }
}

/// A schema that knows every field that some documents have values of. No round trip while the known one does.
///
/// A schema is used for a minute, and somebody may have made a field and given it a value within that minute.
///
/// # Errors
/// When the table does not answer.
pub async fn schema_for<'a>(cx: &Cx, documents: impl Iterator<Item = &'a Document>) -> Result<Arc<Schema>> {
    let schema = cx.schema().await?;
    let newest = documents.filter(|document| is_beyond(&schema, document)).filter_map(written_at).max();
    match newest {
        Some(moment) => cx.schemas.after(&cx.table, &cx.clock, moment).await,
        None => Ok(schema),
    }
}

/// Whether a document has values of fields that its object says nothing of, not even that they were given up.
fn is_beyond(schema: &Schema, document: &Document) -> bool {
    let name = document.get("object").and_then(Value::as_str).unwrap_or_default();
    let Some(object) = schema.all().find(|object| object.name == name) else { return true };
    let own = document.get(CUSTOM).and_then(Value::as_object).into_iter().flatten();
    let is_known = |name: &str| object.fields.iter().any(|field| field.is_custom() && field.name == name);
    own.into_iter().any(|(name, _)| !is_known(name))
}

fn written_at(document: &Document) -> Option<Timestamp> {
    document.get("updated_at")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::{Definition, Field, FieldType};
    use serde_json::json;

    fn record() -> Document {
        let record = json!({ "id": "con_1", "object": "contact", "version": 1, "city": "Berlin", "email": null,
            "custom": { "tier": "gold", "size": 3 } });
        record.as_object().cloned().unwrap()
    }

    fn object() -> Arc<Object> {
        let field = |name: &str, kind: FieldType| Field::new(name, kind, "").custom();
        let mut definition = Definition::empty("contact", Timestamp::from_millis(0).unwrap());
        definition.fields = vec![
            field("tier", FieldType::text(10)),
            field("size", FieldType::Number { decimals: 0, min: None, max: None }),
        ];
        Schema::of(vec![definition]).object("contact").cloned().unwrap()
    }

    fn shown(hidden: &[&str], only: Option<&[&str]>) -> Document {
        let hidden: BTreeSet<String> = hidden.iter().map(|path| (*path).to_owned()).collect();
        let only =
            only.map(|paths| Only(paths.iter().chain(&ALWAYS_ANSWERED).map(|path| (*path).to_owned()).collect()));
        let object = object();
        let showing = Showing::of(&object, &hidden, only.as_ref());
        let document = showing.document(&record(), &BTreeMap::new());
        let text = showing.text(&record(), &BTreeMap::new());
        assert_eq!(text.get(), Value::Object(document.clone()).to_string(), "both say the same");
        document
    }

    #[test]
    fn what_is_hidden_and_what_nobody_wants_is_left_out() {
        let custom = |members: &Document| members.get("custom").cloned();
        let all = shown(&[], None);
        assert_eq!(custom(&all), Some(json!({ "tier": "gold", "size": 3 })));
        assert!(["city", "email", "phone", "merged_into"].iter().all(|name| all.contains_key(*name)));
        let some = shown(&["city", "custom.tier"], None);
        assert_eq!((some.len(), custom(&some)), (all.len() - 1, Some(json!({ "size": 3 }))));
        let only = |hidden: &[&str], wanted: &[&str]| Value::Object(shown(hidden, Some(wanted)));
        let always = json!({ "id": "con_1", "object": "contact", "version": 1 });
        let with = |name: &str, value: Value| {
            let mut expected = always.clone();
            expected[name] = value;
            expected
        };
        assert_eq!(only(&[], &["custom.tier"]), with("custom", json!({ "tier": "gold" })));
        assert_eq!(only(&["city"], &["custom", "city"]), with("custom", json!({ "tier": "gold", "size": 3 })));
        assert_eq!(only(&[], &["city"]), with("city", json!("Berlin")));
        assert_eq!(only(&["custom.tier"], &["custom.tier"]), with("custom", json!({})));
    }

    #[test]
    fn only_fields_of_the_object_can_be_wanted() {
        let object = Schema::built_in_object("contact");
        let codes = |path: &str| {
            let mut violations = Violations::new();
            drop(Only::parse(&object, &BTreeSet::from(["birthday".to_owned()]), &[path.to_owned()], &mut violations));
            violations.iter().count()
        };
        assert_eq!(["city", "id", "custom", "owner_id"].map(codes), [0; 4]);
        assert_eq!(["", "nick", "custom.nick", "emails.email", "company.city", "birthday"].map(codes), [1; 6]);
    }

    #[test]
    fn a_value_of_a_field_that_nobody_knows_is_newer_than_the_schema() {
        let schema = Schema::built_in();
        assert!(is_beyond(&schema, &record()));
        let mut plain = record();
        plain.remove(CUSTOM);
        assert!(!is_beyond(&schema, &plain));
        plain.insert("object".to_owned(), json!("x_project"));
        assert!(is_beyond(&schema, &plain));
    }
}
