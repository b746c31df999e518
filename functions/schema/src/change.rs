//! One change of the schema from the request to the answer: read what is stored, make a draft, look whether it is sound and
//! what it does to the records that are there, write it.

use api::{LossyWrite, Result, Write};
use auth::Capability;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kernel::{Conflicting, Error, Position, Version};
use records::{Cx, Definition, Object, Schema};
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Refused};

use crate::check::{About, check, check_limits};
use crate::describe;
use crate::effect::Effect;
use crate::field::{self, Question, Said};
use crate::judge::Judge;
use crate::needs::Needs;
use crate::object;
use crate::options::{forget, keep_used};
use crate::stored::{Stored, keep_answer};

/// How often a change that met another one is made anew.
const MAX_TRIES: u32 = 5;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    CreateObject,
    UpdateObject,
    ArchiveObject,
    RestoreObject,
    CreateField,
    UpdateField,
    ArchiveField,
    RestoreField,
}

impl Verb {
    /// What has happened then: `schema.object_created`.
    const fn happened(self) -> &'static str {
        match self {
            Self::CreateObject => "object_created",
            Self::UpdateObject => "object_changed",
            Self::ArchiveObject => "object_archived",
            Self::RestoreObject => "object_restored",
            Self::CreateField => "field_created",
            Self::UpdateField => "field_changed",
            Self::ArchiveField => "field_archived",
            Self::RestoreField => "field_restored",
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::CreateObject | Self::CreateField => 201,
            _ => 200,
        }
    }
}

/// A change that somebody asks for.
pub(crate) struct Asked {
    pub(crate) verb: Verb,
    pub(crate) write: LossyWrite,
    /// The object, but for one that is to be made.
    pub(crate) object: String,
    /// The field, if it is about one that is there.
    pub(crate) field: String,
    /// Writes that judging has to know of.
    pub(crate) position: Position,
    pub(crate) judge: Judge,
}

/// A definition as it would be.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) definition: Definition,
    /// The path of the field that the change is about.
    pub(crate) path: Option<String>,
    /// What has to be asked of the records first.
    pub(crate) question: Option<Question>,
}

impl Draft {
    pub(crate) const fn of(definition: Definition, path: Option<String>) -> Self {
        Self { definition, path, question: None }
    }
}

/// Carries a change out.
///
/// # Errors
/// Everything that is wrong with it; `would_lose_values` and what else records have against it; 412 when somebody else has
/// changed the object since the version in `If-Match`.
pub(crate) async fn carry_out(asked: Asked) -> Result<Response> {
    let cx = &asked.write.write.cx;
    cx.require(Capability::ManageSchema)?;
    // Asked first: what was carried out before makes most changes fail the second time.
    if let Some(once) = &cx.once
        && let Some(kept) = cx.table.kept_answer(once, cx.clock.now()).await?
    {
        return repeated(cx, &kept).await;
    }
    for tries in 1..=MAX_TRIES {
        match asked.try_once().await? {
            Ok(response) => return Ok(response),
            Err(Refused::Repeated(kept)) => return repeated(cx, &kept).await,
            Err(Refused::Stale(_) | Refused::Exists { .. }) => {}
            Err(Refused::Failed(error)) => return Err(error.into()),
            Err(other) => return Err(Error::bug(format!("a definition was not written: {other:?}")).into()),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("the schema kept changing while it was changed").into())
}

impl Asked {
    async fn try_once(&self) -> Result<Result<Response, Refused>> {
        let Write { cx, .. } = &self.write.write;
        let stored = Stored::load(cx).await?;
        let mut draft = self.draft(&stored)?;
        let name = draft.definition.object.clone();
        let before = stored.definition(cx, &name);
        draft.definition.version = before.version;
        if draft.definition == before {
            return self.settle(&stored, &before).await;
        }
        let about = About { object: &name, path: draft.path.as_deref() };
        check(&stored.schema, &stored.with(&draft.definition), about)?;
        let effect = self.effect(&stored, &mut draft).await?;
        let mut after = draft.definition;
        (after.version, after.updated_at) = (before.version + 1, cx.clock.now());
        let schema = stored.with(&after);
        check_limits(&schema, in_schema(&schema, &name)?, &after, stored.definitions.values())?;
        let changes = stored.changes(cx, self.verb.happened(), self.verb.status(), &after)?;
        match cx.commit(&changes).await {
            Ok(_) => {}
            Err(refused) => return Ok(Err(refused)),
        }
        if !cx.dry_run {
            cx.schemas.forget(cx.caller.workspace);
        }
        Ok(Ok(answer(cx, self.verb.status(), &schema, &name, effect.as_ref())?))
    }

    /// The definition as it would be, by what is stored now.
    fn draft(&self, stored: &Stored) -> Result<Draft> {
        let Write { cx, body, seen } = &self.write.write;
        if self.verb == Verb::CreateObject {
            return object::create(cx, stored, body);
        }
        let object = stored.object(&self.object)?;
        let definition = stored.definition(cx, &object.name);
        if seen.is_some_and(|seen| seen != definition.version) {
            return Err(stale(definition.version).into());
        }
        let gone_needed = matches!(self.verb, Verb::RestoreObject | Verb::ArchiveObject);
        if object.archived && !gone_needed {
            let detail = "this object was archived: restore it first".to_owned();
            return Err(Error::WrongState { code: "archived", detail }.into());
        }
        match self.verb {
            Verb::CreateObject => Err(Error::bug("an object that is to be made was looked for").into()),
            Verb::UpdateObject => object::update(object, definition, body),
            Verb::ArchiveObject => object::set_archived(object, definition, true),
            Verb::RestoreObject => object::set_archived(object, definition, false),
            Verb::CreateField => field::create(cx, object, definition, Said::read(body, true)),
            Verb::UpdateField => field::update(cx, object, definition, &self.field, Said::read(body, false)),
            Verb::ArchiveField => field::archive(object, definition, &self.field),
            Verb::RestoreField => field::restore(object, definition, &self.field),
        }
    }

    /// What the change does to the records that are there. A change that takes nothing from anybody is not judged, unless
    /// it is only tried: then everything is told.
    async fn effect(&self, stored: &Stored, draft: &mut Draft) -> Result<Option<Effect>> {
        let cx = &self.write.write.cx;
        // What follows from other fields has no values of its own.
        let question = draft.question.take().filter(|question| !question.before.kind.is_computed());
        let Some(mut question) = question else { return Ok(None) };
        let object = stored.object(&draft.definition.object)?;
        let accept_loss = self.write.accept_loss;
        let needs = Needs::of(&question, accept_loss, cx.dry_run);
        if accept_loss && !question.given.is_empty() {
            forget(&mut question.after.kind, &question.given);
        }
        let mut effect = None;
        if needs.is_any() {
            let mut trial = question.after.clone();
            if !accept_loss {
                // Nothing is lost by leaving an option out: those that records have are kept, and which those are is asked.
                let all = question.left_out.iter().map(|option| option.value.clone()).collect();
                keep_used(&mut trial.kind, &question.left_out, &all);
            }
            let fields = (&question.before, &trial);
            let judged = self.judge.judge(cx, object, fields, &self.position).await;
            let (mut found, words) = judged.map_err(|error| needs.explain(error, accept_loss))?;
            if !accept_loss {
                found.archived_options = keep_used(&mut question.after.kind, &question.left_out, &words);
            }
            if question.after.required && !question.before.required {
                let count = self.judge.without_value(cx, object, &question.before, &self.position).await?;
                found.without_value = Some(count);
            }
            needs.refuse(&found, accept_loss)?;
            effect = Some(found);
        }
        settle_options(draft, &question);
        Ok(effect)
    }

    /// Ends a change that changes nothing. With an idempotency key the answer is kept all the same.
    async fn settle(&self, stored: &Stored, definition: &Definition) -> Result<Result<Response, Refused>> {
        let cx = &self.write.write.cx;
        if cx.once.is_some() {
            let mut changes = Changes::new();
            keep_answer(cx, &mut changes, 200, definition);
            if let Err(refused) = cx.commit(&changes).await {
                return Ok(Err(refused));
            }
        }
        Ok(Ok(answer(cx, 200, &stored.schema, &definition.object, None)?))
    }
}

/// Puts the options that were found to be needed into the definition.
fn settle_options(draft: &mut Draft, question: &Question) {
    let Some(options) = question.after.kind.options().filter(|_| !question.given.is_empty()) else { return };
    if let Some(own) = field::own(&mut draft.definition, &question.after) {
        own.kind = question.after.kind.clone();
    } else if let Some(different) = draft.definition.built_in.get_mut(&question.after.name) {
        different.options = Some(options.to_vec());
    }
}

fn stale(version: Version) -> Error {
    Error::Stale(Box::new(Conflicting { version, fields: events::Document::new() }))
}

fn in_schema<'a>(schema: &'a Schema, name: &str) -> Result<&'a Object, Error> {
    let found = schema.all().find(|object| object.name == name);
    found.map(|object| &**object).ok_or_else(|| Error::bug("a definition makes no object"))
}

/// The object as it is now, or as it would be.
fn answer(cx: &Cx, status: u16, schema: &Schema, name: &str, effect: Option<&Effect>) -> Result<Response> {
    let object = in_schema(schema, name)?;
    let mut body = describe::object(object);
    if let Some(effect) = effect {
        body["effect"] = json!(effect);
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = (status, Json(body)).into_response();
    if !cx.dry_run {
        api::etag(&mut response, object.version);
        if status == StatusCode::CREATED
            && let Ok(place) = HeaderValue::from_str(&["/v1/schema/objects/", name].concat())
        {
            response.headers_mut().insert(header::LOCATION, place);
        }
    }
    Ok(response)
}

/// The answer to a request that was carried out before: the object that it was about, as it is now.
async fn repeated(cx: &Cx, kept: &KeptAnswer) -> Result<Response> {
    let name = kept.document.as_ref().and_then(|document| document.get("object")).and_then(Value::as_str);
    let stored = Stored::load(cx).await?;
    let mut response = answer(cx, kept.status, &stored.schema, name.unwrap_or_default(), None)?;
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}
