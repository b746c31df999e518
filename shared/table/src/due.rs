//! Work that is due at a time, of all workspaces.

use aws_sdk_dynamodb::types::AttributeValue;
use kernel::{AnyId, Id, Result, Timestamp, kinds};

use crate::Tables;
use crate::aws_error::failed;
use crate::item::Item;
use crate::key::{day_of, due_at, due_end, due_partition, due_seals, record_of};
use crate::read::text;

/// A record for which there is something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Whose record it is.
    pub workspace: Id<kinds::Workspace>,
    /// The object, such as `contact`.
    pub object: String,
    /// The record.
    pub id: AnyId,
    /// Since when there is something to do.
    pub at: Timestamp,
}

/// A day of a workspace whose events are to be sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDay {
    /// Whose day.
    pub workspace: Id<kinds::Workspace>,
    /// The day in UTC, `2026-11-21`.
    pub day: String,
}

/// Some of what is due in a shard, the longest overdue first, and where to go on if there is more.
#[derive(Debug, Clone)]
pub struct DuePage {
    /// Records for which there is something to do.
    pub due: Vec<Due>,
    /// Where the next page starts.
    pub next: Option<DueAfter>,
}

/// A place in a shard, to go on after it. Good for the shard that it came from.
#[derive(Debug, Clone)]
pub struct DueAfter(Item);

impl Tables {
    /// The records of a shard (0 to [`crate::DUE_SHARDS`] - 1) for which something was to be done at `now` or before, at
    /// most `limit` a page. A record is told of until it is written with another due time or with none.
    ///
    /// The index is eventually consistent: what was just done may be told of once more, so whoever does it reads the
    /// record first. A page can have fewer records than there are entries, even none, and still have a next one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn due(&self, shard: u32, now: Timestamp, limit: u16, after: Option<DueAfter>) -> Result<DuePage> {
        let (items, next) = self.due_in(due_partition(shard), now, limit, after).await?;
        // What this release cannot read is left to the one that has written it.
        Ok(DuePage { due: items.iter().filter_map(due_of).collect(), next })
    }

    /// The days, of all workspaces, that were to be sealed at `now` or before, at most `limit` a page, as [`Self::due`].
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn due_days(
        &self,
        now: Timestamp,
        limit: u16,
        after: Option<DueAfter>,
    ) -> Result<(Vec<DueDay>, Option<DueAfter>)> {
        let (items, next) = self.due_in(due_seals(), now, limit, after).await?;
        Ok((items.iter().filter_map(due_day).collect(), next))
    }

    async fn due_in(
        &self,
        partition: String,
        now: Timestamp,
        limit: u16,
        after: Option<DueAfter>,
    ) -> Result<(Vec<Item>, Option<DueAfter>)> {
        let answer = self
            .client
            .query()
            .table_name(&*self.name)
            .index_name("gsi2")
            .key_condition_expression("gsi2pk = :shard and gsi2sk < :end")
            .expression_attribute_values(":shard", AttributeValue::S(partition))
            .expression_attribute_values(":end", AttributeValue::S(due_end(now)))
            .set_exclusive_start_key(after.map(|DueAfter(place)| place))
            .limit(i32::from(limit.max(1)))
            .send()
            .await
            .map_err(failed)?;
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key.map(DueAfter)))
    }
}

fn due_of(item: &Item) -> Option<Due> {
    let (workspace, object, id) = record_of(&text(item, "pk")?)?;
    Some(Due { workspace, object, id, at: due_at(&text(item, "gsi2sk")?)? })
}

fn due_day(item: &Item) -> Option<DueDay> {
    let (workspace, day) = day_of(&text(item, "pk")?, &text(item, "sk")?)?;
    Some(DueDay { workspace, day })
}
