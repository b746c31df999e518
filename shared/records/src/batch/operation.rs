//! The operations of a batch, as a body names them.

use std::collections::BTreeMap;

use events::Document;
use kernel::{AnyId, Error, Ids, Result, Version, Violations, pointer};
use serde_json::Value;
use uuid::Uuid;

use crate::field::CUSTOM;
use crate::{Field, FieldType, Object};

/// The most operations of a batch.
pub const MAX_OPERATIONS: usize = 100;
/// The most characters of a `ref`.
const MAX_REF: usize = 40;
/// What the use of a `ref` begins with.
const REF: char = '@';

/// Several writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Whether all of them are carried out or none.
    pub atomic: bool,
    pub(super) operations: Vec<Operation>,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Update,
    Upsert,
    Archive,
    Restore,
    Read,
}

/// Which record an operation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A new one.
    New,
    /// The one with an id, or with what a `ref` stands for.
    Id(String),
    /// The one that has a unique value: field and value.
    By(String, String),
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Operation {
    /// Its place in the batch.
    pub(super) index: usize,
    pub(super) verb: Verb,
    /// The object in the singular, where it is not the batch's own.
    pub(super) object: Option<String>,
    pub(super) target: Target,
    pub(super) seen: Option<Version>,
    pub(super) data: Document,
    /// What later operations name it by.
    pub(super) name: Option<String>,
    /// Tells its new record from all others. The same for every try.
    uuid: Uuid,
}

/// The ids of what operations have made or found, by their `ref`.
pub(super) type Refs = BTreeMap<String, AnyId>;

impl Batch {
    /// Reads the body of a batch: `{"operations": [{"op": "create", "data": {…}, "ref": "acme"}], "atomic": false}`.
    ///
    /// # Errors
    /// Every violation at once.
    pub fn parse(body: &Document, ids: &Ids) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        for name in body.keys().filter(|name| !["operations", "atomic"].contains(&name.as_str())) {
            violations.add(pointer(name), "unknown_field", "is neither operations nor atomic");
        }
        let atomic = match body.get("atomic") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(atomic)) => *atomic,
            Some(_) => {
                violations.add("/atomic", "wrong_type", "must be true or false");
                false
            }
        };
        let empty = Vec::new();
        let given = match body.get("operations") {
            Some(Value::Array(given)) if (1..=MAX_OPERATIONS).contains(&given.len()) => given,
            _ => {
                let detail = format!("must be a list of 1 to {MAX_OPERATIONS} operations");
                violations.add("/operations", "out_of_range", detail);
                &empty
            }
        };
        let mut operations: Vec<Operation> = Vec::new();
        for (index, given) in given.iter().enumerate() {
            let uuid = ids.next::<kernel::kinds::Request>().uuid();
            let mut parsing = Parsing { index, earlier: &operations, violations: &mut violations };
            if let Some(operation) = parsing.operation(given, uuid) {
                operations.push(operation);
            }
        }
        violations.or(Self { atomic, operations })
    }

    /// Whether an operation only reads.
    #[must_use]
    pub fn reads(&self, operation: usize) -> bool {
        self.operations.get(operation).is_some_and(|operation| operation.verb == Verb::Read)
    }
}

struct Parsing<'a> {
    index: usize,
    earlier: &'a [Operation],
    violations: &'a mut Violations,
}

impl Parsing<'_> {
    fn refuse(&mut self, member: &str, code: &'static str, detail: impl Into<String>) {
        self.violations.add(at(self.index, member), code, detail);
    }

    fn operation(&mut self, given: &Value, uuid: Uuid) -> Option<Operation> {
        let Value::Object(given) = given else {
            self.refuse("", "wrong_type", "must be an object");
            return None;
        };
        let verb = match given.get("op").and_then(Value::as_str) {
            Some("create") => Verb::Create,
            Some("update") => Verb::Update,
            Some("upsert") => Verb::Upsert,
            Some("archive") => Verb::Archive,
            Some("restore") => Verb::Restore,
            Some("read") => Verb::Read,
            _ => {
                self.refuse("op", "unknown_option", "must be create, update, upsert, archive, restore or read");
                return None;
            }
        };
        let known: &[&str] = match verb {
            Verb::Create => &["op", "object", "ref", "data"],
            Verb::Update => &["op", "object", "ref", "id", "if_match", "data"],
            Verb::Upsert => &["op", "object", "ref", "by", "if_match", "data"],
            Verb::Archive | Verb::Restore => &["op", "object", "ref", "id", "if_match"],
            Verb::Read => &["op", "object", "ref", "id"],
        };
        for name in given.keys().filter(|name| !known.contains(&name.as_str())) {
            self.refuse(name, "unknown_field", "is not a member of this operation");
        }
        Some(Operation {
            index: self.index,
            verb,
            object: self.text(given, "object"),
            target: self.target(verb, given)?,
            seen: self.seen(given),
            data: self.data(given)?,
            name: self.name(given),
            uuid,
        })
    }

    fn text(&mut self, given: &Document, member: &str) -> Option<String> {
        match given.get(member) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.refuse(member, "wrong_type", "must be a string");
                None
            }
        }
    }

    fn target(&mut self, verb: Verb, given: &Document) -> Option<Target> {
        match verb {
            Verb::Create => Some(Target::New),
            Verb::Upsert => self.by(given.get("by")),
            _ => {
                let Some(id) = self.text(given, "id") else {
                    self.refuse("id", "required", "must be the id of a record, or the ref of an earlier operation");
                    return None;
                };
                if let Some(name) = id.strip_prefix(REF)
                    && !self.earlier.iter().any(|earlier| earlier.name.as_deref() == Some(name))
                {
                    self.refuse("id", "unknown_ref", "must be the ref of an earlier operation");
                }
                Some(Target::Id(id))
            }
        }
    }

    fn by(&mut self, by: Option<&Value>) -> Option<Target> {
        let by = by.and_then(Value::as_object).filter(|by| by.len() == 1);
        let by = by.and_then(|by| by.iter().next()).and_then(|(field, value)| match value {
            Value::String(value) => Some((field.clone(), value.clone())),
            Value::Number(value) => Some((field.clone(), value.to_string())),
            _ => None,
        });
        if by.is_none() {
            self.refuse("by", "required", "must be one unique field and its value, such as { \"email\": \"…\" }");
        }
        by.map(|(field, value)| Target::By(field, value))
    }

    fn seen(&mut self, given: &Document) -> Option<Version> {
        let value = given.get("if_match").filter(|value| !value.is_null())?;
        if value.as_u64().is_none() {
            self.refuse("if_match", "wrong_type", "must be the version that was seen, as a number");
        }
        value.as_u64()
    }

    fn data(&mut self, given: &Document) -> Option<Document> {
        match given.get("data") {
            None | Some(Value::Null) => Some(Document::new()),
            Some(Value::Object(data)) => Some(data.clone()),
            Some(_) => {
                self.refuse("data", "wrong_type", "must be an object");
                None
            }
        }
    }

    fn name(&mut self, given: &Document) -> Option<String> {
        let name = self.text(given, "ref")?;
        let is_word = !name.is_empty()
            && name.len() <= MAX_REF
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !is_word {
            let detail = format!("must be 1 to {MAX_REF} letters, digits, - and _");
            self.refuse("ref", "bad_ref", detail);
        } else if self.earlier.iter().any(|earlier| earlier.name.as_ref() == Some(&name)) {
            self.refuse("ref", "given_twice", "is the ref of an earlier operation");
        }
        Some(name)
    }
}

/// Where a member of an operation stands in the body; the operation itself where no member is named.
fn at(index: usize, member: &str) -> String {
    let member = if member.is_empty() { String::new() } else { pointer(member) };
    format!("/operations/{index}{member}")
}

impl Operation {
    /// The id of the record that it would make.
    pub(super) const fn new_id(&self, object: &Object) -> AnyId {
        AnyId::from_uuid(object.prefix, self.uuid)
    }

    /// The id that it names. What is none names nothing.
    pub(super) fn id(&self, object: &Object) -> Result<AnyId> {
        let id = if let Target::Id(id) = &self.target { id.parse().ok() } else { None };
        id.ok_or_else(|| Error::not_found(object.name.clone()))
    }

    pub(super) fn invalid(&self, member: &str, code: &'static str, detail: &str) -> Error {
        Error::invalid(at(self.index, member), code, detail)
    }

    /// An error of its record as one of the batch: violations stand where the body has what they are about.
    pub(super) fn placed(&self, error: Error) -> Error {
        let Error::Invalid(found) = error else { return error };
        let mut placed = Violations::new();
        for violation in found.iter() {
            placed.add(at(self.index, "data") + &violation.pointer, violation.code, violation.detail.clone());
        }
        Error::Invalid(placed)
    }

    /// What it is about, as far as that can be told before it is carried out: two that say the same have to wait for each
    /// other.
    pub(super) fn about<'a>(&'a self, object: &'a Object) -> Option<(&'a str, &'a Target)> {
        (self.target != Target::New).then_some((self.object.as_deref().unwrap_or(&object.name), &self.target))
    }

    /// The refs that it uses: those of earlier operations in the places where ids are wanted.
    pub(super) fn uses(&self, object: &Object) -> Vec<String> {
        let mut uses = Vec::new();
        if let Target::Id(id) = &self.target {
            uses.extend(id.strip_prefix(REF).map(str::to_owned));
        }
        let mut data = self.data.clone();
        each_id(object, &mut data, &mut |id| {
            if let Some(name) = id.as_str().and_then(|id| id.strip_prefix(REF)) {
                uses.push(name.to_owned());
            }
        });
        uses
    }

    /// This operation with ids in the places of refs. One that stands for nothing stays, and is no id.
    pub(super) fn resolved(&self, object: &Object, refs: &Refs) -> Self {
        let mut resolved = self.clone();
        let id_of = |text: &str| text.strip_prefix(REF).and_then(|name| refs.get(name)).map(AnyId::to_string);
        if let Target::Id(id) = &mut resolved.target
            && let Some(found) = id_of(id)
        {
            *id = found;
        }
        each_id(object, &mut resolved.data, &mut |id| {
            if let Some(found) = id.as_str().and_then(id_of) {
                *id = found.into();
            }
        });
        resolved
    }
}

/// Visits every value of an input that stands where an id is wanted.
fn each_id(object: &Object, input: &mut Document, visit: &mut impl FnMut(&mut Value)) {
    if let Some(owner) = input.get_mut("owner_id") {
        visit(owner);
    }
    for field in object.live() {
        let members =
            if field.is_custom() { input.get_mut(CUSTOM).and_then(Value::as_object_mut) } else { Some(&mut *input) };
        let Some(value) = members.and_then(|members| members.get_mut(&field.name)) else { continue };
        match (&field.kind, value) {
            (FieldType::Items { fields, .. }, Value::Array(items)) => {
                for item in items {
                    members_with_ids(fields, item, visit);
                }
            }
            (kind, value) if kind.refers_to().is_some() => visit(value),
            _ => {}
        }
    }
}

fn members_with_ids(fields: &[Field], item: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    for field in fields.iter().filter(|field| field.kind.refers_to().is_some()) {
        if let Some(value) = item.get_mut(&field.name) {
            visit(value);
        }
    }
}
