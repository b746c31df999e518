//! Workers that are killed, and workers that get the same message: nothing is done twice, nothing is left out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use cloud::Queues;
use events::JobRequest;
use jobs::Worker;
use local::{Config, Stack};
use serde_json::{Value, json};
use testkit::{Cloud, Fate, Faults};
use tokio::sync::Notify;

use super::{counts, text};
use crate::app::Caller;

/// How many turns a job has at most, of ten seconds each.
const MOST_TURNS: usize = 30;

/// A workspace whose worker is run by the test, with faults between it and the table.
pub(crate) struct Rig {
    stack: Stack,
    pub(crate) me: Caller,
    pub(crate) faults: Faults,
    pub(crate) ids: Vec<String>,
    _directory: tempfile::TempDir,
}

impl Rig {
    pub(crate) async fn with(contacts: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let stack = Stack::start(&Config::quiet(directory.path())).await.unwrap();
        let me = Caller::on(stack.router(), stack.api_key());
        let faults = Faults::new(stack.parts().http.clone());
        let mut ids = Vec::new();
        for number in 0..contacts {
            let body = json!({ "first_name": format!("Person {number}"), "email": format!("p{number}@example.com") });
            ids.push(text(&me.post("/v1/contacts", body).await.expect(201)["id"]));
        }
        stack.drain().await.unwrap();
        Self { stack, me, faults, ids, _directory: directory }
    }

    /// What functions work with, behind the faults. All of them have the same disk: one works after the other.
    pub(crate) fn app(&self) -> api::App {
        let clients = cloud::Clients::in_process(self.faults.http_client());
        let app = self.stack.app();
        api::App { tables: table::Tables::new(&clients, local::TABLE), schemas: records::Schemas::default(), ..app }
    }

    /// A queue of its own, in which a worker asks itself to go on.
    fn queue(&self) -> (Cloud, Queues) {
        let queue = Cloud::new(self.faults.http_client());
        let clients = cloud::Clients::in_process(queue.http_client());
        (queue, Queues::new(&clients, "snapshots").with_jobs("jobs"))
    }

    /// A job after a turn: it is finished, or somebody was asked to go on with it.
    async fn after_turn(&self, job: &Value, queue: &Cloud) -> Value {
        let job = self.job(job).await;
        let id = text(&job["id"]);
        let is_asked = queue.take_messages().iter().any(|message| message.contains(&id));
        assert!(is_finished(&job) || is_asked, "nobody goes on with {job:#}");
        job
    }

    /// Two instances get the same message at the same time, each with a disk of its own, as in Lambda. Neither fails.
    pub(super) async fn at_once(&self, job: &Value, event: &SqsEvent) {
        let (queue, queues) = self.queue();
        let instance = |name| {
            let app = self.app();
            let replica_dir = app.replica_dir.join(name);
            (Worker::default(), api::App { replica_dir, queues: queues.clone(), ..app })
        };
        let (one, two) = (instance("one"), instance("two"));
        let (first, second) =
            tokio::join!(Box::pin(one.0.handle(&one.1, event.clone())), Box::pin(two.0.handle(&two.1, event.clone())));
        assert!(first.batch_item_failures.is_empty() && second.batch_item_failures.is_empty());
        self.after_turn(job, &queue).await;
    }

    /// Lets another worker carry a job out to its end. Where the machine is slow that takes more than one turn, each of which has
    /// to ask for the next.
    pub(crate) async fn carried_out(&self, job: &Value, event: SqsEvent) -> Value {
        let (queue, queues) = self.queue();
        for _ in 0..MOST_TURNS {
            let app = api::App { queues: queues.clone(), ..self.app() };
            let response = Box::pin(Worker::default().handle(&app, event.clone())).await;
            assert!(response.batch_item_failures.is_empty());
            let job = self.after_turn(job, &queue).await;
            if is_finished(&job) {
                return job;
            }
        }
        panic!("the job does not end");
    }

    pub(crate) async fn start(&self, body: Value) -> Value {
        self.me.post("/v1/contacts/bulk", body).await.expect(202)
    }

    /// The message that a job's worker gets.
    pub(crate) async fn message(&self, job: &Value) -> SqsEvent {
        message(&self.me, job).await
    }

    /// What people's port serves.
    pub(super) fn router(&self) -> axum::Router {
        self.stack.router()
    }

    /// Carries streams and queues until nothing is left to do.
    pub(crate) async fn drain(&self) {
        self.stack.drain().await.unwrap();
    }

    pub(crate) async fn job(&self, job: &Value) -> Value {
        self.me.get(&format!("/v1/jobs/{}", text(&job["id"]))).await.expect(200)
    }

    async fn versions(&self) -> Vec<u64> {
        let mut versions = Vec::new();
        for id in &self.ids {
            versions.push(self.me.get(&format!("/v1/contacts/{id}")).await.expect(200)["version"].as_u64().unwrap());
        }
        versions
    }
}

fn is_finished(job: &Value) -> bool {
    !["waiting", "running"].contains(&job["state"].as_str().unwrap())
}

/// The message that a job's worker gets.
pub(crate) async fn message(me: &Caller, job: &Value) -> SqsEvent {
    let workspace = text(&me.get("/v1/me").await.expect(200)["workspace"]["id"]).parse().unwrap();
    // A merge answers its job's id alone: a new job has the version 1.
    let version = job["version"].as_u64().unwrap_or(1);
    let request = JobRequest::GoOn { workspace, job: text(&job["id"]).parse().unwrap(), version };
    let mut message = SqsMessage::default();
    message.message_id = Some("1".to_owned());
    message.body = Some(serde_json::to_string(&request).unwrap());
    let mut event = SqsEvent::default();
    event.records = vec![message];
    event
}

/// Kills a worker at its n-th request, before or after that one is carried out. Whether it got so far.
pub(crate) async fn killed_at(rig: &Rig, event: SqsEvent, number: u64, carried_out: bool) -> bool {
    let killed = Arc::new(Notify::new());
    let (count, tell) = (AtomicU64::new(0), killed.clone());
    // Nothing of it happens later: in truth its message comes again when it is long gone.
    let is_dead = async { if carried_out { rig.faults.vanished().await } else { killed.notified().await } };
    rig.faults.hook(move |_| {
        if count.fetch_add(1, SeqCst) + 1 < number {
            return Fate::Pass;
        }
        tell.notify_one();
        if carried_out { Fate::Vanish } else { Fate::Freeze }
    });
    let (app, worker) = (rig.app(), Worker::default());
    let outcome = tokio::select! {
        () = is_dead => true,
        response = Box::pin(worker.handle(&app, event)) => {
            assert!(response.batch_item_failures.is_empty());
            false
        }
    };
    rig.faults.heal();
    outcome
}

#[tokio::test]
async fn a_worker_that_is_killed_anywhere_changes_and_counts_each_record_once() {
    let rig = Rig::with(6).await;
    let (mut number, mut expected) = (1, vec![1; 6]);
    let mut deaths = 0;
    // Steps of different lengths, so that every request of the worker is met before it ends, and the test does too.
    loop {
        let tag = format!("t{number}");
        let job = rig.start(json!({ "filter": { "field": "first_name", "op": "starts_with", "value": "Person" }, "change": { "city": tag } })).await;
        let event = rig.message(&job).await;
        let killed = killed_at(&rig, event.clone(), number, number % 2 == 0).await;
        // Meanwhile somebody changes what the worker may have been through already: it must not be changed back.
        let interfered =
            rig.me.patch(&format!("/v1/contacts/{}", rig.ids[0]), json!({ "city": "Jena" })).await.expect(200);
        let job = rig.carried_out(&job, event).await;
        assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [6, 6, 6, 0, 0]), "killed at {number}");
        let versions = rig.versions().await;
        expected.iter_mut().for_each(|version| *version += 1);
        expected[0] = interfered["version"].as_u64().unwrap().max(versions[0]);
        assert_eq!(versions, expected, "killed at {number}");
        // The first one was changed by the job once: before or after the other's change.
        let history = rig.me.get(&format!("/v1/contacts/{}/history", rig.ids[0])).await.expect(200);
        let by_job = history["data"].as_array().unwrap().iter().filter(|event| event["job"] == job["id"]).count();
        assert_eq!(by_job, 1, "killed at {number}");
        if !killed {
            break;
        }
        deaths += 1;
        number += 1;
    }
    assert!(deaths > 24, "the worker died only {deaths} times");
}

#[tokio::test]
async fn a_message_that_comes_again_is_sent_anew_when_its_job_has_got_on() {
    let rig = Rig::with(6).await;
    let job = rig.start(json!({ "ids": rig.ids, "change": { "city": "Ulm" } })).await;
    let first = rig.message(&job).await;
    let mut at = 1;
    let reached = loop {
        assert!(killed_at(&rig, first.clone(), at, true).await, "the job ended before it got on");
        at += 1;
        let now = rig.job(&job).await;
        if now["version"] != job["version"] {
            break now;
        }
    };
    let (queue, queues) = rig.queue();
    let again = |message: &SqsEvent| {
        let mut event = message.clone();
        event.records[0].attributes.insert("ApproximateReceiveCount".to_owned(), "5".to_owned());
        (Worker::default(), api::App { queues: queues.clone(), ..rig.app() }, event)
    };
    let (worker, app, event) = again(&first);
    assert!(Box::pin(worker.handle(&app, event)).await.batch_item_failures.is_empty());
    // It is not lost with the message: there is a new one, which may be given to as many workers again.
    let sent = queue.take_messages();
    let [sent] = sent.as_slice() else { panic!("{sent:?}") };
    let second = rig.message(&reached).await;
    assert_eq!(Some(sent), second.records[0].body.as_ref(), "the same with the version that the job has now");
    assert_eq!(rig.job(&job).await, reached, "nothing is done on the word of the old one");
    // What comes again to a job that stands still is worked on, and given up in the end: it is not sent anew before a step.
    let (worker, app, event) = again(&second);
    assert!(Box::pin(worker.handle(&app, event)).await.batch_item_failures.is_empty());
    let stepped = rig.after_turn(&job, &queue).await;
    assert_ne!(stepped["version"], reached["version"], "a step was taken");
    let ended = rig.carried_out(&job, second).await;
    assert_eq!((text(&ended["state"]), counts(&ended)), ("done".into(), [6, 6, 6, 0, 0]));
    assert_eq!(rig.versions().await, vec![2; 6]);
}

#[tokio::test]
async fn two_workers_with_the_same_message_do_the_work_of_one() {
    let rig = Rig::with(30).await;
    let job = rig.start(json!({ "ids": rig.ids, "change": { "city": "Ulm" } })).await;
    let event = rig.message(&job).await;
    rig.at_once(&job, &event).await;
    let job = rig.carried_out(&job, event).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [30, 30, 30, 0, 0]));
    assert_eq!(rig.versions().await, vec![2; 30]);
}

#[tokio::test]
async fn a_table_that_does_not_answer_fails_the_message_and_not_the_job() {
    let rig = Rig::with(2).await;
    let job = rig.start(json!({ "ids": rig.ids, "change": { "city": "Ulm" } })).await;
    let event = rig.message(&job).await;
    rig.faults.hook(|call| match call.operation.as_str() {
        "TransactWriteItems" => Fate::Refuse(400, "ThrottlingException"),
        _ => Fate::Pass,
    });
    let response = Box::pin(Worker::default().handle(&rig.app(), event.clone())).await;
    assert_eq!(response.batch_item_failures.len(), 1);
    rig.faults.heal();
    assert_ne!(rig.job(&job).await["state"], "failed");
    assert_eq!(counts(&rig.carried_out(&job, event).await), [2, 2, 2, 0, 0]);
}
