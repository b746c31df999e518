//! A whole Rapport in one process, and everything that can happen to it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth::{Caller, Role};
use cloud::{Clients, Files, Queues};
use kernel::{AnyId, Clock, Id, Ids, Version, kinds};
use records::{Cx, Object, Schema, Schemas};
use replica::{Limits, Replicas, Rule};
use serde_json::Value;
use table::{Meter, Tables, TenantTable};
use tempfile::TempDir;
use testkit::{Call, Cloud, Engine, Fate, Faults};

use super::dice::Dice;
use super::{readers, stream, writers};

const TABLE: &str = "rapport";
pub(crate) const WRITERS: u64 = 4;
/// Records that keep their family name and never leave the list.
pub(crate) const STABLE: usize = 200;

/// What a run is to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) changes: usize,
    pub(crate) without: Option<Rule>,
}

/// What a run has shown.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) failures: Vec<String>,
    pub(crate) summary: String,
}

/// What the writers know of a record.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Known {
    /// The last version that was acknowledged; for an erasure one more than the last.
    pub(crate) version: Version,
    /// Somebody has begun to erase it.
    pub(crate) erasing: bool,
    /// Its erasure was acknowledged.
    pub(crate) erased: bool,
    /// Its family name and its place in the list never change.
    pub(crate) stable: bool,
}

/// What everybody shares.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) engine: Engine,
    pub(crate) cloud: Cloud,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) workspace: Id<kinds::Workspace>,
    pub(crate) user: Id<kinds::User>,
    pub(crate) directory: TempDir,
    known: Mutex<BTreeMap<AnyId, Known>>,
    /// Records that nobody has begun to erase, the youngest last.
    live: Mutex<Vec<AnyId>>,
    schemas: Schemas,
    failures: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    fn new(plan: Plan) -> Arc<Self> {
        let engine = Engine::memory().unwrap();
        engine.create_table(TABLE).unwrap();
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), plan.seed);
        let cloud = Cloud::new(engine.http_client());
        cloud.drop_tokens();
        Arc::new(Self {
            plan,
            cloud,
            engine,
            workspace: ids.next(),
            user: ids.next(),
            clock,
            ids,
            directory: tempfile::tempdir().unwrap(),
            known: Mutex::default(),
            live: Mutex::default(),
            schemas: Schemas::default(),
            failures: Mutex::default(),
            counts: Mutex::default(),
        })
    }

    pub(crate) fn object(&self) -> Arc<Object> {
        Schema::built_in_object("contact")
    }

    /// Clients that meet the faults of an actor.
    pub(crate) fn clients(&self, hook: impl Fn(&Call) -> Fate + Send + Sync + 'static) -> Clients {
        let faults = Faults::new(self.cloud.http_client());
        faults.hook(hook);
        Clients::in_process(faults.http_client())
    }

    pub(crate) fn calm(&self) -> Clients {
        Clients::in_process(self.cloud.http_client())
    }

    pub(crate) fn tables(&self, clients: &Clients) -> Tables {
        Tables::new(clients, TABLE)
    }

    pub(crate) fn table(&self, clients: &Clients) -> TenantTable {
        self.tables(clients).workspace(self.workspace, Meter::default())
    }

    pub(crate) fn cx(&self, clients: &Clients) -> Cx {
        let (user, workspace) = (self.user, self.workspace);
        let caller = Caller { user, api_key: None, workspace, role: Role::Admin };
        Cx::new(caller, self.table(clients), self.schemas.clone(), self.clock.clone(), self.ids.clone())
    }

    /// One instance's replicas, in a directory of that name.
    pub(crate) fn replicas(&self, clients: &Clients, name: &str, limits: Limits) -> Replicas {
        let replicas = Replicas::new(
            self.directory.path().join(name),
            self.tables(clients),
            Files::new(clients, "files"),
            Queues::new(clients, "http://in-process.invalid/snapshots"),
            limits,
        );
        match self.plan.without {
            Some(rule) => replicas.without(rule),
            None => replicas,
        }
    }

    pub(crate) fn known(&self) -> MutexGuard<'_, BTreeMap<AnyId, Known>> {
        locked(&self.known)
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, Vec<AnyId>> {
        locked(&self.live)
    }

    pub(crate) fn fail(&self, failure: String) {
        locked(&self.failures).push(failure);
    }

    /// Whether going on makes sense: a run that has to fail may end as soon as it has.
    pub(crate) fn is_over(&self) -> bool {
        self.plan.without.is_some() && !locked(&self.failures).is_empty()
    }

    pub(crate) fn count(&self, what: &'static str, many: u64) {
        *locked(&self.counts).entry(what).or_default() += many;
    }
}

/// Late answers for everybody, so that everybody waits for everybody.
pub(crate) fn late(dice: &Dice, millis: usize) -> Fate {
    Fate::Late(dice.millis(millis))
}

/// Whether a request reads the journal without asking for consistency.
pub(crate) fn reads_journal_eventually(call: &Call) -> bool {
    let partition =
        call.request.pointer("/ExpressionAttributeValues/:pk/S").and_then(Value::as_str).unwrap_or_default();
    call.operation == "Query" && partition.ends_with("JOURNAL") && call.request["ConsistentRead"] != Value::Bool(true)
}

/// A run from an empty table to the proof.
pub(crate) async fn run(plan: Plan) -> Run {
    let world = World::new(plan);
    writers::make_stable(&world).await;
    let stream = stream::Stream::start(&world);
    stream.caught_up().await;
    let readers = readers::start(&world);
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        tasks.push(tokio::spawn(writers::write(world.clone(), writer)));
    }
    for task in tasks {
        task.await.unwrap();
    }
    readers.stop().await;
    stream.drained().await;
    prove(&world).await;
    let counts: Vec<String> = locked(&world.counts).iter().map(|(what, many)| format!("{many} {what}")).collect();
    Run { failures: std::mem::take(&mut *locked(&world.failures)), summary: counts.join(", ") }
}

/// Every instance that was there, one that starts from the last snapshot and one that starts from the catalog equal the
/// table.
async fn prove(world: &Arc<World>) {
    let clients = world.calm();
    let table = world.table(&clients);
    for name in ["reader-0", "reader-1", "reader-2", "worker", "from-snapshot", "from-catalog"] {
        if name == "from-catalog" {
            for object in world.cloud.objects() {
                world.cloud.put_object(&object, b"damaged".to_vec());
            }
        }
        let replica = world.replicas(&clients, name, Limits::worker()).open(&table, &world.clock).await.unwrap();
        let drift = tokio::time::timeout(Duration::from_secs(3600), replica.verify()).await.unwrap();
        match drift {
            Ok(drift) if drift.is_none() => world.count("records compared", drift.compared),
            Ok(drift) => world.fail(format!("{name} differs from the table: {drift:?}")),
            Err(error) => world.fail(format!("{name} could not be compared: {error:?}")),
        }
    }
}
