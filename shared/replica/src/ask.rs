//! Answering questions.
//!
//! Every question goes the same way: what cannot be asked is refused before anything is read, the replica catches up and
//! takes over the caller's own writes, and one transaction answers.

use std::time::Instant;

use kernel::{AnyId, Error, Position, Result, Timestamp, Version};
use rusqlite::{ErrorCode, Row, Transaction, params_from_iter};

use crate::cursor::{Cursor, Key, list_of};
use crate::part::Part;
use crate::prepared::prepare;
use crate::query::Query;
use crate::replicas::Replica;
use crate::schema::Schema;
use crate::scope::Scope;
use crate::shown::{Found, Raw, Shown};
use crate::sql::Statements;
use crate::state::state;
use crate::visible::Visibility;

/// How far the journal may be behind the table for pages to fit together exactly, in milliseconds. It is behind by a
/// second or two; far behind, an alarm rings.
const AHEAD_MS: i64 = 600_000;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The records, in the order that was asked for.
    pub rows: Vec<Found>,
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
    ends: Ends,
}

/// Where a page could end: after each of its records.
#[derive(Debug, Clone, PartialEq)]
struct Ends {
    /// A cursor of the list, at no record yet.
    cursor: Cursor,
    places: Vec<(String, Vec<Key>)>,
}

impl Ends {
    /// The cursor after so many records; `None` after none.
    fn after(&self, count: usize) -> Option<String> {
        let (id, keys) = self.places.get(count.checked_sub(1)?)?;
        Some(self.cursor.at(keys.clone(), id.clone()).encode())
    }
}

impl Answer {
    /// Where the next page begins if this one ends after some of its records, at least one, since there is no room for all.
    #[must_use]
    pub fn cursor_after(&self, count: usize) -> Option<String> {
        match (1..self.rows.len()).contains(&count) {
            true => self.ends.after(count),
            false => self.next_cursor.clone(),
        }
    }
}

/// One row of a page: where it is, whose it is, what it is sorted by.
struct Place {
    row: i64,
    id: String,
    keys: Vec<Key>,
}

/// A query as it is put: the statements, and how the records are read.
struct Put {
    page: Part,
    count: Option<Part>,
    ahead: Part,
    shown: Shown,
}

/// What one transaction answered.
struct Read {
    seq: u64,
    places: Vec<Place>,
    raws: Vec<Raw>,
    count: Option<i64>,
    ahead: Vec<(AnyId, Version)>,
    shown: Shown,
}

/// Somewhere to look: a scope over an object, or the answer that there is no such object.
pub(crate) fn scope<'a>(schema: &'a Schema, object: &str, visibility: &'a Visibility) -> Result<Scope<'a>> {
    Scope::new(schema, object, visibility).ok_or_else(|| Error::not_found("object"))
}

/// Passes if a query can be asked of a workspace with a schema, whether or not there is a replica of it: what is kept to be asked
/// later is checked so when it is written.
///
/// # Errors
/// Every violation of the query at once; [`Error::NotFound`] for an object that there is not.
pub fn check(schema: &records::Schema, query: &Query) -> Result<()> {
    let schema = Schema::of(schema, 0);
    Statements::new(&scope(&schema, &query.object, &query.visibility)?, query)?;
    Ok(())
}

impl Replica {
    /// Answers a question: catches up, reads the caller's own writes, and asks. With nothing new in the journal that is
    /// one round trip and half a read unit; one more round trip before something is refused that a newer schema may know.
    ///
    /// # Errors
    /// Every violation of the query at once; `too_expensive` when answering took too long; `cursor_mismatch` for a cursor of
    /// another list; [`Error::NotFound`] for an object that there is not; [`Error::Unavailable`] when the replica is too far
    /// behind.
    pub async fn answer(&self, query: &Query, position: &Position) -> Result<Answer> {
        let cursor = self.cursor(query)?;
        self.check(|schema| Ok(Statements::new(&scope(schema, &query.object, &query.visibility)?, query)?)).await?;
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

    /// Passes if a question can be put, by the newest schema if not by the one at hand: what the company has defined a
    /// moment ago must not be refused. What cannot be asked costs the replica nothing else.
    pub(crate) async fn check<S>(&self, make: impl Fn(&Schema) -> Result<S>) -> Result<()> {
        match make(&self.database()?.schema()) {
            Err(Error::Invalid(_) | Error::NotFound { .. }) if self.refresh_schema().await? => {
                make(&self.database()?.schema()).map(drop)
            }
            made => made.map(drop),
        }
    }

    /// Catches up and takes over the caller's own writes; answers the moment that this began. What is asked by the
    /// functions that end in `_here` after that costs no round trip.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the replica is too far behind.
    pub async fn follow(&self, position: &Position) -> Result<Timestamp> {
        let as_of = self.clock.now();
        self.catch_up().await?;
        self.ensure(position).await?;
        Ok(as_of)
    }

    /// [`Self::put`] for what a caller has made up: what takes too long now takes too long the next time as well, so it is
    /// refused rather than put off.
    pub(crate) fn put_bounded<S, T>(
        &self,
        make: impl Fn(&Schema) -> Result<S>,
        run: impl Fn(&Transaction<'_>, &S) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let run = |transaction: &Transaction<'_>, statements: &S| match run(transaction, statements) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(None),
            answer => answer.map(Some),
        };
        self.put(make, run)?.ok_or_else(too_expensive)
    }

    /// Makes statements by the file's schema and runs them in one transaction, for as long as a question may take.
    pub(crate) fn put<S, T>(
        &self,
        make: impl Fn(&Schema) -> Result<S>,
        run: impl Fn(&Transaction<'_>, &S) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.database()?.ask(self.limits().statement, |schema| make(schema), run)
    }

    fn cursor(&self, query: &Query) -> Result<Option<Cursor>> {
        let decode = |text: &String| Cursor::decode(text, self.table.workspace_id(), &list_of(query));
        query.cursor.as_ref().map(decode).transpose()
    }

    fn ask_at(&self, query: &Query, cursor: Option<&Cursor>, as_of: Timestamp) -> Result<Answer> {
        let started = Instant::now();
        let make = |schema: &Schema| {
            let scope = scope(schema, &query.object, &query.visibility)?;
            let statements = Statements::new(&scope, query)?;
            Ok(Put {
                page: statements.page(cursor)?,
                count: query.count.then(|| statements.count()),
                ahead: statements.ahead(as_of.as_millis() - AHEAD_MS),
                shown: Shown::new(&scope),
            })
        };
        let read = self.put_bounded(make, |transaction, put| read(transaction, put, query))?;
        if cursor.is_some_and(|cursor| cursor.seq > read.seq) {
            return Err(Error::unavailable("the replica is behind the one that answered the page before"));
        }
        let held = read.raws.len();
        let has_more = read.places.len() > held;
        let cursor = Cursor::new(self.table.workspace_id(), &list_of(query), Vec::new(), String::new());
        let places = read.places.into_iter().take(held).map(|place| (place.id, place.keys)).collect();
        let ends = Ends { cursor: cursor.reached(read.seq, read.ahead), places };
        let next_cursor = if has_more { ends.after(held) } else { None };
        let rows = read.raws.iter().map(|raw| read.shown.found(raw)).collect::<Result<_>>()?;
        let count = read.count.map(|count| u64::try_from(count).unwrap_or(0));
        Ok(Answer { rows, has_more, next_cursor, count, as_of, replica_ms: millis(started), ends })
    }
}

/// What is answered to a question that took longer than one may.
pub(crate) fn too_expensive() -> Error {
    Error::invalid("", "too_expensive", "takes too long to answer: ask for less at once")
}

/// How long something took, in milliseconds.
pub(crate) fn millis(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1000.0
}

fn read(transaction: &Transaction<'_>, put: &Put, query: &Query) -> rusqlite::Result<Read> {
    let seq = state(transaction)?.seq;
    let mut select = prepare(transaction, &put.page.text)?;
    let mut found = select.query(params_from_iter(&put.page.values))?;
    let (mut places, mut raws, mut bytes) = (Vec::new(), Vec::new(), 0);
    let is_full = |count: usize, bytes: usize| {
        count >= usize::from(query.limit) || count > 0 && query.max_bytes.is_some_and(|most| bytes >= most)
    };
    while let Some(row) = found.next()? {
        let place = place(row)?;
        let is_beyond = is_full(raws.len(), bytes);
        if !is_beyond {
            let raw = put.shown.read(transaction, place.row)?;
            bytes += raw.bytes();
            raws.push(raw);
        }
        places.push(place);
        // The next ones are not even looked for.
        if is_beyond {
            break;
        }
    }
    let count = put
        .count
        .as_ref()
        .map(|count| prepare(transaction, &count.text)?.query_row(params_from_iter(&count.values), |row| row.get(0)));
    // Also of the last page: it may end early.
    let ahead = if places.len() > 1 { pairs(transaction, &put.ahead)? } else { Vec::new() };
    Ok(Read { seq, places, raws, count: count.transpose()?, ahead, shown: put.shown.clone() })
}

/// Ids and versions.
fn pairs(transaction: &Transaction<'_>, part: &Part) -> rusqlite::Result<Vec<(AnyId, Version)>> {
    let mut select = prepare(transaction, &part.text)?;
    let rows = select.query_map(params_from_iter(&part.values), |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let rows: Vec<(String, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(rows.into_iter().filter_map(|(id, version)| Some((id.parse().ok()?, u64::try_from(version).ok()?))).collect())
}

fn place(row: &Row<'_>) -> rusqlite::Result<Place> {
    let columns = row.as_ref().column_count();
    let keys = (2..columns).map(|index| Ok(Key::of(row.get_ref(index)?))).collect::<rusqlite::Result<_>>()?;
    Ok(Place { row: row.get(0)?, id: row.get(1)?, keys })
}
