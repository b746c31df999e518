//! The HTTP conventions of Rapport, in one place: routes and their description, problems, entity tags, idempotency keys, dry
//! runs, positions, limits, `Server-Timing`.
//!
//! A capability declares its [`Routes`]; the router, the OpenAPI document and the contract tests all come from that one
//! declaration. Knows nothing of SQLite: a function that asks no questions does not link it.

mod access;
mod app;
mod asked;
mod batch_route;
mod denied;
mod input;
mod json;
mod limits;
mod link_routes;
mod merge_route;
mod notes;
mod observe;
mod of;
mod openapi;
mod problem;
mod query;
mod record_routes;
mod respond;
mod room;
mod routes;
mod schemas;
mod secure;
mod share_routes;
mod shown;
mod workspace_document;

pub use access::{Context, SignedIn};
pub use app::{App, Authorize};
pub use asked::{Question, Seen};
pub use batch_route::batch_route;
pub use input::{LossyWrite, MAX_BODY_BYTES, MAX_KEY_CHARS, Members, Write, position};
pub use json::{MAX_JSON_DEPTH, MAX_JSON_VALUES};
pub use limits::{Allowance, Limits, Rates, Standing};
pub use link_routes::{link_list_route, link_routes};
pub use merge_route::merge_route;
pub use notes::{Note, Notes};
pub use observe::{MAX_HEADERS, MAX_QUERY_BYTES, ReplicaTime};
pub use of::{At, Of, Work, with_object};
pub use openapi::document;
pub use problem::Problem;
pub use query::{MAX_PARAMS, NoQuery, Objects, Params, parse_params};
pub use record_routes::{Check, all_record_routes, checked_record_routes, erase_route, history_route, record_routes};
pub use respond::{PageEnd, etag, page, written};
pub use room::{MAX_ANSWER_BYTES, Room};
pub use routes::{Operation, Parameter, Routes, Shape, Tag};
pub use schemas::{ALWAYS_ANSWERED, record_schema_name};
pub use share_routes::share_routes;
pub use shown::{Only, Showing, schema_for};
pub use workspace_document::workspace_document;

/// The result of a handler.
pub type Result<T, E = Problem> = std::result::Result<T, E>;
