//! What merges have to do with a record that is erased: those that became part of it, and those that it was part of.

use std::collections::BTreeSet;

use events::{Document, Event, FieldChange};
use kernel::{AnyId, Result};
use serde_json::Value;

use super::empty_those;
use crate::load::find;
use crate::merge::{MERGED_FROM, ids_in};
use crate::{Cx, Object};

/// How many events one look at a history takes.
const PAGE: u16 = 100;

/// A record that goes, with every record whose events repeat its values.
pub(super) struct Member {
    pub(super) id: AnyId,
    /// The records that it is or was a part of.
    pub(super) winners: BTreeSet<AnyId>,
}

/// A record and all that became part of it, these before it. One query for each 100 events of each.
pub(super) async fn family(cx: &Cx, object: &Object, id: AnyId) -> Result<Vec<Member>> {
    let (mut found, mut waiting) = (Vec::<Member>::new(), vec![id]);
    while let Some(id) = waiting.pop() {
        let (losers, winners) = merges(cx, object, id).await?;
        found.push(Member { id, winners });
        for loser in losers {
            let record = find(cx, object, loser).await?;
            let is_part = record.is_some_and(|record| record.common.merged_into == Some(id));
            if is_part && !waiting.contains(&loser) && found.iter().all(|member| member.id != loser) {
                waiting.push(loser);
            }
        }
    }
    found.reverse();
    Ok(found)
}

/// The records that a record's events say became part of it, and those that it became part of.
async fn merges(cx: &Cx, object: &Object, id: AnyId) -> Result<(BTreeSet<AnyId>, BTreeSet<AnyId>)> {
    let (mut losers, mut winners, mut after) = (BTreeSet::new(), BTreeSet::new(), None);
    loop {
        let page = crate::history::page(cx, object, id, PAGE, after).await?;
        for event in &page.events {
            losers.extend(event.changes.get(MERGED_FROM).into_iter().flat_map(|change| ids_in(&change.after)));
            winners.extend(event.changes.get("merged_into").into_iter().flat_map(|change| ids_in(&change.after)));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok((losers, winners)),
        }
    }
}

/// Empties what a record's events say of the merges by which another one became part of it, and of those merges' undoing:
/// they repeat the values of both. Which records those were stays: whoever erases the winner finds the others by that.
pub(super) async fn empty_merges(cx: &Cx, object: &Object, winner: AnyId, merged: AnyId) -> Result<()> {
    let tells = |document: &Document| {
        let event = serde_json::from_value::<Event>(Value::Object(document.clone())).ok();
        let change = event.and_then(|mut event| event.changes.remove(MERGED_FROM));
        change.is_some_and(|FieldChange { before, after }| ids_in(&before).chain(ids_in(&after)).any(|id| id == merged))
    };
    empty_those(cx, object, winner, &[MERGED_FROM], tells).await
}
