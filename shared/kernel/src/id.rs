//! Typed ids: a kind's prefix and a UUID version 7 (RFC 9562) in lower-case hex, `con_0199…`.
//!
//! They sort by creation time as text, and an id of one kind cannot be passed for another.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::Prefix;

/// What an id names. Implemented by the marker types in [`kinds`] and by nothing else.
pub trait Kind: 'static {
    /// Three letters in front of every id of this kind.
    const PREFIX: &'static str;
    /// The singular noun, as in `"object": "contact"`.
    const NAME: &'static str;
}

/// The registry of kinds. Append only: a prefix, once given out, is in people's data for ever.
pub mod kinds {
    use super::Kind;

    macro_rules! kinds {
        ($($(#[$doc:meta])* $marker:ident $prefix:literal $name:literal;)*) => {
            $(
                $(#[$doc])*
                #[derive(Debug, Clone, Copy, PartialEq, Eq)]
                pub enum $marker {}
                impl Kind for $marker {
                    const PREFIX: &'static str = $prefix;
                    const NAME: &'static str = $name;
                }
            )*
            /// Every kind as (prefix, name).
            pub const ALL: &[(&str, &str)] = &[$(($prefix, $name)),*];
        };
    }

    kinds! {
        /// An organisation that the company deals with.
        Company "com" "company";
        /// A person that the company knows.
        Contact "con" "contact";
        /// Something that happened to a record.
        Event "evt" "event";
        /// That somebody is asked into a workspace.
        Invitation "inv" "invitation";
        /// Work on many records.
        Job "job" "job";
        /// A credential of a program.
        ApiKey "key" "api_key";
        /// One HTTP request or one message.
        Request "req" "request";
        /// Users who work together.
        Team "tea" "team";
        /// A file that somebody has brought.
        Upload "upl" "upload";
        /// Somebody who works in a workspace.
        User "usr" "user";
        /// A saved view: a question about the records of an object, and how its answer is shown.
        View "viw" "view";
        /// A company's own, closed-off space.
        Workspace "wsp" "workspace";
    }
}

/// The id of one `K`.
pub struct Id<K> {
    uuid: Uuid,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Id<K> {
    /// Wraps a UUID that was made by [`crate::Ids`] or read from storage.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// The UUID without its kind.
    #[must_use]
    pub const fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// The id without its static type.
    #[must_use]
    pub const fn erase(&self) -> AnyId {
        AnyId { prefix: Prefix::of::<K>(), uuid: self.uuid }
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<K> Hash for Id<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::PREFIX, self.uuid.simple())
    }
}
impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseIdError {
    /// The prefix is of another kind or of none.
    #[error("must start with {expected}_")]
    WrongKind {
        /// The prefix that was expected.
        expected: &'static str,
    },
    /// What follows the prefix is not 32 lower-case hex digits.
    #[error("must be a prefix and 32 lower-case hex digits")]
    Malformed,
}

fn parse_uuid(hex: &str) -> Result<Uuid, ParseIdError> {
    // One spelling only: an id is also a key, and two spellings of one key would be two items.
    let canonical = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !canonical {
        return Err(ParseIdError::Malformed);
    }
    Uuid::try_parse(hex).map_err(|_| ParseIdError::Malformed)
}

impl<K: Kind> FromStr for Id<K> {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let hex = text
            .strip_prefix(K::PREFIX)
            .and_then(|rest| rest.strip_prefix('_'))
            .ok_or(ParseIdError::WrongKind { expected: K::PREFIX })?;
        parse_uuid(hex).map(Self::from_uuid)
    }
}

impl<K: Kind> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// An id whose kind is known at run time only, as in a `Rapport-Position` header or a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnyId {
    prefix: Prefix,
    uuid: Uuid,
}

impl AnyId {
    /// Wraps a UUID as an id of the kind that a prefix names.
    #[must_use]
    pub const fn from_uuid(prefix: Prefix, uuid: Uuid) -> Self {
        Self { prefix, uuid }
    }

    /// The three letters that name the kind.
    #[must_use]
    pub const fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// The typed id, if this is one of kind `K`.
    #[must_use]
    pub fn of<K: Kind>(&self) -> Option<Id<K>> {
        (self.prefix == Prefix::of::<K>()).then(|| Id::from_uuid(self.uuid))
    }
}

impl fmt::Display for AnyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.prefix, self.uuid.simple())
    }
}
impl fmt::Debug for AnyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AnyId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (prefix, hex) = text.split_once('_').ok_or(ParseIdError::Malformed)?;
        let prefix = Prefix::parse(prefix).ok_or(ParseIdError::Malformed)?;
        Ok(Self::from_uuid(prefix, parse_uuid(hex)?))
    }
}

impl Serialize for AnyId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AnyId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Ids};
    use proptest::prelude::*;

    #[test]
    fn prefixes_and_names_are_unique_and_prefixes_have_three_letters() {
        for (index, (prefix, name)) in kinds::ALL.iter().enumerate() {
            assert_eq!(prefix.len(), 3, "{name}");
            assert!(kinds::ALL[index + 1..].iter().all(|(p, n)| p != prefix && n != name), "{name} twice");
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let id: Id<kinds::Contact> = Ids::seeded(Clock::manual(), 1).next();
        assert!(id.to_string().parse::<Id<kinds::User>>().is_err());
        assert_eq!(id.erase().of::<kinds::User>(), None);
        assert_eq!(id.erase().of::<kinds::Contact>(), Some(id));
    }

    proptest! {
        #[test]
        fn every_id_reads_back_and_sorts_as_its_text(a in any::<u128>(), b in any::<u128>()) {
            let (a, b) = (Uuid::from_u128(a), Uuid::from_u128(b));
            let (a, b) = (Id::<kinds::Contact>::from_uuid(a), Id::<kinds::Contact>::from_uuid(b));
            prop_assert_eq!(a.to_string().parse::<Id<kinds::Contact>>(), Ok(a));
            prop_assert_eq!(a.to_string().parse::<AnyId>(), Ok(a.erase()));
            let custom = AnyId::from_uuid(Prefix::parse("x0z").unwrap(), a.uuid());
            prop_assert_eq!(custom.to_string().parse::<AnyId>(), Ok(custom));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn no_second_spelling_of_an_id_is_accepted(text in "con_[0-9A-Fa-f-]{32,36}") {
            if let Ok(id) = text.parse::<Id<kinds::Contact>>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn hostile_text_is_never_an_id_and_never_a_panic(text in ".*") {
            let _ = text.parse::<Id<kinds::Contact>>();
            let _ = text.parse::<AnyId>();
        }
    }
}
