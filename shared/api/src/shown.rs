//! Records as they are answered: brought up to date, with what only a replica knows, and without what the caller may not
//! know or does not want.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use events::Document;
use kernel::{Result, Timestamp, Violations};
use records::{COMMON_FIELDS, Cx, FieldType, Object, Schema, render};
use serde_json::Value;

use crate::ALWAYS_ANSWERED;

/// The member of a record with the company's own fields.
const CUSTOM: &str = "custom";

/// The paths of the only fields that are wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Only(BTreeSet<String>);

impl Only {
    /// Parses `fields`. What is no field of the object goes to `violations`.
    #[must_use]
    pub fn parse(object: &Object, paths: &[String], violations: &mut Violations) -> Self {
        let is_known = |path: &str| COMMON_FIELDS.contains(&path) || path == CUSTOM || object.field(path).is_some();
        if !paths.iter().all(|path| is_known(path)) {
            violations.add("/fields", "unknown_field", "must be paths of fields of this object");
        }
        Self(paths.iter().cloned().chain(ALWAYS_ANSWERED.map(str::to_owned)).collect())
    }

    fn keep(&self, record: &mut Document) {
        let is_wanted = |path: &str| self.0.contains(path);
        let some_custom = self.0.iter().any(|path| path.starts_with("custom."));
        record.retain(|name, _| is_wanted(name) || (name == CUSTOM && some_custom));
        if let Some(Value::Object(custom)) = record.get_mut(CUSTOM).filter(|_| !is_wanted(CUSTOM)) {
            custom.retain(|name, _| is_wanted(&[CUSTOM, name].join(".")));
        }
    }
}

/// How records of one object are answered.
#[derive(Debug, Clone, Copy)]
pub struct Showing<'a> {
    /// The object.
    pub object: &'a Object,
    /// The paths of fields that the caller may not know of.
    pub hidden: &'a BTreeSet<String>,
    /// The only fields that are wanted, if not all are.
    pub only: Option<&'a Only>,
}

impl Showing<'_> {
    /// A stored document with its roll-ups, as far as they are known.
    #[must_use]
    pub fn stored(&self, document: Document, roll_ups: Option<&BTreeMap<String, Value>>) -> Value {
        self.rendered(render(self.object, document), roll_ups)
    }

    /// The same for a record that was rendered already.
    #[must_use]
    pub fn rendered(&self, mut record: Document, roll_ups: Option<&BTreeMap<String, Value>>) -> Value {
        if let Some(values) = roll_ups {
            let fields = self.object.live().filter(|field| matches!(field.kind, FieldType::RollUp(_)));
            for field in fields {
                let value = values.get(&field.path).cloned().unwrap_or(Value::Null);
                if let Some((members, name)) = place(&mut record, &field.path) {
                    members.insert(name.to_owned(), value);
                }
            }
        }
        for path in self.hidden {
            if let Some((members, name)) = place(&mut record, path) {
                members.remove(name);
            }
        }
        if let Some(only) = self.only {
            only.keep(&mut record);
        }
        Value::Object(record)
    }
}

/// The members that a path's last name stands among.
fn place<'a, 'b>(record: &'a mut Document, path: &'b str) -> Option<(&'a mut Document, &'b str)> {
    match path.split_once('.') {
        Some((group, name)) => Some((record.get_mut(group)?.as_object_mut()?, name)),
        None => Some((record, path)),
    }
}

/// Whether an object has values that only a replica knows.
#[must_use]
pub fn has_roll_ups(object: &Object) -> bool {
    object.live().any(|field| matches!(field.kind, FieldType::RollUp(_)))
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
    use serde_json::json;

    fn record() -> Document {
        let record = json!({ "id": "con_1", "object": "contact", "version": 1, "city": "Berlin", "email": null,
            "custom": { "tier": "gold", "size": 3 } });
        record.as_object().cloned().unwrap()
    }

    fn shown(hidden: &[&str], only: Option<&[&str]>) -> Value {
        let object = Schema::built_in_object("contact");
        let hidden: BTreeSet<String> = hidden.iter().map(|path| (*path).to_owned()).collect();
        let only =
            only.map(|paths| Only(paths.iter().chain(&ALWAYS_ANSWERED).map(|path| (*path).to_owned()).collect()));
        Showing { object: &object, hidden: &hidden, only: only.as_ref() }.rendered(record(), None)
    }

    #[test]
    fn what_is_hidden_and_what_nobody_wants_is_left_out() {
        assert_eq!(shown(&[], None), Value::Object(record()));
        let expected =
            json!({ "id": "con_1", "object": "contact", "version": 1, "email": null, "custom": { "size": 3 } });
        assert_eq!(shown(&["city", "custom.tier"], None), expected);
        let expected = json!({ "id": "con_1", "object": "contact", "version": 1, "custom": { "tier": "gold" } });
        assert_eq!(shown(&[], Some(&["custom.tier"])), expected);
        let expected =
            json!({ "id": "con_1", "object": "contact", "version": 1, "custom": { "tier": "gold", "size": 3 } });
        assert_eq!(shown(&["city"], Some(&["custom", "city"])), expected);
    }

    #[test]
    fn only_fields_of_the_object_can_be_wanted() {
        let object = Schema::built_in_object("contact");
        let codes = |path: &str| {
            let mut violations = Violations::new();
            drop(Only::parse(&object, &[path.to_owned()], &mut violations));
            violations.iter().count()
        };
        assert_eq!(["city", "id", "custom", "owner_id"].map(codes), [0; 4]);
        assert_eq!(["", "nick", "custom.nick", "emails.email", "company.city"].map(codes), [1; 5]);
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
