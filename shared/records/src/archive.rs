//! Putting a record into the trash, and taking it out again.

use events::Document;
use kernel::{AnyId, Conflicting, Error, Result, Timestamp, Version};
use table::Refused;

use crate::load::load_to_write;
use crate::update::{commit, next, reload};
use crate::write::{MAX_TRIES, refused, replay, settle};
use crate::{Cx, Object, Record, Verb, Written};

/// Puts a record into the trash. Its unique values can be used by others from then on. Does nothing when it is there.
///
/// # Errors
/// [`Error::Stale`] when `seen` (`If-Match`) is not the stored version.
pub async fn archive(cx: &Cx, object: &Object, id: AnyId, seen: Option<Version>) -> Result<Written> {
    set_archived(cx, object, id, seen, Verb::Archive, Some(cx.clock.now())).await
}

/// Takes a record out of the trash. Does nothing when it is not there.
///
/// # Errors
/// [`Error::Conflict`] when somebody else has one of its unique values by now; [`Error::Stale`] as for [`archive`].
pub async fn restore(cx: &Cx, object: &Object, id: AnyId, seen: Option<Version>) -> Result<Written> {
    set_archived(cx, object, id, seen, Verb::Restore, None).await
}

async fn set_archived(
    cx: &Cx,
    object: &Object,
    id: AnyId,
    seen: Option<Version>,
    verb: Verb,
    archived_at: Option<Timestamp>,
) -> Result<Written> {
    cx.caller.require(object.write)?;
    (object.guard)(&cx.caller, id, verb, &Document::new())?;
    let happened = if verb == Verb::Archive { "archived" } else { "restored" };
    let mut record = load_to_write(cx, object, id).await?;
    for tries in 1..=MAX_TRIES {
        check_seen(&record, seen)?;
        let outcome = if record.common.archived_at.is_some() == archived_at.is_some() {
            settle(cx, Written::of(200, object, &record)).await
        } else {
            let mut after = next(cx, &record);
            after.common.archived_at = archived_at;
            let written = Written::of(200, object, &after);
            commit(cx, object, happened, &record, &after, written).await
        };
        match outcome {
            Ok(written) => return Ok(written),
            Err(Refused::Repeated(kept)) => return replay(cx, object, kept).await,
            Err(Refused::Stale(_)) => record = reload(cx, object, id).await?,
            Err(other) => return Err(refused(object, other)),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("a record kept changing while it was written"))
}

/// Passes if the caller has seen the stored version, or did not say which.
pub(crate) fn check_seen(record: &Record, seen: Option<Version>) -> Result<()> {
    let version = record.common.version;
    if seen.is_none_or(|seen| seen == version) {
        return Ok(());
    }
    Err(Error::Stale(Box::new(Conflicting { version, fields: Document::new() })))
}
