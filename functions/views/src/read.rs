//! One record: from the table by its key, with what only a replica knows where there is any.

use std::sync::Arc;
use std::time::Instant;

use api::{
    At, Context, MAX_ANSWER_BYTES, Of, Only, Operation, Params, ReplicaTime, Result, Room, Routes, Seen, Shape,
    Showing, Work, etag, parse_params, schema_for, with_object,
};
use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use events::Document;
use http::Method;
use kernel::{AnyId, Error, Position, Timestamp, Version, Violations, pointer};
use records::{Cx, Object};
use replica::{Replicas, Visibility};
use serde::Serialize;
use serde_json::Value;

use crate::include::{self, Texts, included};
use crate::shapes;
use crate::visibility::hidden;

pub(crate) fn routes(of: Of, replicas: &Arc<Replicas>) -> Routes {
    let name = of.noun();
    let replicas = Arc::clone(replicas);
    Routes::new().add(
        Operation::new(Method::GET, of.one(""), format!("read_{name}"), format!("Read a {name}"))
            .asks(shapes::read_parameters())
            .answers(200, Shape::Record(name)),
        get(move |context, path, seen, query| read(of, Arc::clone(&replicas), context, path, seen, query)),
    )
}

/// What is wanted of a record.
#[derive(Debug, Clone, Default)]
struct Wanted {
    include: Vec<String>,
    fields: Option<Vec<String>>,
    as_of: Option<Timestamp>,
}

impl Wanted {
    fn parse(params: &Params) -> Result<Self, Violations> {
        let (mut wanted, mut violations) = (Self::default(), Violations::new());
        let names = |text: &str| text.split(',').map(|name| name.trim().to_owned()).collect();
        for (name, value) in params {
            match name.as_str() {
                "include" => wanted.include = names(value),
                "fields" => wanted.fields = Some(names(value)),
                "as_of" => match value.parse() {
                    Ok(moment) => wanted.as_of = Some(moment),
                    Err(_) => violations.add("/as_of", "not_a_time", "must be an RFC 3339 time"),
                },
                _ => violations.add(pointer(name), "unknown_parameter", "is not a parameter of this operation"),
            }
        }
        violations.or(wanted)
    }
}

/// A record with what it refers to, as it is answered.
#[derive(Debug, Serialize)]
struct Body {
    #[serde(flatten)]
    record: Document,
    /// By id; none unless it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<Texts>,
}

/// A record that was found, as it is answered.
struct Found {
    body: Body,
    /// The version that is stored now; none for a record as it was.
    version: Option<Version>,
    replica_ms: Option<f64>,
}

async fn read(
    of: Of,
    replicas: Arc<Replicas>,
    Context(cx): Context,
    Path(at): Path<At>,
    Seen(position): Seen,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let wanted = Wanted::parse(&parse_params(query.as_deref())?).map_err(Error::from)?;
    let (cx, replicas, at, position, wanted) = (&cx, &replicas, &at, &position, &wanted);
    let work = |object: Arc<Object>| -> Work<'_, Found> {
        Box::pin(async move { find(cx, replicas, &object, at.id(&object)?, wanted, position).await })
    };
    let found = with_object(cx, of, at, work).await?;
    let mut response = Json(found.body).into_response();
    if let Some(version) = found.version {
        etag(&mut response, version);
    }
    if let Some(replica_ms) = found.replica_ms {
        response.extensions_mut().insert(ReplicaTime(replica_ms));
    }
    Ok(response)
}

/// One round trip, strongly consistent; one more where the object has roll-ups or something is included.
async fn find(
    cx: &Cx,
    replicas: &Replicas,
    object: &Object,
    id: AnyId,
    wanted: &Wanted,
    position: &Position,
) -> kernel::Result<Found> {
    let (schema, visibility, mut violations) = (cx.schema().await?, Visibility::of_caller(cx), Violations::new());
    let unseen = hidden(&schema, &visibility, object);
    let includes = include::parse(object, &unseen, &wanted.include, &mut violations);
    let only = wanted.fields.as_ref().map(|paths| Only::parse(object, &unseen, paths, &mut violations));
    violations.or(())?;
    let record = match wanted.as_of {
        Some(moment) => records::as_of(cx, object, id, moment).await?,
        None => records::load(cx, object, id).await?,
    };
    let document = record.document();
    let wants_roll_ups = wanted.as_of.is_none() && object.roll_ups().next().is_some();
    let mut ids: Vec<AnyId> = include::ids(&includes, &document).into_iter().collect();
    let includes_itself = ids.contains(&id);
    ids.extend((wants_roll_ups && !includes_itself).then_some(id));
    let (mut others, mut replica_ms) = (Vec::new(), None);
    if !ids.is_empty() {
        let replica = replicas.open(&cx.table, &cx.clock).await?;
        replica.follow(position).await?;
        let started = Instant::now();
        let (found, looked_at) = replica.found_within(&ids, &visibility, MAX_ANSWER_BYTES)?;
        if looked_at < ids.len() {
            return Err(include::too_much());
        }
        others = found;
        replica_ms = Some(started.elapsed().as_secs_f64() * 1000.0);
    }
    let own = others.iter().find(|found| is_record(found, id)).map(|own| own.roll_ups.clone());
    let roll_ups = own.unwrap_or_default();
    others.retain(|found| includes_itself || !is_record(found, id));
    let documents = std::iter::once(&document).chain(others.iter().map(|other| &other.document));
    let schema = schema_for(cx, documents).await?;
    let object = schema.object(&object.name).map_or(object, |newer| newer);
    let mut unseen = hidden(&schema, &visibility, object);
    // Also those that were not known when it was asked for them: they are not `null`.
    if !wants_roll_ups {
        unseen.extend(object.roll_ups().map(str::to_owned));
    }
    let showing = Showing::of(object, &unseen, only.as_ref());
    let mut body = Body { record: showing.document(&document, &roll_ups), included: None };
    if !includes.is_empty() {
        body.included = Some(included(&schema, &visibility, &others));
        if !Room::new().take([&body]) {
            return Err(include::too_much());
        }
    }
    let version = wanted.as_of.is_none().then_some(record.common.version);
    Ok(Found { body, version, replica_ms })
}

fn is_record(found: &replica::Found, id: AnyId) -> bool {
    found.document.get("id").and_then(Value::as_str) == Some(id.to_string().as_str())
}
