//! Starting a job, whatever it does: the job and the event that wakes its worker, in one transaction.

use events::Document;
use kernel::{Error, Result, Violations, pointer};
use records::{Cx, Job, Written};
use table::{Changes, KeptAnswer, Refused};

/// What a request for a job is answered with: accepted, not done.
const ACCEPTED: u16 = 202;

/// Writes a job and what belongs to it. A repeated request starts none, and is answered with the first one's.
pub(crate) async fn start(cx: &Cx, job: Job, mut changes: Changes) -> Result<Written> {
    job.create(cx, &mut changes)?;
    let schema = cx.schema().await?;
    let (id, version, document) = (job.common.id, job.common.version, job.rendered(&schema)?);
    let written = Written { status: ACCEPTED, id, version, document: Some(document), replayed: false };
    answered(cx, written, changes).await
}

/// Commits what a request about a job does, and answers what it answers.
pub(crate) async fn answered(cx: &Cx, written: Written, mut changes: Changes) -> Result<Written> {
    if let Some(once) = &cx.once {
        let Written { status, id, version, document, .. } = &written;
        changes.answer(once.clone(), KeptAnswer::new(*status, *id, *version, document.as_ref()));
    }
    match cx.commit(&changes).await {
        Ok(_) => Ok(written),
        Err(Refused::Repeated(kept)) => repeated(cx, kept).await,
        Err(Refused::Stale(_)) => Err(Error::unavailable("a job went on while it was written")),
        Err(Refused::Failed(error)) => Err(error),
        Err(other) => Err(Error::bug(format!("a job was refused: {other:?}"))),
    }
}

/// The first answer, with the job as it is now where it was too large to keep.
pub(crate) async fn repeated(cx: &Cx, kept: KeptAnswer) -> Result<Written> {
    let KeptAnswer { status, id, version, document } = kept;
    let document = match (document, id.of()) {
        (None, Some(job)) => {
            let schema = cx.schema().await?;
            Job::find(&cx.table, job).await?.map(|job| job.rendered(&schema)).transpose()?
        }
        (document, _) => document,
    };
    Ok(Written { status, id, version, document, replayed: true })
}

/// Passes if a body says nothing: what is asked for takes no more than its path.
pub(crate) fn says_nothing(body: &Document) -> Result<()> {
    let mut violations = Violations::new();
    for name in body.keys() {
        violations.add(pointer(name), "unknown_field", "is not a part of this request");
    }
    violations.or(()).map_err(Error::from)
}
