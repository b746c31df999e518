//! Idempotency in one phase: the answer to a request is kept in the very transaction of its effect.

use events::Document;
use kernel::{AnyId, Error, Result, Timestamp, Version};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long an answer is kept, in hours.
pub const ONCE_HOURS: i64 = 24;

/// The largest document that is kept whole, in bytes of JSON. A larger answer is kept as id and version.
const MAX_KEPT_BYTES: usize = 4096;

/// A request that must have its effect once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    hash: String,
    fingerprint: String,
    now: Timestamp,
}

fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Once {
    /// `scope` are the things that make the key the caller's own: who calls, which method, which path. `request` is
    /// everything that decides about the effect: query and body. The workspace is part of the item's key already.
    #[must_use]
    pub fn new(scope: &[&str], key: &str, request: &[&[u8]], now: Timestamp) -> Self {
        let mut parts: Vec<&[u8]> = scope.iter().map(|part| part.as_bytes()).collect();
        parts.push(key.as_bytes());
        Self { hash: digest(&parts), fingerprint: digest(request), now }
    }

    /// The hash that the item is found by.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// When the request came in.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        self.now.plus_seconds(ONCE_HOURS * 3600)
    }

    /// The item's document.
    pub(crate) fn document(&self, answer: &KeptAnswer) -> Result<Document> {
        let value = serde_json::to_value(Stored { fingerprint: self.fingerprint.clone(), answer: answer.clone() });
        match value.map_err(Error::bug)? {
            serde_json::Value::Object(document) => Ok(document),
            other => Err(Error::bug(format!("a kept answer serialised as {other}"))),
        }
    }

    /// The answer in a stored item, if it was the same request.
    pub(crate) fn read(&self, document: Document) -> Result<KeptAnswer> {
        let stored: Stored = serde_json::from_value(document.into()).map_err(Error::unreadable("kept answer"))?;
        if stored.fingerprint == self.fingerprint { Ok(stored.answer) } else { Err(Error::KeyReused) }
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    fingerprint: String,
    #[serde(flatten)]
    answer: KeptAnswer,
}

/// What a request was answered: a status and the record it wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The HTTP status, which is all that a transport needs besides the record.
    pub status: u16,
    /// The record.
    pub id: AnyId,
    /// Its version after the write.
    pub version: Version,
    /// The record as it was answered; `None` when it is too large to keep, or there is nothing left of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
}

impl KeptAnswer {
    /// An answer with its record, which is kept if it is small enough.
    #[must_use]
    pub fn new(status: u16, id: AnyId, version: Version, document: Option<&Document>) -> Self {
        let fits = |document: &&Document| serde_json::to_vec(document).is_ok_and(|json| json.len() <= MAX_KEPT_BYTES);
        Self { status, id, version, document: document.filter(fits).cloned() }
    }
}
