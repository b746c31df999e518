//! What a commit is made of, and why it can be refused.

mod action;
mod children;
mod condition;

use events::{Document, Event};
use kernel::{AnyId, Error, Timestamp, Version};

pub(crate) use self::action::{Action, Write};
use self::action::{Indexed, Seen};
use crate::item::Sort;
use crate::key::{due_place, due_shard};
use crate::{KeptAnswer, Key, Keys, Once};

/// Everything that one commit writes: all of it or nothing.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub(crate) actions: Vec<Action>,
    pub(crate) once: Option<(Once, KeptAnswer)>,
}

impl Changes {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A new record, found in the catalog of its object from now on.
    pub fn create_record(&mut self, keys: Keys, object: &str, id: AnyId, document: Document) {
        self.create_due_record(keys, object, id, document, None);
    }

    /// A new record for which there is something to do at a time: [`crate::Tables::due`] finds it from then on.
    pub fn create_due_record(
        &mut self,
        keys: Keys,
        object: &str,
        id: AnyId,
        document: Document,
        due: Option<Timestamp>,
    ) {
        let (key, indexed) = (keys.record(object, id), indexed(keys, object, id, due));
        self.push(Action::Create { key, sort: Sort::Record, document, indexed });
    }

    /// The next version of a record whose version `seen` was read. There is nothing to do for it at any time; what was
    /// due before is not any more.
    pub fn replace_record(&mut self, keys: Keys, object: &str, id: AnyId, document: Document, seen: Version) {
        self.replace_due_record(keys, object, id, document, seen, None);
    }

    /// The next version of a record for which there is something to do at a time. What was due before is due then, and
    /// with `None` not any more: each version says it anew.
    pub fn replace_due_record(
        &mut self,
        keys: Keys,
        object: &str,
        id: AnyId,
        document: Document,
        seen: Version,
        due: Option<Timestamp>,
    ) {
        let (key, indexed) = (keys.record(object, id), indexed(keys, object, id, due));
        self.push(Action::Replace { key, sort: Sort::Record, document, indexed, seen: Seen::version(seen) });
    }

    /// A record whose version `seen` was read goes for good. Its children are items of their own and stay.
    pub fn remove_record(&mut self, keys: Keys, object: &str, id: AnyId, seen: Version) {
        self.push(Action::Remove { key: keys.record(object, id), seen: Seen::version(seen) });
    }

    /// A new item that is not a record: a part of the configuration, an API key.
    pub fn create(&mut self, key: Key, sort: Sort, document: Document) {
        self.push(Action::Create { key, sort, document, indexed: Indexed::default() });
    }

    /// The next version of an item that is not a record.
    pub fn replace(&mut self, key: Key, sort: Sort, document: Document, seen: Version) {
        let seen = Seen::version(seen);
        self.push(Action::Replace { key, sort, document, indexed: Indexed::default(), seen });
    }

    /// An item that is not a record, whatever was there before: for what follows from something that this commit is bound to.
    pub fn set(&mut self, key: Key, sort: Sort, document: Document) {
        self.push(Action::Append { key, sort, document, indexed: Indexed::default() });
    }

    /// An item that is not a record goes, if there is one.
    pub fn clear(&mut self, key: Key) {
        self.push(Action::Clear { key });
    }

    /// An item that is not a record goes for good, if it still has the version that was read.
    pub fn remove(&mut self, key: Key, seen: Version) {
        self.push(Action::Remove { key, seen: Seen::version(seen) });
    }

    /// Nothing is written unless a record exists, in the trash or not. For what refers to it. Free where this commit
    /// writes the record itself, else it costs as much as writing it.
    pub fn require(&mut self, keys: Keys, object: &str, id: AnyId) {
        self.push(Action::Require { key: keys.record(object, id), id });
    }

    /// Nothing is written unless an item, which this commit does not write, still has the version that was read. For what
    /// was decided by what the item says.
    pub fn require_version(&mut self, key: Key, seen: Version) {
        self.push(Action::RequireVersion { key, seen: Seen::version(seen) });
    }

    /// The answer kept for a request is forgotten, since it repeats a record that is erased. The hash is the request's.
    pub fn forget_answer(&mut self, keys: Keys, hash: &str, record: AnyId) {
        self.push(Action::Forget { key: keys.once(hash), record });
    }

    /// `holder` takes a unique value. `field` is `object.field`, `normalised` what is compared.
    pub fn take(&mut self, keys: Keys, field: &str, normalised: &str, holder: AnyId) {
        self.push(Action::Take { key: keys.unique(field, normalised), field: field.to_owned(), holder });
    }

    /// A unique value goes from one record to another at once, so that nobody else gets it in between: to release and to
    /// take it would be two actions about one item, which no commit can have. A value that nobody holds, or that `to`
    /// holds already, is `to`'s afterwards as well.
    pub fn transfer(&mut self, keys: Keys, field: &str, normalised: &str, from: AnyId, to: AnyId) {
        self.push(Action::Transfer { key: keys.unique(field, normalised), field: field.to_owned(), from, to });
    }

    /// `holder` gives a unique value back.
    pub fn release(&mut self, keys: Keys, field: &str, normalised: &str, holder: AnyId) {
        self.push(Action::Release { key: keys.unique(field, normalised), holder });
    }

    /// What happened, in the same transaction as what it happened to. `once` is noted beside it, so that an erasure
    /// finds the kept answers that repeat the record.
    ///
    /// # Errors
    /// None that an [`Event`] can cause.
    pub fn event(&mut self, keys: Keys, object: &str, event: &Event, once: Option<&Once>) -> Result<(), Error> {
        let mut document = match serde_json::to_value(event).map_err(Error::bug)? {
            serde_json::Value::Object(document) => document,
            other => return Err(Error::bug(format!("an event serialised as {other}"))),
        };
        if let Some(once) = once {
            document.insert("once".to_owned(), once.hash().into());
        }
        let key = keys.event(object, event.record, event.id);
        let indexed = Indexed::in_catalog(keys.event_catalog(event.at, event.id), event.id.to_string());
        self.push(Action::Append { key, sort: Sort::Event, document, indexed });
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

    /// Adds an action. A transaction has room for one an item, so what another action covers is left out.
    pub(crate) fn push(&mut self, action: Action) {
        if self.actions.iter().any(|known| known.covers(&action)) {
            return;
        }
        self.actions.retain(|known| !action.covers(known));
        self.actions.push(action);
    }
}

/// Where a record is found besides its key.
fn indexed(keys: Keys, object: &str, id: AnyId, due: Option<Timestamp>) -> Indexed {
    let catalog = Indexed::in_catalog(keys.catalog(object), id.to_string());
    Indexed { due: due.map(|at| (due_shard(id), due_place(at, id))), ..catalog }
}

/// Why a commit wrote nothing.
#[derive(Debug)]
pub enum Refused {
    /// The item is there in another version than the one that was seen; this is it. `None`: it is gone.
    Stale(Option<Document>),
    /// There is an item at the key of a new one. The key is the one that the caller gave; what is there is not told,
    /// since whoever may make a link or a share need not be allowed to see who has made it before.
    Exists {
        /// Where.
        key: Key,
    },
    /// Another record holds a unique value.
    Taken {
        /// `object.field`.
        field: String,
        /// The record that holds it.
        holder: Option<AnyId>,
    },
    /// A record that has to be there is not.
    Gone {
        /// Its id.
        id: AnyId,
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
