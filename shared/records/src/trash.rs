//! The trash: how long records stay in it.

use kernel::{Result, Timestamp};

use crate::{Cx, Object, Record};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// When a record is to be erased because its time in the trash is over; `None` when it is not in the trash.
///
/// The time that counts is the setting's when the record was last written. Users and teams are never erased by themselves:
/// everything that they did names them. Neither is what was merged into another record: it leads there, its merge can be
/// undone, and it is erased with the record that it became part of.
pub(crate) async fn due(cx: &Cx, object: &Object, record: &Record) -> Result<Option<Timestamp>> {
    let Some(archived_at) = record.common.archived_at else { return Ok(None) };
    if record.common.merged_into.is_some() || !object.owned {
        return Ok(None);
    }
    let days = cx.schemas.settings.of(&cx.table, &cx.clock).await?.trash_days;
    Ok(Some(archived_at.plus_millis(i64::from(days) * DAY_MS)))
}
