//! What a job does to each of its records. A capability that adds a kind of job adds it here.

use std::collections::BTreeMap;

use auth::Capability;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use kernel::{AnyId, Error, Id, Result, kinds};
use records::{Counts, Cx, Job, JobKind, Object, Record, Reverted, Schema, rewrite_for};
use table::Once;

use crate::bulk::Input;
use crate::chunk::Failure;
use crate::guards;
use crate::merge::Merged;
use crate::reassign::Reassigned;
use crate::revert::Revert;

/// How many records are written side by side: each waits for the table twice, and the table has time for many.
const SIDE_BY_SIDE: usize = 8;

/// What a job does to each of its records.
#[derive(Debug)]
pub(crate) enum Work {
    /// What somebody has asked for.
    Edit(Box<Input>),
    /// What follows a merge.
    Follow(Merged),
    /// Takes back what another job has done.
    Revert(Box<Revert>),
    /// Gives it to another user.
    Reassign(Reassigned),
    /// Guards values, for the job of a change of the schema.
    Guard(Box<Job>),
}

/// What became of some records.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) counts: Counts,
    pub(crate) failures: Vec<Failure>,
}

/// What became of one record.
#[derive(Debug)]
struct Outcome {
    changed: bool,
    failures: Vec<Failure>,
}

impl Work {
    /// What a job does. One round trip for an undo, to know since when.
    pub(crate) async fn of(cx: &Cx, job: &Job) -> Result<Self> {
        match job.kind {
            JobKind::BulkEdit => Ok(Self::Edit(Box::new(Input::read(&job.input)?))),
            JobKind::Merge => Ok(Self::Follow(Merged::of(job)?)),
            JobKind::Undo => Ok(Self::Revert(Box::new(Revert::of(cx, job).await?))),
            JobKind::Import => Err(Error::bug("an import goes over rows, and not over records")),
            JobKind::Reassign => Ok(Self::Reassign(Reassigned::of(job)?)),
            JobKind::MakeUnique => Ok(Self::Guard(Box::new(job.clone()))),
            JobKind::Export => Err(Error::bug("an export changes nothing")),
        }
    }

    /// Does it to some records, each once however often this is called.
    ///
    /// # Errors
    /// What will pass, and a defect that meets every one of several records: then nothing is counted, and all of it is to be
    /// done again. What is wrong with a single record is noted instead, also where Rapport is to blame for it.
    pub(crate) async fn apply(&self, cx: &Cx, ids: Vec<AnyId>) -> Result<Tally> {
        if let Self::Guard(job) = self {
            return guards::apply(cx, job, &ids).await;
        }
        let cx = &self.entitled(cx);
        let schema = &*cx.schema().await?;
        let mut outcomes = self.settle_all(cx, schema, ids).await?;
        if let Self::Revert(revert) = self {
            self.try_again(cx, schema, &mut outcomes).await?;
            for (id, outcome) in outcomes.iter_mut().filter(|(_, outcome)| !outcome.failures.is_empty()) {
                if !revert.tells(cx, *id).await? {
                    outcome.failures.clear();
                }
            }
        }
        let mut tally = Tally::default();
        outcomes.into_iter().for_each(|(_, outcome)| tally.add(outcome));
        let is_defect = |failure: &Failure| failure.code == Failure::DEFECT;
        // Of one record nobody can tell whether others would have fared better: a job is not to stand still for it.
        if tally.counts.done > 1 && tally.counts.failed == tally.counts.done && tally.failures.iter().all(is_defect) {
            return Err(Error::bug("no record of a chunk could be changed"));
        }
        Ok(tally)
    }

    /// The context in which records are changed: in the name of whoever has started the job, with what they may do; but what
    /// follows a merge follows for every record, also for those that whoever has merged cannot see.
    fn entitled(&self, cx: &Cx) -> Cx {
        match self {
            Self::Follow(_) => cx.as_admin(),
            Self::Revert(revert) if revert.is_of_merge() => cx.as_admin(),
            // What was given for whoever manages users is given back for them.
            Self::Revert(revert) if revert.is_of_reassignment() && cx.rights.may(Capability::ManageUsers) => {
                cx.as_admin()
            }
            _ => cx.clone(),
        }
    }

    /// Does it to some records, and notes what is wrong with each.
    async fn settle_all(&self, cx: &Cx, schema: &Schema, ids: Vec<AnyId>) -> Result<Vec<(AnyId, Outcome)>> {
        let settle = |id| async move { Ok((id, self.settle(cx, schema, id).await?)) };
        stream::iter(ids).map(settle).buffered(SIDE_BY_SIDE).try_collect().await
    }

    /// Does it again to those whose unique values were taken, as long as that makes some of them free: others of the same records
    /// may have had them.
    async fn try_again(&self, cx: &Cx, schema: &Schema, outcomes: &mut [(AnyId, Outcome)]) -> Result<()> {
        loop {
            let taken: Vec<AnyId> = outcomes.iter().filter(|(_, one)| one.is_taken()).map(|(id, _)| *id).collect();
            let mut again: BTreeMap<_, _> = self.settle_all(cx, schema, taken).await?.into_iter().collect();
            if again.values().all(Outcome::is_taken) {
                return Ok(());
            }
            for (id, outcome) in outcomes.iter_mut() {
                if let Some(better) = again.remove(id) {
                    *outcome = better;
                }
            }
        }
    }

    /// Does it to one record, and notes what is wrong with it.
    async fn settle(&self, cx: &Cx, schema: &Schema, id: AnyId) -> Result<Outcome> {
        match self.apply_one(cx, schema, id).await {
            Ok(outcome) => Ok(outcome),
            // A defect is no less one when it is met again, and the other records of the chunk have none.
            Err(error @ Error::Bug { .. }) => {
                tracing::error!(record.id = %id, error.cause = ?error, "a job could not change a record");
                Ok(Outcome { changed: false, failures: vec![Failure::of(id, &error)] })
            }
            Err(error) if error.is_retryable() => Err(error),
            Err(error) => Ok(Outcome { changed: false, failures: vec![Failure::of(id, &error)] }),
        }
    }

    async fn apply_one(&self, cx: &Cx, schema: &Schema, id: AnyId) -> Result<Outcome> {
        // What was given up is not edited, but it may refer to what was merged.
        let object = schema.all().find(|object| object.prefix == id.prefix());
        let object: &Object = object.ok_or_else(|| Error::not_found("object"))?;
        let job = cx.job.ok_or_else(|| Error::bug("a record is changed by no job"))?;
        let once = match self {
            Self::Revert(revert) => revert.once_of(cx, job, id),
            _ => once_of(cx, job, id),
        };
        // Noted with the change, so that it is not made twice.
        let cx = &Cx { once: Some(once), ..cx.clone() };
        match self {
            Self::Edit(input) => {
                let edit = |record: &mut Record| input.apply(cx, object, record);
                let (changed, ()) = rewrite_for(cx, object, id, input.action(), edit).await?;
                Ok(Outcome { changed, failures: Vec::new() })
            }
            Self::Follow(merged) => Ok(Outcome { changed: merged.follow(cx, object, id).await?, failures: Vec::new() }),
            Self::Reassign(reassigned) => {
                Ok(Outcome { changed: reassigned.apply(cx, object, id).await?, failures: Vec::new() })
            }
            Self::Revert(revert) => {
                let Reverted { changed, kept } = revert.take_back(cx, object, id).await?;
                let kept = (!kept.is_empty()).then(|| Failure::kept(id, kept));
                Ok(Outcome { changed, failures: kept.into_iter().collect() })
            }
            Self::Guard(_) => Err(Error::bug("guards are made for all records of a chunk at once")),
        }
    }
}

/// The key under which a job changes a record.
pub(crate) fn once_of(cx: &Cx, job: Id<kinds::Job>, record: AnyId) -> Once {
    Once::new(&["job", &job.to_string()], &record.to_string(), &[], cx.clock.now())
}

impl Outcome {
    /// Whether another record has what this one was to get.
    fn is_taken(&self) -> bool {
        self.failures.iter().any(|failure| failure.code == Failure::TAKEN)
    }
}

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        let Outcome { changed, failures } = outcome;
        let has_failed = failures.iter().any(|failure| failure.code != Failure::KEPT);
        self.counts.done += 1;
        self.counts.changed += u64::from(changed);
        self.counts.failed += u64::from(has_failed);
        self.counts.kept += u64::from(!failures.is_empty() && !has_failed);
        self.failures.extend(failures);
    }

    /// The records that could not be changed.
    pub(crate) fn failed(&self) -> impl Iterator<Item = AnyId> {
        self.failures.iter().filter(|failure| failure.code != Failure::KEPT).filter_map(|failure| failure.record)
    }

    /// Adds this to what a job has counted.
    pub(crate) fn count(&self, counts: &mut Counts) {
        counts.done += self.counts.done;
        counts.changed += self.counts.changed;
        counts.kept += self.counts.kept;
        counts.failed += self.counts.failed;
    }
}
