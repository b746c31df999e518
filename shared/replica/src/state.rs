//! How far a replica is: the one row of `state`.

use kernel::Timestamp;
use rusqlite::{Connection, Result, params};

/// How far a replica is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// The number of the last journal entry that was applied; 0 when the journal was empty.
    pub(crate) seq: u64,
    /// When it was last known to have everything, in milliseconds.
    pub(crate) caught_up_at: i64,
    /// Changes that were applied since the snapshot at `since_seq` was made, and rows that were made anew.
    pub(crate) since: u64,
    /// The number of the last entry of the snapshot that the file comes from or was made into; 0 when there is none.
    pub(crate) since_seq: u64,
}

/// A number as SQLite keeps it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How far a file is.
pub(crate) fn state(connection: &Connection) -> Result<State> {
    let mut select = connection.prepare_cached("SELECT seq, caught_up_at, since, since_seq FROM state")?;
    select.query_row([], |row| {
        let number = |index| row.get(index).map(|number: i64| u64::try_from(number).unwrap_or(0));
        Ok(State { seq: number(0)?, caught_up_at: row.get(1)?, since: number(2)?, since_seq: number(3)? })
    })
}

/// The number of the last change of a file's schema.
pub(crate) fn generation(connection: &Connection) -> Result<i64> {
    connection.prepare_cached("SELECT generation FROM state")?.query_row([], |row| row.get(0))
}

/// Notes that a file's schema is another one now, and how many rows were made anew for it: whoever starts from the
/// snapshot before does that work again, so each of them counts as a change since then.
pub(crate) fn note_schema(connection: &Connection, generation: i64, fingerprint: &str, rows: usize) -> Result<()> {
    let mut update =
        connection.prepare_cached("UPDATE state SET generation = ?, fingerprint = ?, since = since + ?")?;
    update.execute(params![generation, fingerprint, rows]).map(drop)
}

/// Notes that an entry with so many changes was applied.
pub(crate) fn note_applied(connection: &Connection, seq: u64, changes: usize, now: Timestamp) -> Result<()> {
    let mut update = connection
        .prepare_cached("UPDATE state SET seq = ?, since = since + ?, caught_up_at = max(caught_up_at, ?)")?;
    update.execute(params![signed(seq), changes, now.as_millis()]).map(drop)
}
