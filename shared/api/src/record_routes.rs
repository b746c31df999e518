//! The routes that every object has: create, read, change, archive, restore, erase, history, upsert. Lists are `views`'.

use axum::Json;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post, put};
use http::Method;
use kernel::{AnyId, Error, Id, Ids, kinds};
use records::{Cx, Object, Written};
use serde::Deserialize;
use serde_json::Value;

use crate::respond::{etag, page, written};
use crate::{Context, NoQuery, Operation, Parameter, Result, Routes, Shape, Write};

/// Makes the id of a new record of an object.
pub type NewId = fn(&Ids) -> AnyId;

/// How many events a page of history has if nobody says.
const HISTORY_LIMIT: u16 = 50;
/// How many it may have.
const MAX_HISTORY_LIMIT: u16 = 200;

/// The routes of an object's life cycle. What an object does not offer is left out by the caller adding routes itself.
#[must_use]
pub fn record_routes(object: &'static Object, new_id: NewId) -> Routes {
    read_routes(object).and(write_routes(object, new_id))
}

fn one(object: &Object) -> String {
    format!("/v1/{}/{{id}}", object.plural)
}

fn read_routes(object: &'static Object) -> Routes {
    let name = object.name;
    let history_query = vec![
        Parameter {
            name: "limit".to_owned(),
            help: "How many events, newest first.".to_owned(),
            schema: serde_json::json!({ "type": "integer", "minimum": 1, "maximum": MAX_HISTORY_LIMIT, "default": HISTORY_LIMIT }),
        },
        Parameter {
            name: "cursor".to_owned(),
            help: "The next_cursor of the page before.".to_owned(),
            schema: serde_json::json!({ "type": "string" }),
        },
    ];
    Routes::new()
        .add(
            Operation::new(Method::GET, one(object), format!("read_{name}"), format!("Read a {name}"))
                .answers(200, Shape::Record(name)),
            get(move |context, query, path| read(object, context, query, path)),
        )
        .add(
            Operation::new(
                Method::GET,
                format!("{}/history", one(object)),
                format!("read_{name}_history"),
                format!("What was changed in a {name}, when and by whom"),
            )
            .asks(history_query)
            .answers(200, Shape::History),
            get(move |context, path, query| history(object, context, path, query)),
        )
}

fn write_routes(object: &'static Object, new_id: NewId) -> Routes {
    let (name, plural) = (object.name, object.plural);
    let operation = |method, path: String, verb: &str, summary: String| {
        Operation::new(method, path, format!("{verb}_{name}"), summary)
    };
    Routes::new()
        .add(
            operation(Method::POST, format!("/v1/{plural}"), "create", format!("Create a {name}"))
                .unconditional()
                .takes(Shape::NewRecord(name))
                .answers(201, Shape::Record(name)),
            post(move |write| create(object, new_id, write)),
        )
        .add(
            operation(Method::PATCH, one(object), "update", format!("Change a {name}"))
                .takes(Shape::Patch(name))
                .answers(200, Shape::Record(name)),
            patch(move |path, write| update(object, path, write)),
        )
        .add(
            operation(Method::DELETE, one(object), "archive", format!("Put a {name} into the trash"))
                .answers(200, Shape::Record(name)),
            delete(move |path, write| archive(object, path, write)),
        )
        .add(
            operation(
                Method::POST,
                format!("{}/restore", one(object)),
                "restore",
                format!("Take a {name} out of the trash"),
            )
            .answers(200, Shape::Record(name)),
            post(move |path, write| restore(object, path, write)),
        )
        .add(
            operation(Method::POST, format!("{}/erase", one(object)), "erase", format!("Erase a {name} for good"))
                .answers(204, Shape::Empty),
            post(move |path, write| erase(object, path, write)),
        )
        .add(
            operation(
                Method::PUT,
                format!("/v1/{plural}/by/{{field}}/{{value}}"),
                "upsert",
                format!("Change the {name} with a unique value, or create one"),
            )
            .takes(Shape::Patch(name))
            .may_create()
            .answers(200, Shape::Record(name)),
            put(move |path, write| upsert(object, new_id, path, write)),
        )
}

/// An id in a path. What is no id of this object names nothing.
fn parse_id(object: &Object, text: &str) -> Result<AnyId, Error> {
    text.parse().map_err(|_| Error::NotFound { what: object.name })
}

async fn read(object: &'static Object, Context(cx): Context, _: NoQuery, Path(id): Path<String>) -> Result<Response> {
    let record = records::load(&cx, object, parse_id(object, &id)?).await?;
    let mut response = Json(record.rendered(object)).into_response();
    etag(&mut response, record.common.version);
    Ok(response)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryQuery {
    limit: Option<u16>,
    cursor: Option<Id<kinds::Event>>,
}

async fn history(
    object: &'static Object,
    Context(cx): Context,
    Path(id): Path<String>,
    query: Result<Query<HistoryQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>> {
    let Query(query) = query.map_err(|_| {
        Error::malformed("bad_query", "limit must be a number and cursor the next_cursor of the page before")
    })?;
    let limit = query.limit.unwrap_or(HISTORY_LIMIT);
    if !(1..=MAX_HISTORY_LIMIT).contains(&limit) {
        return Err(Error::invalid("/limit", "out_of_range", format!("must be 1 to {MAX_HISTORY_LIMIT}")).into());
    }
    let history = records::history(&cx, object, parse_id(object, &id)?, limit, query.cursor).await?;
    let data = history.events.iter().map(event_view).collect();
    Ok(Json(page(data, history.next.map(|id| id.to_string()))))
}

/// An event as it is answered: without salt and digest, which are for the audit's proof.
fn event_view(event: &events::Event) -> Value {
    serde_json::json!({
        "id": event.id,
        "name": event.name,
        "record": event.record,
        "version": event.version,
        "at": event.at,
        "by": event.by,
        "request_id": event.request_id,
        "changes": event.changes,
    })
}

async fn respond(cx: &Cx, object: &Object, outcome: kernel::Result<Written>) -> Result<Response> {
    let outcome = records::or_kept(cx, object, outcome).await?;
    Ok(written(object.plural, outcome, cx.dry_run))
}

async fn create(object: &'static Object, new_id: NewId, write: Write) -> Result<Response> {
    let (cx, body) = write.unconditional()?;
    let outcome = records::create(&cx, object, new_id(&cx.ids), &body).await;
    respond(&cx, object, outcome).await
}

async fn update(object: &'static Object, Path(id): Path<String>, write: Write) -> Result<Response> {
    let Write { cx, body, seen } = write;
    let outcome = records::update(&cx, object, parse_id(object, &id)?, &body, seen).await;
    respond(&cx, object, outcome).await
}

async fn archive(object: &'static Object, Path(id): Path<String>, write: Write) -> Result<Response> {
    let outcome = records::archive(&write.cx, object, parse_id(object, &id)?, write.seen).await;
    respond(&write.cx, object, outcome).await
}

async fn restore(object: &'static Object, Path(id): Path<String>, write: Write) -> Result<Response> {
    let outcome = records::restore(&write.cx, object, parse_id(object, &id)?, write.seen).await;
    respond(&write.cx, object, outcome).await
}

async fn erase(object: &'static Object, Path(id): Path<String>, write: Write) -> Result<Response> {
    let outcome = records::erase(&write.cx, object, parse_id(object, &id)?, write.seen).await;
    respond(&write.cx, object, outcome).await
}

async fn upsert(
    object: &'static Object,
    new_id: NewId,
    Path((field, value)): Path<(String, String)>,
    write: Write,
) -> Result<Response> {
    let Write { cx, body, seen } = write;
    let id = new_id(&cx.ids);
    let outcome = records::upsert(&cx, object, id, (&field, &value), &body, seen).await;
    respond(&cx, object, outcome).await
}
