//! Records that may be the same twice: of one that is about to be made, of one that is there, and all of them.

use auth::Action;
use std::sync::Arc;
use std::time::Instant;

use api::{
    At, Context, NoQuery, Of, Operation, PageEnd, Params, Question, Result, Room, Routes, Seen, Work, parse_params,
    schema_for, with_object,
};
use axum::extract::{Path, RawQuery};
use axum::routing::{get, post};
use events::Document;
use http::Method;
use kernel::{AnyId, Error, Position, Timestamp, Violations, pointer};
use records::{Cx, Fields, Object};
use replica::{Candidate, Draft, Reason, Replica, Replicas, Visibility};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::answer::Answered;
use crate::shapes;
use crate::visibility::Showings;

/// How many candidates are answered.
const CANDIDATES: usize = 20;
/// How many groups a page has if nobody says, and how many it can have.
pub(crate) const LIMIT: u16 = 20;
pub(crate) const MAX_LIMIT: u16 = 100;

pub(crate) fn routes(of: Of, replicas: &Arc<Replicas>) -> Routes {
    let (noun, plural) = (of.noun(), of.nouns());
    let [for_new, for_one, for_all] = [(); 3].map(|()| Arc::clone(replicas));
    let new = Operation::new(
        Method::POST,
        of.all("/duplicates"),
        format!("find_duplicates_of_{noun}"),
        format!("Who may be the same as a {noun} that is about to be created"),
    );
    let one = Operation::new(
        Method::GET,
        of.one("/duplicates"),
        format!("list_duplicates_of_{noun}"),
        format!("Who may be the same as a {noun}"),
    );
    let all = Operation::new(
        Method::GET,
        of.all("/duplicates"),
        format!("list_duplicate_{plural}"),
        format!("List {plural} that may be the same, group by group"),
    );
    Routes::new()
        .add(
            new.reads().takes(shapes::draft(of)).answers(200, shapes::candidates(of)),
            post(move |context, path, seen, query, body| {
                of_new(of, Arc::clone(&for_new), context, path, seen, query, body)
            }),
        )
        .add(
            one.answers(200, shapes::candidates(of)),
            get(move |context, path, seen, query| of_one(of, Arc::clone(&for_one), context, path, seen, query)),
        )
        .add(
            all.asks(shapes::duplicates_parameters()).answers(200, shapes::duplicates(of)),
            get(move |context, path, seen, query| of_all(of, Arc::clone(&for_all), context, path, seen, query)),
        )
}

async fn of_new(
    of: Of,
    replicas: Arc<Replicas>,
    Context(cx): Context,
    Path(at): Path<At>,
    Seen(position): Seen,
    _: NoQuery,
    Question(body): Question,
) -> Result<Answered<Candidates>> {
    let (cx, replicas, body, position) = (&cx, &replicas, &body, &position);
    let work = |object: Arc<Object>| -> Work<'_, Answered<Candidates>> {
        Box::pin(async move {
            let fields = draft(&cx.rights.as_written(&object), body)?;
            candidates(cx, replicas, &object, fields, None, position).await
        })
    };
    Ok(with_object(cx, of, &at, work).await?)
}

/// The fields of a record that is about to be made. A form may be half filled in, and say so by `null` and blanks: only what it says
/// is judged, and nothing is required.
fn draft(object: &Object, body: &Document) -> Result<Fields, Violations> {
    let said = |members: &Document| -> Document {
        members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    let mut members = said(body);
    if let Some(Value::Object(custom)) = members.get_mut("custom") {
        *custom = said(custom);
    }
    Fields::draft(object, &members)
}

async fn of_one(
    of: Of,
    replicas: Arc<Replicas>,
    Context(cx): Context,
    Path(at): Path<At>,
    Seen(position): Seen,
    _: NoQuery,
) -> Result<Answered<Candidates>> {
    let (cx, replicas, at, position) = (&cx, &replicas, &at, &position);
    let work = |object: Arc<Object>| -> Work<'_, Answered<Candidates>> {
        Box::pin(async move {
            let record = records::load(cx, &object, at.id(&object)?).await?;
            candidates(cx, replicas, &object, record.fields, Some(record.common.id), position).await
        })
    };
    Ok(with_object(cx, of, at, work).await?)
}

/// Who may be the same, those first of whom it is surest. One round trip.
async fn candidates(
    cx: &Cx,
    replicas: &Replicas,
    object: &Object,
    fields: Fields,
    except: Option<AnyId>,
    position: &Position,
) -> kernel::Result<Answered<Candidates>> {
    cx.rights.require_any(object, Action::Read)?;
    let draft =
        Draft { object: object.name.clone(), fields, except, visibility: Visibility::of_caller(cx), limit: CANDIDATES };
    let replica = replicas.open(&cx.table, &cx.clock).await?;
    let as_of = replica.follow(position).await?;
    let started = Instant::now();
    let found = replica.duplicates_here(&draft)?;
    let replica_ms = started.elapsed().as_secs_f64() * 1000.0;
    let schema = schema_for(cx, found.iter().map(|candidate| &candidate.found.document)).await?;
    let object = schema.object(&object.name).ok_or_else(|| Error::not_found("object"))?;
    let mut showings = Showings::new(&schema, &draft.visibility);
    let (mut data, mut room) = (Vec::new(), Room::new());
    for Candidate { found, reasons } in found {
        let candidate = Alike { reasons, record: showings.text(object, &found) };
        if !room.take([&candidate]) {
            break;
        }
        data.push(candidate);
    }
    Ok(Answered { body: Candidates { as_of, data }, replica_ms })
}

/// Who may be the same, as it is answered.
#[derive(Debug, Serialize)]
struct Candidates {
    as_of: Timestamp,
    data: Vec<Alike>,
}

#[derive(Debug, Serialize)]
struct Alike {
    reasons: Vec<Reason>,
    record: Box<RawValue>,
}

/// One page of groups, as it is answered.
#[derive(Debug, Serialize)]
struct Groups {
    as_of: Timestamp,
    data: Vec<Group>,
    page: PageEnd,
}

#[derive(Debug, Serialize)]
struct Group {
    count: usize,
    reasons: Vec<Reason>,
    records: Vec<Box<RawValue>>,
}

async fn of_all(
    of: Of,
    replicas: Arc<Replicas>,
    Context(cx): Context,
    Path(at): Path<At>,
    Seen(position): Seen,
    RawQuery(query): RawQuery,
) -> Result<Answered<Groups>> {
    let (limit, cursor) = parse(&parse_params(query.as_deref())?).map_err(Error::from)?;
    let (cx, replicas, cursor, position) = (&cx, &replicas, cursor.as_deref(), &position);
    let work = |object: Arc<Object>| -> Work<'_, Answered<Groups>> {
        Box::pin(async move {
            let replica = replicas.open(&cx.table, &cx.clock).await?;
            groups(cx, &replica, &object, limit, cursor, position).await
        })
    };
    Ok(with_object(cx, of, &at, work).await?)
}

fn parse(params: &Params) -> Result<(u16, Option<String>), Violations> {
    let (mut limit, mut cursor, mut violations) = (LIMIT, None, Violations::new());
    for (name, value) in params {
        match name.as_str() {
            "limit" => match value.parse() {
                Ok(wanted @ 1..=MAX_LIMIT) => limit = wanted,
                _ => violations.add("/limit", "out_of_range", format!("must be 1 to {MAX_LIMIT}")),
            },
            "cursor" => cursor = Some(value.clone()),
            _ => violations.add(pointer(name), "unknown_parameter", "is not a parameter of this operation"),
        }
    }
    violations.or((limit, cursor))
}

async fn groups(
    cx: &Cx,
    replica: &Replica,
    object: &Object,
    limit: u16,
    cursor: Option<&str>,
    position: &Position,
) -> kernel::Result<Answered<Groups>> {
    cx.rights.require_any(object, Action::Read)?;
    let visibility = Visibility::of_caller(cx);
    let mut found = replica.duplicate_groups(&object.name, &visibility, limit, cursor, position).await?;
    let documents = found.groups.iter().flat_map(|group| &group.records).map(|record| &record.document);
    let schema = schema_for(cx, documents).await?;
    let object = schema.object(&object.name).ok_or_else(|| Error::not_found("object"))?;
    let mut showings = Showings::new(&schema, &visibility);
    let (mut data, mut room) = (Vec::new(), Room::new());
    for group in std::mem::take(&mut found.groups) {
        let mut records: Vec<_> = group.records.iter().map(|record| showings.text(object, record)).collect();
        if data.is_empty() {
            // A group that has no room even for itself is shown as far as it has: its count says how many there are.
            let mut alone = room;
            records.truncate(records.iter().take_while(|record| alone.take([record])).count());
        }
        if !room.take(&records) {
            break;
        }
        data.push(Group { count: group.count, reasons: group.reasons, records });
    }
    let page = PageEnd::before(found.cursor_after(data.len()));
    Ok(Answered { body: Groups { as_of: found.as_of, data, page }, replica_ms: found.replica_ms })
}
