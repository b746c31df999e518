//! Taking what was erased out of the journal and out of the bucket.

use std::collections::BTreeSet;

use events::Change;
use kernel::{AnyId, Error, Result, Timestamp};
use table::{JournalEntry, TenantTable};

use crate::obtain::{PAGE, number_before};
use crate::replicas::{Replica, Replicas};
use crate::rules::MARGIN_MS;

/// Empties what the journal tells of erased records.
///
/// Their images go; that there was a change stays, at its number and place. Readers take an emptied change for the removal that follows it, and whoever is past it never reads it again.
///
/// `false`: the journal still has images of a record and does not tell of its removal yet, so more of them may come.
/// Nothing of that record was emptied then. Safe to ask again, and by several at the same time.
///
/// # Errors
/// When the table does not answer.
pub async fn forget_in_journal(table: &TenantTable, erased: &[AnyId]) -> Result<bool> {
    let Some(oldest) = erased.iter().filter_map(made_at).min() else { return Ok(true) };
    let last = table.journal_last().await?;
    let after = number_before(table, last, oldest.plus_millis(-MARGIN_MS)).await?;
    let erased: BTreeSet<String> = erased.iter().map(AnyId::to_string).collect();
    let told = read(table, after, &erased).await?;
    for seq in &told.entries {
        empty(table, *seq, &told.removed).await?;
    }
    Ok(told.shown.is_subset(&told.removed))
}

/// When a record was made, which is what its id begins with (UUID version 7, RFC 9562): milliseconds in 12 digits.
fn made_at(id: &AnyId) -> Option<Timestamp> {
    let text = id.to_string();
    let (_, digits) = text.split_once('_')?;
    Timestamp::from_millis(i64::from_str_radix(digits.get(..12)?, 16).ok()?)
}

/// What the journal tells of some records.
#[derive(Default)]
struct Told {
    /// Those that it tells the removal of.
    removed: BTreeSet<String>,
    /// Those that it has images of.
    shown: BTreeSet<String>,
    /// The numbers of the entries that have these.
    entries: Vec<u64>,
}

fn changes_of(entry: &JournalEntry) -> Result<Vec<Change>> {
    if entry.packed == events::BROKEN { Ok(Vec::new()) } else { events::decode(&entry.packed).map_err(Error::bug) }
}

async fn read(table: &TenantTable, mut after: u64, erased: &BTreeSet<String>) -> Result<Told> {
    let mut told = Told::default();
    loop {
        let page = table.journal_after(after, PAGE, true).await?;
        for entry in &page.entries {
            let mut shows = false;
            for change in changes_of(entry)?.into_iter().filter(|change| erased.contains(&change.id)) {
                shows |= change.document.is_some();
                let set = if change.document.is_some() { &mut told.shown } else { &mut told.removed };
                set.insert(change.id);
            }
            told.entries.extend(shows.then_some(entry.seq));
        }
        match page.entries.last() {
            Some(entry) if page.more => after = entry.seq,
            _ => return Ok(told),
        }
    }
}

async fn empty(table: &TenantTable, seq: u64, removed: &BTreeSet<String>) -> Result<()> {
    loop {
        let page = table.journal_after(seq - 1, 1, true).await?;
        // It may have expired meanwhile.
        let Some(entry) = page.entries.into_iter().find(|entry| entry.seq == seq) else { return Ok(()) };
        let mut changes = changes_of(&entry)?;
        let images = changes.iter_mut().filter(|change| change.document.is_some() && removed.contains(&change.id));
        if images.map(|change| change.document = None).count() == 0 {
            return Ok(());
        }
        let mut packed = events::encode(&changes);
        let (Some(packed), None) = (packed.pop(), packed.pop()) else {
            return Err(Error::bug("a journal entry grew when it was emptied"));
        };
        let emptied = JournalEntry { seq, at: entry.at, packed };
        // Otherwise somebody else has emptied it of another record at the same time: what they left is looked at again.
        if table.journal_rewrite(emptied, entry.packed).await? {
            return Ok(());
        }
    }
}

impl Replicas {
    /// Whether there is any snapshot of a workspace, of any release, or what a killed worker has left of one.
    ///
    /// # Errors
    /// When the bucket or the table does not answer.
    pub async fn has_snapshots(&self, table: &TenantTable) -> Result<bool> {
        let manifest = table.manifest(crate::schema::REPLICA_SCHEMA).await?;
        Ok(manifest.is_some() || !self.inner.files.list(&self.prefix(table).await?).await?.is_empty())
    }

    /// What the keys of all objects of a workspace begin with, whatever release wrote them.
    pub(crate) async fn prefix(&self, table: &TenantTable) -> Result<String> {
        Ok(["replicas", self.source().await?, &table.workspace_id().to_string(), ""].join("/"))
    }
}

impl Replica {
    /// Deletes every object of the workspace but one: older snapshots, those of other releases, and uploads whose
    /// workers were killed. A worker that is at it right now loses its object too. Its manifest is refused, or names an
    /// object that is not there: readers build from the catalog then, and the next question makes a new snapshot.
    pub(crate) async fn delete_all_but(&self, object: &str) -> Result<()> {
        let files = &self.replicas.inner.files;
        for other in files.list(&self.replicas.prefix(&self.table).await?).await? {
            if other != object {
                files.delete(&other).await?;
            }
        }
        Ok(())
    }
}
