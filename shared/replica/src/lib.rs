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
//! overwrites a newer one; what was removed stays removed; every entry is one SQLite transaction together with its
//! number. Nothing in a file is truth: whatever is wrong with it, it is thrown away and made again.
//!
//! Never writes business data, and never answers more than the query's visibility allows: names of columns come from
//! the registry of objects, values are parameters, and one builder ([`Query`] to SQL) makes every statement.

mod apply;
mod ask;
mod catalog;
mod catch_up;
mod config;
mod cursor;
mod database;
mod erase;
#[cfg(feature = "bench")]
mod fill;
mod fold;
mod migrate;
mod named;
mod obtain;
mod query;
mod renew;
mod replicas;
mod room;
mod rows;
mod rules;
#[cfg(feature = "bench")]
mod sample;
mod schema;
mod snapshot;
mod sql;
mod state;
mod value;
mod verify;

pub use ask::Answer;
pub use erase::forget_in_journal;
pub use fold::fold;
pub use query::{Archived, Condition, Direction, Filter, MAX_LIMIT, Op, Query, Rows, Visibility, parse_sort};
pub use replicas::{Limits, Replica, Replicas};
#[cfg(feature = "sabotage")]
pub use rules::Rule;
#[cfg(feature = "bench")]
pub use sample::{Sample, definitions, records};
pub use schema::REPLICA_SCHEMA;
pub use snapshot::Snapshotted;
pub use verify::Drift;
