//! Taking what was erased out of the journal and out of the bucket.

use std::collections::{BTreeMap, BTreeSet};

use events::{Change, Document, StreamPosition};
use kernel::{AnyId, Clock, Error, Result, Timestamp, Version};
use table::{JournalEntry, TenantTable};

use crate::obtain::{PAGE, number_before};
use crate::replicas::{Replica, Replicas};
use crate::rules::MARGIN_MS;

/// Empties what the journal tells of erased records, of their links and of their shares.
///
/// Their images go; that there was a change stays, at its number and place. Readers take an emptied change for the removal that follows it, and whoever is past it never reads it again.
///
/// `false`: the journal still has images of something and does not tell of its removal yet, so more of them may come.
/// Nothing of that was emptied then. Safe to ask again, and by several at the same time.
///
/// # Errors
/// When the table does not answer.
pub async fn forget_in_journal(table: &TenantTable, erased: &[AnyId]) -> Result<bool> {
    // A link is younger than both of its records, and a share than its one.
    let Some(oldest) = erased.iter().filter_map(made_at).min() else { return Ok(true) };
    let last = table.journal_last().await?;
    let after = number_before(table, last, oldest.plus_millis(-MARGIN_MS)).await?;
    let erased: BTreeSet<String> = erased.iter().map(AnyId::to_string).collect();
    let told = read(table, after, &erased).await?;
    let removed = told.removed();
    for seq in &told.entries {
        empty(table, *seq, &removed).await?;
    }
    Ok(told.shown.is_subset(&removed))
}

/// Takes something out of what the journal has told of a record that is still there.
///
/// Each image is put in its place as `redact` leaves it. Readers that are past it have it as it was, until the record's next version; so has every snapshot.
///
/// # Errors
/// When the table does not answer.
pub async fn redact_in_journal(table: &TenantTable, record: AnyId, redact: impl Fn(&mut Document)) -> Result<()> {
    let Some(made) = made_at(&record) else { return Ok(()) };
    let last = table.journal_last().await?;
    let after = number_before(table, last, made.plus_millis(-MARGIN_MS)).await?;
    let told = read(table, after, &BTreeSet::from([record.to_string()])).await?;
    let id = record.to_string();
    for seq in &told.entries {
        rewrite(table, *seq, |change| {
            let image = change.document.as_mut().filter(|_| change.item == "record" && change.id == id);
            image.is_some_and(|image| {
                let before = image.clone();
                redact(image);
                *image != before
            })
        })
        .await?;
    }
    Ok(())
}

/// When a record was made, which is what its id begins with (UUID version 7, RFC 9562): milliseconds in 12 digits.
fn made_at(id: &AnyId) -> Option<Timestamp> {
    let text = id.to_string();
    let (_, digits) = text.split_once('_')?;
    Timestamp::from_millis(i64::from_str_radix(digits.get(..12)?, 16).ok()?)
}

/// What the journal calls an item: its sort, and its id among those.
type Item = (String, String);

fn item_of(change: &Change) -> Item {
    (change.item.clone(), change.id.clone())
}

/// Whether a change is about an erased record, or about what is under it.
fn is_about(change: &Change, erased: &BTreeSet<String>) -> bool {
    let first = change.id.split('/').next().is_some_and(|record| erased.contains(record));
    match change.item.as_str() {
        "record" | "share" => first,
        "link" => first || change.id.rsplit('/').next().is_some_and(|other| erased.contains(other)),
        _ => false,
    }
}

/// What the journal tells of some records and of what is under them.
#[derive(Default)]
struct Told {
    /// Where the stream told of each for the last time, and whether that was its removal. What was removed can have been
    /// made again.
    last: BTreeMap<Item, (StreamPosition, bool)>,
    /// Those that it has images of.
    shown: BTreeSet<Item>,
    /// The numbers of the entries that have these.
    entries: Vec<u64>,
}

impl Told {
    fn note(&mut self, change: &Change) {
        let (item, removed) = (item_of(change), change.document.is_none());
        if !removed {
            self.shown.insert(item.clone());
        }
        let is_later = self.last.get(&item).is_none_or(|(last, _)| *last <= change.position);
        if is_later {
            self.last.insert(item, (change.position.clone(), removed));
        }
    }

    /// What is not there any more.
    fn removed(&self) -> BTreeSet<Item> {
        self.last.iter().filter(|(_, (_, removed))| *removed).map(|(item, _)| item.clone()).collect()
    }
}

fn changes_of(entry: &JournalEntry) -> Result<Vec<Change>> {
    if entry.packed == events::BROKEN { Ok(Vec::new()) } else { events::decode(&entry.packed).map_err(Error::bug) }
}

async fn read(table: &TenantTable, mut after: u64, erased: &BTreeSet<String>) -> Result<Told> {
    let mut told = Told::default();
    loop {
        let page = table.journal_after(after, PAGE, true).await?;
        for entry in &page.entries {
            let changes = changes_of(entry)?;
            let about: Vec<&Change> = changes.iter().filter(|change| is_about(change, erased)).collect();
            about.iter().for_each(|change| told.note(change));
            told.entries.extend(about.iter().any(|change| change.document.is_some()).then_some(entry.seq));
        }
        match page.entries.last() {
            Some(entry) if page.more => after = entry.seq,
            _ => return Ok(told),
        }
    }
}

async fn empty(table: &TenantTable, seq: u64, removed: &BTreeSet<Item>) -> Result<()> {
    rewrite(table, seq, |change| {
        let is_shown = change.document.is_some() && removed.contains(&item_of(change));
        change.document.take_if(|_| is_shown).is_some()
    })
    .await
}

/// Puts other changes in the place of those of an entry: `change` tells of each whether it has changed it.
async fn rewrite(table: &TenantTable, seq: u64, change: impl Fn(&mut Change) -> bool) -> Result<()> {
    loop {
        let page = table.journal_after(seq - 1, 1, true).await?;
        // It may have expired meanwhile.
        let Some(entry) = page.entries.into_iter().find(|entry| entry.seq == seq) else { return Ok(()) };
        let mut changes = changes_of(&entry)?;
        // Each of them: not only up to the first.
        if changes.iter_mut().filter_map(|one| change(one).then_some(())).count() == 0 {
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
    /// Sees to it that nothing of erased records is left in the file that this process has of a workspace, if it has one. Other
    /// processes see to it when they next catch up.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn forget(&self, table: &TenantTable, clock: &Clock, erased: &[AnyId]) -> Result<()> {
        let replica = self.of(table, clock);
        if replica.store.database().is_none() {
            return Ok(());
        }
        replica.catch_up().await?;
        // No version is that high, so the table is asked whether the records are still there.
        replica.ensure_all(erased.iter().map(|record| (*record, Version::MAX))).await?;
        replica.database()?.scrub()
    }

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
