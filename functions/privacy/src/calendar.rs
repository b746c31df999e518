//! Days in UTC, as texts: `2026-11-21`.

use kernel::{Error, Id, Result, Timestamp, kinds};

/// Before every day, and behind every one.
pub(crate) const ENDS: [&str; 2] = ["0000-01-01", "9999-12-30"];

/// The day in a text.
pub(crate) fn day_of(text: &str) -> Option<String> {
    let begin = begin_of(text).ok()?;
    // What a parser takes need not be how a day is written.
    Some(begin.day()).filter(|day| day == text)
}

/// When a day begins.
///
/// # Errors
/// When it is no day.
pub(crate) fn begin_of(day: &str) -> Result<Timestamp> {
    [day, "T00:00:00.000Z"].concat().parse().map_err(Error::bug)
}

/// A day so many days later.
///
/// # Errors
/// When it is no day.
pub(crate) fn moved(day: &str, days: i64) -> Result<String> {
    Ok(begin_of(day)?.plus_seconds(days * 24 * 3_600).day())
}

/// The day on which a workspace was made, which is what its id begins with (UUID version 7, RFC 9562): milliseconds in 48 bits.
pub(crate) fn first_day(workspace: Id<kinds::Workspace>) -> String {
    let millis = i64::try_from(workspace.uuid().as_u128() >> 80).ok();
    millis.and_then(Timestamp::from_millis).unwrap_or_else(|| Timestamp::from_millis(0).expect("1970 is a year")).day()
}
