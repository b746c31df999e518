//! Somebody who edits many records at once and takes that back, and the worker who does it: killed, started anew, with the same
//! message twice. It also does what follows from merges, and takes those back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use events::JobRequest;
use http::Method;
use jobs::Worker;
use kernel::{AnyId, Id, kinds};
use records::Job;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::dice::{Dice, mortal};
use super::world::World;
use super::writers::NAMES;

/// How many records an edit names at most.
const NAMED: usize = 40;

/// The one who starts jobs, and the worker.
#[derive(Debug)]
pub(crate) struct Jobs {
    stop: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Jobs {
    pub(crate) fn start(world: &Arc<World>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(work(world.clone(), stop.clone()));
        Self { stop, task }
    }

    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap();
    }
}

async fn work(world: Arc<World>, stop: Arc<AtomicBool>) {
    let dice = Dice::new(world.plan.seed, 950);
    while !stop.load(Ordering::SeqCst) && !world.is_over() {
        tokio::time::sleep(dice.millis(5000)).await;
        let job = match dice.below(10) {
            0..4 => asked(&world, "bulk edits", "/v1/contacts/bulk", edit(&world, &dice)).await,
            // What follows from a merge waits for somebody to do it.
            4..7 => one_of(&world, &dice),
            _ => match one_of(&world, &dice) {
                Some(job) => asked(&world, "undoes", &format!("/v1/jobs/{job}/undo"), json!({})).await,
                None => None,
            },
        };
        if let Some(job) = job {
            done(&world, &dice, job).await;
        }
    }
}

/// A job that was started before, of an edit or of a merge.
fn one_of(world: &World, dice: &Dice) -> Option<Id<kinds::Job>> {
    let jobs = world.jobs();
    jobs.get(dice.below(jobs.len())).copied()
}

/// An edit of some records by their ids, or of those that a filter finds. None of those that keep their place is archived.
fn edit(world: &World, dice: &Dice) -> Value {
    if dice.percent(30) {
        let filter = json!({ "field": "last_name", "op": "starts_with", "value": format!("{}-00", dice.pick(&NAMES)) });
        return json!({ "filter": filter, "change": { "country": dice.pick(&["DE", "TR", "JP"]) } });
    }
    let known = world.known();
    let ids: Vec<AnyId> =
        known.iter().filter(|(id, known)| id.prefix().as_str() == "con" && !known.stable).map(|(id, _)| *id).collect();
    let from = dice.below(ids.len());
    let some: Vec<AnyId> = ids.iter().skip(from).take(1 + dice.below(NAMED)).copied().collect();
    match dice.below(4) {
        0 => json!({ "ids": some, "archive": true }),
        1 => json!({ "ids": some, "restore": true }),
        2 => json!({ "ids": some, "add_tags": ["moved"], "remove_tags": ["gold"] }),
        _ => json!({ "ids": some, "change": { "job_title": dice.pick(&NAMES), "birthday": null } }),
    }
}

/// Asks for a job.
async fn asked(world: &World, what: &'static str, path: &str, body: Value) -> Option<Id<kinds::Job>> {
    let (status, answer) = world.ask(Method::POST, path, body.clone()).await;
    match status {
        202 => {
            world.count(what, 1);
            let job = answer["id"].as_str().unwrap().parse().unwrap();
            world.jobs().push(job);
            Some(job)
        }
        // Undone before, under way, nothing found, the journal is late.
        400..500 | 503 => None,
        _ => {
            world.fail(format!("{path} {body}: {status} {answer}"));
            None
        }
    }
}

/// Gives a worker the job's message until the job is finished. Most workers are killed on their way; some jobs are left.
async fn done(world: &World, dice: &Dice, job: Id<kinds::Job>) {
    let table = world.table(&world.calm());
    let mut worker = Worker::default();
    for _ in 0..1 + dice.below(12) {
        match Job::find(&table, job).await {
            Ok(Some(job)) if !job.state.is_finished() => {}
            Ok(_) => return world.count("jobs finished", 1),
            Err(error) => return world.fail(format!("a job cannot be read: {error:?}")),
        }
        let lives = if dice.percent(60) { 1 + dice.below(60) } else { usize::MAX };
        let app = world.app("worker-of-jobs");
        let answered = mortal(lives, worker.handle(&app, message(world, job))).await;
        if answered.is_none() {
            world.count("workers of jobs killed", 1);
            worker = Worker::default();
        }
    }
}

fn message(world: &World, job: Id<kinds::Job>) -> SqsEvent {
    let mut message = SqsMessage::default();
    let request = JobRequest::GoOn { workspace: world.workspace, job, version: 1 };
    message.message_id = Some("1".to_owned());
    message.body = Some(serde_json::to_string(&request).unwrap());
    let mut batch = SqsEvent::default();
    batch.records.push(message);
    batch
}
