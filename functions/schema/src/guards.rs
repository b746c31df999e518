//! The work that follows from a field becoming unique, or being so no more: guards of older records are made or removed.
//!
//! What has to be done stands in the definitions, so no message can be lost that says so: [`pending`] finds it whenever
//! somebody looks, a worker goes over the object's records a chunk at a time ([`work_on`], which may be repeated), and
//! [`finish`] writes down that it is done.

use auth::Capability;
use kernel::{AnyId, Error, Result, Timestamp};
use records::{Cx, Definition, Field, GuardReport, Guards, Object, Schema, build_guards, clear_guards};
use table::Refused;

use crate::field::own;
use crate::stored::Stored;

/// Work on the guards of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The object in the singular.
    pub object: String,
    /// The field's path.
    pub path: String,
    /// Since when it is to be done. Together with object and path it tells this work from any other.
    pub since: Timestamp,
    /// When it can begin: before, not everybody knows of the change.
    pub settles_at: Timestamp,
    /// Whether guards are to be removed instead of made.
    pub clears: bool,
}

/// The work that a schema has to have done.
#[must_use]
pub fn pending(schema: &Schema) -> Vec<Pending> {
    let fields = schema.all().flat_map(|object| object.fields.iter().map(move |field| (object, field)));
    fields.filter_map(|(object, field)| pending_of(object, field)).collect()
}

fn pending_of(object: &Object, field: &Field) -> Option<Pending> {
    Some(Pending {
        object: object.name.clone(),
        path: field.path.clone(),
        since: field.guards_since?,
        settles_at: field.settles_at()?,
        clears: field.guards == Guards::Clearing,
    })
}

/// Does the work for some records of the object, those in the trash or gone among them: they need none. Doing it again does
/// nothing.
///
/// # Errors
/// [`Error::WrongState`] (`not_settled`) before [`Pending::settles_at`]; [`Error::NotFound`] when the definitions say by now
/// that there is no such work any more.
pub async fn work_on(cx: &Cx, work: &Pending, ids: &[AnyId]) -> Result<GuardReport> {
    if cx.clock.now() < work.settles_at {
        let detail = "not everybody knows of this change yet".to_owned();
        return Err(Error::WrongState { code: "not_settled", detail });
    }
    let stored = Stored::load(cx).await?;
    let object = stored.object(&work.object)?;
    let field = object.fields.iter().find(|field| pending_of(object, field).as_ref() == Some(work));
    let field = field.ok_or_else(|| Error::not_found("work on guards"))?;
    if work.clears { clear_guards(cx, object, field, ids).await } else { build_guards(cx, object, field, ids).await }
}

/// Writes down that the work was done for every record of the object without a conflict: from then on a record can be
/// found by the field, or nothing is left of it.
///
/// Does nothing when the definitions say by now that there is no such work.
///
/// After conflicts this must not be called: the field stays as it is, new values are still unique, and whoever has mended
/// the old ones asks for `unique` once more, which is new work.
///
/// # Errors
/// [`Error::Denied`] for who is no administrator; when the table does not answer.
pub async fn finish(cx: &Cx, work: &Pending) -> Result<()> {
    cx.require(Capability::ManageSchema)?;
    for tries in 1..=8 {
        let stored = Stored::load(cx).await?;
        let Some(after) = settled(cx, &stored, work) else { return Ok(()) };
        match cx.commit(&stored.changes(cx, "field_settled", 200, &after)?).await {
            Ok(_) => {
                cx.schemas.forget(cx.caller.workspace);
                return Ok(());
            }
            Err(Refused::Failed(error)) => return Err(error),
            Err(Refused::Repeated(_)) => return Ok(()),
            Err(_) => tokio::time::sleep(kernel::backoff(tries)).await,
        }
    }
    Err(Error::unavailable("the schema kept changing while it was changed"))
}

/// The definition in which the work is done; `None` when there is no such work.
fn settled(cx: &Cx, stored: &Stored, work: &Pending) -> Option<Definition> {
    let object = stored.object(&work.object).ok()?;
    let field = object.fields.iter().find(|field| pending_of(object, field).as_ref() == Some(work))?;
    let mut definition = stored.definition(cx, &work.object);
    let own = own(&mut definition, field)?;
    (own.guards, own.guards_since) = (Guards::Settled, None);
    (definition.version, definition.updated_at) = (definition.version + 1, cx.clock.now());
    Some(definition)
}
