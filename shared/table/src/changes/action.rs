//! One action of a transaction: what it writes, on which condition, and what it means when that fails.
//!
//! A commit sends write and condition to the table; a dry run reads the item and judges the same condition itself.

use aws_sdk_dynamodb::types::AttributeValue;
use events::Document;
use kernel::{AnyId, Error, Result, Version};

use super::condition::{Condition, Test};
use crate::item::{Item, Sort, key_item, to_item};
use crate::link::Direction;
use crate::{Key, Refused};

/// One action of a transaction.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// A new item; refused when there is one.
    Create { key: Key, sort: Sort, document: Document, indexed: Indexed },
    /// A new version of an item; refused when the stored one is not the one that was seen.
    Replace { key: Key, sort: Sort, document: Document, indexed: Indexed, seen: Seen },
    /// An item goes for good; refused when the stored one is not the one that was seen.
    Remove { key: Key, seen: Seen },
    /// A unique value is taken; refused when another record holds it.
    Take { key: Key, field: String, holder: AnyId },
    /// A unique value goes from one record to another; refused when a third one holds it.
    Transfer { key: Key, field: String, from: AnyId, to: AnyId },
    /// A unique value is given back by the record that holds it.
    Release { key: Key, holder: AnyId },
    /// Something is noted that nothing else can have written, or that follows from something else in the transaction.
    Append { key: Key, sort: Sort, document: Document, indexed: Indexed },
    /// An item goes, whether it is there or not.
    Clear { key: Key },
    /// The answer kept for a request goes, if there is one and it is about this record.
    Forget { key: Key, record: AnyId },
    /// Nothing is written to a record, but it has to be there.
    Require { key: Key, id: AnyId },
    /// Nothing is written to an item, but it has to be the one that was seen.
    RequireVersion { key: Key, seen: Seen },
}

/// Which state of an item was read before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    version: Version,
    /// For the items of a link, which can be removed and made again the other way round, with the same versions.
    direction: Option<Direction>,
}

impl Seen {
    pub(crate) const fn version(version: Version) -> Self {
        Self { version, direction: None }
    }

    pub(crate) const fn link(version: Version, direction: Direction) -> Self {
        Self { version, direction: Some(direction) }
    }

    fn condition(self) -> Condition {
        let direction = self.direction.map(|direction| Test::Text("direction", direction.as_str().to_owned()));
        Condition::All(std::iter::once(Test::Version(self.version)).chain(direction).collect())
    }
}

/// Where an item stands in the indexes: partition and sort key of each that has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Indexed {
    pub(crate) catalog: Option<(String, String)>,
    pub(crate) due: Option<(String, String)>,
}

impl Indexed {
    pub(crate) const fn in_catalog(partition: String, place: String) -> Self {
        Self { catalog: Some((partition, place)), due: None }
    }

    fn place(&self, item: &mut Item) {
        let indexes = [(["gsi1pk", "gsi1sk"], &self.catalog), (["gsi2pk", "gsi2sk"], &self.due)];
        for (names, entry) in indexes {
            for (name, value) in names.into_iter().zip(entry.iter().flat_map(|(pk, sk)| [pk, sk])) {
                item.insert(name.to_owned(), AttributeValue::S(value.clone()));
            }
        }
    }
}

/// What an action does to its item.
pub(crate) enum Write {
    Put(Item),
    Delete,
    /// Nothing, but its condition counts.
    Check,
}

impl Action {
    /// The document that is written, if a whole one is.
    pub(crate) const fn document(&self) -> Option<&Document> {
        match self {
            Self::Create { document, .. } | Self::Replace { document, .. } | Self::Append { document, .. } => {
                Some(document)
            }
            _ => None,
        }
    }

    pub(crate) const fn key(&self) -> &Key {
        match self {
            Self::Create { key, .. }
            | Self::Replace { key, .. }
            | Self::Remove { key, .. }
            | Self::Take { key, .. }
            | Self::Transfer { key, .. }
            | Self::Release { key, .. }
            | Self::Append { key, .. }
            | Self::Clear { key }
            | Self::Forget { key, .. }
            | Self::Require { key, .. }
            | Self::RequireVersion { key, .. } => key,
        }
    }

    /// Whether another action about the same item says nothing that this one does not say as well: a check beside a
    /// write that is bound to more, or the very same thing once more.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let covers = match (self, other) {
            (Self::Create { .. } | Self::Replace { .. }, Self::Require { .. })
            | (Self::Require { .. } | Self::RequireVersion { .. }, Self::Require { .. }) => true,
            (
                Self::Replace { seen, .. } | Self::Remove { seen, .. } | Self::RequireVersion { seen, .. },
                Self::RequireVersion { seen: wanted, .. },
            ) => seen.version == wanted.version,
            (Self::Take { holder, .. }, Self::Take { holder: again, .. })
            | (Self::Release { holder, .. }, Self::Release { holder: again, .. })
            | (Self::Forget { record: holder, .. }, Self::Forget { record: again, .. }) => holder == again,
            _ => false,
        };
        covers && self.key() == other.key()
    }

    /// Whether this and another action about the same item, one of which is a check, have seen different versions of it.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        let seen = |action: &Self| match action {
            Self::Replace { seen, .. } | Self::Remove { seen, .. } | Self::RequireVersion { seen, .. } => {
                Some(seen.version)
            }
            _ => None,
        };
        let is_check = |action: &Self| matches!(action, Self::RequireVersion { .. });
        (is_check(self) || is_check(other)) && seen(self).zip(seen(other)).is_some_and(|(one, other)| one != other)
    }

    pub(crate) fn write(&self) -> Result<Write> {
        Ok(match self {
            Self::Create { key, sort, document, indexed }
            | Self::Replace { key, sort, document, indexed, .. }
            | Self::Append { key, sort, document, indexed } => {
                let mut item = to_item(key, *sort, document)?;
                indexed.place(&mut item);
                Write::Put(item)
            }
            Self::Take { key, field, holder } | Self::Transfer { key, field, to: holder, .. } => {
                Write::Put(guard(key, field, *holder))
            }
            Self::Remove { .. } | Self::Release { .. } | Self::Clear { .. } | Self::Forget { .. } => Write::Delete,
            Self::Require { .. } | Self::RequireVersion { .. } => Write::Check,
        })
    }

    /// What has to be true of the stored item; `None` when nothing has to.
    pub(crate) fn condition(&self) -> Option<Condition> {
        let absent_or = |attribute: &'static str, ids: &[&AnyId]| {
            let allowed = ids.iter().map(|id| Test::Text(attribute, id.to_string()));
            Condition::Any(std::iter::once(Test::Absent).chain(allowed).collect())
        };
        Some(match self {
            Self::Create { .. } => Condition::All(vec![Test::Absent]),
            Self::Require { .. } => Condition::All(vec![Test::Present]),
            Self::Replace { seen, .. } | Self::Remove { seen, .. } | Self::RequireVersion { seen, .. } => {
                seen.condition()
            }
            Self::Take { holder, .. } | Self::Release { holder, .. } => absent_or("holder", &[holder]),
            Self::Transfer { from, to, .. } => absent_or("holder", &[from, to]),
            Self::Forget { record, .. } => absent_or("id", &[record]),
            Self::Append { .. } | Self::Clear { .. } => return None,
        })
    }

    /// What it means that the condition does not hold for the stored item.
    pub(crate) fn refusal(&self, stored: Option<Document>) -> Refused {
        match self {
            Self::Create { key, .. } => Refused::Exists { key: key.clone() },
            Self::Take { field, .. } | Self::Transfer { field, .. } => Refused::Taken {
                field: field.clone(),
                holder: stored.as_ref().and_then(|guard| guard.get("holder")?.as_str()?.parse().ok()),
            },
            Self::Replace { .. } | Self::Remove { .. } | Self::RequireVersion { .. } => Refused::Stale(stored),
            // The key was used for another record in between: that answer stays, and the caller looks again.
            Self::Forget { .. } => Refused::Stale(stored),
            Self::Require { id, .. } => Refused::Gone { id: *id },
            // Another record holds it: whoever looks who does will leave it alone.
            Self::Release { .. } => Refused::Stale(None),
            Self::Append { .. } | Self::Clear { .. } => {
                Error::bug("an unconditional action failed its condition").into()
            }
        }
    }
}

/// The guard of a unique value.
fn guard(key: &Key, field: &str, holder: AnyId) -> Item {
    let mut item = key_item(key);
    let attributes =
        [("item", Sort::Guard.as_str().to_owned()), ("field", field.to_owned()), ("holder", holder.to_string())];
    item.extend(attributes.map(|(name, value)| (name.to_owned(), AttributeValue::S(value))));
    item
}
