//! Taking an erased record out of what jobs have left: uploads that it was in, rows of it that failed, exports that have it, and what
//! somebody has asked of jobs that were about it.
//!
//! Which imports it was in, its own events say, which are emptied and stay. Which exports have it nobody notes: a file of records
//! has the ids of those, so each that is kept is read through for the id. What has it goes as a whole, since it can be made again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use api::App;
use events::{Document, Event, Forget, SnapshotReason, SnapshotRequest};
use kernel::{AnyId, Error, Id, Result, Timestamp, kinds};
use records::{Cx, Job, JobKind};
use replica::{Replicas, redact_in_journal};
use serde_json::Value;
use table::{Changes, Committed, Meter, Refused, TenantTable};

use crate::place::Place;
use crate::worker::in_the_name_of;
use crate::{export, files, import};

/// Objects whose records are in no file that anybody brings or takes away.
const OF_NO_FILE: [&str; 2] = ["job", "view"];
/// How many events one look at a history takes.
const PAGE: u16 = 100;
/// For how long files are looked through before others have their turn.
const TURN: Duration = Duration::from_secs(10);
/// When to look again at jobs that were still at work.
const AGAIN: Duration = Duration::from_secs(600);
/// How often a job that others write is tried.
const TRIES: u32 = 5;

/// What a message is carried out on.
struct On<'a> {
    app: &'a App,
    replicas: &'a Replicas,
    table: &'a TenantTable,
}

/// What is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Nothing,
    /// Files of the jobs behind this one.
    Behind(Id<kinds::Job>),
    /// Files of jobs that are, or may be, at work, after a while.
    Again,
}

/// Removes the files that an erased record was in, or is. Safe to do again.
///
/// # Errors
/// When the table or the bucket does not answer.
async fn forget(on: &On<'_>, request: &Forget) -> Result<Left> {
    let Forget { record, behind, .. } = *request;
    let On { app, table, .. } = *on;
    let begun = Instant::now();
    let Some(erased) = Erased::read(app, table, record).await? else { return Ok(Left::Nothing) };
    let mut imports = Imports::default();
    // What was finished before is looked through once.
    let is_new = |job: &Job| !request.again || job.finished_at.is_none_or(|at| at >= request.at);
    for &job in &erased.jobs {
        if let Some(job) = Job::find(table, job).await? {
            imports.note(app, table, &job).await?;
            if job.kind == JobKind::BulkEdit && job.state.is_finished() {
                note_gone(on, &in_the_name_of(app, table, &job), &job, &BTreeSet::new()).await?;
            }
        }
    }
    for upload in &imports.uploads {
        app.files.delete(upload).await?;
    }
    let mut is_at_work = imports.is_at_work;
    for (id, keys) in made(app, table).await?.range(behind.map_or_else(String::new, |job| job.to_string())..) {
        let Ok(id) = id.parse::<Id<kinds::Job>>() else { continue };
        if behind == Some(id) {
            continue;
        }
        let job = Job::find(table, id).await?.filter(is_new);
        if forget_made(on, job.as_ref(), keys, (&erased, &imports)).await? {
            tracing::info!(job.id = %id, "files of a job are removed, since somebody in them was erased");
        }
        is_at_work |= job.is_some_and(|job| job.kind == JobKind::Export && !job.state.is_finished());
        if begun.elapsed() > TURN {
            return Ok(Left::Behind(id));
        }
    }
    // An export that has put no file yet is not among those. One that begins now does not find the record.
    Ok(if is_at_work || !request.again { Left::Again } else { Left::Nothing })
}

/// The imports that a record was in, and what they were made from.
#[derive(Default)]
struct Imports {
    uploads: BTreeSet<String>,
    is_at_work: bool,
}

impl Imports {
    async fn note(&mut self, app: &App, table: &TenantTable, job: &Job) -> Result<()> {
        match job.kind {
            JobKind::Import if job.state.is_finished() => self.uploads.extend(uploads(app, table, job).await?),
            // It still reads its files.
            JobKind::Import => self.is_at_work = true,
            _ => {}
        }
        Ok(())
    }
}

/// Where the files of an import lie.
async fn uploads(app: &App, table: &TenantTable, job: &Job) -> Result<BTreeSet<String>> {
    import::uploads_of(&in_the_name_of(app, table, job), job).await
}

/// Removes what a job has made, if the record is in it or may be, and tells whether anything was.
async fn forget_made(
    on: &On<'_>,
    job: Option<&Job>,
    keys: &[String],
    (erased, imports): (&Erased, &Imports),
) -> Result<bool> {
    let On { app, table, .. } = *on;
    let mut gone = BTreeSet::new();
    match job {
        // Also rows of a trial run of the same file.
        Some(job) if job.kind == JobKind::Import && job.state.is_finished() => {
            let is_of_them = !uploads(app, table, job).await?.is_disjoint(&imports.uploads);
            gone.extend(keys.iter().filter(|_| is_of_them));
        }
        Some(job) if job.kind == JobKind::Export => {
            let schema = app.schemas.of(table, &app.clock).await?;
            for key in keys {
                let number = key.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(usize::MAX);
                let may = export::may_tell_of(&schema, job, number, &erased.object, erased.archived_at);
                if may && has(app, key, &erased.record.to_string()).await? {
                    gone.insert(key);
                }
            }
        }
        _ => {}
    }
    for key in &gone {
        app.files.delete(key).await?;
    }
    if let (Some(job), false) = (job, gone.is_empty()) {
        note_gone(on, &in_the_name_of(app, table, job), job, &gone).await?;
    }
    Ok(!gone.is_empty())
}

/// Whether a file has a text, read piece by piece.
async fn has(app: &App, key: &str, text: &str) -> Result<bool> {
    let Some(mut reading) = app.files.open(key).await? else { return Ok(false) };
    let (text, mut left) = (text.as_bytes(), Vec::new());
    while let Some(piece) = reading.next().await? {
        left.extend_from_slice(&piece);
        if left.windows(text.len()).any(|window| window == text) {
            return Ok(true);
        }
        // What is split between two pieces.
        left.drain(..left.len().saturating_sub(text.len() - 1));
        tokio::task::yield_now().await;
    }
    Ok(false)
}

/// By what a job has chosen its records, and what it has made of them: words that name people.
const CHOSEN: [&str; 4] = ["filter", "q", "view_query", "change"];

/// Forgets what was asked of a job, in the member `input` of its document: what it has done with whom is noted elsewhere.
fn redact(job: &mut Document) {
    if let Some(Value::Object(input)) = job.get_mut("input") {
        input.retain(|name, _| !CHOSEN.contains(&name.as_str()));
    }
}

/// Notes in a job that files of it are gone, and forgets what was asked of it, wherever that is kept.
async fn note_gone(on: &On<'_>, cx: &Cx, job: &Job, gone: &BTreeSet<&String>) -> Result<()> {
    if !write_gone(cx, job.id()?, gone).await? {
        return Ok(());
    }
    redact_in_journal(&cx.table, job.common.id, redact).await?;
    // Snapshots have the job as it was: none stays, and the next one is made from the table.
    let workspace = cx.caller.workspace;
    let request = SnapshotRequest { workspace, reason: SnapshotReason::Erased, record: None };
    on.app.queues.ask_snapshot(&request).await?;
    on.replicas.forget(&cx.table, &on.app.clock, &[job.common.id]).await
}

/// Whether there was something that the job says no more.
async fn write_gone(cx: &Cx, id: Id<kinds::Job>, gone: &BTreeSet<&String>) -> Result<bool> {
    for _ in 0..TRIES {
        let Some(before) = Job::find(&cx.table, id).await? else { return Ok(false) };
        let mut after = before.clone();
        let mut place = Place::of(&before)?;
        for (number, file) in place.files.iter_mut().enumerate() {
            file.gone |= gone.contains(&files::key(cx.caller.workspace, id, number));
        }
        place.note(&mut after)?;
        after.input.retain(|name, _| !CHOSEN.contains(&name.as_str()));
        if after == before {
            return Ok(false);
        }
        let had_said = after.input != before.input;
        let mut changes = Changes::new();
        after.replace(cx, &before, &mut changes)?;
        match cx.commit(&changes).await {
            Ok(Committed) => return Ok(had_said),
            Err(Refused::Stale(_)) => {}
            Err(Refused::Failed(error)) => return Err(error),
            Err(other) => return Err(Error::bug(format!("a job was not written: {other:?}"))),
        }
    }
    Err(Error::unavailable("others kept writing a job"))
}

/// What is left of a record that was erased.
struct Erased {
    record: AnyId,
    object: String,
    /// The jobs that have written it.
    jobs: BTreeSet<Id<kinds::Job>>,
    /// When it was put into the trash for the last time.
    archived_at: Option<Timestamp>,
}

impl Erased {
    /// From its events; `None` for what no file tells of. One round trip for each 100 events.
    async fn read(app: &App, table: &TenantTable, record: AnyId) -> Result<Option<Self>> {
        let schema = app.schemas.of(table, &app.clock).await?;
        let object = schema.of_prefix(record.prefix()).filter(|object| !OF_NO_FILE.contains(&object.name.as_str()));
        let Some(object) = object else { return Ok(None) };
        let parent = table.keys().record(&object.name, record);
        let mut erased = Self { record, object: object.name.clone(), jobs: BTreeSet::new(), archived_at: None };
        let mut after = None;
        loop {
            let page = table.children(&parent, table.keys().events_prefix(), after.as_deref(), PAGE, false).await?;
            for document in page.documents {
                let event: Event =
                    serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("event"))?;
                erased.jobs.extend(event.job);
                erased.archived_at =
                    Some(event.at).filter(|_| event.name.ends_with(".archived")).or(erased.archived_at);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(Some(erased)),
            }
        }
    }
}

/// What jobs of a workspace have made, by job. One request for each thousand files.
async fn made(app: &App, table: &TenantTable) -> Result<BTreeMap<String, Vec<String>>> {
    let mut made: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for key in app.files.list(&files::keys_of(table.workspace_id())).await? {
        if let Some(job) = key.split('/').nth(2) {
            made.entry(job.to_owned()).or_default().push(key);
        }
    }
    Ok(made)
}

/// Carries a message out, and says what the next one is to ask for.
pub(crate) async fn carry_out(app: &App, replicas: &Replicas, request: &Forget) -> Result<Option<(Forget, Duration)>> {
    let table = app.tables.workspace(request.workspace, Meter::default());
    if request.behind.is_none() && !request.again {
        replicas.forget(&table, &app.clock, &[request.record]).await?;
    }
    let left = forget(&On { app, replicas, table: &table }, request).await?;
    Ok(match left {
        Left::Nothing => None,
        Left::Behind(job) => Some((Forget { behind: Some(job), ..*request }, Duration::ZERO)),
        Left::Again => Some((Forget { behind: None, again: true, ..*request }, AGAIN)),
    })
}
