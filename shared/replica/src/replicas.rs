//! The replicas of one process: a file per workspace, the least recently used given up when the disk is short.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cloud::{Files, Queues};
use events::{SnapshotReason, SnapshotRequest};
use kernel::{Clock, Error, Id, Result, kinds};
use records::Object;
use table::{Tables, TenantTable};

use crate::database::{Database, Owner};
use crate::rules::Rules;

/// How much one request may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most pages of the journal that one catch-up reads.
    pub pages: u32,
    /// The most changes that one catch-up applies.
    pub changes: usize,
    /// The most records, links and shares that are read to build a replica from the catalog. Above it the replica waits
    /// for a snapshot.
    pub build: usize,
    /// How long one question may take.
    pub statement: Duration,
    /// How many bytes all files together may have. Making a snapshot takes a copy of its file and the packed one
    /// besides.
    pub disk: u64,
    /// Whether to ask for a snapshot when one would have helped. Whoever makes them does not ask.
    pub asks: bool,
}

impl Limits {
    /// What fits into a request that somebody waits for.
    #[must_use]
    pub const fn request() -> Self {
        Self { pages: 5, changes: 20_000, build: 5_000, statement: Duration::from_secs(2), disk: 300 << 20, asks: true }
    }

    /// What a worker may do that has minutes.
    #[must_use]
    pub const fn worker() -> Self {
        let endless = Self { pages: u32::MAX, changes: usize::MAX, build: usize::MAX, asks: false, ..Self::request() };
        Self { statement: Duration::from_secs(120), ..endless }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::request()
    }
}

/// All replicas of a process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Replicas {
    pub(crate) inner: Arc<Inner>,
    pub(crate) rules: Rules,
}

#[derive(Debug)]
pub(crate) struct Inner {
    directory: PathBuf,
    tables: Tables,
    source: tokio::sync::OnceCell<String>,
    pub(crate) files: Files,
    queues: Queues,
    /// The objects that every workspace has, as this release describes them.
    pub(crate) built_in: Arc<[Object]>,
    pub(crate) limits: Limits,
    stores: Mutex<HashMap<Id<kinds::Workspace>, Arc<Store>>>,
    /// Counts up with every use, to know what was used least recently.
    uses: AtomicU64,
}

/// Numbers the files that this process makes, whoever in it makes them: two that were made within one millisecond must
/// not have one name, since what SQLite keeps beside the one would be taken for the other's.
static MADE: AtomicU64 = AtomicU64::new(0);

/// What a process has of one workspace.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// Held while the replica is opened or catches up: one at a time.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// How often catching up has begun, and the last of these that has come to its end.
    pub(crate) begun: AtomicU64,
    pub(crate) ended: AtomicU64,
    database: Mutex<Option<Arc<Database>>>,
    used: AtomicU64,
    /// How many changes there were since the last snapshot when one was asked for.
    pub(crate) asked: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    pub(crate) fn database(&self) -> Option<Arc<Database>> {
        locked(&self.database).clone()
    }

    /// Puts another file, or none, in the place of the present one, which goes when nobody uses it any more.
    pub(crate) fn replace(&self, next: Option<Database>) {
        let before = std::mem::replace(&mut *locked(&self.database), next.map(Arc::new));
        if let Some(before) = before {
            before.doom();
        }
        self.asked.store(0, Ordering::Relaxed);
        // What was found for another file says nothing of this one.
        self.ended.store(0, Ordering::SeqCst);
    }
}

/// One workspace's replica, for one request.
#[derive(Debug, Clone)]
pub struct Replica {
    pub(crate) replicas: Replicas,
    pub(crate) store: Arc<Store>,
    pub(crate) table: TenantTable,
    pub(crate) clock: Clock,
}

fn objects_of(schema: &records::Schema) -> Arc<[Object]> {
    schema.all().map(|object| Object::clone(object)).collect()
}

impl Replicas {
    /// Replicas of the workspaces of a table, in files under a directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>, tables: Tables, files: Files, queues: Queues, limits: Limits) -> Self {
        let inner = Inner {
            directory: directory.into(),
            tables,
            source: tokio::sync::OnceCell::new(),
            files,
            queues,
            built_in: objects_of(&records::Schema::built_in()),
            limits,
            stores: Mutex::default(),
            uses: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner), rules: Rules::ALL }
    }

    /// Replicas like these of workspaces with other built-in objects, for tests.
    #[must_use]
    pub fn over(mut self, built_in: &records::Schema) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.built_in = objects_of(built_in);
        }
        self
    }

    /// These replicas without one of their rules.
    #[cfg(feature = "sabotage")]
    #[must_use]
    pub const fn without(mut self, rule: crate::Rule) -> Self {
        match rule {
            crate::Rule::Gap => self.rules.gap = false,
            crate::Rule::Version => self.rules.version = false,
            crate::Rule::Redelivery => self.rules.redelivery = false,
        }
        self
    }

    /// The replica of a workspace: this process's file or, when there is none or it is too old, the newest snapshot or,
    /// without one, a file built from the catalog. Not yet caught up.
    ///
    /// # Errors
    /// When the table or the bucket does not answer, or the workspace is too large to be built within a request (a
    /// snapshot has been asked for then).
    pub async fn open(&self, table: &TenantTable, clock: &Clock) -> Result<Replica> {
        let replica = self.of(table, clock);
        if replica.usable().is_none() {
            let _turn = replica.store.turn.lock().await;
            if replica.usable().is_none() {
                let database = replica.obtain().await?;
                replica.store.replace(Some(database));
                self.make_room(&replica);
            }
        }
        Ok(replica)
    }

    /// The replica of a workspace, with a file or without one.
    pub(crate) fn of(&self, table: &TenantTable, clock: &Clock) -> Replica {
        let store = locked(&self.inner.stores).entry(table.workspace_id()).or_default().clone();
        store.used.store(self.inner.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Replica { replicas: self.clone(), store, table: table.clone(), clock: clock.clone() }
    }

    /// Gives up files of other workspaces, the least recently used first, until the disk budget is kept.
    fn make_room(&self, keep: &Replica) {
        let mut stores: Vec<Arc<Store>> = locked(&self.inner.stores).values().cloned().collect();
        stores.sort_by_key(|store| store.used.load(Ordering::Relaxed));
        let size = |store: &Arc<Store>| store.database().map_or(0, |database| database.bytes());
        let open: Vec<PathBuf> = stores.iter().filter_map(|store| Some(store.database()?.path().to_owned())).collect();
        let Some(source) = self.inner.source.get() else { return };
        let mut total = crate::room::make(&self.inner.directory.join(source), &open, self.inner.limits.disk);
        for store in stores.iter().filter(|store| !Arc::ptr_eq(store, &keep.store)) {
            if total <= self.inner.limits.disk {
                break;
            }
            // Somebody who is at it right now keeps it.
            let Ok(_turn) = store.turn.try_lock() else { continue };
            total = total.saturating_sub(size(store));
            store.replace(None);
        }
        drop(stores);
        locked(&self.inner.stores).retain(|_, store| store.database().is_some() || Arc::strong_count(store) > 1);
    }

    /// The table's id, asked for once a process.
    pub(crate) async fn source(&self) -> Result<&str> {
        let source = self.inner.source.get_or_try_init(|| async {
            let id = self.inner.tables.id().await?;
            // It becomes part of file names and of S3 keys.
            let plain: String = id.chars().filter(|char| char.is_ascii_alphanumeric() || *char == '-').collect();
            Ok::<_, Error>(if plain.is_empty() { "table".to_owned() } else { plain })
        });
        source.await.map(String::as_str)
    }

    /// The directory of the table's files, made if it is not there.
    pub(crate) fn directory(&self, source: &str) -> Result<PathBuf> {
        let directory = self.inner.directory.join(source);
        std::fs::create_dir_all(&directory).map_err(Error::unavailable)?;
        Ok(directory)
    }

    /// A name for a new file, unlike all names before it.
    pub(crate) fn new_path(&self, directory: &Path, workspace: Id<kinds::Workspace>, clock: &Clock) -> PathBuf {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let now = u64::try_from(clock.now().as_millis()).unwrap_or(0);
        // Sorts by time, so the newest is the last; the process's id keeps two processes apart.
        directory.join(format!("{workspace}.{now:015}-{}-{number:06}.sqlite", std::process::id()))
    }

    /// Asks the worker for a snapshot. That it cannot be asked never fails a request: the next one asks again.
    pub(crate) async fn ask_snapshot(&self, workspace: Id<kinds::Workspace>) {
        if !self.inner.limits.asks {
            return;
        }
        let request = SnapshotRequest { workspace, reason: SnapshotReason::Behind, record: None };
        if let Err(error) = self.inner.queues.ask_snapshot(&request).await {
            tracing::warn!(%workspace, %error, "a snapshot could not be asked for");
        }
    }
}

impl Replica {
    /// The file, if there is one that is whole and not too old to catch up.
    pub(crate) fn usable(&self) -> Option<Arc<Database>> {
        let database = self.store.database().filter(|database| !database.is_broken())?;
        let caught_up_at = database.state().ok()?.caught_up_at;
        (!crate::obtain::is_too_old(caught_up_at, self.clock.now())).then_some(database)
    }

    /// The file, for a request that is under way.
    pub(crate) fn database(&self) -> Result<Arc<Database>> {
        self.store.database().ok_or_else(|| Error::unavailable("the replica was given up to make room"))
    }

    pub(crate) fn owner<'a>(&self, source: &'a str) -> Owner<'a> {
        Owner { source, workspace: self.table.workspace_id() }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.replicas.inner.limits
    }
}
