//! The schema: which objects there are and which fields they have, as far as a company decides it. Objects of its own, fields of
//! its own in every object, and what people see of the built-in ones.
//!
//! | access pattern | key condition | cost |
//! |---|---|---|
//! | the schema, an object | `w#CONFIG` / `schema`, then `w#CONFIG`, `begins_with(sk, object.)` | 2 round trips |
//! | a change | the same, then a transaction: definition, counter, event, kept answer | 3 round trips |
//! | a change that could cost values | the workspace's replica besides | as a list of those records |
//!
//! A change writes nothing but a definition: records are read as what their fields have become (docs/adr/0010). What is left
//! to do after one, the guards of a field that becomes unique, is [`pending`] and is done by a worker.
//!
//! Events out: `schema.object_created`, `.object_changed`, `.object_archived`, `.object_restored`, and the same of `field`;
//! `schema.field_settled` when the guards of a field are done. Events in: none. Never writes a record.

mod body;
mod change;
mod check;
mod describe;
mod effect;
mod extend;
mod field;
mod guards;
mod judge;
mod kind;
mod limits;
mod needs;
mod object;
mod options;
mod routes;
mod shapes;
mod stored;
mod types;

use api::{App, Routes};

pub use extend::{Extension, extend, extended};
pub use guards::{Pending, finish, pending, work_on};
pub use limits::{OPTIONS as MAX_OPTIONS, WORD as MAX_OPTION_CHARS};

/// The routes of the schema. Changes are judged by replicas that live as long as the process.
#[must_use]
pub fn routes(app: &App) -> Routes {
    routes::routes(&judge::Judge::new(app))
}

/// The router of the schema.
pub fn router(app: App) -> axum::Router {
    routes(&app).router(app)
}
