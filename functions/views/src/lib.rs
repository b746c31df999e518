//! Views: every list of every object. Filter, sort, count and search run as SQL on the replica of the workspace.
//!
//! | access pattern | cost |
//! |---|---|
//! | a page of a list, nothing changed since the last | 1 round trip: the journal after the last number, half a read unit |
//! | the same, with `Rapport-Position` of a write that the journal does not have yet | 1 round trip more, 1 read unit a record |
//! | the first list of an instance | the manifest and the snapshot from S3, or the catalog when there is none |
//!
//! Owns no data. Events: none. Never writes to the table, and never reads a record by its id.

mod list;

use std::sync::Arc;

use api::{App, Routes};
use records::Object;
use replica::{Limits, Replicas};

/// The objects that can be listed. The snapshot worker builds its replicas for the same ones.
#[must_use]
pub fn objects() -> Vec<&'static Object> {
    vec![contacts::object(), identity::object()]
}

/// The routes of views, over replicas that live as long as the process.
#[must_use]
pub fn routes(replicas: &Arc<Replicas>) -> Routes {
    objects().into_iter().fold(Routes::new(), |routes, object| routes.and(list::routes(object, replicas)))
}

/// The replicas of a process.
#[must_use]
pub fn replicas(app: &App) -> Arc<Replicas> {
    Arc::new(Replicas::new(
        app.replica_dir.clone(),
        app.tables.clone(),
        app.files.clone(),
        app.queues.clone(),
        objects(),
        Limits::request(),
    ))
}

/// The router of views.
pub fn router(app: App) -> axum::Router {
    let replicas = replicas(&app);
    routes(&replicas).router(app)
}
