//! Fills a replica's file without a table to read from, to measure how it does with many records.

use events::Document;
use kernel::{Clock, Result};
use table::TenantTable;

use crate::replicas::{Replica, Replicas};

/// How many records one transaction takes over.
const BATCH: usize = 5_000;

impl Replicas {
    /// Makes a workspace's file of definitions, as [`TenantTable::config`] gives them, and of records with the names of
    /// their objects: as if they had just been read from the table. What was there before goes. From then on it is a
    /// replica like any other: it can be asked, and a snapshot can be made of it that others start from.
    ///
    /// # Errors
    /// When the table does not say how far its journal is, or the file cannot be written.
    pub async fn fill(
        &self,
        table: &TenantTable,
        clock: &Clock,
        config: &[Document],
        records: impl Iterator<Item = (&'static str, Document)>,
    ) -> Result<Replica> {
        let replica = self.of(table, clock);
        let _turn = replica.store.turn.lock().await;
        let new = replica.begin().await?;
        new.database.write(|writer| writer.fetched_config(config))?;
        let mut records = records.peekable();
        while records.peek().is_some() {
            new.database.write(|writer| {
                records.by_ref().take(BATCH).try_for_each(|(object, document)| writer.fetched(object, &document))
            })?;
        }
        let database = replica.finish(new).await?;
        replica.store.replace(Some(database));
        drop(_turn);
        Ok(replica)
    }
}
