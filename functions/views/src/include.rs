//! The records that those of an answer refer to, answered beside them: each once, by its id.

use std::collections::{BTreeMap, BTreeSet};

use api::{MAX_ANSWER_BYTES, Room};
use events::Document;
use kernel::{AnyId, Error, Result, Violations};
use records::{FieldType, Object, Schema};
use replica::paths::{references, without_id};
use replica::{Found, Replica, Visibility};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::visibility::Showings;

/// The most references that one question follows.
const MAX_INCLUDES: usize = 10;

/// Records as they are answered, by their ids.
pub(crate) type Texts = BTreeMap<String, Box<RawValue>>;

/// A reference to follow: where the ids stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Include {
    path: String,
    /// The member of the items at that path, if it holds some.
    member: Option<String>,
}

/// Reads names of references: fields' paths without `_id`, and `owner`. What is none, or none that the caller may know,
/// goes to `violations`.
pub(crate) fn parse(
    object: &Object,
    hidden: &BTreeSet<String>,
    names: &[String],
    violations: &mut Violations,
) -> Vec<Include> {
    if names.len() > MAX_INCLUDES {
        violations.add("/include", "too_many", format!("must have at most {MAX_INCLUDES} names"));
        return Vec::new();
    }
    let is_seen = |include: &Include| !hidden.contains(&include.path);
    let found: Vec<Option<Include>> = names.iter().map(|name| find(object, name).filter(is_seen)).collect();
    if found.contains(&None) {
        let seen = |name: &String| find(object, name).is_some_and(|include| is_seen(&include));
        let known: Vec<String> = names_of(object).filter(seen).collect();
        violations.add("/include", "unknown_option", format!("must be some of {}", known.join(", ")));
    }
    found.into_iter().flatten().collect()
}

/// The names of everything that records of an object refer to.
pub(crate) fn names_of(object: &Object) -> impl Iterator<Item = String> {
    references(object).map(|known| known.name.to_owned()).chain(members(object).map(|(name, _)| name))
}

fn find(object: &Object, name: &str) -> Option<Include> {
    let own = references(object).find(|known| known.name == name);
    let own = own.map(|known| Include { path: known.path.to_owned(), member: None });
    own.or_else(|| members(object).find(|(known, _)| known == name).map(|(_, include)| include))
}

/// References that stand in items: `former_jobs.company`.
fn members(object: &Object) -> impl Iterator<Item = (String, Include)> {
    object.live().flat_map(|field| {
        let members = match &field.kind {
            FieldType::Items { fields, .. } => fields.as_slice(),
            _ => &[],
        };
        members.iter().filter(|member| member.kind.refers_to().is_some()).map(|member| {
            let name = [field.path.as_str(), without_id(&member.name)].join(".");
            (name, Include { path: field.path.clone(), member: Some(member.name.clone()) })
        })
    })
}

impl Include {
    fn ids(&self, document: &Document) -> Vec<AnyId> {
        let value = match self.path.split_once('.') {
            Some((group, name)) => document.get(group).and_then(|group| group.get(name)),
            None => document.get(&self.path),
        };
        let id = |value: &Value| value.as_str()?.parse().ok();
        match (&self.member, value) {
            (None, Some(value)) => id(value).into_iter().collect(),
            (Some(member), Some(Value::Array(items))) => {
                items.iter().filter_map(|item| item.get(member).and_then(id)).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// The ids of the records that a document refers to, each once.
pub(crate) fn ids(includes: &[Include], document: &Document) -> BTreeSet<AnyId> {
    includes.iter().flat_map(|include| include.ids(document)).collect()
}

/// What to say where a record and what is included with it have no room in one answer.
pub(crate) fn too_much() -> Error {
    Error::invalid("/include", "too_large", "is more than one answer has room for: ask for fewer")
}

/// What the records of a page refer to.
#[derive(Debug)]
pub(crate) struct Beside {
    /// The ids of what each of them refers to.
    wanted: Vec<BTreeSet<AnyId>>,
    /// Those records, as many as an answer could have room for.
    pub(crate) others: Vec<Found>,
    /// The ids of those that were not read any more.
    unread: BTreeSet<String>,
}

impl Beside {
    /// Reads what is referred to by records that a replica has just answered.
    pub(crate) fn read(
        replica: &Replica,
        includes: &[Include],
        rows: &[Found],
        visibility: &Visibility,
    ) -> Result<Self> {
        let wanted: Vec<BTreeSet<AnyId>> = rows.iter().map(|row| ids(includes, &row.document)).collect();
        let mut known = BTreeSet::new();
        let each: Vec<AnyId> = wanted.iter().flatten().copied().filter(|id| known.insert(*id)).collect();
        let (others, looked_at) = replica.found_within(&each, visibility, MAX_ANSWER_BYTES)?;
        let unread = each[looked_at..].iter().map(AnyId::to_string).collect();
        Ok(Self { wanted, others, unread })
    }

    /// The first of a page's records as they are shown, and what is included with them: as many as an answer has room for.
    ///
    /// # Errors
    /// `too_large` at `/include` when there is no room for the first one and what it refers to.
    pub(crate) fn fill(
        &self,
        records: impl Iterator<Item = Box<RawValue>>,
        mut others: Texts,
    ) -> Result<(Vec<Box<RawValue>>, Texts)> {
        let (mut data, mut included, mut room) = (Vec::new(), Texts::new(), Room::new());
        for (record, wanted) in records.zip(&self.wanted) {
            let ids: Vec<String> = wanted.iter().map(AnyId::to_string).collect();
            let new = ids.iter().filter_map(|id| others.get(id));
            let is_read = !ids.iter().any(|id| self.unread.contains(id));
            if !is_read || !room.take(new.chain([&record])) {
                // A record alone is never too large for an answer.
                match data.is_empty() {
                    true if !ids.is_empty() => return Err(too_much()),
                    true => data.push(record),
                    false => {}
                }
                break;
            }
            data.push(record);
            included.extend(ids.into_iter().filter_map(|id| others.remove_entry(&id)));
        }
        Ok((data, included))
    }
}

/// Records by their ids, as they are answered beside others.
pub(crate) fn included(schema: &Schema, visibility: &Visibility, others: &[Found]) -> Texts {
    let mut showings = Showings::new(schema, visibility);
    let shown = others.iter().filter_map(|other| {
        let text = |name: &str| other.document.get(name).and_then(Value::as_str);
        Some((text("id")?.to_owned(), showings.text(schema.object(text("object")?)?, other)))
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn references_are_named_as_people_call_what_they_lead_to() {
        let object = Schema::built_in_object("contact");
        let names: Vec<String> = names_of(&object).collect();
        assert_eq!(names, ["owner", "created_by", "updated_by", "company", "former_jobs.company"]);
        let user = Schema::built_in_object("user");
        assert_eq!(names_of(&user).collect::<Vec<_>>(), ["created_by", "updated_by", "team"]);
    }

    #[test]
    fn ids_are_taken_from_fields_and_from_items() {
        let object = Schema::built_in_object("contact");
        let (acme, apex) = (format!("com_{}", "0".repeat(32)), format!("com_{}", "1".repeat(32)));
        let document = json!({ "company_id": acme, "former_jobs": [{ "company_id": apex }, { "job_title": "CTO" }] });
        let names = ["company".to_owned(), "former_jobs.company".to_owned(), "owner".to_owned()];
        let mut violations = Violations::new();
        let nothing = BTreeSet::new();
        let includes = parse(&object, &nothing, &names, &mut violations);
        assert!(violations.is_empty());
        let ids: Vec<String> = includes
            .iter()
            .flat_map(|include| include.ids(document.as_object().unwrap()))
            .map(|id| id.to_string())
            .collect();
        assert_eq!(ids, [acme, apex]);
        let hidden = BTreeSet::from(["company_id".to_owned()]);
        for (hidden, name) in [(&nothing, "company_id"), (&hidden, "company")] {
            let mut violations = Violations::new();
            assert!(parse(&object, hidden, &[name.to_owned()], &mut violations).is_empty());
            let told = violations.iter().next().unwrap();
            assert_eq!((told.pointer.as_str(), told.detail.contains("company,")), ("/include", name == "company_id"));
        }
    }
}
