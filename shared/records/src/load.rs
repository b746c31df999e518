//! Reading one record by its id.

use auth::Permission;
use kernel::{AnyId, Error, Id, Result, Violation, kinds, pointer};

use crate::{Cx, Object, Record};

/// A record, strongly consistent, in the trash or not. One round trip.
///
/// # Errors
/// [`Error::NotFound`] when there is none, or none that the caller may know of.
pub async fn load(cx: &Cx, object: &Object, id: AnyId) -> Result<Record> {
    cx.caller.require(Permission::Read)?;
    find(cx, object, id).await?.ok_or(Error::NotFound { what: object.name })
}

pub(crate) async fn find(cx: &Cx, object: &Object, id: AnyId) -> Result<Option<Record>> {
    // An id of another object would be a well-formed key to nothing: no need to ask.
    if id.prefix() != object.prefix {
        return Ok(None);
    }
    let document = cx.table.get(&cx.table.keys().record(object.name, id)).await?;
    document.map(|document| Record::read(object, document)).transpose()
}

/// Checks that a new owner is a user of this workspace. No round trip when it is the caller.
pub(crate) async fn check_owner(cx: &Cx, owner: Option<Id<kinds::User>>) -> Result<()> {
    let Some(owner) = owner.filter(|owner| *owner != cx.caller.user) else { return Ok(()) };
    let user = cx.table.get(&cx.table.keys().record("user", owner.erase())).await?;
    let present = user.is_some_and(|user| !user.contains_key("archived_at"));
    if present {
        return Ok(());
    }
    Err(Error::invalid(pointer("owner_id"), "unknown_user", "must be a user of this workspace"))
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
