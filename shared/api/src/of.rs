//! Which object a route is about, and finding it in the workspace's schema.

use std::pin::Pin;
use std::sync::Arc;

use kernel::{AnyId, Error, Result};
use records::{CUSTOM_OBJECT, Cx, Object, Schema, depends_on_schema};
use serde::Deserialize;

/// Which object a route is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// A built-in one: its name in the singular and in the plural.
    BuiltIn(&'static str, &'static str),
    /// The one of the company's own that the path names.
    Custom,
}

/// What a path of a record's routes says.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct At {
    /// The plural of an object of the company's own.
    #[serde(default)]
    pub object: String,
    /// The record's id.
    #[serde(default)]
    pub id: String,
    /// A unique field's path.
    #[serde(default)]
    pub field: String,
    /// A value of it.
    #[serde(default)]
    pub value: String,
    /// The object in the singular of another record.
    #[serde(default)]
    pub kind: String,
    /// The id of another record.
    #[serde(default)]
    pub other: String,
    /// With whom something is shared.
    #[serde(default)]
    pub subject: String,
}

impl Of {
    /// What one is called in operation ids and summaries.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::BuiltIn(name, _) => name,
            Self::Custom => "custom_record",
        }
    }

    /// What several are called there.
    #[must_use]
    pub const fn nouns(self) -> &'static str {
        match self {
            Self::BuiltIn(_, plural) => plural,
            Self::Custom => "custom_records",
        }
    }

    /// The path of all records, and of what is beneath it.
    #[must_use]
    pub fn all(self, rest: &str) -> String {
        match self {
            Self::BuiltIn(_, plural) => format!("/v1/{plural}{rest}"),
            Self::Custom => format!("/v1/{{object}}{rest}"),
        }
    }

    /// The path of one record, and of what is beneath it.
    #[must_use]
    pub fn one(self, rest: &str) -> String {
        self.all(&["/{id}", rest].concat())
    }

    /// The object in the workspace's schema.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none, in the newest schema either.
    pub async fn object(self, cx: &Cx, at: &At) -> Result<Arc<Object>> {
        let schema = cx.schema().await?;
        if let Some(object) = self.find(&schema, at) {
            return Ok(object);
        }
        let newer = cx.schemas.refreshed(&cx.table, &cx.clock, &schema).await?;
        newer.and_then(|schema| self.find(&schema, at)).ok_or_else(no_object)
    }

    fn find(self, schema: &Schema, at: &At) -> Option<Arc<Object>> {
        match self {
            Self::BuiltIn(name, _) => schema.object(name).cloned(),
            Self::Custom if at.object.starts_with(CUSTOM_OBJECT) => schema.of_plural(&at.object).cloned(),
            Self::Custom => None,
        }
    }
}

impl At {
    /// The record's id. What is no id of this object names nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is no id.
    pub fn id(&self, object: &Object) -> Result<AnyId> {
        self.id.parse().map_err(|_| Error::not_found(object.name.clone()))
    }
}

fn no_object() -> Error {
    Error::not_found("object")
}

/// Something that is done with an object, under way.
pub type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Does something with an object.
///
/// What would be refused is tried again when the schema has changed meanwhile: others may have made the field, the option or
/// the object that this process does not know yet.
///
/// # Errors
/// Those of the work.
pub async fn with_object<'a, T>(
    cx: &Cx,
    of: Of,
    at: &At,
    work: impl Fn(Arc<Object>) -> Work<'a, T> + Send,
) -> Result<T> {
    let schema = cx.schema().await?;
    let outcome = match of.find(&schema, at) {
        Some(object) => work(object).await,
        None => Err(no_object()),
    };
    let refused = match outcome {
        Err(error) if depends_on_schema(&error) => error,
        outcome => return outcome,
    };
    let Some(newer) = cx.schemas.refreshed(&cx.table, &cx.clock, &schema).await? else { return Err(refused) };
    match of.find(&newer, at) {
        Some(object) => work(object).await,
        None => Err(refused),
    }
}
