//! Giving everything that is one user's to another: who leaves takes nothing along.
//!
//! It reaches every record of every object that has owners, also what is private or in the trash: so it takes whoever manages users and may
//! change all of that, and goes on with all rights in their name. Jobs stay whose they were, and so do invitations, which give what
//! whoever has made them may give.

use std::collections::BTreeSet;
use std::sync::Arc;

use api::{Operation, Parameter, Result, Routes, Seen, Shape, Write, written};
use auth::{Action, Capability, Scope};
use axum::extract::Path;
use axum::response::Response;
use axum::routing::post;
use events::Document;
use http::Method;
use kernel::{AnyId, Error, Id, Position, Violations, kinds, pointer};
use records::{Cx, INVITATION, JOB, Job, JobKind, Object, Record, Schema, Written, rewrite};
use replica::{Archived, Asked, Direction, Place as Words, Query, Replicas, Sort};
use serde::Deserialize;
use serde_json::{Value, json};
use table::Changes;

use crate::advance::Found;
use crate::chunk;
use crate::place::Place;
use crate::start::{repeated, start};

type UserId = Id<kinds::User>;

/// Whose records become whose, as the job says.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Reassigned {
    from: UserId,
    to: UserId,
}

/// What a request asks for.
struct Asks {
    to: UserId,
    deactivate: bool,
}

fn body() -> Value {
    json!({
        "title": "Reassignment",
        "type": "object",
        "required": ["to"],
        "properties": {
            "to": { "type": "string", "pattern": "^usr_[0-9a-f]{32}$", "description": "Who gets everything." },
            "deactivate": {
                "type": "boolean",
                "default": false,
                "description": "Whether the user is put into the trash first, so that nothing more becomes theirs.",
            },
        },
        "additionalProperties": false,
    })
}

/// The route.
pub(crate) fn routes() -> Routes {
    let summary = "Give everything that is a user's to another one, as a job";
    Routes::new().add(
        Operation::new(Method::POST, "/v1/users/{id}/reassign", "reassign_user", summary)
            .unconditional()
            .names(Parameter::id("id", "Whose it is.", "usr"))
            .takes(Shape::Schema(body()))
            .answers(202, Shape::Record(JOB)),
        post(reassign),
    )
}

async fn reassign(Path(id): Path<String>, Seen(position): Seen, write: Write) -> Result<Response> {
    let (cx, body) = write.unconditional()?;
    let outcome = begin(&cx, &id, &body, &position).await;
    let outcome = records::or_kept(&cx, &*cx.object(JOB).await?, outcome).await?;
    Ok(written("jobs", outcome, cx.dry_run))
}

/// Two round trips, and two more where the user is put into the trash: before the job is there, so that whoever is stopped between them
/// asks again, and no job runs beside somebody who goes on making records.
async fn begin(cx: &Cx, id: &str, body: &Document, position: &Position) -> Result<Written, Error> {
    cx.require(Capability::ManageUsers)?;
    if let Some(once) = &cx.once
        && let Some(kept) = cx.table.kept_answer(once, cx.clock.now()).await?
    {
        return repeated(cx, kept).await;
    }
    let schema = cx.schema().await?;
    if let Some(object) =
        owned(&schema).into_iter().find(|object| cx.rights.scope(object, Action::Update) != Scope::All)
    {
        return Err(Error::denied(format!("this takes a role that may change all {}", object.plural)));
    }
    let from: UserId = id.parse().map_err(|_| Error::not_found("user"))?;
    let Asks { to, deactivate } = parse(body)?;
    let keys = cx.table.keys();
    let (key, others) = (keys.record("user", from.erase()), keys.record("user", to.erase()));
    let wanted: BTreeSet<_> = [from, to].into();
    let wanted: Vec<_> = wanted.into_iter().map(|user| keys.record("user", user.erase())).collect();
    let found = cx.table.get_each(&wanted).await?;
    if !found.contains_key(&key) {
        return Err(Error::not_found("user"));
    }
    if from == to {
        return Err(Error::invalid("/to", "same", "must be somebody else"));
    }
    if found.get(&others).is_none_or(|user| user.contains_key("archived_at")) {
        return Err(Error::invalid("/to", "unknown_reference", "must be a user who is not in the trash"));
    }
    if deactivate {
        let first = Cx { once: None, ..cx.clone() };
        records::archive(&first, &*cx.object("user").await?, from.erase(), None).await?;
    }
    let input = json!({ "from": from, "to": to });
    let input = input.as_object().cloned().unwrap_or_default();
    let mut job = Job::new(cx, JobKind::Reassign, None, Some(from.erase()), input);
    Place { position: Some(position.to_string()).filter(|text| !text.is_empty()), ..Place::default() }
        .note(&mut job)?;
    start(cx, job, Changes::new()).await
}

fn parse(body: &Document) -> Result<Asks, Violations> {
    let mut violations = Violations::new();
    let (mut to, mut deactivate) = (None, false);
    for (name, value) in body {
        match (name.as_str(), value) {
            ("to", value) => to = value.as_str().and_then(|id| id.parse().ok()),
            ("deactivate", Value::Bool(said)) => deactivate = *said,
            ("deactivate", _) => violations.add("/deactivate", "wrong_type", "must be true or false"),
            _ => violations.add(pointer(name), "unknown_field", "is not a part of this request"),
        }
    }
    match to {
        Some(to) => violations.or(Asks { to, deactivate }),
        None => {
            violations.add("/to", "not_an_id", "must be the id of a user");
            Err(violations)
        }
    }
}

impl Reassigned {
    /// What a job was made for.
    pub(crate) fn of(job: &Job) -> Result<Self, Error> {
        serde_json::from_value(Value::Object(job.input.clone())).map_err(Error::unreadable("input of a job"))
    }

    /// What it means for one record. One that is somebody else's by now stays theirs.
    pub(crate) async fn apply(self, cx: &Cx, object: &Object, id: AnyId) -> Result<bool, Error> {
        let given = rewrite(cx, object, id, |record| {
            if record.common.owner_id == Some(self.from) {
                record.common.owner_id = Some(self.to);
            }
            Ok(())
        });
        match given.await {
            Ok((changed, ())) => Ok(changed),
            // Gone or merged since it was found: it is nobody's.
            Err(Error::NotFound { .. } | Error::WrongState { code: "merged", .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Those of some records that are the user's still: a replica may not have been told yet what an earlier round has changed. One
    /// round trip.
    async fn still_theirs(self, cx: &Cx, object: &Object, ids: &[AnyId]) -> Result<Vec<AnyId>, Error> {
        let keys: Vec<_> = ids.iter().map(|id| cx.table.keys().record(&object.name, *id)).collect();
        let mut still = Vec::new();
        for document in cx.table.get_many(&keys).await? {
            let record = Record::read(object, document)?;
            let is_theirs = record.common.owner_id == Some(self.from) && record.common.merged_into.is_none();
            still.extend(is_theirs.then_some(record.common.id));
        }
        Ok(still)
    }
}

/// The objects whose records are given, by name. No replica answers for one that was given up.
fn owned(schema: &Schema) -> Vec<&Arc<Object>> {
    let mut owned: Vec<_> =
        schema.objects().filter(|object| object.owned && ![JOB, INVITATION].contains(&object.name.as_str())).collect();
    owned.sort_by(|one, other| one.name.cmp(&other.name));
    owned
}

/// The next records that are the user's, of one object after the other. What was written while the job was at work may be told of late,
/// hence further rounds, which ask the table.
pub(crate) async fn page(cx: &Cx, replicas: &Replicas, job: &Job, place: &Place) -> Result<Found, Error> {
    let (reassigned, schema) = (Reassigned::of(job)?, cx.schema().await?);
    let (name, cursor) = match place.after.as_deref().and_then(|after| after.split_once(' ')) {
        Some((name, cursor)) => (name, Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty())),
        None => ("", None),
    };
    let owned = owned(&schema);
    let at = owned.iter().position(|object| object.name.as_str() >= name).unwrap_or(owned.len());
    let Some(object) = owned.get(at) else { return Ok(Found::default()) };
    // An object that was taken away since: its cursor is of no other one.
    let cursor = cursor.filter(|_| object.name == name);
    let answer = {
        let replica = replicas.open(&cx.table, &cx.clock).await?;
        let position: Position = place.position.as_deref().unwrap_or_default().parse().map_err(Error::bug)?;
        replica.answer(&reassigned.query(cx, &schema, object, cursor)?, &position).await?
    };
    let id = |document: &Document| document.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
    let ids = answer.rows.iter().map(|row| id(&row.document).ok_or_else(|| Error::bug("a row without an id")));
    let failed: BTreeSet<AnyId> = place.failed.iter().copied().collect();
    let mut ids: Vec<AnyId> = ids.collect::<Result<_, Error>>()?;
    ids.retain(|id| !failed.contains(id));
    if place.rounds > 0 {
        ids = reassigned.still_theirs(cx, object, &ids).await?;
    }
    let next = match (answer.next_cursor, owned.get(at + 1)) {
        (Some(cursor), _) => Some([&object.name, " ", &cursor].concat()),
        (None, Some(next)) => Some([&next.name, " "].concat()),
        (None, None) => None,
    };
    Ok(Found { ids, next })
}

impl Reassigned {
    fn query(self, cx: &Cx, schema: &Schema, object: &Object, cursor: Option<String>) -> Result<Query, Error> {
        let asked = json!({ "filter": { "field": "owner_id", "op": "eq", "value": self.from } });
        let asked = Asked::from_body(&asked.as_object().cloned().unwrap_or_default(), Words::KEPT)?;
        Ok(Query {
            sort: vec![Sort::by("id", Direction::Ascending)],
            limit: u16::try_from(chunk::SIZE).unwrap_or(u16::MAX),
            archived: Archived::Any,
            cursor,
            ..asked.query(cx, schema, object)
        })
    }
}
