//! The rules by which a replica follows its journal, and how one change is applied.
//!
//! * **Gap**: an entry is applied only when it is the one after the last. Checked by [`crate::database`].
//! * **Version**: an older state of a record never overwrites a newer one.
//! * **Redelivery**: what was removed stays removed, whatever is delivered again. Ids are never used twice.

use events::{Change, Document};
use kernel::Version;
use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension, Result, Transaction, params, params_from_iter};
use table::JOURNAL_DAYS;

use crate::schema::{Schema, Table};

/// How much the catalog index may be behind the table when a replica is built from it, in milliseconds. In fact it is
/// behind by less than a second; the rest is for clocks that disagree.
pub(crate) const MARGIN_MS: i64 = 3_600_000;

/// How long a removal is remembered, in milliseconds: as long as an entry of the journal can live that repeats a change
/// from before it. The stream repeats for a day at most, and an entry lives for [`JOURNAL_DAYS`].
const REMEMBER_MS: i64 = (JOURNAL_DAYS + 2) * 24 * 3_600_000;

/// Which rules are in force: all of them, but for the test that shows that each one is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) gap: bool,
    pub(crate) version: bool,
    pub(crate) redelivery: bool,
}

impl Rules {
    pub(crate) const ALL: Self = Self { gap: true, version: true, redelivery: true };
}

/// A rule that a test takes out.
#[cfg(feature = "sabotage")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// An entry is applied only when it is the one after the last.
    Gap,
    /// An older state of a record never overwrites a newer one.
    Version,
    /// What was removed stays removed.
    Redelivery,
}

/// One transaction that changes records, and the rules it does so by.
pub(crate) struct Writer<'a> {
    pub(crate) transaction: &'a Transaction<'a>,
    pub(crate) schema: &'a Schema,
    pub(crate) rules: Rules,
    /// When the replica was built from the catalog, in milliseconds.
    pub(crate) built_at: i64,
}

/// What a replica knows of a record that it has.
struct Known {
    row: i64,
    version: i64,
    position: Option<String>,
}

fn signed(version: Version) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

impl Writer<'_> {
    /// Applies one change of the journal. Changes of items that are no records, and of objects that this release does
    /// not know, change nothing.
    pub(crate) fn apply(&self, change: &Change) -> Result<()> {
        let table = self.schema.table(&change.kind).filter(|_| change.item == "record");
        let Some(table) = table else { return Ok(()) };
        let known = self.known(table, &change.id)?;
        let position = change.position.sortable();
        let Some(document) = &change.document else {
            if known.as_ref().is_none_or(|known| !self.rules.version || known.version <= signed(change.version)) {
                self.remove(table, known, change, &position)?;
            }
            return Ok(());
        };
        if known.is_none() && self.was_removed(change)? {
            return Ok(());
        }
        let offered = (signed(change.version), Some(position.as_str()));
        let older = known.as_ref().is_some_and(|known| offered <= (known.version, known.position.as_deref()));
        if older && self.rules.version {
            return Ok(());
        }
        self.upsert(table, known, Some(&position), document)
    }

    /// Takes over a record as it was just read from the table: it has a version and no place in the stream.
    pub(crate) fn fetched(&self, table: &Table, document: &Document) -> Result<()> {
        let Some(id) = document.get("id").and_then(serde_json::Value::as_str) else { return Ok(()) };
        let version = document.get("version").and_then(serde_json::Value::as_i64).unwrap_or(0);
        let known = self.known(table, id)?;
        let gone = known.is_none() && self.rules.redelivery && self.is_gone(id)?;
        if gone || known.as_ref().is_some_and(|known| known.version >= version) {
            return Ok(());
        }
        self.upsert(table, known, None, document)
    }

    /// Notes that the table does not have a record, which was just asked for.
    pub(crate) fn missed(&self, table: &Table, id: &str, version: Version, now_ms: i64) -> Result<()> {
        if let Some(known) = self.known(table, id)? {
            self.delete_row(table, known.row)?;
        }
        self.note_gone(id, &table.object.name, version, None, now_ms)
    }

    fn known(&self, table: &Table, id: &str) -> Result<Option<Known>> {
        let mut select = self
            .transaction
            .prepare_cached(&format!("SELECT row, f_version, position FROM {} WHERE f_id = ?", table.name))?;
        let read =
            |row: &rusqlite::Row<'_>| Ok(Known { row: row.get(0)?, version: row.get(1)?, position: row.get(2)? });
        select.query_row([id], read).optional()
    }

    /// Whether a record that is not there was there before: its removal is remembered, or it was written before the
    /// replica was built and was not found then.
    fn was_removed(&self, change: &Change) -> Result<bool> {
        if !self.rules.redelivery {
            return Ok(false);
        }
        Ok(change.at.as_millis() < self.built_at.saturating_sub(MARGIN_MS) || self.is_gone(&change.id)?)
    }

    pub(crate) fn is_gone(&self, id: &str) -> Result<bool> {
        self.transaction.prepare_cached("SELECT 1 FROM gone WHERE id = ?")?.exists([id])
    }

    fn remove(&self, table: &Table, known: Option<Known>, change: &Change, position: &str) -> Result<()> {
        if let Some(known) = known {
            self.delete_row(table, known.row)?;
        }
        self.note_gone(&change.id, &table.object.name, change.version, Some(position), change.at.as_millis())
    }

    fn note_gone(&self, id: &str, kind: &str, version: Version, position: Option<&str>, at: i64) -> Result<()> {
        let mut note = self.transaction.prepare_cached(
            "INSERT INTO gone (id, kind, version, position, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE \
             SET version = max(version, excluded.version), position = coalesce(excluded.position, position), \
             at = max(at, excluded.at)",
        )?;
        note.execute(params![id, kind, signed(version), position, at]).map(drop)
    }

    fn delete_row(&self, table: &Table, row: i64) -> Result<()> {
        self.transaction.prepare_cached(&format!("DELETE FROM {} WHERE row = ?", table.name))?.execute([row])?;
        if table.searched().next().is_some() {
            self.transaction.prepare_cached(&format!("DELETE FROM {} WHERE rowid = ?", table.words))?.execute([row])?;
        }
        Ok(())
    }

    fn upsert(&self, table: &Table, known: Option<Known>, position: Option<&str>, document: &Document) -> Result<()> {
        let text = serde_json::Value::Object(document.clone()).to_string();
        self.put(table, known.map(|known| known.row), position.map(str::to_owned), text, document)
    }

    /// Writes a record's row and its words, over the row `row` if it has one.
    pub(crate) fn put(
        &self,
        table: &Table,
        row: Option<i64>,
        position: Option<String>,
        text: String,
        document: &Document,
    ) -> Result<()> {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let marks = ", ?".repeat(names.len());
        let own = [row.map_or(Sql::Null, Sql::Integer), position.map_or(Sql::Null, Sql::Text), Sql::Text(text)];
        self.transaction
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO {} (row, position, doc, {}) VALUES (?, ?, ?{marks})",
                table.name,
                names.join(", ")
            ))?
            .execute(params_from_iter(own.into_iter().chain(table.values(document))))?;
        let words: Vec<Sql> = table.words_of(document).collect();
        if words.is_empty() {
            return Ok(());
        }
        let row = row.unwrap_or_else(|| self.transaction.last_insert_rowid());
        let names: Vec<&str> = table.searched().map(|column| column.name.as_str()).collect();
        self.transaction
            .prepare_cached(&format!(
                "INSERT OR REPLACE INTO {} (rowid, {}) VALUES (?{})",
                table.words,
                names.join(", "),
                ", ?".repeat(names.len())
            ))?
            .execute(params_from_iter(std::iter::once(Sql::Integer(row)).chain(words)))
            .map(drop)
    }

    /// Forgets removals that nothing can repeat any more.
    pub(crate) fn forget_old(&self, now_ms: i64) -> Result<()> {
        self.transaction.execute("DELETE FROM gone WHERE at < ?", [now_ms - REMEMBER_MS]).map(drop)
    }
}
