//! Jobs and undos that are cancelled while a worker is at them: whatever it still does, an undo leaves nothing of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_lambda_events::event::sqs::SqsEvent;
use http::Method;
use jobs::Worker;
use serde_json::{Value, json};
use testkit::Fate;
use tokio::sync::Notify;

use super::killed::{Rig, killed_at};
use super::text;

/// Of the requests about a merge every fifth one is met: each time adds to the histories that the next one reads. An odd number,
/// so that they are met before and after they are carried out.
const STRIDE: u64 = 5;

/// Companies of which two become part of the first: both have the same link, and somebody works for one of them.
struct Firm {
    rig: Rig,
    companies: Vec<String>,
}

impl Firm {
    async fn found() -> Self {
        let rig = Rig::with(2).await;
        let mut companies = Vec::new();
        for name in ["Left", "Gone", "Lost", "Other"] {
            companies.push(text(&rig.me.post("/v1/companies", json!({ "name": name })).await.expect(201)["id"]));
        }
        for (contact, company) in [(0, 1), (1, 2)] {
            let path = format!("/v1/contacts/{}", rig.ids[contact]);
            rig.me.patch(&path, json!({ "company_id": companies[company] })).await.expect(200);
            let link = format!("/v1/companies/{}/links/company/{}?label=partner", companies[company], companies[3]);
            rig.me.send(Method::PUT, &link, &[], None).await.expect(201);
        }
        rig.drain().await;
        Self { rig, companies }
    }

    /// Starts a merge. Answers its job.
    async fn merge(&self) -> Value {
        let path = format!("/v1/companies/{}/merge", self.companies[0]);
        let merged = self.rig.me.post(&path, json!({ "others": self.companies[1..3] })).await.expect(200);
        json!({ "id": merged["job"] })
    }

    /// Everything that a merge may touch, without what every write changes.
    async fn state(&self) -> Vec<Value> {
        let mut state = self.rig.state().await;
        for company in &self.companies {
            let path = format!("/v1/companies/{company}");
            state.push(settled(self.rig.me.get(&path).await.expect(200)));
            let links = self.rig.me.get(&format!("{path}/links")).await.column("id");
            state.push(json!(links));
        }
        state
    }
}

impl Rig {
    async fn undo(&self, job: &Value) -> Value {
        self.me.post(&format!("/v1/jobs/{}/undo", text(&job["id"])), json!({})).await.expect(202)
    }

    /// Cancels a job. `false` when it is finished.
    async fn cancel(&self, job: &Value) -> bool {
        let answer = self.me.post(&format!("/v1/jobs/{}/cancel", text(&job["id"])), json!({})).await;
        if answer.status.as_u16() == 409 {
            return false;
        }
        answer.expect(200);
        true
    }

    /// Every contact, without what every write changes.
    async fn state(&self) -> Vec<Value> {
        let mut state = Vec::new();
        for id in &self.ids {
            state.push(settled(self.me.get(&format!("/v1/contacts/{id}")).await.expect(200)));
        }
        state
    }

    /// Undoes a job to its end.
    async fn undone(&self, job: &Value) {
        let undo = self.undo(job).await;
        self.drain().await;
        let undo = self.job(&undo).await;
        let left = json!([undo["state"], undo["counts"]["kept"], undo["counts"]["failed"]]);
        assert_eq!(left, json!(["done", 0, 0]), "{undo:#}");
    }

    /// Cancels a job while its worker waits for the answer to its n-th request, undoes it, and lets the worker go on then.
    /// `false` when the worker was finished before.
    async fn undone_under_the_worker(&self, job: &Value, event: SqsEvent, number: u64) -> bool {
        let waits = Arc::new(Notify::new());
        let (count, tell) = (AtomicU64::new(0), waits.clone());
        self.faults.hook(move |_| {
            if count.fetch_add(1, Ordering::SeqCst) + 1 != number {
                return Fate::Pass;
            }
            tell.notify_one();
            Fate::Late(Duration::from_millis(1))
        });
        let (app, worker) = (self.app(), Worker::default());
        let mut work = Box::pin(worker.handle(&app, event));
        let waits = tokio::select! {
            () = waits.notified() => true,
            response = &mut work => {
                assert!(response.batch_item_failures.is_empty());
                false
            }
        };
        if waits {
            let was_cancelled = self.cancel(job).await;
            self.undone(job).await;
            let response = work.await;
            assert!(response.batch_item_failures.is_empty() || !was_cancelled, "{number}");
        } else {
            self.undone(job).await;
        }
        self.faults.heal();
        waits
    }
}

fn settled(mut record: Value) -> Value {
    for own in ["version", "updated_at", "updated_by"] {
        record.as_object_mut().unwrap().remove(own);
    }
    record
}

#[tokio::test]
async fn an_undo_leaves_nothing_of_what_the_worker_of_a_cancelled_job_still_does() {
    let rig = Rig::with(3).await;
    let before = rig.state().await;
    let mut number = 1;
    loop {
        let job = rig.start(json!({ "ids": rig.ids, "change": { "city": "Ulm" } })).await;
        let event = rig.message(&job).await;
        let waited = Box::pin(rig.undone_under_the_worker(&job, event, number)).await;
        assert_eq!(rig.state().await, before, "cancelled at {number}");
        if !waited {
            break;
        }
        number += 1;
    }
    assert!(number > 10, "the worker was met {number} times");
}

#[tokio::test]
async fn an_undo_leaves_nothing_of_what_the_worker_of_a_cancelled_merge_still_does() {
    let firm = Firm::found().await;
    let before = firm.state().await;
    let mut number = 1;
    loop {
        let job = firm.merge().await;
        let event = firm.rig.message(&job).await;
        let waited = Box::pin(firm.rig.undone_under_the_worker(&job, event, number)).await;
        assert_eq!(firm.state().await, before, "cancelled at {number}");
        if !waited {
            break;
        }
        number += STRIDE;
    }
    assert!(number > 20, "the worker was met {number} times");
}

#[tokio::test]
async fn an_undo_of_a_merge_that_is_cancelled_anywhere_is_finished_by_the_next_one() {
    let firm = Firm::found().await;
    let before = firm.state().await;
    let mut number = 1;
    loop {
        let job = firm.merge().await;
        firm.rig.drain().await;
        let undo = firm.rig.undo(&job).await;
        let event = firm.rig.message(&undo).await;
        killed_at(&firm.rig, event, number, number % 2 == 0).await;
        let was_cancelled = firm.rig.cancel(&undo).await;
        if was_cancelled {
            firm.rig.undone(&job).await;
        }
        assert_eq!(firm.state().await, before, "cancelled at {number}");
        if !was_cancelled {
            break;
        }
        number += STRIDE;
    }
    assert!(number > 15, "the undo was met {number} times");
}
