//! Views: everything that is read of records, and the saved views that people read them by.
//!
//! Lists run as SQL on the replica of the workspace: filter, sort, count, search, figures, look-alikes. One record is read from
//! the table by its key, and so is what happened to it.
//!
//! | access pattern | cost |
//! |---|---|
//! | one record | 1 read unit, strongly consistent; 1 round trip more with roll-ups or `include` |
//! | a record as it was | that, and a query for each 100 events since |
//! | a page of a list, figures, a search, duplicates | 1 round trip, half a read unit: the journal after the last number, in which nothing is new; whatever is included |
//! | the same, with `Rapport-Position` of a write that the journal does not have yet | 1 round trip more, 1 read unit a record |
//! | the same by a saved view | 1 round trip more |
//! | a timeline | 2 round trips: the record, its events |
//! | the first question of an instance | the manifest and the snapshot from S3, or the catalog when there is none |
//!
//! Owns saved views (`view`), which are written as every record is. Events: those of views. Never writes anything else to the
//! table.

mod aggregate;
mod answer;
mod duplicates;
mod include;
mod list;
mod read;
mod saved;
mod search;
mod shapes;
mod timeline;
mod visibility;

use std::sync::Arc;

use api::{App, Of, Routes};
use replica::{Limits, Replicas};

/// The objects that are read here: the built-in ones, and the company's own by one set of routes.
const OBJECTS: &[Of] = &[
    Of::BuiltIn("contact", "contacts"),
    Of::BuiltIn("company", "companies"),
    Of::BuiltIn("user", "users"),
    Of::BuiltIn("team", "teams"),
    Of::BuiltIn("invitation", "invitations"),
    saved::VIEWS,
    Of::BuiltIn("job", "jobs"),
    Of::Custom,
];

/// Those of them whose records can be there twice without anybody wanting it.
const WITH_DUPLICATES: &[Of] = &[Of::BuiltIn("contact", "contacts"), Of::BuiltIn("company", "companies"), Of::Custom];

/// The routes of views, over replicas that live as long as the process.
#[must_use]
pub fn routes(replicas: &Arc<Replicas>) -> Routes {
    let of_objects = OBJECTS.iter().map(|of| of_object(*of, replicas));
    of_objects.fold(search::routes(replicas).and(saved::routes()), Routes::and)
}

fn of_object(of: Of, replicas: &Arc<Replicas>) -> Routes {
    let routes = list::routes(of, replicas)
        .and(aggregate::routes(of, replicas))
        .and(read::routes(of, replicas))
        .and(timeline::routes(of));
    if WITH_DUPLICATES.contains(&of) { routes.and(duplicates::routes(of, replicas)) } else { routes }
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
