//! Which records a bulk edit is about: asked of the replica, page by page, before anything is changed.

use events::Document;
use kernel::{Error, Position, Result};
use records::{Cx, Job, Object, Schema};
use replica::{Archived, Asked, Direction, Place as Words, Query, Replicas, Sort};
use serde_json::Value;

use crate::advance::Found;
use crate::bulk::Input;
use crate::chunk;
use crate::place::Place;

/// What a bulk edit asks, within the view that it names.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    own: Asked,
    view: Asked,
}

impl Selection {
    /// What a request asks. The view is read from the table: this is changed by it and not only shown.
    ///
    /// # Errors
    /// Every violation of the request; those of the view at `/view` and below it.
    pub(crate) async fn of_request(cx: &Cx, object: &Object, input: &Input) -> Result<Self> {
        let own = Asked::from_body(&input.question(), Words::KEPT)?;
        let view = match input.view {
            Some(id) => Asked::of_view(&replica::read_view(cx, id).await?, object)?,
            None => Asked::default(),
        };
        if own.q.is_some() && view.q.is_some() {
            return Err(Error::invalid("/q", "given_twice", "cannot be given where the view looks for words itself"));
        }
        Ok(Self { own, view })
    }

    /// What a job has kept of it.
    fn of_job(input: &Input) -> Result<Self> {
        let own = Asked::from_body(&input.question(), Words::KEPT)?;
        let view = input.view_query.as_ref().map(|query| Asked::from_body(query, Words::KEPT)).transpose()?;
        Ok(Self { own, view: view.unwrap_or_default() })
    }

    /// Puts what is asked into the input as it is meant now: the view may be another one before the job gets to it.
    pub(crate) async fn keep(&self, cx: &Cx, object: &Object, input: &mut Input) -> Result<()> {
        let schema = cx.schema().await?;
        if let Some(filter) = self.own.kept(cx, &schema, object).remove("filter") {
            input.filter = Some(filter);
        }
        input.view_query = input.view.map(|_| self.view.kept(cx, &schema, object));
        Ok(())
    }

    /// The question: by id, so that no change of a record moves it to another page. Of a view only counts which records it
    /// shows; where it does not speak of the trash, what is restored is in it and everything else is not.
    fn query(&self, cx: &Cx, schema: &Schema, object: &Object, input: &Input) -> Query {
        let asked = self.own.clone().within(self.view.clone());
        let usual = if input.restore { Archived::Only } else { Archived::Exclude };
        Query {
            sort: vec![Sort::by("id", Direction::Ascending)],
            limit: u16::try_from(chunk::SIZE).unwrap_or(u16::MAX),
            archived: asked.archived.unwrap_or(usual),
            ..asked.query(cx, schema, object)
        }
    }

    /// How many records are meant, as far as the caller sees them.
    ///
    /// # Errors
    /// Every violation of what is asked at once.
    pub(crate) async fn count(
        &self,
        cx: &Cx,
        replicas: &Replicas,
        object: &Object,
        input: &Input,
        position: &Position,
    ) -> Result<u64> {
        let query = Query { limit: 1, count: true, ..self.query(cx, &*cx.schema().await?, object, input) };
        let replica = replicas.open(&cx.table, &cx.clock).await?;
        let answer = replica.answer(&query, position).await.map_err(|error| self.view.explain(&self.own, error))?;
        Ok(answer.count.unwrap_or_default())
    }
}

/// The next records that a bulk edit is about.
pub(crate) async fn page(cx: &Cx, replicas: &Replicas, job: &Job, place: &Place) -> Result<Found> {
    let (object, schema) = (cx.object(job.of.as_deref().unwrap_or_default()).await?, cx.schema().await?);
    let input = Input::read(&job.input)?;
    let query = Selection::of_job(&input)?.query(cx, &schema, &object, &input);
    let query = Query { cursor: place.after.clone(), ..query };
    let position: Position = place.position.as_deref().unwrap_or_default().parse().map_err(Error::bug)?;
    let replica = replicas.open(&cx.table, &cx.clock).await?;
    let answer = replica.answer(&query, &position).await?;
    let id = |document: &Document| document.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    let ids = answer.rows.iter().map(|row| id(&row.document).ok_or_else(|| Error::bug("a row without an id")));
    Ok(Found { ids: ids.collect::<Result<_>>()?, next: answer.next_cursor })
}
