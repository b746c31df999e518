//! What follows a merge: everything that refers to the records that were merged, or is linked with them, comes to refer to the
//! one that is left, and who reached them reaches that one; and how that is taken back.
//!
//! A capability that keeps something about records by other means than references and links, such as activities, adds a step of
//! its own to [`Merged::follow`] and what takes it back to [`Merged::undo`].

use std::collections::{BTreeMap, BTreeSet};

use kernel::{AnyId, Error, Id, Result, Timestamp, kinds};
use records::{
    Cx, Job, Object, Record, Reverted, is_private_or_shared, move_links, pass_on_shares, return_links, revert, rewrite,
    take_back_shares, unmerge_with,
};
use replica::Replicas;
use serde::Deserialize;
use serde_json::Value;
use table::Changes;

use crate::advance::{Found, Next};
use crate::chunk::{self, Failure};
use crate::place::Place;
use crate::undo::undone;

/// What was merged into what, as the job of a merge says.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Merged {
    /// The record that is left.
    winner: AnyId,
    others: Vec<Other>,
}

#[derive(Debug, Clone, Deserialize)]
struct Other {
    id: AnyId,
}

impl Merged {
    /// What the job of a merge was made for.
    pub(crate) fn of(job: &Job) -> Result<Self> {
        serde_json::from_value(Value::Object(job.input.clone())).map_err(Error::unreadable("input of a job"))
    }

    fn others(&self) -> Vec<AnyId> {
        self.others.iter().map(|other| other.id).collect()
    }

    fn was_merged(&self, id: AnyId) -> bool {
        self.others.iter().any(|other| other.id == id)
    }

    /// Whether who reaches the merged records may be to reach the one that is left.
    async fn has_shares(&self, cx: &Cx) -> Result<bool> {
        let schema = cx.schema().await?;
        let object = schema.all().find(|object| object.prefix == self.winner.prefix());
        let object = object.ok_or_else(|| Error::not_found("object"))?;
        is_private_or_shared(cx, object, &self.others()).await
    }

    /// Those of some records that refer to merged ones: the table says so, while a replica may not have been told yet what an
    /// earlier round has changed. One round trip.
    async fn still_referring(&self, cx: &Cx, ids: &[AnyId]) -> Result<Vec<AnyId>> {
        let (schema, others) = (cx.schema().await?, self.others());
        let object_of = |id: &AnyId| schema.all().find(|object| object.prefix == id.prefix());
        let keys = ids.iter().filter_map(|id| Some(cx.table.keys().record(&object_of(id)?.name, *id)));
        let mut still = Vec::new();
        for document in cx.table.get_many(&keys.collect::<Vec<_>>()).await? {
            let name = document.get("object").and_then(Value::as_str).unwrap_or_default();
            let Some(object) = schema.all().find(|object| object.name == name) else { continue };
            let record = Record::read(object, document)?;
            if record.common.merged_into.is_some() {
                continue;
            }
            let mut pointed = record.clone();
            pointed.repoint(object, &others, self.winner);
            still.extend((pointed != record).then_some(record.common.id));
        }
        Ok(still)
    }

    /// What a merge means for one record: one of those that were merged, the one that is left, or one that refers to them.
    pub(crate) async fn follow(&self, cx: &Cx, object: &Object, id: AnyId) -> Result<bool> {
        if self.was_merged(id) {
            return move_links(cx, object, id, self.winner).await;
        }
        let others = self.others();
        if id == self.winner {
            return pass_on_shares(cx, object, &others, id).await;
        }
        let pointed = rewrite(cx, object, id, |record| {
            record.repoint(object, &others, self.winner);
            Ok(())
        });
        match pointed.await {
            Ok((changed, ())) => Ok(changed),
            // Merged meanwhile: who takes that back makes it refer to what is left by then.
            Err(Error::WrongState { code: "merged", .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes that back, as far as nobody has changed it since. What earlier undos of the same job did counts as done by it.
    pub(crate) async fn undo(
        &self,
        cx: &Cx,
        object: &Object,
        id: AnyId,
        (job, since): (Id<kinds::Job>, Timestamp),
        earlier: &[Id<kinds::Job>],
    ) -> Result<Reverted> {
        if id == self.winner {
            return take_back_shares(cx, object, id, (job, earlier), since).await;
        }
        if !self.was_merged(id) {
            return revert(cx, object, id, job, since).await;
        }
        let (changed, labels) = return_links(cx, object, (id, self.winner), (job, earlier), since).await?;
        Ok(Reverted { changed, kept: labels.into_iter().map(|label| ["links", &label].join(".")).collect() })
    }
}

/// The next records that refer to merged ones; behind all of them, in the first round, the merged ones themselves, for their
/// links, and the one that is left, for their shares where there are any. What was written while the records were merged may be
/// told of late, hence further rounds, which ask the table.
pub(crate) async fn page(cx: &Cx, replicas: &Replicas, job: &Job, place: &Place) -> Result<Found> {
    let merged = Merged::of(job)?;
    let after = place.after.as_deref().map(|id| id.parse().map_err(Error::bug)).transpose()?;
    let replica = replicas.open(&cx.table, &cx.clock).await?;
    let referring = replica.referring(&merged.others(), after, chunk::SIZE).await?;
    let next = referring.last().filter(|_| referring.len() == chunk::SIZE).map(|last| last.id.to_string());
    let passed_over: BTreeSet<AnyId> =
        merged.others().into_iter().chain([merged.winner]).chain(place.failed.iter().copied()).collect();
    let mut ids: Vec<AnyId> = referring.iter().map(|record| record.id).filter(|id| !passed_over.contains(id)).collect();
    if place.rounds > 0 {
        ids = merged.still_referring(cx, &ids).await?;
    } else if next.is_none() {
        ids.extend(merged.others());
        ids.extend(merged.has_shares(cx).await?.then_some(merged.winner));
    }
    Ok(Found { ids, next })
}

/// Takes the merge itself back, in one transaction with the note that it was: all records are there again, before anything
/// is made to refer to them.
pub(crate) async fn take_back(cx: &Cx, job: &Job, place: Place) -> Result<Next> {
    let place = Place { unmerging: false, ..place };
    unmerge_with(cx, undone(job)?, |unmerged, changes: &mut Changes| {
        let mut after = job.clone();
        place.note(&mut after)?;
        let mut kept = BTreeMap::<AnyId, Vec<String>>::new();
        for value in &unmerged.kept {
            kept.entry(value.record).or_default().push(value.path.clone());
        }
        after.counts.kept += kept.len() as u64;
        let kept = kept.into_iter().map(|(record, paths)| Failure::kept(record, paths));
        let missing = unmerged.missing.iter().map(|id| Failure::of(*id, &Error::not_found("record")));
        let failures: Vec<Failure> = kept.chain(missing).collect();
        after.counts.failed += unmerged.missing.len() as u64;
        // Behind those of the chunks, which have the numbers of theirs.
        chunk::add_errors(cx, changes, job.common.id, place.chunks, failures)?;
        after.replace(cx, job, changes)
    })
    .await?;
    Ok(Next::More)
}
