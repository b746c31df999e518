//! One replica's file: its connections, its schema, and its transactions.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use kernel::{Error, Id, Result, Timestamp, kinds};
use records::Object;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, params};

use crate::config::definitions;
use crate::rules::{Rules, Writer};
use crate::schema::{OWN_TABLES, REPLICA_SCHEMA, Schema, Table};
use crate::state::{State, generation, signed, state};

/// How many idle connections are kept for readers.
const MAX_IDLE: usize = 4;
/// How long a connection waits for another process's transaction, and how long what is small may take.
pub(crate) const BUSY: Duration = Duration::from_secs(5);
/// After how many steps of SQLite's machine a statement looks at the clock: well under a millisecond.
const STEPS: i32 = 10_000;
/// How many statements a connection keeps prepared: those that write some twenty objects.
const STATEMENTS: usize = 128;
/// How often a question is put anew because the schema has changed under it. Schemas change by the minute, not by the
/// millisecond.
const MAX_TRIES: u32 = 5;

/// A replica's file, open.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    /// What every workspace has, as this release describes it.
    built_in: Arc<[Object]>,
    schema: RwLock<Arc<Schema>>,
    pub(crate) rules: Rules,
    built_at: i64,
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Vec<Connection>>,
    /// Set when SQLite says that the file is damaged.
    broken: AtomicBool,
    /// Set when the file is to go as soon as nobody uses it any more.
    doomed: AtomicBool,
    /// What was removed and may still be in the file.
    pub(crate) removed: Mutex<Removed>,
}

/// Whose replica a file must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) source: &'a str,
    pub(crate) workspace: Id<kinds::Workspace>,
}

/// What is known of a file that is to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// This process has just made it, byte by byte what it should be.
    Made,
    /// It was there.
    There,
}

/// What was removed and may still be in a file: the text index keeps words until its segments are merged.
#[derive(Debug, Default)]
pub(crate) struct Removed {
    /// The objects that have lost records since their words were last cleaned up.
    pub(crate) objects: BTreeSet<String>,
    /// When this was last done in a request, in milliseconds.
    pub(crate) scrubbed_at: Option<i64>,
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much of a file a reader has mapped, in bytes: counted as its memory as soon as it was looked at, and so a bound of it. What is
/// beyond is read page by page, from the system's own cache mostly.
const MAPPED: usize = 40 << 20;

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192;")?;
    Ok(connection)
}

fn for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.execute_batch(&format!("PRAGMA mmap_size = {MAPPED};"))?;
    Ok(connection)
}

fn for_writing(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // The journal can repeat everything, so the last transactions may be lost with the machine, never the file.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;")?;
    Ok(connection)
}

/// Whether every page of a file is what SQLite would have written. Reads all of it.
pub(crate) fn is_whole(connection: &Connection) -> rusqlite::Result<bool> {
    let check: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    Ok(check == "ok")
}

impl Database {
    /// Makes an empty file for a replica that is built now, of a workspace that has defined nothing yet.
    pub(crate) fn create(
        path: &Path,
        built_in: &[Object],
        owner: Owner<'_>,
        now: Timestamp,
        seq: u64,
    ) -> rusqlite::Result<()> {
        let connection = for_writing(path)?;
        let schema = Schema::new(built_in, Vec::new(), 1);
        let tables: String = schema.tables.iter().map(Table::ddl).collect();
        connection
            .execute_batch(&format!("BEGIN; {OWN_TABLES} {tables} PRAGMA user_version = {REPLICA_SCHEMA}; COMMIT;"))?;
        let now = now.as_millis();
        connection.execute(
            "INSERT INTO state VALUES (1, ?, ?, ?, 1, ?, ?, ?, 0, 0)",
            params![owner.source, owner.workspace.to_string(), schema.fingerprint, signed(seq), now, now],
        )?;
        connection.close().map_err(|(_, error)| error)
    }

    /// Opens a file, if it is whole and of the right table, workspace and shape. Columns are made anew when this release
    /// describes the objects differently from the one that wrote it. `None`: not to be used.
    pub(crate) fn open(
        path: &Path,
        built_in: &Arc<[Object]>,
        owner: Owner<'_>,
        rules: Rules,
        found: Found,
    ) -> rusqlite::Result<Option<Self>> {
        let mut connection = for_writing(path)?;
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version != REPLICA_SCHEMA || (found == Found::There && !is_whole(&connection)?) {
            return Ok(None);
        }
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let select = "SELECT source, workspace, fingerprint, built_at FROM state";
        let (source, workspace, fingerprint, built_at): (String, String, String, i64) =
            connection.query_row(select, [], read)?;
        if source != owner.source || workspace != owner.workspace.to_string() {
            return Ok(None);
        }
        let mut schema = stored_schema(built_in, &connection)?;
        if fingerprint != schema.fingerprint {
            match crate::renew::renew(&mut connection, schema, built_in)? {
                Some(renewed) => schema = renewed,
                None => return Ok(None),
            }
        }
        Ok(Some(Self {
            path: path.to_owned(),
            built_in: built_in.clone(),
            schema: RwLock::new(Arc::new(schema)),
            rules,
            built_at,
            writer: Mutex::new(Some(connection)),
            readers: Mutex::default(),
            broken: AtomicBool::new(false),
            doomed: AtomicBool::new(false),
            removed: Mutex::default(),
        }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The schema as this process knows it. Another one may have changed the file's since.
    pub(crate) fn schema(&self) -> Arc<Schema> {
        self.schema.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Lets the file go when the last one who uses it is done.
    pub(crate) fn doom(&self) {
        self.doomed.store(true, Ordering::Relaxed);
    }

    /// Size of the file in bytes, without what is not checkpointed yet.
    pub(crate) fn bytes(&self) -> u64 {
        std::fs::metadata(&self.path).map_or(0, |file| file.len())
    }

    /// Runs statements that only read, on a connection of their own and for at most `time`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the time is over or the file is damaged (and will be replaced).
    pub(crate) fn read<T>(
        &self,
        time: Duration,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let idle = locked(&self.readers).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => for_reading(&self.path).map_err(|error| self.failed(error))?,
        };
        let end = Instant::now() + time;
        connection.progress_handler(STEPS, Some(move || Instant::now() > end));
        // One transaction: rows, count and number of the last entry are of one moment.
        let answer = connection.transaction().and_then(|transaction| work(&transaction));
        connection.progress_handler(0, None::<fn() -> bool>);
        if answer.is_ok() {
            let mut readers = locked(&self.readers);
            if readers.len() < MAX_IDLE {
                readers.push(connection);
            }
        }
        answer.map_err(|error| self.failed(error))
    }

    /// Makes statements by the schema and runs them on the file as that schema describes it. When the schema has changed
    /// between the two, both happen again.
    ///
    /// # Errors
    /// What `make` answers; otherwise as [`Self::read`].
    pub(crate) fn ask<S, T>(
        &self,
        time: Duration,
        make: impl Fn(&Arc<Schema>) -> Result<S>,
        run: impl Fn(&Transaction<'_>, &S) -> rusqlite::Result<T>,
    ) -> Result<T> {
        for _ in 0..MAX_TRIES {
            let schema = self.schema();
            let statements = make(&schema)?;
            let answer = self.read(time, |transaction| {
                let fits = generation(transaction)? == schema.generation;
                if fits { run(transaction, &statements).map(Some) } else { Ok(None) }
            })?;
            match answer {
                Some(answer) => return Ok(answer),
                None => self.learn(self.read(BUSY, |transaction| stored_schema(&self.built_in, transaction))?),
            }
        }
        Err(Error::unavailable("the schema keeps changing"))
    }

    /// Runs statements in one transaction that writes. When it changes the schema, the new one is known afterwards.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Writer<'_>) -> rusqlite::Result<T>) -> Result<T> {
        self.with_writer(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut schema = self.schema();
            if generation(&transaction)? != schema.generation {
                schema = Arc::new(stored_schema(&self.built_in, &transaction)?);
            }
            let writer = Writer::new(&transaction, schema, &self.built_in, self.rules, self.built_at);
            let answer = work(&writer)?;
            let lost = writer.lost.take();
            let schema = writer.finish()?;
            transaction.commit()?;
            locked(&self.removed).objects.extend(lost);
            self.learn_shared(schema);
            Ok(answer)
        })
    }

    fn learn(&self, schema: Schema) {
        self.learn_shared(Arc::new(schema));
    }

    fn learn_shared(&self, schema: Arc<Schema>) {
        let mut known = self.schema.write().unwrap_or_else(PoisonError::into_inner);
        // Whoever is slow does not take back what somebody else has learnt.
        if schema.generation > known.generation {
            *known = schema;
        }
    }

    /// Runs statements outside of a transaction.
    pub(crate) fn with_writer<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T> {
        let mut writer = locked(&self.writer);
        let connection = writer.as_mut().ok_or_else(|| Error::bug("a replica's file was closed"))?;
        work(connection).map_err(|error| self.failed(error))
    }

    pub(crate) fn state(&self) -> Result<State> {
        self.read(BUSY, |transaction| state(transaction))
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure,
            ) => {
                self.broken.store(true, Ordering::Relaxed);
                Error::unavailable(error)
            }
            Some(ErrorCode::OperationInterrupted | ErrorCode::DatabaseBusy | ErrorCode::DiskFull) => {
                Error::unavailable(error)
            }
            _ => Error::bug(error),
        }
    }
}

/// The schema that a file has, by its own `config` rows.
fn stored_schema(built_in: &[Object], connection: &Connection) -> rusqlite::Result<Schema> {
    Ok(Schema::new(built_in, definitions(connection)?, generation(connection)?))
}

impl Drop for Database {
    fn drop(&mut self) {
        locked(&self.readers).clear();
        locked(&self.writer).take();
        if self.doomed.load(Ordering::Relaxed) {
            remove_file(&self.path);
        }
    }
}

/// Removes a database file with what SQLite keeps beside it.
pub(crate) fn remove_file(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // What is not there need not go, and what cannot go now goes when the directory is next looked through.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}
