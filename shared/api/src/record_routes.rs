//! The routes by which the records of every object are written, and their history: create, change, archive, restore, erase,
//! upsert. What is asked of a replica as well, one record and lists, is `views`'.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query};
use axum::response::Response;
use axum::routing::{delete, get, patch, post, put};
use events::Document;
use http::Method;
use kernel::{AnyId, Error, Id, kinds};
use records::{Cx, Object, Written};
use serde::Deserialize;
use serde_json::Value;

use crate::of::{At, Of, Work, with_object};
use crate::respond::{page, written};
use crate::{
    Context, Operation, Parameter, Result, Routes, Shape, Write, batch_route, link_routes, merge_route, share_routes,
};

/// How many entries a page of what is under a record has if nobody says.
const LIMIT: u16 = 50;
/// How many it may have.
const MAX_LIMIT: u16 = records::limits::PAGE_RECORDS;

/// What a capability has to say of a write that no description of the object can.
///
/// It is about the members that are written, to the record of an id if there is one, and asked before anything is written,
/// with every schema that the write is tried with.
pub type Check = for<'a> fn(&'a Cx, &'a Object, Option<AnyId>, &'a Document) -> Work<'a, ()>;

/// The routes of an object's life cycle. What an object does not offer is left out by the caller adding routes itself.
#[must_use]
pub fn record_routes(of: Of) -> Routes {
    checked_record_routes(of, |_, _, _, _| Box::pin(async { Ok(()) })).and(upsert_route(of))
}

/// The same for an object of which a capability has more to say than its description, and whose records are known by
/// nothing but their ids.
#[must_use]
pub fn checked_record_routes(of: Of, check: Check) -> Routes {
    history_route(of).and(write_routes(of, check))
}

/// The routes of everything that can be done with the records of an object that people work with: their life cycle, links,
/// shares, merges, batches.
#[must_use]
pub fn all_record_routes(of: Of) -> Routes {
    record_routes(of).and(link_routes(of)).and(share_routes(of)).and(merge_route(of)).and(batch_route(of))
}

/// The parameters of a list of what is under a record.
pub(crate) fn paging(help: &str) -> Vec<Parameter> {
    vec![
        Parameter::new(
            "limit",
            help,
            serde_json::json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": LIMIT }),
        ),
        Parameter::new("cursor", "The next_cursor of the page before.", serde_json::json!({ "type": "string" })),
    ]
}

/// The limit that a list is asked with, or that it has.
pub(crate) fn checked_limit(limit: Option<u16>) -> Result<u16> {
    let limit = limit.unwrap_or(LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    Err(Error::invalid("/limit", "out_of_range", format!("must be 1 to {MAX_LIMIT}")).into())
}

/// The route of what happened to a record: for objects whose records are written in other ways.
#[must_use]
pub fn history_route(of: Of) -> Routes {
    let name = of.noun();
    Routes::new().add(
        Operation::new(
            Method::GET,
            of.one("/history"),
            format!("read_{name}_history"),
            format!("What was changed in a {name}, when and by whom"),
        )
        .asks(paging("How many events, newest first."))
        .answers(200, Shape::History),
        get(move |context, path, query| history(of, context, path, query)),
    )
}

fn write_routes(of: Of, check: Check) -> Routes {
    let name = of.noun();
    let operation = |method, path: String, verb: &str, summary: String| {
        Operation::new(method, path, format!("{verb}_{name}"), summary)
    };
    Routes::new()
        .add(
            operation(Method::POST, of.all(""), "create", format!("Create a {name}"))
                .unconditional()
                .takes(Shape::NewRecord(name))
                .answers(201, Shape::Record(name)),
            post(move |path, write| create(of, check, path, write)),
        )
        .add(
            operation(Method::PATCH, of.one(""), "update", format!("Change a {name}"))
                .takes(Shape::Patch(name))
                .answers(200, Shape::Record(name)),
            patch(move |path, write| update(of, check, path, write)),
        )
        .add(
            operation(Method::DELETE, of.one(""), "archive", format!("Put a {name} into the trash"))
                .answers(200, Shape::Record(name)),
            delete(move |path, write| archive(of, path, write)),
        )
        .add(
            operation(Method::POST, of.one("/restore"), "restore", format!("Take a {name} out of the trash"))
                .answers(200, Shape::Record(name)),
            post(move |path, write| restore(of, path, write)),
        )
        .and(erase_route(of))
}

/// The route by which a record is erased for good.
#[must_use]
pub fn erase_route(of: Of) -> Routes {
    let name = of.noun();
    let summary = format!("Erase a {name} for good");
    let operation = Operation::new(Method::POST, of.one("/erase"), format!("erase_{name}"), summary);
    Routes::new().add(operation.answers(204, Shape::Empty), post(move |path, write| erase(of, path, write)))
}

fn upsert_route(of: Of) -> Routes {
    let name = of.noun();
    let operation = Operation::new(
        Method::PUT,
        of.all("/by/{field}/{value}"),
        format!("upsert_{name}"),
        format!("Change the {name} with a unique value, or create one"),
    );
    Routes::new().add(
        operation.takes(Shape::Patch(name)).may_create().answers(200, Shape::Record(name)),
        put(move |path, write| upsert(of, path, write)),
    )
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HistoryQuery {
    limit: Option<u16>,
    cursor: Option<Id<kinds::Event>>,
}

async fn history(
    of: Of,
    Context(cx): Context,
    Path(at): Path<At>,
    query: Result<Query<HistoryQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>> {
    let Query(query) = query.map_err(|_| {
        Error::malformed("bad_query", "limit must be a number and cursor the next_cursor of the page before")
    })?;
    let limit = checked_limit(query.limit)?;
    let object = of.object(&cx, &at).await?;
    let history = records::history(&cx, &object, at.id(&object)?, limit, query.cursor).await?;
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
        "job": event.job,
        "changes": event.changes,
    })
}

/// Carries a write of a record out and answers it.
async fn carried_out<'a>(
    cx: &'a Cx,
    of: Of,
    at: &At,
    work: impl Fn(Arc<Object>) -> Work<'a, Written> + Send + Sync,
) -> Result<Response> {
    let (object, outcome) = outcome_of(cx, of, at, work).await?;
    Ok(written(&object.plural, outcome, cx.dry_run))
}

/// Carries a write out, on the word of the newest schema if it would be refused, or finds what it was answered before.
pub(crate) async fn outcome_of<'a>(
    cx: &'a Cx,
    of: Of,
    at: &At,
    work: impl Fn(Arc<Object>) -> Work<'a, Written> + Send + Sync,
) -> Result<(Arc<Object>, Written)> {
    let written_by = |object: Arc<Object>| -> Work<'a, (Arc<Object>, Written)> {
        let outcome = work(object.clone());
        Box::pin(async move {
            let outcome = records::or_kept(cx, &object, outcome.await).await?;
            Ok((object, outcome))
        })
    };
    Ok(with_object(cx, of, at, written_by).await?)
}

async fn create(of: Of, check: Check, Path(at): Path<At>, write: Write) -> Result<Response> {
    let (cx, body) = &write.unconditional()?;
    let work = |object: Arc<Object>| -> Work<'_, Written> {
        Box::pin(async move {
            check(cx, &object, None, body).await?;
            records::create(cx, &object, cx.ids.next_of(object.prefix), body).await
        })
    };
    carried_out(cx, of, &at, work).await
}

async fn update(of: Of, check: Check, Path(at): Path<At>, write: Write) -> Result<Response> {
    let (Write { cx, body, seen }, at) = (&write, &at);
    let work = |object: Arc<Object>| -> Work<'_, Written> {
        Box::pin(async move {
            let id = at.id(&object)?;
            check(cx, &object, Some(id), body).await?;
            records::update(cx, &object, id, body, *seen).await
        })
    };
    carried_out(cx, of, at, work).await
}

async fn archive(of: Of, Path(at): Path<At>, write: Write) -> Result<Response> {
    let (Write { cx, seen, .. }, at) = (&write, &at);
    let work = |object: Arc<Object>| -> Work<'_, Written> {
        Box::pin(async move { records::archive(cx, &object, at.id(&object)?, *seen).await })
    };
    carried_out(cx, of, at, work).await
}

async fn restore(of: Of, Path(at): Path<At>, write: Write) -> Result<Response> {
    let (Write { cx, seen, .. }, at) = (&write, &at);
    let work = |object: Arc<Object>| -> Work<'_, Written> {
        Box::pin(async move { records::restore(cx, &object, at.id(&object)?, *seen).await })
    };
    carried_out(cx, of, at, work).await
}

async fn erase(of: Of, Path(at): Path<At>, write: Write) -> Result<Response> {
    let (Write { cx, seen, .. }, at) = (&write, &at);
    let work = |object: Arc<Object>| -> Work<'_, Written> {
        Box::pin(async move { records::erase(cx, &object, at.id(&object)?, *seen).await })
    };
    carried_out(cx, of, at, work).await
}

async fn upsert(of: Of, Path(at): Path<At>, write: Write) -> Result<Response> {
    let (Write { cx, body, seen }, at) = (&write, &at);
    let work = |object: Arc<Object>| -> Work<'_, Written> {
        Box::pin(async move {
            let (id, unique) = (cx.ids.next_of(object.prefix), (at.field.as_str(), at.value.as_str()));
            records::upsert(cx, &object, id, unique, body, *seen).await
        })
    };
    carried_out(cx, of, at, work).await
}
