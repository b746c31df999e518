//! One record.

use api::{At, Context, Of, Operation, Parameter, Result, Routes, Shape, etag, parse_params};
use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::Method;
use kernel::{Error, Timestamp, Violations, pointer};

pub(crate) fn routes(of: Of) -> Routes {
    let name = of.noun();
    let as_of = Parameter {
        name: "as_of".to_owned(),
        help: "The record as it was at this time, from its history.".to_owned(),
        schema: serde_json::json!({ "type": "string", "format": "date-time" }),
    };
    Routes::new().add(
        Operation::new(Method::GET, of.one(""), format!("read_{name}"), format!("Read a {name}"))
            .asks(vec![as_of])
            .answers(200, Shape::Record(name)),
        get(move |context, path, query| read(of, context, path, query)),
    )
}

/// The time that a query asks for.
fn parse_as_of(query: Option<&str>) -> Result<Option<Timestamp>, Error> {
    let (mut violations, mut as_of) = (Violations::new(), None);
    for (name, value) in parse_params(query)? {
        match (name.as_str(), value.parse()) {
            ("as_of", Ok(time)) => as_of = Some(time),
            ("as_of", Err(_)) => {
                violations.add("/as_of", "not_a_time", "must be a time such as 2026-11-21T10:00:00.000Z");
            }
            _ => violations.add(pointer(&name), "unknown_parameter", "is not a parameter of this operation"),
        }
    }
    violations.or(as_of).map_err(Error::from)
}

async fn read(of: Of, Context(cx): Context, Path(at): Path<At>, RawQuery(query): RawQuery) -> Result<Response> {
    let as_of = parse_as_of(query.as_deref())?;
    let object = of.object(&cx, &at).await?;
    let id = at.id(&object)?;
    let record = match as_of {
        None => records::load(&cx, &object, id).await?,
        Some(time) => records::as_of(&cx, &object, id, time).await?,
    };
    let mut response = Json(record.rendered(&object)).into_response();
    // What it was has no version that could be written on.
    if as_of.is_none() {
        etag(&mut response, record.common.version);
    }
    Ok(response)
}
