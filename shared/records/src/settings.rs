//! The workspace's settings that records obey.

use events::Document;
use serde_json::Value;

/// For how many days records stay in the trash if nobody says, and how many may be said.
pub const TRASH_DAYS: u16 = 30;
/// The most days that records can stay in the trash.
pub const MAX_TRASH_DAYS: u16 = 365;

/// What a workspace's settings say about records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Days from when a record is put into the trash until it is erased.
    pub(crate) trash_days: u16,
}

impl Settings {
    /// The settings in the part `workspace` of a configuration. What is not there, or cannot be meant, is as if nobody
    /// had said anything.
    pub(crate) fn read(workspace: Option<&Document>) -> Self {
        let days = workspace.and_then(|settings| parse_trash_days(settings.get("trash_days")?));
        Self { trash_days: days.unwrap_or(TRASH_DAYS) }
    }
}

/// The days that a JSON value says, if records may stay in the trash for so long.
#[must_use]
pub fn parse_trash_days(value: &Value) -> Option<u16> {
    let days = u16::try_from(value.as_u64()?).ok()?;
    (1..=MAX_TRASH_DAYS).contains(&days).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_that_nobody_can_mean_are_as_if_nothing_was_said() {
        let days = |settings: Value| Settings::read(settings.as_object()).trash_days;
        assert_eq!(days(json!({ "trash_days": 7 })), 7);
        for odd in [json!({}), json!({ "trash_days": 0 }), json!({ "trash_days": "7" }), json!({ "trash_days": 1e9 })] {
            assert_eq!(days(odd), TRASH_DAYS);
        }
        assert_eq!(Settings::read(None).trash_days, TRASH_DAYS);
        assert_eq!(parse_trash_days(&json!(366)), None);
        assert_eq!(parse_trash_days(&json!(1.5)), None);
        assert_eq!(parse_trash_days(&json!(365)), Some(365));
    }
}
