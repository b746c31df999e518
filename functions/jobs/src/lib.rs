//! Jobs: work on many records, under way, undone, told of.
//!
//! Owns the object `job` but for lists and reading one, which are `views`', and the routes that start work on many records.
//!
//! | access pattern | key condition | cost |
//! |---|---|---|
//! | start | transaction: job, chunks of named ids, event, kept answer | 1 round trip, and 1 of the replica's to count what a filter finds |
//! | cancel, undo | the job, then a transaction | 2 round trips; 1 more after an undo that came to nothing, 1 for the undo of an undo |
//! | start an export | 1 round trip, and that of the replica's to count |
//! | start a reassignment | both users, then the transaction; 2 more where the one is put into the trash | 2 round trips |
//! | files | the job; addresses of files are made here |
//! | an upload | none |
//! | errors | the job, then `w#JOB#id` / `CHUNK#…` | 2 round trips |
//! | a step of the worker | the job, its user, a chunk of 100 ids; then the job | 4 round trips, and those of the records |
//! | a step of an export | the job, its user; once for the replica; a part of a file; then the job | 3 round trips, and 1 or 2 of the bucket's |
//! | a record of a bulk edit | the record, then a transaction: record, event, kept answer, guards | 2 round trips |
//! | a record of an undo | its newest events as well | 3 round trips; 1 more in the chunk at which a job was cancelled |
//! | a record that refers to a merged one | as of a bulk edit, and the record that is left | 3 round trips |
//! | a record that becomes another user's | as of a bulk edit | 2 round trips |
//! | a link of a merged record | the link, the other record, then a transaction | 4 round trips |
//! | a record whose unique value is guarded | the chunk's records at once, the guard, then a transaction | 2 round trips |
//! | files of an erased record | its events, the jobs that they name, the plans of imports; the list of what was made, and each export once | 3 round trips and more, and a request to the bucket for each file |
//!
//! The job is a record: what it has done and where it is moves in the transaction that notes it, with a version check. Each
//! record is changed under a key of its own that is kept with the change, so a worker that is killed anywhere, or two that
//! have the same message, change nothing twice and count nothing twice. Memory does not grow with the number of records.
//!
//! Events out: `job.created`, `.started`, `.finished`, `.failed`, `.cancelled`, `.undone`, and `.fetched`, and those of the records that are
//! changed, which carry the job. Events in: `job.created`, `schema.field_*` and `*.erased`, as messages of the relay's.
//! Never lists records, never does what a role of now does not allow.

mod advance;
mod bulk;
mod cancel;
mod chunk;
mod errors;
mod export;
mod files;
mod forget;
mod found;
mod guards;
mod import;
mod merge;
mod place;
mod reassign;
mod revert;
mod rights;
mod select;
mod start;
mod turn;
mod undo;
mod uploads;
mod work;
mod worker;

use std::sync::Arc;

use api::{App, Of, Routes, history_route};
use replica::{Limits, Replicas};

pub use worker::Worker;

/// The objects that many records of can be edited at once.
const EDITED: [Of; 3] = [Of::BuiltIn("contact", "contacts"), Of::BuiltIn("company", "companies"), Of::Custom];

/// The routes of jobs, over replicas that live as long as the process.
#[must_use]
pub fn routes(replicas: &Arc<Replicas>) -> Routes {
    let bulk = EDITED.iter().fold(Routes::new(), |routes, of| routes.and(bulk::routes(*of, replicas)));
    let jobs = history_route(Of::BuiltIn("job", "jobs"));
    bulk.and(jobs)
        .and(errors::routes())
        .and(cancel::routes())
        .and(undo::routes())
        .and(reassign::routes())
        .and(files::routes())
        .and(export::routes(replicas))
        .and(import::routes())
        .and(uploads::routes())
}

/// The replicas of a process that answers requests.
#[must_use]
pub fn replicas(app: &App) -> Arc<Replicas> {
    let (tables, files, queues) = (app.tables.clone(), app.files.clone(), app.queues.clone());
    Arc::new(Replicas::new(app.replica_dir.clone(), tables, files, queues, Limits::request()))
}

/// The router of jobs.
pub fn router(app: App) -> axum::Router {
    let replicas = replicas(&app);
    routes(&replicas).router(app)
}
