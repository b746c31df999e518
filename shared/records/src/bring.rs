//! Writing many records at once, each as far as it can be: what a file of rows brings.
//!
//! A group of rows is one transaction, so that it costs one round trip and not one for each of them. What is wrong with a row
//! keeps that row out and no other.

mod adds;

use std::collections::{BTreeMap, BTreeSet};

use auth::Action;
use events::Document;
use kernel::{AnyId, Error, Result};
use serde_json::{Value, json};
use table::{KeptAnswer, Once, Refused};

use self::adds::with_adds;
use crate::create::{new_common, plan_creation};
use crate::load::load_for;
use crate::plan::Plan;
use crate::references::targets;
use crate::update::{patched, plan_change};
use crate::write::{MAX_TRIES, changes_between, refused};
use crate::{Cx, Fields, Object, Record, Schema};

/// One row: a record as it is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its number among all that its group can ever have: what is kept of it is found by that.
    pub place: usize,
    /// The record that it is about.
    pub id: AnyId,
    /// Whether the record is to be made unless it is there.
    pub is_new: bool,
    /// Whether a record that is there by then stays as it is.
    pub only_new: bool,
    /// Its members, or a JSON Merge Patch for a record that is there.
    pub input: Document,
    /// What its lists get besides what they have, by path: tags, further email addresses.
    pub adds: BTreeMap<String, Vec<Value>>,
}

/// What has become of a row.
#[derive(Debug)]
pub enum Brought {
    /// There is a new record.
    Created,
    /// The record is different now.
    Changed,
    /// The record was like that before.
    Unchanged,
    /// Nothing was written for this row.
    Refused(Error),
}

impl Brought {
    /// What is kept of it; nothing of a refusal, which is found anew.
    const fn word(&self) -> Option<&'static str> {
        match self {
            Self::Created => Some("created"),
            Self::Changed => Some("changed"),
            Self::Unchanged => Some("unchanged"),
            Self::Refused(_) => None,
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        match word {
            "created" => Some(Self::Created),
            "changed" => Some(Self::Changed),
            "unchanged" => Some(Self::Unchanged),
            _ => None,
        }
    }
}

/// Brings some rows, each once.
///
/// `key` names the group within `cx.job`, and is kept with what was written. `is_again` when this may have been begun before,
/// which costs a read more. Rows about one record are taken in their order.
///
/// One read of all that the rows are about or refer to, and one transaction; none when all records are as the rows say. More
/// where records are somebody else's of a private object, or others write them at the same time. In a dry run nothing is
/// written, and unique values that are taken by now are told all the same.
///
/// What is wrong with a single row is its own, also where Rapport is to blame for it: another one need not wait until that is mended.
///
/// # Errors
/// What will pass, and a defect that meets every one of several rows: then nothing is known of any, and the same call goes on.
pub async fn bring(cx: &Cx, object: &Object, key: &str, rows: &[Row], is_again: bool) -> Result<Vec<Brought>> {
    if is_again && !is_untouched(cx, key, rows).await? {
        return each_again(cx, object, key, rows).await;
    }
    match together(cx, object, key, rows).await {
        Ok(Some(brought)) => Ok(brought),
        // It may be one of them that has the defect.
        Ok(None) | Err(Error::Bug { .. }) => each(cx, object, key, rows).await,
        Err(error) => Err(error),
    }
}

/// Whether nothing is kept of a group, neither of all its rows nor of one of them.
async fn is_untouched(cx: &Cx, key: &str, rows: &[Row]) -> Result<bool> {
    let keys = std::iter::once(key.to_owned()).chain(rows.iter().map(|row| key_of(key, row)));
    let onces = keys.map(|key| once(cx, &key)).collect::<Result<Vec<_>>>()?;
    let keys: Vec<_> = onces.iter().flatten().map(|once| cx.table.keys().once(once.hash())).collect();
    Ok(cx.table.get_many(&keys).await?.is_empty())
}

/// All rows in one transaction; `None` when they do not go into one.
async fn together(cx: &Cx, object: &Object, key: &str, rows: &[Row]) -> Result<Option<Vec<Brought>>> {
    let cx = &Cx { once: once(cx, key)?, ..cx.clone() };
    let schema = &*cx.schema().await?;
    let mut taken = BTreeMap::new();
    for tries in 1..=MAX_TRIES {
        let (plan, brought) = plan_rows(cx, schema, object, rows, &taken).await?;
        if !brought.iter().any(|row| matches!(row, Brought::Created | Brought::Changed)) {
            return as_kept(cx, key, rows, brought).await.map(Some);
        }
        if cx.dry_run {
            let found = plan.contentions(cx).await?;
            return Ok(Some(without(brought, &found)));
        }
        match plan.commit(cx, kept(cx, rows, &brought)).await {
            Ok(_) => return Ok(Some(brought)),
            Err(Refused::Repeated(_)) => return each_again(cx, object, key, rows).await.map(Some),
            Err(Refused::Taken { .. }) => taken.extend(plan.contentions(cx).await?),
            Err(Refused::Stale(_) | Refused::Gone { .. } | Refused::Exists { .. }) => {}
            Err(Refused::Failed(error)) if error.is_retryable() => return Err(error),
            // More than one transaction has room for; the rows one by one have.
            Err(Refused::Failed(_)) if rows.len() > 1 => return Ok(None),
            Err(other) => return Err(refused(object, other)),
        }
        tokio::time::sleep(kernel::backoff(tries)).await;
    }
    Err(Error::unavailable("records kept changing while they were written"))
}

/// What rows have come to that have nothing to change: they may be as they are because they were brought before, by whoever has
/// the same message. One read.
async fn as_kept(cx: &Cx, key: &str, rows: &[Row], brought: Vec<Brought>) -> Result<Vec<Brought>> {
    if !brought.iter().any(|row| matches!(row, Brought::Unchanged)) {
        return Ok(brought);
    }
    let outcomes = outcomes(cx, key).await?;
    let one = |(row, brought): (&Row, Brought)| match brought {
        Brought::Unchanged => known(&outcomes, row).unwrap_or(Brought::Unchanged),
        brought => brought,
    };
    Ok(rows.iter().zip(brought).map(one).collect())
}

/// What rows that take values of others have come to.
fn without(brought: Vec<Brought>, taken: &BTreeMap<usize, String>) -> Vec<Brought> {
    let one = |(step, row)| match taken.get(&step) {
        Some(field) => Brought::Refused(Error::Conflict { field: field.clone() }),
        None => row,
    };
    brought.into_iter().enumerate().map(one).collect()
}

/// The rows one by one, in their order, each under a key of its own.
async fn each(cx: &Cx, object: &Object, key: &str, rows: &[Row]) -> Result<Vec<Brought>> {
    let mut brought = Vec::with_capacity(rows.len());
    for row in rows {
        brought.push(alone(cx, object, &key_of(key, row), row).await?);
    }
    judged(brought)
}

/// What has become of rows that were brought one by one, unless all of several have met a defect.
fn judged(brought: Vec<Brought>) -> Result<Vec<Brought>> {
    let is_defect = |row: &Brought| matches!(row, Brought::Refused(Error::Bug { .. }));
    if brought.len() > 1 && brought.iter().all(is_defect) {
        return Err(Error::bug("no row of a group could be brought"));
    }
    Ok(brought)
}

async fn alone(cx: &Cx, object: &Object, key: &str, row: &Row) -> Result<Brought> {
    match Box::pin(together(cx, object, key, std::slice::from_ref(row))).await {
        Ok(brought) => brought.and_then(|mut brought| brought.pop()).ok_or_else(|| Error::bug("a row came to nothing")),
        // A defect is no less one when it is met again.
        Err(error) if error.is_retryable() && !matches!(error, Error::Bug { .. }) => Err(error),
        Err(error) => Ok(Brought::Refused(error)),
    }
}

/// The rows of a group that may have been written before, as one or one by one.
async fn each_again(cx: &Cx, object: &Object, key: &str, rows: &[Row]) -> Result<Vec<Brought>> {
    let outcomes = outcomes(cx, key).await?;
    let mut brought = Vec::with_capacity(rows.len());
    for row in rows {
        let key = key_of(key, row);
        let known = match known(&outcomes, row) {
            None => known(&self::outcomes(cx, &key).await?, row),
            known => known,
        };
        brought.push(match known {
            Some(known) => known,
            None => alone(cx, object, &key, row).await?,
        });
    }
    judged(brought)
}

fn known(outcomes: &Document, row: &Row) -> Option<Brought> {
    Brought::of_word(outcomes.get(&row.place.to_string())?.as_str()?)
}

/// What was kept of a group: a word for each row by its place; nothing when nothing was.
async fn outcomes(cx: &Cx, key: &str) -> Result<Document> {
    let Some(once) = once(cx, key)? else { return Ok(Document::new()) };
    let kept = cx.table.kept_answer(&once, cx.clock.now()).await?;
    let outcomes = kept.and_then(|kept| kept.document?.remove(OUTCOMES));
    Ok(outcomes.and_then(|outcomes| outcomes.as_object().cloned()).unwrap_or_default())
}

/// The member of a kept answer that has a word for each row.
const OUTCOMES: &str = "outcomes";

/// What is kept: no copy of any record, so an erasure has nothing to look for.
fn kept(cx: &Cx, rows: &[Row], brought: &[Brought]) -> KeptAnswer {
    let word = |(row, brought): (&Row, &Brought)| Some((row.place.to_string(), Value::from(brought.word()?)));
    let outcomes: Document = rows.iter().zip(brought).filter_map(word).collect();
    let document = json!({ OUTCOMES: outcomes }).as_object().cloned();
    KeptAnswer { status: 200, id: cx.caller.workspace.erase(), version: 0, document }
}

fn key_of(key: &str, row: &Row) -> String {
    format!("{key}/{}", row.place)
}

fn once(cx: &Cx, key: &str) -> Result<Option<Once>> {
    if cx.dry_run {
        return Ok(None);
    }
    let job = cx.job.ok_or_else(|| Error::bug("rows are brought by no job"))?;
    Ok(Some(Once::new(&["rows", &job.to_string()], key, &[], cx.clock.now())))
}

/// A plan of all rows that can be written. `taken` are steps of which others hold a unique value.
async fn plan_rows(
    cx: &Cx,
    schema: &Schema,
    object: &Object,
    rows: &[Row],
    taken: &BTreeMap<usize, String>,
) -> Result<(Plan, Vec<Brought>)> {
    let mut plan = Plan::default();
    plan.read(cx, schema, rows.iter().flat_map(|row| mentioned(cx, object, row)).collect()).await?;
    let mut brought = Vec::with_capacity(rows.len());
    for (step, row) in rows.iter().enumerate() {
        if let Some(field) = taken.get(&step) {
            brought.push(Brought::Refused(Error::Conflict { field: field.clone() }));
            continue;
        }
        // What a row that fails has planned until then must not be written.
        let mut next = plan.clone();
        next.begin(step);
        brought.push(match plan_row(cx, &mut next, object, row).await {
            Ok(Brought::Unchanged) => Brought::Unchanged,
            Ok(done) => {
                plan = next;
                done
            }
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => Brought::Refused(error),
        });
    }
    Ok((plan, brought))
}

async fn plan_row(cx: &Cx, plan: &mut Plan, object: &Object, row: &Row) -> Result<Brought> {
    match plan.find(cx, object, row.id).await? {
        None if row.is_new => {
            let input = with_adds(object, None, &row.input, &row.adds);
            plan_creation(cx, plan, object, row.id, &input).await?;
            Ok(Brought::Created)
        }
        None => Err(Error::not_found(object.name.clone())),
        Some(_) if row.only_new => Ok(Brought::Unchanged),
        Some(before) => {
            let patch = with_adds(object, Some(&before), &row.input, &row.adds);
            if is_kept_in_trash(cx, plan, object, &before, &patch).await? {
                return Ok(Brought::Unchanged);
            }
            let written = plan_change(cx, plan, object, row.id, &patch, None).await?;
            let is_changed = written.version > before.common.version;
            Ok(if is_changed { Brought::Changed } else { Brought::Unchanged })
        }
    }
}

/// Whether a record is in the trash and a row says what it is there: then nothing has to be written to it, and nothing is wrong.
async fn is_kept_in_trash(cx: &Cx, plan: &Plan, object: &Object, before: &Record, patch: &Document) -> Result<bool> {
    if before.common.archived_at.is_none() {
        return Ok(false);
    }
    let record = load_for(cx, plan, object, before.common.id, Action::Update).await?;
    Ok(patched(cx, object, &record, patch).is_ok_and(|after| changes_between(Some(&record), &after).is_empty()))
}

/// The record of a row, and all that the row refers to.
fn mentioned(cx: &Cx, object: &Object, row: &Row) -> BTreeSet<AnyId> {
    let owner = crate::load::parse_owner(&row.input).ok().flatten().flatten();
    let fields = Fields::draft(object, &row.input).unwrap_or_default();
    let record = Record::new(new_common(cx, object, row.id, owner), fields);
    targets(object, &record).into_iter().map(|target| target.id).chain([row.id]).collect()
}
