//! The proof: a replica compared with the table, row by row, and its columns with its documents.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use events::Document;
use kernel::{Error, Result};
use records::Definition;
use rusqlite::types::Value as Sql;
use rusqlite::{Transaction, params_from_iter};
use serde_json::Value;

use crate::catalog::defined;
use crate::config::part_of;
use crate::migrate::read;
use crate::named::{CHILDREN, CONFIG};
use crate::replicas::Replica;
use crate::schema::{Table, Values};

/// How long reading a whole table of a replica may take.
const LONG: Duration = Duration::from_secs(120);

/// In what a replica differs from the table, by what the journal calls each item: records' ids, links as
/// `<record>/<label>/<other>`, shares as `<record>/<subject>`, definitions as `object.<name>`.
///
/// Empty: in nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// In the table and not in the replica.
    pub missing: Vec<String>,
    /// In the replica and not in the table.
    pub surplus: Vec<String>,
    /// In both and not equal.
    pub different: Vec<String>,
    /// Records for which a column is not what follows from the documents: the column's path and the record's id.
    pub stale: Vec<String>,
    /// How many items were compared.
    pub compared: u64,
}

impl Drift {
    /// Whether both are equal.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty() && self.different.is_empty() && self.stale.is_empty()
    }
}

/// What a replica has of one sort: versions and documents by what the journal calls each.
type Rows = BTreeMap<String, (i64, String)>;

impl Replica {
    /// Compares every record, link, share and definition with the table, in both directions, and every column with what
    /// follows from the documents. What is written while this runs shows as drift: it is meant for a quiet moment, or for
    /// asking twice.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn verify(&self) -> Result<Drift> {
        self.catch_up().await?;
        let mut drift = Drift::default();
        let config = self.table.config(Definition::PARTS).await?;
        let mut objects = defined(&config);
        objects.extend(self.objects_of_rows()?);
        for object in objects {
            let mut rows = self.records(&object)?;
            let mut ids: BTreeSet<String> = rows.keys().cloned().collect();
            ids.extend(self.catalogued(&object).await?);
            for document in self.items(&self.record_keys(&object, &ids)).await? {
                let id = document.get("id").and_then(Value::as_str).unwrap_or_default();
                drift.compare(id, &document, &mut rows);
            }
            drift.surplus.extend(rows.into_keys());
        }
        let config = config.into_iter().filter_map(part_of).collect();
        drift.compare_all(config, self.rows(&format!("SELECT id, version, doc FROM {}", CONFIG.table), [])?);
        for (children, sort, id) in CHILDREN {
            let documents = self.all_children(children).await?;
            let documents = documents.into_iter().map(|document| (id(&document), document)).collect();
            drift.compare_all(documents, self.rows(&format!("SELECT id, version, doc FROM {}", sort.table), [])?);
        }
        drift.stale = self.stale()?;
        Ok(drift)
    }

    /// The objects that the replica has a table for, or unknown records of.
    fn objects_of_rows(&self) -> Result<BTreeSet<String>> {
        let database = self.database()?;
        let mut objects: BTreeSet<String> =
            database.schema().tables.iter().map(|table| table.object.name.clone()).collect();
        objects.extend(database.read(LONG, |transaction| {
            let mut select = transaction.prepare("SELECT DISTINCT kind FROM unknown")?;
            select.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()
        })?);
        Ok(objects)
    }

    fn records(&self, object: &str) -> Result<Rows> {
        match self.database()?.schema().stored(object) {
            Some(table) => {
                let (name, docs) = (&table.name, &table.docs);
                self.rows(&format!("SELECT f_id, f_version, doc FROM {name} JOIN {docs} USING (row)"), [])
            }
            None => self.rows("SELECT id, version, doc FROM unknown WHERE kind = ?", [object]),
        }
    }

    fn rows<const N: usize>(&self, sql: &str, values: [&str; N]) -> Result<Rows> {
        self.database()?.read(LONG, |transaction| {
            let mut select = transaction.prepare(sql)?;
            let rows =
                select.query_map(params_from_iter(values), |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
            rows.collect()
        })
    }

    fn stale(&self) -> Result<Vec<String>> {
        self.database()?.ask(
            LONG,
            |schema| Ok(schema.clone()),
            |transaction, schema| {
                let mut stale = Vec::new();
                for table in &schema.tables {
                    stale_columns(transaction, table, &mut stale)?;
                    stale_words(transaction, table, &mut stale)?;
                }
                for roll_ups in &schema.roll_ups {
                    let mut select = transaction.prepare(&roll_ups.stale.text)?;
                    let ids =
                        select.query_map(params_from_iter(&roll_ups.stale.values), |row| row.get::<_, String>(0))?;
                    for id in ids {
                        stale.push(format!("{} by {} {}", roll_ups.child, roll_ups.via, id?));
                    }
                }
                Ok(stale)
            },
        )
    }
}

/// Compares every column of every row with what its document gives.
fn stale_columns(transaction: &Transaction<'_>, table: &Table, stale: &mut Vec<String>) -> rusqlite::Result<()> {
    let names: Vec<&str> = table.own().map(|column| column.name.as_str()).collect();
    let (names, Table { name, docs, .. }) = (names.join(", "), table);
    let mut select = transaction.prepare(&format!("SELECT doc, f_id, {names} FROM {name} JOIN {docs} USING (row)"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (doc, id): (String, String) = (row.get(0)?, row.get(1)?);
        let document = read(&doc);
        let values = Values::of(&table.object, &document);
        for (place, column) in table.own().enumerate() {
            if row.get::<_, Sql>(place + 2)? != values.column(column) {
                stale.push(format!("{} {id}", column.path));
            }
        }
    }
    Ok(())
}

/// Compares the rows that have words with those that are there. What the words are cannot be read back.
fn stale_words(transaction: &Transaction<'_>, table: &Table, stale: &mut Vec<String>) -> rusqlite::Result<()> {
    if !table.has_words() {
        return Ok(());
    }
    let (name, words) = (&table.name, &table.words);
    let differ = format!(
        "SELECT row FROM {name} WHERE row NOT IN (SELECT id FROM {words}_docsize) UNION ALL \
         SELECT id FROM {words}_docsize WHERE id NOT IN (SELECT row FROM {name})"
    );
    let mut select = transaction.prepare(&differ)?;
    for row in select.query_map([], |row| row.get::<_, i64>(0))? {
        stale.push(format!("{words} {}", row?));
    }
    Ok(())
}

impl Drift {
    fn compare_all(&mut self, documents: Vec<(String, Document)>, mut rows: Rows) {
        for (id, document) in documents {
            self.compare(&id, &document, &mut rows);
        }
        self.surplus.extend(rows.into_keys());
    }

    fn compare(&mut self, id: &str, document: &Document, rows: &mut Rows) {
        self.compared += 1;
        let version = document.get("version").and_then(Value::as_i64);
        match rows.remove(id) {
            None => self.missing.push(id.to_owned()),
            Some((stored, text)) => {
                let read: Result<Document> = serde_json::from_str(&text).map_err(Error::bug);
                if version != Some(stored) || read.ok().as_ref() != Some(document) {
                    self.different.push(id.to_owned());
                }
            }
        }
    }
}
