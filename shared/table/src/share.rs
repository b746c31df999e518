//! With whom a record is shared, as the table keeps it: an item under the record for each of them.

use events::Document;
use kernel::{AnyId, Error, Id, Result, Timestamp, Version, kinds};
use serde::{Deserialize, Serialize};

use crate::link::{End, bounded, extended};
use crate::{Key, Keys};

/// The longest subject, in bytes. Escaped it can be twice as long, and a sort key ends at 1,024 bytes.
const MAX_SUBJECT_BYTES: usize = 256;

/// What a share allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// To see the record.
    Read,
    /// To change it as well.
    Write,
}

impl Level {
    /// The text in the attribute `level`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// One share of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// What is shared.
    pub record: End,
    /// With whom: the id of a user or a team, or `everyone`. At most 256 bytes.
    pub subject: String,
    /// What they may do.
    pub level: Level,
    /// The version that was read; 0 for a share that is not stored yet. What is written has the next one.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: Id<kinds::User>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    record: AnyId,
    object: String,
    subject: String,
    level: Level,
    version: Version,
    created_at: Timestamp,
    created_by: Id<kinds::User>,
}

impl Share {
    /// Reads a share from its item.
    ///
    /// # Errors
    /// [`Error::Bug`] when it is not what [`crate::Changes::share`] writes.
    pub fn read(document: Document) -> Result<Self> {
        let stored: Stored = serde_json::from_value(document.into()).map_err(Error::unreadable("share"))?;
        let Stored { record, object, subject, level, version, created_at, created_by } = stored;
        Ok(Self { record: End { object, id: record }, subject, level, version, created_at, created_by })
    }

    pub(crate) fn key(&self, keys: Keys) -> Key {
        keys.share(&self.record.object, self.record.id, &self.subject)
    }

    /// The next version of its item.
    pub(crate) fn document(&self) -> Result<Document> {
        let stored = Stored {
            record: self.record.id,
            object: self.record.object.clone(),
            subject: self.subject.clone(),
            level: self.level,
            version: self.version.saturating_add(1),
            created_at: self.created_at,
            created_by: self.created_by,
        };
        extended(Document::new(), &stored)
    }

    pub(crate) fn check(&self) -> Result<()> {
        bounded("/subject", &self.subject, MAX_SUBJECT_BYTES)
    }
}
