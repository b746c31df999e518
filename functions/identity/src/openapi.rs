//! The OpenAPI document, which is made from all capabilities' routes when Rapport is built, and kept in the repository.

use std::sync::LazyLock;

use api::{Context, Objects, Operation, Result, Routes, Shape, Tag, workspace_document};
use auth::Capability;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, header};
use kernel::Error;
use records::Object;
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
    general().and(of_workspace())
}

fn general() -> Routes {
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

fn of_workspace() -> Routes {
    let path = "/v1/workspace/openapi.json";
    let summary = "This document with the workspace's own objects and fields";
    let help = "Objects in the singular, separated by commas: only their paths and schemas, of the company's own.";
    let operation = Operation::new(Method::GET, path, "read_workspace_openapi", summary).in_parts(help);
    Routes::new().add(operation.answers(200, Shape::Schema(json!({ "type": "object" }))), get(read)).tagged(TAG)
}

async fn read(Context(cx): Context, objects: Objects) -> Result<Response> {
    let document: Value = serde_json::from_str(DOCUMENT).map_err(Error::unreadable("OpenAPI document"))?;
    let schema = cx.schema().await?;
    let schema = if cx.rights.may(Capability::ManageSchema) { schema } else { schema.without(&cx.rights.hidden()) };
    let shown = |object: &Object| !object.custom || objects.has(object);
    Objects::answer(&workspace_document(document, &schema, shown))
}
