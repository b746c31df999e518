//! Finding records by what rows say of them: those that rows are about, and those that rows refer to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::{AnyId, Error, Position, Result};
use records::{Cx, Object, holders};
use replica::{Archived, Condition, Filter, Op, Query, Replicas, Visibility};
use serde_json::Value;

use super::row::{Made, Told};

/// How many names are asked for at once: a question has room for 500 values.
const NAMES: usize = 100;

/// What has become of something that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Record(AnyId),
    /// More than one record is called so.
    Several,
    /// None is, or not yet.
    Nothing,
}

/// The records that rows are about, each in the place of its row; `None` for those that are not there. One round trip for each
/// hundred values.
///
/// # Errors
/// When the table does not answer, or a field is no unique one any more.
pub(crate) async fn targets(cx: &Cx, object: &Object, rows: &[Made]) -> Result<Vec<Option<AnyId>>> {
    let mut found: Vec<Option<AnyId>> = vec![None; rows.len()];
    let keys = rows.iter().enumerate().flat_map(|(row, made)| made.keys.iter().map(move |key| (row, key)));
    let mut wanted = Vec::new();
    let by_id: Vec<(usize, Option<AnyId>)> = keys
        .filter_map(|(row, (field, value))| match field.as_str() {
            "id" => Some((row, value.parse().ok().filter(|id: &AnyId| id.prefix() == object.prefix))),
            _ => {
                wanted.push((row, (field.as_str(), value.as_str())));
                None
            }
        })
        .collect();
    let held = holders(cx, object, &wanted.iter().map(|(_, unique)| *unique).collect::<Vec<_>>()).await?;
    let held = wanted.iter().map(|(row, _)| *row).zip(held);
    for (row, id) in by_id.into_iter().chain(held) {
        if let Some(place) = found.get_mut(row) {
            *place = place.or(id);
        }
    }
    Ok(found)
}

/// What is told, by what it was told. One round trip for each hundred unique values of an object, and one question of the replica
/// for each hundred names.
///
/// # Errors
/// When the table or the replica does not answer.
pub(crate) async fn told(cx: &Cx, replicas: &Replicas, wanted: BTreeSet<Told>) -> Result<HashMap<Told, Found>> {
    let schema = cx.schema().await?;
    let mut by_object: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for told in wanted {
        by_object.entry(told.object.clone()).or_default().push(told);
    }
    let mut found = HashMap::new();
    for (name, all) in by_object {
        let Some(object) = schema.object(&name) else { continue };
        let is_key = |told: &Told| object.field(&told.by).is_some_and(|field| field.unique);
        let (unique, named): (Vec<Told>, Vec<Told>) = all.into_iter().partition(is_key);
        let values: Vec<_> = unique.iter().map(|told| (told.by.as_str(), told.value.as_str())).collect();
        let held = holders(cx, object, &values).await?;
        found.extend(unique.into_iter().zip(held).map(|(told, id)| (told, id.map_or(Found::Nothing, Found::Record))));
        for named in named.chunks(NAMES) {
            found.extend(by_name(cx, replicas, object, named).await?);
        }
    }
    Ok(found)
}

/// Records by their names, as the caller sees them: written the same or, where only one is, in other letter cases.
async fn by_name(cx: &Cx, replicas: &Replicas, object: &Object, named: &[Told]) -> Result<Vec<(Told, Found)>> {
    let mut found = Vec::new();
    let replica = replicas.open(&cx.table, &cx.clock).await?;
    let fields: BTreeSet<&str> = named.iter().map(|told| told.by.as_str()).collect();
    for field in fields {
        let told: Vec<&Told> = named.iter().filter(|told| told.by == field).collect();
        let values: Vec<Value> = told.iter().map(|told| Value::from(told.value.as_str())).collect();
        let condition = Condition::new(field, Op::In, Value::Array(values));
        let mut query = Query {
            filter: Filter::Is(condition),
            limit: replica::MAX_LIMIT,
            archived: Archived::Exclude,
            visibility: Visibility::of_caller(cx),
            ..Query::new(&object.name)
        };
        let mut called: HashMap<String, Vec<(AnyId, String)>> = HashMap::new();
        loop {
            let answer = replica.answer(&query, &Position::default()).await?;
            for row in &answer.rows {
                let text = |path: &str| row.document.get(path).and_then(Value::as_str);
                let id = text("id").and_then(|id| id.parse().ok()).ok_or_else(|| Error::bug("a row without an id"))?;
                let name = object.field(field).and_then(|field| field.raw(&row.document)?.as_str());
                let name = name.unwrap_or_default();
                called.entry(replica::fold(name)).or_default().push((id, name.to_owned()));
            }
            match answer.next_cursor {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
        }
        found.extend(told.into_iter().map(|told| (told.clone(), choose(&called, &told.value))));
    }
    Ok(found)
}

/// The one that is called so: exactly, or else whatever the letters' case and marks.
fn choose(called: &HashMap<String, Vec<(AnyId, String)>>, name: &str) -> Found {
    let all = called.get(&replica::fold(name)).map(Vec::as_slice).unwrap_or_default();
    let exact: Vec<AnyId> = all.iter().filter(|(_, called)| called == name).map(|(id, _)| *id).collect();
    match (exact.as_slice(), all) {
        ([id], _) | ([], [(id, _)]) => Found::Record(*id),
        ([], []) => Found::Nothing,
        _ => Found::Several,
    }
}
