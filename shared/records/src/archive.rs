//! Putting a record into the trash, and taking it out again.

use auth::Action;
use events::Document;
use kernel::{AnyId, Result, Version};

use crate::load::load_for;
use crate::plan::{Plan, carry_out};
use crate::update::{check_seen, next};
use crate::{Cx, Object, Verb, Written};

/// Puts a record into the trash. Its unique values can be used by others from then on, and it is erased when its time
/// in the trash is over.
///
/// Does nothing when it is there. One read and one transaction, and one read more for the workspace's setting when this
/// process has not read it in the last minute.
///
/// # Errors
/// [`kernel::Error::Stale`] when `seen` (`If-Match`) is not the stored version.
pub async fn archive(cx: &Cx, object: &Object, id: AnyId, seen: Option<Version>) -> Result<Written> {
    set_archived(cx, object, id, seen, true).await
}

/// Takes a record out of the trash. Does nothing when it is not there.
///
/// # Errors
/// [`kernel::Error::Conflict`] when somebody else has one of its unique values by now; [`kernel::Error::Stale`] as for
/// [`archive`].
pub async fn restore(cx: &Cx, object: &Object, id: AnyId, seen: Option<Version>) -> Result<Written> {
    set_archived(cx, object, id, seen, false).await
}

async fn set_archived(cx: &Cx, object: &Object, id: AnyId, seen: Option<Version>, archived: bool) -> Result<Written> {
    carry_out(cx, object, || async {
        let mut plan = Plan::default();
        let written = plan_archiving(cx, &mut plan, object, id, seen, archived).await?;
        Ok((plan, written))
    })
    .await
}

/// Adds to a plan that a record goes into the trash or out of it.
pub(crate) async fn plan_archiving(
    cx: &Cx,
    plan: &mut Plan,
    object: &Object,
    id: AnyId,
    seen: Option<Version>,
    archived: bool,
) -> Result<Written> {
    cx.rights.require_any(object, Action::Archive)?;
    let (verb, happened) = if archived { (Verb::Archive, "archived") } else { (Verb::Restore, "restored") };
    (object.guard)(&cx.caller, id, verb, &Document::new())?;
    let record = load_for(cx, plan, object, id, Action::Archive).await?;
    check_seen(&record, seen)?;
    if record.common.archived_at.is_some() == archived {
        return Ok(Written::of(cx, 200, object, &record));
    }
    let mut after = next(cx, &record);
    after.common.archived_at = archived.then(|| cx.clock.now());
    plan.write(cx, object, happened, Some(&record), &after).await?;
    Ok(Written::of(cx, 200, object, &after))
}
