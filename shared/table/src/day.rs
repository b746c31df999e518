//! The events of a day, in the order of their ids, from the shards of the catalog.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use events::{Document, Entry};
use kernel::{Error, Id, Result, kinds};
use serde_json::Value;

use crate::aws_error::failed;
use crate::key::EVENT_SHARDS;
use crate::read::{key_of, text};
use crate::{Key, TenantTable};

/// Some events of a day, by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayPage {
    /// Ids, in the order that was asked for, with the keys of the events.
    pub events: Vec<(Id<kinds::Event>, Key)>,
    /// Whether there are more behind the last of them.
    pub more: bool,
}

/// What one shard has.
type Shard = (Vec<(Id<kinds::Event>, Key)>, bool);

impl TenantTable {
    /// The events of a UTC day (`2026-11-21`) behind an id, at most `limit`, oldest first or, when `backwards`, newest first.
    /// Eventually consistent. A query for each of the four shards, side by side, half a read unit for some forty events.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn events_of_day(
        &self,
        day: &str,
        behind: Option<Id<kinds::Event>>,
        limit: u16,
        backwards: bool,
    ) -> Result<DayPage> {
        let shard = |shard| self.events_of_shard(day, shard, behind, limit, backwards);
        let (a, b, c, d) = tokio::try_join!(shard(0), shard(1), shard(2), shard(3))?;
        const { assert!(EVENT_SHARDS == 4, "each shard is asked") };
        Ok(merged([a, b, c, d], usize::from(limit), backwards))
    }

    async fn events_of_shard(
        &self,
        day: &str,
        shard: u128,
        behind: Option<Id<kinds::Event>>,
        limit: u16,
        backwards: bool,
    ) -> Result<Shard> {
        let query = self.client().query().table_name(self.name()).index_name("gsi1");
        let partition = AttributeValue::S(self.keys().event_shard(day, shard));
        let query = query.expression_attribute_values(":pk", partition);
        let query = match behind {
            None => query.key_condition_expression("gsi1pk = :pk"),
            Some(id) => {
                let order = if backwards { "gsi1pk = :pk and gsi1sk < :id" } else { "gsi1pk = :pk and gsi1sk > :id" };
                query
                    .key_condition_expression(order)
                    .expression_attribute_values(":id", AttributeValue::S(id.to_string()))
            }
        };
        let answer = query
            .scan_index_forward(!backwards)
            // One more than are wanted: whether there is more is known then, and not guessed.
            .limit(i32::from(limit) + 1)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        self.meter().read(answer.consumed_capacity.as_slice());
        let more = answer.last_evaluated_key.is_some();
        let items = answer.items.unwrap_or_default();
        let found = items.iter().filter_map(|item| Some((text(item, "gsi1sk")?.parse().ok()?, key_of(item)?)));
        Ok((found.collect(), more))
    }

    /// What chains are made of, of events by their keys, by id. Eventually consistent, without what has changed. A batch of
    /// 100 a round trip; an event costs half a read unit for each 4 KB.
    ///
    /// # Errors
    /// When the table does not answer, or has something else there.
    pub async fn entries(&self, keys: &[Key]) -> Result<Vec<Entry>> {
        let documents = self.get_members(keys, &Entry::MEMBERS).await?;
        let entry = |document: Document| serde_json::from_value(Value::Object(document));
        let mut entries: Vec<Entry> =
            documents.into_iter().map(entry).collect::<Result<_, _>>().map_err(Error::unreadable("event"))?;
        entries.sort_by_key(|entry| entry.id);
        Ok(entries)
    }
}

/// What shards have, in one order, as far as it is known what comes next in each.
fn merged(shards: [Shard; 4], limit: usize, backwards: bool) -> DayPage {
    let is_behind = |id: &Id<kinds::Event>, end: &Id<kinds::Event>| if backwards { id < end } else { id > end };
    let ends = shards.iter().filter(|(_, more)| *more).filter_map(|(found, _)| Some(found.last()?.0));
    let end = if backwards { ends.max() } else { ends.min() };
    let more = end.is_some();
    let mut events: Vec<_> = shards.into_iter().flat_map(|(found, _)| found).collect();
    events.sort_by_key(|(id, _)| *id);
    if backwards {
        events.reverse();
    }
    if let Some(end) = end {
        events.retain(|(id, _)| !is_behind(id, &end));
    }
    let more = more || events.len() > limit;
    events.truncate(limit);
    DayPage { events, more }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Clock, Ids};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_event_is_met_once_and_in_order(count in 0usize..60, spread in proptest::collection::vec(0usize..4, 60), limit in 1usize..9, backwards in any::<bool>()) {
            let (clock, mut expected) = (Clock::manual(), Vec::new());
            let ids = Ids::seeded(clock.clone(), 3);
            let mut shards: [Vec<Id<kinds::Event>>; 4] = Default::default();
            for shard in spread.into_iter().take(count) {
                clock.advance_millis(1);
                let id = ids.next();
                shards[shard].push(id);
                expected.push(id);
            }
            if backwards {
                expected.reverse();
                shards.iter_mut().for_each(|shard| shard.reverse());
            }
            let (mut met, mut behind): (Vec<Id<kinds::Event>>, Option<Id<kinds::Event>>) = (Vec::new(), None);
            loop {
                // As the table answers each of the queries.
                let is_behind = |id: &&Id<kinds::Event>| behind.is_none_or(|end| if backwards { **id < end } else { **id > end });
                let answer = |shard: &Vec<Id<kinds::Event>>| {
                    let left: Vec<_> = shard.iter().filter(is_behind).copied().collect();
                    let key = |id: Id<kinds::Event>| (id, Key { pk: String::new(), sk: id.to_string() });
                    (left.iter().take(limit + 1).copied().map(key).collect::<Vec<_>>(), left.len() > limit)
                };
                let page = merged([answer(&shards[0]), answer(&shards[1]), answer(&shards[2]), answer(&shards[3])], limit, backwards);
                prop_assert!(page.events.len() <= limit);
                met.extend(page.events.iter().map(|(id, _)| *id));
                prop_assert_eq!(page.more, met.len() < expected.len());
                if !page.more { break; }
                behind = met.last().copied();
            }
            prop_assert_eq!(met, expected);
        }
    }
}
