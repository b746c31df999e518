//! Measures a replica with as many records as the arguments say: `measure [companies] [contacts] [changes]`.
//!
//! Table, bucket and queue are in this process, so what is measured is Rapport's own work: filling a file, packing it,
//! starting from it as a cold instance, and following the journal.

use std::time::Instant;

use cloud::{Clients, Files, Queues};
use events::{Change, SnapshotReason, SnapshotRequest, StreamPosition};
use kernel::{Clock, Ids, Position};
use replica::{Limits, Query, Replicas, Sample, definitions, records};
use table::{JournalEntry, Meter, Tables};
use testkit::{Cloud, Engine};

/// How many changes the journal puts into one entry here.
const ENTRY: usize = 500;

fn argument(place: usize, otherwise: u32) -> u32 {
    std::env::args().nth(place).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Says how long something took.
fn timed<T>(what: &str, started: Instant, answer: T) -> T {
    println!("{what:<40} {:>9.1} ms", started.elapsed().as_secs_f64() * 1000.0);
    answer
}

fn change(number: usize, object: &str, document: events::Document, at: kernel::Timestamp) -> Change {
    Change {
        item: "record".to_owned(),
        kind: object.to_owned(),
        id: document.get("id").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned(),
        version: document.get("version").and_then(serde_json::Value::as_u64).unwrap_or(0),
        position: StreamPosition::new(&(number + 1).to_string()),
        at,
        document: Some(document),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sample = Sample { users: 20, companies: argument(1, 20_000), contacts: argument(2, 100_000) };
    let changes = argument(3, 2_000) as usize;
    let engine = Engine::memory()?;
    engine.create_table("rapport")?;
    let clients = Clients::in_process(Cloud::new(engine.http_client()).http_client());
    let clock = Clock::System;
    let tables = Tables::new(&clients, "rapport");
    let table = tables.workspace(Ids::new(clock.clone()).next(), Meter::default());
    let directory = tempfile::tempdir()?;
    let replicas = |name: &str, limits| {
        let (files, queues) =
            (Files::new(&clients, "files"), Queues::new(&clients, "http://in-process.invalid/snapshots"));
        Replicas::new(directory.path().join(name), tables.clone(), files, queues, limits)
    };

    let started = Instant::now();
    let worker = replicas("worker", Limits::worker()).fill(&table, &clock, &definitions(), records(sample)).await?;
    timed("fill a file", started, ());
    let started = Instant::now();
    let request = SnapshotRequest { workspace: table.workspace_id(), reason: SnapshotReason::Behind, record: None };
    let made = timed("make a snapshot", started, worker.snapshot(&request).await?);
    println!("{made:?}");

    let started = Instant::now();
    let cold = replicas("cold", Limits::request());
    let replica = timed("open, cold", started, cold.open(&table, &clock).await?);
    let mut query = Query::new("contact");
    query.count = true;
    let answer = timed("open and first list, cold", started, replica.answer(&query, &Position::default()).await?);
    println!("{:?} contacts; SQLite worked {:.1} ms", answer.count, answer.replica_ms);
    let started = Instant::now();
    timed("the same list again", started, replica.answer(&query, &Position::default()).await?);

    // Changes of contacts that are there: every other one goes to another company, each has another city and score.
    let now = clock.now();
    let mut documents: Vec<_> = records(sample).filter(|(object, _)| *object == "contact").take(changes).collect();
    let companies: Vec<_> = documents.iter().map(|(_, document)| document.get("company_id").cloned()).collect();
    for (number, (_, document)) in documents.iter_mut().enumerate() {
        document.insert("version".to_owned(), 2.into());
        document.insert("city".to_owned(), format!("Moved {number}").into());
        if let Some(company) = companies[(number + number % 2) % companies.len()].clone() {
            document.insert("company_id".to_owned(), company);
        }
    }
    let all: Vec<Change> = documents
        .into_iter()
        .enumerate()
        .map(|(number, (object, document))| change(number, object, document, now))
        .collect();
    for (seq, part) in (1..).zip(all.chunks(ENTRY)) {
        for packed in events::encode(part) {
            table.journal_append(JournalEntry { seq, at: now, packed }).await?;
        }
    }
    let started = Instant::now();
    replica.catch_up().await?;
    timed(&format!("apply {changes} changes"), started, ());
    Ok(())
}
