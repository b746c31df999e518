//! Fields that become unique, or are so no more, while records have values in them.

use kernel::AnyId;
use records::SETTLE_MS;
use schema::{Pending, finish, pending, work_on};
use serde_json::{Value, json};

use super::caches::{Processes, define};
use super::field_of;
use crate::app::Caller;

const NUMBER: &str = "/v1/schema/objects/x_project/fields/number";

/// Records with a number, one after the other.
struct Numbers {
    processes: Processes,
    me: Caller,
    ids: Vec<AnyId>,
}

impl Numbers {
    async fn start() -> Self {
        let processes = Processes::start().await;
        let me = processes.process();
        define(&me, json!({ "name": "number", "type": "text" })).await;
        Self { processes, me, ids: Vec::new() }
    }

    async fn add(&mut self, number: &str) -> String {
        let made =
            self.me.post("/v1/x_projects", json!({ "name": "A", "custom": { "number": number } })).await.expect(201);
        self.ids.push(made["id"].as_str().unwrap().parse().unwrap());
        format!("/v1/x_projects/{}", made["id"].as_str().unwrap())
    }

    async fn refused(&self, number: &str) -> String {
        self.me.post("/v1/x_projects", json!({ "name": "A", "custom": { "number": number } })).await.refused(409)
    }

    async fn set_unique(&self, unique: bool) -> Value {
        self.processes.app.drain().await;
        self.me.patch(NUMBER, json!({ "unique": unique })).await.expect(200)
    }

    /// The work that there is, a while after it was asked for.
    async fn work(&self) -> Pending {
        self.processes.clock.advance_millis(SETTLE_MS);
        let schema = self.processes.worker().schema().await.unwrap();
        pending(&schema).pop().unwrap()
    }

    /// Does it, and tells how many records are in conflict.
    async fn done(&self, work: &Pending) -> usize {
        let cx = self.processes.worker();
        let report = work_on(&cx, work, &self.ids).await.unwrap();
        let again = work_on(&cx, work, &self.ids).await.unwrap();
        assert_eq!(report, again, "doing it again does nothing");
        if report.conflicts.is_empty() {
            finish(&cx, work).await.unwrap();
        }
        report.conflicts.len()
    }

    async fn described(&self) -> (bool, bool) {
        let object = self.me.get("/v1/schema/objects/x_project").await.expect(200);
        let field = field_of(&object, "custom.number");
        (field["unique"].as_bool().unwrap(), field["unique_pending"].as_bool().unwrap())
    }

    fn guards(&self) -> usize {
        self.processes.app.items().iter().filter(|item| item.contains("\"x_project.custom.number\"")).count()
    }
}

#[tokio::test]
async fn a_field_becomes_unique_once_every_older_record_has_its_guard() {
    let mut numbers = Numbers::start().await;
    numbers.add("7").await;
    numbers.add("8").await;
    numbers.set_unique(true).await;
    assert_eq!(numbers.described().await, (true, true));
    let work = numbers.work().await;
    // Everybody knows by now, so new values are unique among themselves; older ones are not known yet.
    numbers.add("9").await;
    assert_eq!(numbers.refused("9").await, "conflict");
    let by = "/v1/x_projects/by/custom.number/7";
    assert_eq!(numbers.me.put(by, json!({ "name": "B" })).await.refused(409), "unique_pending");
    assert_eq!(numbers.done(&work).await, 0);
    assert_eq!((numbers.described().await, numbers.guards()), ((true, false), 3));
    assert_eq!(numbers.refused("7").await, "conflict");
    assert_eq!(numbers.me.put(by, json!({ "name": "B" })).await.expect(200)["id"], json!(numbers.ids[0]));
    // Somebody else has finished it: that is no mistake.
    finish(&numbers.processes.worker(), &work).await.unwrap();
}

#[tokio::test]
async fn a_value_that_was_written_twice_before_everybody_knew_is_reported_and_can_be_mended() {
    let mut numbers = Numbers::start().await;
    numbers.add("7").await;
    numbers.set_unique(true).await;
    // For a while nobody takes guards: one that were taken could be left behind by who does not know.
    let twin = numbers.add("7").await;
    assert_eq!(numbers.guards(), 0);
    let early = pending(&numbers.processes.worker().schema().await.unwrap()).pop().unwrap();
    let refused = work_on(&numbers.processes.worker(), &early, &numbers.ids).await.unwrap_err();
    assert_eq!(refused.code(), "not_settled");
    let work = numbers.work().await;
    assert_eq!(numbers.done(&work).await, 1);
    assert_eq!(numbers.described().await, (true, true), "it stays as it is");
    // The twin gives nothing back that is not its own.
    numbers.me.patch(&twin, json!({ "custom": { "number": "8" } })).await.expect(200);
    assert_eq!(numbers.refused("7").await, "conflict");
    numbers.set_unique(true).await;
    // The work goes on by itself, and finds nothing that is there twice any more.
    numbers.processes.app.drain().await;
    assert_eq!((numbers.described().await, numbers.guards()), ((true, false), 2));
}

#[tokio::test]
async fn a_field_that_is_unique_no_more_leaves_no_guard_behind() {
    let mut numbers = Numbers::start().await;
    let first = numbers.add("7").await;
    numbers.add("8").await;
    numbers.set_unique(true).await;
    let work = numbers.work().await;
    numbers.done(&work).await;
    numbers.set_unique(false).await;
    assert_eq!(numbers.described().await, (false, true));
    let twin = numbers.add("7").await;
    // A change gives the guard back, and that of another record stays where it is.
    numbers.me.patch(&twin, json!({ "custom": { "number": "6" } })).await.expect(200);
    assert_eq!(numbers.guards(), 2);
    numbers.me.patch(&first, json!({ "name": "B" })).await.expect(200);
    assert_eq!(numbers.guards(), 1);
    let busy = numbers.me.patch(NUMBER, json!({ "unique": true })).await;
    assert_eq!(busy.refused(409), "unique_pending");
    assert_eq!(numbers.me.delete(NUMBER).await.refused(409), "unique_pending");
    let work = numbers.work().await;
    assert_eq!(numbers.done(&work).await, 0);
    assert_eq!((numbers.described().await, numbers.guards()), ((false, false), 0));
}
