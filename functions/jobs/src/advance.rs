//! One step of a job: records are found, or some of them are worked on, and how far it is now is noted with a version check.

use std::time::Duration;

use cloud::Files;
use kernel::{AnyId, Error, Result};
use records::{Cx, Job, JobKind, JobState};
use replica::Replicas;
use table::{Changes, Refused};

use crate::bulk::MAX_RECORDS;
use crate::place::Place;
use crate::work::{Tally, Work};
use crate::{chunk, export, guards, import, merge, reassign, select, undo};

/// How it goes on after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// There is more to do.
    More,
    /// There is more to do, but not before some time has passed.
    Later(Duration),
    /// There is nothing left to do, or somebody else does it.
    Nothing,
}

/// Some of the records that a job is about, and behind which the next ones are found, if there are any.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) ids: Vec<AnyId>,
    pub(crate) next: Option<String>,
}

/// Takes one step. Whoever takes the same one at the same time has the same effect, and only one of them counts.
///
/// # Errors
/// What will pass, and what the job cannot go on after.
pub(crate) async fn advance(cx: &Cx, files: &Files, replicas: &Replicas, job: &Job) -> Result<Next> {
    let place = Place::of(job)?;
    if job.state == JobState::Waiting {
        return begin(cx, job, place).await;
    }
    if job.kind == JobKind::Import {
        // Boxed, as are its steps: together they are larger than the stacks of threads that know nothing of it.
        return Box::pin(import::advance(cx, files, replicas, job, place)).await;
    }
    if job.kind == JobKind::Export {
        return export::step(cx, files, replicas, job, place).await;
    }
    if place.unmerging {
        return merge::take_back(cx, job, place).await;
    }
    if place.selecting {
        return find_more(cx, replicas, job, place).await;
    }
    if place.is_at_the_end() {
        // Nothing was found, or the last chunk was done when the job could not be written.
        return note(cx, job, place, Tally::default()).await;
    }
    let of = place.chunks_of.map_or_else(|| job.id(), Ok)?;
    let ids = chunk::ids(cx, of, place.chunk_after(place.next)).await?;
    let tally = Work::of(cx, job).await?.apply(cx, ids).await?;
    note(cx, job, Place { next: place.next + 1, ..place }, tally).await
}

async fn begin(cx: &Cx, job: &Job, mut place: Place) -> Result<Next> {
    if job.kind == JobKind::MakeUnique
        && let Some(wait) = guards::settles_in(cx, job).await?
    {
        return Ok(Next::Later(wait));
    }
    if job.kind == JobKind::Undo
        && let Some(wait) = undo::waits_for(cx, job).await?
    {
        return Ok(Next::Later(wait));
    }
    // Who starts these leaves it to the worker to look for the records.
    place.selecting |= matches!(job.kind, JobKind::Merge | JobKind::MakeUnique | JobKind::Reassign);
    let mut after = job.clone();
    after.state = JobState::Running;
    after.started_at = Some(cx.clock.now());
    place.note(&mut after)?;
    commit(cx, job, after, Changes::new()).await
}

/// Finds the next records and keeps them as chunks.
async fn find_more(cx: &Cx, replicas: &Replicas, job: &Job, mut place: Place) -> Result<Next> {
    let Found { ids, next } = match job.kind {
        JobKind::BulkEdit => select::page(cx, replicas, job, &place).await?,
        JobKind::Merge => merge::page(cx, replicas, job, &place).await?,
        JobKind::Reassign => reassign::page(cx, replicas, job, &place).await?,
        JobKind::MakeUnique => guards::page(cx, job, &place).await?,
        JobKind::Undo | JobKind::Import | JobKind::Export => {
            return Err(Error::bug("a job of this kind looks for nothing"));
        }
    };
    let (mut after, mut changes) = (job.clone(), Changes::new());
    for ids in ids.chunks(chunk::SIZE) {
        chunk::add(cx, &mut changes, job.common.id, place.chunks, ids);
        place.chunks += 1;
    }
    place.known += ids.len() as u64;
    place.found += ids.len() as u64;
    // What people start says how much it may change; the others have to reach every record.
    place.selecting = next.is_some() && (job.kind != JobKind::BulkEdit || place.known < MAX_RECORDS);
    place.after = next;
    if !place.selecting {
        after.counts.total = Some(place.known);
    }
    place.note(&mut after)?;
    commit(cx, job, after, changes).await
}

/// Whether a job looks again for what it has not been told of.
const fn goes_round(kind: JobKind) -> bool {
    matches!(kind, JobKind::Merge | JobKind::Reassign)
}

/// Notes that a chunk is done, and that everything is, where it was the last one.
async fn note(cx: &Cx, job: &Job, mut place: Place, tally: Tally) -> Result<Next> {
    let chunk = place.chunk_after(place.next.saturating_sub(1));
    place.failed.extend(tally.failed().filter(|_| goes_round(job.kind)));
    let is_over = place.is_at_the_end() && !(goes_round(job.kind) && place.looks_again());
    if is_over && job.kind == JobKind::MakeUnique {
        guards::settle(cx, job, &tally).await?;
    }
    let mut base = job.clone();
    loop {
        let (mut after, mut changes) = (base.clone(), Changes::new());
        tally.count(&mut after.counts);
        place.note(&mut after)?;
        chunk::add_errors(cx, &mut changes, job.common.id, chunk, tally.failures.clone())?;
        if !base.state.is_finished() {
            measure(cx, &mut after);
            if is_over {
                finish(cx, &mut after);
            }
        }
        let next = next_of(&after);
        if is_written(cx, &base, after, changes).await? {
            return Ok(next);
        }
        // Cancelled meanwhile: what was done until then counts, so that it is known and can be undone.
        match cancelled_at(cx, job).await? {
            Some(cancelled) if cancelled.common.version > base.common.version => base = cancelled,
            _ => return Ok(Next::Nothing),
        }
    }
}

/// The job, if it was cancelled where this step began.
pub(crate) async fn cancelled_at(cx: &Cx, job: &Job) -> Result<Option<Job>> {
    let stored = Job::find(&cx.table, job.id()?).await?;
    Ok(stored.filter(|stored| stored.state == JobState::Cancelled && stored.place == job.place))
}

/// Notes what a step has done that needs no chunks, and that it was the last one.
pub(crate) async fn noted(cx: &Cx, job: &Job, mut after: Job, is_over: bool) -> Result<Next> {
    measure(cx, &mut after);
    if is_over {
        finish(cx, &mut after);
    }
    commit(cx, job, after, Changes::new()).await
}

/// Notes how fast it goes.
pub(crate) fn measure(cx: &Cx, job: &mut Job) {
    let Some(started) = job.started_at else { return };
    let seconds = (cx.clock.now().as_millis() - started.as_millis()).max(1) as f64 / 1000.0;
    let rate = job.counts.done as f64 / seconds;
    job.rate = Some((rate * 10.0).round() / 10.0);
    let left = job.counts.total.map(|total| total.saturating_sub(job.counts.done));
    job.remaining_seconds = left.filter(|_| rate > 0.0).map(|left| (left as f64 / rate).ceil() as u64);
}

pub(crate) fn finish(cx: &Cx, job: &mut Job) {
    job.state = JobState::Done;
    job.finished_at = Some(cx.clock.now());
    job.remaining_seconds = None;
    job.counts.total = Some(job.counts.done);
}

/// Ends a job that cannot go on. What it has done so far stays, and can be undone.
pub(crate) async fn fail(cx: &Cx, job: &Job, error: &Error) -> Result<()> {
    let mut after = job.clone();
    after.state = JobState::Failed;
    after.error = Some(error.to_string().chars().take(200).collect());
    after.finished_at = Some(cx.clock.now());
    after.remaining_seconds = None;
    commit(cx, job, after, Changes::new()).await.map(drop)
}

async fn commit(cx: &Cx, before: &Job, after: Job, changes: Changes) -> Result<Next> {
    let next = next_of(&after);
    Ok(if is_written(cx, before, after, changes).await? { next } else { Next::Nothing })
}

/// How it goes on with a job that was written.
pub(crate) const fn next_of(job: &Job) -> Next {
    if job.state.is_finished() { Next::Nothing } else { Next::More }
}

/// Writes the job's next version. `false` when another worker with the same message has taken this step, or somebody has
/// stopped the job.
async fn is_written(cx: &Cx, before: &Job, after: Job, changes: Changes) -> Result<bool> {
    Ok(write_job(cx, before, after, changes).await?.is_some())
}

/// The same, with the job as it is written then.
pub(crate) async fn write_job(cx: &Cx, before: &Job, mut after: Job, mut changes: Changes) -> Result<Option<Job>> {
    after.replace(cx, before, &mut changes)?;
    match cx.commit(&changes).await {
        Ok(_) => Ok(Some(after)),
        Err(Refused::Stale(_) | Refused::Exists { .. }) => Ok(None),
        Err(Refused::Failed(error)) => Err(error),
        Err(other) => Err(Error::bug(format!("a job was refused: {other:?}"))),
    }
}
