//! Makes the tables of a file anew from its documents, when this release describes the objects differently from the one
//! that wrote it.

use std::sync::Arc;

use records::Object;
use rusqlite::{Connection, Result, Transaction};

use crate::migrate::read;
use crate::rows::Slot;
use crate::rules::{Rules, Writer};
use crate::schema::{Schema, Table};
use crate::state::note_schema;

/// The schema that the file has then. `None` when it lacks a built-in object altogether: the release that built it did
/// not know it, so its records have to be read from the table.
pub(crate) fn renew(connection: &mut Connection, schema: Schema, built_in: &[Object]) -> Result<Option<Schema>> {
    let transaction = connection.transaction()?;
    let there = tables(&transaction)?;
    let schema = Arc::new(Schema { generation: schema.generation + 1, ..schema });
    let is_there = |table: &&Table| there.contains(&table.name);
    if schema.tables.iter().any(|table| !table.object.custom && !is_there(&table)) {
        return Ok(None);
    }
    let writer = Writer::new(&transaction, schema.clone(), built_in, Rules::ALL, 0);
    for object in there.iter().filter_map(|name| name.strip_prefix("t_")) {
        if schema.stored(object).is_none() {
            writer.give_up(object)?;
        }
    }
    let mut count = 0;
    for table in &schema.tables {
        count += if is_there(&table) { renew_table(&writer, table)? } else { writer.take_over(table)? };
    }
    for roll_ups in &schema.roll_ups {
        count += roll_ups.of_all.execute(&transaction)?;
    }
    note_schema(&transaction, schema.generation, &schema.fingerprint, count)?;
    drop(writer);
    transaction.commit()?;
    Ok(Arc::into_inner(schema))
}

/// The names of the tables of records in a file.
fn tables(transaction: &Transaction<'_>) -> Result<Vec<String>> {
    let select = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 't_*' AND name NOT GLOB '*$*'";
    transaction.prepare(select)?.query_map([], |row| row.get(0))?.collect()
}

/// Makes the rows of a table anew, and answers how many there are.
fn renew_table(writer: &Writer<'_>, table: &Table) -> Result<usize> {
    let Table { name, docs, words, .. } = table;
    let transaction = writer.transaction;
    let select = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL";
    let indexes: Vec<String> =
        transaction.prepare(select)?.query_map([name], |row| row.get(0))?.collect::<Result<_>>()?;
    for index in indexes {
        transaction.execute_batch(&format!("DROP INDEX {index};"))?;
    }
    transaction.execute_batch(&format!("DROP TABLE IF EXISTS {words}; ALTER TABLE {name} RENAME TO old;"))?;
    transaction.execute_batch(&(table.rows_ddl() + &table.words_ddl()))?;
    let mut select = transaction.prepare(&format!("SELECT row, position, doc FROM old JOIN {docs} USING (row)"))?;
    let (mut rows, mut count) = (select.query([])?, 0);
    while let Some(row) = rows.next()? {
        let (number, position, doc): (i64, Option<String>, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        writer.put_row(table, Slot::Again(number), position.as_deref(), &read(&doc))?;
        count += 1;
    }
    drop(rows);
    drop(select);
    transaction.execute_batch("DROP TABLE old")?;
    Ok(count)
}
