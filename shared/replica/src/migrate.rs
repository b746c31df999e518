//! From one schema to the next, within the transaction of the change that made it so: only what is different is made anew.
//!
//! Readers who began before see the file as it was until they end; those who begin after it ask for the generation.

use std::collections::BTreeSet;

use events::Document;
use rusqlite::types::Value as Sql;
use rusqlite::{Result, params, params_from_iter};

use crate::rules::{Place, Writer};
use crate::schema::{Column, Origin, Schema, Table, Values};

/// How many documents are read before the first of them is written back.
const BATCH: usize = 500;

impl Writer<'_> {
    /// Makes the tables of one schema those of another; answers how many rows were made anew.
    pub(crate) fn migrate(&self, before: &Schema, after: &Schema) -> Result<usize> {
        let mut rows = 0;
        for table in before.tables.iter().filter(|table| after.stored(&table.object.name).is_none()) {
            self.give_up(&table.object.name)?;
        }
        for table in &after.tables {
            rows += match before.stored(&table.object.name) {
                Some(old) => self.alter(old, table)?,
                None => self.take_over(table)?,
            };
        }
        for roll_ups in &after.roll_ups {
            let (old, new) = (before.stored(&roll_ups.parent), after.stored(&roll_ups.parent));
            let is_new = |column: &Column| old.is_none_or(|old| !has_same(old, column));
            if new.is_some_and(|new| roll_ups.columns_in(new).any(is_new)) {
                rows += roll_ups.of_all.execute(self.transaction)?;
            }
        }
        Ok(rows)
    }

    /// Puts the records of an object that is not described any more among the unknown ones.
    pub(crate) fn give_up(&self, object: &str) -> Result<()> {
        let table = format!("t_{object}");
        let keep = "INSERT OR REPLACE INTO unknown (id, version, position, kind, doc)";
        let keep =
            format!("{keep} SELECT f_id, f_version, position, ?, doc FROM {table} JOIN {table}$docs USING (row)");
        self.transaction.execute(&keep, [object])?;
        let drop = format!("DROP TABLE {table}; DROP TABLE {table}$docs; DROP TABLE IF EXISTS {table}$words;");
        self.transaction.execute_batch(&drop)
    }

    /// Makes the table of an object that was not described before, with its records from among the unknown ones, and
    /// answers how many there are.
    pub(crate) fn take_over(&self, table: &Table) -> Result<usize> {
        self.transaction.execute_batch(&table.ddl())?;
        let object = table.object.name.as_str();
        let mut after = String::new();
        loop {
            let batch = self.unknown(object, &after)?;
            let Some((last, ..)) = batch.last() else { break };
            after.clone_from(last);
            for (id, position, doc) in &batch {
                self.put(&Place::Table(table), None, id, position.as_deref(), &read(doc))?;
            }
        }
        self.transaction.execute("DELETE FROM unknown WHERE kind = ?", [object])
    }

    /// Some records of an object among the unknown ones: ids, positions, documents.
    fn unknown(&self, object: &str, after: &str) -> Result<Vec<(String, Option<String>, String)>> {
        let mut select = self
            .transaction
            .prepare_cached("SELECT id, position, doc FROM unknown WHERE kind = ? AND id > ? ORDER BY id LIMIT ?")?;
        let rows =
            select.query_map(params![object, after, BATCH], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect()
    }

    /// Makes a table another one, and answers how many rows were made anew.
    fn alter(&self, old: &Table, new: &Table) -> Result<usize> {
        let mut statements = String::new();
        for (name, _) in old.indexes.iter().filter(|index| !new.indexes.contains(index)) {
            statements.push_str(&format!("DROP INDEX {name};\n"));
        }
        let other_words = old.words_signature() != new.words_signature();
        if other_words && old.has_words() {
            statements.push_str(&format!("DROP TABLE {};\n", old.words));
        }
        for column in old.columns.iter().filter(|column| !has(new, column)) {
            statements.push_str(&format!("ALTER TABLE {} DROP COLUMN {};\n", old.name, column.name));
        }
        for column in new.columns.iter().filter(|column| !has(old, column)) {
            statements.push_str(&format!(
                "ALTER TABLE {} ADD COLUMN {} {};\n",
                new.name,
                column.name,
                column.declared()
            ));
        }
        if other_words {
            statements.push_str(&new.words_ddl());
        }
        self.transaction.execute_batch(&statements)?;
        let changed: Vec<&Column> = new.own().filter(|column| !has_same(old, column)).collect();
        // Where a column had its values from elsewhere, records have one there of which their documents say nothing.
        let is_left = |column: &&Column| old.columns.iter().any(|old| old.name == column.name && !is_stored(old));
        let is_everywhere = changed.iter().any(|column| !is_stored(column)) || changed.iter().any(is_left);
        let rows = self.refill(new, &changed, other_words && new.has_words(), is_everywhere)?;
        let indexes = new.indexes.iter().filter(|index| !old.indexes.contains(index));
        let indexes: String = indexes.map(|(_, statement)| format!("{statement};\n")).collect();
        self.transaction.execute_batch(&indexes)?;
        Ok(rows)
    }

    /// Fills some columns, and the words if they are new, from the documents: from all of them if that is asked for, else
    /// from those that name one of the columns' fields. Answers from how many.
    fn refill(&self, table: &Table, columns: &[&Column], words: bool, is_everywhere: bool) -> Result<usize> {
        if columns.is_empty() && !words {
            return Ok(0);
        }
        let names: BTreeSet<&str> = columns.iter().map(|column| name_in_documents(column)).collect();
        let is_everywhere = words || is_everywhere;
        // Most fields are new and nobody has written one: no document has to be read to know that.
        let having = vec!["instr(doc, ?) > 0"; names.len()].join(" OR ");
        let having = if is_everywhere { "TRUE" } else { having.as_str() };
        let select =
            format!("SELECT row, doc FROM {} WHERE row > ? AND ({having}) ORDER BY row LIMIT {BATCH}", table.docs);
        let looked_for: Vec<Sql> = names.iter().map(|name| Sql::Text(format!("\"{name}\":"))).collect();
        let (mut after, mut filled) = (i64::MIN, 0);
        loop {
            let values = looked_for.iter().filter(|_| !is_everywhere).cloned();
            let values = params_from_iter(std::iter::once(Sql::Integer(after)).chain(values));
            let mut select = self.transaction.prepare_cached(&select)?;
            let rows = select.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
            let batch: Vec<(i64, String)> = rows.collect::<Result<_>>()?;
            let Some((last, _)) = batch.last() else { return Ok(filled) };
            after = *last;
            filled += batch.len();
            for (row, doc) in &batch {
                self.refill_row(table, columns, words, *row, &read(doc))?;
            }
        }
    }

    fn refill_row(&self, table: &Table, columns: &[&Column], words: bool, row: i64, document: &Document) -> Result<()> {
        let values = Values::of(&table.object, document);
        if !columns.is_empty() {
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            let update = format!("UPDATE {} SET {} = ? WHERE row = ?", table.name, names.join(" = ?, "));
            let parameters = columns.iter().map(|column| values.column(column)).chain([Sql::Integer(row)]);
            self.transaction.prepare_cached(&update)?.execute(params_from_iter(parameters))?;
        }
        if words { self.put_words(table, row, &values) } else { Ok(()) }
    }
}

/// A document as a row holds it.
pub(crate) fn read(doc: &str) -> Document {
    // Nothing but documents is ever written there.
    serde_json::from_str(doc).unwrap_or_default()
}

fn has(table: &Table, column: &Column) -> bool {
    table.columns.iter().any(|other| other.name == column.name)
}

/// Whether a column has nothing but what stands in the record's document under the field's name.
fn is_stored(column: &Column) -> bool {
    matches!(column.origin, Origin::Common | Origin::Stored)
}

/// Whether a table has a column that the same documents fill with the same values.
fn has_same(table: &Table, column: &Column) -> bool {
    let says = |column: &Column| (column.origin, column.signature.clone(), column.kind.clone());
    table.columns.iter().any(|other| other.name == column.name && says(other) == says(column))
}

/// What a field's value stands under in a document.
fn name_in_documents(column: &Column) -> &str {
    column.field.rsplit('.').next().unwrap_or_default()
}
