//! The OpenAPI document, which is made from all capabilities' routes when Rapport is built, and kept in the repository.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use api::{Context, Operation, Parameter, Result, Routes, Shape, Tag, parse_params, workspace_document};
use auth::Permission;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{Method, header};
use kernel::{Error, pointer};
use records::Object;
use serde_json::{Value, json};

/// Written by `cargo xtask openapi`; a test fails when it is not what the routes say.
const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// The largest document that is answered, in bytes: Lambda answers six million.
const MAX_BYTES: usize = 5_500_000;
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
    let schema = json!({ "type": "string", "examples": ["x_project,x_invoice"] });
    let objects = Parameter::new("objects", help, schema);
    let operation = Operation::new(Method::GET, path, "read_workspace_openapi", summary).asks(vec![objects]);
    Routes::new().add(operation.answers(200, Shape::Schema(json!({ "type": "object" }))), get(read)).tagged(TAG)
}

async fn read(Context(cx): Context, RawQuery(query): RawQuery) -> Result<Response> {
    cx.caller.require(Permission::Read)?;
    let mut wanted: Option<BTreeSet<String>> = None;
    for (name, value) in parse_params(query.as_deref())? {
        if name != "objects" {
            let detail = "is not a parameter of this operation";
            return Err(Error::invalid(pointer(&name), "unknown_parameter", detail).into());
        }
        wanted = Some(value.split(',').map(|name| name.trim().to_owned()).collect());
    }
    let document: Value = serde_json::from_str(DOCUMENT).map_err(Error::unreadable("OpenAPI document"))?;
    let schema = cx.schema().await?;
    let shown = |object: &Object| !object.custom || wanted.as_ref().is_none_or(|wanted| wanted.contains(&object.name));
    let text = workspace_document(document, &schema, shown).to_string();
    if text.len() > MAX_BYTES {
        let detail = "there are more objects than one document can hold: name some of them in objects".to_owned();
        return Err(Error::WrongState { code: "document_too_large", detail }.into());
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}
