//! What people are assumed to do, and what it takes.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

/// `activity.toml` with `units.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Activity {
    /// How many people bills are made for.
    pub users: Vec<u32>,
    /// Days of a month on which people work.
    pub working_days: f64,
    /// For how long data have been gathered.
    pub months_kept: f64,
    pub(crate) idle: Idle,
    pub(crate) aws: Aws,
    pub(crate) writes: Writes,
    /// What one user does a day.
    #[serde(rename = "do")]
    pub done: Vec<Deed>,
    #[serde(skip)]
    units: BTreeMap<String, Units>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Idle {
    pub(crate) table_gb: f64,
    pub(crate) files_gb: f64,
    pub(crate) scheduled_ms: f64,
    pub(crate) scheduled_looks: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Aws {
    pub(crate) trip_ms: f64,
    pub(crate) memory_of_a_processor_mb: f64,
    pub(crate) pollers: f64,
    pub(crate) poll_seconds: f64,
    pub(crate) hours: f64,
    pub(crate) cold_share: f64,
    pub(crate) cold_ms: f64,
    pub(crate) authorizer_share: f64,
    pub(crate) lease_share: f64,
    pub(crate) fetch_ms: f64,
    pub(crate) log_kb: f64,
    pub(crate) access_log_kb: f64,
    pub(crate) answer_kb: f64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Writes {
    pub(crate) journal_ms: f64,
    pub(crate) relay_ms: f64,
    pub(crate) journal_write_units: f64,
    pub(crate) journal_read_units: f64,
    pub(crate) kb: f64,
    pub(crate) lists_after_a_write: f64,
    pub(crate) snapshots_a_day: f64,
    pub(crate) snapshot_ms: f64,
    pub(crate) snapshot_gb: f64,
}

/// Something that a user does so often a day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    /// In words.
    pub what: String,
    /// How often a working day.
    pub a_day: f64,
    /// The operation whose units it takes.
    pub units: String,
    pub(crate) function: String,
    /// What the function computes, in milliseconds on a whole processor.
    pub(crate) ms: f64,
    /// How many changes the journal tells of.
    #[serde(default)]
    pub(crate) writes: f64,
    #[serde(default)]
    pub(crate) mails: f64,
    #[serde(default)]
    pub(crate) file_kb: f64,
    /// Done by a worker: no request, no authorizer, no invocation of its own.
    #[serde(default)]
    pub(crate) inside: bool,
}

/// What an operation takes of the table.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Units {
    /// Calls that wait for one another.
    pub round_trips: f64,
    /// Read units.
    pub read_units: f64,
    /// Write units.
    pub write_units: f64,
}

#[derive(Deserialize)]
struct Measured {
    operation: BTreeMap<String, Units>,
}

impl Activity {
    /// Reads `activity.toml` and `units.toml`.
    ///
    /// # Errors
    /// When they have anything that is not known here, or an operation's units were not measured.
    pub fn parse(activity: &str, units: &str) -> Result<Self> {
        let mut activity: Self = toml::from_str(activity).context("activity.toml")?;
        let measured: Measured = toml::from_str(units).context("units.toml")?;
        activity.units = measured.operation;
        activity.done.iter().try_for_each(|deed| activity.units(&deed.units).map(drop))?;
        Ok(activity)
    }

    /// What an operation takes.
    pub(crate) fn units(&self, name: &str) -> Result<Units> {
        self.units.get(name).copied().with_context(|| format!("units.toml has no operation {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_that_was_not_measured_is_an_error() {
        let activity = include_str!("../../activity.toml");
        assert!(Activity::parse(activity, include_str!("../../units.toml")).is_ok());
        let error = Activity::parse(activity, "[operation]").unwrap_err();
        assert!(error.to_string().contains("read a record"), "{error}");
    }
}
