//! The second pass: what rows refer to that was not there when they were written is looked for once more.

use auth::Action;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use events::Document;
use kernel::{AnyId, Error, Position, Result, Violations};
use records::{Brought, Cx, Job, Object, Row, bring, insert_value, out_of_reach};
use replica::{Archived, Condition, Filter, Op, Query};
use serde_json::{Value, json};
use table::Changes;

use super::ask::Mode;
use super::lookup::{self, Found};
use super::plan::File;
use super::progress::{self, Batch, Link, Links, Phase, Progress};
use super::row::Told;
use super::steps::{Run, go_on, measured, note_done};
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
    let linked = link(run, job, &links, &progress).await?;
    progress.after = Some(links.number);
    let place = Place { import: Some(progress), ..place };
    note_done(run, job, |base| linked.noted(run, base, &links, place.clone())).await
}

/// What has become of some rows.
#[derive(Debug, Default)]
struct Linked {
    failures: Vec<Failure>,
    /// How many records were made.
    created: u64,
    /// How many are different now, and were not counted as such before.
    changed: u64,
}

impl Linked {
    fn noted(&self, run: &Run<'_>, base: &Job, links: &Links, place: Place) -> Result<(Place, Changes, Job)> {
        let mut after = base.clone();
        let failed: BTreeSet<_> = self.failures.iter().filter_map(Failure::row_place).collect();
        // Others were counted as done when they were written.
        after.counts.done += links.rows.iter().filter(|link| link.is_held).count() as u64;
        after.counts.changed += self.created + self.changed;
        let created = after.counts.created.unwrap_or_default() + self.created;
        after.counts.created = Some(created).filter(|created| *created > 0);
        after.counts.failed += failed.len() as u64;
        if !base.state.is_finished() {
            after = measured(run, &after);
        }
        let mut changes = Changes::new();
        let chunk = error_chunk(links.batch, true);
        chunk::add_errors(&run.cx, &mut changes, base.common.id, chunk, self.failures.clone())?;
        Ok((place, changes, after))
    }
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

/// Whether the replica has the last record that was written, as it is now. It is behind the table by a second or two.
async fn is_up_to_date(run: &Run<'_>, progress: &Progress) -> Result<bool> {
    let Some(last) = progress.last else { return Ok(true) };
    let schema = run.cx.schema().await?;
    let Some(object) = schema.of_prefix(last.prefix()) else { return Ok(true) };
    let stored = run.cx.table.get(&run.cx.table.keys().record(&object.name, last)).await?;
    // Whoever has erased it meanwhile leaves nothing to wait for.
    let Some(stored) = stored else { return Ok(true) };
    let replica = run.replicas.open(&run.cx.table, &run.cx.clock).await?;
    let filter = Filter::Is(Condition::new("id", Op::Eq, last.to_string()));
    let query = Query { filter, archived: Archived::Any, limit: 1, ..Query::new(&object.name) };
    let rows = replica.answer(&query, &Position::default()).await?.rows;
    let version = |document: &Document| document.get("version").and_then(Value::as_u64);
    Ok(rows.first().is_some_and(|row| version(&row.document) >= version(&stored)))
}

/// Links some rows of a batch.
async fn link(run: &Run<'_>, job: &Job, links: &Links, progress: &Progress) -> Result<Linked> {
    let batch = progress::batch(&run.cx, job.id()?, links.batch).await?;
    let file = run.file(batch.file)?;
    let object = run.object(batch.file, progress).await?;
    let (rows, _) = read(run, &object, file, batch.at, batch.records.len()).await?;
    let waits = |link: &Link| Some(Waiting { link: *link, read: rows.get(link.place)?, batch: &batch });
    let waiting: Vec<Waiting<'_>> = links.rows.iter().filter_map(waits).collect();
    let wanted: BTreeSet<_> = waiting.iter().flat_map(Waiting::open).cloned().collect();
    let told = lookup::told(&run.cx, run.replicas, wanted).await?;
    let hidden = hidden(run, told.values().copied().chain(waiting.iter().flat_map(Waiting::judged))).await?;
    let (mut planned, mut linked) = (Vec::new(), Linked::default());
    for waiting in waiting {
        let (row, wrong) = waiting.plan(file, &told, &hidden);
        linked.failures.extend(wrong);
        planned.extend(row.map(|row| (waiting, row)));
    }
    write(run, &object, (file, links.batch), &planned, &mut linked).await?;
    Ok(linked)
}

/// Those of what was found that whoever imports may not know of: what the import made for others is linked for them, and must not
/// come to more than they may.
async fn hidden(run: &Run<'_>, found: impl Iterator<Item = Found> + Send) -> Result<BTreeSet<AnyId>> {
    let ids = found.filter_map(|found| if let Found::Record(id) = found { Some(id) } else { None });
    out_of_reach(&run.cx, ids).await
}

/// A row that waits for what it refers to.
#[derive(Clone, Copy)]
struct Waiting<'a> {
    link: Link,
    read: &'a Read,
    /// Its batch, with what was found when that was begun.
    batch: &'a Batch,
}

impl<'a> Waiting<'a> {
    /// Its references that were not there, which are looked for once more. The others are judged.
    fn open(&self) -> impl Iterator<Item = &'a Told> {
        let references = self.read.made.references.iter();
        references.filter(|(path, _)| self.found(path) == Found::Nothing).map(|(_, told)| told)
    }

    /// What was found of its references when the batch was begun, where it is written only now.
    fn judged(&self) -> impl Iterator<Item = Found> {
        let paths = self.read.made.references.keys().filter(|_| self.link.is_held);
        paths.map(|path| self.found(path))
    }

    fn found(&self, path: &str) -> Found {
        self.batch.found(path, self.link.place)
    }

    /// The row as it is to be written now, and what is wrong with it.
    fn plan(&self, file: &File, told: &HashMap<Told, Found>, hidden: &BTreeSet<AnyId>) -> (Option<Row>, Vec<Failure>) {
        let Link { place, record, is_held, .. } = self.link;
        let mut input = if is_held { self.read.made.input.clone() } else { Document::new() };
        let mut violations = Violations::new();
        for (path, reference) in &self.read.made.references {
            let (at, was) = (kernel::path_pointer(path), self.found(path));
            let is_open = was == Found::Nothing;
            // Somebody may have changed by now what was written then.
            if !is_open && !is_held {
                continue;
            }
            match if is_open { told.get(reference).copied().unwrap_or(Found::Nothing) } else { was } {
                Found::Record(id) if !hidden.contains(&id) => insert_value(&mut input, path, json!(id)),
                Found::Several => {
                    violations.add(at, "ambiguous", format!("several {} records are called so", reference.object));
                }
                Found::Record(_) | Found::Nothing if file.is_optional(path) => {}
                Found::Record(_) | Found::Nothing => {
                    let rest = if is_held { "" } else { "; everything else of the row is written" };
                    violations.add(at, "reference_not_found", format!("no {} is called so{rest}", reference.object));
                }
            }
        }
        let is_wrong = !violations.is_empty();
        let known = Some(record).filter(|_| !is_held);
        let wrong = match is_wrong {
            true => failures(file, (place, self.read.line), known, &Error::Invalid(violations)),
            false => Vec::new(),
        };
        let adds = if is_held { self.read.made.adds.clone() } else { BTreeMap::new() };
        let only_new = is_held && file.mode == Mode::Create;
        let is_written = !(input.is_empty() || is_held && is_wrong);
        (is_written.then_some(Row { place, id: record, is_new: is_held, only_new, input, adds }), wrong)
    }
}

/// Writes rows in groups, those apart that only link what the import has made: it may be somebody else's by now, and what it is to
/// refer to was said all the same. Whoever may write no such records any more does not do it by an import either.
async fn write(
    run: &Run<'_>,
    object: &Object,
    (file, batch): (&File, u32),
    planned: &[(Waiting<'_>, Row)],
    linked: &mut Linked,
) -> Result<()> {
    let is_for_others = |link: &Link| link.is_made && !link.is_held;
    let may_write = run.cx.rights.require_any(object, Action::Update).is_ok();
    let group_of = |(waiting, row): &(Waiting<'_>, Row)| (is_for_others(&waiting.link), row.place / GROUP);
    let mut groups: BTreeMap<(bool, usize), Vec<&(Waiting<'_>, Row)>> = BTreeMap::new();
    for row in planned {
        groups.entry(group_of(row)).or_default().push(row);
    }
    for ((is_for_others, number), group) in groups {
        let key = format!("link.{batch}.{number}{}", if is_for_others { ".made" } else { "" });
        let cx = if is_for_others && may_write { run.cx.as_admin() } else { run.cx.clone() };
        let rows: Vec<Row> = group.iter().map(|(_, row)| row.clone()).collect();
        // It cannot be known whether this was begun before.
        let brought = bring(&cx, object, &key, &rows, true).await?;
        for ((waiting, row), brought) in group.into_iter().zip(brought) {
            match brought {
                Brought::Created => linked.created += 1,
                Brought::Changed if !waiting.link.is_counted => linked.changed += 1,
                Brought::Refused(error) if row.is_new || !is_gone(&cx, object, row, &error).await? => {
                    let is_told = !row.is_new && !matches!(error, Error::NotFound { .. });
                    let known = Some(row.id).filter(|_| is_told);
                    linked.failures.extend(failures(file, (row.place, waiting.read.line), known, &error));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Whether somebody has removed a record meanwhile: then there is nothing to link. One round trip where it was not found.
async fn is_gone(cx: &Cx, object: &Object, row: &Row, error: &Error) -> Result<bool> {
    if !matches!(error, Error::NotFound { .. }) {
        return Ok(false);
    }
    records::is_absent(cx, object, row.id).await
}
