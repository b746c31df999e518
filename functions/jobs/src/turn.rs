//! How much one user may ask of the workers at a time: they serve all workspaces.

use kernel::{Error, Position, Result};
use records::{Cx, JOB, JobKind, JobState, Written};
use replica::{Condition, Filter, Op, Query, Replicas, Visibility};
use serde_json::json;

use crate::start::repeated;

/// The most jobs of one kind and one user that wait or are at work.
const MAX_UNFINISHED: u64 = 5;
/// After how long without a step a job counts no more, in seconds: its message is among the dead letters, most likely, and whoever
/// has started it could start nothing until an operator has looked at it.
const STANDS_STILL: i64 = 3600;
/// When it may be worth to ask again, in seconds.
const RETRY_AFTER: u32 = 30;

/// Passes if the caller may start one more job of a kind. One question of the replica, which may not have what was started a second
/// ago: this keeps the queue short and counts nobody's jobs exactly.
///
/// # Errors
/// [`Error::TooMany`] when there are too many of them.
pub(crate) async fn check(cx: &Cx, replicas: &Replicas, kind: JobKind, position: &Position) -> Result<()> {
    let is = |path: &str, op, value| Filter::Is(Condition::new(path, op, value));
    let unfinished = [JobState::Waiting, JobState::Running].map(JobState::as_str);
    let filter = Filter::And(vec![
        is("kind", Op::Eq, json!(kind.as_str())),
        is("state", Op::In, json!(unfinished)),
        is("created_by", Op::Eq, json!(cx.caller.user)),
        is("updated_at", Op::Gt, json!(cx.clock.now().plus_seconds(-STANDS_STILL))),
    ]);
    let visibility = Visibility::of_caller(cx);
    let query = Query { filter, count: true, limit: 1, visibility, ..Query::new(JOB) };
    let answer = replicas.open(&cx.table, &cx.clock).await?.answer(&query, position).await?;
    if answer.count.unwrap_or_default() < MAX_UNFINISHED {
        return Ok(());
    }
    Err(Error::TooMany { retry_after: RETRY_AFTER })
}

/// What a request was answered that has come before, and was carried out then: its own job may be one of those. Else the error.
pub(crate) async fn or_kept(cx: &Cx, error: Error) -> Result<Written> {
    let kept = match &cx.once {
        Some(once) if matches!(error, Error::TooMany { .. }) => cx.table.kept_answer(once, cx.clock.now()).await?,
        _ => None,
    };
    match kept {
        Some(kept) => repeated(cx, kept).await,
        None => Err(error),
    }
}
