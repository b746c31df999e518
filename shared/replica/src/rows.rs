//! Rows of records: how a document becomes a row with its words, and what else changes with it.

use std::sync::Arc;

use events::Document;
use rusqlite::types::Value as Sql;
use rusqlite::{Result, params, params_from_iter};

use crate::rules::{Known, Place, Writer};
use crate::schema::{Schema, Table, Values};

impl Writer<'_> {
    /// Writes a record's row and its words, over what is known of it.
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
                self.put_row(table, known.map(|known| known.row), position.map(str::to_owned), text, document)
            }
        }
    }

    /// Writes the row of a document, over the row of a number if there is one.
    fn put_row(
        &self,
        table: &Table,
        row: Option<i64>,
        position: Option<String>,
        text: String,
        document: &Document,
    ) -> Result<()> {
        let values = Values::of(&table.object, document);
        let own: Vec<Sql> = table.own().map(|column| values.column(column)).collect();
        let before = row.map(|row| self.before(table, row)).transpose()?;
        let after: Vec<Sql> = table.watched().map(|place| own[place].clone()).collect();
        let id = own.first().cloned();
        let sql = if row.is_some() { &table.sql.update } else { &table.sql.insert };
        let number = row.map_or(Sql::Null, Sql::Integer);
        let parameters = std::iter::once(position.map_or(Sql::Null, Sql::Text)).chain(own);
        let parameters = parameters.chain([Sql::Text(text), number]);
        self.transaction.prepare_cached(sql)?.execute(params_from_iter(parameters))?;
        let words = table.searched().count();
        if words > 0 && before.as_ref().is_none_or(|before| before[..words] != after[..words]) {
            let row = row.unwrap_or_else(|| self.transaction.last_insert_rowid());
            self.put_words(table, row, &values)?;
        }
        self.note_children(table, before.as_ref().map_or(&[], |before| &before[words..]), &after[words..]);
        if let (None, Some(Sql::Text(id))) = (row, id) {
            self.note_parent(table, &id);
        }
        Ok(())
    }

    pub(crate) fn put_words(&self, table: &Table, row: i64, values: &Values<'_>) -> Result<()> {
        let words = std::iter::once(Sql::Integer(row)).chain(table.searched().map(|column| values.words(column)));
        self.transaction.prepare_cached(&table.sql.insert_words)?.execute(params_from_iter(words)).map(drop)
    }

    /// Removes a record's row and its words.
    pub(crate) fn delete(&self, place: &Place<'_>, known: &Known, id: &str) -> Result<()> {
        let Place::Table(table) = place else {
            return self.transaction.prepare_cached("DELETE FROM unknown WHERE id = ?")?.execute([id]).map(drop);
        };
        let before = self.before(table, known.row)?;
        self.note_children(table, &before[table.searched().count()..], &[]);
        self.transaction.prepare_cached(&table.sql.delete)?.execute([known.row])?;
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
