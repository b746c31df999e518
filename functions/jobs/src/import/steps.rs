//! One step of an import: what there is to do next, and the note of it, with a version check as for every job.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use cloud::Files;
use events::Document;
use kernel::{Error, Result};
use records::{Cx, FieldType, Job, Object};
use replica::Replicas;
use schema::{Extension, MAX_OPTION_CHARS, MAX_OPTIONS};
use serde_json::{Value, json};
use table::Changes;

use super::check::lacks_options;
use super::plan::{Column, File, Plan};
use super::progress::{self, Phase, Progress};
use super::reading::{self, At, Go};
use super::{link, report, write};
use crate::advance::{Next, cancelled_at, finish, measure, next_of, write_job};
use crate::bulk::MAX_RECORDS;
use crate::place::Place;
use crate::uploads;

/// For how long a file is read in one step.
const READING: Duration = Duration::from_secs(5);

/// What a step works with.
pub(crate) struct Run<'a> {
    pub(crate) cx: Cx,
    pub(crate) files: &'a Files,
    pub(crate) replicas: &'a Replicas,
    pub(crate) plan: Plan,
}

impl Run<'_> {
    pub(crate) fn file(&self, number: usize) -> Result<&File> {
        self.plan.files.get(number).ok_or_else(|| Error::bug("an import has come to a file that it has not"))
    }

    pub(crate) fn key(&self, file: &File) -> String {
        uploads::key(self.cx.caller.workspace, self.cx.caller.user, file.upload)
    }

    /// The paths of a file's fields that take several words at once.
    async fn of_several(&self, file: &File) -> Result<BTreeSet<String>> {
        let object = self.cx.object(&file.object).await?;
        let is_several = |column: &&Column| match &column.new_field {
            Some(body) => body.get("type").and_then(Value::as_str) == Some("multi_select"),
            None => {
                object.field(&column.field).is_some_and(|field| matches!(field.kind, FieldType::MultiSelect { .. }))
            }
        };
        Ok(file.columns.iter().filter(is_several).map(|column| column.field.clone()).collect())
    }

    /// The object of a file's rows, with the fields that the file brings.
    pub(crate) async fn object(&self, file: usize, progress: &Progress) -> Result<Object> {
        let about = self.file(file)?;
        if self.plan.dry_run {
            // Nothing of it is there, but rows are judged as if it was.
            return schema::extend(&self.cx, &about.object, &extension(about, file, progress)).await;
        }
        self.cx.object(&about.object).await.map(|object| (*object).clone())
    }
}

/// What a file brings that its object does not have.
fn extension(file: &File, number: usize, progress: &Progress) -> Extension {
    let options = progress.words.get(number).cloned().unwrap_or_default();
    let with_options = |mut body: Document| {
        if lacks_options(&body) {
            let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
            // Where nobody has chosen anything there is nothing to choose from, and no field.
            let words = options.get(&["custom.", name].concat()).filter(|words| !words.is_empty())?;
            body.insert("options".to_owned(), json!(words));
        }
        Some(body)
    };
    Extension { fields: file.new_fields().into_iter().filter_map(with_options).collect(), options: options.clone() }
}

/// Takes one step of an import that is at work.
///
/// # Errors
/// What will pass, and what it cannot go on after.
pub(crate) async fn advance(cx: &Cx, files: &Files, replicas: &Replicas, job: &Job, place: Place) -> Result<Next> {
    let plan = progress::plan(cx, job).await?;
    let cx = Cx { quiet: plan.quiet, dry_run: plan.dry_run, ..cx.clone() };
    let run = Run { cx, files, replicas, plan };
    let progress = place.import.clone().unwrap_or_default();
    match progress.phase {
        Phase::Counting => count(&run, job, place, progress).await,
        Phase::Preparing => prepare(&run, job, place, progress).await,
        Phase::Writing => Box::pin(write::step(&run, job, place, progress)).await,
        Phase::Linking => Box::pin(link::step(&run, job, place, progress)).await,
        Phase::Reporting => Box::pin(report::step(&run, job, place, progress)).await,
    }
}

/// Notes where an import is now. What the note itself is about is written also where the import is only tried.
///
/// Answers the job as it is written; `None` when another worker with the same message has taken this step, or somebody has
/// stopped the job.
pub(crate) async fn note(
    run: &Run<'_>,
    before: &Job,
    mut after: Job,
    place: Place,
    changes: Changes,
) -> Result<Option<Job>> {
    place.note(&mut after)?;
    let cx = Cx { dry_run: false, ..run.cx.clone() };
    write_job(&cx, before, after, changes).await
}

/// Notes what a step has done, also where somebody has cancelled the job meanwhile: then it counts as well, so that it is known and
/// can be undone. `noted` says what is noted in a job that it is given.
pub(crate) async fn note_done(
    run: &Run<'_>,
    job: &Job,
    noted: impl Fn(&Job) -> Result<(Place, Changes, Job)>,
) -> Result<Next> {
    let mut base = job.clone();
    loop {
        let (place, changes, after) = noted(&base)?;
        if let Some(written) = note(run, &base, after, place, changes).await? {
            return Ok(next_of(&written));
        }
        match cancelled_at(&run.cx, job).await? {
            Some(cancelled) if cancelled.common.version > base.common.version => base = cancelled,
            _ => return Ok(Next::Nothing),
        }
    }
}

/// The same where nothing more is to be known of the job than how it goes on.
pub(crate) async fn go_on(run: &Run<'_>, before: &Job, after: Job, place: Place, changes: Changes) -> Result<Next> {
    let written = note(run, before, after, place, changes).await?;
    Ok(written.as_ref().map_or(Next::Nothing, next_of))
}

/// Reads files to their ends, or as far as one step gets.
async fn count(run: &Run<'_>, job: &Job, place: Place, mut progress: Progress) -> Result<Next> {
    let (number, begun) = (progress.file, Instant::now());
    let file = run.file(number)?;
    let columns = file.new_options();
    let several = run.of_several(file).await?;
    progress.rows.resize(number + 1, 0);
    progress.words.resize(number + 1, BTreeMap::new());
    let known: u64 = progress.rows.iter().sum();
    let (mut rows, mut words) = (0, progress.words.pop().unwrap_or_default());
    let come = reading::rows(run.files, &run.key(file), file, progress.at, |row| {
        rows += 1;
        for (index, cell) in row.cells().enumerate().filter(|_| !columns.is_empty()) {
            let cell = tabular::unguard_cell(cell);
            let word = cell.trim();
            if let Some(path) = columns.get(&index).filter(|_| !word.is_empty()) {
                add_words(words.entry((*path).to_owned()).or_default(), file, path, word, several.contains(*path))?;
            }
        }
        if known + rows > MAX_RECORDS {
            let detail = format!("the files have more than {MAX_RECORDS} rows: bring them in parts");
            return Err(Error::WrongState { code: "too_many", detail });
        }
        Ok(if begun.elapsed() > READING && row.ends_at.is_some() { Go::Stop } else { Go::On })
    })
    .await?;
    // Whoever wrote on would write other letters than the file has.
    if let Some(line) = come.unread {
        return Err(no_letters(file, line));
    }
    progress.words.push(words);
    if let Some(counted) = progress.rows.last_mut() {
        *counted += rows;
    }
    progress.at = come.to;
    if come.is_end {
        (progress.file, progress.at) = (number + 1, At::default());
    }
    let mut after = job.clone();
    if progress.file == run.plan.files.len() {
        after.counts.total = Some(progress.rows.iter().sum());
        (progress.phase, progress.file) = (Phase::Preparing, 0);
    }
    go_on(run, job, after, Place { import: Some(progress), ..place }, Changes::new()).await
}

/// Why a file is not brought in that has bytes which are no letters: its beginning looked as if it was written another way.
fn no_letters(file: &File, line: u64) -> Error {
    let File { name, encoding, .. } = file;
    let detail = format!("{name}: line {line} is no {encoding}: say the encoding");
    Error::WrongState { code: "unreadable_file", detail }
}

/// Adds the words of a cell to those that become options.
fn add_words(words: &mut BTreeSet<String>, file: &File, path: &str, cell: &str, are_several: bool) -> Result<()> {
    for word in if are_several { tabular::split_list(cell) } else { vec![cell.to_owned()] } {
        if word.chars().count() > MAX_OPTION_CHARS {
            let header = file.header_of(path).unwrap_or(path);
            let detail = format!("{header} has values of more than {MAX_OPTION_CHARS} characters: it is no choice");
            return Err(Error::WrongState { code: "too_long", detail });
        }
        if words.len() == MAX_OPTIONS && !words.contains(&word) {
            let header = file.header_of(path).unwrap_or(path);
            let detail = format!("{header} has more than {MAX_OPTIONS} different values: it is no choice");
            return Err(Error::WrongState { code: "too_many", detail });
        }
        words.insert(word);
    }
    Ok(())
}

/// Makes the fields and options that the files bring.
async fn prepare(run: &Run<'_>, job: &Job, place: Place, mut progress: Progress) -> Result<Next> {
    for (number, file) in run.plan.files.iter().enumerate() {
        let extension = extension(file, number, &progress);
        if extension != Extension::default() {
            schema::extend(&run.cx, &file.object, &extension).await?;
        }
    }
    if !run.plan.dry_run {
        progress.words = Vec::new();
    }
    progress.phase = Phase::Writing;
    go_on(run, job, job.clone(), Place { import: Some(progress), ..place }, Changes::new()).await
}

/// The job with what was done since, and how fast that goes.
pub(crate) fn measured(run: &Run<'_>, job: &Job) -> Job {
    let mut after = job.clone();
    measure(&run.cx, &mut after);
    after
}

/// Ends an import that has come to its end.
pub(crate) async fn end(run: &Run<'_>, job: &Job, place: Place) -> Result<Next> {
    let mut after = job.clone();
    finish(&run.cx, &mut after);
    go_on(run, job, after, place, Changes::new()).await
}
