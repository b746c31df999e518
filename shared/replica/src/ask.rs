//! Answering a question.

use std::time::Instant;

use events::Document;
use kernel::{AnyId, Error, Position, Result, Timestamp, Version};
use rusqlite::types::ValueRef;
use rusqlite::{Row, Transaction, params_from_iter};
use serde_json::Value;

use crate::cursor::Cursor;
use crate::query::Query;
use crate::replicas::Replica;
use crate::sql::{Part, Statements};
use crate::state::state;

/// How far the journal may be behind the table for pages to fit together exactly, in milliseconds. It is behind by a
/// second or two; far behind, an alarm rings.
const AHEAD_MS: i64 = 600_000;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The records as they are stored, without what the caller may not see.
    pub documents: Vec<Document>,
    /// Whether there are more after the last of them.
    pub has_more: bool,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
    /// How many records fit in all, if that was asked.
    pub count: Option<u64>,
    /// When the question was asked. What the journal had then is in the answer, and what the caller's position names. The
    /// journal itself is behind the table by a second or two (metric `journal_lag_ms`), so a write of somebody else just
    /// before this moment may be missing, and one just after it may be there.
    pub as_of: Timestamp,
    /// How long SQLite worked, in milliseconds.
    pub replica_ms: f64,
}

/// One row of a page.
struct Found {
    doc: String,
    id: String,
    values: Vec<Value>,
}

impl Replica {
    /// Answers a question: catches up, reads the caller's own writes, and asks. With nothing new in the journal that is
    /// one round trip and half a read unit.
    ///
    /// # Errors
    /// Every violation of the query at once; `cursor_mismatch` for a cursor of another list; [`Error::Unavailable`] when
    /// the replica is too far behind.
    pub async fn answer(&self, query: &Query, position: &Position) -> Result<Answer> {
        // What cannot be asked costs nothing.
        self.statements(query)?;
        let cursor = self.cursor(query)?;
        let as_of = self.clock.now();
        self.catch_up_to(cursor.as_ref().map_or(0, |cursor| cursor.seq)).await?;
        let ahead = cursor.iter().flat_map(|cursor| cursor.ahead.iter().copied());
        self.ensure_all(position.iter().chain(ahead)).await?;
        self.ask_at(query, cursor.as_ref(), as_of)
    }

    /// Answers from what the replica has now, without asking the table.
    ///
    /// # Errors
    /// As [`Self::answer`]; [`Error::Unavailable`] also when the page before was answered by a replica that was further.
    pub fn ask(&self, query: &Query) -> Result<Answer> {
        let cursor = self.cursor(query)?;
        self.ask_at(query, cursor.as_ref(), self.clock.now())
    }

    fn statements(&self, query: &Query) -> Result<Statements> {
        let schema = self.database()?.schema();
        let table = schema.table(&query.object);
        let table = table.ok_or_else(|| Error::bug(format!("replicas know no object {}", query.object)))?;
        Ok(Statements::new(table, query)?)
    }

    fn cursor(&self, query: &Query) -> Result<Option<Cursor>> {
        let workspace = self.table.workspace_id();
        query.cursor.as_deref().map(|text| Cursor::decode(text, workspace, query)).transpose()
    }

    fn ask_at(&self, query: &Query, cursor: Option<&Cursor>, as_of: Timestamp) -> Result<Answer> {
        let started = Instant::now();
        let statements = self.statements(query)?;
        let page = statements.page(cursor)?;
        let count = query.count.then(|| statements.count());
        let ahead = statements.ahead(as_of.as_millis() - AHEAD_MS);
        let (seq, mut found, count, ahead) = self.database()?.read(self.limits().statement, |transaction| {
            let seq = state(transaction)?.seq;
            let mut select = transaction.prepare_cached(&page.text)?;
            let found =
                select.query_map(params_from_iter(&page.values), read)?.collect::<rusqlite::Result<Vec<_>>>()?;
            let counted = |part: Part| -> rusqlite::Result<i64> {
                transaction.prepare_cached(&part.text)?.query_row(params_from_iter(&part.values), |row| row.get(0))
            };
            let ahead = if found.len() > usize::from(query.limit) { pairs(transaction, &ahead)? } else { Vec::new() };
            Ok((seq, found, count.map(counted).transpose()?, ahead))
        })?;
        if cursor.is_some_and(|cursor| cursor.seq > seq) {
            return Err(Error::unavailable("the replica is behind the one that answered the page before"));
        }
        let has_more = found.len() > usize::from(query.limit);
        found.truncate(usize::from(query.limit));
        let next_cursor = found.last().filter(|_| has_more).map(|last| {
            let cursor = Cursor::new(self.table.workspace_id(), query, last.values.clone(), last.id.clone());
            cursor.reached(seq, ahead).encode()
        });
        let documents = found.iter().map(|found| shown(query, &found.doc)).collect::<Result<_>>()?;
        let count = count.map(|count| u64::try_from(count).unwrap_or(0));
        let replica_ms = started.elapsed().as_secs_f64() * 1000.0;
        Ok(Answer { documents, has_more, next_cursor, count, as_of, replica_ms })
    }
}

/// Ids and versions.
fn pairs(transaction: &Transaction<'_>, part: &Part) -> rusqlite::Result<Vec<(AnyId, Version)>> {
    let mut select = transaction.prepare_cached(&part.text)?;
    let rows = select.query_map(params_from_iter(&part.values), |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let rows: Vec<(String, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(rows.into_iter().filter_map(|(id, version)| Some((id.parse().ok()?, u64::try_from(version).ok()?))).collect())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Found> {
    let columns = row.as_ref().column_count();
    let values = (2..columns)
        .map(|index| {
            Ok(match row.get_ref(index)? {
                ValueRef::Integer(number) => Value::from(number),
                ValueRef::Text(text) => Value::from(String::from_utf8_lossy(text)),
                ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Value::Null,
            })
        })
        .collect::<rusqlite::Result<_>>()?;
    Ok(Found { doc: row.get(0)?, id: row.get(1)?, values })
}

fn shown(query: &Query, doc: &str) -> Result<Document> {
    let mut document: Document = serde_json::from_str(doc).map_err(Error::bug)?;
    for hidden in &query.visibility.hidden {
        document.remove(hidden);
    }
    Ok(document)
}
