//! What one commit writes, put together step by step. One transaction may write several records, and one of them several
//! times: what is planned counts for the steps after it as if it was stored.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use events::{Event, FieldChange};
use kernel::{AnyId, Error, Id, Result, Timestamp, Version, kinds};
use table::{Changes, Committed, KeptAnswer, Refused};

use crate::guards::{held, holder_of, path_of};
use crate::invitation::INVITATION;
use crate::owners::{self, Owners};
use crate::roster::{self, TEAM, USER};
use crate::trash::due;
use crate::write::{MAX_TRIES, changes_between, event, refused, replay};
use crate::{Cx, Field, Object, Record, Schema, Written, load};

/// What one commit is going to write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    /// What is not a record's own state: checks of others, links, shares.
    pub(crate) others: Changes,
    records: Vec<Planned>,
    guards: BTreeMap<Guard, Move>,
    events: Vec<Happened>,
    step: usize,
    /// Who owns the workspace from then on; `None`: as before.
    owners: Option<Owners>,
    /// Records that were read for it at once, as they are stored: one that is not there is `None`.
    read: Arc<BTreeMap<AnyId, Option<Record>>>,
}

/// A unique value: `object.field` and what is compared.
type Guard = (String, String);

#[derive(Debug, Clone)]
struct Planned {
    object: String,
    /// The version that is stored; `None` for a new record.
    stored: Option<Version>,
    /// A user or a team as it is stored: the roster follows from what changes.
    before: Option<Box<Record>>,
    record: Record,
    due: Option<Timestamp>,
    /// The step that first wrote it.
    step: usize,
}

/// Something that happened to a record of an object, in a step.
#[derive(Debug, Clone)]
struct Happened {
    object: String,
    event: Event,
    step: usize,
}

/// Who holds a unique value before and after. `from` is one of the planned records, or not known.
#[derive(Debug, Clone)]
struct Move {
    from: Option<AnyId>,
    to: Option<AnyId>,
    /// The step that last moved it.
    step: usize,
}

impl Plan {
    /// A record as it will be; `None` when nothing is planned for it.
    pub(crate) fn record(&self, id: AnyId) -> Option<&Record> {
        self.records.iter().find(|planned| planned.record.common.id == id).map(|planned| &planned.record)
    }

    /// A record as it will be, or as it is stored.
    pub(crate) async fn find(&self, cx: &Cx, object: &Object, id: AnyId) -> Result<Option<Record>> {
        match self.record(id) {
            Some(record) if record.common.object == object.name => Ok(Some(record.clone())),
            _ => match self.read.get(&id) {
                Some(read) => Ok(read.clone().filter(|record| record.common.object == object.name)),
                None => load::find(cx, object, id).await,
            },
        }
    }

    /// Reads records that steps are going to ask for, all at once: one round trip for each hundred of them. Ids that are of
    /// no object are left to whoever asks for them.
    pub(crate) async fn read(&mut self, cx: &Cx, schema: &Schema, ids: BTreeSet<AnyId>) -> Result<()> {
        let object_of = |id: AnyId| schema.all().find(|object| object.prefix == id.prefix());
        let keys = ids.iter().filter_map(|id| Some(cx.table.keys().record(&object_of(*id)?.name, *id)));
        let documents = cx.table.get_many(&keys.collect::<Vec<_>>()).await?;
        let known = ids.into_iter().filter(|id| object_of(*id).is_some());
        let mut read: BTreeMap<AnyId, Option<Record>> = known.map(|id| (id, None)).collect();
        for document in documents {
            let id = document.get("id").and_then(|id| id.as_str()?.parse().ok());
            if let Some((id, object)) = id.and_then(|id: AnyId| Some((id, object_of(id)?))) {
                read.insert(id, Some(Record::read(object, document)?));
            }
        }
        self.read = Arc::new(read);
        Ok(())
    }

    /// A record that was read at once: `None` when it was not asked for then.
    pub(crate) fn was_read(&self, id: AnyId) -> Option<Option<&Record>> {
        self.read.get(&id).map(Option::as_ref)
    }

    /// Who will hold a unique value; `None` when nothing is planned for it.
    pub(crate) fn holder(&self, field: &str, value: &str) -> Option<Option<AnyId>> {
        self.guards.get(&(field.to_owned(), value.to_owned())).map(|moved| moved.to)
    }

    /// The next state of a record, or a new one, and what happened.
    ///
    /// # Errors
    /// [`Error::Conflict`] when another record of this plan holds one of its unique values.
    pub(crate) async fn write(
        &mut self,
        cx: &Cx,
        object: &Object,
        verb: &str,
        before: Option<&Record>,
        after: &Record,
    ) -> Result<()> {
        self.write_as(cx, object, verb, before, after, changes_between(before, after)).await.map(drop)
    }

    /// The same with what the event says. Answers the event's id.
    pub(crate) async fn write_as(
        &mut self,
        cx: &Cx,
        object: &Object,
        verb: &str,
        before: Option<&Record>,
        after: &Record,
        changes: BTreeMap<String, FieldChange>,
    ) -> Result<Id<kinds::Event>> {
        if object.name == USER {
            owners::judge(cx, &mut self.owners, before, after).await?;
        }
        if object.name == INVITATION {
            owners::judge_invitation(cx, before, after).await?;
        }
        self.move_guards(cx, object, before, after).await?;
        let event = event(cx, object, verb, after, changes);
        let happened = event.id;
        self.happened(object, event);
        let (record, due) = (after.clone(), due(cx, object, after).await?);
        match self.records.iter_mut().find(|planned| planned.record.common.id == after.common.id) {
            Some(planned) => (planned.record, planned.due) = (record, due),
            None => {
                let stored = before.map(|record| record.common.version);
                let before = before.filter(|_| is_on_roster(&object.name)).cloned().map(Box::new);
                let (object, step) = (object.name.clone(), self.step);
                self.records.push(Planned { object, stored, before, record, due, step });
            }
        }
        Ok(happened)
    }

    /// Something happened to a record of an object.
    pub(crate) fn happened(&mut self, object: &Object, event: Event) {
        self.events.push(Happened { object: object.name.clone(), event, step: self.step });
    }

    async fn move_guards(&mut self, cx: &Cx, object: &Object, before: Option<&Record>, after: &Record) -> Result<()> {
        let (id, step, now) = (after.common.id, self.step, cx.clock.now());
        let before = before.map(|record| held(object, record, Field::gives_guards_back)).unwrap_or_default();
        let after = held(object, after, |field| field.takes_guards(now));
        for (guard, is_certain) in before.iter().filter(|(guard, _)| !after.contains_key(*guard)) {
            let is_known = *is_certain || self.guards.contains_key(guard);
            // Where nobody holds it, somebody may give it to this record before the commit: then it is given back as well.
            if !is_known && holder_of(cx, &guard.0, &guard.1).await?.is_some_and(|holder| holder != id) {
                continue;
            }
            let moved = self.guards.entry(guard.clone()).or_insert(Move { from: Some(id), to: None, step });
            match moved.to {
                // Another record of this plan has been given it before this one gave it back.
                Some(holder) if holder != id => moved.from = Some(id),
                _ => moved.to = None,
            }
            moved.step = step;
        }
        for guard in after.keys().filter(|guard| !before.contains_key(*guard)) {
            let moved = self.guards.entry(guard.clone()).or_insert(Move { from: None, to: None, step });
            if moved.to.is_some_and(|holder| holder != id) {
                return Err(Error::Conflict { field: path_of(&guard.0).to_owned() });
            }
            (moved.to, moved.step) = (Some(id), step);
        }
        Ok(())
    }

    /// Begins a step.
    pub(crate) const fn begin(&mut self, step: usize) {
        self.step = step;
    }

    /// Everything as one commit.
    pub(crate) fn changes(&self, cx: &Cx) -> Result<Changes> {
        self.changes_since(cx, 0)
    }

    /// What steps from this one on add to a commit, for those who only want to know whether they could.
    pub(crate) fn changes_since(&self, cx: &Cx, step: usize) -> Result<Changes> {
        let keys = cx.table.keys();
        let mut changes = self.others.clone();
        for planned in self.records.iter().filter(|planned| planned.step >= step) {
            let (object, id, document) = (&planned.object, planned.record.common.id, planned.record.document());
            match planned.stored {
                Some(seen) => changes.replace_due_record(keys, object, id, document, seen, planned.due),
                None => changes.create_due_record(keys, object, id, document, planned.due),
            }
            let workspace = cx.caller.workspace;
            roster::follow(&mut changes, keys, workspace, planned.before.as_deref(), &planned.record);
        }
        if let Some(owners) = &self.owners {
            owners.write(&mut changes, keys)?;
        }
        for ((field, value), moved) in self.guards.iter().filter(|(_, moved)| moved.step >= step) {
            match (moved.from, moved.to) {
                (Some(from), None) => changes.release(keys, field, value, from),
                (None, Some(to)) => changes.take(keys, field, value, to),
                (Some(from), Some(to)) if from != to => changes.transfer(keys, field, value, from, to),
                _ => {}
            }
        }
        for happened in self.events.iter().filter(|happened| happened.step >= step) {
            changes.event(keys, &happened.object, &happened.event, cx.once.as_ref())?;
        }
        Ok(changes)
    }

    /// Writes everything in one transaction together with the answer for a repetition of the request. A plan with nothing
    /// in it keeps the answer all the same: what the record becomes later must not be undone by a repetition. It keeps no
    /// copy of the record, since an erasure finds such copies by the events that were written with them.
    pub(crate) async fn commit(&self, cx: &Cx, kept: KeptAnswer) -> Result<Committed, Refused> {
        let mut changes = self.changes(cx)?;
        if let Some(once) = &cx.once {
            let document = kept.document.filter(|_| !self.events.is_empty());
            changes.answer(once.clone(), KeptAnswer { document, ..kept });
        }
        if changes.is_empty() {
            return Ok(Committed);
        }
        let outcome = cx.commit(&changes).await;
        self.made_known(cx);
        outcome
    }

    /// Has this process look again who works here, if that is what was written.
    fn made_known(&self, cx: &Cx) {
        if !cx.dry_run && self.records.iter().any(|planned| is_on_roster(&planned.object)) {
            cx.schemas.forget(cx.caller.workspace);
        }
    }

    /// Every step that takes a unique value which somebody else holds now, and the path of its field. One round trip for each
    /// hundred values.
    pub(crate) async fn contentions(&self, cx: &Cx) -> Result<BTreeMap<usize, String>> {
        let key = |(field, value): &Guard| cx.table.keys().unique(field, value);
        let taken: Vec<_> = self.guards.iter().filter_map(|(guard, moved)| Some((guard, moved, moved.to?))).collect();
        let held = cx.table.get_each(&taken.iter().map(|(guard, ..)| key(guard)).collect::<Vec<_>>()).await?;
        let is_contended = |(guard, moved, to): &(&Guard, &Move, AnyId)| {
            let holder: Option<AnyId> =
                held.get(&key(guard)).and_then(|held| held.get("holder")?.as_str()?.parse().ok());
            holder.is_some_and(|holder| holder != *to && moved.from != Some(holder))
        };
        let contended = taken.into_iter().filter(is_contended);
        Ok(contended.map(|((field, _), moved, _)| (moved.step, path_of(field).to_owned())).collect())
    }

    /// The first step that takes a unique value which somebody else holds now, and the path of its field. One read for each
    /// value: for the answer to a refusal.
    pub(crate) async fn contended(&self, cx: &Cx) -> Result<Option<(usize, String)>> {
        for ((field, value), moved) in &self.guards {
            let Some(to) = moved.to else { continue };
            let holder = holder_of(cx, field, value).await?;
            if holder.is_some_and(|holder| holder != to && moved.from != Some(holder)) {
                return Ok(Some((moved.step, path_of(field).to_owned())));
            }
        }
        Ok(None)
    }
}

/// Whether the roster says something of an object's records.
fn is_on_roster(object: &str) -> bool {
    [USER, TEAM].contains(&object)
}

/// Plans a write and commits it, anew each time that somebody else got in between.
///
/// # Errors
/// Those of the planning; why the commit was refused.
pub(crate) async fn carry_out<F, Fut>(cx: &Cx, object: &Object, planned: F) -> Result<Written>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<(Plan, Written)>>,
{
    for tries in 1..=MAX_TRIES {
        let (plan, written) = planned().await?;
        match plan.commit(cx, written.kept()).await {
            Ok(Committed) => return Ok(written),
            Err(Refused::Repeated(kept)) => return replay(cx, object, kept).await,
            Err(Refused::Stale(_) | Refused::Gone { .. } | Refused::Exists { .. }) => {}
            Err(other) => return Err(untold(cx, object, refused(object, other))),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("a record kept changing while it was written"))
}

/// A refusal that does not name a field which is hidden from the caller: what is taken out of the trash brings all its values with it.
fn untold(cx: &Cx, object: &Object, error: Error) -> Error {
    match error {
        Error::Conflict { field } if cx.rights.hidden().hides_by(&|_| None, object, &field) => {
            let detail = format!("a value of this {} that you do not see is another one's by now", object.name);
            Error::WrongState { code: "taken", detail }
        }
        error => error,
    }
}

/// Commits a plan; `false` when somebody else got in between.
pub(crate) async fn committed(cx: &Cx, object: &Object, plan: &Plan) -> Result<bool> {
    let outcome = cx.commit(&plan.changes(cx)?).await;
    plan.made_known(cx);
    match outcome {
        Ok(Committed) => Ok(true),
        Err(Refused::Stale(_) | Refused::Exists { .. } | Refused::Gone { .. }) => Ok(false),
        Err(other) => Err(refused(object, other)),
    }
}
