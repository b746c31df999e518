//! The replica: a workspace's records in SQLite, kept up to date from the workspace's journal. It answers every question
//! that is not "this record": lists, filters, sorting, counts and search.
//!
//! 1. [`Replicas::open`] finds the file on this machine, or fetches the newest snapshot, or builds one from the catalog.
//! 2. [`Replica::answer`] reads the journal after the last entry (one round trip), takes over the caller's own writes,
//!    and asks SQLite.
//! 3. [`Replica::snapshot`] packs the file for others, in a worker.
//! 4. [`Replica::verify`] proves that it equals the table.
//!
//! What makes the answers true: a gap in the numbers of the journal is never passed over; an older state never
//! overwrites a newer one; what was removed stays removed, unless it has a name instead of an id and a later place in
//! the stream says that it was made again; every entry is one SQLite transaction together with its number. Nothing in a file is truth: whatever is wrong with it, it is thrown away and made again.
//!
//! Never writes business data, and never answers more than the query's visibility allows: names of columns come from
//! the registry of objects, values are parameters, and one builder ([`Query`] to SQL) makes every statement.

mod aggregate;
mod apply;
mod ask;
mod asked;
mod axis;
mod catalog;
mod catch_up;
mod company_name;
mod compare;
mod config;
mod cursor;
mod database;
mod duplicates;
mod erase;
#[cfg(feature = "bench")]
mod fill;
mod filter;
mod fold;
mod group;
mod look_alikes;
mod migrate;
mod named;
mod number;
mod obtain;
mod order;
mod part;
pub mod paths;
mod period;
mod prepared;
mod query;
mod related;
mod renew;
mod replicas;
mod room;
mod rows;
mod rules;
#[cfg(feature = "bench")]
mod sample;
mod saved;
mod schema;
mod scope;
mod search;
mod shown;
mod snapshot;
mod spelling;
mod sql;
mod state;
mod tally;
mod value;
mod verify;
mod visible;
mod words;

pub use aggregate::{Group, GroupBy, GroupKey, GroupSort, Grouping, Groups, MAX_GROUPS, Measure};
pub use ask::{Answer, check};
pub use asked::{Asked, Place};
pub use duplicates::{Candidate, Draft, Reason};
pub use erase::{forget_in_journal, redact_in_journal};
pub use filter::{Condition, Filter, Op};
pub use fold::fold;
pub use look_alikes::{LookAlikeGroups, LookAlikes, MAX_MEMBERS};
pub use period::Unit;
pub use query::{Archived, Direction, Linked, MAX_LIMIT, MAX_SLICE, Nulls, Query, Sort, parse_sort};
pub use related::Referring;
pub use replicas::{Limits, Replica, Replicas};
#[cfg(feature = "sabotage")]
pub use rules::Rule;
#[cfg(feature = "bench")]
pub use sample::{Sample, definitions, records};
pub use saved::read_view;
pub use schema::REPLICA_SCHEMA;
pub use search::{Hit, Hits, MAX_HITS, Match, Search};
pub use shown::Found;
pub use snapshot::Snapshotted;
pub use verify::Drift;
pub use visible::Visibility;
