//! What a commit is made of, and why it can be refused.

use events::{Document, Event};
use kernel::{AnyId, Error, Version};

use crate::item::Sort;
use crate::{KeptAnswer, Key, Once};

/// One action of a transaction.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// A new item; refused when there is one.
    Create { key: Key, sort: Sort, document: Document, catalog: Option<(String, String)> },
    /// A new version of an item; refused when the stored version is not the one that was seen.
    Replace { key: Key, sort: Sort, document: Document, catalog: Option<(String, String)>, seen: Version },
    /// An item goes for good; refused when the stored version is not the one that was seen.
    Remove { key: Key, seen: Version },
    /// A unique value is taken; refused when another record holds it.
    Take { key: Key, field: String, holder: AnyId },
    /// A unique value is given back by the record that holds it.
    Release { key: Key, holder: AnyId },
    /// Something is noted that nothing else can have written.
    Append { key: Key, sort: Sort, document: Document, catalog: (String, String) },
    /// The answer kept for a request goes, if there is one and it is about this record.
    Forget { key: Key, record: AnyId },
}

/// Everything that one commit writes: all of it or nothing.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub(crate) actions: Vec<Action>,
    pub(crate) once: Option<(Once, KeptAnswer)>,
}

impl Action {
    pub(crate) const fn key(&self) -> &Key {
        match self {
            Self::Create { key, .. }
            | Self::Replace { key, .. }
            | Self::Remove { key, .. }
            | Self::Take { key, .. }
            | Self::Release { key, .. }
            | Self::Append { key, .. }
            | Self::Forget { key, .. } => key,
        }
    }
}

impl Changes {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A new record, found in the catalog of its object from now on.
    pub fn create_record(&mut self, keys: crate::Keys, object: &str, id: AnyId, document: Document) {
        let catalog = Some((keys.catalog(object), id.to_string()));
        self.actions.push(Action::Create { key: keys.record(object, id), sort: Sort::Record, document, catalog });
    }

    /// The next version of a record whose version `seen` was read.
    pub fn replace_record(&mut self, keys: crate::Keys, object: &str, id: AnyId, document: Document, seen: Version) {
        let catalog = Some((keys.catalog(object), id.to_string()));
        self.actions.push(Action::Replace {
            key: keys.record(object, id),
            sort: Sort::Record,
            document,
            catalog,
            seen,
        });
    }

    /// A record whose version `seen` was read goes for good.
    pub fn remove_record(&mut self, keys: crate::Keys, object: &str, id: AnyId, seen: Version) {
        self.actions.push(Action::Remove { key: keys.record(object, id), seen });
    }

    /// A new item that is not a record: a part of the configuration, an API key.
    pub fn create(&mut self, key: Key, sort: Sort, document: Document) {
        self.actions.push(Action::Create { key, sort, document, catalog: None });
    }

    /// The next version of an item that is not a record.
    pub fn replace(&mut self, key: Key, sort: Sort, document: Document, seen: Version) {
        self.actions.push(Action::Replace { key, sort, document, catalog: None, seen });
    }

    /// The answer kept for a request is forgotten, since it repeats a record that is erased. The hash is the request's.
    pub fn forget_answer(&mut self, keys: crate::Keys, hash: &str, record: AnyId) {
        self.actions.push(Action::Forget { key: keys.once(hash), record });
    }

    /// `holder` takes a unique value. `field` is `object.field`, `normalised` what is compared.
    pub fn take(&mut self, keys: crate::Keys, field: &str, normalised: &str, holder: AnyId) {
        self.actions.push(Action::Take { key: keys.unique(field, normalised), field: field.to_owned(), holder });
    }

    /// `holder` gives a unique value back.
    pub fn release(&mut self, keys: crate::Keys, field: &str, normalised: &str, holder: AnyId) {
        self.actions.push(Action::Release { key: keys.unique(field, normalised), holder });
    }

    /// What happened, in the same transaction as what it happened to. `once` is noted beside it, so that an erasure
    /// finds the kept answers that repeat the record.
    pub fn event(&mut self, keys: crate::Keys, object: &str, event: &Event, once: Option<&Once>) -> Result<(), Error> {
        let mut document = match serde_json::to_value(event).map_err(Error::bug)? {
            serde_json::Value::Object(document) => document,
            other => return Err(Error::bug(format!("an event serialised as {other}"))),
        };
        if let Some(once) = once {
            document.insert("once".to_owned(), once.hash().into());
        }
        let key = keys.event(object, event.record, event.id);
        let catalog = (keys.event_catalog(event.at, event.id), event.id.to_string());
        self.actions.push(Action::Append { key, sort: Sort::Event, document, catalog });
        Ok(())
    }

    /// The answer to keep for a repetition of the request, in the same transaction as its effect.
    pub fn answer(&mut self, once: Once, answer: KeptAnswer) {
        self.once = Some((once, answer));
    }

    /// How many actions the transaction will have.
    #[must_use]
    pub fn len(&self) -> usize {
        self.actions.len() + usize::from(self.once.is_some())
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Why a commit wrote nothing.
#[derive(Debug)]
pub enum Refused {
    /// The item is there in another version than the one that was seen; this is it. `None`: it is gone.
    Stale(Option<Document>),
    /// There is an item at the key of a new one.
    Exists,
    /// Another record holds a unique value.
    Taken {
        /// `object.field`.
        field: String,
        /// The record that holds it.
        holder: Option<AnyId>,
    },
    /// The request was carried out before: this is what it was answered.
    Repeated(KeptAnswer),
    /// Anything else.
    Failed(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
