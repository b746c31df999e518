//! Views: everything that is read of records. Lists run as SQL on the replica of the workspace: filter, sort, count, search.
//! One record is read from the table by its key.
//!
//! | access pattern | cost |
//! |---|---|
//! | one record | 1 read unit, strongly consistent |
//! | a page of a list, nothing changed since the last | 1 round trip: the journal after the last number, half a read unit |
//! | the same, with `Rapport-Position` of a write that the journal does not have yet | 1 round trip more, 1 read unit a record |
//! | the first list of an instance | the manifest and the snapshot from S3, or the catalog when there is none |
//!
//! Owns no data. Events: none. Never writes to the table.

mod list;
mod read;

use std::sync::Arc;

use api::{App, Of, Routes};
use replica::{Limits, Replicas};

/// The objects that are read here: the built-in ones, and the company's own by one set of routes.
const OBJECTS: &[Of] = &[
    Of::BuiltIn("contact", "contacts"),
    Of::BuiltIn("company", "companies"),
    Of::BuiltIn("user", "users"),
    Of::BuiltIn("team", "teams"),
    Of::BuiltIn("job", "jobs"),
    Of::Custom,
];

/// The routes of views, over replicas that live as long as the process.
#[must_use]
pub fn routes(replicas: &Arc<Replicas>) -> Routes {
    OBJECTS.iter().fold(Routes::new(), |routes, of| routes.and(list::routes(*of, replicas)).and(read::routes(*of)))
}

/// The replicas of a process.
#[must_use]
pub fn replicas(app: &App) -> Arc<Replicas> {
    Arc::new(Replicas::new(
        app.replica_dir.clone(),
        app.tables.clone(),
        app.files.clone(),
        app.queues.clone(),
        Limits::request(),
    ))
}

/// The router of views.
pub fn router(app: App) -> axum::Router {
    let replicas = replicas(&app);
    routes(&replicas).router(app)
}
