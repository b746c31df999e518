//! The rules by which a replica follows its journal, and how a change of a record is applied. What has a name instead of
//! an id, so that it can be made again, is in [`crate::named`].
//!
//! * **Gap**: an entry is applied only when it is the one after the last. Checked by [`crate::apply`].
//! * **Version**: an older state never overwrites a newer one.
//! * **Redelivery**: what was removed stays removed, whatever is delivered again. Ids of records are never used twice.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use events::{Change, Document};
use kernel::Version;
use records::Object;
use rusqlite::{OptionalExtension, Result, Transaction, params};
use serde_json::Value;
use table::JOURNAL_DAYS;

use crate::schema::{Schema, Table};
use crate::state::signed;

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

/// One transaction that changes a file, and the rules it does so by.
pub(crate) struct Writer<'a> {
    pub(crate) transaction: &'a Transaction<'a>,
    /// The file's schema at this point of the transaction.
    pub(crate) schema: RefCell<Arc<Schema>>,
    pub(crate) built_in: &'a [Object],
    pub(crate) rules: Rules,
    /// When the replica was built from the catalog, in milliseconds.
    pub(crate) built_at: i64,
    /// Roll-ups to be worked out before the transaction ends: their places in [`Schema::roll_ups`], and whose.
    pub(crate) stale: RefCell<BTreeSet<(usize, String)>>,
    /// The objects of which records were removed.
    pub(crate) lost: RefCell<BTreeSet<String>>,
}

/// Where the records of an object are.
pub(crate) enum Place<'a> {
    /// In a table of their own.
    Table(&'a Table),
    /// Among those whose object nobody has described yet.
    Unknown(&'a str),
}

/// What a replica knows of a record that it has.
pub(crate) struct Known {
    pub(crate) row: i64,
    pub(crate) version: i64,
    pub(crate) position: Option<String>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(
        transaction: &'a Transaction<'a>,
        schema: Arc<Schema>,
        built_in: &'a [Object],
        rules: Rules,
        built_at: i64,
    ) -> Self {
        let (schema, stale, lost) = (RefCell::new(schema), RefCell::default(), RefCell::default());
        Self { transaction, schema, built_in, rules, built_at, stale, lost }
    }

    /// The schema that the file has by now.
    pub(crate) fn schema(&self) -> Arc<Schema> {
        self.schema.borrow().clone()
    }

    /// Does what was put off to the end, and answers the schema that the file has then.
    pub(crate) fn finish(self) -> Result<Arc<Schema>> {
        self.roll_up()?;
        Ok(self.schema.into_inner())
    }

    /// Applies one change of the journal. Items of a sort that this release does not know change nothing.
    pub(crate) fn apply(&self, change: &Change) -> Result<()> {
        match change.item.as_str() {
            "record" => self.apply_record(change),
            "config" => self.apply_config(change),
            "link" => self.apply_link(change),
            "share" => self.apply_share(change),
            _ => Ok(()),
        }
    }

    fn apply_record(&self, change: &Change) -> Result<()> {
        let schema = self.schema();
        let place = Place::of(&schema, &change.kind);
        let known = self.known(&place, &change.id)?;
        let position = change.position.sortable();
        let Some(document) = &change.document else {
            if known.as_ref().is_none_or(|known| !self.rules.version || known.version <= signed(change.version)) {
                if let Some(known) = known {
                    self.delete(&place, &known, &change.id)?;
                }
                self.note_gone(&change.id, &change.kind, change.version, Some(&position), change.at.as_millis())?;
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
        self.put(&place, known.as_ref(), &change.id, Some(&position), document)
    }

    /// Takes over a record of an object as it was just read from the table: it has a version and no place in the stream.
    pub(crate) fn fetched(&self, object: &str, document: &Document) -> Result<()> {
        let Some(id) = document.get("id").and_then(Value::as_str) else { return Ok(()) };
        let version = version_of(document);
        let schema = self.schema();
        let place = Place::of(&schema, object);
        let known = self.known(&place, id)?;
        let gone = known.is_none() && self.rules.redelivery && self.is_gone(id)?;
        if gone || known.as_ref().is_some_and(|known| known.version >= version) {
            return Ok(());
        }
        self.put(&place, known.as_ref(), id, None, document)
    }

    /// Notes that the table does not have a record of an object, which was just asked for.
    pub(crate) fn missed(&self, object: &str, id: &str, version: Version, now_ms: i64) -> Result<()> {
        let schema = self.schema();
        let place = Place::of(&schema, object);
        if let Some(known) = self.known(&place, id)? {
            self.delete(&place, &known, id)?;
        }
        self.note_gone(id, object, version, None, now_ms)
    }

    pub(crate) fn known(&self, place: &Place<'_>, id: &str) -> Result<Option<Known>> {
        let sql = match place {
            Place::Table(table) => table.sql.known.as_str(),
            Place::Unknown(_) => "SELECT 0, version, position FROM unknown WHERE id = ?",
        };
        let read =
            |row: &rusqlite::Row<'_>| Ok(Known { row: row.get(0)?, version: row.get(1)?, position: row.get(2)? });
        self.transaction.prepare_cached(sql)?.query_row([id], read).optional()
    }

    /// Whether a record that is not there was there before: its removal is remembered, or it was written before the
    /// replica was built and was not found then.
    fn was_removed(&self, change: &Change) -> Result<bool> {
        if !self.rules.redelivery {
            return Ok(false);
        }
        Ok(self.is_from_before(change) || self.is_gone(&change.id)?)
    }

    /// Whether a change was made so long before the replica was built that what was found then is what became of it.
    pub(crate) fn is_from_before(&self, change: &Change) -> bool {
        change.at.as_millis() < self.built_at.saturating_sub(MARGIN_MS)
    }

    fn is_gone(&self, id: &str) -> Result<bool> {
        self.transaction.prepare_cached("SELECT 1 FROM gone WHERE id = ?")?.exists([id])
    }

    pub(crate) fn note_gone(
        &self,
        id: &str,
        kind: &str,
        version: Version,
        position: Option<&str>,
        at: i64,
    ) -> Result<()> {
        let mut note = self.transaction.prepare_cached(
            "INSERT INTO gone (id, kind, version, position, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE \
             SET version = max(version, excluded.version), position = coalesce(excluded.position, position), \
             at = max(at, excluded.at)",
        )?;
        note.execute(params![id, kind, signed(version), position, at]).map(drop)
    }

    /// Forgets removals that nothing can repeat any more.
    pub(crate) fn forget_old(&self, now_ms: i64) -> Result<()> {
        self.transaction.execute("DELETE FROM gone WHERE at < ?", [now_ms - REMEMBER_MS]).map(drop)
    }
}

impl<'a> Place<'a> {
    pub(crate) fn of(schema: &'a Schema, object: &'a str) -> Self {
        schema.stored(object).map_or(Place::Unknown(object), Place::Table)
    }

    /// The object whose records are there.
    pub(crate) fn object(&self) -> &str {
        match self {
            Self::Table(table) => &table.object.name,
            Self::Unknown(object) => object,
        }
    }
}

/// The version in a document as it was read from the table.
pub(crate) fn version_of(document: &Document) -> i64 {
    document.get("version").and_then(Value::as_i64).unwrap_or(0)
}
