//! A record: what Rapport knows of it and its fields.

use events::Document;
use kernel::{AnyId, Error, Id, Result, Timestamp, Version, kinds};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::Fields;
use crate::schema::{COMMON_FIELDS, Object};

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What every record has.
    pub common: Common,
    /// What its object describes.
    pub fields: Fields,
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
}

impl Record {
    /// Reads a stored document.
    ///
    /// # Errors
    /// [`Error::Bug`] when it is not a record of that object: whoever asked used a wrong key.
    pub fn read(object: &Object, document: Document) -> Result<Self> {
        let fields = Fields::stored(object, &document);
        let common: Common = serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("record"))?;
        if common.object != object.name {
            return Err(Error::bug(format!("a {} where a {} was expected", common.object, object.name)));
        }
        Ok(Self { common, fields })
    }

    /// The record as it is stored and as the journal carries it: without members that have no value.
    #[must_use]
    pub fn document(&self, object: &Object) -> Document {
        let mut document = self.rendered(object);
        document.retain(|_, value| !value.is_null());
        document
    }

    /// The record as it is answered: every member, `null` where there is no value.
    #[must_use]
    pub fn rendered(&self, object: &Object) -> Document {
        let common = serde_json::to_value(&self.common).expect("ids, times and numbers always serialise");
        let mut document = common.as_object().cloned().unwrap_or_default();
        for field in &object.fields {
            document.insert(field.name.to_owned(), self.fields.get(field.name).cloned().unwrap_or(Value::Null));
        }
        document
    }
}

/// A stored document as it is answered: every member that its object describes and nothing else.
///
/// Documents may be older than the object's present description; this is where they are brought up to date.
#[must_use]
pub fn render(object: &Object, document: &Document) -> Document {
    let names = COMMON_FIELDS.iter().copied().chain(object.fields.iter().map(|field| field.name));
    names.map(|name| (name.to_owned(), document.get(name).cloned().unwrap_or(Value::Null))).collect()
}
