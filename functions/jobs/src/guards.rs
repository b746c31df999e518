//! What a change of the schema has to have done: the values of a field that has become unique are guarded, or those of one that
//! is so no more are not guarded any longer.

use std::time::Duration;

use auth::Caller;
use events::Actor;
use kernel::{AnyId, Error, Result, Timestamp};
use records::{Cx, Job, JobKind, Rights};
use schema::{Pending, finish, pending, work_on};
use serde_json::{Value, json};
use table::{Changes, KeptAnswer, Once, Refused, TenantTable};

use crate::advance::Found;
use crate::chunk::Failure;
use crate::place::Place;
use crate::work::Tally;

/// How many records are found at once: twenty chunks, which one transaction writes easily.
const PAGE: u16 = 2_000;

/// Starts a job for everything that the schema has to have done, each once however often this is called.
pub(crate) async fn start(cx: &Cx) -> Result<()> {
    for work in pending(&*cx.schema().await?) {
        let input = json!({ "field": work.path, "since": work.since, "clears": work.clears });
        let input = input.as_object().cloned().unwrap_or_default();
        let job = Job::new(cx, JobKind::MakeUnique, Some(&work.object), None, input);
        let mut changes = Changes::new();
        job.create(cx, &mut changes)?;
        let key = [work.object.as_str(), &work.path, &work.since.to_string()].join(" ");
        let once = Once::new(&["make_unique"], &key, &[], cx.clock.now());
        changes.answer(once, KeptAnswer::new(202, job.common.id, 1, None));
        match cx.commit(&changes).await {
            Ok(_) | Err(Refused::Repeated(_)) => {}
            Err(Refused::Failed(error)) => return Err(error),
            Err(other) => return Err(Error::bug(format!("a job was refused: {other:?}"))),
        }
    }
    Ok(())
}

/// The work that a job is for; `None` when the schema has changed since and there is no such work any more.
async fn work_of(cx: &Cx, job: &Job) -> Result<Option<Pending>> {
    let said = |name: &str| job.input.get(name).and_then(Value::as_str);
    let since: Option<Timestamp> = said("since").and_then(|since| since.parse().ok());
    let is_it = |work: &Pending| {
        Some(work.object.as_str()) == job.of.as_deref()
            && Some(work.path.as_str()) == said("field")
            && Some(work.since) == since
    };
    Ok(pending(&*cx.schema().await?).into_iter().find(is_it))
}

/// How long the job has to wait until everybody knows of the change.
pub(crate) async fn settles_in(cx: &Cx, job: &Job) -> Result<Option<Duration>> {
    let Some(work) = work_of(cx, job).await? else { return Ok(None) };
    let left = work.settles_at.as_millis() - cx.clock.now().as_millis();
    Ok(u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_millis))
}

/// The next records of the object, as the catalog has them: none that is written from now on needs the job.
pub(crate) async fn page(cx: &Cx, job: &Job, place: &Place) -> Result<Found> {
    let (Some(_), Some(object)) = (work_of(cx, job).await?, &job.of) else { return Ok(Found::default()) };
    let found = cx.table.catalog(object, place.after.as_deref(), PAGE).await?;
    let ids: Result<Vec<AnyId>> = found.ids.iter().map(|id| id.parse().map_err(Error::bug)).collect();
    Ok(Found { ids: ids?, next: found.next })
}

/// Guards the values of some records, or frees them.
pub(crate) async fn apply(cx: &Cx, job: &Job, ids: &[AnyId]) -> Result<Tally> {
    let mut tally = Tally::default();
    tally.counts.done = ids.len() as u64;
    let Some(work) = work_of(cx, job).await? else { return Ok(tally) };
    let report = match work_on(cx, &work, ids).await {
        // The schema has changed just now.
        Err(Error::NotFound { .. }) => return Ok(tally),
        report => report?,
    };
    tally.counts.changed = report.settled;
    let unreadable = report.unreadable.into_iter().map(|record| {
        tracing::error!(record.id = %record, "a record cannot be read, so its values are not guarded");
        Failure::of(record, &Error::bug("a record cannot be read"))
    });
    let conflicts = report.conflicts.into_iter().map(|(record, _)| conflict(record, &work.path));
    tally.failures = conflicts.chain(unreadable).collect();
    tally.counts.failed = tally.failures.len() as u64;
    Ok(tally)
}

fn conflict(record: AnyId, path: &str) -> Failure {
    Failure::of(record, &Error::Conflict { field: path.to_owned() })
}

/// Writes down that the work is done, if no two records have the same value.
pub(crate) async fn settle(cx: &Cx, job: &Job, last: &Tally) -> Result<()> {
    match work_of(cx, job).await? {
        Some(work) if job.counts.failed + last.counts.failed == 0 => finish(cx, &work).await,
        _ => Ok(()),
    }
}

/// The context of whoever has changed the schema, who was an administrator then.
pub(crate) fn context(app: &api::App, table: &TenantTable, by: &Actor) -> Cx {
    let caller = Caller { user: by.user, api_key: by.api_key, workspace: table.workspace_id() };
    Cx::new(caller, Rights::everything(by.user), table.clone(), app.schemas.clone(), app.clock.clone(), app.ids.clone())
}
