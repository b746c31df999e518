//! Roles: the standard ones, how a company has changed them, and its own. What each may do is data, a part of the configuration.

mod input;
mod shapes;
mod stored;

use api::{Context, NoQuery, Operation, Parameter, Result, Routes, Shape, Tag, Write, etag, page};
use auth::{Capability, Role};
use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use events::Document;
use http::{HeaderValue, Method, StatusCode};
use kernel::{Conflicting, Error, Version};
use records::Cx;
use serde_json::json;
use table::Refused;

use self::input::{New, Patched};
use self::shapes::{new_schema, patch_schema, role_schema};
use self::stored::{Stored, load};

const TAG: Tag =
    Tag { name: "roles", help: "What users may do: standard roles, which can be changed, and roles of your own." };

/// How often a change that met another one is tried anew.
const MAX_TRIES: u32 = 5;

pub(crate) fn routes() -> Routes {
    let name = || {
        let schema = json!({ "type": "string", "pattern": "^[a-z][a-z0-9_]*$", "examples": [Role::REP] });
        Parameter::new("name", "The role's name.", schema)
    };
    let list = Operation::new(Method::GET, "/v1/roles", "list_roles", "List all roles, and what each may do");
    let read = Operation::new(Method::GET, "/v1/roles/{name}", "read_role", "Read a role");
    let create = Operation::new(Method::POST, "/v1/roles", "create_role", "Make a role of your own");
    let update = Operation::new(Method::PATCH, "/v1/roles/{name}", "update_role", "Change what a role may do");
    let remove = "Give up a role of your own that nobody has, or make a standard role what it was";
    let remove = Operation::new(Method::DELETE, "/v1/roles/{name}", "remove_role", remove);
    let role = || Shape::Schema(role_schema());
    Routes::new()
        .add(list.answers(200, Shape::Page(role_schema())), get(list_roles))
        .add(read.names(name()).versioned().answers(200, role()), get(read_role))
        .add(create.unconditional().takes(Shape::Schema(new_schema())).answers(201, role()), post(create_role))
        .add(
            update.names(name()).versioned().takes(Shape::Schema(patch_schema())).answers(200, role()),
            patch(update_role),
        )
        .add(remove.names(name()).versioned().answers(204, Shape::Empty), delete(remove_role))
        .tagged(TAG)
}

fn parse_name(name: &str) -> Result<Role, Error> {
    Role::parse(name).ok_or_else(|| Error::not_found("role"))
}

async fn list_roles(Context(cx): Context, _: NoQuery) -> Result<Response> {
    let stored = stored::all(&cx).await?;
    let schema = cx.schema().await?;
    let data = stored.iter().map(|role| role.view(&cx, &schema)).collect();
    Ok(Json(page(data, None)).into_response())
}

async fn read_role(Context(cx): Context, _: NoQuery, Path(name): Path<String>) -> Result<Response> {
    let stored = load(&cx, &parse_name(&name)?).await?;
    answer(&cx, StatusCode::OK, &stored).await
}

async fn answer(cx: &Cx, status: StatusCode, stored: &Stored) -> Result<Response> {
    // Taken away, or as it was delivered already.
    if status == StatusCode::NO_CONTENT {
        return Ok(status.into_response());
    }
    let view = stored.view(cx, &*cx.schema().await?);
    let mut response = (status, Json(view)).into_response();
    etag(&mut response, stored.version);
    Ok(response)
}

async fn create_role(write: Write) -> Result<Response> {
    let (cx, body) = write.unconditional()?;
    carry_out(&cx, StatusCode::CREATED, async || {
        let new = New::parse(&cx, &body).await?;
        if load(&cx, &new.name).await.is_ok() {
            return Err(Error::Conflict { field: "name".to_owned() });
        }
        Stored::made(&cx, new)
    })
    .await
}

async fn update_role(Path(name): Path<String>, write: Write) -> Result<Response> {
    let Write { cx, body, seen } = write;
    let (role, body) = (parse_name(&name)?, &body);
    let (cx, role) = (&cx, &role);
    carry_out(cx, StatusCode::OK, async || {
        let before = seen_as(load(cx, role).await?, seen)?;
        let patched = Patched::parse(cx, &before, body).await?;
        before.patched(cx, patched)
    })
    .await
}

async fn remove_role(Path(name): Path<String>, write: Write) -> Result<Response> {
    let Write { cx, seen, .. } = write;
    let (cx, role) = (&cx, &parse_name(&name)?);
    carry_out(cx, StatusCode::NO_CONTENT, async || seen_as(load(cx, role).await?, seen)?.removed(cx)).await
}

/// Passes a role on if the caller has seen its version, or did not say which.
fn seen_as(stored: Stored, seen: Option<Version>) -> Result<Stored, Error> {
    match seen {
        Some(seen) if seen != stored.version => {
            Err(Error::Stale(Box::new(Conflicting { version: stored.version, fields: Document::new() })))
        }
        _ => Ok(stored),
    }
}

/// What becomes of a role.
struct Change {
    /// The role as it was; its version is what the change is bound to.
    before: Stored,
    /// The role as it will be, if something is left of it.
    after: Stored,
    is_removed: bool,
}

/// Plans a change and writes it, anew each time that somebody else got in between.
async fn carry_out<F>(cx: &Cx, status: StatusCode, plan: impl Fn() -> F + Send) -> Result<Response>
where
    F: Future<Output = Result<Change, Error>> + Send,
{
    cx.require(Capability::ManageRoles)?;
    // Asked first: what was carried out before makes most changes fail the second time.
    if let Some(once) = &cx.once
        && let Some(kept) = cx.table.kept_answer(once, cx.clock.now()).await?
    {
        return repeated(cx, status, kept.document.unwrap_or_default()).await;
    }
    for tries in 1..=MAX_TRIES {
        let change = plan().await?;
        if change.after == change.before && !change.is_removed {
            return answer(cx, status, &change.before).await;
        }
        match cx.commit(&change.changes(cx, status.as_u16())?).await {
            Ok(_) if change.is_removed => {
                cx.schemas.forget(cx.caller.workspace);
                return Ok(StatusCode::NO_CONTENT.into_response());
            }
            Ok(_) => {
                cx.schemas.forget(cx.caller.workspace);
                return answer(cx, status, &change.after).await;
            }
            Err(Refused::Repeated(kept)) => return repeated(cx, status, kept.document.unwrap_or_default()).await,
            Err(Refused::Stale(_) | Refused::Exists { .. }) => {}
            Err(Refused::Failed(error)) => return Err(error.into()),
            Err(other) => return Err(Error::bug(format!("a role was not written: {other:?}")).into()),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("the role kept changing while it was changed").into())
}

/// What an earlier request with the same key was answered.
async fn repeated(cx: &Cx, status: StatusCode, document: Document) -> Result<Response> {
    let mut response = match status {
        StatusCode::NO_CONTENT => status.into_response(),
        status => answer(cx, status, &Stored::read(document)?).await?,
    };
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}
