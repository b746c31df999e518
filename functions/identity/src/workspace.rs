//! The workspace itself: its name, currency, time zone and locale.

use api::{Context, NoQuery, Operation, Result, Routes, Shape, Tag, Write, etag};
use auth::Capability;
use axum::Json;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch};
use events::{Document, FieldChange};
use http::{HeaderValue, Method};
use kernel::{Conflicting, Error, Id, Timestamp, Version, Violation, Violations, kinds, pointer};
use records::{Cx, MAX_TRASH_DAYS, TRASH_DAYS, parse_trash_days};
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
    /// For how many days records stay in the trash before they are erased.
    #[serde(default = "trash_days")]
    pub(crate) trash_days: u16,
}

pub(crate) const fn trash_days() -> u16 {
    TRASH_DAYS
}

/// The most characters in a workspace's name.
const MAX_NAME: usize = 100;

/// Where operations on the workspace as a whole stand in the documentation.
pub(crate) const TAG: Tag = Tag { name: "workspace", help: "The company's own space, and who is calling." };

fn days_schema() -> Value {
    json!({
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_TRASH_DAYS,
        "default": TRASH_DAYS,
        "description": "For how many days records stay in the trash before they are erased. Fewer days count for what is put \
                        there from then on, more days for everything that is there.",
    })
}

/// The workspace, as it is answered.
pub(crate) fn schema() -> Value {
    json!({
        "title": "Workspace",
        "type": "object",
        "required": ["id", "object", "version", "created_at", "updated_at", "name", "trash_days"],
        "properties": {
            "id": { "type": "string", "pattern": "^wsp_[0-9a-f]{32}$" },
            "object": { "const": "workspace" },
            "version": { "type": "integer", "minimum": 1 },
            "created_at": { "type": "string", "format": "date-time" },
            "updated_at": { "type": "string", "format": "date-time" },
            "name": { "type": "string", "maxLength": MAX_NAME, "examples": ["Northwind"] },
            "trash_days": days_schema(),
        },
    })
}

fn patch_schema() -> Value {
    json!({
        "title": "WorkspacePatch",
        "type": "object",
        "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": MAX_NAME, "examples": ["Northwind"] },
            "trash_days": days_schema(),
        },
        "additionalProperties": false,
    })
}

pub(crate) fn routes() -> Routes {
    Routes::new()
        .add(
            Operation::new(Method::GET, "/v1/workspace", "read_workspace", "Read the workspace's settings")
                .versioned()
                .answers(200, Shape::Schema(schema())),
            get(read),
        )
        .add(
            Operation::new(Method::PATCH, "/v1/workspace", "update_workspace", "Change the workspace's settings")
                .versioned()
                .takes(Shape::Schema(patch_schema()))
                .answers(200, Shape::Schema(schema())),
            patch(update),
        )
        .tagged(TAG)
}

/// What a body says of the settings.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) name: Option<String>,
    trash_days: Option<u16>,
}

pub(crate) fn parse(body: &Document) -> Result<Settings, Violations> {
    let (mut violations, mut settings) = (Violations::new(), Settings::default());
    for (name, value) in body {
        match name.as_str() {
            "name" => settings.name = violations.keep(parse_name(value)),
            "trash_days" => {
                settings.trash_days = parse_trash_days(value);
                if settings.trash_days.is_none() {
                    let detail = format!("must be 1 to {MAX_TRASH_DAYS} days");
                    violations.add("/trash_days", "out_of_range", detail);
                }
            }
            unknown => violations.add(pointer(unknown), "unknown_field", "is not a setting of the workspace"),
        }
    }
    violations.or(settings)
}

fn parse_name(value: &Value) -> Result<String, Violation> {
    let wrong = |code, detail: String| Violation { pointer: "/name".to_owned(), code, detail };
    let Value::String(name) = value else { return Err(wrong("wrong_type", "must be a string".to_owned())) };
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(wrong("bad_name", format!("must be a line of 1 to {MAX_NAME} characters")));
    }
    Ok(name.to_owned())
}

async fn load(cx: &Cx) -> Result<Workspace, Error> {
    let document = cx.table.get(&cx.table.keys().config("workspace")).await?;
    let document = document.ok_or(Error::not_found("workspace"))?;
    serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("workspace"))
}

fn answer(workspace: &Workspace) -> Response {
    let mut response = Json(workspace).into_response();
    etag(&mut response, workspace.version);
    response
}

async fn read(Context(cx): Context, _: NoQuery) -> Result<Response> {
    Ok(answer(&load(&cx).await?))
}

async fn update(Write { cx, body, seen }: Write) -> Result<Response> {
    cx.require(Capability::ManageWorkspace)?;
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
    let settings = parse(body).map_err(Error::from)?;
    let before = load(cx).await?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(stale(&before).into());
    }
    let mut after = before.clone();
    after.name = settings.name.unwrap_or(after.name);
    after.trash_days = settings.trash_days.unwrap_or(after.trash_days);
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
    let change = |before: Value, after: Value| FieldChange { before, after };
    let changed = [
        ("name", change(json!(before.name), json!(after.name))),
        ("trash_days", change(json!(before.trash_days), json!(after.trash_days))),
    ];
    let changed = changed.into_iter().filter(|(_, change)| change.before != change.after);
    let event = crate::bootstrap::event(cx, "workspace.changed", after.id.erase(), after.version, changed);
    changes.event(cx.table.keys(), "workspace", &event, None)?;
    cx.commit(&changes).await?;
    cx.schemas.forget(cx.caller.workspace);
    Ok(after)
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
    let fields = [("name", json!(current.name)), ("trash_days", json!(current.trash_days))];
    let fields = fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
    Error::Stale(Box::new(Conflicting { version: current.version, fields }))
}
