//! The OpenAPI document, which is made from all capabilities' routes when Rapport is built, and kept in the repository.

use api::{Operation, Routes, Shape};
use axum::response::IntoResponse;
use axum::routing::get;
use http::{Method, header};
use serde_json::json;

/// Written by `cargo xtask openapi`; a test fails when it is not what the routes say.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

pub(crate) fn routes() -> Routes {
    let operation = Operation::new(Method::GET, "/v1/openapi.json", "read_openapi", "This document");
    Routes::new().add(
        operation.public().answers(200, Shape::Schema(json!({ "type": "object" }))),
        get(async || ([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response()),
    )
}
