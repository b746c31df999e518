//! Everything that the table has of a workspace, by its catalog: to build a replica, and to compare one.

use std::collections::BTreeSet;

use events::Document;
use kernel::{AnyId, Error, Result};
use records::Definition;
use table::{Children, Key};

use crate::config::part_of;
use crate::database::Database;
use crate::named::CHILDREN;
use crate::replicas::Replica;

/// How many items are read before they are taken over: four batches side by side, since what takes its time is the way
/// to the table.
const ITEMS: usize = 400;
/// How many keys are read at once, more than a request may read of records.
const PAGE: u16 = 6_000;

impl Replica {
    /// Reads everything there is into a new file: the definitions first, so that tables and columns are there, then every
    /// object's records, then what connects them.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when there is more than a request may read, or the table does not answer.
    pub(crate) async fn read_all(&self, database: &Database) -> Result<()> {
        let config = self.table.config(Definition::PARTS).await?;
        database.write(|writer| writer.fetched_config(&config))?;
        let mut objects: BTreeSet<String> = defined(&config);
        objects.extend(database.schema().tables.iter().map(|table| table.object.name.clone()));
        let mut left = self.limits().build;
        for object in &objects {
            self.read_records(database, object, &mut left).await?;
        }
        for (children, sort, id) in CHILDREN {
            let mut after = None;
            loop {
                let page = self.table.catalogued_children(children, after.as_ref(), page_of(left)).await?;
                take(&mut left, page.keys.len())?;
                let documents = self.items(&page.keys).await?;
                database.write(|writer| {
                    documents.iter().try_for_each(|one| writer.fetched_named(sort, &id(one), one).map(drop))
                })?;
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(())
    }

    async fn read_records(&self, database: &Database, object: &str, left: &mut usize) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.table.catalog(object, after.as_deref(), page_of(*left)).await?;
            take(left, page.ids.len())?;
            for keys in self.record_keys(object, &page.ids).chunks(ITEMS) {
                database.fetched(object, &self.items(keys).await?)?;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    /// The ids of all records of an object.
    pub(crate) async fn catalogued(&self, object: &str) -> Result<BTreeSet<String>> {
        let (mut ids, mut after) = (BTreeSet::new(), None);
        loop {
            let page = self.table.catalog(object, after.as_deref(), PAGE).await?;
            ids.extend(page.ids);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(ids),
            }
        }
    }

    /// All links or shares, strongly consistent but for those that the catalog lacks yet.
    pub(crate) async fn all_children(&self, children: Children) -> Result<Vec<Document>> {
        let (mut documents, mut after) = (Vec::new(), None);
        loop {
            let page = self.table.catalogued_children(children, after.as_ref(), PAGE).await?;
            documents.extend(self.items(&page.keys).await?);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(documents),
            }
        }
    }

    /// The keys of an object's records. What is no id is no record.
    pub(crate) fn record_keys<'a>(&self, object: &str, ids: impl IntoIterator<Item = &'a String>) -> Vec<Key> {
        let keys = self.table.keys();
        ids.into_iter().filter_map(|id| Some(keys.record(object, id.parse::<AnyId>().ok()?))).collect()
    }

    /// Several items, strongly consistent.
    pub(crate) async fn items(&self, keys: &[Key]) -> Result<Vec<Document>> {
        let mut all = Vec::with_capacity(keys.len());
        for keys in keys.chunks(ITEMS) {
            let mut parts = keys.chunks(ITEMS / 4);
            let mut next = || self.table.get_many(parts.next().unwrap_or_default());
            let (a, b, c, d) = tokio::try_join!(next(), next(), next(), next())?;
            all.extend([a, b, c, d].into_iter().flatten());
        }
        Ok(all)
    }
}

/// The objects that a workspace has defined, also those whose definitions this release cannot read.
pub(crate) fn defined(config: &[Document]) -> BTreeSet<String> {
    let name = |document: &Document| part_of(document.clone())?.0.strip_prefix(Definition::PARTS).map(str::to_owned);
    config.iter().filter_map(name).collect()
}

/// How many keys to read where so many more records may be read: one more tells that there are too many, before any of them is read.
fn page_of(left: usize) -> u16 {
    u16::try_from(left.saturating_add(1)).unwrap_or(u16::MAX).min(PAGE)
}

fn take(left: &mut usize, count: usize) -> Result<()> {
    let source = "the workspace is too large to be built within a request";
    *left = left.checked_sub(count).ok_or_else(|| Error::Unavailable { retry_after: 10, source: source.into() })?;
    Ok(())
}
