//! The second pass: what rows refer to that was not there when they were written is looked for once more.

use std::collections::BTreeSet;
use std::time::Duration;

use events::Document;
use kernel::{AnyId, Error, Position, Result};
use records::{Brought, Job, Object, Row, bring};
use replica::{Archived, Condition, Filter, Op, Query};
use serde_json::json;
use table::Changes;

use super::lookup::{self, Found};
use super::plan::File;
use super::progress::{self, Links, Phase, Progress};
use super::row;
use super::steps::{Run, go_on, measured};
use super::write::{Read, error_chunk, failures, read, violation};
use crate::advance::Next;
use crate::chunk::{self, Failure};
use crate::place::Place;

/// How long to wait until the replica has what was written, and how often.
const WAIT: Duration = Duration::from_secs(2);
const WAITS: u32 = 60;
/// How many rows go into one transaction.
const GROUP: usize = 16;

/// Links the next rows that wait for it.
pub(crate) async fn step(run: &Run<'_>, job: &Job, place: Place, mut progress: Progress) -> Result<Next> {
    if progress.waited < WAITS && !is_up_to_date(run, &progress).await? {
        progress.waited += 1;
        let next = go_on(run, job, job.clone(), Place { import: Some(progress), ..place }, Changes::new()).await?;
        return Ok(if next == Next::More { Next::Later(WAIT) } else { next });
    }
    // Looked for once, it is there from now on.
    progress.waited = WAITS;
    let Some(links) = progress::next_links(&run.cx, job.id()?, progress.after).await? else {
        (progress.phase, progress.after) = (Phase::Reporting, None);
        return go_on(run, job, job.clone(), Place { import: Some(progress), ..place }, Changes::new()).await;
    };
    let failures = link(run, job, &links, &progress).await?;
    let mut after = measured(run, job);
    // Each was counted as done when it was written.
    let failed: BTreeSet<_> = failures.iter().filter_map(|failure| Some(failure.row.as_ref()?.place)).collect();
    after.counts.failed += failed.len() as u64;
    progress.after = Some(links.number);
    let mut changes = Changes::new();
    chunk::add_errors(&run.cx, &mut changes, job.common.id, error_chunk(links.batch, true), failures)?;
    go_on(run, job, after, Place { import: Some(progress), ..place }, changes).await
}

/// Whether the replica has the last record that was made. It is behind the table by a second or two.
async fn is_up_to_date(run: &Run<'_>, progress: &Progress) -> Result<bool> {
    let Some(last) = progress.last else { return Ok(true) };
    let schema = run.cx.schema().await?;
    let Some(object) = schema.of_prefix(last.prefix()) else { return Ok(true) };
    let replica = run.replicas.open(&run.cx.table, &run.cx.clock).await?;
    let filter = Filter::Is(Condition::new("id", Op::Eq, last.to_string()));
    let query = Query { filter, archived: Archived::Any, limit: 1, ..Query::new(&object.name) };
    Ok(!replica.answer(&query, &Position::default()).await?.rows.is_empty())
}

/// Links some rows of a batch, and answers what is wrong with those that cannot be.
async fn link(run: &Run<'_>, job: &Job, links: &Links, progress: &Progress) -> Result<Vec<Failure>> {
    let batch = progress::batch(&run.cx, job.id()?, links.batch).await?;
    let file = run.file(batch.file)?;
    let object = run.object(batch.file, progress).await?;
    let (rows, _) = read(run, &object, file, batch.at, batch.records.len()).await?;
    let waiting: Vec<(usize, AnyId, &Read)> =
        links.rows.iter().filter_map(|(place, record)| Some((*place, *record, rows.get(*place)?))).collect();
    let wanted: BTreeSet<_> = waiting.iter().flat_map(|(.., read)| read.made.references.values().cloned()).collect();
    let told = lookup::told(&run.cx, run.replicas, wanted).await?;
    let (mut planned, mut found) = (Vec::new(), Vec::new());
    for (place, record, read) in waiting {
        let mut input = Document::new();
        let mut fail = |path: &str, code, detail| {
            let error = violation(path, code, detail);
            found.extend(failures(file, (place, read.line), Some(record), &error));
        };
        for (path, reference) in &read.made.references {
            match told.get(reference).copied().unwrap_or(Found::Nothing) {
                Found::Record(id) => row::set(&mut input, path, json!(id)),
                Found::Several => {
                    fail(path, "ambiguous", format!("several {} records are called so", reference.object))
                }
                Found::Nothing => {
                    let detail = format!("no {} is called so; everything else of the row is written", reference.object);
                    fail(path, "reference_not_found", detail);
                }
            }
        }
        if !input.is_empty() {
            planned.push((read.line, Row { place, id: record, is_new: false, input, adds: Default::default() }));
        }
    }
    found.extend(write(run, &object, file, links.batch, planned).await?);
    Ok(found)
}

async fn write(
    run: &Run<'_>,
    object: &Object,
    file: &File,
    batch: u32,
    planned: Vec<(u64, Row)>,
) -> Result<Vec<Failure>> {
    let mut found = Vec::new();
    for group in planned.chunk_by(|(_, one), (_, other)| one.place / GROUP == other.place / GROUP) {
        let (lines, rows): (Vec<u64>, Vec<Row>) = group.iter().cloned().unzip();
        let Some(first) = rows.first() else { continue };
        let key = format!("link.{batch}.{}", first.place / GROUP);
        // It cannot be known whether this was begun before, and hardly anything has to be linked.
        let brought = bring(&run.cx, object, &key, &rows, false).await?;
        for ((line, row), brought) in lines.into_iter().zip(&rows).zip(brought) {
            match brought {
                // Somebody has removed it meanwhile: there is nothing to link.
                Brought::Refused(Error::NotFound { .. }) => {}
                Brought::Refused(error) => found.extend(failures(file, (row.place, line), Some(row.id), &error)),
                _ => {}
            }
        }
    }
    Ok(found)
}
