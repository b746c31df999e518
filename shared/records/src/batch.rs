//! Several writes in one request: each on its own, or all of them in one transaction.
//!
//! A later operation may name what an earlier one makes or finds, by the `ref` of that: `"id": "@acme"`, or
//! `"company_id": "@acme"` where a field holds an id.
//!
//! A repeated request has its effect once. All in one transaction keep one answer, which names the records and no more.
//! Each on its own keeps its own answer, in the transaction of its effect, and a repetition goes on with what was refused or
//! not reached: so the batch's key is noted first, which refuses another batch with it.

mod atomic;
mod each;
mod operation;

use std::sync::Arc;

use kernel::{Error, Result};

pub use self::atomic::Failed;
pub use self::operation::{Batch, MAX_OPERATIONS};
use self::operation::{Operation, Target};
use crate::access::{Reach, reach};
use crate::archive::plan_archiving;
use crate::create::plan_creation;
use crate::plan::Plan;
use crate::update::plan_change;
use crate::upsert::plan_upsert;
use crate::{Cx, Object, Schema, Written};

/// What one operation of a batch has come to.
#[derive(Debug)]
pub struct Answered {
    /// The object of its record; `None` when it names none that there is.
    pub object: Option<Arc<Object>>,
    /// What later operations name it by.
    pub name: Option<String>,
    /// What was written or read, or why nothing was.
    pub outcome: Result<Written>,
}

/// Carries the operations of a batch out, at most [`MAX_OPERATIONS`]. Answers them one by one in their order. Those of an
/// atomic batch are carried out all or none.
///
/// # Errors
/// Why nothing was done at all: the key was used before, the table does not answer, or an operation of an atomic batch
/// cannot be carried out.
pub async fn batch(cx: &Cx, object: &Arc<Object>, batch: &Batch) -> Result<Vec<Answered>, Failed> {
    match (batch.atomic, cx.dry_run) {
        (true, _) => atomic::carry_out(cx, object, batch).await,
        (false, false) => each::carry_out(cx, object, batch).await.map_err(Failed::whole),
        (false, true) => each::judge(cx, object, batch).await.map_err(Failed::whole),
    }
}

/// The object that an operation is about, if batches may write its records.
fn object_of(schema: &Schema, about: &Arc<Object>, operation: &Operation) -> Result<Arc<Object>> {
    let Some(name) = operation.object.as_deref().filter(|name| *name != about.name) else {
        // The one that the path names, as the newest schema has it.
        return Ok(schema.object(&about.name).unwrap_or(about).clone());
    };
    let object = schema.object(name).filter(|object| object.batched);
    object
        .cloned()
        .ok_or_else(|| operation.invalid("object", "unknown_object", "is no object whose records it can write"))
}

/// Adds an operation to a plan.
async fn plan_operation(cx: &Cx, plan: &mut Plan, object: &Object, operation: &Operation) -> Result<Written> {
    let (data, seen) = (&operation.data, operation.seen);
    let placed = |error| operation.placed(error);
    match (operation.verb, &operation.target) {
        (operation::Verb::Create, _) => {
            plan_creation(cx, plan, object, operation.new_id(object), data).await.map_err(placed)
        }
        (operation::Verb::Upsert, Target::By(field, value)) => {
            let id = operation.new_id(object);
            plan_upsert(cx, plan, object, id, (field, value), data, seen).await.map_err(placed)
        }
        (verb, _) => {
            let id = operation.id(object)?;
            match verb {
                operation::Verb::Update => plan_change(cx, plan, object, id, data, seen).await.map_err(placed),
                operation::Verb::Archive => plan_archiving(cx, plan, object, id, seen, true).await,
                operation::Verb::Restore => plan_archiving(cx, plan, object, id, seen, false).await,
                _ => read(cx, plan, object, id).await,
            }
        }
    }
}

async fn read(cx: &Cx, plan: &Plan, object: &Object, id: kernel::AnyId) -> Result<Written> {
    let gone = || Error::not_found(object.name.clone());
    let record = plan.find(cx, object, id).await?.ok_or_else(gone)?;
    if reach(cx, object, &record.common, auth::Action::Read).await? == Reach::Nothing {
        return Err(gone());
    }
    match record.common.merged_into {
        Some(into) => Err(Error::Merged { into, plural: object.plural.clone() }),
        None => Ok(Written::of(cx, 200, object, &record)),
    }
}
