//! The workspace itself: its name, currency, time zone and locale.

use api::{Context, NoQuery, Operation, Result, Routes, Shape, Write};
use auth::Permission;
use axum::Json;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch};
use events::{Document, FieldChange};
use http::{HeaderValue, Method, header};
use kernel::{Conflicting, Error, Id, Timestamp, Version, Violations, kinds, pointer};
use records::Cx;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Refused, Sort};

/// The workspace's own description, a part of its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) id: Id<kinds::Workspace>,
    pub(crate) object: String,
    pub(crate) version: Version,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) name: String,
}

/// The most characters in a workspace's name.
const MAX_NAME: usize = 100;

pub(crate) fn routes() -> Routes {
    let shape = Shape::Schema(json!({
        "type": "object",
        "required": ["id", "object", "version", "created_at", "updated_at", "name"],
        "properties": {
            "id": { "type": "string" },
            "object": { "const": "workspace" },
            "version": { "type": "integer" },
            "created_at": { "type": "string", "format": "date-time" },
            "updated_at": { "type": "string", "format": "date-time" },
            "name": { "type": "string", "maxLength": MAX_NAME },
        },
    }));
    let body = Shape::Schema(json!({
        "type": "object",
        "properties": { "name": { "type": "string", "minLength": 1, "maxLength": MAX_NAME } },
        "additionalProperties": false,
    }));
    Routes::new()
        .add(
            Operation::new(Method::GET, "/v1/workspace", "read_workspace", "Read the workspace's settings")
                .answers(200, shape.clone()),
            get(read),
        )
        .add(
            Operation::new(Method::PATCH, "/v1/workspace", "update_workspace", "Change the workspace's settings")
                .takes(body)
                .answers(200, shape),
            patch(update),
        )
}

pub(crate) fn parse_name(body: &Document) -> Result<Option<String>, Violations> {
    let mut violations = Violations::new();
    for unknown in body.keys().filter(|name| *name != "name") {
        violations.add(pointer(unknown), "unknown_field", "is not a setting of the workspace");
    }
    let name = match body.get("name") {
        None => None,
        Some(Value::String(name)) => {
            let name = name.trim();
            if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
                violations.add("/name", "bad_name", format!("must be a line of 1 to {MAX_NAME} characters"));
            }
            Some(name.to_owned())
        }
        Some(_) => {
            violations.add("/name", "wrong_type", "must be a string");
            None
        }
    };
    violations.or(name)
}

async fn load(cx: &Cx) -> Result<Workspace, Error> {
    let document = cx.table.get(&cx.table.keys().config("workspace")).await?;
    let document = document.ok_or(Error::not_found("workspace"))?;
    serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("workspace"))
}

fn answer(workspace: &Workspace) -> Response {
    let mut response = Json(workspace).into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", workspace.version)) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

async fn read(Context(cx): Context, _: NoQuery) -> Result<Response> {
    Ok(answer(&load(&cx).await?))
}

async fn update(Write { cx, body, seen }: Write) -> Result<Response> {
    cx.caller.require(Permission::Administer)?;
    let outcome = try_update(&cx, &body, seen).await;
    // What was carried out before is answered again, also where this attempt found its `If-Match` stale because of it.
    match (&cx.once, outcome) {
        (Some(once), Err(Refused::Failed(error))) if !error.is_retryable() => {
            match cx.table.kept_answer(once, cx.clock.now()).await? {
                Some(kept) => repeated(kept),
                None => Err(error.into()),
            }
        }
        (_, Ok(workspace)) => Ok(answer(&workspace)),
        (_, Err(Refused::Repeated(kept))) => repeated(kept),
        (_, Err(Refused::Stale(_))) => Err(stale(&load(&cx).await?).into()),
        (_, Err(Refused::Failed(error))) => Err(error.into()),
        (_, Err(other)) => Err(Error::bug(format!("the workspace was not written: {other:?}")).into()),
    }
}

async fn try_update(cx: &Cx, body: &Document, seen: Option<Version>) -> Result<Workspace, Refused> {
    let name = parse_name(body).map_err(Error::from)?;
    let before = load(cx).await?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(stale(&before).into());
    }
    let mut after = before.clone();
    after.name = name.unwrap_or(after.name);
    if after == before {
        return Ok(before);
    }
    after.version += 1;
    after.updated_at = cx.clock.now();
    let mut changes = Changes::new();
    let document = serde_json::to_value(&after).map_err(Error::bug)?.as_object().cloned().unwrap_or_default();
    if let Some(once) = &cx.once {
        changes.answer(once.clone(), KeptAnswer::new(200, after.id.erase(), after.version, Some(&document)));
    }
    changes.replace(cx.table.keys().config("workspace"), Sort::Config, document, before.version);
    let change = FieldChange { before: json!(before.name), after: json!(after.name) };
    let event = crate::bootstrap::event(cx, "workspace.changed", after.id.erase(), after.version, [("name", change)]);
    changes.event(cx.table.keys(), "workspace", &event, None)?;
    cx.commit(&changes).await.map(|_| after)
}

fn repeated(kept: KeptAnswer) -> Result<Response> {
    let document = kept.document.unwrap_or_default();
    let workspace: Workspace =
        serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("workspace"))?;
    let mut response = answer(&workspace);
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

fn stale(current: &Workspace) -> Error {
    let fields = Document::from_iter([("name".to_owned(), json!(current.name))]);
    Error::Stale(Box::new(Conflicting { version: current.version, fields }))
}
