//! What an object is made of: its fields, as data.
//!
//! The same description parses input, writes the OpenAPI document, makes the replica's columns and tells the query
//! builder what may be asked. Nothing about an object is known anywhere else, but its rules.

use auth::{Caller, Permission};
use events::Document;
use kernel::{AnyId, Result, Violations};

use crate::Fields;

/// The sort of value that a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// A line of text, at most so many characters.
    Text {
        /// The most characters.
        max: usize,
    },
    /// An email address (RFC 5321 in the form that people use: no quotes, no comments).
    Email,
    /// A phone number, kept as E.164: `+4930901820`.
    Phone,
    /// A user of the workspace.
    User,
    /// One word of a fixed list.
    Select {
        /// The words.
        options: Vec<&'static str>,
    },
}

/// One field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name everywhere: JSON, attributes, query parameters, columns.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldType,
    /// Whether a record must have a value.
    pub required: bool,
    /// Whether only one record of the workspace may have a value. Compared as [`crate::normalised`] says.
    pub unique: bool,
    /// Whether `q=` looks into it.
    pub searched: bool,
    /// A sentence for people, in the OpenAPI document.
    pub help: &'static str,
}

impl Field {
    /// An optional field that is neither unique nor searched.
    #[must_use]
    pub const fn new(name: &'static str, kind: FieldType, help: &'static str) -> Self {
        Self { name, kind, required: false, unique: false, searched: false, help }
    }

    /// This field, required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// This field, unique.
    #[must_use]
    pub const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// This field, searched.
    #[must_use]
    pub const fn searched(mut self) -> Self {
        self.searched = true;
        self
    }
}

/// What records of one sort have in common.
#[derive(Debug, Clone)]
pub struct Object {
    /// The singular: `contact`. Also `object` in JSON and the first word of its events.
    pub name: &'static str,
    /// The plural, as in paths: `contacts`.
    pub plural: &'static str,
    /// The prefix of its ids: `con`.
    pub prefix: &'static str,
    /// A sentence for people, in the OpenAPI document.
    pub help: &'static str,
    /// Its own fields, in the order in which people see them. The fields of every record are not among them.
    pub fields: Vec<Field>,
    /// Whether its records belong to a user.
    pub owned: bool,
    /// What it takes to write its records.
    pub write: Permission,
    /// What no single field can say: rules over all fields of a record.
    pub rules: fn(&Fields, &mut Violations),
    /// What a caller with the permission may still not do to one record, before it is read.
    pub guard: fn(&Caller, AnyId, Verb, &Document) -> Result<()>,
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
    /// The guard of an object that leaves everything to permissions.
    ///
    /// # Errors
    /// None.
    pub const fn no_guard(_: &Caller, _: AnyId, _: Verb, _: &Document) -> Result<()> {
        Ok(())
    }

    /// The field of a name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// Members that every record has besides its object's fields. A client never sets them, but for `owner_id`.
pub const COMMON_FIELDS: &[&str] =
    &["id", "object", "version", "created_at", "created_by", "updated_at", "updated_by", "owner_id", "archived_at"];
