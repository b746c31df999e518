//! Opening the engine and making the table.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use dynoxide::{Database, DynoxideError};
use rusqlite::Connection;
use serde_json::json;

use crate::dispatch::Dispatch;
use crate::stream::Stream;
use crate::tokens::Tokens;

/// How long a statement waits for another connection's lock; the engine itself waits about as long.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Every write asks for the greatest sequence number of the table's stream. The number is stored as text, so only an
/// index on the expression
/// itself answers that from one row; without it each write reads every stream record there is.
const SEQUENCE_INDEX: &str = "CREATE INDEX IF NOT EXISTS rapport_stream_sequence \
     ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// What the engine adds to a stored sequence number when it shows it.
const SEQUENCE_NUMBER_OFFSET: u128 = 100_000_000_000_000_000_000;

/// Names the engines in memory apart.
static MEMORIES: AtomicU64 = AtomicU64::new(0);

/// Where the engine's work, which is blocking, runs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Execution {
    /// On the calling thread: quickest, and deterministic; right for tests.
    #[default]
    Inline,
    /// On tokio's blocking threads: the runtime goes on while SQLite works; right for a server.
    BlockingThreads,
}

/// What opening the engine or making a table can fail with.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine refused or failed.
    #[error("the DynamoDB engine: {0}")]
    Engine(#[from] DynoxideError),
    /// SQLite refused or failed, outside of the engine.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// A path that is not text.
    #[error("the path of a database must be UTF-8: {0}")]
    Path(String),
    /// An operation answered with an error.
    #[error("{operation} answered {status}: {body}")]
    Refused {
        /// The DynamoDB operation, such as `CreateTable`.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// The answer, JSON.
        body: String,
    },
}

/// A DynamoDB engine. Cloning shares it.
#[derive(Clone)]
pub struct Engine {
    database: Database,
    tokens: Tokens,
    location: Arc<str>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("location", &self.location).finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine that keeps everything in memory and is gone with its last clone.
    ///
    /// # Errors
    /// When SQLite cannot be set up.
    pub fn memory() -> Result<Self, EngineError> {
        // A name makes it reachable for a second connection, which adds the index; the engine gives no access to its
        // own.
        let number = MEMORIES.fetch_add(1, Ordering::Relaxed);
        Self::at(format!("file:rapport-{number}?mode=memory&cache=shared"))
    }

    /// An engine on a file, made when there is none. A killed process loses nothing that was acknowledged.
    ///
    /// # Errors
    /// When the file cannot be opened, is not a database, or was written by a newer engine.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let text = path.to_str().ok_or_else(|| EngineError::Path(path.display().to_string()))?;
        Self::at(text.to_owned())
    }

    fn at(location: String) -> Result<Self, EngineError> {
        let database = Database::new(&location)?;
        let engine = Self { database, tokens: Tokens::default(), location: location.into() };
        engine.side_connection()?.execute_batch(SEQUENCE_INDEX)?;
        Ok(engine)
    }

    /// A connection of our own to the engine's file, for what the engine has no call for.
    fn side_connection(&self) -> Result<Connection, EngineError> {
        let connection = Connection::open(&*self.location)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        Ok(connection)
    }

    /// Makes a table of Rapport's shape (the same as `infra/table.yaml`), with its stream and its TTL. A table that
    /// exists is left alone.
    ///
    /// # Errors
    /// When the engine refuses the name.
    pub fn create_table(&self, name: &str) -> Result<(), EngineError> {
        let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
        let keys = |hash: &str, range: &str| json!([{ "AttributeName": hash, "KeyType": "HASH" }, { "AttributeName": range, "KeyType": "RANGE" }]);
        let index = |name: &str, hash: &str, range: &str| json!({ "IndexName": name, "KeySchema": keys(hash, range), "Projection": { "ProjectionType": "KEYS_ONLY" } });
        let attributes = ["pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"].map(attribute);
        let request = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": attributes,
            "KeySchema": keys("pk", "sk"),
            "GlobalSecondaryIndexes": [index("gsi1", "gsi1pk", "gsi1sk"), index("gsi2", "gsi2pk", "gsi2sk")],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
        });
        let (status, body) = self.dispatch("CreateTable", &request.to_string());
        if status != 200 {
            if body.contains("ResourceInUseException") {
                return Ok(());
            }
            return Err(EngineError::Refused { operation: "CreateTable", status, body });
        }
        let request = json!({
            "TableName": name,
            "TimeToLiveSpecification": { "Enabled": true, "AttributeName": "expires_at" },
        });
        match self.dispatch("UpdateTimeToLive", &request.to_string()) {
            (200, _) => Ok(()),
            (status, body) => Err(EngineError::Refused { operation: "UpdateTimeToLive", status, body }),
        }
    }

    /// Answers one operation of DynamoDB or of DynamoDB Streams (`PutItem`, `GetRecords` ...): the HTTP status and the
    /// JSON that AWS would
    /// answer with.
    #[must_use]
    pub fn dispatch(&self, operation: &str, body: &str) -> (u16, String) {
        Dispatch::new(&self.database, &self.tokens).answer(operation, body)
    }

    /// The SDK's transport into this engine, on the calling thread.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        self.http_client_on(Execution::Inline)
    }

    /// The SDK's transport into this engine.
    #[must_use]
    pub fn http_client_on(&self, execution: Execution) -> SharedHttpClient {
        crate::connector::client(self.clone(), execution)
    }

    /// The stream of a table.
    #[must_use]
    pub fn stream(&self, table: &str) -> Stream {
        Stream::new(self.clone(), table)
    }

    /// Removes what has expired, as DynamoDB does within some days, and answers how many items that was.
    ///
    /// # Errors
    /// When SQLite fails.
    pub fn sweep_ttl(&self) -> Result<usize, EngineError> {
        Ok(self.database.sweep_ttl()?)
    }

    /// Forgets those of a table's stream records that are older than `age` (DynamoDB keeps them for 24 hours), but none
    /// after the sequence number `done`: a machine that was switched off must not lose what nobody has read. Answers how
    /// many those were.
    ///
    /// # Errors
    /// When SQLite fails or the file is busy for longer than five seconds.
    pub fn trim_stream(&self, table: &str, age: Duration, done: &str) -> Result<usize, EngineError> {
        let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        let stored = done.parse::<u128>().ok().and_then(|public| public.checked_sub(SEQUENCE_NUMBER_OFFSET));
        let stored = stored.and_then(|stored| i64::try_from(stored).ok()).unwrap_or(0);
        let trimmed = self.side_connection()?.execute(
            "DELETE FROM _stream_records WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2
                 AND created_at <= unixepoch() - ?3",
            rusqlite::params![table, stored, seconds],
        )?;
        Ok(trimmed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_finds_the_end_of_the_stream_in_the_index() {
        let folder = tempfile::tempdir().unwrap();
        for engine in [Engine::memory().unwrap(), Engine::open(&folder.path().join("table")).unwrap()] {
            // The engine's own question before each write.
            let sql = "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 \
                       FROM _stream_records WHERE table_name = 'rapport'";
            let connection = engine.side_connection().unwrap();
            let plan: String = connection.query_row(sql, [], |row| row.get("detail")).unwrap();
            assert!(plan.contains("SEARCH") && plan.contains("rapport_stream_sequence"), "{plan}");
        }
    }
}
