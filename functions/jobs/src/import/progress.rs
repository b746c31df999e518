//! How far an import is: everything that a worker needs to know to go on where another was stopped.

use std::collections::{BTreeMap, BTreeSet};

use events::Document;
use kernel::{AnyId, Error, Id, Result, kinds};
use records::{Cx, JOB, Job};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use table::Changes;

use super::lookup::Found;
use super::plan::Plan;
use super::reading::At;
use crate::files::InParts;
use crate::place::document;

/// How many rows are brought before it is noted: a few seconds' work, and few enough for one item.
pub(crate) const BATCH: usize = 400;

/// Where an import is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    pub(crate) phase: Phase,
    /// The file at work.
    pub(crate) file: usize,
    /// The place in it.
    pub(crate) at: At,
    /// The batch that is next.
    pub(crate) batch: u32,
    /// Whether it is noted which records that batch is about: some of it may be written.
    pub(crate) is_begun: bool,
    /// How many rows the files have, those that were counted.
    pub(crate) rows: Vec<u64>,
    /// Words that are to become options: by file, by path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) words: Vec<BTreeMap<String, BTreeSet<String>>>,
    /// How many rows refer to what was not found when they were written.
    pub(crate) deferred: u64,
    /// The last record that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<AnyId>,
    /// How often the replica was waited for.
    pub(crate) waited: u32,
    /// The part of the job behind which there is more to do, in the phases that go over parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<u32>,
    /// The file of errors at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) report: Option<Report>,
}

/// What is done one after the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Phase {
    /// Files are read once, so that one that cannot be read is refused before anything is written.
    #[default]
    Counting,
    /// Fields and options are made.
    Preparing,
    /// Rows are written.
    Writing,
    /// What rows refer to is looked for again.
    Linking,
    /// Rows that failed are collected, with the reasons.
    Reporting,
}

/// A file of errors that is being written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The file whose rows are in it.
    pub(crate) file: usize,
    /// What is there of it.
    #[serde(flatten)]
    pub(crate) stored: InParts,
    /// Behind which the errors of its rows begin: should its parts be gone, it is written anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<u32>,
}

/// Where the plan is kept among the parts of a job.
const PLAN: u32 = 1 << 29;
/// Where the numbers of batches begin.
const BATCHES: u32 = 1 << 30;
/// Where the numbers of what is to be linked begin.
const LINKS: u32 = BATCHES + PLAN;

/// Which rows a batch has, and which records they are about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Batch {
    pub(crate) file: usize,
    /// Where its rows begin.
    pub(crate) at: At,
    /// The record of each row, `None` for one that names none that is there and must.
    pub(crate) records: Vec<Option<AnyId>>,
    /// Whether each of them was there.
    pub(crate) known: Vec<bool>,
    /// What was found of what each row refers to, by path: judged once, whoever goes on with the batch, and whatever has become of
    /// the fields by then.
    pub(crate) found: BTreeMap<String, Vec<Found>>,
}

impl Batch {
    /// What was found of what a row refers to by a path.
    pub(crate) fn found(&self, path: &str, place: usize) -> Found {
        self.found.get(path).and_then(|of_rows| of_rows.get(place)).copied().unwrap_or(Found::Nothing)
    }
}

/// The rows of a batch that refer to something which was not there yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Links {
    /// The part's own number.
    #[serde(default)]
    pub(crate) number: u32,
    pub(crate) batch: u32,
    pub(crate) rows: Vec<Link>,
}

/// A row that is to be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// Its place in the batch.
    pub(crate) place: usize,
    pub(crate) record: AnyId,
    /// Whether the record is not made yet: it needs what it refers to.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_held: bool,
    /// Whether rows of this batch have made it: whoever imports may not reach it any more, since it is somebody else's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_made: bool,
    /// Whether the row was counted as one that changes something.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_counted: bool,
}

/// Keeps the plan with a job that is made.
pub(crate) fn keep_plan(cx: &Cx, changes: &mut Changes, job: AnyId, plan: &Plan) -> Result<()> {
    changes.create_chunk(cx.table.keys(), JOB, job, PLAN, document(plan)?);
    Ok(())
}

/// The plan of a job. One round trip.
pub(crate) async fn plan(cx: &Cx, job: &Job) -> Result<Plan> {
    known_plan(cx, job).await?.ok_or_else(|| Error::bug("an import without its plan"))
}

/// The same of a job that may be on its way out, and then has none any more.
pub(crate) async fn known_plan(cx: &Cx, job: &Job) -> Result<Option<Plan>> {
    part(cx, job.id()?, PLAN).await
}

/// Keeps which records a batch is about.
pub(crate) fn keep_batch(cx: &Cx, changes: &mut Changes, job: AnyId, number: u32, batch: &Batch) -> Result<()> {
    changes.create_chunk(cx.table.keys(), JOB, job, BATCHES + number, document(batch)?);
    Ok(())
}

/// Which records a batch is about. One round trip.
pub(crate) async fn batch(cx: &Cx, job: Id<kinds::Job>, number: u32) -> Result<Batch> {
    part(cx, job, BATCHES + number).await?.ok_or_else(|| Error::bug("an import without one of its batches"))
}

/// Keeps which rows of a batch are to be linked later, if there are any.
pub(crate) fn keep_links(cx: &Cx, changes: &mut Changes, job: AnyId, batch: u32, rows: Vec<Link>) -> Result<()> {
    if !rows.is_empty() {
        let links = Links { number: 0, batch, rows };
        let mut links = document(&links)?;
        links.remove("number");
        changes.create_chunk(cx.table.keys(), JOB, job, LINKS + batch, links);
    }
    Ok(())
}

/// The next rows that are to be linked, after a part. One round trip.
pub(crate) async fn next_links(cx: &Cx, job: Id<kinds::Job>, after: Option<u32>) -> Result<Option<Links>> {
    let keys = cx.table.keys();
    let after = keys.chunk(JOB, job.erase(), after.unwrap_or(LINKS - 1)).sk().to_owned();
    let page = cx.table.children(&keys.record(JOB, job.erase()), keys.chunks_prefix(), Some(&after), 1, false).await?;
    let Some(found) = page.documents.into_iter().next() else { return Ok(None) };
    let number = found.get("number").and_then(Value::as_u64).unwrap_or_default();
    if number >= u64::from(LINKS + PLAN) {
        return Ok(None);
    }
    serde_json::from_value(Value::Object(found)).map(Some).map_err(Error::unreadable("part of an import"))
}

async fn part<T: for<'de> Deserialize<'de>>(cx: &Cx, job: Id<kinds::Job>, number: u32) -> Result<Option<T>> {
    let found: Option<Document> = cx.table.get(&cx.table.keys().chunk(JOB, job.erase(), number)).await?;
    let read = |found| serde_json::from_value(Value::Object(found)).map_err(Error::unreadable("part of an import"));
    found.map(read).transpose()
}
