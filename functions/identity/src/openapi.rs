//! The OpenAPI document, which is made from all capabilities' routes when Rapport is built, and kept in the repository.

use std::sync::LazyLock;

use api::{Operation, Routes, Shape, Tag};
use axum::response::IntoResponse;
use axum::routing::get;
use http::{Method, header};
use serde_json::{Value, json};

/// Written by `cargo xtask openapi`; a test fails when it is not what the routes say.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// The same as it is sent: half of the file is there for those who read differences.
static COMPACT: LazyLock<String> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(DOCUMENT).expect("docs/openapi.json is JSON");
    document.to_string()
});

/// Where the API's own description stands in it.
pub(crate) const TAG: Tag = Tag { name: "documentation", help: "What can be asked, for programs and for people." };

pub(crate) fn routes() -> Routes {
    let operation = Operation::new(Method::GET, "/v1/openapi.json", "read_openapi", "This document");
    let document = json!({
        "type": "object",
        "required": ["openapi", "info", "paths"],
        "properties": {
            "openapi": { "type": "string", "examples": ["3.1.0"] },
            "info": { "type": "object" },
            "paths": { "type": "object" },
        },
    });
    Routes::new()
        .add(
            operation.public().answers(200, Shape::Schema(document)),
            get(async || ([(header::CONTENT_TYPE, "application/json")], COMPACT.as_str()).into_response()),
        )
        .tagged(TAG)
}
