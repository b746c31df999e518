//! The journal: per workspace, a gap-free and ordered list of what became of every queryable item.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use kernel::{Error, Result, Timestamp};

use crate::aws_error::failed;
use crate::item::{Item, Sort, key_item};
use crate::{Key, Keys, TenantTable};

/// How many days an entry is kept. A replica that has not caught up for that long is rebuilt.
pub const JOURNAL_DAYS: i64 = 30;

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its number: the one before it plus one.
    pub seq: u64,
    /// When it was appended.
    pub at: Timestamp,
    /// Packed changes, as [`events::decode`] reads them.
    pub packed: Vec<u8>,
}

/// Some entries, and whether there are more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalPage {
    /// The entries, by number.
    pub entries: Vec<JournalEntry>,
    /// Whether there may be more after the last of them.
    pub more: bool,
}

impl TenantTable {
    /// The entries after a number. Half a read unit when there are none.
    ///
    /// An eventually consistent answer may lack an entry that a later one follows; whoever finds such a gap asks again
    /// consistently.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn journal_after(&self, seq: u64, limit: u16, consistent: bool) -> Result<JournalPage> {
        let Key { pk, sk } = self.keys().journal(seq);
        let answer = self
            .client()
            .query()
            .table_name(self.name())
            .key_condition_expression("pk = :pk and sk > :after")
            .expression_attribute_values(":pk", AttributeValue::S(pk))
            .expression_attribute_values(":after", AttributeValue::S(sk))
            .consistent_read(consistent)
            .limit(i32::from(limit))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        self.meter.read(answer.consumed_capacity.as_slice());
        let more = answer.last_evaluated_key.is_some();
        let entries = answer.items.unwrap_or_default().into_iter().map(to_entry).collect::<Result<_>>()?;
        Ok(JournalPage { entries, more })
    }

    /// The number of the last entry, 0 when there is none. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn journal_last(&self) -> Result<u64> {
        Ok(self.journal_end().await?.map_or(0, |(seq, _)| seq))
    }

    /// The number of the last entry; 0 when there is none, or when it has expired by now. The table removes what has
    /// expired in no order: an old entry may still be there when later ones are gone, and says nothing about which
    /// numbers were used. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn journal_last_at(&self, now: Timestamp) -> Result<u64> {
        let end = self.journal_end().await?;
        Ok(end.filter(|(_, expires_at)| *expires_at > now.as_seconds()).map_or(0, |(seq, _)| seq))
    }

    /// The last entry's number, and when it expires, in seconds since 1970.
    async fn journal_end(&self) -> Result<Option<(u64, i64)>> {
        let answer = self
            .client()
            .query()
            .table_name(self.name())
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(self.keys().journal(0).pk))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(1)
            .projection_expression("sk, expires_at")
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await
            .map_err(failed)?;
        self.meter.read(answer.consumed_capacity.as_slice());
        let items = answer.items.unwrap_or_default();
        let Some(item) = items.first() else { return Ok(None) };
        let expires_at = item.get("expires_at").and_then(|at| at.as_n().ok()?.parse().ok());
        let expires_at = expires_at.ok_or_else(|| Error::bug("a journal entry that does not expire"))?;
        Ok(Some((seq_of(item)?, expires_at)))
    }

    /// Appends an entry at a number. `false`: somebody else has that number already, and nothing was written.
    ///
    /// Somebody else may be this very call: the SDK sends again what was not answered, and the first attempt may have
    /// been carried out. The entry is then appended a second time at the next number, which is harmless: readers know
    /// how to read repeated changes.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn journal_append(&self, entry: JournalEntry) -> Result<bool> {
        self.put_if(self.journal_item(entry), "attribute_not_exists(pk)", None).await
    }

    /// Puts other changes into an entry, if it still holds those that were `seen`. `false`: it has expired or somebody
    /// else has rewritten it, and nothing was written. Number, time and expiry stay.
    ///
    /// Only for taking out of the journal what was erased: readers that are past the entry never read it again.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn journal_rewrite(&self, entry: JournalEntry, seen: Vec<u8>) -> Result<bool> {
        let seen = AttributeValue::B(Blob::new(seen));
        self.put_if(self.journal_item(entry), "packed = :seen", Some(seen)).await
    }

    fn journal_item(&self, entry: JournalEntry) -> Item {
        let mut item = key_item(&Keys::new(self.workspace).journal(entry.seq));
        let expires_at = entry.at.plus_seconds(JOURNAL_DAYS * 24 * 3600).as_seconds();
        item.insert("item".to_owned(), AttributeValue::S(Sort::Journal.as_str().to_owned()));
        item.insert("at".to_owned(), AttributeValue::N(entry.at.as_millis().to_string()));
        item.insert("packed".to_owned(), AttributeValue::B(Blob::new(entry.packed)));
        item.insert("expires_at".to_owned(), AttributeValue::N(expires_at.to_string()));
        item
    }
}

fn seq_of(item: &Item) -> Result<u64> {
    let digits = item.get("sk").and_then(|sk| sk.as_s().ok());
    digits.and_then(|sk| sk.parse().ok()).ok_or_else(|| Error::bug("a journal entry without a number"))
}

fn to_entry(mut item: Item) -> Result<JournalEntry> {
    let seq = seq_of(&item)?;
    let at = item
        .get("at")
        .and_then(|at| at.as_n().ok()?.parse().ok())
        .and_then(Timestamp::from_millis)
        .ok_or_else(|| Error::bug("a journal entry without a time"))?;
    match item.remove("packed") {
        Some(AttributeValue::B(packed)) => Ok(JournalEntry { seq, at, packed: packed.into_inner() }),
        _ => Err(Error::bug("a journal entry without changes")),
    }
}
