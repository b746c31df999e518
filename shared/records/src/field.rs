//! Fields of an object, as data: the built-in ones are written here in code, a company's own come from its configuration,
//! and from then on nothing tells them apart.

mod kind;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use kind::{Aggregate, Choice, Equals, FieldType, RollUp};

/// What a path of a company's own field begins with.
pub(crate) const CUSTOM: &str = "custom";

/// How far the guards of a field are: the items of the table that say which record holds a unique value.
///
/// A field that has become unique, or is no longer, has records from before. Their guards are made and removed by a job, and
/// meanwhile those who write see to theirs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guards {
    /// Every value of a unique field has its guard, and other fields have none.
    #[default]
    Settled,
    /// The field has become unique: new values take their guards, older ones are given theirs.
    Building,
    /// The field is unique no more: guards that are left are being removed.
    Clearing,
}

impl Guards {
    /// Whether a guard, or that there is none, can be relied on.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        matches!(self, Self::Settled)
    }
}

/// One field of an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Its name: a word of small letters, digits and `_`.
    pub name: String,
    /// What it holds.
    #[serde(flatten)]
    pub kind: FieldType,
    /// What people see; empty: the name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// The section of the record's page that it is shown in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Whether a new record must have a value, and whether it can be taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Whether only one record of the workspace may have a value. Compared as [`crate::normalised`] says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// How far the guards of its values are.
    #[serde(default, skip_serializing_if = "Guards::is_settled")]
    pub guards: Guards,
    /// Since when they are being made or removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guards_since: Option<Timestamp>,
    /// Whether `q=` looks into it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub searched: bool,
    /// The value of a new record that says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether it was given up: neither answered nor taken any more. Its values stay, and come back with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// Whether its options are Rapport's own, which no company may change: what roles there are, for one.
    #[serde(skip)]
    pub fixed: bool,
    /// Whether whoever writes now may not write it.
    #[serde(skip)]
    pub locked: bool,
    /// A member of its items whose values are unique together with another field of the object: further email addresses.
    #[serde(skip)]
    pub unique_with: Option<(&'static str, &'static str)>,
    /// Where it stands in a record, in filters and in events: its name, or `custom.` and its name.
    #[serde(skip)]
    pub path: String,
}

impl Field {
    /// A built-in field: optional, neither unique nor searched.
    #[must_use]
    pub fn new(name: &str, kind: FieldType, help: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            label: String::new(),
            help: help.to_owned(),
            section: None,
            required: false,
            unique: false,
            guards: Guards::Settled,
            guards_since: None,
            searched: false,
            default: None,
            archived: false,
            fixed: false,
            locked: false,
            unique_with: None,
            path: name.to_owned(),
        }
    }

    /// This field as one of a company's own.
    #[must_use]
    pub fn custom(mut self) -> Self {
        self.path = [CUSTOM, &self.name].join(".");
        self
    }

    /// Whether it is one of a company's own.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.path.len() != self.name.len()
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

    /// This field, whose options no company may change.
    #[must_use]
    pub const fn fixed(mut self) -> Self {
        self.fixed = true;
        self
    }

    /// Whether a record can be found by its value: it is unique, and every value has its guard.
    #[must_use]
    pub const fn is_key(&self) -> bool {
        self.unique && self.guards.is_settled()
    }

    /// This field, whose items' member `member` is unique together with the field `field`.
    #[must_use]
    pub const fn unique_with(mut self, field: &'static str, member: &'static str) -> Self {
        self.unique_with = Some((field, member));
        self
    }

    /// Where it stands in a body, as a JSON pointer.
    #[must_use]
    pub fn pointer(&self) -> String {
        let name = kernel::pointer(&self.name);
        if self.is_custom() { kernel::pointer(CUSTOM) + &name } else { name }
    }

    /// What an input says about this field, `null` included.
    #[must_use]
    pub(crate) fn named<'a>(&self, input: &'a events::Document) -> Option<&'a Value> {
        let members = if self.is_custom() { input.get(CUSTOM)?.as_object()? } else { input };
        members.get(&self.name)
    }

    /// The value in a stored document as it is there, whatever type it was written as.
    #[must_use]
    pub fn raw<'a>(&self, document: &'a events::Document) -> Option<&'a Value> {
        let members = if self.is_custom() { document.get(CUSTOM)?.as_object()? } else { document };
        members.get(&self.name).filter(|value| !value.is_null())
    }
}
