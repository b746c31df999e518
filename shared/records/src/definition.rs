//! What a company says about an object: the items of its configuration that make up its schema.

use std::collections::BTreeMap;

use auth::Capability;
use events::Document;
use kernel::{Error, Prefix, Result, Timestamp, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::field::{Choice, FieldType};
use crate::object::{Governed, Object, Section};
use crate::{Field, builtin};

/// What a company's own objects' names begin with, so that no later built-in one has the same.
pub const CUSTOM_OBJECT: &str = "x_";

/// One item of the configuration, `object.<name>`: everything about an object of the company's own, and what it has
/// added to or changed in a built-in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The object in the singular.
    pub object: String,
    /// 1 at first, one more at each change.
    pub version: Version,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Of a company's own object: what a built-in one says in code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<CustomObject>,
    /// What people call one; empty: as Rapport says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// What people call several; empty: as Rapport says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label_plural: String,
    /// A sentence for people about a built-in object; empty: as Rapport says. A company's own has its in `custom`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// Whether records are seen only by owners, by whom they are shared with, and by administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// The company's own fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// What is different about built-in fields, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub built_in: BTreeMap<String, Override>,
    /// The parts of a record's page; empty: as Rapport says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
    /// Paths of fields in the order in which people see them. Fields that it does not name follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// Whether the object was given up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
}

/// What makes an object of the company's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomObject {
    /// The plural, as in paths: `x_projects`.
    pub plural: String,
    /// The prefix of its records' ids.
    pub prefix: String,
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// Whether it takes an administrator to write its records.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_administrators_write: bool,
}

/// What a company has made different about a built-in field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// What people see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The section of the record's page that it is shown in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Whether a new record must have a value. What Rapport requires stays required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// The words of a select field, in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<Choice>>,
    /// The value of a new record that says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

impl Definition {
    /// What a company that has said nothing yet says about a built-in object.
    #[must_use]
    pub fn empty(object: &str, now: Timestamp) -> Self {
        Self {
            object: object.to_owned(),
            version: 0,
            updated_at: now,
            custom: None,
            label: String::new(),
            label_plural: String::new(),
            help: String::new(),
            private: None,
            fields: Vec::new(),
            built_in: BTreeMap::new(),
            sections: Vec::new(),
            order: Vec::new(),
            archived: false,
        }
    }

    /// The part of the configuration that it is kept in.
    #[must_use]
    pub fn part(&self) -> String {
        Self::part_of(&self.object)
    }

    /// The part of the configuration that an object's definition is kept in.
    #[must_use]
    pub fn part_of(object: &str) -> String {
        [Self::PARTS, object].concat()
    }

    /// What the parts of the configuration begin with that hold definitions.
    pub const PARTS: &'static str = "object.";

    /// Reads a stored definition.
    ///
    /// # Errors
    /// [`Error::Bug`] when it is none.
    pub fn read(document: Document) -> Result<Self> {
        serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("definition"))
    }

    /// The definition as it is stored.
    ///
    /// # Errors
    /// None that can be met: every member serialises.
    pub fn document(&self) -> Result<Document> {
        match serde_json::to_value(self).map_err(Error::bug)? {
            Value::Object(document) => Ok(document),
            other => Err(Error::bug(format!("a definition serialised as {other}"))),
        }
    }

    /// The object that it makes, from the built-in one if there is one. `None` when there is nothing to make it from.
    pub(crate) fn apply(self, built_in: Option<&Object>) -> Option<Object> {
        let mut object = match (&self.custom, built_in) {
            (Some(custom), None) => made(&self.object, custom)?,
            (None, Some(built_in)) => built_in.clone(),
            _ => return None,
        };
        for field in &mut object.fields {
            if let Some(different) = self.built_in.get(&field.name) {
                change(field, different);
            }
        }
        object.fields.extend(self.fields.into_iter().map(Field::custom));
        if !self.order.is_empty() {
            // Stable: what is not named keeps its order behind what is.
            let place = |field: &Field| self.order.iter().position(|path| *path == field.path).unwrap_or(usize::MAX);
            object.fields.sort_by_key(place);
        }
        if !self.label.is_empty() {
            object.label = self.label;
        }
        if !self.label_plural.is_empty() {
            object.label_plural = self.label_plural;
        }
        if !self.help.is_empty() {
            object.help = self.help;
        }
        if !self.sections.is_empty() {
            object.sections = self.sections;
        }
        object.private = self.private.unwrap_or(object.private);
        object.archived = self.archived;
        object.version = self.version;
        Some(object)
    }
}

fn made(name: &str, custom: &CustomObject) -> Option<Object> {
    let mut object = Object::new(name, &custom.plural, Prefix::parse(&custom.prefix)?, &custom.help);
    object.custom = true;
    if custom.only_administrators_write {
        object.governed = Governed::By(Capability::ManageWorkspace);
    }
    object.fields = builtin::of_custom_objects();
    Some(object)
}

fn change(field: &mut Field, different: &Override) {
    let Override { label, help, section, required, options, default } = different.clone();
    field.label = label.unwrap_or_else(|| std::mem::take(&mut field.label));
    field.help = help.unwrap_or_else(|| std::mem::take(&mut field.help));
    field.section = section.or_else(|| field.section.take());
    field.required |= required.unwrap_or(false);
    field.default = default.or_else(|| field.default.take());
    if let (FieldType::Select { options: words } | FieldType::MultiSelect { options: words }, Some(options)) =
        (&mut field.kind, options)
    {
        *words = options;
    }
}
