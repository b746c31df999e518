//! Which records a bulk edit is about: asked of the replica, page by page, before anything is changed.

use auth::Role;
use events::Document;
use kernel::{Error, Position, Result, Violations};
use records::{Cx, Job, Object};
use replica::{Archived, Direction, Filter, Query, Replicas, Sort, Visibility};
use serde_json::{Value, json};

use crate::advance::Found;
use crate::bulk::Input;
use crate::chunk;
use crate::place::Place;

/// Puts what a saved view asks for into the input: the view may be another one before the job gets to it.
pub(crate) async fn resolve_view(cx: &Cx, object: &Object, input: &mut Input) -> Result<()> {
    let Some(view) = input.view else { return Ok(()) };
    let wrong = |code, detail: &str| Error::invalid("/view", code, detail);
    let record = match records::load(cx, &*cx.object("view").await?, view.erase()).await {
        Err(Error::NotFound { .. }) => return Err(wrong("unknown_record", "must be a view that you can see")),
        other => other?,
    };
    if record.fields.text("of") != Some(object.name.as_str()) {
        return Err(wrong("wrong_object", "is a view of other records"));
    }
    let asked = record.fields.get("query").and_then(Value::as_object).cloned().unwrap_or_default();
    let Asked { filter, q } = Asked::of(&asked);
    if q.is_some() && input.q.is_some() {
        return Err(Error::invalid("/q", "given_twice", "cannot be given where the view looks for words itself"));
    }
    input.q = input.q.take().or(q);
    input.filter = match (filter, input.filter.take()) {
        (Some(view), Some(more)) => Some(json!({ "and": [view, more] })),
        (view, more) => view.or(more),
    };
    Ok(())
}

/// What a view asks for.
struct Asked {
    filter: Option<Value>,
    q: Option<String>,
}

impl Asked {
    fn of(query: &Document) -> Self {
        let filter = query.get("filter").filter(|filter| filter.is_object()).cloned();
        let q = query.get("q").and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        Self { filter, q: q.map(str::to_owned) }
    }
}

/// How many records are meant, as far as the caller sees them.
///
/// # Errors
/// Every violation of the filter at once.
pub(crate) async fn count(
    cx: &Cx,
    replicas: &Replicas,
    object: &Object,
    input: &Input,
    position: &Position,
) -> Result<u64> {
    let query = Query { limit: 1, count: true, ..query(cx, object, input)? };
    let replica = replicas.open(&cx.table, &cx.clock).await?;
    Ok(replica.answer(&query, position).await?.count.unwrap_or_default())
}

/// The next records that a bulk edit is about.
pub(crate) async fn page(cx: &Cx, replicas: &Replicas, job: &Job, place: &Place) -> Result<Found> {
    let object = cx.object(job.of.as_deref().unwrap_or_default()).await?;
    let query = Query { cursor: place.after.clone(), ..query(cx, &object, &Input::read(&job.input)?)? };
    let position: Position = place.position.as_deref().unwrap_or_default().parse().map_err(Error::bug)?;
    let replica = replicas.open(&cx.table, &cx.clock).await?;
    let answer = replica.answer(&query, &position).await?;
    let id = |document: &Document| document.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    let ids = answer.rows.iter().map(|row| id(&row.document).ok_or_else(|| Error::bug("a row without an id")));
    Ok(Found { ids: ids.collect::<Result<_>>()?, next: answer.next_cursor })
}

/// The question: by id, so that no change of a record moves it to another page.
fn query(cx: &Cx, object: &Object, input: &Input) -> Result<Query, Violations> {
    let mut query = Query::new(&object.name);
    let mut violations = Violations::new();
    // An empty tree is every record: who sends one has said so.
    if let Some(tree) = input.filter.as_ref().filter(|tree| tree.as_object().is_none_or(|tree| !tree.is_empty())) {
        query.filter = Filter::parse(tree, "/filter", &mut violations);
    }
    query.search.clone_from(&input.q);
    query.sort = vec![Sort::by("id", Direction::Ascending)];
    query.limit = u16::try_from(chunk::SIZE).unwrap_or(u16::MAX);
    query.archived = if input.restore { Archived::Only } else { Archived::Exclude };
    query.visibility = match cx.caller.role {
        Role::Admin => Visibility::all(),
        Role::Rep | Role::Viewer => Visibility::of(cx.caller.user),
    };
    violations.or(query)
}
