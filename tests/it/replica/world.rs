//! A whole Rapport in one process, and everything that can happen to it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use api::{App, Authorize};
use auth::Caller;
use axum::Router;
use cloud::{Clients, Files, Queues};
use http::Method;
use identity::FirstUser;
use kernel::{AnyId, Clock, Id, Ids, Version, kinds};
use records::{Cx, Schemas};
use replica::{Limits, Replicas, Rule};
use serde_json::Value;
use table::{Meter, Tables, TenantTable};
use tempfile::TempDir;
use testkit::{Call, Cloud, Engine, Fate, Faults};

use super::definitions::{Definer, define_first};
use super::dice::Dice;
use super::jobs::Jobs;
use super::{readers, stream, writers};
use crate::app;

const TABLE: &str = "rapport";
const QUEUE: &str = "http://in-process.invalid/snapshots";
pub(crate) const WRITERS: u64 = 4;
/// Records that keep their family name and never leave the list.
pub(crate) const STABLE: usize = 200;
/// How many writes are remembered to be read again.
const RECENT: usize = 40;

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
    /// Somebody has begun to make it part of another one, now or before that was taken back.
    pub(crate) merged: bool,
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
    /// Records that were written to last.
    recent: Mutex<VecDeque<AnyId>>,
    /// The jobs of bulk edits, of merges, and of what takes them back.
    jobs: Mutex<Vec<Id<kinds::Job>>>,
    schemas: Schemas,
    /// An administrator who asks capabilities over HTTP.
    at_schema: app::Caller,
    at_jobs: app::Caller,
    failures: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a capability works with: connections that nothing happens to, and a directory of that name.
fn app_of(cloud: &Cloud, clock: &Clock, ids: &Ids, directory: &TempDir, name: &str) -> App {
    let clients = Clients::in_process(cloud.http_client());
    App {
        tables: Tables::new(&clients, TABLE),
        schemas: Schemas::default(),
        queues: Queues::new(&clients, QUEUE),
        files: Files::new(&clients, "files"),
        clock: clock.clone(),
        ids: ids.clone(),
        issuer: None,
        sign_up: Default::default(),
        limits: api::Limits::default(),
        authorize: Authorize::Inline,
        notes: api::Notes::default(),
        replica_dir: directory.path().join(name),
    }
}

impl World {
    async fn new(plan: Plan) -> Arc<Self> {
        let engine = Engine::memory().unwrap();
        engine.create_table(TABLE).unwrap();
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), plan.seed);
        let cloud = Cloud::new(engine.http_client());
        cloud.drop_tokens();
        let tables = Tables::new(&Clients::in_process(cloud.http_client()), TABLE);
        let first = FirstUser { name: "Ada Admin".to_owned(), email: "ada@example.com".to_owned() };
        let made = identity::bootstrap(&tables, &clock, &ids, "north", &first).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let app = |name: &str| app_of(&cloud, &clock, &ids, &directory, name);
        let by_administrator = |router: Router| app::Caller::on(router, made.secret.reveal());
        let schema = by_administrator(schema::router(app("schema")));
        let jobs = by_administrator(jobs::router(app("jobs")));
        Arc::new(Self {
            plan,
            cloud,
            engine,
            workspace: made.workspace,
            user: made.user,
            clock,
            ids,
            directory,
            known: Mutex::default(),
            live: Mutex::default(),
            recent: Mutex::default(),
            jobs: Mutex::default(),
            schemas: Schemas::default(),
            at_schema: schema,
            at_jobs: jobs,
            failures: Mutex::default(),
            counts: Mutex::default(),
        })
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
        let caller = Caller { user, api_key: None, workspace };
        Cx::new(
            caller,
            records::Rights::everything(user),
            self.table(clients),
            self.schemas.clone(),
            self.clock.clone(),
            self.ids.clone(),
        )
    }

    /// One instance's replicas, in a directory of that name.
    pub(crate) fn replicas(&self, clients: &Clients, name: &str, limits: Limits) -> Replicas {
        let replicas = Replicas::new(
            self.directory.path().join(name),
            self.tables(clients),
            Files::new(clients, "files"),
            Queues::new(clients, QUEUE),
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

    /// What a capability works with in a directory of that name, with connections that nothing happens to.
    pub(crate) fn app(&self, name: &str) -> App {
        app_of(&self.cloud, &self.clock, &self.ids, &self.directory, name)
    }

    /// The jobs that were started so far.
    pub(crate) fn jobs(&self) -> MutexGuard<'_, Vec<Id<kinds::Job>>> {
        locked(&self.jobs)
    }

    /// One of the records whose ids have a prefix, that nobody has begun to erase.
    pub(crate) fn one_of(&self, prefix: &str, dice: &Dice) -> Option<AnyId> {
        let live = self.live();
        let some: Vec<AnyId> =
            live.iter().rev().filter(|id| id.prefix().as_str() == prefix).take(50).copied().collect();
        some.get(dice.below(some.len())).copied()
    }

    /// Remembers what was acknowledged of a record: its version, and whether it was erased.
    pub(crate) fn saw(&self, id: AnyId, version: Version, erased: bool) {
        let (mut live, mut known) = (self.live(), self.known());
        if !known.contains_key(&id) {
            live.push(id);
        }
        let known = known.entry(id).or_default();
        known.version = known.version.max(version);
        known.erased |= erased;
        let mut recent = locked(&self.recent);
        recent.push_back(id);
        if recent.len() > RECENT {
            recent.pop_front();
        }
    }

    /// The records that were written to last, each as often as it was.
    pub(crate) fn recent(&self) -> Vec<AnyId> {
        locked(&self.recent).iter().copied().collect()
    }

    /// Asks a capability over HTTP, as an administrator.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let body = Some(body).filter(|body| !body.is_null());
        let capability = if path.starts_with("/v1/schema") { &self.at_schema } else { &self.at_jobs };
        let answer = capability.send(method, path, &[], body).await;
        (answer.status.as_u16(), answer.body)
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
    let world = World::new(plan).await;
    define_first(&world).await;
    writers::make_stable(&world).await;
    let stream = stream::Stream::start(&world);
    stream.caught_up().await;
    let readers = readers::start(&world);
    let (definer, jobs) = (Definer::start(&world), Jobs::start(&world));
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        tasks.push(tokio::spawn(writers::write(world.clone(), writer)));
    }
    for task in tasks {
        task.await.unwrap();
    }
    definer.stop().await;
    jobs.stop().await;
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
