//! What a file takes over: entries of the journal, and what was read from the table.

use events::{Change, Document};
use kernel::{Result, Timestamp};

use crate::database::{BUSY, Database, locked};
use crate::state::{note_applied, state};

/// How long after removed text was last cleaned up within a request it is not done again there, in milliseconds. A
/// snapshot always has it done before it is packed.
const SCRUB_MS: i64 = 300_000;

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
        self.write(|writer| {
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
        })
    }

    /// Applies changes again that are older than the file's last number: those around the moment it was built.
    pub(crate) fn replay(&self, changes: &[Change]) -> Result<()> {
        self.write(|writer| changes.iter().try_for_each(|change| writer.apply(change)))
    }

    /// Takes over records that were just read from the table.
    pub(crate) fn fetched(&self, object: &str, documents: &[Document]) -> Result<()> {
        self.write(|writer| documents.iter().try_for_each(|document| writer.fetched(object, document)))
    }

    /// [`Self::scrub`] of what has lost records since the last time, if that was a while ago: somebody waits for it.
    pub(crate) fn scrub_after_removals(&self, now: Timestamp) -> Result<()> {
        let objects = {
            let mut removed = locked(&self.removed);
            let is_soon = removed.scrubbed_at.is_some_and(|at| now.as_millis() - at < SCRUB_MS);
            if is_soon || removed.objects.is_empty() {
                return Ok(());
            }
            removed.scrubbed_at = Some(now.as_millis());
            std::mem::take(&mut removed.objects)
        };
        let scrubbed = self.scrub_of(|object| objects.contains(object));
        if scrubbed.is_err() {
            locked(&self.removed).objects.extend(objects);
        }
        scrubbed
    }

    /// Leaves nothing of removed text in the file: the text index keeps it in its segments until they are merged into
    /// one, and the log keeps the pages of before until it is emptied. Takes as long as reading the text index does.
    pub(crate) fn scrub(&self) -> Result<()> {
        self.scrub_of(|_| true)
    }

    fn scrub_of(&self, is_meant: impl Fn(&str) -> bool) -> Result<()> {
        self.write(|writer| {
            let schema = writer.schema();
            let meant = schema.tables.iter().filter(|table| is_meant(&table.object.name));
            for table in meant.filter(|table| table.has_words()) {
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
