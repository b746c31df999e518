//! What a caller has used, and the lease of requests that are still to be made: one item for each API key, and for each user who
//! calls without one.
//!
//! An instance tells what it has seen and leases requests for the next seconds in one update, so nothing is written for a
//! request. What all instances together have leased is a [`Bucket`] in the item; an update goes through only if the bucket is as
//! the instance thinks, and a refusal brings the item with it, so that the second attempt knows.

use std::collections::HashMap;

use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use events::Document;
use kernel::{Error, Result, Timestamp};
use serde_json::Value;

use crate::aws_error::failed;
use crate::bucket::{Bucket, Rate, nanos};
use crate::item::{Item, key_item};
use crate::{Key, TenantTable, prices};

mod update;

use self::update::{Stored, Update};

/// How long an item is kept after its last use, in days: longer than a year, so that a key that is used once a year is known to be.
pub const USAGE_DAYS: i64 = 400;

/// A bucket that will not be full within this time was written by a clock that is ahead.
const MOST_OWED_MS: i64 = 600_000;

/// How often a lease that met another instance's is tried in all.
const MAX_TRIES: u32 = 4;

/// What was used: summed over some time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Requests, refused ones included.
    pub requests: u64,
    /// Read units of the table.
    pub read_units: f64,
    /// Write units of the table.
    pub write_units: f64,
}

impl Usage {
    /// The sum of two.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            read_units: self.read_units + other.read_units,
            write_units: self.write_units + other.write_units,
        }
    }

    /// What it costs at list prices, in millionths of a US dollar: requests, invocations and units.
    #[must_use]
    pub fn cost_micros(&self) -> u64 {
        prices::micros(self.requests, self.read_units, self.write_units)
    }
}

/// What an instance tells, and what it asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeaseRequest {
    /// How many requests the caller may make.
    pub rate: Rate,
    /// Requests that were made without a lease: charged however little is left. What was leased and not made is not given back: by
    /// the time that a lease is over, time has filled the bucket by as much.
    pub owed: u32,
    /// How many more are to be leased.
    pub wanted: u32,
    /// What was used since the last lease.
    pub usage: Usage,
}

/// What an instance knows of the item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The month that is counted: `2026-11`.
    pub(crate) month: String,
    /// What is left for everybody.
    pub(crate) bucket: Bucket,
}

impl Ledger {
    /// What is left for everybody.
    #[must_use]
    pub const fn bucket(&self) -> Bucket {
        self.bucket
    }

    /// Whether it can be as it says: nobody owes as much as it would take that long to fill, so somebody's clock was wrong.
    fn is_credible(&self, now: Timestamp) -> bool {
        self.bucket.full_at_ns <= nanos(now.plus_millis(MOST_OWED_MS))
    }

    /// What comes of a lease where this is stored, or nothing, and nobody else is asking.
    #[must_use]
    pub fn lease(stored: Option<&Self>, request: &LeaseRequest, now: Timestamp) -> Lease {
        let month = month_of(now);
        let (month, bucket) = match stored {
            // A month that is later than this instance's is of one whose clock is ahead.
            Some(ledger) => {
                let bucket = if ledger.is_credible(now) { ledger.bucket } else { Bucket::default() };
                (ledger.month.clone().max(month), bucket)
            }
            None => (month, Bucket::default()),
        };
        let charged = bucket.less(request.rate, now, request.owed);
        let granted = charged.left(request.rate, now).min(request.wanted);
        let bucket = charged.later(request.rate.costs_ns(i64::from(granted)));
        Lease { granted, ledger: Self { month, bucket } }
    }
}

/// The answer to a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// How many requests may be made, at most as many as were wanted.
    pub granted: u32,
    /// The item as it is now, for the next lease.
    pub ledger: Ledger,
}

/// What is known of a caller's use.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UsageOf {
    /// About when it was used last: an instance tells every ten seconds.
    pub last_used_at: Option<Timestamp>,
    /// What was used in this month, in UTC.
    pub this_month: Usage,
}

/// The month of a time, in UTC: `2026-11`.
fn month_of(at: Timestamp) -> String {
    at.day()[..7].to_owned()
}

impl TenantTable {
    /// Tells what a caller has used and leases requests. One update; one more where another instance has leased meanwhile, where the
    /// month is new, or where fewer are left than were wanted. It is sent once: what is not answered is not sent again, since it adds.
    ///
    /// # Errors
    /// When the table does not answer: then the requests pass, and it is not known whether anything was written.
    pub async fn lease(
        &self,
        subject: &str,
        request: &LeaseRequest,
        known: Option<&Ledger>,
        now: Timestamp,
    ) -> Result<Lease> {
        let key = self.keys().usage(subject);
        let mut stored = known.cloned().map_or(Stored::Unknown, Stored::Known);
        for _ in 0..MAX_TRIES {
            let update = Update::of(request, &stored, now);
            match self.send(&key, &update).await? {
                Sent::Done(bucket) => {
                    let ledger = Ledger { bucket, ..update.lease.ledger };
                    return Ok(Lease { ledger, ..update.lease });
                }
                Sent::Refused(found) => stored = found,
            }
        }
        Err(Error::unavailable("a lease kept meeting others"))
    }

    async fn send(&self, key: &Key, update: &Update) -> Result<Sent> {
        self.own(key)?;
        #[expect(clippy::disallowed_methods, reason = "what somebody has used is not business data")]
        let call = self
            .client()
            .update_item()
            .table_name(self.name())
            .set_key(Some(key_item(key)))
            .update_expression(update.expression())
            .condition_expression(update.condition())
            .set_expression_attribute_names(Some(update.names()))
            .set_expression_attribute_values(Some(update.values()))
            .return_values(ReturnValue::UpdatedNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let once = Config::builder().retry_config(RetryConfig::disabled());
        match call.customize().config_override(once).send().await {
            Ok(answer) => {
                self.meter.write(answer.consumed_capacity.as_slice());
                let bucket = answer.attributes.as_ref().and_then(bucket_in);
                bucket.map(Sent::Done).ok_or_else(|| Error::bug("a lease was answered without its bucket"))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    self.meter.write(&[]);
                    Ok(Sent::Refused(refused.item().map_or(Stored::None, stored_in)))
                }
                _ => Err(failed(error)),
            },
        }
    }

    /// What some callers have used, each an API key's or a user's id, in one batch. Those that nothing is known of are left out.
    ///
    /// # Errors
    /// When the table does not answer, or keeps having no capacity.
    pub async fn usage_of(&self, subjects: &[String], now: Timestamp) -> Result<HashMap<String, UsageOf>> {
        let keyed: HashMap<Key, &String> =
            subjects.iter().map(|subject| (self.keys().usage(subject), subject)).collect();
        let keys: Vec<Key> = keyed.keys().cloned().collect();
        let found = self.get_each(&keys).await?;
        let month = month_of(now);
        let read =
            |(key, document): (Key, Document)| Some(((*keyed.get(&key)?).clone(), read_usage(&document, &month)));
        Ok(found.into_iter().filter_map(read).collect())
    }
}

/// What came of an update.
enum Sent {
    Done(Bucket),
    /// The item is not as it was taken to be, but like this.
    Refused(Stored),
}

fn bucket_in(item: &Item) -> Option<Bucket> {
    let full_at_ns = item.get(update::FULL_AT)?.as_n().ok()?.parse().ok()?;
    Some(Bucket { full_at_ns })
}

/// What an item says. One that nobody can read is not written over: its requests pass, as where the table does not answer.
fn stored_in(item: &Item) -> Stored {
    if item.is_empty() {
        return Stored::None;
    }
    let month = item.get(update::MONTH).and_then(|month| month.as_s().ok()).cloned().unwrap_or_default();
    Stored::Known(Ledger { month, bucket: bucket_in(item).unwrap_or_default() })
}

fn read_usage(document: &Document, month: &str) -> UsageOf {
    let last_used_at = document.get(update::LAST_USED_AT).and_then(Value::as_str).and_then(|at| at.parse().ok());
    let number = |name: &str| document.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let is_counted = document.get(update::MONTH).and_then(Value::as_str) == Some(month);
    let this_month = is_counted.then(|| Usage {
        requests: document.get(update::REQUESTS).and_then(Value::as_u64).unwrap_or(0),
        read_units: number(update::READ_UNITS),
        write_units: number(update::WRITE_UNITS),
    });
    UsageOf { last_used_at, this_month: this_month.unwrap_or_default() }
}

fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
