//! The chain over a day's events: what makes it known that one of them was changed, taken away, put in or moved.
//!
//! ```text
//! entry  = SHA-256( everything of an event that an erasure leaves, its digest among it )
//! begin  = SHA-256( head of the day before, or workspace ‖ day )
//! head   = SHA-256( head ‖ entry )      for each event, by id
//! ```
//! An event's `digest` seals what changed, the entry seals who, when and which record beside it. An erasure takes what changed
//! and the salt, and leaves everything that the entry is made of: the chain stays what it was.

use std::fmt;
use std::str::FromStr;

use kernel::{AnyId, Id, Timestamp, Version, kinds};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::{Actor, Event};

/// A SHA-256 digest, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Fingerprint([u8; 32]);

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 64 hexadecimal digits")]
pub struct ParseFingerprintError;

/// How many bytes of a fingerprint a trace has.
pub const TRACE_BYTES: usize = 8;

impl Fingerprint {
    /// Of texts, each with its length in front: no two lists of texts are the same bytes.
    fn of(texts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for text in texts {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        Self(hash.finalize().into())
    }

    /// Its first bytes: enough to tell events of a day apart, too few to prove anything.
    #[must_use]
    pub fn trace(&self) -> [u8; TRACE_BYTES] {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        [a, b, c, d, e, f, g, h]
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(ParseFingerprintError);
        }
        for (byte, place) in bytes.iter_mut().zip((0..64).step_by(2)) {
            let pair = text.get(place..place + 2).ok_or(ParseFingerprintError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ParseFingerprintError)?;
        }
        Ok(Self(bytes))
    }
}
impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What an erasure leaves of an event, and so what a chain is made of.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Entry {
    /// The event's id: a day's entries are in the order of these.
    pub id: Id<kinds::Event>,
    name: String,
    workspace: Id<kinds::Workspace>,
    record: AnyId,
    version: Version,
    at: Timestamp,
    by: Actor,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    job: Option<Id<kinds::Job>>,
    #[serde(default)]
    quiet: bool,
    #[serde(default)]
    digest: String,
}

impl Entry {
    /// The members of an event that an entry is read from.
    pub const MEMBERS: [&str; 11] =
        ["id", "name", "workspace", "record", "version", "at", "by", "request_id", "job", "quiet", "digest"];

    /// What a chain has of it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let optional = |id: Option<String>| id.unwrap_or_default();
        Fingerprint::of(&[
            &self.digest,
            &self.id.to_string(),
            &self.name,
            &self.workspace.to_string(),
            &self.record.to_string(),
            &self.version.to_string(),
            &self.at.to_string(),
            &self.by.user.to_string(),
            &optional(self.by.api_key.map(|key| key.to_string())),
            &self.request_id,
            &optional(self.job.map(|job| job.to_string())),
            if self.quiet { "quiet" } else { "" },
        ])
    }
}

impl From<&Event> for Entry {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id,
            name: event.name.clone(),
            workspace: event.workspace,
            record: event.record,
            version: event.version,
            at: event.at,
            by: event.by.clone(),
            request_id: event.request_id.clone(),
            job: event.job,
            quiet: event.quiet,
            digest: event.digest.clone(),
        }
    }
}

/// A day's chain, as far as it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// What it comes to.
    pub head: Fingerprint,
    /// How many entries it has.
    pub count: u64,
}

impl Chain {
    /// The chain of a day without entries, behind the last day that was sealed before it.
    #[must_use]
    pub fn begin(workspace: Id<kinds::Workspace>, day: &str, before: Option<Fingerprint>) -> Self {
        let before = before.map_or_else(|| workspace.to_string(), |head| head.to_string());
        Self { head: Fingerprint::of(&[&before, day]), count: 0 }
    }

    /// Adds the next entry.
    pub fn add(&mut self, entry: &Fingerprint) {
        let hash = Sha256::new().chain_update(self.head.0).chain_update(entry.0);
        *self = Self { head: Fingerprint(hash.finalize().into()), count: self.count + 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Clock, Ids};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn day(count: usize) -> Vec<Event> {
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 5);
        let (workspace, user) = (ids.next(), ids.next());
        (0..count)
            .map(|number| {
                clock.advance_millis(1);
                let change = crate::FieldChange { before: Value::Null, after: json!(number) };
                Event {
                    id: ids.next(),
                    name: "contact.changed".to_owned(),
                    workspace,
                    record: ids.next::<kinds::Contact>().erase(),
                    version: 2,
                    at: clock.now(),
                    by: Actor { user, api_key: None },
                    request_id: format!("req_{number}"),
                    job: None,
                    quiet: false,
                    changes: BTreeMap::from([("city".to_owned(), change)]),
                    salt: None,
                    digest: String::new(),
                }
                .sealed(ids.salt())
            })
            .collect()
    }

    fn head(events: &[Event]) -> Fingerprint {
        let workspace = day(1)[0].workspace;
        let mut chain = Chain::begin(workspace, "2026-01-01", None);
        events.iter().for_each(|event| chain.add(&Entry::from(event).fingerprint()));
        chain.head
    }

    fn emptied(mut event: Event) -> Event {
        event.changes.clear();
        event.salt = None;
        event
    }

    /// Members of an event as JSON, each with another value that it could have.
    fn forged(event: &Event) -> Vec<Event> {
        // None of those that a test has.
        let other = &day(14)[13];
        let changes = [
            ("id", json!(other.id)),
            ("name", json!("contact.restored")),
            ("workspace", json!("wsp_00000000000070008000000000000000")),
            ("record", json!(other.record)),
            ("version", json!(3)),
            ("at", json!(event.at.plus_millis(1))),
            ("by", json!({ "user": other.by.user.to_string().replace('0', "1") })),
            ("by", json!({ "user": event.by.user, "api_key": "key_00000000000070008000000000000000" })),
            ("request_id", json!("req_x")),
            ("job", json!("job_00000000000070008000000000000000")),
            ("quiet", json!(true)),
            ("digest", json!(other.digest)),
        ];
        let forge = |(member, value): (&str, Value)| {
            let mut document = serde_json::to_value(event).unwrap();
            document[member] = value;
            serde_json::from_value(document).unwrap()
        };
        changes.map(forge).into()
    }

    #[test]
    fn every_member_that_an_erasure_leaves_counts() {
        let event = &day(1)[0];
        for other in forged(event) {
            assert_ne!(Entry::from(event).fingerprint(), Entry::from(&other).fingerprint(), "{other:?}");
        }
        let document = serde_json::to_value(emptied(event.clone())).unwrap();
        let members: Vec<&String> = document.as_object().unwrap().keys().collect();
        assert!(members.iter().all(|name| Entry::MEMBERS.contains(&name.as_str())), "{members:?}");
        assert_eq!(serde_json::from_value::<Entry>(document).unwrap(), Entry::from(event));
    }

    #[test]
    fn a_day_is_bound_to_its_workspace_to_its_name_and_to_the_day_before() {
        let ids = Ids::seeded(Clock::manual(), 1);
        let (mine, other) = (ids.next(), ids.next());
        let before = Chain::begin(mine, "2026-01-01", None).head;
        let heads = [
            Chain::begin(mine, "2026-01-02", None).head,
            Chain::begin(mine, "2026-01-02", Some(before)).head,
            Chain::begin(mine, "2026-01-03", Some(before)).head,
            Chain::begin(other, "2026-01-02", None).head,
            before,
        ];
        assert!((1..heads.len()).all(|index| !heads[..index].contains(&heads[index])));
        assert_eq!(before.to_string().parse(), Ok(before));
        assert!(["", "xy", &"g".repeat(64), &"ä".repeat(32)].iter().all(|text| text.parse::<Fingerprint>().is_err()));
    }

    proptest! {
        #[test]
        fn whatever_is_done_to_a_day_is_found(count in 1usize..12, at in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), what in 0usize..4) {
            let events = day(count);
            let (at, to) = (at.index(count), to.index(count));
            let mut tampered = events.clone();
            match what {
                0 => { tampered.remove(at); }
                1 => tampered.insert(at, day(13).swap_remove(12)),
                2 => { let forged = forged(&events[at]); tampered[at] = forged[to % forged.len()].clone(); }
                _ => { let moved = tampered.remove(at); tampered.insert(to, moved); prop_assume!(at != to); }
            }
            prop_assert_ne!(head(&events), head(&tampered));
        }

        #[test]
        fn whoever_is_erased_leaves_the_chain_as_it_is(count in 1usize..12, erased in proptest::collection::vec(any::<bool>(), 12)) {
            let events = day(count);
            let left: Vec<Event> = events.iter().zip(&erased).map(|(event, gone)| if *gone { emptied(event.clone()) } else { event.clone() }).collect();
            prop_assert_eq!(head(&events), head(&left));
        }
    }
}
