//! A batch in one transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{AnyId, Error, Result, Version, Violations};
use serde_json::{Value, json};
use table::{Committed, KeptAnswer, Refused};

use super::operation::Refs;
use super::{Answered, Batch, object_of, plan_operation};
use crate::access::{Reach, reaches};
use crate::guards::path_of;
use crate::plan::Plan;
use crate::schemas::depends_on_schema;
use crate::write::{MAX_TRIES, earlier, refused};
use crate::{Cx, Object, Record, Schema, Written};

/// Why nothing of a batch was carried out.
#[derive(Debug)]
pub struct Failed {
    /// The operation that could not be, if it was one.
    pub operation: Option<usize>,
    /// Why. Violations name their operations themselves.
    pub error: Error,
}

impl Failed {
    pub(super) const fn whole(error: Error) -> Self {
        Self { operation: None, error }
    }
}

pub(super) async fn carry_out(cx: &Cx, about: &Arc<Object>, batch: &Batch) -> Result<Vec<Answered>, Failed> {
    let schema = cx.schema().await.map_err(Failed::whole)?;
    let mut outcome = try_all(cx, &schema, about, batch).await;
    if let Err(failed) = &outcome
        && depends_on_schema(&failed.error)
        && let Some(newer) = cx.schemas.refreshed(&cx.table, &cx.clock, &schema).await.map_err(Failed::whole)?
    {
        outcome = try_all(cx, &newer, about, batch).await;
    }
    let Err(failed) = outcome else { return outcome };
    match earlier(cx, &failed.error).await.map_err(Failed::whole)? {
        Some(kept) => replay(cx, kept, batch).await.map_err(Failed::whole),
        None => Err(failed),
    }
}

async fn try_all(cx: &Cx, schema: &Schema, about: &Arc<Object>, batch: &Batch) -> Result<Vec<Answered>, Failed> {
    for tries in 1..=MAX_TRIES {
        let mut plan = Plan::default();
        let answered = plan_all(cx, &mut plan, schema, about, batch).await?;
        match plan.commit(cx, kept(cx, &answered)).await {
            Ok(Committed) => return Ok(answered),
            Err(Refused::Repeated(kept)) => return replay(cx, kept, batch).await.map_err(Failed::whole),
            Err(Refused::Stale(_) | Refused::Gone { .. }) => {}
            Err(Refused::Taken { field, .. }) => {
                let found = plan.contended(cx).await.map_err(Failed::whole)?;
                let (operation, field) = match found {
                    Some((operation, field)) => (Some(operation), field),
                    None => (None, path_of(&field).to_owned()),
                };
                return Err(Failed { operation, error: Error::Conflict { field } });
            }
            Err(other) => return Err(Failed::whole(refused(about, other))),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Failed::whole(Error::unavailable("records kept changing while a batch was written")))
}

/// Plans every operation. Violations of all of them come at once; anything else ends at the first.
async fn plan_all(
    cx: &Cx,
    plan: &mut Plan,
    schema: &Schema,
    about: &Arc<Object>,
    batch: &Batch,
) -> Result<Vec<Answered>, Failed> {
    let (mut answered, mut refs, mut violations) = (Vec::new(), Refs::new(), Violations::new());
    for operation in &batch.operations {
        plan.begin(operation.index);
        let planned = async {
            let object = object_of(schema, about, operation)?;
            let written = plan_operation(cx, plan, &object, &operation.resolved(&object, &refs)).await?;
            Ok((object, written))
        };
        match planned.await {
            Ok((object, written)) => {
                if let Some(name) = &operation.name {
                    refs.insert(name.clone(), written.id);
                }
                answered.push(Answered { object: Some(object), name: operation.name.clone(), outcome: Ok(written) });
            }
            Err(Error::Invalid(found)) => violations.extend(found),
            // What comes after a violation may only be its consequence.
            Err(_) if !violations.is_empty() => break,
            Err(error) => return Err(Failed { operation: Some(operation.index), error }),
        }
    }
    violations.or(answered).map_err(|found| Failed::whole(found.into()))
}

/// What is kept for a repetition: which records they were and no more, so that nothing has to be found when one is erased.
fn kept(cx: &Cx, answered: &[Answered]) -> KeptAnswer {
    let results: Vec<Value> = answered
        .iter()
        .filter_map(|answered| answered.outcome.as_ref().ok())
        .map(|written| json!([written.status, written.id, written.version]))
        .collect();
    let document = json!({ "results": results }).as_object().cloned();
    KeptAnswer { status: 200, id: cx.caller.workspace.erase(), version: 0, document }
}

/// Answers an earlier batch again, with its records as they are now.
async fn replay(cx: &Cx, kept: KeptAnswer, batch: &Batch) -> Result<Vec<Answered>> {
    let results = kept.document.and_then(|mut document| document.remove("results")).unwrap_or_default();
    let results: Vec<(u16, AnyId, Version)> =
        serde_json::from_value(results).map_err(Error::unreadable("kept answer"))?;
    let schema = cx.schema().await?;
    let objects: BTreeMap<AnyId, &Arc<Object>> =
        results.iter().filter_map(|(_, id, _)| Some((*id, schema.of_prefix(id.prefix())?))).collect();
    let keys: Vec<_> = objects.iter().map(|(id, object)| cx.table.keys().record(&object.name, *id)).collect();
    let mut records = Vec::new();
    for document in cx.table.get_many(&keys).await? {
        let id = document.get("id").and_then(|id| id.as_str()?.parse().ok());
        if let Some(object) = id.and_then(|id: AnyId| objects.get(&id)) {
            records.push((&***object, Record::read(object, document)?));
        }
    }
    let asked: Vec<_> = records.iter().map(|(object, record)| (*object, &record.common)).collect();
    let reached = reaches(cx, &asked, auth::Action::Read).await?;
    let shown: BTreeMap<AnyId, _> = records
        .iter()
        .zip(reached)
        .filter(|(_, reach)| *reach != Reach::Nothing)
        .map(|((object, record), _)| (record.common.id, crate::write::shown(cx, object, record)))
        .collect();
    let names = batch.operations.iter().map(|operation| operation.name.clone());
    let again = results.into_iter().zip(names).map(|((status, id, version), name)| {
        let written = Written { status, id, version, document: shown.get(&id).cloned(), replayed: true };
        Answered { object: objects.get(&id).map(|object| (*object).clone()), name, outcome: Ok(written) }
    });
    Ok(again.collect())
}
