//! Where a replica's file comes from: this machine, the newest snapshot, or the table's catalog.

use std::io::Write;
use std::path::{Path, PathBuf};

use cloud::Reading;
use kernel::{Error, Result, Timestamp};
use sha2::{Digest, Sha256};
use table::{JOURNAL_DAYS, Manifest, TenantTable};

use crate::database::{Database, Found, remove_file};
use crate::replicas::Replica;
use crate::rules::MARGIN_MS;
use crate::schema::REPLICA_SCHEMA;
use crate::snapshot::hex;

/// How long a replica may have been without its journal, in milliseconds: a day less than entries are kept.
const TOO_OLD_MS: i64 = (JOURNAL_DAYS - 1) * 24 * 3_600_000;
/// The most entries of the journal that one read asks for.
pub(crate) const PAGE: u16 = 500;

/// Whether the journal may no longer reach back to where a replica stopped.
pub(crate) fn is_too_old(caught_up_at: i64, now: Timestamp) -> bool {
    now.as_millis() - caught_up_at > TOO_OLD_MS
}

/// Whether a file is a snapshot in the making whose process is gone. Its name is one of `Replicas::new_path`.
fn is_left_packing(name: &str) -> bool {
    name.ends_with(".packing") && name.split('-').nth(1) != Some(&std::process::id().to_string())
}

/// A file that is being made.
pub(crate) struct New {
    draft: Draft,
    path: PathBuf,
    pub(crate) database: Database,
    /// The number of the journal's last entry when it was begun.
    last: u64,
    started: Timestamp,
}

fn not_whole() -> Error {
    Error::unavailable("a new replica's file is not whole")
}

/// A path that removes its file unless it was kept: a killed download or build leaves nothing behind that is used.
pub(crate) struct Draft(Option<PathBuf>);

impl Draft {
    /// A file that is to be made there.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Some(path))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.as_deref().expect("a draft has its path until it is kept")
    }

    /// Gives the file its real name. From here on it counts.
    fn keep(mut self, name: &Path) -> Result<()> {
        let renamed = std::fs::rename(self.path(), name).map_err(Error::unavailable);
        self.0 = None;
        renamed
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            remove_file(path);
        }
    }
}

impl Replica {
    /// A file to work with. The caller holds the workspace's turn.
    pub(crate) async fn obtain(&self) -> Result<Database> {
        if let Some(database) = self.local().await? {
            return Ok(database);
        }
        match self.download(None).await? {
            Some(database) => Ok(database),
            None => Box::pin(self.build()).await,
        }
    }

    /// The newest file of this workspace in the directory that can be used; all others go, and what a killed process was packing.
    async fn local(&self) -> Result<Option<Database>> {
        let source = self.replicas.source().await?;
        let directory = self.replicas.directory(source)?;
        let mine = format!("{}.", self.table.workspace_id());
        let entries = std::fs::read_dir(&directory).map_err(Error::unavailable)?;
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with(&mine))
            .filter(|name| name.ends_with(".sqlite") || name.ends_with(".draft") || is_left_packing(name))
            .collect();
        names.sort_unstable();
        let mut found = None;
        let present = self.store.database();
        for name in names.into_iter().rev() {
            let path = directory.join(&name);
            if present.as_ref().is_some_and(|database| database.path() == path) {
                // In use and given up: it goes with its last user.
                continue;
            }
            if found.is_none() && name.ends_with(".sqlite") {
                found = self.checked(&path, source, Found::There);
            }
            if found.as_ref().is_none_or(|database| database.path() != path) {
                remove_file(&path);
            }
        }
        Ok(found)
    }

    /// A file that can be used as it is; anything wrong with it means that it cannot.
    fn checked(&self, path: &Path, source: &str, found: Found) -> Option<Database> {
        let opened =
            Database::open(path, &self.replicas.inner.built_in, self.owner(source), self.replicas.rules, found);
        let database =
            opened.inspect_err(|error| tracing::warn!(%error, "a replica's file cannot be opened")).ok()??;
        let state = database.state().ok()?;
        (!is_too_old(state.caught_up_at, self.clock.now())).then_some(database)
    }

    /// The newest snapshot, if there is one that is whole, not too old, and holds more than the entries up to a number.
    pub(crate) async fn download(&self, more_than: Option<u64>) -> Result<Option<Database>> {
        // The second try is for a snapshot that was replaced and removed between the two reads.
        for _ in 0..2 {
            let Some(manifest) = self.table.manifest(REPLICA_SCHEMA).await? else { return Ok(None) };
            let is_further = more_than.is_none_or(|seq| manifest.seq > seq);
            if !is_further || is_too_old(manifest.at.as_millis(), self.clock.now()) {
                return Ok(None);
            }
            let Some(packed) = self.replicas.inner.files.open(&manifest.object).await? else { continue };
            let whole = self.unpack(packed, &manifest).await?;
            if whole.is_none() {
                tracing::warn!(object = manifest.object, "a snapshot is damaged: building from the catalog");
            }
            return Ok(whole);
        }
        Ok(None)
    }

    /// Unpacks a snapshot. Its digest is in the manifest, so what comes out is what the worker put in, and that was
    /// looked through when it was packed: nothing is read twice here, since somebody is waiting.
    async fn unpack(&self, packed: Reading, manifest: &Manifest) -> Result<Option<Database>> {
        let source = self.replicas.source().await?;
        let directory = self.replicas.directory(source)?;
        let path = self.replicas.new_path(&directory, self.table.workspace_id(), &self.clock);
        let draft = Draft::new(path.with_extension("draft"));
        if write_unpacked(packed, draft.path()).await?.is_none_or(|digest| digest != manifest.sha256) {
            return Ok(None);
        }
        draft.keep(&path)?;
        let database = self.checked(&path, source, Found::Made);
        if database.is_none() {
            remove_file(&path);
        }
        Ok(database)
    }

    /// Builds a file from what the table has. Notes first how far the journal is, then reads every record, then goes
    /// through the journal around that moment: the catalog index may lack what was written just before.
    ///
    /// A snapshot is asked for first: a build that is killed on its way could not ask any more.
    pub(crate) async fn build(&self) -> Result<Database> {
        self.replicas.ask_snapshot(self.table.workspace_id()).await;
        let new = self.begin().await?;
        self.read_all(&new.database).await?;
        self.replay_margin(&new).await?;
        self.finish(new).await
    }

    /// Begins a file, and notes how far the journal is.
    pub(crate) async fn begin(&self) -> Result<New> {
        let source = self.replicas.source().await?;
        let directory = self.replicas.directory(source)?;
        let path = self.replicas.new_path(&directory, self.table.workspace_id(), &self.clock);
        let draft = Draft::new(path.with_extension("draft"));
        let last = self.table.journal_last().await?;
        let started = self.clock.now();
        let failed = |error: rusqlite::Error| Error::unavailable(error);
        let (built_in, rules) = (&self.replicas.inner.built_in, self.replicas.rules);
        Database::create(draft.path(), built_in, self.owner(source), started, last).map_err(failed)?;
        let opened = Database::open(draft.path(), built_in, self.owner(source), rules, Found::Made);
        let database = opened.map_err(failed)?.ok_or_else(not_whole)?;
        Ok(New { draft, path, database, last, started })
    }

    /// Gives a file its name, when everything is in it.
    pub(crate) async fn finish(&self, new: New) -> Result<Database> {
        let New { draft, path, database, .. } = new;
        // Everything into the one file before it gets its name.
        database.with_writer(|connection| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))?;
        drop(database);
        draft.keep(&path)?;
        self.checked(&path, self.replicas.source().await?, Found::Made).ok_or_else(not_whole)
    }

    async fn replay_margin(&self, new: &New) -> Result<()> {
        let New { database, last, started, .. } = new;
        let (last, started) = (*last, *started);
        let mut after = number_before(&self.table, last, started.plus_millis(-MARGIN_MS)).await?;
        loop {
            let page = self.table.journal_after(after, PAGE, true).await?;
            for entry in page.entries.iter().filter(|entry| entry.seq <= last && entry.packed != events::BROKEN) {
                database.replay(&events::decode(&entry.packed).map_err(Error::bug)?)?;
            }
            match page.entries.last() {
                Some(entry) if page.more && entry.seq < last => after = entry.seq,
                _ => return Ok(()),
            }
        }
    }
}

/// A number such that it and every entry before it is older than `from`. Entries are numbered in the order of their
/// times, so some halvings find it.
pub(crate) async fn number_before(table: &TenantTable, last: u64, from: Timestamp) -> Result<u64> {
    // What the table has expired is not there: the first entry that is tells where to begin.
    let first = table.journal_after(0, 1, true).await?;
    let Some(first) = first.entries.first() else { return Ok(last) };
    let (mut old, mut young) = (first.seq.saturating_sub(1), last);
    if first.at >= from {
        return Ok(old);
    }
    while young.saturating_sub(old) > 1 {
        let middle = old + (young - old) / 2;
        let page = table.journal_after(middle, 1, true).await?;
        match page.entries.first() {
            Some(entry) if entry.at < from => old = middle,
            _ => young = middle,
        }
    }
    Ok(old)
}

/// Unpacks a snapshot while it comes, and answers the digest of what came; `None` when it cannot be unpacked.
async fn write_unpacked(mut packed: Reading, path: &Path) -> Result<Option<String>> {
    let warn = |error: &std::io::Error| tracing::warn!(%error, "a snapshot cannot be unpacked");
    let file = std::fs::File::create(path).map_err(Error::unavailable)?;
    let mut digest = Sha256::new();
    let mut decoder = zstd::stream::write::Decoder::new(file).map_err(Error::unavailable)?;
    while let Some(piece) = packed.next().await? {
        digest.update(&piece);
        if decoder.write_all(&piece).inspect_err(warn).is_err() {
            return Ok(None);
        }
    }
    // Where the end has not come the digest is another one.
    Ok(decoder.flush().inspect_err(warn).is_ok().then(|| hex(&digest.finalize())))
}
