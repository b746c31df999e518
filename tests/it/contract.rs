//! What is said in several places is the same in all of them: routers, template, `cargo lambda watch`, OpenAPI document,
//! `docs/API.md`, sample events.
//!
//! The capabilities' routes are the truth. `cargo xtask openapi` runs the tests of [`documents`] to write what follows from
//! them.

mod conformance;
mod documents;
mod examples;
mod nouns;
mod openapi;
mod repeated;
mod routes;
mod samples;

use std::path::{Path, PathBuf};

use api::Operation;

use crate::app::App;

pub(crate) use conformance::check;

/// A capability with HTTP, and what it answers.
pub(crate) struct Capability {
    /// Its artefact, which is its crate and its binary too.
    pub(crate) name: &'static str,
    pub(crate) operations: Vec<Operation>,
}

/// Every capability that answers requests.
pub(crate) fn capabilities(app: &App) -> Vec<Capability> {
    let views = views::routes(&views::replicas(&app.stack.app()));
    let jobs = jobs::routes(&jobs::replicas(&app.stack.app()));
    let schema = schema::routes(&app.stack.app());
    let objects = objects::routes();
    let named =
        [("identity", identity::routes()), ("contacts", contacts::routes()), ("schema", schema), ("objects", objects)];
    named
        .into_iter()
        .chain([("views", views), ("jobs", jobs), ("privacy", privacy::routes())])
        .map(|(name, routes)| Capability { name, operations: routes.operations().to_vec() })
        .collect()
}

/// A file of the repository from which these tests are run.
pub(crate) fn path(name: &str) -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here).join("..").join(name)
}

pub(crate) fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
