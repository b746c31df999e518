//! The routes by which records are shared.

use std::sync::Arc;

use axum::Json;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::{delete, get, put};
use events::Document;
use http::Method;
use kernel::{Error, Violations, pointer};
use records::{Object, Written};
use serde_json::{Value, json};
use table::Level;

use crate::of::{At, Of, Work};
use crate::record_routes::outcome_of;
use crate::respond::{page, written_beside};
use crate::{Context, NoQuery, Operation, Result, Routes, Shape, Write};

/// The routes by which an object's records are shared with users, teams and everyone.
#[must_use]
pub fn share_routes(of: Of) -> Routes {
    let name = of.noun();
    let path = of.one("/shares/{subject}");
    let body = json!({
        "type": "object",
        "required": ["level"],
        "properties": { "level": { "enum": ["read", "write"], "description": "What they may do." } },
        "additionalProperties": false,
    });
    Routes::new()
        .add(
            Operation::new(
                Method::GET,
                of.one("/shares"),
                format!("list_{name}_shares"),
                format!("List whom a {name} is shared with"),
            )
            .answers(200, Shape::Page(listed_schema())),
            get(move |context, query, path| list(of, context, query, path)),
        )
        .add(
            Operation::new(
                Method::PUT,
                path.clone(),
                format!("share_{name}"),
                format!("Share a {name} with a user, a team or everyone"),
            )
            .unconditional()
            .takes(Shape::Schema(body))
            .may_create()
            .answers(200, Shape::Schema(share_schema())),
            put(move |path, write| share(of, path, write)),
        )
        .add(
            Operation::new(Method::DELETE, path, format!("unshare_{name}"), format!("Take a share of a {name} back"))
                .unconditional()
                .answers(204, Shape::Empty),
            delete(move |path, write| unshare(of, path, write)),
        )
}

fn share_schema() -> Value {
    json!({
        "title": "Share",
        "type": "object",
        "required": ["subject", "level", "created_at", "created_by"],
        "properties": {
            "subject": {
                "type": "string",
                "description": "The id of a user or a team, or everyone.",
                "pattern": "^((usr|tea)_[0-9a-f]{32}|everyone)$",
                "examples": ["everyone"],
            },
            "level": { "enum": ["read", "write"] },
            "created_at": { "type": "string", "format": "date-time" },
            "created_by": { "type": "string", "pattern": "^usr_[0-9a-f]{32}$" },
        },
    })
}

fn listed_schema() -> Value {
    let mut schema = share_schema();
    schema["title"] = json!("ListedShare");
    schema["required"] = json!(["subject", "level", "created_at", "created_by", "name"]);
    let help = "The name of the user or the team, if they are still there.";
    schema["properties"]["name"] = json!({ "type": ["string", "null"], "description": help });
    schema
}

async fn list(of: Of, Context(cx): Context, _: NoQuery, Path(at): Path<At>) -> Result<Json<Value>> {
    let object = of.object(&cx, &at).await?;
    let shares = records::shares(&cx, &object, at.id(&object)?).await?;
    Ok(Json(page(shares.into_iter().map(Value::Object).collect(), None)))
}

fn parse_level(body: &Document) -> Result<Level, Error> {
    let mut violations = Violations::new();
    for name in body.keys().filter(|name| *name != "level") {
        violations.add(pointer(name), "unknown_field", "is not a member of a share");
    }
    let level = match body.get("level").and_then(Value::as_str) {
        Some("read") => Level::Read,
        Some("write") => Level::Write,
        _ => {
            violations.add("/level", "unknown_option", "must be read or write");
            Level::Read
        }
    };
    violations.or(level).map_err(Error::from)
}

async fn share(of: Of, Path(at): Path<At>, write: Write) -> Result<Response> {
    let ((cx, body), at) = (&write.unconditional()?, &at);
    let work = |object: Arc<Object>| -> Work<'_, Written> {
        Box::pin(async move {
            let id = at.id(&object)?;
            records::share(cx, &object, id, &at.subject, parse_level(body)?).await
        })
    };
    Ok(written_beside(outcome_of(cx, of, at, work).await?.1))
}

async fn unshare(of: Of, Path(at): Path<At>, write: Write) -> Result<Response> {
    let ((cx, _), at) = (&write.unconditional()?, &at);
    let work = |object: Arc<Object>| -> Work<'_, Written> {
        Box::pin(async move { records::unshare(cx, &object, at.id(&object)?, &at.subject).await })
    };
    Ok(written_beside(outcome_of(cx, of, at, work).await?.1))
}
