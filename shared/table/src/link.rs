//! Labelled links between records, as the table keeps them.
//!
//! A link is two items, one under each record, which are written together: so each record's links are read by its key.
//! `out` is the one under the record that the link was made from. The catalog and the replicas have that one only.

use events::Document;
use kernel::{AnyId, Error, Id, Result, Timestamp, Version, kinds};
use serde::{Deserialize, Serialize};

use crate::{Key, Keys};

/// The longest label, in bytes of UTF-8. Escaped it can be twice as long, and a sort key ends at 1,024 bytes.
pub const MAX_LABEL_BYTES: usize = 256;

/// A record, as something else refers to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct End {
    /// The object, such as `contact`.
    pub object: String,
    /// The record's id.
    pub id: AnyId,
}

impl End {
    /// A record of an object.
    #[must_use]
    pub fn new(object: impl Into<String>, id: AnyId) -> Self {
        Self { object: object.into(), id }
    }
}

/// Which of a link's two items it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The one under the record that the link was made from.
    Out,
    /// The one under the other record.
    In,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Out, Self::In];

    /// The text in the attribute `direction`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::In => "in",
        }
    }
}

/// A labelled link from one record to another. Two records have at most one of a label between them, from whichever of
/// the two it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// The record that it was made from.
    pub from: End,
    /// The record that it leads to.
    pub to: End,
    /// What it means, such as `works_at`. At most [`MAX_LABEL_BYTES`].
    pub label: String,
    /// The version that was read; 0 for a link that is not stored yet. What is written has the next one.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Id<kinds::User>,
    /// What else there is to say of it. A member that is named like one of the table's own is not kept.
    pub more: Document,
}

/// What the table itself keeps of a link's item.
#[derive(Serialize, Deserialize)]
struct Stored {
    record: AnyId,
    object: String,
    other: AnyId,
    other_object: String,
    label: String,
    direction: Direction,
    version: Version,
    created_at: Timestamp,
    created_by: Id<kinds::User>,
}

/// The names of what the table itself keeps of a link's item.
const OWN: [&str; 9] =
    ["record", "object", "other", "other_object", "label", "direction", "version", "created_at", "created_by"];

impl Link {
    /// Reads a link from either of its items. What comes back has the direction in which it was made.
    ///
    /// # Errors
    /// [`Error::Bug`] when it is not what [`crate::Changes::link`] writes.
    pub fn read(mut document: Document) -> Result<Self> {
        let stored = serde_json::Value::Object(document.clone());
        let stored: Stored = serde_json::from_value(stored).map_err(Error::unreadable("link"))?;
        let own = End { object: stored.object, id: stored.record };
        let other = End { object: stored.other_object, id: stored.other };
        let (from, to) = match stored.direction {
            Direction::Out => (own, other),
            Direction::In => (other, own),
        };
        document.retain(|name, _| !OWN.contains(&name.as_str()));
        let Stored { label, version, created_at, created_by, .. } = stored;
        Ok(Self { from, to, label, version, created_at, created_by, more: document })
    }

    /// Which of the two items is under a record; `None` when the link is not one of its.
    #[must_use]
    pub fn direction_at(&self, record: AnyId) -> Option<Direction> {
        Direction::BOTH.into_iter().find(|direction| self.ends(*direction).0.id == record)
    }

    /// The other one of the two records; `None` when the link is not one of this record's.
    #[must_use]
    pub fn other_end(&self, record: AnyId) -> Option<&End> {
        self.direction_at(record).map(|direction| self.ends(direction).1)
    }

    /// The record that an item is under, and the other one.
    const fn ends(&self, direction: Direction) -> (&End, &End) {
        match direction {
            Direction::Out => (&self.from, &self.to),
            Direction::In => (&self.to, &self.from),
        }
    }

    pub(crate) fn key(&self, keys: Keys, direction: Direction) -> Key {
        let (own, other) = self.ends(direction);
        keys.link(&own.object, own.id, &self.label, other.id)
    }

    /// The next version of one of the items.
    pub(crate) fn document(&self, direction: Direction) -> Result<Document> {
        let (own, other) = self.ends(direction);
        let stored = Stored {
            record: own.id,
            object: own.object.clone(),
            other: other.id,
            other_object: other.object.clone(),
            label: self.label.clone(),
            direction,
            version: self.version.saturating_add(1),
            created_at: self.created_at,
            created_by: self.created_by,
        };
        extended(self.more.clone(), &stored)
    }

    pub(crate) fn check(&self) -> Result<()> {
        bounded("/label", &self.label, MAX_LABEL_BYTES)?;
        if self.from.id == self.to.id {
            return Err(Error::invalid("/other", "linked_to_itself", "a record cannot be linked to itself"));
        }
        Ok(())
    }
}

/// A document with the members of a value put over its own.
pub(crate) fn extended(mut document: Document, own: &impl Serialize) -> Result<Document> {
    match serde_json::to_value(own).map_err(Error::bug)? {
        serde_json::Value::Object(own) => document.extend(own),
        other => return Err(Error::bug(format!("an item serialised as {other}"))),
    }
    Ok(document)
}

/// Passes if a text can be a segment of a key.
pub(crate) fn bounded(pointer: &str, text: &str, most: usize) -> Result<()> {
    match text.len() {
        0 => Err(Error::invalid(pointer, "required", "must not be empty")),
        length if length > most => Err(Error::invalid(pointer, "too_long", format!("may have {most} bytes"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Clock, Ids};
    use serde_json::json;

    fn link() -> Link {
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 1);
        Link {
            from: End::new("contact", ids.next::<kinds::Contact>().erase()),
            to: End::new("user", ids.next::<kinds::User>().erase()),
            label: "advised_by".to_owned(),
            version: 3,
            created_at: clock.now(),
            created_by: ids.next(),
            more: json!({ "since": "2026-01-01" }).as_object().cloned().unwrap(),
        }
    }

    #[test]
    fn either_item_reads_back_as_the_link_with_the_next_version() {
        let link = link();
        let next = Link { version: 4, ..link.clone() };
        for direction in Direction::BOTH {
            let document = link.document(direction).unwrap();
            assert_eq!(document["direction"], direction.as_str());
            assert_eq!(Link::read(document).unwrap(), next);
        }
    }

    #[test]
    fn what_else_is_said_of_a_link_changes_nothing_of_its_own() {
        let mut link = link();
        let (forged, honest) = (json!({ "version": 99, "other": link.from.id, "direction": "in" }), link.clone());
        link.more = forged.as_object().cloned().unwrap();
        let read = Link::read(link.document(Direction::Out).unwrap()).unwrap();
        assert_eq!((read.version, read.to, read.more), (4, honest.to, Document::new()));
    }

    #[test]
    fn a_link_knows_its_ends_from_either_side() {
        let link = link();
        assert_eq!(link.direction_at(link.from.id), Some(Direction::Out));
        assert_eq!(link.other_end(link.to.id), Some(&link.from));
        assert_eq!(link.other_end(link.created_by.erase()), None);
    }

    #[test]
    fn a_label_that_no_key_can_hold_is_refused() {
        for label in [String::new(), "x".repeat(MAX_LABEL_BYTES + 1)] {
            let refused = Link { label, ..link() }.check();
            assert_eq!(refused.unwrap_err().code(), "invalid");
        }
        // The worst case: every byte is escaped, and the key still has room.
        let longest = Link { label: " ".repeat(MAX_LABEL_BYTES), ..link() };
        longest.check().unwrap();
        let key = longest.key(Keys::new(Ids::seeded(Clock::manual(), 2).next()), Direction::Out);
        assert!(crate::key::place_in_catalog(&key).len() <= 1024 && key.sk().len() <= 1024);
    }

    #[test]
    fn what_is_no_link_is_an_error() {
        assert!(Link::read(json!({ "label": "x" }).as_object().cloned().unwrap()).is_err());
    }
}
