//! Domain events.

use std::collections::BTreeMap;

use kernel::{AnyId, Id, Timestamp, Version, kinds};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The person, or the person that a program acts for.
    pub user: Id<kinds::User>,
    /// The credential of the program, if it was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub api_key: Option<Id<kinds::ApiKey>>,
}

/// What one field was and became. `null` stands for no value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The value before.
    pub before: Value,
    /// The value after.
    pub after: Value,
}

/// Something that happened to one record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The event's own id: consumers are idempotent by it.
    pub id: Id<kinds::Event>,
    /// What happened, in the past tense: `contact.created`.
    pub name: String,
    /// The workspace it happened in.
    pub workspace: Id<kinds::Workspace>,
    /// The record it happened to.
    pub record: AnyId,
    /// The record's version after it.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// The request that caused it.
    pub request_id: String,
    /// The job that it was part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Id<kinds::Job>>,
    /// Whether nothing is to follow from it by rules: whoever has brought it about has said so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
    /// What changed, by field. Empty once the record was erased.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changes: BTreeMap<String, FieldChange>,
    /// Random, so that the digest of a short value cannot be guessed back. Gone once the record was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// SHA-256 over salt and payload, in hex. It stays when the payload is erased, so a chain over digests stays valid.
    #[serde(default)]
    pub digest: String,
}

impl Event {
    /// This event with the digest of its payload under a salt.
    #[must_use]
    pub fn sealed(mut self, salt: String) -> Self {
        self.digest = self.payload_digest(&salt);
        self.salt = Some(salt);
        self
    }

    /// Whether the payload is still the one that was sealed. `None` when it was erased and cannot be checked.
    #[must_use]
    pub fn is_intact(&self) -> Option<bool> {
        let salt = self.salt.as_ref()?;
        Some(self.payload_digest(salt) == self.digest)
    }

    fn payload_digest(&self, salt: &str) -> String {
        // A BTreeMap keeps its keys in order, so the same changes always give the same text.
        let changes = serde_json::to_string(&self.changes).expect("strings and JSON values always serialise");
        let mut hash = Sha256::new();
        for part in [salt, &self.id.to_string(), &self.name, &self.record.to_string(), &self.at.to_string(), &changes] {
            // The length in front keeps two different splits of the same bytes apart.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Clock, Ids};
    use serde_json::json;

    fn event() -> Event {
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 7);
        Event {
            id: ids.next(),
            name: "contact.changed".to_owned(),
            workspace: ids.next(),
            record: ids.next::<kinds::Contact>().erase(),
            version: 2,
            at: clock.now(),
            by: Actor { user: ids.next(), api_key: None },
            request_id: "req_1".to_owned(),
            job: None,
            quiet: false,
            changes: BTreeMap::from([(
                "city".to_owned(),
                FieldChange { before: json!("Berlin"), after: json!("Bremen") },
            )]),
            salt: None,
            digest: String::new(),
        }
        .sealed(ids.salt())
    }

    #[test]
    fn a_sealed_event_notices_a_changed_payload() {
        let mut event = event();
        assert_eq!(event.is_intact(), Some(true));
        event.changes.get_mut("city").unwrap().after = json!("Bonn");
        assert_eq!(event.is_intact(), Some(false));
    }

    #[test]
    fn erasing_payload_and_salt_keeps_the_digest() {
        let mut event = event();
        let digest = event.digest.clone();
        event.changes.clear();
        event.salt = None;
        assert_eq!((event.is_intact(), event.digest), (None, digest));
    }

    #[test]
    fn an_event_reads_back_from_its_json() {
        let event = event();
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
}
