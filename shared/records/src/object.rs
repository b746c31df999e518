//! Objects: what records of one sort have in common.

use std::sync::Arc;

use auth::{Caller, Capability};
use events::Document;
use kernel::{AnyId, Prefix, Result, Version, Violations};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::formula::Formula;
use crate::{Field, FieldType, Fields};

/// What records of one sort have in common.
///
/// The same description parses input, writes the OpenAPI document, makes the replica's columns and tells the query builder
/// what may be asked. Nothing about an object is known anywhere else, but its rules.
#[derive(Debug, Clone)]
pub struct Object {
    /// The singular: `contact`. Also `object` in JSON and the first word of its events.
    pub name: String,
    /// The plural, as in paths: `contacts`.
    pub plural: String,
    /// The prefix of its ids: `con`.
    pub prefix: Prefix,
    /// What people call one.
    pub label: String,
    /// What people call several.
    pub label_plural: String,
    /// A sentence for people.
    pub help: String,
    /// Its own fields, in the order in which people see them. The fields of every record are not among them, but for
    /// `external_id`.
    pub fields: Vec<Field>,
    /// The parts of a record's page.
    pub sections: Vec<Section>,
    /// The paths of the fields that say to people which record it is.
    pub title: Vec<String>,
    /// Whether its records belong to a user.
    pub owned: bool,
    /// Whether a record is seen only by its owner, by whom it is shared with, and by administrators.
    pub private: bool,
    /// Who says what may be done with its records.
    pub governed: Governed,
    /// Whether a batch about another object may write its records as well: this description says all there is to know of
    /// them, and no capability has rules of its own for them.
    pub batched: bool,
    /// Whether it is one of a company's own.
    pub custom: bool,
    /// Whether it was given up. Its records stay, and come back with it.
    pub archived: bool,
    /// The version of its definition in the workspace's configuration; 0 while there is none.
    pub version: Version,
    /// Its formulas by path, each after those that it uses.
    pub formulas: Vec<(String, Arc<Formula>)>,
    /// What no single field can say: rules over all fields of a record.
    pub rules: fn(&Fields, &mut Violations),
    /// What a caller with the permission may still not do to one record, before it is read.
    pub guard: fn(&Caller, AnyId, Verb, &Document) -> Result<()>,
    /// What follows for other fields from a change: the record before, if there was one, and the fields after, to add to.
    pub follow: fn(Option<&Fields>, &mut Fields),
}

/// A part of a record's page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    /// What fields name it by.
    pub name: String,
    /// What people see.
    pub label: String,
}

/// Who says what may be done with an object's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Governed {
    /// Roles do, object by object ([`auth::Policy::objects`]).
    Roles,
    /// Everybody may look at them, and who has a capability may do everything.
    By(Capability),
    /// Everybody makes their own: they are private, and no role takes that away.
    Everybody,
}

/// What is done to a record that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Changed, by the members of a patch.
    Change,
    /// Put into the trash.
    Archive,
    /// Taken out of it.
    Restore,
    /// Erased for good.
    Erase,
}

impl Object {
    /// A built-in object without fields, that everybody may see and whose records belong to users.
    #[must_use]
    pub fn new(name: &str, plural: &str, prefix: Prefix, help: &str) -> Self {
        Self {
            name: name.to_owned(),
            plural: plural.to_owned(),
            prefix,
            label: spoken(name),
            label_plural: spoken(plural),
            help: help.to_owned(),
            fields: Vec::new(),
            sections: Vec::new(),
            title: vec!["name".to_owned()],
            owned: true,
            private: false,
            governed: Governed::Roles,
            batched: true,
            custom: false,
            archived: false,
            version: 0,
            formulas: Vec::new(),
            rules: |_, _| {},
            guard: |_, _, _, _| Ok(()),
            follow: |_, _| {},
        }
    }

    /// The field at a path: `city`, `custom.tier`. One that was given up is not there.
    #[must_use]
    pub fn field(&self, path: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.path == path && !field.archived)
    }

    /// Its fields but for those that were given up.
    pub fn live(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| !field.archived)
    }

    /// The paths of its fields whose values only a replica knows.
    pub fn roll_ups(&self) -> impl Iterator<Item = &str> {
        self.live().filter(|field| matches!(field.kind, FieldType::RollUp(_))).map(|field| field.path.as_str())
    }

    /// Its fields that the table keeps.
    pub(crate) fn stored(&self) -> impl Iterator<Item = &Field> {
        self.live().filter(|field| !field.kind.is_computed())
    }

    /// What people call a record, as its stored document says: the values of the title's fields, or its id.
    #[must_use]
    pub fn title_of(&self, document: &Document) -> String {
        let fields = self.title.iter().filter_map(|path| self.field(path));
        let parts: Vec<&str> = fields.filter_map(|field| field.raw(document)?.as_str()).collect();
        if parts.is_empty() {
            return document.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        }
        parts.join(" ")
    }
}

/// What people call what is called so in paths, until somebody says otherwise: `x_site_visits` is `Site visits`.
fn spoken(name: &str) -> String {
    let words = name.strip_prefix("x_").map_or_else(|| name.to_owned(), |own| own.replace('_', " "));
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Members that every record has besides its object's fields. A client never sets them, but for `owner_id`.
pub const COMMON_FIELDS: &[&str] = &[
    "id",
    "object",
    "version",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "owner_id",
    "archived_at",
    "merged_into",
];
