//! Journal: what the table's stream tells becomes, per workspace, a gap-free and ordered list that replicas follow.
//!
//! | access pattern | key condition | cost |
//! |---|---|---|
//! | the last number, once an instance, day and workspace | `w#JOURNAL` backwards, limit 1, strongly consistent | 1 read unit for 4 KB |
//! | append | put `w#JOURNAL` / `last + 1` if nobody has that number | 1 write unit for 1 KB packed, which is several changes |
//!
//! Owns the journal's entries. Events in: the stream's records of the items `record`, `link`, `share` and `config`;
//! images, removals and expiries alike. Of a link's two items only `out` is appended. Events out: none.
//!
//! The order within one item is the stream's. A batch may come again, whole or in part, and then its changes are in the
//! journal twice: replicas know how to read that. Never skips a change, and never writes a number twice.

mod change;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::App;
use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use events::Change;
use kernel::{Clock, Error, Id, Result, Timestamp, kinds};
use table::{JournalEntry, Meter, Tables, TenantTable, workspace_of};

use crate::change::change_of;

/// How many numbers in a row may be taken by others before the last one is looked up anew.
const NEXT_TRIES: u64 = 3;
/// How often that is done before a batch is left to be delivered again.
const TRIES: u32 = 20;
/// For how long a process relies on the last number that it has written itself.
const REMEMBER_SECONDS: i64 = 24 * 3600;
/// An empty journal begins at the day it is on, times this.
const NUMBERS_PER_DAY: i64 = 1_000_000_000;

/// Appends a batch of the stream, without remembering anything between batches.
pub async fn handle(app: &App, batch: Event) -> DynamoDbEventResponse {
    Journal::default().handle(app, batch).await
}

/// Appends batches of the stream, and remembers how far the journal of each workspace was.
#[derive(Debug, Default)]
pub struct Journal {
    last: Mutex<HashMap<Id<kinds::Workspace>, Last>>,
}

/// The last entry that this process has appended to a journal: its number, and when that was.
type Last = (u64, Timestamp);

/// What a batch says of one workspace, in the order of the stream.
#[derive(Default)]
struct Group {
    /// Where in the batch the first of the changes is.
    first: usize,
    changes: Vec<Change>,
}

impl Group {
    /// What an item was before its removal in the same batch is nobody's business any more. What it became after it
    /// stays: a link can be made again.
    fn empty_removed(&mut self) {
        let mut removed = BTreeSet::new();
        for change in self.changes.iter_mut().rev() {
            let item = (change.item.clone(), change.kind.clone(), change.id.clone());
            if change.document.is_none() {
                removed.insert(item);
            } else if removed.contains(&item) {
                change.document = None;
            }
        }
    }
}

impl Journal {
    /// Appends a batch of the stream. From the first record on that could not be appended the batch has to come again.
    pub async fn handle(&self, app: &App, batch: Event) -> DynamoDbEventResponse {
        self.append_batch(&app.tables, &app.clock, batch).await
    }

    /// The same, for whoever has no [`App`].
    pub async fn append_batch(&self, tables: &Tables, clock: &Clock, batch: Event) -> DynamoDbEventResponse {
        let now = clock.now();
        let numbers: Vec<Option<String>> =
            batch.records.iter().map(|record| record.change.sequence_number.clone()).collect();
        let (groups, mut failed) = grouped(batch.records, now);
        for (workspace, mut group) in groups {
            group.empty_removed();
            let table = tables.workspace(workspace, Meter::default());
            match self.append(&table, now, &group.changes).await {
                Ok(()) => tell(workspace, now, &group.changes, &table),
                Err(error) => {
                    tracing::error!(%workspace, error.code = error.code(), error.cause = ?error, "changes were not appended");
                    self.locked().remove(&workspace);
                    failed = Some(failed.map_or(group.first, |first| first.min(group.first)));
                }
            }
        }
        let mut response = DynamoDbEventResponse::default();
        if let Some(first) = failed {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = numbers.into_iter().nth(first).flatten();
            response.batch_item_failures.push(failure);
        }
        response
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Id<kinds::Workspace>, Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn append(&self, table: &TenantTable, now: Timestamp, changes: &[Change]) -> Result<()> {
        for packed in events::encode(changes) {
            let known = self.locked().get(&table.workspace_id()).copied();
            // The number after an old one may have been used, and have expired since.
            let known = known.filter(|(_, at)| now.as_seconds() - at.as_seconds() < REMEMBER_SECONDS);
            let last = append_entry(table, now, known.map(|(seq, _)| seq), packed).await?;
            self.locked().insert(table.workspace_id(), (last, now));
        }
        Ok(())
    }
}

/// Appends one entry after the last one, and answers its number.
async fn append_entry(table: &TenantTable, now: Timestamp, known: Option<u64>, packed: Vec<u8>) -> Result<u64> {
    let mut known = known;
    for _ in 0..TRIES {
        let last = match known.take() {
            Some(last) => last,
            None => table.journal_last_at(now).await?,
        };
        let next = if last == 0 { first_number(now) } else { last + 1 };
        for seq in next..next + NEXT_TRIES {
            if table.journal_append(JournalEntry { seq, at: now, packed: packed.clone() }).await? {
                return Ok(seq);
            }
        }
    }
    Err(Error::unavailable("others kept appending to the journal"))
}

/// Where an empty journal begins, and one whose last entry has expired: beginning at 1 again, or after an entry that
/// outlived later ones, would repeat numbers that replicas have seen, and they would wait for the next one for ever.
/// It is above every number that was ever used: each of those is at most its own first one, of an earlier day, and the
/// entries since, and a day has fewer of them than that.
fn first_number(now: Timestamp) -> u64 {
    let days = now.as_seconds().div_euclid(24 * 3600);
    u64::try_from(days * NUMBERS_PER_DAY).unwrap_or(0) + 1
}

/// The changes of a batch by workspace, and the first record that cannot be read, if there is one.
fn grouped(records: Vec<EventRecord>, now: Timestamp) -> (BTreeMap<Id<kinds::Workspace>, Group>, Option<usize>) {
    let mut groups: BTreeMap<_, Group> = BTreeMap::new();
    for (index, record) in records.into_iter().enumerate() {
        let workspace = match record.change.keys.get("pk") {
            Some(serde_dynamo::AttributeValue::S(pk)) => workspace_of(pk),
            _ => None,
        };
        let Some(workspace) = workspace else { continue };
        match change_of(record, now) {
            Ok(Some(change)) => {
                let group = groups.entry(workspace).or_insert_with(|| Group { first: index, ..Group::default() });
                group.changes.push(change);
            }
            Ok(None) => {}
            // What follows it would overtake it: everything from here on comes again.
            Err(error) => {
                tracing::error!(%workspace, error.cause = ?error, "a stream record cannot be read");
                return (groups, Some(index));
            }
        }
    }
    (groups, None)
}

fn tell(workspace: Id<kinds::Workspace>, now: Timestamp, changes: &[Change], table: &TenantTable) {
    let oldest = changes.iter().map(|change| change.at).min().unwrap_or(now);
    let lag_ms = now.as_millis() - oldest.as_millis();
    let used = table.meter().used();
    // How long after a write lists show it without a position: what no metric of AWS's own says.
    cloud::measure("journal_lag_ms", cloud::Unit::Milliseconds, lag_ms as f64, now);
    tracing::info!(
        workspace.id = %workspace,
        changes = changes.len(),
        lag_ms,
        table.write_units = used.write_units,
        table.round_trips = used.round_trips,
        "changes appended to the journal"
    );
}
