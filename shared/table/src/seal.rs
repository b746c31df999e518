//! What the events of each day come to, written once when the day is long over.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use events::{Chain, Fingerprint};
use kernel::{Error, Id, Result, Timestamp, Version, kinds};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws_error::failed;
use crate::item::{Item, Sort, key_item, to_document, to_item};
use crate::key::{due_place, due_seals};
use crate::{Key, TenantTable};

/// How many hours after its end a day is sealed.
///
/// An event's time and id are taken while its request is answered or its job
/// goes on, five minutes before it is written at the most; clocks of functions differ by less than a second; the catalog
/// follows the table within a second or two. What is left is for days on which something of that does not hold.
pub const SEALED_AFTER_HOURS: i64 = 6;

/// The seal of a day of a workspace. Until `sealed_at` is there it is open: there were events on that day, and as far as
/// `through` they are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seal {
    /// The UTC day, `2026-11-21`.
    pub day: String,
    /// Goes up by one each time it is written. What compare-and-set compares.
    pub version: Version,
    /// The last day before it that had events, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day_before: Option<String>,
    /// What that one came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Fingerprint>,
    /// What its events come to, so far.
    #[serde(default, flatten, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
    /// The last event that is part of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<Id<kinds::Event>>,
    /// How many parts its traces have.
    #[serde(default)]
    pub traces: u32,
    /// When it was closed: from then on it is never written again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_at: Option<Timestamp>,
}

impl Seal {
    /// Of a day that nobody has counted.
    #[must_use]
    pub fn open(day: &str) -> Self {
        let (day, version) = (day.to_owned(), 1);
        Self { day, version, day_before: None, before: None, chain: None, through: None, traces: 0, sealed_at: None }
    }

    /// When a day is to be sealed; `None` for what is no day.
    #[must_use]
    pub fn due(day: &str) -> Option<Timestamp> {
        let begin: Timestamp = [day, "T00:00:00.000Z"].concat().parse().ok()?;
        Some(begin.plus_seconds((24 + SEALED_AFTER_HOURS) * 3_600))
    }
}

impl TenantTable {
    /// Notes that a day has events, which are to be sealed [`SEALED_AFTER_HOURS`] after its end. Does nothing where that is
    /// known, or done. One write unit, and one for the index.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn open_day(&self, day: &str) -> Result<()> {
        let due = Seal::due(day).ok_or_else(|| Error::bug("a day that is none"))?;
        let item = self.seal_item(&Seal::open(day), Some(due))?;
        self.put_if(item, "attribute_not_exists(pk)", None).await.map(drop)
    }

    /// The seal of a day, open or not. Strongly consistent, one read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn seal(&self, day: &str) -> Result<Option<Seal>> {
        self.get(&self.keys().seal(day)).await?.map(read).transpose()
    }

    /// The seals of days, both ends included, at most `limit`, the earliest first or, when `backwards`, the latest. Strongly
    /// consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn seals(&self, from: &str, to: &str, limit: u16, backwards: bool) -> Result<Vec<Seal>> {
        let (from, to) = (self.keys().seal(from), self.keys().seal(to));
        let answer = self
            .client()
            .query()
            .table_name(self.name())
            .key_condition_expression("pk = :pk and sk between :from and :to")
            .expression_attribute_values(":pk", AttributeValue::S(from.pk))
            .expression_attribute_values(":from", AttributeValue::S(from.sk))
            .expression_attribute_values(":to", AttributeValue::S(to.sk))
            .scan_index_forward(!backwards)
            .consistent_read(true)
            .limit(i32::from(limit))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        self.meter().read(answer.consumed_capacity.as_slice());
        answer.items.unwrap_or_default().into_iter().map(|item| read(to_document(item)?)).collect()
    }

    /// Writes the next version of a seal if nobody else has; one that is still open stays due. `seal.version` is the version
    /// that was read, 0 where there was none. `false`: somebody else has written it, and nothing was written.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn move_seal(&self, seal: &Seal) -> Result<bool> {
        let next = Seal { version: seal.version + 1, ..seal.clone() };
        let item = self.seal_item(&next, Seal::due(&seal.day).filter(|_| seal.sealed_at.is_none()))?;
        match seal.version {
            0 => self.put_if(item, "attribute_not_exists(pk)", None).await,
            seen => self.put_if(item, "version = :seen", Some(AttributeValue::N(seen.to_string()))).await,
        }
    }

    /// Keeps by what some events of a day are known again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn keep_traces(&self, day: &str, number: u32, traces: Vec<u8>) -> Result<()> {
        let mut item = key_item(&self.keys().trace(day, number));
        item.insert("item".to_owned(), AttributeValue::S(Sort::Trace.as_str().to_owned()));
        item.insert("packed".to_owned(), AttributeValue::B(Blob::new(traces)));
        self.put(item).await
    }

    /// By what the events of a day are known again, one after the other, of so many parts.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn traces(&self, day: &str, parts: u32) -> Result<Vec<u8>> {
        let keys: Vec<Key> = (0..parts).map(|number| self.keys().trace(day, number)).collect();
        let mut traces = Vec::new();
        for key in keys {
            let answer = self.client().get_item().table_name(self.name()).set_key(Some(key_item(&key)));
            let answer = answer.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.map_err(failed)?;
            self.meter().read(answer.consumed_capacity.as_slice());
            if let Some(AttributeValue::B(packed)) = answer.item.and_then(|mut item| item.remove("packed")) {
                traces.extend(packed.into_inner());
            }
        }
        Ok(traces)
    }

    fn seal_item(&self, seal: &Seal, due: Option<Timestamp>) -> Result<Item> {
        let document = serde_json::to_value(seal).map_err(Error::bug)?.as_object().cloned().unwrap_or_default();
        let mut item = to_item(&self.keys().seal(&seal.day), Sort::Seal, &document)?;
        if let Some(due) = due {
            let workspace = self.workspace_id().erase();
            item.insert("gsi2pk".to_owned(), AttributeValue::S(due_seals()));
            item.insert("gsi2sk".to_owned(), AttributeValue::S(due_place(due, workspace)));
        }
        Ok(item)
    }
}

fn read(document: events::Document) -> Result<Seal> {
    serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("seal"))
}
