//! What a request does before it asks: open the file, and apply what others have written.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use events::{Change, StreamPosition};
use kernel::{Clock, Position};
use local::{Config, Stack};
use replica::{Limits, Query, Replicas};
use serde_json::Value;
use table::Meter;

use crate::data::edited;
use crate::dice::Dice;
use crate::stats::Millis;
use crate::world::{World, append};
use report::{Report, ms};

/// How many changes are applied at once.
const CHANGES: usize = 2_000;
/// How often.
const ROUNDS: u64 = 9;
/// Beyond every place in the stream that the records were told of.
const LATER: u64 = 1_000_000_000;

/// Measures on the replica's own library, in this process, over the large workspace.
///
/// # Errors
/// When the data cannot be used.
pub(crate) fn measure(world: &World, data: &Path, folder: &Path, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (opened, applied, quiet) = runtime.block_on(async {
        let stack = Stack::start(&Config::quiet(data)).await?;
        let measured = Box::pin(applied(&stack, world, folder)).await;
        stack.stop().await;
        measured
    })?;
    let row = |what: &str, millis: &Millis| {
        let figures = [millis.median(), millis.percentile(95), millis.max()].map(ms);
        [vec![what.to_owned(), millis.count().to_string()], figures.into()].concat()
    };
    let changes = format!("read and apply {CHANGES} changes");
    let rows = vec![
        row("fetch the snapshot, unpack and check it", &opened),
        row("find that nothing has changed", &quiet),
        row(&changes, &applied),
    ];
    let text = "The replica's library in this process, over the large workspace, with the table and S3 in the process too. The changes \
                are edits of two custom fields and the family name of contacts: columns, words, and the roll-ups of their companies \
                follow.";
    report.part("Before a question is asked", text, &["what", "times", "median", "95 of 100", "slowest"], rows);
    Ok(())
}

async fn applied(stack: &Stack, world: &World, folder: &Path) -> Result<(Millis, Millis, Millis)> {
    let app = stack.app();
    let table = app.tables.workspace(world.large.id, Meter::default());
    let (mut opened, mut applied, mut quiet) = (Millis::default(), Millis::default(), Millis::default());
    let mut documents = world.large.contacts.samples.clone();
    documents.truncate(CHANGES);
    let mut dice = Dice::new(7);
    let millis = |from: Instant| from.elapsed().as_secs_f64() * 1000.0;
    for round in 0..ROUNDS {
        let directory = folder.join(format!("applying-{round}"));
        let (files, queues) = (app.files.clone(), app.queues.clone());
        let replicas = Replicas::new(&directory, app.tables.clone(), files, queues, Limits::worker());
        let started = Instant::now();
        let replica = replicas.open(&table, &app.clock).await?;
        opened.add(millis(started));
        // What the rounds before have told of.
        replica.catch_up().await?;
        let started = Instant::now();
        replica.catch_up().await?;
        quiet.add(millis(started));
        let mut changes = Vec::new();
        for (number, document) in documents.iter_mut().enumerate() {
            *document = edited(document, &mut dice);
            let place = LATER * (round + 1) + number as u64;
            let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            changes.push(Change {
                item: "record".to_owned(),
                kind: text("object"),
                id: text("id"),
                version: document.get("version").and_then(Value::as_u64).unwrap_or(1),
                position: StreamPosition::new(&place.to_string()),
                at: Clock::System.now(),
                document: Some(document.clone()),
            });
        }
        append(&table, &changes).await?;
        let started = Instant::now();
        replica.catch_up().await?;
        applied.add(millis(started));
        let answer = replica.answer(&Query::new("contact"), &Position::default()).await?;
        ensure!(!answer.rows.is_empty(), "the replica has lost its records");
        drop(replica);
        std::fs::remove_dir_all(&directory)?;
    }
    Ok((opened, applied, quiet))
}
