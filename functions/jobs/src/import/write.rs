//! Writing rows: a batch is read, its records are found and noted, and then each is made or changed once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use events::Document;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use kernel::{AnyId, Error, Result, Violations};
use records::{Brought, Cx, Job, Object, Row, bring, insert_value, normalised};
use serde_json::json;
use table::Changes;

use super::ask::Mode;
use super::lookup::{self, Found};
use super::plan::File;
use super::progress::{self, BATCH, Batch, Link, Phase, Progress};
use super::reading::{self, At, Come, Go};
use super::row::{self, Made};
use super::steps::{Run, measured, note, note_done};
use crate::advance::Next;
use crate::chunk::{self, Failure, RowOfFile};
use crate::place::Place;

/// How many rows go into one transaction: with event and guards a record is up to six items, and there is room for a hundred.
const GROUP: usize = 16;
/// How many transactions are under way side by side.
const SIDE_BY_SIDE: usize = 4;
/// How many references the rows of a batch have at most.
const FOUND: usize = 6_000;
/// How many bytes of cells a batch has at most: rows can be of a megabyte.
const BATCH_BYTES: usize = 2_000_000;

/// A row with its line.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) line: u64,
    pub(crate) made: Made,
}

/// The rows of a batch. At most so many, or as many as memory is meant for.
pub(crate) async fn read(
    run: &Run<'_>,
    object: &Object,
    file: &File,
    at: At,
    most: usize,
) -> Result<(Vec<Read>, Come)> {
    let (mut rows, mut bytes) = (Vec::new(), 0);
    let come = reading::rows(run.files, &run.key(file), file, at, |row| {
        let cells: Vec<&str> = row.cells().collect();
        bytes += cells.iter().map(|cell| cell.len()).sum::<usize>();
        rows.push(Read { line: row.line, made: row::make(object, file, &cells) });
        Ok(if rows.len() == most || bytes > BATCH_BYTES { Go::Stop } else { Go::On })
    })
    .await?;
    Ok((rows, come))
}

/// Writes the next batch.
pub(crate) async fn step(run: &Run<'_>, job: &Job, place: Place, progress: Progress) -> Result<Next> {
    let file = run.file(progress.file)?;
    let object = run.object(progress.file, &progress).await?;
    let noted = match progress.is_begun {
        true => Some(progress::batch(&run.cx, job.id()?, progress.batch).await?),
        false => None,
    };
    // Exactly those that were noted, however many more there would be room for.
    let most = noted.as_ref().map_or_else(|| size(file), |batch| batch.records.len());
    let (rows, come) = read(run, &object, file, progress.at, most).await?;
    let (job, place, progress, batch, is_again) = match noted {
        Some(batch) => (job.clone(), place, progress, batch, true),
        None => {
            let batch = choose(run, &object, file, &progress, &rows).await?;
            match begin(run, job, place, progress, &batch).await? {
                Some((job, place, progress)) => (job, place, progress, batch, false),
                None => return Ok(Next::Nothing),
            }
        }
    };
    let mut settled = Settled::new(run, file, &object, &rows, &batch);
    settled.bring(&run.cx, &object, progress.batch, is_again).await?;
    settled.note(run, &job, place, progress, come).await
}

/// How many rows a batch has: what was found of their references stands in one item with them.
fn size(file: &File) -> usize {
    let references = file.columns.iter().filter(|column| column.by.is_some() || column.field == "owner_id").count();
    (FOUND / references.max(1)).clamp(1, BATCH)
}

/// Chooses the record of each row: the one that is there, or a new one; rows that say the same are about the same.
async fn choose(run: &Run<'_>, object: &Object, file: &File, progress: &Progress, rows: &[Read]) -> Result<Batch> {
    let made: Vec<&Made> = rows.iter().map(|row| &row.made).collect();
    let targets = lookup::targets(&run.cx, object, &made).await?;
    let mut chosen: HashMap<(String, String), AnyId> = HashMap::new();
    let (mut records, mut known) = (Vec::new(), Vec::new());
    for (row, target) in made.iter().zip(targets) {
        let key = |(path, value): &(String, String)| {
            let kind = object.field(path).map(|field| &field.kind);
            (path.clone(), kind.map_or_else(|| value.clone(), |kind| normalised(kind, value)))
        };
        let keys: Vec<_> = row.keys.iter().map(key).collect();
        let earlier = keys.iter().find_map(|key| chosen.get(key).copied());
        let record = match (target.or(earlier), file.mode) {
            (Some(id), _) => Some(id),
            (None, Mode::Update) => None,
            (None, _) => Some(run.cx.ids.next_of(object.prefix)),
        };
        if let Some(record) = record {
            chosen.extend(keys.into_iter().map(|key| (key, record)));
        }
        known.push(target.is_some());
        records.push(record);
    }
    let wanted: BTreeSet<_> = made.iter().flat_map(|row| row.references.values().cloned()).collect();
    let told = lookup::told(&run.cx, run.replicas, wanted).await?;
    let found = lookup::by_path(&made, &told);
    Ok(Batch { file: progress.file, at: progress.at, records, known, found })
}

/// Notes which records a batch is about, before any of them is written: whoever takes it back has to know them all.
async fn begin(
    run: &Run<'_>,
    job: &Job,
    mut place: Place,
    mut progress: Progress,
    batch: &Batch,
) -> Result<Option<(Job, Place, Progress)>> {
    let mut changes = Changes::new();
    progress::keep_batch(&run.cx, &mut changes, job.common.id, progress.batch, batch)?;
    // What is only tried is not taken back. In the order of the rows, since one may take what another before it has given up.
    let (mut seen, records) = (BTreeSet::new(), batch.records.iter().flatten().copied());
    let ids: Vec<AnyId> = records.filter(|id| !run.plan.dry_run && seen.insert(*id)).collect();
    for ids in ids.chunks(chunk::SIZE) {
        chunk::add(&run.cx, &mut changes, job.common.id, place.chunks, ids);
        place.chunks += 1;
        place.known += ids.len() as u64;
    }
    progress.is_begun = true;
    place.import = Some(progress.clone());
    let written = note(run, job, job.clone(), place.clone(), changes).await?;
    Ok(written.map(|job| (job, place, progress)))
}

/// The rows of a batch, and what has become of each.
pub(crate) struct Settled<'a> {
    file: &'a File,
    rows: &'a [Read],
    batch: &'a Batch,
    /// What each row is written as; `None` for those that are not.
    planned: Vec<Option<Row>>,
    outcomes: Vec<Option<Brought>>,
    failures: Vec<Failure>,
    /// Rows that refer to what is not there yet.
    deferred: BTreeSet<usize>,
    /// Those of them whose records cannot be made without it.
    held: BTreeSet<usize>,
}

impl<'a> Settled<'a> {
    fn new(run: &Run<'_>, file: &'a File, object: &Object, rows: &'a [Read], batch: &'a Batch) -> Self {
        let outcomes = rows.iter().map(|_| None).collect();
        let (failures, deferred, held) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        let mut settled = Self { file, rows, batch, planned: Vec::new(), outcomes, failures, deferred, held };
        for (index, read) in rows.iter().enumerate() {
            let planned = settled.plan(run, object, index, read);
            settled.planned.push(planned);
        }
        settled
    }

    /// A row as it is to be written, if it can be.
    fn plan(&mut self, run: &Run<'_>, object: &Object, index: usize, read: &Read) -> Option<Row> {
        let is_known = self.batch.known.get(index).copied().unwrap_or_default();
        let Some(id) = self.batch.records.get(index).copied().flatten() else {
            let found = Error::not_found(object.name.clone());
            self.fail(index, &found);
            return None;
        };
        if is_known && self.file.mode == Mode::Create {
            self.outcome(index, Brought::Unchanged);
            return None;
        }
        let input = match self.referring(run, object, index, read) {
            Ok(input) => input,
            Err(violations) => {
                self.fail(index, &Error::Invalid(violations));
                return None;
            }
        };
        if self.held.contains(&index) {
            // Without what it has to refer to there is no record: it is made when that is there.
            if run.plan.dry_run {
                self.outcome(index, Brought::Created);
            }
            return None;
        }
        let only_new = self.file.mode == Mode::Create;
        Some(Row { place: index, id, is_new: !is_known, only_new, input, adds: read.made.adds.clone() })
    }

    /// The members of a row with what it refers to, as far as that is there.
    fn referring(&mut self, run: &Run<'_>, object: &Object, index: usize, read: &Read) -> Result<Document, Violations> {
        let is_known = self.batch.known.get(index).copied().unwrap_or_default();
        let (mut input, mut violations) = (read.made.input.clone(), read.made.violations.clone());
        for (path, reference) in &read.made.references {
            let (at, name) = (kernel::path_pointer(path), &reference.object);
            let comes = run.plan.files.iter().any(|file| file.object == *name);
            match self.batch.found(path, index) {
                Found::Record(id) => insert_value(&mut input, path, json!(id)),
                Found::Several => {
                    let detail = format!("must be told by something else: several {name} records are called so");
                    violations.add(at, "ambiguous", detail);
                }
                Found::Nothing if comes => {
                    self.deferred.insert(index);
                    if !is_known && object.field(path).is_some_and(|field| field.required) {
                        self.held.insert(index);
                    }
                }
                Found::Nothing if self.file.is_optional(path) => {}
                Found::Nothing => {
                    violations.add(at, "reference_not_found", format!("must be a {name} of this workspace"));
                }
            }
        }
        violations.or(input)
    }

    fn outcome(&mut self, index: usize, outcome: Brought) {
        if let Some(place) = self.outcomes.get_mut(index) {
            *place = Some(outcome);
        }
    }

    fn fail(&mut self, index: usize, error: &Error) {
        self.deferred.remove(&index);
        self.held.remove(&index);
        let line = self.rows.get(index).map_or(0, |row| row.line);
        let known = self.batch.known.get(index).copied().unwrap_or_default();
        // Of a record that whoever imports does not see they are not told either.
        let is_told = known && !matches!(error, Error::NotFound { .. });
        let record = self.batch.records.get(index).copied().flatten().filter(|_| is_told);
        self.failures.extend(failures(self.file, (index, line), record, error));
        self.outcome(index, Brought::Refused(Error::bug("noted already")));
    }

    /// Writes the rows in groups: a group is a transaction, and rows about one record are in the same.
    async fn bring(&mut self, cx: &Cx, object: &Object, batch: u32, is_again: bool) -> Result<()> {
        let groups = self.groups();
        let tasks = groups.into_iter().enumerate().map(|(number, (places, rows))| async move {
            let key = format!("{batch}.{number}");
            let brought = bring(cx, object, &key, &rows, is_again).await?;
            Ok::<_, Error>(places.into_iter().zip(brought).collect::<Vec<_>>())
        });
        let brought: Vec<Vec<(usize, Brought)>> = stream::iter(tasks).buffered(SIDE_BY_SIDE).try_collect().await?;
        for (index, outcome) in brought.into_iter().flatten() {
            match outcome {
                Brought::Refused(error) => self.fail(index, &error),
                outcome => self.outcome(index, outcome),
            }
        }
        self.failures.sort_by_key(|failure| failure.row.as_ref().map(|row| row.place));
        Ok(())
    }

    /// The rows that are to be written, each with its place, in groups that are always the same for a batch.
    fn groups(&self) -> Vec<(Vec<usize>, Vec<Row>)> {
        let mut groups: Vec<(Vec<usize>, Vec<Row>)> = Vec::new();
        let mut group_of: BTreeMap<AnyId, usize> = BTreeMap::new();
        for (index, row) in self.planned.iter().enumerate() {
            let Some(row) = row else { continue };
            let number = *group_of.entry(row.id).or_insert(index / GROUP);
            if groups.len() <= number {
                groups.resize_with(number + 1, Default::default);
            }
            if let Some((places, rows)) = groups.get_mut(number) {
                places.push(index);
                rows.push(row.clone());
            }
        }
        groups
    }

    /// The records that the batch has written, in the order of its rows, and whether it has made them.
    fn written(&self) -> impl Iterator<Item = (AnyId, bool)> {
        self.outcomes.iter().zip(&self.batch.records).filter_map(|(outcome, record)| match outcome {
            Some(Brought::Created) => Some(((*record)?, true)),
            Some(Brought::Changed) => Some(((*record)?, false)),
            _ => None,
        })
    }

    /// Its rows that are to be linked.
    fn links(&self) -> Vec<Link> {
        let made: BTreeSet<AnyId> = self.written().filter(|(_, is_made)| *is_made).map(|(record, _)| record).collect();
        let link = |place: &usize| {
            let record = self.batch.records.get(*place).copied()??;
            let outcome = self.outcomes.get(*place).and_then(Option::as_ref);
            // A record that is there stays as it is, also where it is there since an earlier row.
            if self.file.mode == Mode::Create && matches!(outcome, Some(Brought::Unchanged)) {
                return None;
            }
            Some(Link {
                place: *place,
                record,
                is_held: self.held.contains(place),
                is_made: made.contains(&record),
                is_counted: matches!(outcome, Some(Brought::Created | Brought::Changed)),
            })
        };
        self.deferred.iter().filter_map(link).collect()
    }

    /// Notes what has become of the batch.
    async fn note(self, run: &Run<'_>, job: &Job, place: Place, progress: Progress, come: Come) -> Result<Next> {
        note_done(run, job, |base| self.noted(run, base, place.clone(), progress.clone(), come)).await
    }

    fn noted(
        &self,
        run: &Run<'_>,
        base: &Job,
        mut place: Place,
        mut progress: Progress,
        come: Come,
    ) -> Result<(Place, Changes, Job)> {
        let mut after = base.clone();
        for outcome in self.outcomes.iter().flatten() {
            after.counts.done += 1;
            match outcome {
                Brought::Created => {
                    after.counts.changed += 1;
                    after.counts.created = Some(after.counts.created.unwrap_or_default() + 1);
                }
                Brought::Changed => after.counts.changed += 1,
                Brought::Refused(_) => after.counts.failed += 1,
                Brought::Unchanged => {}
            }
        }
        if !base.state.is_finished() {
            after = measured(run, &after);
        }
        let mut changes = Changes::new();
        let job = base.common.id;
        chunk::add_errors(&run.cx, &mut changes, job, error_chunk(progress.batch, false), self.failures.clone())?;
        if !run.plan.dry_run {
            let links = self.links();
            progress.deferred += links.len() as u64;
            progress::keep_links(&run.cx, &mut changes, job, progress.batch, links)?;
        }
        progress.last = self.written().last().map(|(record, _)| record).or(progress.last);
        (progress.batch, progress.is_begun, progress.at) = (progress.batch + 1, false, come.to);
        if come.is_end {
            (progress.file, progress.at) = (progress.file + 1, At::default());
        }
        if progress.file == run.plan.files.len() {
            progress.phase = if progress.deferred > 0 { Phase::Linking } else { Phase::Reporting };
        }
        place.next = place.chunks;
        place.import = Some(progress);
        Ok((place, changes, after))
    }
}

/// How many things that are wrong with one row are told.
const REASONS: usize = 5;

/// What is wrong with a row, each with the column that is the reason.
pub(crate) fn failures(file: &File, (place, line): (usize, u64), record: Option<AnyId>, error: &Error) -> Vec<Failure> {
    if let Error::Bug { .. } = error {
        tracing::error!(record.id = ?record, error.cause = ?error, "an import could not write a row");
    }
    let one = |error: &Error| {
        let row = RowOfFile { file: file.name.clone(), line, place, columns: Vec::new() };
        let mut failure = Failure::of_row(row, record, error);
        let columns = failure.fields.iter().filter_map(|path| file.header_of(path)).map(str::to_owned).collect();
        if let Some(row) = &mut failure.row {
            row.columns = columns;
        }
        failure
    };
    let Error::Invalid(all) = error else { return vec![one(error)] };
    let each = all.iter().take(REASONS).map(|found| {
        let found = Violations::one(found.pointer.clone(), found.code, found.detail.clone());
        one(&Error::Invalid(found))
    });
    each.collect()
}

/// Where what went wrong in a batch stands: when its rows were written, and when they were linked.
pub(crate) const fn error_chunk(batch: u32, is_linking: bool) -> u32 {
    batch * 2 + is_linking as u32
}
