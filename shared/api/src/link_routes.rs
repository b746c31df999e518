//! The routes of labelled links between records.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Path, Query, Request};
use axum::response::Response;
use axum::routing::{delete, get, put};
use http::Method;
use kernel::Error;
use records::{DEFAULT_LABEL, Object, Other, Written};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::of::{At, Of, Work};
use crate::record_routes::{checked_limit, outcome_of, paging};
use crate::respond::{page, written_beside};
use crate::{App, Context, Operation, Parameter, Problem, Result, Routes, Shape, Write};

/// The routes by which an object's records are linked with others, and their links.
#[must_use]
pub fn link_routes(of: Of) -> Routes {
    let name = of.noun();
    let path = of.one("/links/{kind}/{other}");
    link_list_route(of)
        .add(
            Operation::new(
                Method::PUT,
                path.clone(),
                format!("link_{name}"),
                format!("Link a {name} with another record"),
            )
            .unconditional()
            .asks(vec![label(&format!("What the link means; {DEFAULT_LABEL} if nothing is said."))])
            .may_create()
            .answers(200, Shape::Schema(link_schema())),
            put(move |path, write| link(of, path, write)),
        )
        .add(
            Operation::new(Method::DELETE, path, format!("unlink_{name}"), format!("Take a link of a {name} away"))
                .unconditional()
                .asks(vec![label(&format!("Which link; {DEFAULT_LABEL} if nothing is said."))])
                .answers(204, Shape::Empty),
            delete(move |path, write| unlink(of, path, write)),
        )
}

/// The route of the links of an object's records, for an object whose records are only linked from others.
#[must_use]
pub fn link_list_route(of: Of) -> Routes {
    let name = of.noun();
    let mut query = paging("How many links, by label.");
    query.push(label("Only links with this label."));
    Routes::new().add(
        Operation::new(
            Method::GET,
            of.one("/links"),
            format!("list_{name}_links"),
            format!("List what a {name} is linked with"),
        )
        .asks(query)
        .answers(200, Shape::Page(listed_schema())),
        get(move |context, path, query| list(of, context, path, query)),
    )
}

fn label(help: &str) -> Parameter {
    let schema = json!({ "type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$", "examples": [DEFAULT_LABEL] });
    Parameter::new("label", help, schema)
}

/// A link as a record has it.
fn link_schema() -> Value {
    json!({
        "title": "Link",
        "type": "object",
        "required": ["object", "id", "label", "direction", "created_at", "created_by"],
        "properties": {
            "object": { "type": "string", "description": "The other record's object.", "examples": ["company"] },
            "id": { "type": "string", "description": "The other record.", "pattern": "^[a-z0-9]{3}_[0-9a-f]{32}$" },
            "label": { "type": "string", "examples": [DEFAULT_LABEL] },
            "direction": {
                "enum": ["out", "in"],
                "description": "Whether it was made from this record (out) or from the other one (in).",
            },
            "created_at": { "type": "string", "format": "date-time" },
            "created_by": { "type": "string", "pattern": "^usr_[0-9a-f]{32}$" },
        },
    })
}

/// The same in a list, where the other record is at hand.
fn listed_schema() -> Value {
    let mut schema = link_schema();
    schema["title"] = json!("ListedLink");
    schema["required"] =
        json!(["object", "id", "label", "direction", "created_at", "created_by", "title", "archived_at"]);
    schema["properties"]["title"] =
        json!({ "type": "string", "description": "What people call the other record.", "examples": ["Acme"] });
    let when = json!({ "type": "string", "format": "date-time" });
    schema["properties"]["archived_at"] =
        json!({ "anyOf": [when, { "type": "null" }], "description": "When the other record went into the trash." });
    schema
}

/// A write about the link with a label.
struct Labelled {
    write: Write,
    label: String,
}

impl FromRequest<App> for Labelled {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let (write, params) = Write::asking(request, app, &["label"]).await?;
        let label = records::parse_label(params.first().map(|(_, label)| label.as_str()))?;
        Ok(Self { write, label })
    }
}

impl At {
    fn other(&self) -> Other<'_> {
        Other { object: &self.kind, id: &self.other }
    }
}

async fn link(of: Of, Path(at): Path<At>, Labelled { write, label }: Labelled) -> Result<Response> {
    let ((cx, _), at, label) = (&write.unconditional()?, &at, label.as_str());
    let work = |object: Arc<Object>| -> Work<'_, Written> {
        Box::pin(async move { records::link(cx, &object, at.id(&object)?, label, at.other()).await })
    };
    Ok(written_beside(outcome_of(cx, of, at, work).await?.1))
}

async fn unlink(of: Of, Path(at): Path<At>, Labelled { write, label }: Labelled) -> Result<Response> {
    let ((cx, _), at, label) = (&write.unconditional()?, &at, label.as_str());
    let work = |object: Arc<Object>| -> Work<'_, Written> {
        Box::pin(async move { records::unlink(cx, &object, at.id(&object)?, label, at.other()).await })
    };
    Ok(written_beside(outcome_of(cx, of, at, work).await?.1))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    limit: Option<u16>,
    cursor: Option<String>,
    label: Option<String>,
}

async fn list(
    of: Of,
    Context(cx): Context,
    Path(at): Path<At>,
    query: Result<Query<ListQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>> {
    let Query(query) = query.map_err(|_| {
        Error::malformed("bad_query", "limit must be a number, cursor the next_cursor of the page before")
    })?;
    let limit = checked_limit(query.limit)?;
    let label = query.label.as_deref().map(|label| records::parse_label(Some(label))).transpose()?;
    let object = of.object(&cx, &at).await?;
    let id = at.id(&object)?;
    let links = records::links(&cx, &object, id, label.as_deref(), query.cursor.as_deref(), limit).await?;
    Ok(Json(page(links.links.into_iter().map(Value::Object).collect(), links.next)))
}
