//! A record: what Rapport knows of it and its fields.

use events::Document;
use kernel::{AnyId, Error, Id, Result, Timestamp, Version, kinds};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::field::CUSTOM;
use crate::fields::{Fields, insert};
use crate::members::render;
use crate::object::{COMMON_FIELDS, Object};

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
        render(object, &self.document())
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
