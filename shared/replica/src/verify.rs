//! The proof: a replica compared with the table, row by row.

use std::collections::{BTreeMap, BTreeSet};

use events::Document;
use kernel::{AnyId, Error, Result};
use table::Key;

use crate::replicas::Replica;

/// In what a replica differs from the table, by record id. Empty: in nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// In the table and not in the replica.
    pub missing: Vec<String>,
    /// In the replica and not in the table.
    pub surplus: Vec<String>,
    /// In both and not equal.
    pub different: Vec<String>,
    /// How many records were compared.
    pub compared: u64,
}

impl Drift {
    /// Whether both are equal.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty() && self.different.is_empty()
    }
}

impl Replica {
    /// Compares every record with the table, in both directions. What is written while this runs shows as drift: it is
    /// meant for a quiet moment, or for asking twice.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn verify(&self) -> Result<Drift> {
        self.catch_up().await?;
        let mut drift = Drift::default();
        for table in &self.replicas.inner.schema.tables {
            let object = table.object.name.as_str();
            let mut rows = self.rows(&table.name)?;
            let mut ids: BTreeSet<String> = rows.keys().cloned().collect();
            let mut after = None;
            loop {
                let page = self.table.catalog(object, after.as_deref()).await?;
                ids.extend(page.ids);
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            let keys = self.table.keys();
            let keys: Vec<Key> =
                ids.iter().filter_map(|id| Some(keys.record(object, id.parse::<AnyId>().ok()?))).collect();
            for document in self.table.get_many(&keys).await? {
                drift.compare(&document, &mut rows);
            }
            drift.surplus.extend(rows.into_keys());
        }
        Ok(drift)
    }

    /// Every row of a table by id, as text and version.
    fn rows(&self, table: &str) -> Result<BTreeMap<String, (i64, String)>> {
        self.database()?.read(std::time::Duration::from_secs(120), |transaction| {
            let mut select = transaction.prepare(&format!("SELECT f_id, f_version, doc FROM {table}"))?;
            let rows = select.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
            rows.collect()
        })
    }
}

impl Drift {
    fn compare(&mut self, document: &Document, rows: &mut BTreeMap<String, (i64, String)>) {
        self.compared += 1;
        let id = document.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
        let version = document.get("version").and_then(serde_json::Value::as_i64);
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
