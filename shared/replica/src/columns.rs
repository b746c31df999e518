//! Makes the columns of a file anew from its documents, when the objects are described differently from when it was
//! written.

use events::Document;
use rusqlite::{Connection, Result, Transaction};

use crate::rules::{Rules, Writer};
use crate::schema::{Schema, Table};

/// `false` when the file lacks an object altogether: its records have to be read from the table.
pub(crate) fn renew(connection: &mut Connection, schema: &Schema) -> Result<bool> {
    let transaction = connection.transaction()?;
    for table in &schema.tables {
        if !has(&transaction, &table.name)? {
            return Ok(false);
        }
        renew_table(&transaction, schema, table)?;
    }
    transaction.execute("UPDATE state SET fingerprint = ?", [&schema.fingerprint])?;
    transaction.commit()?;
    Ok(true)
}

fn has(transaction: &Transaction<'_>, table: &str) -> Result<bool> {
    transaction.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")?.exists([table])
}

fn renew_table(transaction: &Transaction<'_>, schema: &Schema, table: &Table) -> Result<()> {
    let Table { name, words, .. } = table;
    transaction.execute_batch(&format!("DROP INDEX IF EXISTS {name}_created; DROP INDEX IF EXISTS {name}_ahead;"))?;
    transaction.execute_batch(&format!("DROP TABLE IF EXISTS {words}; ALTER TABLE {name} RENAME TO old;"))?;
    transaction.execute_batch(&table.ddl())?;
    let writer = Writer { transaction, schema, rules: Rules::ALL, built_at: 0 };
    let mut select = transaction.prepare("SELECT row, position, doc FROM old ORDER BY row")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let text: String = row.get(2)?;
        let document: Document = serde_json::from_str(&text).unwrap_or_default();
        writer.put(table, Some(row.get(0)?), row.get(1)?, text, &document)?;
    }
    drop(rows);
    drop(select);
    transaction.execute_batch("DROP TABLE old")
}
