//! Rows of records: how a document becomes a row with its words, and what else changes with it.

use std::sync::Arc;

use events::Document;
use rusqlite::types::Value as Sql;
use rusqlite::{Result, params, params_from_iter};

use crate::rules::{Known, Place, Writer};
use crate::schema::{Schema, Table, Values};

/// Where a row goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Slot {
    /// It is a new one.
    New,
    /// It is a new one with a number that its document has.
    Again(i64),
    /// Over the one with a number.
    Over(i64),
}

impl Writer<'_> {
    /// Writes a record's row, document and words, over what is known of it.
    pub(crate) fn put(
        &self,
        place: &Place<'_>,
        known: Option<&Known>,
        id: &str,
        position: Option<&str>,
        document: &Document,
    ) -> Result<()> {
        let text = serde_json::to_string(document).expect("a document has texts for keys and JSON for values");
        match place {
            Place::Unknown(kind) => {
                let mut put = self.transaction.prepare_cached(
                    "INSERT OR REPLACE INTO unknown (id, version, position, kind, doc) VALUES (?, ?, ?, ?, ?)",
                )?;
                put.execute(params![id, crate::rules::version_of(document), position, kind, text]).map(drop)
            }
            Place::Table(table) => {
                let slot = known.map_or(Slot::New, |known| Slot::Over(known.row));
                let row = self.put_row(table, slot, position, document)?;
                self.transaction.prepare_cached(&table.sql.put_doc)?.execute(params![row, text]).map(drop)
            }
        }
    }

    /// Writes the columns and words of a document; answers the number of its row.
    pub(crate) fn put_row(
        &self,
        table: &Table,
        slot: Slot,
        position: Option<&str>,
        document: &Document,
    ) -> Result<i64> {
        let values = Values::of(&table.object, document);
        let own: Vec<Sql> = table.own().map(|column| values.column(column)).collect();
        let after: Vec<Sql> = table.watched().map(|place| own[place].clone()).collect();
        let id = own.first().cloned();
        let (sql, number, before) = match slot {
            Slot::New => (&table.sql.insert, Sql::Null, None),
            Slot::Again(row) => (&table.sql.insert, Sql::Integer(row), None),
            Slot::Over(row) => (&table.sql.update, Sql::Integer(row), Some(self.before(table, row)?)),
        };
        let position = position.map_or(Sql::Null, |position| Sql::Text(position.to_owned()));
        let parameters = std::iter::once(position).chain(own).chain([number]);
        self.transaction.prepare_cached(sql)?.execute(params_from_iter(parameters))?;
        let row = match slot {
            Slot::New => self.transaction.last_insert_rowid(),
            Slot::Again(row) | Slot::Over(row) => row,
        };
        let words = table.searched().count();
        if words > 0 && before.as_ref().is_none_or(|before| before[..words] != after[..words]) {
            self.put_words(table, row, &values)?;
        }
        self.note_children(table, before.as_ref().map_or(&[], |before| &before[words..]), &after[words..]);
        if let (None, Some(Sql::Text(id))) = (before, id) {
            self.note_parent(table, &id);
        }
        Ok(row)
    }

    pub(crate) fn put_words(&self, table: &Table, row: i64, values: &Values<'_>) -> Result<()> {
        let words = std::iter::once(Sql::Integer(row)).chain(table.searched().map(|column| values.words(column)));
        self.transaction.prepare_cached(&table.sql.insert_words)?.execute(params_from_iter(words)).map(drop)
    }

    /// Removes a record's row, document and words.
    pub(crate) fn delete(&self, place: &Place<'_>, known: &Known, id: &str) -> Result<()> {
        self.lost.borrow_mut().insert(place.object().to_owned());
        let Place::Table(table) = place else {
            return self.transaction.prepare_cached("DELETE FROM unknown WHERE id = ?")?.execute([id]).map(drop);
        };
        let before = self.before(table, known.row)?;
        self.note_children(table, &before[table.searched().count()..], &[]);
        self.transaction.prepare_cached(&table.sql.delete)?.execute([known.row])?;
        self.transaction.prepare_cached(&table.sql.delete_doc)?.execute([known.row])?;
        if table.has_words() {
            self.transaction.prepare_cached(&table.sql.delete_words)?.execute([known.row])?;
        }
        Ok(())
    }

    /// What other things than the row itself follow from it: the searched columns, then those that refer to parents.
    fn before(&self, table: &Table, row: i64) -> Result<Vec<Sql>> {
        let count = table.watched().count();
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut select = self.transaction.prepare_cached(&table.sql.watched)?;
        select.query_row([row], |row| (0..count).map(|index| row.get(index)).collect())
    }

    /// Notes that the roll-ups of the records that a record refers to, and referred to before, are to be worked out.
    fn note_children(&self, table: &Table, before: &[Sql], after: &[Sql]) {
        let mut stale = self.stale.borrow_mut();
        for parents in [before, after] {
            for (roll_ups, parent) in table.child_of.iter().zip(parents) {
                if let Sql::Text(parent) = parent {
                    stale.insert((*roll_ups, parent.clone()));
                }
            }
        }
    }

    /// Notes that a record is new whose children may have been there before it.
    fn note_parent(&self, table: &Table, id: &str) {
        self.stale.borrow_mut().extend(table.parent_of.iter().map(|roll_ups| (*roll_ups, id.to_owned())));
    }

    /// Works out the roll-ups that are to be, each once however many records have changed.
    pub(crate) fn roll_up(&self) -> Result<()> {
        let (schema, stale): (Arc<Schema>, _) = (self.schema(), self.stale.take());
        for (place, parent) in stale {
            let statement = &schema.roll_ups[place].of_one;
            let values = std::iter::once(Sql::Text(parent)).chain(statement.values.iter().cloned());
            self.transaction.prepare_cached(&statement.text)?.execute(params_from_iter(values))?;
        }
        Ok(())
    }
}
