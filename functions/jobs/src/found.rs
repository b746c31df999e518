//! Finding the job that a request is about.

use auth::Capability;
use kernel::{AnyId, Error, Result};
use records::{Cx, JOB, Job};

/// The job of an id, if the caller may see it: whoever has started it may, and administrators.
pub(crate) async fn visible(cx: &Cx, id: &str) -> Result<Job> {
    let object = cx.object(JOB).await?;
    let id: AnyId = id.parse().map_err(|_| Error::not_found(JOB))?;
    let record = records::load(cx, &object, id).await?;
    Job::read(record.document())
}

/// The same, if the caller may say what becomes of it: having been shown it is not enough.
pub(crate) async fn writable(cx: &Cx, id: &str) -> Result<Job> {
    let job = visible(cx, id).await?;
    if job.common.owner_id == Some(cx.caller.user) || cx.rights.may(Capability::SeePrivate) {
        return Ok(job);
    }
    Err(Error::denied("this job is somebody else's"))
}
