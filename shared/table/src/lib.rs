//! The one table: keys, items, reads, and the commit that writes.
//!
//! | access pattern | call | key condition |
//! |---|---|---|
//! | one item | [`TenantTable::get`] | `pk`, `sk`, strongly consistent |
//! | several records | [`TenantTable::get_many`] | batch of keys, strongly consistent |
//! | a record's events | [`TenantTable::children`] | `pk`, `begins_with(sk, …)` |
//! | journal after a number | [`TenantTable::journal_after`] | `w#JOURNAL`, `sk > seq` |
//! | journal's last number | [`TenantTable::journal_last`], [`TenantTable::journal_last_at`] | the same, backwards, limit 1 |
//! | a record's links, shares, chunks | [`TenantTable::children`] with the prefix of [`Keys`] | `pk`, `begins_with(sk, …)` |
//! | parts of the configuration | [`TenantTable::config`] | `w#CONFIG`, `begins_with(sk, …)`, strongly consistent |
//! | what exists of an object | [`TenantTable::catalog`] | gsi1 `w#OBJECT` |
//! | which links and shares exist | [`TenantTable::catalogued_children`] | gsi1 `w#LINK`, `w#SHARE` |
//! | the events of a day | [`TenantTable::events_of_day`] | gsi1 `w#EVENT#day#shard`, `gsi1sk` behind an id, each of 4 shards |
//! | what the events of days come to | [`TenantTable::seals`] | `w#SEALS`, `sk between` |
//! | what is due by a time | [`Tables::due`] | gsi2 `DUE#shard`, `gsi2sk <` that time |
//! | which days are to be sealed by a time | [`Tables::due_days`] | gsi2 `DUE#SEALS`, `gsi2sk <` that time |
//! | who holds a unique value | [`TenantTable::get`] of a guard | `pk`, `sk` |
//! | a credential | [`Tables::api_key`] | `APIKEY#hash` |
//! | where a person may enter | [`Tables::memberships`] | `PERSON#hash` |
//! | what a caller has used and may use | [`TenantTable::lease`], [`TenantTable::usage_of`] | `w#USAGE#subject` |
//!
//! Business data changes through [`TenantTable::commit`] only. The other writers are for what is not business data:
//! journal entries, snapshot manifests, seals, claims to send a mail, and what a caller has used and may still use.
//!
//! Never scans, and never builds a key outside [`Keys`]: an access that is not bound to a workspace does not compile.

mod aws_error;
mod bucket;
mod changes;
mod check;
mod commit;
mod credentials;
mod day;
mod due;
mod item;
mod journal;
mod key;
mod link;
mod mail;
mod manifest;
mod meter;
mod once;
mod prices;
mod put;
mod read;
mod seal;
mod share;
mod tables;
mod usage;

pub use bucket::{Bucket, PERIOD_MS, Rate};
pub use changes::{Changes, Refused};
pub use commit::Committed;
pub use day::DayPage;
pub use due::{Due, DueAfter, DueDay, DuePage};
pub use item::{OWN_ATTRIBUTES, SCHEMA, Sort};
pub use journal::{JOURNAL_DAYS, JournalEntry, JournalPage};
pub use key::{
    DUE_SHARDS, EVENT_SHARDS, Key, Keys, ROOT, api_key, domain_entry, email_entry, email_invited, email_left,
    membership, segment, workspace_of,
};
pub use link::{Direction, End, Link, MAX_LABEL_BYTES};
pub use mail::{MAIL_CLAIM_DAYS, MailClaim, MailEnd};
pub use manifest::Manifest;
pub use meter::{Meter, Used};
pub use once::{KeptAnswer, ONCE_HOURS, Once};
pub use read::{Catalogued, CataloguedKeys, Children, Page};
pub use seal::{SEALED_AFTER_HOURS, Seal};
pub use share::{Level, Share};
pub use tables::{Tables, TenantTable};
pub use usage::{Lease, LeaseRequest, Ledger, USAGE_DAYS, Usage, UsageOf};
