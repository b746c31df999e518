//! The workspace's own definitions in a replica's file, and the change of schema that follows from theirs.

use std::sync::Arc;

use events::{Change, Document};
use records::Definition;
use rusqlite::{Connection, Result};
use serde_json::Value;

use crate::named::CONFIG;
use crate::rules::Writer;
use crate::schema::Schema;
use crate::state::note_schema;

/// The member that tells a document of the configuration which part it is, where it was read from the table.
const PART: &str = "part";

/// The definitions that a file has. One that this release cannot read is one of a later release: its object is as if it
/// were not defined, and its records wait among the unknown ones.
pub(crate) fn definitions(connection: &Connection) -> Result<Vec<Definition>> {
    let mut select = connection.prepare_cached("SELECT doc FROM config ORDER BY id")?;
    let documents = select.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>>>()?;
    let read = |text: String| Definition::read(serde_json::from_str(&text).ok()?).ok();
    Ok(documents.into_iter().filter_map(read).collect())
}

/// A part of the configuration as it was read from the table, by its name and as the journal tells of it.
pub(crate) fn part_of(mut document: Document) -> Option<(String, Document)> {
    match document.remove(PART) {
        Some(Value::String(part)) if part.starts_with(Definition::PARTS) => Some((part, document)),
        _ => None,
    }
}

impl Writer<'_> {
    /// Applies a change of the configuration. Only definitions of objects are kept.
    pub(crate) fn apply_config(&self, change: &Change) -> Result<()> {
        if change.id.starts_with(Definition::PARTS) && self.apply_named(CONFIG, change)? {
            self.redefine()?;
        }
        Ok(())
    }

    /// Takes over parts of the configuration as they were just read from the table. Those that are not among them stay:
    /// that they were removed is the journal's to tell.
    pub(crate) fn fetched_config(&self, documents: &[Document]) -> Result<()> {
        let mut is_news = false;
        for (part, document) in documents.iter().cloned().filter_map(part_of) {
            is_news |= self.fetched_named(CONFIG, &part, &document)?;
        }
        if is_news { self.redefine() } else { Ok(()) }
    }

    /// Makes the file's tables what its definitions say by now.
    fn redefine(&self) -> Result<()> {
        // What is stale is so by the places of the old schema.
        self.roll_up()?;
        let before = self.schema();
        let after = Schema::new(self.built_in, definitions(self.transaction)?, before.generation + 1);
        let after = Arc::new(after);
        self.schema.replace(after.clone());
        let mut rows = 0;
        if before.fingerprint != after.fingerprint {
            rows = self.migrate(&before, &after)?;
            // Whatever was noted on the way was worked out with everything else.
            self.stale.take();
        }
        note_schema(self.transaction, after.generation, &after.fingerprint, rows)
    }
}
