//! Taking a record back to where it was before a job.

use auth::Action;
use kernel::{AnyId, Error, Id, Result, Timestamp, kinds};
use records::{Cx, Job, JobKind, Object, Reverted, forestall, is_absent, is_own_work, revert, whose};
use table::Once;

use crate::merge::Merged;
use crate::place::Place;
use crate::undo::{is_reassignment, undone};
use crate::work::once_of;

/// What takes back what another job has done, to the records of one chunk.
#[derive(Debug)]
pub(crate) struct Revert {
    /// That job, and when it was made.
    job: (Id<kinds::Job>, Timestamp),
    /// Whether that is an undo itself.
    is_of_undo: bool,
    /// Undos of it that came to nothing, or to a part of it.
    earlier: Vec<Id<kinds::Job>>,
    /// The chunk.
    chunk: u32,
    /// Whether that job's worker may still be at these records: it was cancelled meanwhile.
    may_be_at_work: bool,
    /// What was merged, if it was the job of a merge.
    merged: Option<Merged>,
    /// Whether it gave what was one user's to another, or is the undo of that.
    is_of_reassignment: bool,
    /// The import whose records these are, and when it was made.
    import: Option<(Id<kinds::Job>, Timestamp)>,
}

impl Revert {
    /// What an undo does next. One round trip, two for the undo of an import's undo.
    pub(crate) async fn of(cx: &Cx, job: &Job) -> Result<Self> {
        let undone = find(cx, undone(job)?).await?;
        let place = Place::of(job)?;
        let merged = (undone.kind == JobKind::Merge).then(|| Merged::of(&undone)).transpose()?;
        let import = match place.chunks_of.filter(|_| place.of_import) {
            Some(id) if id == undone.id()? => Some((id, undone.common.created_at)),
            Some(id) => Some((id, find(cx, id).await?.common.created_at)),
            None => None,
        };
        let chunk = place.chunk_after(place.next);
        Ok(Self {
            job: (undone.id()?, undone.common.created_at),
            is_of_undo: undone.kind == JobKind::Undo,
            chunk,
            may_be_at_work: place.at_work == Some(chunk),
            earlier: place.earlier,
            merged,
            is_of_reassignment: is_reassignment(&undone),
            import,
        })
    }

    /// Whether it is a merge that is taken back.
    pub(crate) const fn is_of_merge(&self) -> bool {
        self.merged.is_some()
    }

    /// Whether what became another user's is given back.
    pub(crate) const fn is_of_reassignment(&self) -> bool {
        self.is_of_reassignment
    }

    /// The key under which an undo changes a record of this chunk: it may be in another one as well, where there is nothing left
    /// to change.
    pub(crate) fn once_of(&self, cx: &Cx, undo: Id<kinds::Job>, record: AnyId) -> Once {
        let key = format!("{record}/{}", self.chunk);
        Once::new(&["job", &undo.to_string()], &key, &[], cx.clock.now())
    }

    /// Takes one record back.
    pub(crate) async fn take_back(&self, cx: &Cx, object: &Object, id: AnyId) -> Result<Reverted> {
        let (job, since) = self.job;
        if self.may_be_at_work {
            let theirs = if self.is_of_undo { self.once_of(cx, job, id) } else { once_of(cx, job, id) };
            forestall(cx, theirs, id).await?;
        }
        match &self.merged {
            Some(merged) => merged.undo(cx, object, id, self.job, &self.earlier).await,
            None => match revert(cx, object, id, job, since).await {
                Err(error @ (Error::NotFound { .. } | Error::Denied { .. })) => {
                    self.take_back_out_of_reach(cx, object, id, error).await
                }
                reverted => reverted,
            },
        }
    }

    /// Takes back a record of an import that whoever has started this does not reach: one that was refused and never made, or that
    /// was made for somebody else, who has not touched it.
    async fn take_back_out_of_reach(&self, cx: &Cx, object: &Object, id: AnyId, error: Error) -> Result<Reverted> {
        let Some((import, made_at)) = self.import else { return Err(error) };
        cx.rights.require_any(object, Action::Update)?;
        if is_absent(cx, object, id).await? {
            return Ok(Reverted::default());
        }
        if !is_own_work(cx, object, id, import, made_at).await? {
            return Err(error);
        }
        revert(&cx.as_admin(), object, id, self.job.0, self.job.1).await
    }

    /// Whether it is this chunk that tells what is wrong with a record: several batches of an import may have been about it. One
    /// transaction then.
    pub(crate) async fn tells(&self, cx: &Cx, id: AnyId) -> Result<bool> {
        let Some(undo) = cx.job.filter(|_| self.import.is_some()) else { return Ok(true) };
        let once = Once::new(&["told", &undo.to_string()], &id.to_string(), &[], cx.clock.now());
        Ok(whose(cx, once, id, u64::from(self.chunk)).await? == u64::from(self.chunk))
    }
}

async fn find(cx: &Cx, job: Id<kinds::Job>) -> Result<Job> {
    Job::find(&cx.table, job).await?.ok_or_else(|| Error::not_found("job"))
}
