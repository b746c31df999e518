//! One step of an export: a part of a file, or all of a small one.

use auth::Action;
use std::collections::BTreeSet;
use std::sync::Arc;

use api::{Only, Showing, schema_for};
use cloud::{Files, PART_BYTES, Parts};
use events::Document;
use kernel::{AnyId, Error, Position, Result, Violations};
use records::{Cx, Job, JobState, Object, Schema};
use replica::{Found, MAX_SLICE, Query, Replica, Replicas, Visibility};

use super::Begun;
use super::columns::{self, Column, Others};
use super::input::{self, Format, Input};
use crate::advance::{Next, noted};
use crate::files::{Made, Stored, key};
use crate::place::Place;

/// After how many records others get on, and it is looked whether they make a part: formulas can make much of little, up to some
/// hundred KB of each.
const AT_ONCE: usize = 50;
/// After how many bytes of documents an answer ends: with them in memory, others have not waited for long, and a list that has to
/// be sorted is sorted some dozens of times.
const MAX_BYTES: usize = 1 << 20;

/// Takes one step, and notes how far it is.
pub(crate) async fn step(cx: &Cx, files: &Files, replicas: &Replicas, job: &Job, mut place: Place) -> Result<Next> {
    let input = Input::read(&job.input)?;
    let mut exporting = place.exporting.take().unwrap_or_default();
    let mut after = job.clone();
    let Some(name) = input.objects.get(exporting.done) else { return noted(cx, job, after, true).await };
    let file = File::new(cx, files, (job, place.files.len()), cx.object(name).await?, &input)?;
    let begun = exporting.file.take();
    let before = begun.as_ref().map_or(0, |begun| begun.rows);
    let (stored, begun) = match begun {
        Some(mut begun) if begun.stored.ended => {
            (std::mem::take(&mut begun.stored).finish(files, &file.key).await?, begun)
        }
        begun => {
            let position = place.position.as_deref().unwrap_or_default().parse().map_err(Error::bug)?;
            file.go_on(replicas, &position, begun).await?
        }
    };
    let rows = match stored {
        Stored::Part(stored) => exporting.file.insert(Begun { stored, ..begun }).rows,
        Stored::Whole(bytes) => {
            place.files.push(Made::new(file.name.clone(), bytes));
            exporting.done += 1;
            begun.rows
        }
        Stored::Gone => 0,
    };
    after.counts.done = (after.counts.done + rows).saturating_sub(before);
    let is_over = exporting.done >= input.objects.len();
    let parts = exporting.file.as_ref().and_then(|begun| begun.stored.parts.clone());
    place.exporting = Some(exporting);
    place.note(&mut after)?;
    let next = noted(cx, job, after, is_over).await?;
    if let (Next::Nothing, Some(parts)) = (next, parts) {
        drop_if_stopped(cx, files, job, &file.key, &parts).await?;
    }
    Ok(next)
}

/// Takes away what is there of a file that somebody has stopped. What is left behind in other ways goes after a day.
async fn drop_if_stopped(cx: &Cx, files: &Files, job: &Job, key: &str, parts: &Parts) -> Result<()> {
    let stored = Job::find(&cx.table, job.id()?).await?;
    if stored.is_some_and(|stored| stored.state == JobState::Cancelled) {
        files.drop_parts(key, parts).await?;
    }
    Ok(())
}

/// The file of one object.
struct File<'a> {
    cx: &'a Cx,
    files: &'a Files,
    object: Arc<Object>,
    input: &'a Input,
    visibility: Visibility,
    name: String,
    key: String,
}

impl<'a> File<'a> {
    /// The file of a number that the job makes.
    fn new(
        cx: &'a Cx,
        files: &'a Files,
        (job, number): (&Job, usize),
        object: Arc<Object>,
        input: &'a Input,
    ) -> Result<Self> {
        let ending = match input.format {
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
        };
        let name = [&object.plural, ending].join(".");
        let key = key(cx.caller.workspace, job.id()?, number);
        Ok(Self { cx, files, object, input, visibility: Visibility::for_action(cx, Action::Export), name, key })
    }

    /// Writes as many records as make a part, or the rest.
    async fn go_on(&self, replicas: &Replicas, position: &Position, begun: Option<Begun>) -> Result<(Stored, Begun)> {
        let schema = self.cx.schema().await?;
        let mut bytes = Vec::new();
        let mut begun = match begun {
            Some(begun) => begun,
            None => self.begin(&schema, &mut bytes),
        };
        let replica = replicas.open(&self.cx.table, &self.cx.clock).await?;
        let asked = self.input.own()?.within(self.input.of_view()?);
        let query = input::query(self.cx, &schema, &self.object, &asked);
        let query = Query { limit: MAX_SLICE, max_bytes: Some(MAX_BYTES), ..query };
        let mut is_first = true;
        loop {
            let query = Query { cursor: begun.after.take(), ..query.clone() };
            // What was written after this has begun need not be in it.
            let answer = if is_first { replica.answer(&query, position).await? } else { replica.ask(&query)? };
            is_first = false;
            let mut written = 0;
            for rows in answer.rows.chunks(AT_ONCE) {
                self.write(&replica, &begun.columns, rows, &mut bytes).await?;
                written += rows.len();
                if bytes.len() >= PART_BYTES {
                    break;
                }
                tokio::task::yield_now().await;
            }
            begun.rows += written as u64;
            begun.after = answer.cursor_after(written);
            if begun.after.is_none() || bytes.len() >= PART_BYTES {
                break;
            }
        }
        let stored = std::mem::take(&mut begun.stored);
        Ok((stored.put(self.files, &self.key, bytes.into(), begun.after.is_none()).await?, begun))
    }

    fn begin(&self, schema: &Schema, bytes: &mut Vec<u8>) -> Begun {
        if self.input.format == Format::Jsonl {
            return Begun::default();
        }
        let hidden = self.visibility.hidden.of(schema, &self.object);
        let columns = columns::names(schema, &self.object, &hidden, self.input.fields.as_deref());
        bytes.extend_from_slice(tabular::BYTE_ORDER_MARK);
        tabular::write_row(columns.iter().map(String::as_str), bytes);
        Begun { columns, ..Begun::default() }
    }

    /// Writes records as lines.
    async fn write(&self, replica: &Replica, columns: &[String], rows: &[Found], bytes: &mut Vec<u8>) -> Result<()> {
        let schema = schema_for(self.cx, rows.iter().map(|row| &row.document)).await?;
        let object = schema.object(&self.object.name).unwrap_or(&self.object);
        let only = self.input.fields.as_ref().filter(|_| self.input.format == Format::Jsonl);
        let hidden = self.visibility.hidden.of(&schema, object);
        let only = only.map(|paths| Only::parse(object, &hidden, paths, &mut Violations::new()));
        let showing = Showing::of(object, &hidden, only.as_ref());
        match self.input.format {
            Format::Jsonl => {
                for row in rows {
                    bytes.extend_from_slice(showing.text(&row.document, &row.roll_ups).get().as_bytes());
                    bytes.push(b'\n');
                }
                Ok(())
            }
            Format::Csv => {
                let shown = rows.iter().map(|row| showing.document(&row.document, &row.roll_ups));
                self.write_cells(replica, &schema, object, columns, &shown.collect::<Vec<_>>(), bytes)
            }
        }
    }

    fn write_cells(
        &self,
        replica: &Replica,
        schema: &Schema,
        object: &Object,
        columns: &[String],
        records: &[Document],
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        let columns: Vec<Column> = columns.iter().map(|name| Column::parse(object, name)).collect();
        let ids: BTreeSet<AnyId> =
            records.iter().flat_map(|record| columns.iter().filter_map(|column| column.refers_to(record))).collect();
        let ids: Vec<AnyId> = ids.into_iter().collect();
        let others = Others::of(schema, &replica.documents_here(&ids, &self.visibility)?);
        for record in records {
            let cells: Vec<String> = columns.iter().map(|column| column.cell(record, &others)).collect();
            tabular::write_row(cells.iter().map(String::as_str), bytes);
        }
        Ok(())
    }
}
