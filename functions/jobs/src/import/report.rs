//! The rows that failed, as files that can be mended and brought in again: the columns of the file they are from, and the
//! reasons.

use std::time::{Duration, Instant};

use cloud::PART_BYTES;
use kernel::Result;
use records::Job;
use table::Changes;

use super::plan::File;
use super::progress::{self, Progress, Report};
use super::reading::{self, Go};
use super::steps::{Run, end, go_on};
use crate::advance::Next;
use crate::chunk::{self, Failure};
use crate::files::{self, InParts, Made, Stored};
use crate::place::Place;

/// For how long rows are collected in one step.
const PATIENCE: Duration = Duration::from_secs(40);
/// What the last column is called.
pub(super) const REASON: &str = "rapport_error";

/// Writes the next part of a file of errors, or ends the import when there is none.
pub(crate) async fn step(run: &Run<'_>, job: &Job, mut place: Place, mut progress: Progress) -> Result<Next> {
    let key = files::key(run.cx.caller.workspace, job.id()?, place.files.len());
    let (stored, report) = match progress.report.take() {
        Some(mut report) if report.stored.ended => {
            (std::mem::take(&mut report.stored).finish(run.files, &key).await?, report)
        }
        known => match collect(run, job, &mut progress, known).await? {
            Collected { report: Some(mut report), bytes, is_last } => {
                let stored = std::mem::take(&mut report.stored);
                (stored.put(run.files, &key, bytes.into(), is_last).await?, report)
            }
            Collected { report: None, is_last: true, .. } => {
                place.import = Some(progress);
                return end(run, job, place).await;
            }
            // There was nothing to tell of so many rows.
            Collected { report: None, .. } => {
                let place = Place { import: Some(progress), ..place };
                return go_on(run, job, job.clone(), place, Changes::new()).await;
            }
        },
    };
    match stored {
        Stored::Part(stored) => progress.report = Some(Report { stored, ..report }),
        Stored::Whole(bytes) => {
            let name = name_of(&run.file(report.file)?.name, &place.files);
            place.files.push(Made::new(name, bytes));
        }
        Stored::Gone => progress.after = report.from,
    }
    go_on(run, job, job.clone(), Place { import: Some(progress), ..place }, Changes::new()).await
}

/// What one step has collected.
struct Collected {
    /// The file that it belongs to; `None` while no row is to be told.
    report: Option<Report>,
    bytes: Vec<u8>,
    /// Whether the file ends there, or there is no further one.
    is_last: bool,
}

/// Collects as many rows of one file as make a part, or the rest. A file of errors ends where rows of another file begin, and
/// where it takes longer than a step may.
async fn collect(run: &Run<'_>, job: &Job, progress: &mut Progress, mut report: Option<Report>) -> Result<Collected> {
    let (mut bytes, begun) = (Vec::new(), Instant::now());
    while bytes.len() < PART_BYTES {
        let (failures, number) = chunk::next_errors(&run.cx, job.id()?, progress.after).await?;
        let Some(number) = number else { return Ok(Collected { report, bytes, is_last: true }) };
        let batch = progress::batch(&run.cx, job.id()?, chunk::of_errors(number) / 2).await?;
        let is_late = begun.elapsed() > PATIENCE;
        if is_late || report.as_ref().is_some_and(|report| report.file != batch.file) {
            let is_last = report.is_some();
            return Ok(Collected { report, bytes, is_last });
        }
        rows(run, &batch, &failures, report.is_some(), &mut bytes).await?;
        if report.is_none() && !bytes.is_empty() {
            report = Some(Report { file: batch.file, stored: InParts::default(), from: progress.after });
        }
        progress.after = Some(number);
    }
    Ok(Collected { report, bytes, is_last: false })
}

/// Adds the rows of a batch that failed, each with all of its reasons. The headers come before the first row.
async fn rows(
    run: &Run<'_>,
    batch: &progress::Batch,
    failures: &[Failure],
    mut has_headers: bool,
    to: &mut Vec<u8>,
) -> Result<()> {
    let file = run.file(batch.file)?;
    let mut place = 0;
    reading::rows(run.files, &run.key(file), file, batch.at, |row| {
        let cells: Vec<_> = row.cells().map(tabular::unguard_cell).collect();
        let reason = reason(file, &cells, failures, place);
        if !reason.is_empty() {
            if !has_headers {
                to.extend_from_slice(tabular::BYTE_ORDER_MARK);
                tabular::write_row(own(&file.headers).iter().map(String::as_str).chain([REASON]), to);
                has_headers = true;
            }
            write(file, &cells, &reason, to);
        }
        place += 1;
        Ok(if place == batch.records.len() { Go::Stop } else { Go::On })
    })
    .await?;
    Ok(())
}

/// The headers of a file without the one that such a file had before.
pub(super) fn own(headers: &[String]) -> &[String] {
    match headers.split_last() {
        Some((last, own)) if last == REASON => own,
        _ => headers,
    }
}

/// What is wrong with the row at a place of a batch; nothing when it is not told.
fn reason<T: AsRef<str>>(file: &File, cells: &[T], failures: &[Failure], place: usize) -> String {
    // What is written but for a reference is found again by what records are found by, or it would be there twice.
    let comes_again = |failure: &&Failure| failure.record.is_none() || is_found_again(file, cells);
    let of_row = failures.iter().filter(comes_again).filter(|failure| failure.row_place() == Some(place));
    let said = of_row.map(|failure| match failure.row.as_ref().and_then(|row| row.columns.first()) {
        Some(column) => [column, ": ", &failure.detail].concat(),
        None => failure.detail.clone(),
    });
    said.collect::<Vec<_>>().join("; ")
}

/// Whether a row says anything that its record is found by.
fn is_found_again<T: AsRef<str>>(file: &File, cells: &[T]) -> bool {
    let keys = file.columns.iter().filter(|column| file.match_by.contains(&column.field));
    let mut keys = keys.filter_map(|column| cells.get(column.index));
    keys.any(|cell| !cell.as_ref().trim().is_empty())
}

/// Adds a row with its reason below the last header, whatever the row had there: what is there of a ragged one beyond the headers
/// comes behind it.
fn write<T: AsRef<str>>(file: &File, cells: &[T], reason: &str, to: &mut Vec<u8>) {
    let cell = |index: usize| cells.get(index).map_or("", AsRef::as_ref);
    let beyond = (file.headers.len()..cells.len()).map(cell);
    let beyond = if beyond.clone().all(|cell| cell.trim().is_empty()) { Vec::new() } else { beyond.collect() };
    tabular::write_row((0..own(&file.headers).len()).map(cell).chain([reason]).chain(beyond), to);
}

/// What a file of errors is called.
fn name_of(file: &str, made: &[Made]) -> String {
    let stem = file.strip_suffix(".csv").unwrap_or(file);
    let stem: String = stem.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    let stem = if stem.is_empty() { "import" } else { &stem };
    let names = (1_u32..).map(|number| match number {
        1 => format!("{stem}-errors.csv"),
        number => format!("{stem}-errors-{number}.csv"),
    });
    let is_free = |name: &String| made.iter().all(|made| made.name != *name);
    names.take(1000).find(is_free).unwrap_or_else(|| format!("{stem}-errors.csv"))
}
