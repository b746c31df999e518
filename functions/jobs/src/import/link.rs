//! The second pass: what rows refer to that was not there when they were written is looked for once more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use events::Document;
use kernel::{Error, Position, Result, Violations};
use records::{Brought, Job, Object, Row, bring, insert_value};
use replica::{Archived, Condition, Filter, Op, Query};
use serde_json::json;
use table::Changes;

use super::lookup::{self, Found};
use super::plan::File;
use super::progress::{self, Link, Links, Phase, Progress};
use super::row::Told;
use super::steps::{Run, go_on, measured};
use super::write::{Read, error_chunk, failures, read};
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
    if progress.waited < WAITS && asks_for_names(run).await? && !is_up_to_date(run, &progress).await? {
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
    let (failures, made) = link(run, job, &links, &progress).await?;
    let mut after = job.clone();
    let failed: BTreeSet<_> = failures.iter().filter_map(Failure::row_place).collect();
    // Others were counted as done when they were written.
    after.counts.done += links.rows.iter().filter(|(.., is_held)| *is_held).count() as u64;
    after.counts.changed += made;
    after.counts.created = Some(after.counts.created.unwrap_or_default() + made).filter(|created| *created > 0);
    after.counts.failed += failed.len() as u64;
    let after = measured(run, &after);
    progress.after = Some(links.number);
    let mut changes = Changes::new();
    chunk::add_errors(&run.cx, &mut changes, job.common.id, error_chunk(links.batch, true), failures)?;
    go_on(run, job, after, Place { import: Some(progress), ..place }, changes).await
}

/// Whether anything is told by a name, which only the replica knows.
async fn asks_for_names(run: &Run<'_>) -> Result<bool> {
    let schema = run.cx.schema().await?;
    let is_name = |object: &str, path: &str, by: Option<&str>| {
        let name = schema.object(object).and_then(|object| object.field(path)?.kind.refers_to());
        let of = name.and_then(|name| schema.object(name)).zip(by);
        of.is_none_or(|(of, by)| by != "id" && !of.field(by).is_some_and(|field| field.unique))
    };
    let files = run.plan.files.iter();
    let mut told = files.flat_map(|file| file.columns.iter().map(move |column| (file, column)));
    Ok(told.any(|(file, column)| column.by.is_some() && is_name(&file.object, &column.field, column.by.as_deref())))
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

/// Links some rows of a batch. Answers what is wrong with those that cannot be, and how many records were made.
async fn link(run: &Run<'_>, job: &Job, links: &Links, progress: &Progress) -> Result<(Vec<Failure>, u64)> {
    let batch = progress::batch(&run.cx, job.id()?, links.batch).await?;
    let file = run.file(batch.file)?;
    let object = run.object(batch.file, progress).await?;
    let (rows, _) = read(run, &object, file, batch.at, batch.records.len()).await?;
    let waiting: Vec<(Link, &Read)> = links.rows.iter().filter_map(|link| Some((*link, rows.get(link.0)?))).collect();
    let wanted: BTreeSet<_> = waiting.iter().flat_map(|(_, read)| read.made.references.values().cloned()).collect();
    let told = lookup::told(&run.cx, run.replicas, wanted).await?;
    let (mut planned, mut wrong) = (Vec::new(), Vec::new());
    for (link, read) in waiting {
        let (row, found) = plan(file, link, read, &told);
        wrong.extend(found);
        planned.extend(row.map(|row| (read.line, row)));
    }
    let (found, made) = write(run, &object, file, links.batch, planned).await?;
    wrong.extend(found);
    Ok((wrong, made))
}

/// A row as it is to be written now, and what is wrong with it.
fn plan(
    file: &File,
    (place, record, is_held): Link,
    read: &Read,
    told: &HashMap<Told, Found>,
) -> (Option<Row>, Vec<Failure>) {
    let mut input = if is_held { read.made.input.clone() } else { Document::new() };
    let mut violations = Violations::new();
    for (path, reference) in &read.made.references {
        let at = kernel::path_pointer(path);
        match told.get(reference).copied().unwrap_or(Found::Nothing) {
            Found::Record(id) => insert_value(&mut input, path, json!(id)),
            Found::Several => {
                violations.add(at, "ambiguous", format!("several {} records are called so", reference.object));
            }
            Found::Nothing if file.is_optional(path) => {}
            Found::Nothing => {
                let rest = if is_held { "" } else { "; everything else of the row is written" };
                violations.add(at, "reference_not_found", format!("no {} is called so{rest}", reference.object));
            }
        }
    }
    let is_wrong = !violations.is_empty();
    let known = Some(record).filter(|_| !is_held);
    let wrong = match is_wrong {
        true => failures(file, (place, read.line), known, &Error::Invalid(violations)),
        false => Vec::new(),
    };
    let adds = if is_held { read.made.adds.clone() } else { BTreeMap::new() };
    let is_written = !(input.is_empty() || is_held && is_wrong);
    (is_written.then_some(Row { place, id: record, is_new: is_held, input, adds }), wrong)
}

async fn write(
    run: &Run<'_>,
    object: &Object,
    file: &File,
    batch: u32,
    planned: Vec<(u64, Row)>,
) -> Result<(Vec<Failure>, u64)> {
    let (mut wrong, mut made) = (Vec::new(), 0);
    for group in planned.chunk_by(|(_, one), (_, other)| one.place / GROUP == other.place / GROUP) {
        let (lines, rows): (Vec<u64>, Vec<Row>) = group.iter().cloned().unzip();
        let Some(first) = rows.first() else { continue };
        let key = format!("link.{batch}.{}", first.place / GROUP);
        // It cannot be known whether this was begun before.
        let brought = bring(&run.cx, object, &key, &rows, true).await?;
        for ((line, row), brought) in lines.into_iter().zip(&rows).zip(brought) {
            match brought {
                Brought::Created => made += 1,
                // Somebody has removed it meanwhile: there is nothing to link.
                Brought::Refused(Error::NotFound { .. }) if !row.is_new => {}
                Brought::Refused(error) => {
                    let known = Some(row.id).filter(|_| !row.is_new);
                    wrong.extend(failures(file, (row.place, line), known, &error));
                }
                _ => {}
            }
        }
    }
    Ok((wrong, made))
}
