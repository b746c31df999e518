//! Who am I, and where.

use api::{Context, NoQuery, Operation, Result, Routes, Shape};
use auth::Role;
use axum::Json;
use axum::routing::get;
use http::Method;
use kernel::Error;
use records::render;
use serde_json::{Value, json};

use crate::workspace::{self, Workspace};

pub(crate) fn routes() -> Routes {
    let shape = Shape::Schema(json!({
        "title": "Me",
        "type": "object",
        "required": ["user", "workspace", "role", "api_key"],
        "properties": {
            "user": { "$ref": "#/components/schemas/User" },
            "workspace": workspace::schema(),
            "role": { "type": "string", "examples": [Role::REP] },
            "api_key": { "type": ["string", "null"], "pattern": "^key_[0-9a-f]{32}$" },
        },
    }));
    let operation = Operation::new(Method::GET, "/v1/me", "read_me", "Who am I, and in which workspace");
    Routes::new().add(operation.answers(200, shape), get(read_me)).tagged(workspace::TAG)
}

async fn read_me(Context(cx): Context, _: NoQuery) -> Result<Json<Value>> {
    let keys = cx.table.keys();
    let wanted = [keys.record("user", cx.caller.user.erase()), keys.config("workspace")];
    let found = cx.table.get_many(&wanted).await?;
    let of = |name: &str| found.iter().find(|document| document.get("object").is_some_and(|object| object == name));
    let user = of("user").ok_or(Error::not_found("user"))?;
    let workspace = of("workspace").cloned().ok_or(Error::not_found("workspace"))?;
    let object = cx.object("user").await?;
    Ok(Json(json!({
        "user": cx.rights.hidden().strip(&object, render(&object, user)),
        "workspace": Workspace::read(workspace)?,
        "role": cx.rights.role(),
        "api_key": cx.caller.api_key,
    })))
}
