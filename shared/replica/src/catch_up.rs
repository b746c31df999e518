//! Following the journal, and reading one's own writes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use kernel::{AnyId, Error, Position, Result, Version};
use records::Definition;
use rusqlite::{OptionalExtension, Transaction};
use table::JournalPage;

use crate::apply::Applied;
use crate::cursor::Cursor;
use crate::database::{BUSY, Database};
use crate::obtain::PAGE;
use crate::replicas::Replica;
use crate::schema::Table;
use crate::state::State;

/// After how many changes since the last snapshot, and rows made anew, a new one is asked for.
const SNAPSHOT_AFTER: u64 = 2_000;
/// How often the file notes that it is up to date when nothing changes, in milliseconds.
const NOTE_MS: i64 = 3_600_000;

/// What a page of the journal said.
enum Page {
    /// Everything in it was applied; whether there is more after it, and how many changes there were.
    Applied { more: bool, changes: usize },
    /// An entry is missing in it.
    Gap,
}

impl Replica {
    /// Applies what the journal has after the last entry that was applied; answers the number of the last one. One
    /// round trip and half a read unit when nothing has changed.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when there is more to apply than one request may: a snapshot has been asked for.
    pub async fn catch_up(&self) -> Result<u64> {
        self.catch_up_to(0).await
    }

    /// The same, at least up to a number that another replica has told of.
    ///
    /// Who waits while somebody else catches up has what the next one finds: that has begun after the question came, so it has
    /// seen what this one would have. Many at once are two round trips and not one each.
    ///
    /// # Errors
    /// As [`Self::catch_up`]; `cursor_mismatch` when the journal does not reach that number.
    pub(crate) async fn catch_up_to(&self, at_least: u64) -> Result<u64> {
        let seq = self.catch_up_in_turn(at_least).await;
        // Whoever waited is only woken by now, behind the long work that comes next on this thread.
        tokio::task::yield_now().await;
        seq
    }

    async fn catch_up_in_turn(&self, at_least: u64) -> Result<u64> {
        let store = &self.store;
        let came = store.begun.load(Ordering::SeqCst);
        let _turn = store.turn.lock().await;
        if store.ended.load(Ordering::SeqCst) > came {
            let state = self.database()?.state()?;
            if state.seq >= at_least {
                return Ok(state.seq);
            }
        }
        let turn = store.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let seq = self.catch_up_alone(at_least).await?;
        store.ended.store(turn, Ordering::SeqCst);
        Ok(seq)
    }

    async fn catch_up_alone(&self, at_least: u64) -> Result<u64> {
        let mut gaps = 0;
        let (mut pages, mut changes) = (0, 0);
        loop {
            let database = self.database()?;
            let before = database.state()?.seq;
            let page = match self.apply_page(&database, before, false).await? {
                Page::Gap => self.apply_page(&database, before, true).await?,
                page => page,
            };
            pages += 1;
            match page {
                Page::Gap => {
                    gaps += 1;
                    self.step_over_gap(before, gaps).await?;
                    continue;
                }
                Page::Applied { more: false, .. } => {
                    let state = database.state()?;
                    if state.seq < at_least {
                        return self.catch_up_consistently(&database, at_least).await;
                    }
                    database.scrub_after_removals(self.clock.now())?;
                    self.note_caught_up(&database, &state).await?;
                    return Ok(state.seq);
                }
                Page::Applied { changes: more, .. } => changes += more,
            }
            if pages >= self.limits().pages || changes >= self.limits().changes {
                self.replicas.ask_snapshot(self.table.workspace_id()).await;
                let source = "the replica is too far behind to catch up within a request".into();
                return Err(Error::Unavailable { retry_after: 2, source });
            }
        }
    }

    /// The entries that follow `seq` are not there any more: a later snapshot is or, at the second gap, the table itself.
    async fn step_over_gap(&self, seq: u64, gaps: u32) -> Result<()> {
        let later = if gaps == 1 { self.download(Some(seq)).await? } else { None };
        let next = match later {
            Some(later) => later,
            None if gaps <= 2 => self.build().await?,
            None => return Err(Error::unavailable("the journal has a gap")),
        };
        self.store.replace(Some(next));
        Ok(())
    }

    /// Another replica has read further than an eventually consistent read shows.
    async fn catch_up_consistently(&self, database: &Arc<Database>, at_least: u64) -> Result<u64> {
        loop {
            let before = database.state()?.seq;
            match self.apply_page(database, before, true).await? {
                Page::Gap => return Err(Error::unavailable("the journal has a gap")),
                Page::Applied { more, .. } => {
                    let state = database.state()?;
                    if state.seq >= at_least {
                        return Ok(state.seq);
                    }
                    if !more {
                        return Err(Cursor::forged());
                    }
                }
            }
        }
    }

    async fn apply_page(&self, database: &Database, after: u64, consistent: bool) -> Result<Page> {
        // Before the first entry there is no number to tell a gap by: only a consistent read cannot have one.
        let page = self.table.journal_after(after, PAGE, consistent || after == 0).await?;
        if self.replicas.rules.gap && has_gap(&page, after) {
            return Ok(Page::Gap);
        }
        let mut changes = 0;
        for entry in &page.entries {
            // Changes before it were lost: what cannot be had from the journal is had from the table.
            if entry.packed == events::BROKEN {
                return Ok(Page::Gap);
            }
            let decoded = events::decode(&entry.packed).map_err(Error::bug)?;
            changes += decoded.len();
            if database.apply(entry.seq, &decoded, entry.at)? == Applied::Gap {
                return Ok(Page::Gap);
            }
            if changes >= self.limits().changes {
                return Ok(Page::Applied { more: true, changes });
            }
        }
        Ok(Page::Applied { more: page.more, changes })
    }

    async fn note_caught_up(&self, database: &Database, state: &State) -> Result<()> {
        let now = self.clock.now().as_millis();
        if now - state.caught_up_at > NOTE_MS {
            database.write(|writer| {
                writer.transaction.execute("UPDATE state SET caught_up_at = ?", [now])?;
                writer.forget_old(now)
            })?;
        }
        let asked = self.store.asked.load(Ordering::Relaxed);
        if state.since > asked + SNAPSHOT_AFTER {
            self.store.asked.store(state.since, Ordering::Relaxed);
            self.replicas.ask_snapshot(self.table.workspace_id()).await;
        }
        Ok(())
    }

    /// Sees to it that the records of a position are here at their versions or later ones: those that are not are read
    /// from the table, strongly consistent. What the table does not have was erased.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn ensure(&self, position: &Position) -> Result<()> {
        self.ensure_all(position.iter()).await
    }

    pub(crate) async fn ensure_all(&self, wanted: impl Iterator<Item = (AnyId, Version)>) -> Result<()> {
        let wanted: Vec<(AnyId, Version)> = wanted.collect();
        let database = self.database()?;
        // An object of the company's own that was defined a moment ago.
        let is_unknown = |id: &AnyId| id.prefix().is_custom() && database.schema().of_prefix(id.prefix()).is_none();
        if wanted.iter().any(|(id, _)| is_unknown(id)) {
            self.refresh_schema().await?;
        }
        let lacking = database.ask(
            BUSY,
            |schema| Ok(schema.clone()),
            |transaction, schema| {
                let mut lacking: BTreeMap<String, Vec<(AnyId, Version)>> = BTreeMap::new();
                for (id, version) in &wanted {
                    // An id of an object that nobody has defined names no record.
                    let Some(table) = schema.of_prefix(id.prefix()) else { continue };
                    if !has(transaction, table, *id, *version)? {
                        lacking.entry(table.object.name.clone()).or_default().push((*id, *version));
                    }
                }
                Ok(lacking)
            },
        )?;
        for (object, wanted) in lacking {
            self.fetch(&database, &object, &wanted).await?;
        }
        Ok(())
    }

    /// Reads the workspace's definitions from the table, strongly consistent, and takes over those that are newer than
    /// the file's. `true`: there were some, so what was refused by the schema may be answered by the new one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn refresh_schema(&self) -> Result<bool> {
        let config = self.table.config(Definition::PARTS).await?;
        let database = self.database()?;
        let before = database.schema().generation;
        database.write(|writer| writer.fetched_config(&config))?;
        Ok(database.schema().generation != before)
    }

    async fn fetch(&self, database: &Database, object: &str, wanted: &[(AnyId, Version)]) -> Result<()> {
        let mut unique: Vec<AnyId> = wanted.iter().map(|(id, _)| *id).collect();
        unique.sort_unstable();
        unique.dedup();
        let keys: Vec<_> = unique.into_iter().map(|id| self.table.keys().record(object, id)).collect();
        let documents = self.table.get_many(&keys).await?;
        let is_found = |id: &str| documents.iter().any(|document| document.get("id").is_some_and(|found| found == id));
        let now = self.clock.now().as_millis();
        database.write(|writer| {
            documents.iter().try_for_each(|document| writer.fetched(object, document))?;
            for (id, version) in wanted {
                let id = id.to_string();
                if !is_found(&id) {
                    writer.missed(object, &id, *version, now)?;
                }
            }
            Ok(())
        })
    }
}

/// Whether an entry is missing in front of another one.
fn has_gap(page: &JournalPage, after: u64) -> bool {
    let mut last = after;
    page.entries.iter().any(|entry| {
        let gap = last != 0 && entry.seq != last + 1;
        last = entry.seq;
        gap
    })
}

/// Whether a record is here at a version or a later one, or is known to be gone.
fn has(transaction: &Transaction<'_>, table: &Table, id: AnyId, version: Version) -> rusqlite::Result<bool> {
    let id = id.to_string();
    let mut select = transaction.prepare_cached(&table.sql.known)?;
    let known: Option<i64> = select.query_row([&id], |row| row.get(1)).optional()?;
    match known {
        Some(known) => Ok(u64::try_from(known).unwrap_or(0) >= version),
        None => transaction.prepare_cached("SELECT 1 FROM gone WHERE id = ?")?.exists([&id]),
    }
}
