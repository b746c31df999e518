//! Identity: the workspace itself, the users and teams in it, and the API keys of programs. Also the API's own description, as a
//! document and as a page.
//!
//! | access pattern | key condition | cost |
//! |---|---|---|
//! | the workspace | `w#CONFIG` / `workspace` | 1 read unit |
//! | a user, by id | `w#USER#id` / `#` | 1 read unit |
//! | who am I | the workspace and the user in one batch | 1 round trip |
//! | API keys of a workspace | `w#APIKEYS` / `key_…`, then `w#USAGE#key` of each in one batch | 2 round trips |
//! | how much may be asked | what the request was let in by | none |
//! | an API key, by its hash | `APIKEY#hash` (read by the authorizer) | 1 read unit |
//!
//! Events out: `user.created`, `.changed`, `.archived` …, `team.…`, `api_key.created`, `.revoked`, `workspace.changed`. Events in: none.
//! Never lists users (`views` does), never keeps a secret, never stores a password.

mod api_keys;
mod bootstrap;
mod config;
mod docs;
mod invitations;
mod limits;
mod me;
mod openapi;
mod roles;
mod sign_in;
mod usage;
mod workspace;
mod workspaces;

use api::{App, Of, Routes, link_list_route, record_routes};

pub use bootstrap::{Bootstrapped, FirstUser, bootstrap, operator_key};

/// The routes of identity.
#[must_use]
pub fn routes() -> Routes {
    openapi::routes()
        .and(docs::routes())
        .and(config::routes())
        .and(sign_in::routes())
        .and(me::routes())
        .and(limits::routes())
        .and(workspace::routes())
        .and(workspaces::routes())
        .and(record_routes(Of::BuiltIn("user", "users")))
        .and(link_list_route(Of::BuiltIn("user", "users")))
        .and(record_routes(Of::BuiltIn("team", "teams")))
        .and(link_list_route(Of::BuiltIn("team", "teams")))
        .and(invitations::routes())
        .and(roles::routes())
        .and(api_keys::routes())
}

/// The router of identity.
pub fn router(app: App) -> axum::Router {
    routes().router(app)
}
