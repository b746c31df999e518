//! The workspace itself: its name, currency, time zone and locale, its financial year, and who may come in.

mod join;
mod settings;
mod shapes;

use api::{Context, NoQuery, Operation, Result, Routes, Shape, Tag, Write, etag};
use auth::Capability;
use axum::Json;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch};
use events::Document;
use http::{HeaderValue, Method};
use kernel::{Conflicting, Error, Id, Timestamp, Version, kinds};
use records::Cx;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use table::{Changes, KeptAnswer, Refused, Sort};

pub(crate) use self::join::domain_of;
pub(crate) use self::settings::Settings;
use self::shapes::patch_schema;
pub(crate) use self::shapes::{new_schema, schema};

/// The workspace's own description, a part of its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) id: Id<kinds::Workspace>,
    pub(crate) object: String,
    pub(crate) version: Version,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    #[serde(flatten)]
    pub(crate) settings: Settings,
}

impl Workspace {
    /// One as it is kept.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn read(document: Document) -> Result<Self, Error> {
        serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("workspace"))
    }

    pub(crate) fn document(&self) -> Result<Document, Error> {
        Ok(serde_json::to_value(self).map_err(Error::bug)?.as_object().cloned().unwrap_or_default())
    }
}

/// Where operations on the workspace as a whole stand in the documentation.
pub(crate) const TAG: Tag = Tag { name: "workspace", help: "The company's own space, and who is calling." };

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

async fn load(cx: &Cx) -> Result<Workspace, Error> {
    let document = cx.table.get(&cx.table.keys().config("workspace")).await?;
    Workspace::read(document.ok_or(Error::not_found("workspace"))?)
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
        (_, Err(Refused::Stale(_))) => Err(stale(&load(&cx).await?)?.into()),
        (_, Err(Refused::Failed(error))) => Err(error.into()),
        (_, Err(other)) => Err(Error::bug(format!("the workspace was not written: {other:?}")).into()),
    }
}

async fn try_update(cx: &Cx, body: &Document, seen: Option<Version>) -> Result<Workspace, Refused> {
    let before = load(cx).await?;
    let settings = before.settings.patched(body).map_err(Error::from)?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(stale(&before)?.into());
    }
    let changed = before.settings.changes(&settings)?;
    if changed.is_empty() {
        return Ok(before);
    }
    let (was, is) = (before.settings.join.as_ref(), settings.join.as_ref());
    join::judge(cx, was, is).await?;
    let mut changes = Changes::new();
    join::follow(cx, &mut changes, was, is);
    let after = Workspace { version: before.version + 1, updated_at: cx.clock.now(), settings, ..before.clone() };
    let document = after.document()?;
    if let Some(once) = &cx.once {
        changes.answer(once.clone(), KeptAnswer::new(200, after.id.erase(), after.version, Some(&document)));
    }
    changes.replace(cx.table.keys().config("workspace"), Sort::Config, document, before.version);
    let named = changed.iter().map(|(name, change)| (name.as_str(), change.clone()));
    let event = crate::bootstrap::event(cx, "workspace.changed", after.id.erase(), after.version, named);
    changes.event(cx.table.keys(), "workspace", &event, None)?;
    cx.commit(&changes).await?;
    cx.schemas.forget(cx.caller.workspace);
    Ok(after)
}

fn repeated(kept: KeptAnswer) -> Result<Response> {
    let workspace = Workspace::read(kept.document.unwrap_or_default())?;
    let mut response = answer(&workspace);
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

fn stale(current: &Workspace) -> Result<Error, Error> {
    let fields = current.settings.document()?;
    Ok(Error::Stale(Box::new(Conflicting { version: current.version, fields })))
}
