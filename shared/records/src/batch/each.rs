//! A batch whose operations are carried out each on its own.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use kernel::{Error, Result};
use table::{Changes, KeptAnswer, Once, Refused};

use super::operation::{Operation, Refs, Target, Verb};
use super::{Answered, Batch, object_of, plan_operation, read};
use crate::plan::Plan;
use crate::schemas::depends_on_schema;
use crate::write::{or_kept, refused};
use crate::{Cx, Object, Schema, Written, archive, create, restore, update, upsert};

/// How many operations are under way at once.
const AT_ONCE: usize = 8;
/// The code of an operation that was not tried, since one that it depends on was refused.
const NOT_TRIED: &str = "depends_on_failed";

pub(super) async fn carry_out(cx: &Cx, about: &Arc<Object>, batch: &Batch) -> Result<Vec<Answered>> {
    claim(cx).await?;
    let schema = cx.schema().await?;
    let mut answered: Vec<Option<Answered>> = batch.operations.iter().map(|_| None).collect();
    run(cx, &schema, about, batch, &mut answered).await;
    // Nothing is refused on the word of an old schema.
    let is_doubtful = |answered: &Option<Answered>| {
        let error = answered.as_ref().and_then(|answered| answered.outcome.as_ref().err());
        error.is_some_and(|error| depends_on_schema(error) || error.code() == NOT_TRIED)
    };
    if answered.iter().any(is_doubtful)
        && let Some(newer) = cx.schemas.refreshed(&cx.table, &cx.clock, &schema).await?
    {
        answered.iter_mut().filter(|answered| is_doubtful(answered)).for_each(|answered| *answered = None);
        run(cx, &newer, about, batch, &mut answered).await;
    }
    Ok(answered.into_iter().flatten().collect())
}

/// Notes the batch's idempotency key before anything is done, so that another batch with it is refused as a whole.
async fn claim(cx: &Cx) -> Result<()> {
    let Some(once) = &cx.once else { return Ok(()) };
    let mut changes = Changes::new();
    let kept = KeptAnswer { status: 200, id: cx.caller.workspace.erase(), version: 0, document: None };
    changes.answer(once.clone(), kept);
    match cx.commit(&changes).await {
        // Its operations are answered again by their own kept answers.
        Ok(_) | Err(Refused::Repeated(_)) => Ok(()),
        Err(Refused::Failed(error)) => Err(error),
        Err(other) => Err(Error::bug(format!("a key was not noted: {other:?}"))),
    }
}

type Outcome<'a> = Pin<Box<dyn Future<Output = (usize, Answered)> + Send + 'a>>;

/// Carries out what has no answer yet: together what does not depend on each other, the rest after what it depends on.
async fn run(cx: &Cx, schema: &Schema, about: &Arc<Object>, batch: &Batch, answered: &mut [Option<Answered>]) {
    let needs = needs(schema, about, batch);
    loop {
        let is_ready = |operation: &&Operation| {
            let index = operation.index;
            answered[index].is_none() && needs[index].iter().all(|needed| answered[*needed].is_some())
        };
        let ready: Vec<&Operation> = batch.operations.iter().filter(is_ready).collect();
        if ready.is_empty() {
            return;
        }
        let refs = refs(batch, answered);
        let mut work: Vec<Outcome<'_>> = Vec::new();
        for operation in ready {
            let failed = needs[operation.index].iter().any(|needed| {
                let needed = &batch.operations[*needed];
                needed
                    .name
                    .as_ref()
                    .is_some_and(|name| !refs.contains_key(name) && uses(schema, about, operation).contains(name))
            });
            work.push(Box::pin(one(cx, schema, about, operation, &refs, failed)));
        }
        let done: Vec<(usize, Answered)> = stream::iter(work).buffer_unordered(AT_ONCE).collect().await;
        for (index, outcome) in done {
            answered[index] = Some(outcome);
        }
    }
}

/// For each operation the earlier ones that it has to wait for: those whose refs it uses, and those about the same record.
fn needs(schema: &Schema, about: &Arc<Object>, batch: &Batch) -> Vec<BTreeSet<usize>> {
    let operations = &batch.operations;
    let needs = operations.iter().map(|operation| {
        let uses = uses(schema, about, operation);
        let earlier = operations[..operation.index].iter();
        let needed = earlier.filter(|earlier| {
            let is_used = earlier.name.as_ref().is_some_and(|name| uses.contains(name));
            is_used || (operation.about(about).is_some() && operation.about(about) == earlier.about(about))
        });
        needed.map(|needed| needed.index).collect()
    });
    needs.collect()
}

fn uses(schema: &Schema, about: &Arc<Object>, operation: &Operation) -> Vec<String> {
    object_of(schema, about, operation).map(|object| operation.uses(&object)).unwrap_or_default()
}

fn refs(batch: &Batch, answered: &[Option<Answered>]) -> Refs {
    let known = batch.operations.iter().zip(answered).filter_map(|(operation, answered)| {
        let written = answered.as_ref()?.outcome.as_ref().ok()?;
        Some((operation.name.clone()?, written.id))
    });
    known.collect()
}

async fn one(
    cx: &Cx,
    schema: &Schema,
    about: &Arc<Object>,
    operation: &Operation,
    refs: &Refs,
    failed: bool,
) -> (usize, Answered) {
    let object = object_of(schema, about, operation);
    let outcome = match &object {
        Ok(_) if failed => {
            let detail = "an operation that it names was not carried out".to_owned();
            Err(Error::WrongState { code: NOT_TRIED, detail })
        }
        Ok(object) => write(cx, object, &operation.resolved(object, refs)).await,
        Err(_) => Err(operation.invalid("object", "unknown_object", "is no object whose records it can write")),
    };
    (operation.index, Answered { object: object.ok(), name: operation.name.clone(), outcome })
}

async fn write(cx: &Cx, object: &Object, operation: &Operation) -> Result<Written> {
    let index = operation.index.to_string();
    let once = cx.once.as_ref().map(|once| Once::new(&[once.hash()], &index, &[], cx.clock.now()));
    let cx = &Cx { once, ..cx.clone() };
    let (data, seen) = (&operation.data, operation.seen);
    let outcome = match (operation.verb, &operation.target) {
        (Verb::Create, _) => create(cx, object, operation.new_id(object), data).await,
        (Verb::Upsert, Target::By(field, value)) => {
            upsert(cx, object, operation.new_id(object), (field, value), data, seen).await
        }
        (Verb::Update, _) => update(cx, object, operation.id(object)?, data, seen).await,
        (Verb::Archive, _) => archive(cx, object, operation.id(object)?, seen).await,
        (Verb::Restore, _) => restore(cx, object, operation.id(object)?, seen).await,
        (Verb::Read | Verb::Upsert, _) => return read(cx, &Plan::default(), object, operation.id(object)?).await,
    };
    or_kept(cx, object, outcome).await.map_err(|error| operation.placed(error))
}

/// What would come of each operation if those before it were carried out. Writes nothing.
pub(super) async fn judge(cx: &Cx, about: &Arc<Object>, batch: &Batch) -> Result<Vec<Answered>> {
    claim(cx).await?;
    let schema = cx.schema().await?;
    let answered = judged(cx, &schema, about, batch).await?;
    let is_doubtful = |answered: &Answered| answered.outcome.as_ref().is_err_and(depends_on_schema);
    if answered.iter().any(is_doubtful)
        && let Some(newer) = cx.schemas.refreshed(&cx.table, &cx.clock, &schema).await?
    {
        return judged(cx, &newer, about, batch).await;
    }
    Ok(answered)
}

async fn judged(cx: &Cx, schema: &Schema, about: &Arc<Object>, batch: &Batch) -> Result<Vec<Answered>> {
    let (mut plan, mut refs, mut answered) = (Plan::default(), Refs::new(), Vec::new());
    for operation in &batch.operations {
        let before = plan.clone();
        // What earlier operations ask of other records was asked already.
        plan.others = Changes::new();
        plan.begin(operation.index);
        let object = object_of(schema, about, operation);
        let outcome = match &object {
            Ok(object) => {
                let planned = plan_operation(cx, &mut plan, object, &operation.resolved(object, &refs)).await;
                match planned {
                    Ok(written) => match cx.commit(&plan.changes_since(cx, operation.index)?).await {
                        Ok(_) => Ok(written),
                        Err(reason) => Err(refused(object, reason)),
                    },
                    Err(error) => Err(error),
                }
            }
            Err(_) => Err(operation.invalid("object", "unknown_object", "is no object whose records it can write")),
        };
        match &outcome {
            Ok(written) => refs.extend(operation.name.clone().map(|name| (name, written.id))),
            Err(_) => plan = before,
        }
        answered.push(Answered { object: object.ok(), name: operation.name.clone(), outcome });
    }
    Ok(answered)
}
