//! The stream as it can be at its worst: several shards, late, twice, its consumers killed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use cloud::Clients;
use journal::Journal;
use serde_dynamo::AttributeValue;
use testkit::Fate;
use tokio::task::JoinHandle;

use super::dice::{Dice, mortal};
use super::world::{World, late};

const SHARDS: usize = 4;

/// What the shards and the one who fills them share.
#[derive(Debug, Default)]
struct Shared {
    shards: [Mutex<VecDeque<EventRecord>>; SHARDS],
    /// Records that were read from the table and are not appended yet, and repetitions that are still to come.
    open: AtomicUsize,
    /// How often everything there was had been read.
    read_all: AtomicUsize,
    stop: AtomicBool,
}

/// The stream and its consumers, running.
#[derive(Debug)]
pub(crate) struct Stream {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

impl Stream {
    pub(crate) fn start(world: &Arc<World>) -> Self {
        let shared = Arc::new(Shared::default());
        let mut tasks = vec![tokio::spawn(pump(world.clone(), shared.clone()))];
        for shard in 0..SHARDS {
            tasks.push(tokio::spawn(consume(world.clone(), shared.clone(), shard)));
        }
        Self { shared, tasks }
    }

    /// Waits until everything that is in the table now is in the journal.
    pub(crate) async fn caught_up(&self) {
        let rounds = self.shared.read_all.load(Ordering::SeqCst) + 2;
        while self.shared.read_all.load(Ordering::SeqCst) < rounds || self.shared.open.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The same, repetitions included, and ends everything.
    pub(crate) async fn drained(self) {
        self.caught_up().await;
        self.shared.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

/// Reads the table's stream and gives each record to the shard of its item.
async fn pump(world: Arc<World>, shared: Arc<Shared>) {
    let stream = world.engine.stream("rapport");
    let mut after: Option<String> = None;
    while !shared.stop.load(Ordering::SeqCst) {
        let records = stream.read(after.as_deref(), 1000).unwrap();
        if records.is_empty() {
            shared.read_all.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        after = records.last().and_then(|record| record.change.sequence_number.clone());
        for record in records.into_iter().filter(is_followed) {
            shared.open.fetch_add(1, Ordering::SeqCst);
            let shard = shard_of(&record);
            shared.shards[shard].lock().unwrap_or_else(PoisonError::into_inner).push_back(record);
        }
        tokio::task::yield_now().await;
    }
}

/// What the template's filter lets through.
fn is_followed(record: &EventRecord) -> bool {
    let item = record.change.new_image.get("item").or_else(|| record.change.old_image.get("item"));
    matches!(item, Some(AttributeValue::S(item)) if ["record", "link", "share", "config"].contains(&item.as_str()))
}

fn shard_of(record: &EventRecord) -> usize {
    let Some(AttributeValue::S(pk)) = record.change.keys.get("pk") else { return 0 };
    pk.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte))) % SHARDS
}

/// Clients whose connection breaks before and after the work is done, and which are killed just after it.
fn clients(world: &World, actor: u64) -> Clients {
    let dice = Mutex::new(Dice::new(world.plan.seed, actor));
    world.clients(move |call| {
        let dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
        match dice.below(100) {
            0..3 => Fate::Cut,
            3..7 => Fate::Lose,
            7..10 => Fate::Vanish,
            10..12 => Fate::Freeze,
            12..14 if call.operation == "PutItem" => Fate::Refuse(400, "ThrottlingException"),
            _ => late(&dice, 4),
        }
    })
}

/// One shard's consumer. What it has not acknowledged comes again; at times what it has acknowledged comes again too,
/// much later, as from an invocation that was given up and went on.
async fn consume(world: Arc<World>, shared: Arc<Shared>, shard: usize) {
    let actor = shard as u64;
    let dice = Dice::new(world.plan.seed, 300 + actor);
    let tables = world.tables(&clients(&world, 400 + actor));
    let mut journal = Journal::default();
    while !shared.stop.load(Ordering::SeqCst) {
        tokio::time::sleep(dice.millis(if dice.percent(5) { 1500 } else { 40 })).await;
        let batch: Vec<EventRecord> = {
            let queue = shared.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
            queue.iter().take(1 + dice.below(40)).cloned().collect()
        };
        if batch.is_empty() {
            continue;
        }
        if dice.percent(10) {
            journal = Journal::default();
            world.count("consumers cold-started", 1);
        }
        let lives = if dice.percent(30) { 1 + dice.below(6) } else { usize::MAX };
        let appending = mortal(lives, journal.append_batch(&tables, &world.clock, event(batch.clone())));
        // Lambda's own timeout: whoever is not answered is killed.
        let done = tokio::time::timeout(Duration::from_secs(30), appending).await.ok().flatten();
        let Some(response) = done else {
            world.count("consumers killed", 1);
            continue;
        };
        let failed = response.batch_item_failures.first().and_then(|failure| failure.item_identifier.clone());
        let acknowledged = match failed {
            None => batch.len(),
            Some(number) => {
                batch.iter().position(|record| record.change.sequence_number.as_deref() == Some(&*number)).unwrap_or(0)
            }
        };
        let again = dice.percent(10).then(|| batch[..acknowledged].to_vec());
        shared.shards[shard].lock().unwrap_or_else(PoisonError::into_inner).drain(..acknowledged);
        if let Some(again) = again.filter(|again| !again.is_empty()) {
            shared.open.fetch_add(1, Ordering::SeqCst);
            world.count("batches repeated late", 1);
            tokio::spawn(repeat(world.clone(), shared.clone(), again, dice.millis(4000)));
        }
        shared.open.fetch_sub(acknowledged, Ordering::SeqCst);
    }
}

async fn repeat(world: Arc<World>, shared: Arc<Shared>, batch: Vec<EventRecord>, after: Duration) {
    tokio::time::sleep(after).await;
    let tables = world.tables(&world.calm());
    let response = Journal::default().append_batch(&tables, &world.clock, event(batch)).await;
    assert!(response.batch_item_failures.is_empty(), "a repetition is only lost when the test is");
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

fn event(records: Vec<EventRecord>) -> Event {
    let mut event = Event::default();
    event.records = records;
    event
}
