//! Objects: the records of objects that a company has made itself.
//!
//! They have the routes, the life cycle and the history of built-in objects' records, by one set of routes in which the object is a
//! part of the path: `/v1/x_projects`. Which objects there are is `schema`'s business; they are read by `views`.
//!
//! | access pattern | key condition | cost |
//! |---|---|---|
//! | create | transaction: record, event, guards, kept answer | 1 round trip |
//! | change, archive, restore | the record, then a transaction | 2 round trips |
//! | by a unique field | guard `w#UNIQUE#x_project.custom.number#…`, then as above | 1 round trip more |
//! | history | the record, then `w#X_PROJECT#id` / `EVENT#…` backwards | 2 round trips |
//! | link, share, merge, batch | as `contacts` does | |
//! | the first of a process, once a minute | `w#CONFIG`, `begins_with(sk, object.)` | 1 round trip more |
//!
//! Events out: `x_project.created`, `.changed`, `.archived`, `.restored`, `.erased`, `.linked`, `.unlinked`, `.shared`,
//! `.unshared`, `.merged`, `.merged_away`; `job.created` of a merge. Events in: none.
//! Never answers for a built-in object: names of a company's own begin with `x_`.

use api::{App, Of, Routes, all_record_routes};

/// The routes of all objects of a company's own.
#[must_use]
pub fn routes() -> Routes {
    all_record_routes(Of::Custom)
}

/// The router of those objects.
pub fn router(app: App) -> axum::Router {
    routes().router(app)
}
