//! Judging a change over the records that are there, as the workspace's replica has them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::App;
use events::Document;
use kernel::{Error, Position, Result};
use records::{Cx, Field, Object};
use replica::{Archived, Condition, Filter, Limits, MAX_LIMIT, Op, Query, Replicas, Visibility};

use crate::effect::{Effect, Tally};

/// How long a change may be judged: the function has 29 seconds, and has to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// The code of a change that would take too long to judge.
pub(crate) const TOO_MANY_RECORDS: &str = "too_many_records";

/// Where changes are judged. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Judge {
    replicas: Arc<Replicas>,
}

impl Judge {
    pub(crate) fn new(app: &App) -> Self {
        let (tables, files, queues) = (app.tables.clone(), app.files.clone(), app.queues.clone());
        Self { replicas: Arc::new(Replicas::new(app.replica_dir.clone(), tables, files, queues, Limits::request())) }
    }

    /// What becomes of a field's values when the field changes, and the words that records have then.
    ///
    /// # Errors
    /// `too_many_records` when there are more than can be looked at within a request; when no replica can be had.
    pub(crate) async fn judge(
        &self,
        cx: &Cx,
        object: &Object,
        (before, after): (&Field, &Field),
        position: &Position,
    ) -> Result<(Effect, BTreeSet<String>)> {
        let mut tally = Tally::new(before, after);
        let mut query = of_all(object);
        query.filter = Filter::Is(Condition::new(&before.path, Op::IsNull, false));
        self.walk(cx, query, position, |document| tally.count(document)).await?;
        Ok(tally.finish())
    }

    /// How many records have no value in a field that is to be required.
    ///
    /// # Errors
    /// When no replica can be had.
    pub(crate) async fn without_value(
        &self,
        cx: &Cx,
        object: &Object,
        field: &Field,
        position: &Position,
    ) -> Result<u64> {
        let mut query = Query { count: true, limit: 1, ..of_all(object) };
        query.filter = Filter::Is(Condition::new(&field.path, Op::IsNull, true));
        let replica = self.replicas.open(&cx.table, &cx.clock).await?;
        Ok(replica.answer(&query, position).await?.count.unwrap_or(0))
    }

    /// Shows every record that a query finds.
    async fn walk(
        &self,
        cx: &Cx,
        mut query: Query,
        position: &Position,
        mut visit: impl FnMut(&Document),
    ) -> Result<()> {
        let begun = Instant::now();
        let replica = self.replicas.open(&cx.table, &cx.clock).await?;
        let mut answer = replica.answer(&query, position).await?;
        loop {
            answer.rows.iter().map(|found| &found.document).for_each(&mut visit);
            if answer.next_cursor.is_none() {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                let detail = "there are more records than can be looked at within a request".to_owned();
                return Err(Error::WrongState { code: TOO_MANY_RECORDS, detail });
            }
            query.cursor = answer.next_cursor;
            answer = replica.ask(&query)?;
        }
    }
}

/// Every record of an object, those in the trash too, a page at a time.
fn of_all(object: &Object) -> Query {
    let query = Query { limit: MAX_LIMIT, archived: Archived::Any, ..Query::new(&object.name) };
    Query { visibility: Visibility::all(), ..query }
}
