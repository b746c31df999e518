//! The rows that failed, as files that can be mended and brought in again: the columns of the file they are from, and the
//! reasons.

use cloud::PART_BYTES;
use kernel::{Error, Result};
use records::Job;
use table::Changes;

use super::progress::{self, Progress, Report};
use super::reading::{self, Go};
use super::steps::{Run, end, go_on};
use crate::advance::Next;
use crate::chunk::{self, Failure};
use crate::files::{self, Made};
use crate::place::Place;

/// What the last column is called.
const REASON: &str = "rapport_error";

/// Writes the next part of a file of errors, or ends the import when there is none.
pub(crate) async fn step(run: &Run<'_>, job: &Job, mut place: Place, mut progress: Progress) -> Result<Next> {
    let known = progress.report.take();
    let outcome = match known.clone() {
        Some(report) if report.ended => finish(run, job, &place, &report).await.map(Outcome::Made),
        known => collect(run, job, &place, &mut progress, known).await,
    };
    match outcome {
        Ok(Outcome::Part(report)) => progress.report = Some(report),
        Ok(Outcome::Made(made)) => place.files.push(made),
        Ok(Outcome::Nothing) => {
            place.import = Some(progress);
            return end(run, job, place).await;
        }
        // Its parts are there no more: it begins anew.
        Err(Error::NotFound { .. }) if known.is_some() => progress.after = known.and_then(|report| report.from),
        Err(error) => return Err(error),
    }
    go_on(run, job, job.clone(), Place { import: Some(progress), ..place }, Changes::new()).await
}

/// What a step has come to.
enum Outcome {
    /// Some of a file is there.
    Part(Report),
    /// A file is there.
    Made(Made),
    /// There is nothing more to tell.
    Nothing,
}

/// Makes a file of its parts.
async fn finish(run: &Run<'_>, job: &Job, place: &Place, report: &Report) -> Result<Made> {
    let key = files::key(run.cx.caller.workspace, job.id()?, place.files.len());
    run.files.finish_parts(&key, &report.parts).await?;
    Ok(Made { name: name_of(&run.file(report.file)?.name), bytes: report.parts.bytes() })
}

/// Puts the next part of a file, with as many rows as it takes.
async fn collect(
    run: &Run<'_>,
    job: &Job,
    place: &Place,
    progress: &mut Progress,
    known: Option<Report>,
) -> Result<Outcome> {
    let (mut bytes, mut ended) = (Vec::new(), false);
    let from = known.as_ref().map_or(progress.after, |report| report.from);
    let mut file = known.as_ref().map(|report| report.file);
    while bytes.len() < PART_BYTES && !ended {
        let (failures, number) = chunk::next_errors(&run.cx, job.id()?, progress.after).await?;
        let Some(number) = number else {
            ended = true;
            break;
        };
        let batch = progress::batch(&run.cx, job.id()?, chunk::of_errors(number) / 2).await?;
        // A file of errors is finished before the next one begins.
        ended = file.is_some_and(|file| file != batch.file);
        if ended {
            break;
        }
        if file.is_none() {
            let headers = &run.file(batch.file)?.headers;
            bytes.extend_from_slice(tabular::BYTE_ORDER_MARK);
            tabular::write_row(headers.iter().map(String::as_str).chain([REASON]), &mut bytes);
        }
        file = Some(batch.file);
        rows(run, &batch, &failures, &mut bytes).await?;
        progress.after = Some(number);
    }
    let Some(file) = file else { return Ok(Outcome::Nothing) };
    let key = files::key(run.cx.caller.workspace, job.id()?, place.files.len());
    let mut parts = match known {
        Some(report) => report.parts,
        None => run.files.begin_parts(&key, "text/csv; charset=utf-8").await?,
    };
    if !bytes.is_empty() || parts.count() == 0 {
        run.files.put_part(&key, &mut parts, bytes.into()).await?;
    }
    Ok(Outcome::Part(Report { file, parts, ended, from }))
}

/// Adds the rows of a batch that failed, each with all of its reasons.
async fn rows(run: &Run<'_>, batch: &progress::Batch, failures: &[Failure], to: &mut Vec<u8>) -> Result<()> {
    let file = run.file(batch.file)?;
    let reasons = |place: usize| {
        let of_row = failures.iter().filter(|failure| failure.row.as_ref().is_some_and(|row| row.place == place));
        let said = of_row.map(|failure| match failure.row.as_ref().and_then(|row| row.columns.first()) {
            Some(column) => [column, ": ", &failure.detail].concat(),
            None => failure.detail.clone(),
        });
        said.collect::<Vec<_>>().join("; ")
    };
    let mut place = 0;
    reading::rows(run.files, &run.key(file), file, batch.at, |row| {
        let reason = reasons(place);
        if !reason.is_empty() {
            let cells: Vec<&str> = row.cells().map(tabular::unguard_cell).collect();
            // A ragged row must not have its reason in another column.
            let missing = file.headers.len().saturating_sub(cells.len());
            let cells = cells.into_iter().take(file.headers.len()).chain(std::iter::repeat_n("", missing));
            tabular::write_row(cells.chain([reason.as_str()]), to);
        }
        place += 1;
        Ok(if place == batch.records.len() { Go::Stop } else { Go::On })
    })
    .await?;
    Ok(())
}

/// What a file of errors is called.
fn name_of(file: &str) -> String {
    let stem = file.strip_suffix(".csv").unwrap_or(file);
    let stem: String = stem.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
    format!("{}-errors.csv", if stem.is_empty() { "import" } else { &stem })
}
