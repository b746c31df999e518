//! What the stack itself remembers: messages in queues, how far each stream consumer has come, and who has signed in.
//!
//! One SQLite file. A process that is killed loses nothing that was acknowledged (the write-ahead log is the operating
//! system's as soon as a statement returns); only a power cut could take the last moments.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, params};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS checkpoint (consumer TEXT PRIMARY KEY, sequence TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS message (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        attributes TEXT NOT NULL,
        sent_ms INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL,
        receipt TEXT,
        receives INTEGER NOT NULL DEFAULT 0,
        first_received_ms INTEGER,
        dead_letter_source TEXT
    );
    CREATE INDEX IF NOT EXISTS message_by_queue ON message (queue, visible_ms, number);
    CREATE TABLE IF NOT EXISTS sign_in (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        handle_digest TEXT NOT NULL UNIQUE,
        secret_digest TEXT NOT NULL,
        name TEXT NOT NULL,
        email TEXT NOT NULL,
        scope TEXT NOT NULL,
        began INTEGER NOT NULL,
        ends INTEGER NOT NULL
    );
";

/// The file, open.
#[derive(Debug)]
pub(crate) struct State {
    connection: Mutex<Connection>,
}

impl State {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection
            .execute_batch(SCHEMA)
            .with_context(|| format!("{} is not a file of this program", path.display()))?;
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// The connection, for one quick piece of work.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sequence number up to which a stream consumer has done everything.
    pub(crate) fn checkpoint(&self, consumer: &str) -> Result<Option<String>> {
        let row = self
            .lock()
            .query_row("SELECT sequence FROM checkpoint WHERE consumer = ?1", [consumer], |row| row.get(0))
            .optional()?;
        Ok(row)
    }

    pub(crate) fn set_checkpoint(&self, consumer: &str, sequence: &str) -> Result<()> {
        self.lock().execute("INSERT OR REPLACE INTO checkpoint VALUES (?1, ?2)", params![consumer, sequence])?;
        Ok(())
    }
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A duration in milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
