//! Lists: records of one object that fit a question, page by page. Asked by a query string or by the body of a search.

use auth::Action;
use std::sync::Arc;
use std::time::Instant;

use api::{
    At, Context, NoQuery, Of, Only, Operation, PageEnd, Question, Result, Routes, Seen, Showing, Work, parse_params,
    schema_for, with_object,
};
use axum::extract::{Path, RawQuery};
use axum::routing::{get, post};
use http::Method;
use kernel::{Error, Position, Timestamp, Violations};
use records::{Cx, Object};
use replica::{Asked, Place, Replicas, Visibility};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::Answered;
use crate::include::{self, Beside, Texts, included};
use crate::saved;
use crate::shapes;
use crate::visibility::hidden;

pub(crate) fn routes(of: Of, replicas: &Arc<Replicas>) -> Routes {
    let plural = of.nouns();
    let (for_list, for_search) = (Arc::clone(replicas), Arc::clone(replicas));
    let list = Operation::new(
        Method::GET,
        of.all(""),
        format!("list_{plural}"),
        format!("List {plural}: filter, sort, count, search"),
    );
    let search = Operation::new(
        Method::POST,
        of.all("/search"),
        format!("search_{plural}"),
        format!("List {plural} that fit a filter of any shape"),
    );
    Routes::new()
        .add(
            list.asks(shapes::list_parameters(of)).answers(200, shapes::list(of)),
            get(move |context, path, seen, query| by_query(of, Arc::clone(&for_list), context, path, seen, query)),
        )
        .add(
            search.reads().takes(shapes::search_body(of)).answers(200, shapes::list(of)),
            post(move |context, path, seen, query, body| {
                by_body(of, Arc::clone(&for_search), context, path, seen, query, body)
            }),
        )
}

/// One page of records, as it is answered.
#[derive(Debug, Serialize)]
struct Page {
    as_of: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    data: Vec<Box<RawValue>>,
    /// What the records refer to, by id; none unless it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<Texts>,
    page: PageEnd,
}

async fn by_query(
    of: Of,
    replicas: Arc<Replicas>,
    Context(cx): Context,
    Path(at): Path<At>,
    Seen(position): Seen,
    RawQuery(query): RawQuery,
) -> Result<Answered<Page>> {
    let asked = Asked::from_params(&parse_params(query.as_deref())?).map_err(Error::from)?;
    answered(of, &replicas, &cx, &at, &asked, &position).await
}

async fn by_body(
    of: Of,
    replicas: Arc<Replicas>,
    Context(cx): Context,
    Path(at): Path<At>,
    Seen(position): Seen,
    _: NoQuery,
    Question(body): Question,
) -> Result<Answered<Page>> {
    let asked = Asked::from_body(&body, Place::SEARCH).map_err(Error::from)?;
    answered(of, &replicas, &cx, &at, &asked, &position).await
}

async fn answered(
    of: Of,
    replicas: &Replicas,
    cx: &Cx,
    at: &At,
    asked: &Asked,
    position: &Position,
) -> Result<Answered<Page>> {
    let work = |object: Arc<Object>| -> Work<'_, Answered<Page>> {
        Box::pin(async move { ask(cx, replicas, &object, asked, position).await })
    };
    Ok(with_object(cx, of, at, work).await?)
}

/// One page. One round trip when nothing has happened since the last question, whatever is included.
async fn ask(
    cx: &Cx,
    replicas: &Replicas,
    object: &Object,
    own: &Asked,
    position: &Position,
) -> kernel::Result<Answered<Page>> {
    cx.rights.require_any(object, Action::Read)?;
    let replica = replicas.open(&cx.table, &cx.clock).await?;
    let view = saved::question(cx, &replica, object, own.view, position).await?;
    let asked = own.clone().within(view.clone());
    let (schema, visibility, mut violations) = (cx.schema().await?, Visibility::of_caller(cx), Violations::new());
    let unseen = hidden(&schema, &visibility, object);
    let names = asked.include.as_deref().unwrap_or_default();
    let includes = include::parse(object, &unseen, names, &mut violations);
    let only = asked.fields.as_ref().map(|paths| Only::parse(object, &unseen, paths, &mut violations));
    violations.or(())?;
    let query = asked.query(cx, &schema, object);
    let answer = replica.answer(&query, position).await.map_err(|error| view.explain(own, error))?;
    let documents = || answer.rows.iter().map(|row| &row.document);
    let started = Instant::now();
    let beside = Beside::read(&replica, &includes, &answer.rows, &visibility)?;
    let replica_ms = answer.replica_ms + started.elapsed().as_secs_f64() * 1000.0;
    let schema = schema_for(cx, documents().chain(beside.others.iter().map(|other| &other.document))).await?;
    let object = schema.object(&object.name).map_or(object, |newer| newer);
    let showing = Showing::of(object, &hidden(&schema, &visibility, object), only.as_ref());
    let records = answer.rows.iter().map(|row| showing.text(&row.document, &row.roll_ups));
    let (data, included) = beside.fill(records, included(&schema, &visibility, &beside.others))?;
    let included = (!includes.is_empty()).then_some(included);
    let page = PageEnd::before(answer.cursor_after(data.len()));
    Ok(Answered { body: Page { as_of: answer.as_of, count: answer.count, data, included, page }, replica_ms })
}
