//! Finding records by what rows say of them: those that rows are about, and those that rows refer to.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kernel::{AnyId, Error, Position, Result};
use records::{Cx, Object, holders};
use replica::{Archived, Condition, Filter, Op, Query, Replicas, Visibility};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::row::{Made, Told};

/// How many names are asked for at once: a question has room for 500 values.
const NAMES: usize = 100;

/// The longest name that is looked for, in characters.
const NAME: usize = 300;

/// What has become of something that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
pub(crate) async fn targets(cx: &Cx, object: &Object, rows: &[&Made]) -> Result<Vec<Option<AnyId>>> {
    let keys = || rows.iter().flat_map(|made| made.keys.iter());
    let unique: Vec<_> =
        keys().filter(|(field, _)| field != "id").map(|(field, value)| (field.as_str(), value.as_str())).collect();
    let held = holders(cx, object, &unique).await?;
    let mut held = held.into_iter();
    let ids: BTreeSet<AnyId> =
        keys().filter(|(field, _)| field == "id").filter_map(|(_, id)| own(object, id)).collect();
    let wanted: Vec<_> = ids.iter().map(|id| cx.table.keys().record(&object.name, *id)).collect();
    let found = cx.table.get_many(&wanted).await?;
    let is_there = |id: &AnyId| found.iter().any(|document| document.get("id") == Some(&Value::from(id.to_string())));
    let there: BTreeSet<AnyId> = ids.iter().copied().filter(is_there).collect();
    let mut one = |(field, value): &(String, String)| match field.as_str() {
        "id" => own(object, value).filter(|id| there.contains(id)),
        _ => held.next().flatten(),
    };
    // All of them are taken, so that each has the one that was found for it.
    let mut first = |made: &&Made| made.keys.iter().map(&mut one).fold(None, Option::or);
    Ok(rows.iter().map(&mut first).collect())
}

/// The id of a record of an object.
fn own(object: &Object, text: &str) -> Option<AnyId> {
    text.parse().ok().filter(|id: &AnyId| id.prefix() == object.prefix)
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
        // Nothing is called so, and no question can be asked with it.
        let can_be_asked = |told: &Told| told.value.chars().count() <= NAME && !replica::fold(&told.value).is_empty();
        let (named, never): (Vec<Told>, Vec<Told>) = named.into_iter().partition(can_be_asked);
        found.extend(never.into_iter().map(|told| (told, Found::Nothing)));
        let values: Vec<_> = unique.iter().map(|told| (told.by.as_str(), told.value.as_str())).collect();
        let held = holders(cx, object, &values).await?;
        found.extend(unique.into_iter().zip(held).map(|(told, id)| (told, id.map_or(Found::Nothing, Found::Record))));
        for named in named.chunks(NAMES) {
            found.extend(by_name(cx, replicas, object, named).await?);
        }
    }
    Ok(found)
}

/// What was found of what each row refers to, by path and in the order of the rows.
pub(crate) fn by_path(rows: &[&Made], told: &HashMap<Told, Found>) -> BTreeMap<String, Vec<Found>> {
    let mut found: BTreeMap<String, Vec<Found>> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate() {
        for (path, reference) in &row.references {
            let of_rows = found.entry(path.clone()).or_insert_with(|| vec![Found::Nothing; rows.len()]);
            if let (Some(of_row), Some(known)) = (of_rows.get_mut(place), told.get(reference)) {
                *of_row = *known;
            }
        }
    }
    found
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
