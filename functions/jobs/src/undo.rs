//! Taking back what a job has done: a job of its own, over the same records.

use std::time::Duration;

use api::{Operation, Result, Routes, Shape, Write, written};
use auth::Capability;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::post;
use events::Document;
use http::Method;
use kernel::{Error, Id, kinds};
use records::{Cx, JOB, Job, JobKind, JobState, Written};
use serde_json::Value;
use table::Changes;

use crate::found;
use crate::import::Phase;
use crate::place::Place;
use crate::start::{says_nothing, start};

/// What of the job that is undone an undo has in its input: its kind.
const UNDONE: &str = "undoes";

/// The route.
pub(crate) fn routes() -> Routes {
    Routes::new().add(
        Operation::new(
            Method::POST,
            "/v1/jobs/{id}/undo",
            "undo_job",
            "Take back what a job has done, but for what somebody has changed since",
        )
        .unconditional()
        .answers(202, Shape::Record(JOB)),
        post(undo_job),
    )
}

async fn undo_job(Path(id): Path<String>, write: Write) -> Result<Response> {
    let (cx, body) = write.unconditional()?;
    says_nothing(&body)?;
    let outcome = undo(&cx, &id).await;
    let outcome = records::or_kept(&cx, &*cx.object(JOB).await?, outcome).await?;
    Ok(written("jobs", outcome, cx.dry_run))
}

/// Two round trips: the job, and a transaction of both; one more when it was undone before and that came to nothing.
async fn undo(cx: &Cx, id: &str) -> Result<Written, Error> {
    let undone = found::writable(cx, id).await?;
    check(&undone)?;
    if is_reassignment(&undone) {
        cx.require(Capability::ManageUsers)?;
    }
    let earlier = match unfinished(cx, &undone).await? {
        Some(undo) => Some((undo.id()?, Place::of(&undo)?)),
        None => None,
    };
    let about = undone.common.id;
    let of = undone.of.as_deref();
    let input = Document::from_iter([(UNDONE.to_owned(), undone.kind.as_str().into())]);
    let mut job = Job::new(cx, JobKind::Undo, of, undone.about, input);
    job.undoes = Some(undone.id()?);
    let theirs = Place::of(&undone)?;
    // The chunk that was at work when it ended may be done in part; of an import it is all those of a batch. An undo has not begun
    // with the first one.
    let chunks = match undone.kind {
        JobKind::Import | JobKind::Undo => theirs.chunks,
        _ => theirs.chunks.min(theirs.next.saturating_add(1)),
    };
    // A worker sees at the end of its chunk that the job was cancelled, and that is its last one. An import is waited for instead:
    // it has no key for each record.
    let is_at_work = undone.state == JobState::Cancelled && undone.kind != JobKind::Import;
    let at_work = is_at_work.then(|| theirs.chunk_after(theirs.next));
    let backwards = undone.kind != JobKind::Merge && !theirs.backwards;
    let of_import = undone.kind == JobKind::Import || theirs.of_import;
    job.counts.total = undone.counts.total.filter(|_| undone.state == JobState::Done);
    let chunks_of = Some(theirs.chunks_of.unwrap_or(undone.id()?));
    // An earlier one may have got so far that the merged records are there again.
    let unmerging = undone.kind == JobKind::Merge && earlier.as_ref().is_none_or(|(_, place)| place.unmerging);
    let earlier = earlier.map(|(id, place)| place.and_earlier(id)).unwrap_or_default();
    Place { chunks, chunks_of, backwards, at_work, of_import, unmerging, earlier, ..Place::default() }
        .note(&mut job)?;
    let mut after = undone.clone();
    after.undone_by = Some(job.id()?);
    let mut changes = Changes::new();
    after.replace(cx, &undone, &mut changes)?;
    if let Some(first) = theirs.chunks_of {
        keep(cx, first, &mut changes).await?;
    }
    tracing::info!(job.id = %about, undo.id = %job.common.id, "a job is undone");
    start(cx, job, changes).await
}

/// Passes if what a job has done can be taken back.
fn check(job: &Job) -> Result<(), Error> {
    let wrong = |code, detail: String| Err(Error::WrongState { code, detail });
    if !job.state.is_finished() {
        return wrong("not_finished", "this job is still at work: cancel it first".to_owned());
    }
    // A merge that was taken back is made again by merging: by then other values may be the better ones.
    let undid_a_merge = undoes(job) == Some(JobKind::Merge.as_str());
    // Nothing was written where it was only tried.
    let was_a_trial = job.kind == JobKind::Import && job.input.get("dry_run") == Some(&Value::Bool(true));
    if !job.kind.can_be_undone() || undid_a_merge || was_a_trial {
        return wrong("not_undoable", "what a job of this kind has done cannot be taken back".to_owned());
    }
    Ok(())
}

/// The undo of a job that another one takes the place of: it failed or was cancelled, and what is left of it can be done.
/// One round trip if there was an undo.
///
/// # Errors
/// [`Error::WrongState`] when the undo is at work or done.
async fn unfinished(cx: &Cx, job: &Job) -> Result<Option<Job>, Error> {
    let Some(by) = job.undone_by else { return Ok(None) };
    match Job::find(&cx.table, by).await? {
        Some(undo) if matches!(undo.state, JobState::Failed | JobState::Cancelled) => Ok(Some(undo)),
        _ => {
            let detail = format!("this job was undone by {by}: undo that one to have it again");
            Err(Error::WrongState { code: "undone", detail })
        }
    }
}

/// Keeps the job whose chunks an undo works through for as long as that one: written anew it is due later. One round trip.
async fn keep(cx: &Cx, first: Id<kinds::Job>, changes: &mut Changes) -> Result<(), Error> {
    let Some(first) = Job::find(&cx.table, first).await? else {
        let detail = "the job that this one undoes was too long ago".to_owned();
        return Err(Error::WrongState { code: "not_undoable", detail });
    };
    first.clone().replace(cx, &first, changes)
}

/// How long the worker of an import that was cancelled, or could not go on, may still be at its rows, in seconds: the time-out
/// of its function.
const AT_WORK_SECONDS: i64 = 120;

/// How long an undo has to wait until nobody is at the rows of the import that it takes back. One round trip.
pub(crate) async fn waits_for(cx: &Cx, undo: &Job) -> Result<Option<Duration>, Error> {
    let Some(import) = Job::find(&cx.table, undone(undo)?).await?.filter(|job| job.kind == JobKind::Import) else {
        return Ok(None);
    };
    let place = Place::of(&import)?;
    let is_linking = place.import.as_ref().is_some_and(|import| import.phase == Phase::Linking);
    if place.next >= place.chunks && !(is_linking && import.state != JobState::Done) {
        return Ok(None);
    }
    let ends_at = import.finished_at.unwrap_or(import.common.updated_at).plus_seconds(AT_WORK_SECONDS);
    let millis = u64::try_from(ends_at.as_millis() - cx.clock.now().as_millis()).unwrap_or(0);
    Ok((millis > 0).then(|| Duration::from_millis(millis)))
}

/// The kind of the job that a job takes back, if it takes one back.
pub(crate) fn undoes(job: &Job) -> Option<&str> {
    job.input.get(UNDONE).and_then(Value::as_str)
}

/// Whether a job gave what was one user's to another, or took that back.
pub(crate) fn is_reassignment(job: &Job) -> bool {
    job.kind == JobKind::Reassign || undoes(job) == Some(JobKind::Reassign.as_str())
}

/// The job that was undone, as an undoing job names it.
pub(crate) fn undone(job: &Job) -> Result<Id<kinds::Job>, Error> {
    job.undoes.ok_or_else(|| Error::bug("an undo that undoes nothing"))
}
