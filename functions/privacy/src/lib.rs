//! Privacy: what everybody has done in a workspace, and the proof that nothing of it was changed.
//!
//! Owns the seals of days, which the scheduler makes by [`seal`], and reads the events that everybody else writes.
//!
//! | access pattern | key condition | cost |
//! |---|---|---|
//! | which days have events | `w#SEALS`, `sk between` | 1 round trip, 1 read unit for some ten days |
//! | events of a day, newest first | gsi1 `w#EVENT#day#shard`, 4 shards side by side; then a batch of keys | 2 round trips for 100, 2 units for the keys and 1 for each event |
//! | events of a record | `w#OBJECT#id` / `EVENT#…` backwards | 1 round trip, 1 unit for 4 KB |
//! | who goes through many | the same, 1,000 events and 31 days a request at most | then a cursor |
//! | sealing a day | its keys, what chains are made of in batches of 100, a part of the traces, the seal | half a unit an event, 10 units for 1,000 |
//!
//! Nothing switches it off: the events are written in the transactions of what they tell of, and there is no setting, route or
//! parameter that any of this asks.
//!
//! Events out: `audit.exported`. Events in: none. Never writes, changes or removes an event of others.

mod access;
mod audit;
mod calendar;
mod days;
mod seals;

use api::{App, Routes, Tag};

pub use seals::{Sealed, Told, Verdict, Wrong, seal, verify};

const TAG: Tag = Tag { name: "audit", help: "What everybody has done, and the proof that nothing of it was changed." };

/// The routes of privacy.
#[must_use]
pub fn routes() -> Routes {
    audit::routes().and(days::routes()).tagged(TAG)
}

/// The router of privacy.
pub fn router(app: App) -> axum::Router {
    routes().router(app)
}
