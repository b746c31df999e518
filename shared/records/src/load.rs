//! Reading one record by its id.

use auth::Action;
use kernel::{AnyId, Error, Id, Result, Violation, kinds, pointer};

use crate::access::{Reach, reach, require};
use crate::plan::Plan;
use crate::{Cx, Object, Record};

/// A record, strongly consistent, in the trash or not. One round trip; for a record of a private object that is somebody
/// else's two or three.
///
/// # Errors
/// [`Error::NotFound`] when there is none, or none that the caller may know of; [`Error::Merged`] when it has become part of
/// another.
pub async fn load(cx: &Cx, object: &Object, id: AnyId) -> Result<Record> {
    not_merged(object, visible(cx, object, id).await?)
}

/// The same, for a record that was merged into another as well.
pub(crate) async fn visible(cx: &Cx, object: &Object, id: AnyId) -> Result<Record> {
    let record = find(cx, object, id).await?.ok_or_else(|| Error::not_found(object.name.clone()))?;
    match reach(cx, object, &record.common, Action::Read).await? {
        Reach::Nothing => Err(Error::not_found(object.name.clone())),
        Reach::Read | Reach::Whole => Ok(record),
    }
}

/// A record that the caller may do something to, as it is planned or stored.
///
/// # Errors
/// As [`load`], and [`Error::Denied`] when the caller may only look at it. That it has become part of another one is
/// [`Error::WrongState`]: who follows a redirection with what was meant for this record would change the other one.
pub(crate) async fn load_for(cx: &Cx, plan: &Plan, object: &Object, id: AnyId, action: Action) -> Result<Record> {
    cx.rights.require_any(object, action)?;
    let record = plan.find(cx, object, id).await?.ok_or_else(|| Error::not_found(object.name.clone()))?;
    require(cx, object, &record, action).await?;
    match record.common.merged_into {
        Some(into) => Err(merged_into(object, into)),
        None => Ok(record),
    }
}

/// Why nothing is written to a record that has become part of another one.
pub(crate) fn merged_into(object: &Object, into: AnyId) -> Error {
    let detail = format!("this {} was merged into {into}: write to that one", object.name);
    Error::WrongState { code: "merged", detail }
}

fn not_merged(object: &Object, record: Record) -> Result<Record> {
    match record.common.merged_into {
        Some(into) => Err(Error::Merged { into, plural: object.plural.clone() }),
        None => Ok(record),
    }
}

/// Whether there is no record at all, also none that the caller may not know of. One round trip.
///
/// # Errors
/// When the table does not answer.
pub async fn is_absent(cx: &Cx, object: &Object, id: AnyId) -> Result<bool> {
    Ok(cx.table.get(&cx.table.keys().record(&object.name, id)).await?.is_none())
}

pub(crate) async fn find(cx: &Cx, object: &Object, id: AnyId) -> Result<Option<Record>> {
    // An id of another object would be a well-formed key to nothing: no need to ask.
    if id.prefix() != object.prefix {
        return Ok(None);
    }
    let document = cx.table.get(&cx.table.keys().record(&object.name, id)).await?;
    document.map(|document| Record::read(object, document)).transpose()
}

/// How many merges are followed from one record.
pub(crate) const MAX_MERGES: usize = 50;

/// What a record is by now: itself, or the one that it is part of. No round trip for what was never merged, else one for each
/// merge.
pub(crate) async fn living(cx: &Cx, object: &Object, record: &Record) -> Result<AnyId> {
    let (mut id, mut merged_into) = (record.common.id, record.common.merged_into);
    for _ in 0..MAX_MERGES {
        let Some(into) = merged_into else { break };
        let Some(next) = find(cx, object, into).await? else { break };
        (id, merged_into) = (next.common.id, next.common.merged_into);
    }
    Ok(id)
}

/// The owner that an input asks for: `None` when it says nothing, `Some(None)` when it clears it.
pub(crate) fn parse_owner(input: &events::Document) -> Result<Option<Option<Id<kinds::User>>>, Violation> {
    let wrong =
        |code| Violation { pointer: pointer("owner_id"), code, detail: "must be a user's id or null".to_owned() };
    match input.get("owner_id") {
        None => Ok(None),
        Some(serde_json::Value::Null) => Ok(Some(None)),
        Some(serde_json::Value::String(text)) => text.parse().map(|id| Some(Some(id))).map_err(|_| wrong("not_an_id")),
        Some(_) => Err(wrong("wrong_type")),
    }
}
