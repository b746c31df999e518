//! Three instances that answer lists and a worker that makes snapshots, killed and started anew at random.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud::Clients;
use events::{SnapshotReason, SnapshotRequest};
use kernel::{Error, Position};
use replica::{Answer, Archived, Condition, Direction, Filter, Limits, Op, Query, Replicas, Snapshotted, Sort};
use serde_json::Value;
use testkit::{Call, Fate};
use tokio::task::JoinHandle;

use super::dice::{Dice, mortal};
use super::world::{World, late, reads_journal_eventually};

const READERS: usize = 3;

/// The readers and the worker, running.
#[derive(Debug)]
pub(crate) struct Readers {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Instances by number: whoever pages goes from one to another.
type Instances = Arc<[Mutex<Replicas>; READERS]>;

pub(crate) fn start(world: &Arc<World>) -> Readers {
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Arc<Vec<Clients>> = Arc::new((0..READERS as u64).map(|reader| clients(world, 500 + reader)).collect());
    let instance = |reader: usize| Mutex::new(world.replicas(&clients[reader], &format!("reader-{reader}"), limits()));
    let instances: Instances = Arc::new([instance(0), instance(1), instance(2)]);
    let mut tasks = Vec::new();
    for reader in 0..READERS {
        let reader = Reader {
            world: world.clone(),
            dice: Dice::new(world.plan.seed, 600 + reader as u64),
            clients: clients.clone(),
            instances: instances.clone(),
            stop: stop.clone(),
        };
        tasks.push(tokio::spawn(reader.run()));
    }
    tasks.push(tokio::spawn(make_snapshots(world.clone(), stop.clone())));
    Readers { stop, tasks }
}

impl Readers {
    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

fn limits() -> Limits {
    Limits { pages: 5, changes: 3_000, ..Limits::request() }
}

/// Clients that read late replicas of the table where they did not ask for consistency.
fn clients(world: &World, actor: u64) -> Clients {
    let dice = Mutex::new(Dice::new(world.plan.seed, actor));
    world.clients(move |call| {
        let dice = dice.lock().unwrap_or_else(PoisonError::into_inner);
        if reads_journal_eventually(call) && dice.percent(40) {
            let (at, tail) = (dice.below(1000), dice.percent(50));
            return Fate::Alter(Box::new(move |answer| lose_item(answer, at, tail)));
        }
        if is_catalog(call) && dice.percent(50) {
            let at = dice.below(1000);
            return Fate::Alter(Box::new(move |answer| lose_item(answer, at, false)));
        }
        match dice.below(100) {
            0 => Fate::Cut,
            1 => Fate::Vanish,
            _ => late(&dice, 4),
        }
    })
}

fn is_catalog(call: &Call) -> bool {
    call.operation == "Query" && call.request["IndexName"] == "gsi1"
}

/// Takes one item out of an answer, or everything from it on: what a replica of the table lacks that is behind.
fn lose_item(answer: &mut Value, at: usize, tail: bool) {
    let Some(items) = answer["Items"].as_array_mut().filter(|items| !items.is_empty()) else { return };
    let at = at % items.len();
    if tail {
        items.truncate(at);
        answer.as_object_mut().unwrap().remove("LastEvaluatedKey");
    } else {
        items.remove(at);
    }
}

struct Reader {
    world: Arc<World>,
    dice: Dice,
    clients: Arc<Vec<Clients>>,
    instances: Instances,
    stop: Arc<AtomicBool>,
}

impl Reader {
    async fn run(self) {
        while !self.stop.load(Ordering::SeqCst) && !self.world.is_over() {
            tokio::time::sleep(self.dice.millis(60)).await;
            match self.dice.below(100) {
                0..50 => self.read_own_write().await,
                50..65 => self.ask_anything().await,
                65..80 => self.walk().await,
                80..90 => self.answer_and_die().await,
                _ => self.start_anew(),
            }
        }
    }

    /// One of the instances starts anew, with its disk or without.
    fn start_anew(&self) {
        let reader = self.dice.below(READERS);
        if self.dice.percent(50) {
            // Somebody may be at a file in it: they keep what they have open.
            let _ = std::fs::remove_dir_all(self.world.directory.path().join(format!("reader-{reader}")));
        }
        let fresh = self.world.replicas(&self.clients[reader], &format!("reader-{reader}"), limits());
        *self.instances[reader].lock().unwrap_or_else(PoisonError::into_inner) = fresh;
        self.world.count("readers started anew", 1);
    }

    async fn answer_and_die(&self) {
        let lives = 1 + self.dice.below(if self.dice.percent(50) { 4 } else { 60 });
        if mortal(lives, self.answer(&Query::new("contact"), &Position::default())).await.is_none() {
            self.world.count("readers killed", 1);
        }
    }

    /// Asks any of the instances, as often as it takes: being told to come again is no failure.
    async fn answer(&self, query: &Query, position: &Position) -> Result<Answer, Error> {
        let mut tries = 0;
        loop {
            let reader = self.dice.below(READERS);
            let replicas = self.instances[reader].lock().unwrap_or_else(PoisonError::into_inner).clone();
            let table = self.world.table(&self.clients[reader]);
            let asked = async { replicas.open(&table, &self.world.clock).await?.answer(query, position).await };
            match tokio::time::timeout(Duration::from_secs(30), asked).await {
                Ok(Err(Error::Unavailable { .. })) | Err(_) if tries < 200 => {}
                Ok(answer) => return answer,
                Err(_) => return Err(Error::unavailable("no answer at all")),
            }
            tries += 1;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// A list that carries a write's position shows that write.
    async fn read_own_write(&self) {
        let wanted = self.world.recent();
        let Some(&id) = wanted.get(self.dice.below(wanted.len())) else { return };
        let known = self.world.known()[&id];
        let is_own = id.prefix().is_custom();
        let object = match id.prefix().as_str() {
            "con" => "contact",
            "com" => "company",
            _ => "x_thing",
        };
        let mut query = Query::new(object);
        query.archived = Archived::Any;
        query.filter = Filter::Is(Condition::new("id", Op::Eq, id.to_string()));
        let answer = self.answer(&query, &Position::of(id, known.version)).await;
        let shown = match &answer {
            Ok(answer) => answer.rows.first().and_then(|row| row.document["version"].as_u64()),
            // The object was given up meanwhile.
            Err(Error::NotFound { .. } | Error::Invalid(_)) if is_own => return,
            Err(error) => return self.world.fail(format!("a list failed: {error:?}")),
        };
        self.world.count("own writes read", 1);
        let now = self.world.known()[&id];
        let is_true = match shown {
            Some(version) => version >= known.version && !known.erased,
            None => now.erasing || now.merged,
        };
        if !is_true {
            self.world.fail(format!("{id} at {known:?} was shown at {shown:?}"));
        }
    }

    /// Any field that the schema has now, sorted by any other: an answer, or a refusal since the schema is another one by now.
    async fn ask_anything(&self) {
        let Ok(schema) = self.world.cx(&self.world.calm()).schema().await else { return };
        let objects: Vec<_> = schema.objects().collect();
        let object = self.dice.pick(&objects);
        let fields: Vec<_> = object.live().collect();
        let (by, order) = (self.dice.pick(&fields), self.dice.pick(&fields));
        let mut query = Query::new(&object.name);
        query.filter = Filter::Is(Condition::new(&by.path, Op::IsNull, self.dice.percent(50)));
        query.sort = vec![Sort::by(&order.path, Direction::Descending)];
        match self.answer(&query, &Position::default()).await {
            Ok(_) => self.world.count("lists by any field", 1),
            Err(Error::Invalid(_) | Error::NotFound { .. }) => self.world.count("lists refused", 1),
            Err(error) => self.world.fail(format!("a list of {} by {} failed: {error:?}", object.name, by.path)),
        }
    }

    /// Pages from one instance to another show nothing twice and miss nothing that stayed where it was.
    async fn walk(&self) {
        let by_name = self.dice.percent(50);
        let mut query = Query::new("contact");
        query.limit = u16::try_from(20 + self.dice.below(180)).unwrap();
        if by_name {
            query.sort = vec![Sort::by("last_name", Direction::Ascending)];
        }
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        loop {
            let answer = match self.answer(&query, &Position::default()).await {
                Ok(answer) => answer,
                Err(error) => return self.world.fail(format!("a page failed: {error:?}")),
            };
            self.world.count("pages read", 1);
            for row in &answer.rows {
                *seen.entry(row.document["id"].as_str().unwrap().to_owned()).or_default() += 1;
            }
            match answer.next_cursor {
                Some(next) => query.cursor = Some(next),
                None => break,
            }
            tokio::time::sleep(self.dice.millis(50)).await;
        }
        self.check_walk(by_name, &seen);
    }

    fn check_walk(&self, by_name: bool, seen: &BTreeMap<String, u32>) {
        for (id, known) in self.world.known().iter() {
            let times = seen.get(&id.to_string()).copied().unwrap_or(0);
            // When it was made never changes, so by that order nothing at all comes twice.
            if times > 1 && (known.stable || !by_name) {
                self.world.fail(format!("{id} was shown {times} times, by name: {by_name}"));
            }
            if times == 0 && known.stable {
                self.world.fail(format!("{id} was missed, by name: {by_name}"));
            }
        }
    }
}

/// The worker: makes snapshots when it is asked, and at times without; it is killed too.
async fn make_snapshots(world: Arc<World>, stop: Arc<AtomicBool>) {
    let dice = Dice::new(world.plan.seed, 700);
    let clients = clients(&world, 800);
    let table = world.table(&clients);
    while !stop.load(Ordering::SeqCst) && !world.is_over() {
        tokio::time::sleep(dice.millis(1500)).await;
        let asked = world.cloud.take_messages();
        let mut request = SnapshotRequest { workspace: world.workspace, reason: SnapshotReason::Behind, record: None };
        if dice.percent(30) {
            let known = world.known();
            request.record = known.iter().rev().find(|(_, known)| known.erased).map(|(id, _)| *id);
            request.reason = SnapshotReason::Erased;
        } else if asked.is_empty() && dice.percent(50) {
            continue;
        }
        let replicas = world.replicas(&clients, "worker", Limits::worker());
        let made = async { replicas.open(&table, &world.clock).await?.snapshot(&request).await };
        let lives = if dice.percent(40) { 1 + dice.below(40) } else { usize::MAX };
        let made = tokio::time::timeout(Duration::from_secs(120), mortal(lives, made)).await.ok().flatten();
        match made {
            None => world.count("workers killed", 1),
            Some(Ok(Snapshotted::Made { .. })) => world.count("snapshots made", 1),
            Some(Ok(_) | Err(Error::Unavailable { .. })) => {}
            Some(Err(error)) => world.fail(format!("a snapshot failed: {error:?}")),
        }
    }
}
