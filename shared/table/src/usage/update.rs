//! The update by which an instance leases, and the condition under which it is right.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use kernel::Timestamp;

use super::{Lease, LeaseRequest, Ledger, USAGE_DAYS, Usage, number};
use crate::bucket::{Bucket, nanos};
use crate::item::{SCHEMA, Sort};

pub(super) const MONTH: &str = "month";
/// The bucket: when it is full again, in nanoseconds since 1970.
pub(super) const FULL_AT: &str = "full_at_ns";
pub(super) const REQUESTS: &str = "requests";
pub(super) const READ_UNITS: &str = "read_units";
pub(super) const WRITE_UNITS: &str = "write_units";
pub(super) const LAST_USED_AT: &str = "last_used_at";

/// What the item is taken to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stored {
    /// Nobody has looked yet. It is taken to be of this month and at rest, as it mostly is.
    Unknown,
    /// There is none.
    None,
    /// It was like this.
    Known(Ledger),
}

/// What is written to the bucket, and what has to be so for that.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    /// There is no item, or it is of an earlier month and still as it was seen: it is counted anew.
    Anew { seen: Option<Ledger> },
    /// The bucket is full.
    AtRest,
    /// It cannot be as it was seen: it is put right, if it is still so.
    PutRight { seen: Bucket },
    /// The bucket is being filled: it will be full so much later, if it will be full by this time at the latest.
    InUse { later_ns: i64, latest_ns: i64 },
}

/// An update.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Update {
    /// What comes of it if it goes through.
    pub(super) lease: Lease,
    form: Form,
    usage: Usage,
    now: Timestamp,
}

impl Update {
    /// The update that is right if the item is as it is taken to be.
    pub(super) fn of(request: &LeaseRequest, stored: &Stored, now: Timestamp) -> Self {
        let known = match stored {
            Stored::Known(ledger) => Some(ledger),
            Stored::Unknown | Stored::None => None,
        };
        let lease = Ledger::lease(known, request, now);
        let full_at_ns = known.map_or(0, |ledger| ledger.bucket.full_at_ns);
        let form = match stored {
            Stored::None => Form::Anew { seen: None },
            Stored::Known(seen) if seen.month < lease.ledger.month => Form::Anew { seen: Some(seen.clone()) },
            Stored::Known(seen) if !seen.is_credible(now) => Form::PutRight { seen: seen.bucket },
            _ if full_at_ns <= nanos(now) => Form::AtRest,
            _ => {
                let later_ns = request.rate.costs_ns(i64::from(request.owed) + i64::from(lease.granted));
                // What is owed is charged however little is left.
                let latest_ns = if lease.granted == 0 { i64::MAX } else { Bucket::latest_ns(now, later_ns) };
                Form::InUse { later_ns, latest_ns }
            }
        };
        Self { lease, form, usage: request.usage, now }
    }

    pub(super) fn expression(&self) -> &'static str {
        match &self.form {
            Form::Anew { seen: None } => {
                "SET #month = :month, #full = :full, #last = :last, #expires = :expires, #item = :item, #schema = :schema, \
                 #requests = :requests, #reads = :reads, #writes = :writes"
            }
            Form::Anew { seen: Some(_) } => {
                "SET #month = :month, #full = :full, #last = :last, #expires = :expires, #item = :item, #schema = :schema, \
                 #before = :seen_month, #before_requests = #requests, #before_reads = #reads, #before_writes = #writes, \
                 #requests = :requests, #reads = :reads, #writes = :writes"
            }
            Form::AtRest | Form::PutRight { .. } => {
                "SET #full = :full, #last = :last, #expires = :expires \
                 ADD #requests :requests, #reads :reads, #writes :writes"
            }
            Form::InUse { .. } => {
                "SET #full = #full + :later, #last = :last, #expires = :expires \
                 ADD #requests :requests, #reads :reads, #writes :writes"
            }
        }
    }

    pub(super) fn condition(&self) -> &'static str {
        match &self.form {
            Form::Anew { seen: None } => "attribute_not_exists(pk)",
            Form::Anew { seen: Some(_) } => "#month = :seen_month AND #full = :seen_full",
            Form::PutRight { .. } => "#month = :month AND #full = :seen_full",
            Form::AtRest => "#month = :month AND #full <= :now",
            Form::InUse { .. } => "#month = :month AND #full > :now AND #full <= :latest",
        }
    }

    /// What stands for the attributes: some of their names are words of the expressions' language.
    pub(super) fn names(&self) -> HashMap<String, String> {
        let of_all = [
            ("#full", FULL_AT),
            ("#last", LAST_USED_AT),
            ("#expires", "expires_at"),
            ("#requests", REQUESTS),
            ("#reads", READ_UNITS),
            ("#writes", WRITE_UNITS),
            ("#month", MONTH),
        ];
        let of_new: &[(&str, &str)] = &[("#item", "item"), ("#schema", "schema")];
        let of_earlier: &[(&str, &str)] = &[
            ("#before", "month_before"),
            ("#before_requests", "requests_before"),
            ("#before_reads", "read_units_before"),
            ("#before_writes", "write_units_before"),
        ];
        let (new, earlier) = match &self.form {
            Form::Anew { seen: None } => (of_new, [].as_slice()),
            Form::Anew { seen: Some(_) } => (of_new, of_earlier),
            Form::AtRest | Form::PutRight { .. } | Form::InUse { .. } => ([].as_slice(), [].as_slice()),
        };
        let all = of_all.iter().chain(new).chain(earlier);
        all.map(|(name, stands_for)| ((*name).to_owned(), (*stands_for).to_owned())).collect()
    }

    pub(super) fn values(&self) -> HashMap<String, AttributeValue> {
        let usage = &self.usage;
        let full_at_ns = self.lease.ledger.bucket.full_at_ns;
        let expires = self.now.plus_seconds(USAGE_DAYS * 24 * 3600).as_seconds();
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut values = vec![
            (":month", text(&self.lease.ledger.month)),
            (":last", text(&self.now.to_string())),
            (":expires", number(expires)),
            (":requests", number(usage.requests)),
            (":reads", number(usage.read_units)),
            (":writes", number(usage.write_units)),
        ];
        match &self.form {
            Form::Anew { seen } => {
                values.extend([
                    (":full", number(full_at_ns)),
                    (":item", text(Sort::Usage.as_str())),
                    (":schema", number(SCHEMA)),
                ]);
                if let Some(seen) = seen {
                    values.extend([(":seen_month", text(&seen.month)), (":seen_full", number(seen.bucket.full_at_ns))]);
                }
            }
            Form::PutRight { seen } => {
                values.extend([(":full", number(full_at_ns)), (":seen_full", number(seen.full_at_ns))]);
            }
            Form::AtRest => {
                values.extend([(":full", number(full_at_ns)), (":now", number(nanos(self.now)))]);
            }
            Form::InUse { later_ns, latest_ns } => values.extend([
                (":later", number(later_ns)),
                (":latest", number(latest_ns)),
                (":now", number(nanos(self.now))),
            ]),
        }
        values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
