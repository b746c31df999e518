//! The columns of a file of cells: the fields of an object, and beside each that refers to a record what people and other systems
//! call that one.

use std::collections::{BTreeSet, HashMap, HashSet};

use events::Document;
use kernel::AnyId;
use records::formula::show_money;
use records::{Object, Schema};
use replica::paths::references;
use serde_json::Value;

/// What every record has before and behind its own fields. Who is to import it again finds the records by their ids.
const BEFORE: [&str; 1] = ["id"];
const BEHIND: [&str; 5] = ["owner_id", "created_at", "updated_at", "version", "archived_at"];
/// What a company's own fields are under.
const CUSTOM: &str = "custom";

/// The names of the columns: those of some fields, or of all that there are.
pub(super) fn names(
    schema: &Schema,
    object: &Object,
    hidden: &BTreeSet<String>,
    only: Option<&[String]>,
) -> Vec<String> {
    let own = || object.live().map(|field| field.path.clone());
    let common = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let behind = BEHIND.iter().copied().filter(|name| object.owned || *name != "owner_id").collect::<Vec<_>>();
    let wanted: Vec<String> = match only {
        None => common(&BEFORE).into_iter().chain(own()).chain(common(&behind)).collect(),
        Some(only) => {
            let expanded = only.iter().flat_map(|path| match path.as_str() {
                CUSTOM => own().filter(|path| path.starts_with("custom.")).collect(),
                _ => vec![path.clone()],
            });
            common(&BEFORE).into_iter().chain(expanded).collect()
        }
    };
    let mut seen = HashSet::new();
    let wanted = wanted.into_iter().filter(|path| !hidden.contains(path) && seen.insert(path.clone()));
    wanted.flat_map(|path| with_companions(schema, object, path)).collect()
}

/// A path, and what is said of the record beside it if it leads to one.
fn with_companions(schema: &Schema, object: &Object, path: String) -> Vec<String> {
    let target = references(object).find(|known| known.path == path).map(|known| known.object);
    let beside: &[&str] = match target {
        None => &[],
        Some("user") => &["email"],
        Some(target) if schema.object(target).is_some_and(|target| target.field("external_id").is_some()) => {
            &["external_id", "name"]
        }
        Some(_) => &["name"],
    };
    let beside: Vec<String> = beside.iter().map(|part| [&path, *part].join(".")).collect();
    std::iter::once(path).chain(beside).collect()
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    /// The value at a path.
    Own(String),
    /// Something of the record that the value at a path names.
    Beside(String, Part),
}

/// What of another record is beside its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Name,
    Email,
    ExternalId,
}

impl Column {
    /// A column by its name.
    pub(super) fn parse(object: &Object, name: &str) -> Self {
        let beside = name.rsplit_once('.').and_then(|(path, part)| {
            let part = match part {
                "name" => Part::Name,
                "email" => Part::Email,
                "external_id" => Part::ExternalId,
                _ => return None,
            };
            let is_reference = references(object).any(|known| known.path == path);
            is_reference.then(|| Self::Beside(path.to_owned(), part))
        });
        beside.unwrap_or_else(|| Self::Own(name.to_owned()))
    }

    /// What stands in it for a record, as that is answered. A field that was given up meanwhile is empty.
    pub(super) fn cell(&self, record: &Document, others: &Others) -> String {
        match self {
            Self::Own(path) => at(record, path).map(cell).unwrap_or_default(),
            Self::Beside(path, part) => {
                let other = at(record, path).and_then(Value::as_str).and_then(|id| others.0.get(id));
                other.map(|other| other.part(*part).to_owned()).unwrap_or_default()
            }
        }
    }

    /// The id of the record that it says something about.
    pub(super) fn refers_to(&self, record: &Document) -> Option<AnyId> {
        match self {
            Self::Own(_) => None,
            Self::Beside(path, _) => at(record, path)?.as_str()?.parse().ok(),
        }
    }
}

/// What records are called that those of a page refer to, by their ids.
#[derive(Debug, Default)]
pub(super) struct Others(HashMap<String, Other>);

#[derive(Debug)]
struct Other {
    name: String,
    email: String,
    external_id: String,
}

impl Other {
    fn part(&self, part: Part) -> &str {
        match part {
            Part::Name => &self.name,
            Part::Email => &self.email,
            Part::ExternalId => &self.external_id,
        }
    }
}

impl Others {
    /// What some stored records are called.
    pub(super) fn of(schema: &Schema, documents: &[Document]) -> Self {
        let known = documents.iter().filter_map(|document| {
            let object = schema.object(document.get("object")?.as_str()?)?;
            let text = |name: &str| document.get(name).map(cell).unwrap_or_default();
            let name = object.title_of(document);
            let other = Other { name, email: text("email"), external_id: text("external_id") };
            Some((document.get("id")?.as_str()?.to_owned(), other))
        });
        Self(known.collect())
    }
}

fn at<'a>(record: &'a Document, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        Some((group, name)) => record.get(group)?.get(name),
        None => record.get(path),
    }
}

/// A value as text that is read as the same value.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(boolean) => boolean.to_string(),
        Value::Number(number) => {
            let text = number.to_string();
            text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
        }
        Value::Array(values) => {
            let texts: Option<Vec<String>> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
            texts.map_or_else(|| value.to_string(), |texts| tabular::join_list(&texts))
        }
        Value::Object(members) => special(members).unwrap_or_else(|| value.to_string()),
    }
}

/// Money and what other systems call a record have forms of their own.
fn special(members: &Document) -> Option<String> {
    if members.len() != 2 {
        return None;
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let money = || Some(show_money(members.get("amount")?.as_i64()?, text("currency")?));
    let external_id = || Some([text("source")?, text("key")?].join(":"));
    money().or_else(external_id)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_texts_that_are_read_as_the_same_values() {
        for (value, text) in [
            (json!(null), ""),
            (json!("Acme, Inc."), "Acme, Inc."),
            (json!(true), "true"),
            (json!(5.0), "5"),
            (json!(0.25), "0.25"),
            (json!({ "amount": -1250, "currency": "EUR" }), "-12.50 EUR"),
            (json!({ "amount": 1250, "currency": "JPY" }), "1250 JPY"),
            (json!({ "source": "hubspot", "key": "42" }), "hubspot:42"),
            (json!(["a", "b"]), "a; b"),
            (json!([]), ""),
            (json!([{ "email": "a@b.example" }]), r#"[{"email":"a@b.example"}]"#),
            (json!({ "x": 1 }), r#"{"x":1}"#),
        ] {
            assert_eq!(cell(&value), text, "{value}");
        }
    }

    #[test]
    fn references_have_what_people_and_other_systems_call_them_beside_them() {
        let schema = Schema::built_in();
        let contact = schema.object("contact").unwrap();
        let names = names(&schema, contact, &BTreeSet::new(), None);
        assert_eq!(names[..2], ["id", "salutation"]);
        let at = names.iter().position(|name| name == "company_id").unwrap();
        assert_eq!(names[at..at + 3], ["company_id", "company_id.external_id", "company_id.name"]);
        let end = ["owner_id", "owner_id.email", "created_at", "updated_at", "version", "archived_at"];
        assert_eq!(names[names.len() - 6..], end);
        assert_eq!(Column::parse(contact, "company_id.name"), Column::Beside("company_id".to_owned(), Part::Name));
        assert_eq!(Column::parse(contact, "custom.name"), Column::Own("custom.name".to_owned()));
    }

    #[test]
    fn only_the_fields_that_are_wanted_and_may_be_known_have_columns() {
        let schema = Schema::built_in();
        let contact = schema.object("contact").unwrap();
        let wanted = ["city", "company_id", "email", "city"].map(str::to_owned);
        let hidden = BTreeSet::from(["email".to_owned()]);
        let names = names(&schema, contact, &hidden, Some(&wanted));
        assert_eq!(names, ["id", "city", "company_id", "company_id.external_id", "company_id.name"]);
    }
}
