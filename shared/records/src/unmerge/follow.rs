//! What records that are there again refer to: it may have become part of other records meanwhile, and nobody has told them.

use std::collections::{BTreeMap, BTreeSet};

use events::Document;
use kernel::{AnyId, Error, Result};
use serde_json::Value;

use super::{Kept, left};
use crate::load::MAX_MERGES;
use crate::record::Common;
use crate::references::targets;
use crate::{Cx, Object, Record};

/// Makes records refer to what is left of what they refer to, and notes where that is not what it was. One read for all that
/// they refer to, and one more for each merge that is followed.
///
/// What follows a merge passes merged records over, so those that are there again come to refer to its winner here. The records
/// themselves are taken for what the plan makes of them: no part of another one any more.
pub(super) async fn follow_merges(
    cx: &Cx,
    object: &Object,
    records: &mut [&mut Record],
    kept: &mut Vec<Kept>,
) -> Result<()> {
    let own: BTreeSet<AnyId> = records.iter().map(|record| record.common.id).collect();
    let wanted = records.iter().flat_map(|record| targets(object, record)).map(|target| target.id);
    let merged = merged(cx, &own, wanted.collect()).await?;
    if merged.is_empty() {
        return Ok(());
    }
    for record in records {
        let before = record.fields.clone();
        for from in merged.keys() {
            record.repoint(object, &[*from], end_of(&merged, *from));
        }
        for (path, change) in before.changes(&record.fields) {
            let id = record.common.id;
            if !kept.iter().any(|known| (known.record, &known.path) == (id, &path)) {
                kept.push(left(record, &path, change.after, &change.before));
            }
        }
    }
    Ok(())
}

/// What some records, and what these became part of, were merged into, but for what is to be no part of anything.
async fn merged(cx: &Cx, own: &BTreeSet<AnyId>, mut wanted: BTreeSet<AnyId>) -> Result<BTreeMap<AnyId, AnyId>> {
    let (schema, mut merged) = (cx.schema().await?, BTreeMap::new());
    let object_of = |id: &AnyId| schema.all().find(|object| object.prefix == id.prefix());
    for _ in 0..MAX_MERGES {
        wanted.retain(|id| !own.contains(id) && !merged.contains_key(id));
        let keys: Vec<_> =
            wanted.iter().filter_map(|id| Some(cx.table.keys().record(&object_of(id)?.name, *id))).collect();
        if keys.is_empty() {
            break;
        }
        let found = cx.table.get_many(&keys).await?;
        let into = found.into_iter().map(led).collect::<Result<Vec<_>>>()?;
        wanted = into.iter().flatten().map(|(_, into)| *into).collect();
        merged.extend(into.into_iter().flatten());
    }
    Ok(merged)
}

/// A stored record that was merged, and into which one.
fn led(document: Document) -> Result<Option<(AnyId, AnyId)>> {
    let common: Common = serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("record"))?;
    Ok(common.merged_into.map(|into| (common.id, into)))
}

/// Where the merges of a record lead.
fn end_of(merged: &BTreeMap<AnyId, AnyId>, mut id: AnyId) -> AnyId {
    for _ in 0..MAX_MERGES {
        let Some(into) = merged.get(&id) else { break };
        id = *into;
    }
    id
}
