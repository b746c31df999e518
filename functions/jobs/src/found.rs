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
    let is_own = job.common.owner_id == Some(cx.caller.user) && may_what_it_does(cx, &job);
    if is_own || cx.rights.may(Capability::SeePrivate) {
        return Ok(job);
    }
    Err(Error::denied("this job is somebody else's"))
}

/// Whether a credential of whoever has started a job may all that the job may: a key that is limited is the same user's, and neither
/// gets what the user has seen nor stops what the user does.
pub(crate) fn may_what_it_does(cx: &Cx, job: &Job) -> bool {
    cx.rights.is_whole() || job.rights.as_ref() == Some(&cx.rights.digest())
}
