//! Stopping a job. What is done stays done, and can be undone.

use api::{Operation, Result, Routes, Shape, Write, written};
use axum::extract::Path;
use axum::response::Response;
use axum::routing::post;
use http::Method;
use kernel::Error;
use records::{Cx, JOB, Job, JobState, Written};
use table::Changes;

use crate::found;
use crate::start::{answered, says_nothing};

/// How often it is tried while the job goes on: a worker writes it a few times in a second.
const TRIES: u32 = 8;

/// The route.
pub(crate) fn routes() -> Routes {
    Routes::new().add(
        Operation::new(Method::POST, "/v1/jobs/{id}/cancel", "cancel_job", "Stop a job where it is")
            .unconditional()
            .answers(200, Shape::Record(JOB)),
        post(cancel_job),
    )
}

async fn cancel_job(Path(id): Path<String>, write: Write) -> Result<Response> {
    let (cx, body) = write.unconditional()?;
    says_nothing(&body)?;
    let outcome = cancel(&cx, &id).await;
    let outcome = records::or_kept(&cx, &*cx.object(JOB).await?, outcome).await?;
    Ok(written("jobs", outcome, cx.dry_run))
}

async fn cancel(cx: &Cx, id: &str) -> Result<Written, Error> {
    for tries in 1..TRIES {
        match try_cancel(cx, found::writable(cx, id).await?).await {
            Err(error) if error.is_retryable() => tokio::time::sleep(kernel::backoff(tries)).await,
            outcome => return outcome,
        }
    }
    try_cancel(cx, found::writable(cx, id).await?).await
}

async fn try_cancel(cx: &Cx, job: Job) -> Result<Written, Error> {
    let mut after = job.clone();
    let mut changes = Changes::new();
    match job.state {
        JobState::Waiting | JobState::Running => {
            after.state = JobState::Cancelled;
            after.finished_at = Some(cx.clock.now());
            after.remaining_seconds = None;
            after.replace(cx, &job, &mut changes)?;
        }
        JobState::Cancelled => {}
        JobState::Done | JobState::Failed => {
            let detail = "this job is finished; undo takes back what it has done".to_owned();
            return Err(Error::WrongState { code: "finished", detail });
        }
    }
    let schema = cx.schema().await?;
    let (id, version, document) = (after.common.id, after.common.version, after.rendered(&schema)?);
    let written = Written { status: 200, id, version, document: Some(document), replayed: false };
    if changes.is_empty() && cx.once.is_none() { Ok(written) } else { answered(cx, written, changes).await }
}
