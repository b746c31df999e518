//! The routes: everybody reads, administrators write.

use std::sync::Arc;

use api::{App, Context, LossyWrite, NoQuery, Objects, Operation, Result, Routes, Tag, Write};
use auth::Capability;
use axum::Json;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, get};
use http::{HeaderMap, Method};
use records::{Cx, Schema};
use serde::Deserialize;
use serde_json::Value;

use crate::change::{Asked, Verb, carry_out};
use crate::judge::Judge;
use crate::shapes;
use crate::stored::Stored;
use crate::{describe, types};

/// What a path says.
#[derive(Debug, Default, Deserialize)]
struct At {
    /// An object in the singular.
    #[serde(default)]
    name: String,
    /// A field.
    #[serde(default)]
    field: String,
}

const TAG: Tag =
    Tag { name: "schema", help: "What records are made of: objects and fields, the company's own among them." };

pub(crate) fn routes(judge: &Judge) -> Routes {
    reading().and(objects(judge)).and(fields(judge)).names(shapes::name()).names(shapes::field_name()).tagged(TAG)
}

fn reading() -> Routes {
    let operation = |path: &str, id: &str, summary: &str| Operation::new(Method::GET, path, id, summary);
    Routes::new()
        .add(
            operation("/v1/schema", "read_schema", "Every object with its fields, archived ones included")
                .in_parts("Objects in the singular, separated by commas: only these.")
                .answers(200, shapes::schema()),
            get(read_schema),
        )
        .add(
            operation("/v1/schema/types", "list_field_types", "What can be defined: types of fields, formulas, limits")
                .answers(200, shapes::types()),
            get(read_types),
        )
        .add(
            operation("/v1/schema/objects/{name}", "read_object", "An object with its fields")
                .answers(200, shapes::object()),
            get(read_object),
        )
}

fn objects(judge: &Judge) -> Routes {
    let one = "/v1/schema/objects/{name}";
    let operation = |method, path: &str, verb: &str, summary: &str| {
        Operation::new(method, path, format!("{verb}_object"), summary).answers(200, shapes::object())
    };
    let all = operation(Method::POST, "/v1/schema/objects", "create", "Make an object of your own");
    let restore = "/v1/schema/objects/{name}/restore";
    Routes::new()
        .add(
            all.unconditional().takes(shapes::new_object()).answers(201, shapes::object()),
            on(MethodFilter::POST, Verb::CreateObject, judge),
        )
        .add(
            operation(Method::PATCH, one, "update", "Change an object: labels, sections, order, who sees its records")
                .takes(shapes::object_patch()),
            on(MethodFilter::PATCH, Verb::UpdateObject, judge),
        )
        .add(
            operation(Method::DELETE, one, "archive", "Give an object of your own up; its records stay"),
            on(MethodFilter::DELETE, Verb::ArchiveObject, judge),
        )
        .add(
            operation(Method::POST, restore, "restore", "Take an object up again, with its records"),
            on(MethodFilter::POST, Verb::RestoreObject, judge),
        )
}

fn fields(judge: &Judge) -> Routes {
    let (all, one) = ("/v1/schema/objects/{name}/fields", "/v1/schema/objects/{name}/fields/{field}");
    let operation = |method, path: &str, verb: &str, summary: &str| {
        Operation::new(method, path, format!("{verb}_field"), summary).answers(200, shapes::object())
    };
    Routes::new()
        .add(
            operation(Method::POST, all, "create", "Make a field; it is unique from the start if it is to be")
                .takes(shapes::new_field())
                .answers(201, shapes::object()),
            on(MethodFilter::POST, Verb::CreateField, judge),
        )
        .add(
            operation(Method::PATCH, one, "update", "Change a field; what values that would cost is told first")
                .asks(vec![shapes::accept_loss()])
                .takes(shapes::field_patch())
                .answers(200, shapes::changed_object()),
            on_lossy(Verb::UpdateField, judge),
        )
        .add(
            operation(Method::DELETE, one, "archive", "Give a field up; its values stay"),
            on(MethodFilter::DELETE, Verb::ArchiveField, judge),
        )
        .add(
            operation(
                Method::POST,
                "/v1/schema/objects/{name}/fields/{field}/restore",
                "restore",
                "Take a field up again, with the values that it had",
            ),
            on(MethodFilter::POST, Verb::RestoreField, judge),
        )
}

async fn read_schema(Context(cx): Context, objects: Objects) -> Result<Response> {
    let stored = Stored::load(&cx).await?;
    let (version, schema) = (stored.version, told(&cx, stored));
    Objects::answer(&describe::schema(version, &schema, |object| objects.has(object)))
}

async fn read_types(_: Context, _: NoQuery) -> Result<Json<Value>> {
    Ok(Json(types::types()))
}

async fn read_object(Context(cx): Context, _: NoQuery, Path(at): Path<At>) -> Result<Response> {
    let stored = Stored::load(&cx).await?;
    let version = stored.object(&at.name)?.version;
    let schema = told(&cx, stored);
    let object =
        schema.all().find(|object| object.name == at.name).ok_or_else(|| kernel::Error::not_found("object"))?;
    let mut response = Json(describe::object(object)).into_response();
    api::etag(&mut response, version);
    Ok(response)
}

/// The schema as the caller may know it: who makes fields knows of all of them.
fn told(cx: &Cx, stored: Stored) -> Arc<Schema> {
    let schema = Arc::new(stored.schema);
    if cx.rights.may(Capability::ManageSchema) { schema } else { schema.without(&cx.rights.hidden()) }
}

/// The handler of a change that loses nothing.
fn on(method: MethodFilter, verb: Verb, judge: &Judge) -> MethodRouter<App> {
    let judge = judge.clone();
    axum::routing::on(method, move |path: Path<At>, headers: HeaderMap, write: Write| {
        changed(verb, judge.clone(), path, headers, LossyWrite { write, accept_loss: false })
    })
}

/// The handler of a change that can lose values.
fn on_lossy(verb: Verb, judge: &Judge) -> MethodRouter<App> {
    let judge = judge.clone();
    axum::routing::patch(move |path: Path<At>, headers: HeaderMap, write: LossyWrite| {
        changed(verb, judge.clone(), path, headers, write)
    })
}

async fn changed(
    verb: Verb,
    judge: Judge,
    Path(at): Path<At>,
    headers: HeaderMap,
    LossyWrite { mut write, accept_loss }: LossyWrite,
) -> Result<Response> {
    if verb == Verb::CreateObject {
        let (cx, body) = write.unconditional()?;
        write = Write { cx, body, seen: None };
    }
    let position = api::position(&headers)?;
    let write = LossyWrite { write, accept_loss };
    carry_out(Asked { verb, write, object: at.name, field: at.field, position, judge }).await
}
