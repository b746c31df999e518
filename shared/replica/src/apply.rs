//! What a file takes over: entries of the journal, and what was read from the table.

use std::sync::atomic::Ordering;

use events::{Change, Document};
use kernel::{Result, Timestamp};

use crate::database::{BUSY, Database};
use crate::state::{note_applied, state};

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// Applied now, or before.
    Yes,
    /// It is not the one after the last.
    Gap,
}

impl Database {
    /// Applies one entry of the journal with its number, in one transaction: a kill loses nothing and repeats nothing.
    pub(crate) fn apply(&self, seq: u64, changes: &[Change], now: Timestamp) -> Result<Applied> {
        let applied = self.write(|writer| {
            // Somebody else may have applied it meanwhile: what counts is what the file says now.
            let last = state(writer.transaction)?.seq;
            if seq <= last {
                return Ok(Applied::Yes);
            }
            if writer.rules.gap && last != 0 && seq != last + 1 {
                return Ok(Applied::Gap);
            }
            changes.iter().try_for_each(|change| writer.apply(change))?;
            note_applied(writer.transaction, seq, changes.len(), now)?;
            Ok(Applied::Yes)
        })?;
        if changes.iter().any(|change| change.item == "record" && change.document.is_none()) {
            self.unscrubbed.store(true, Ordering::Relaxed);
        }
        Ok(applied)
    }

    /// Applies changes again that are older than the file's last number: those around the moment it was built.
    pub(crate) fn replay(&self, changes: &[Change]) -> Result<()> {
        self.write(|writer| changes.iter().try_for_each(|change| writer.apply(change)))
    }

    /// Takes over records that were just read from the table.
    pub(crate) fn fetched(&self, object: &str, documents: &[Document]) -> Result<()> {
        self.write(|writer| documents.iter().try_for_each(|document| writer.fetched(object, document)))
    }

    /// [`Self::scrub`], if anything was removed since the last time.
    pub(crate) fn scrub_after_removals(&self) -> Result<()> {
        if self.unscrubbed.swap(false, Ordering::Relaxed) { self.scrub() } else { Ok(()) }
    }

    /// Leaves nothing of removed text in the file: the text index keeps it in its segments until they are merged into
    /// one, and the log keeps the pages of before until it is emptied. Takes as long as reading the text index does.
    pub(crate) fn scrub(&self) -> Result<()> {
        self.write(|writer| {
            let schema = writer.schema();
            for table in schema.tables.iter().filter(|table| table.has_words()) {
                let words = &table.words;
                writer.transaction.execute(&format!("INSERT INTO {words} ({words}) VALUES ('optimize')"), [])?;
            }
            Ok(())
        })?;
        self.with_writer(|connection| {
            // Somebody who reads right now keeps the log from being emptied: the next time does it.
            connection.busy_timeout(std::time::Duration::ZERO)?;
            let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            connection.busy_timeout(BUSY)?;
            emptied
        })
    }
}
