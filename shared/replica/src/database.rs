//! One replica's file: its connections, its state, and the transactions that follow the journal.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use events::{Change, Document};
use kernel::{Error, Id, Result, Timestamp, kinds};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, params};

use crate::rules::{Rules, Writer};
use crate::schema::{OWN_TABLES, REPLICA_SCHEMA, Schema};

/// How many idle connections are kept for readers.
const MAX_IDLE: usize = 4;
/// How long a connection waits for another process's transaction.
const BUSY: Duration = Duration::from_secs(5);
/// After how many steps of SQLite's machine a statement looks at the clock: well under a millisecond.
const STEPS: i32 = 10_000;
/// How many statements a connection keeps prepared.
const STATEMENTS: usize = 64;

/// How far a replica is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// The number of the last journal entry that was applied; 0 when the journal was empty.
    pub(crate) seq: u64,
    /// When it was last known to have everything, in milliseconds.
    pub(crate) caught_up_at: i64,
    /// Changes that were applied since the snapshot at `since_seq` was made.
    pub(crate) since: u64,
    /// The number of the last entry of the snapshot that the file comes from or was made into; 0 when there is none.
    pub(crate) since_seq: u64,
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// Applied now, or before.
    Yes,
    /// It is not the one after the last.
    Gap,
}

/// A replica's file, open.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    schema: std::sync::Arc<Schema>,
    rules: Rules,
    built_at: i64,
    writer: Mutex<Option<Connection>>,
    readers: Mutex<Vec<Connection>>,
    /// Set when SQLite says that the file is damaged.
    broken: AtomicBool,
    /// Set when the file is to go as soon as nobody uses it any more.
    doomed: AtomicBool,
    /// Whether a record was removed whose text may still be in the file.
    unscrubbed: AtomicBool,
}

/// Whose replica a file must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    pub(crate) source: &'a str,
    pub(crate) workspace: Id<kinds::Workspace>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1)?;
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; PRAGMA mmap_size = 268435456;",
    )?;
    Ok(connection)
}

fn for_writing(path: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    // The journal can repeat everything, so the last transactions may be lost with the machine, never the file.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;")?;
    Ok(connection)
}

impl Database {
    /// Makes an empty file for a replica that is built now.
    pub(crate) fn create(
        path: &Path,
        schema: &Schema,
        owner: Owner<'_>,
        now: Timestamp,
        seq: u64,
    ) -> rusqlite::Result<()> {
        let connection = for_writing(path)?;
        let tables: String = schema.tables.iter().map(crate::schema::Table::ddl).collect();
        connection
            .execute_batch(&format!("BEGIN; {OWN_TABLES} {tables} PRAGMA user_version = {REPLICA_SCHEMA}; COMMIT;"))?;
        let now = now.as_millis();
        connection.execute(
            "INSERT INTO state VALUES (1, ?, ?, ?, ?, ?, ?, 0, 0)",
            params![owner.source, owner.workspace.to_string(), schema.fingerprint, signed(seq), now, now],
        )?;
        connection.close().map_err(|(_, error)| error)
    }

    /// Opens a file, if it is whole and of the right table, workspace and shape. Columns are made anew when the objects
    /// are described differently by now. `None`: not to be used.
    pub(crate) fn open(
        path: &Path,
        schema: &std::sync::Arc<Schema>,
        owner: Owner<'_>,
        rules: Rules,
    ) -> rusqlite::Result<Option<Self>> {
        let mut connection = for_writing(path)?;
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let check: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
        if version != REPLICA_SCHEMA || check != "ok" {
            return Ok(None);
        }
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let select = "SELECT source, workspace, fingerprint, built_at FROM state";
        let (source, workspace, fingerprint, built_at): (String, String, String, i64) =
            connection.query_row(select, [], read)?;
        if source != owner.source || workspace != owner.workspace.to_string() {
            return Ok(None);
        }
        if fingerprint != schema.fingerprint && !crate::columns::renew(&mut connection, schema)? {
            return Ok(None);
        }
        Ok(Some(Self {
            path: path.to_owned(),
            schema: schema.clone(),
            rules,
            built_at,
            writer: Mutex::new(Some(connection)),
            readers: Mutex::default(),
            broken: AtomicBool::new(false),
            doomed: AtomicBool::new(false),
            unscrubbed: AtomicBool::new(false),
        }))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn schema(&self) -> &Schema {
        &self.schema
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
            None => connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| self.failed(error))?,
        };
        let end = Instant::now() + time;
        connection.progress_handler(STEPS, Some(move || Instant::now() > end));
        // One transaction: rows, count and number of the last entry are of one moment.
        let answer = connection.transaction().and_then(|transaction| work(&transaction));
        connection.progress_handler(STEPS, None::<fn() -> bool>);
        if answer.is_ok() {
            let mut readers = locked(&self.readers);
            if readers.len() < MAX_IDLE {
                readers.push(connection);
            }
        }
        answer.map_err(|error| self.failed(error))
    }

    /// Runs statements in one transaction that writes.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&Writer<'_>) -> rusqlite::Result<T>) -> Result<T> {
        self.with_writer(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let writer =
                Writer { transaction: &transaction, schema: &self.schema, rules: self.rules, built_at: self.built_at };
            let answer = work(&writer)?;
            transaction.commit()?;
            Ok(answer)
        })
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

    /// Applies one entry of the journal with its number, in one transaction: a kill loses nothing and repeats nothing.
    pub(crate) fn apply(&self, seq: u64, changes: &[Change], now: Timestamp) -> Result<Applied> {
        let applied = self.write(|writer| {
            // Somebody else may have applied it meanwhile: what counts is what the file says now.
            let last = state(writer.transaction)?.seq;
            if seq <= last {
                return Ok(Applied::Yes);
            }
            if writer.rules.gap && last != 0 && seq != last + 1 {
                return Ok(Applied::Gap);
            }
            for change in changes {
                writer.apply(change)?;
            }
            let mut moved = writer
                .transaction
                .prepare_cached("UPDATE state SET seq = ?, since = since + ?, caught_up_at = max(caught_up_at, ?)")?;
            moved.execute(params![signed(seq), changes.len(), now.as_millis()])?;
            Ok(Applied::Yes)
        })?;
        if changes.iter().any(|change| change.item == "record" && change.document.is_none()) {
            self.unscrubbed.store(true, Ordering::Relaxed);
        }
        Ok(applied)
    }

    /// [`Self::scrub`], if anything was removed since the last time.
    pub(crate) fn scrub_after_removals(&self) -> Result<()> {
        if self.unscrubbed.swap(false, Ordering::Relaxed) { self.scrub() } else { Ok(()) }
    }

    /// Leaves nothing of removed text in the file: the text index keeps it in its segments until they are merged into
    /// one, and the log keeps the pages of before until it is emptied. Takes as long as reading the text index does.
    pub(crate) fn scrub(&self) -> Result<()> {
        self.with_writer(|connection| {
            for table in self.schema.tables.iter().filter(|table| table.searched().next().is_some()) {
                let words = &table.words;
                connection.execute(&format!("INSERT INTO {words} ({words}) VALUES ('optimize')"), [])?;
            }
            // Somebody who reads right now keeps the log from being emptied: the next time does it.
            connection.busy_timeout(Duration::ZERO)?;
            let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            connection.busy_timeout(BUSY)?;
            emptied
        })
    }

    /// Applies changes again that are older than the file's last number: those around the moment it was built.
    pub(crate) fn replay(&self, changes: &[Change]) -> Result<()> {
        self.write(|writer| changes.iter().try_for_each(|change| writer.apply(change)))
    }

    /// Takes over records that were just read from the table.
    pub(crate) fn fetched(&self, object: &str, documents: &[Document]) -> Result<()> {
        self.write(|writer| match writer.schema.table(object) {
            Some(table) => documents.iter().try_for_each(|document| writer.fetched(table, document)),
            None => Ok(()),
        })
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

pub(crate) fn state(connection: &Connection) -> rusqlite::Result<State> {
    let mut select = connection.prepare_cached("SELECT seq, caught_up_at, since, since_seq FROM state")?;
    select.query_row([], |row| {
        let number = |index| row.get(index).map(|number: i64| u64::try_from(number).unwrap_or(0));
        Ok(State { seq: number(0)?, caught_up_at: row.get(1)?, since: number(2)?, since_seq: number(3)? })
    })
}

fn signed(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
