//! Files of several parts: written whole, whatever becomes of those who write them.

use serde_json::{Value, json};

use super::exports::fetched;
use super::killed::{Rig, killed_at};
use super::{counts, text};

/// Records of 140 KB as they are shown: together they are two parts of a file.
const MANY: usize = 60;
/// How many formulas a record is made large with. What is stored of all of them is read at once.
const FORMULAS: usize = 14;

async fn rig() -> Rig {
    let rig = Rig::with(0).await;
    let expression = format!("concat({})", ["custom.notes"; 10].join(", "));
    let formula = |number| json!({ "name": format!("copies{number}"), "type": "formula", "expression": expression });
    let notes = json!({ "name": "notes", "type": "long_text" });
    for field in std::iter::once(notes).chain((0..FORMULAS).map(formula)) {
        rig.me.post("/v1/schema/objects/contact/fields", field).await.expect(201);
    }
    for number in 0..MANY {
        let body = json!({ "first_name": format!("Person {number}"), "custom": { "notes": "e".repeat(1_000) } });
        rig.me.post("/v1/contacts", body).await.expect(201);
    }
    rig.drain().await;
    rig
}

async fn started(rig: &Rig) -> Value {
    rig.me.post("/v1/exports", json!({ "object": "contact", "format": "jsonl" })).await.expect(202)
}

/// The names of the people in a job's file, in their order.
async fn people(rig: &Rig, job: &Value) -> Vec<String> {
    let listed = rig.me.get(&format!("/v1/jobs/{}/files", text(&job["id"]))).await.expect(200);
    let (parts, bytes) = fetched(rig.router(), listed["data"][0]["url"].as_str().unwrap()).await;
    assert_eq!((parts.status.as_u16(), Some(bytes.len() as u64)), (200, listed["data"][0]["bytes"].as_u64()));
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| text(&serde_json::from_slice::<Value>(line).unwrap()["first_name"])).collect()
}

fn everybody() -> Vec<String> {
    (0..MANY).map(|number| format!("Person {number}")).collect()
}

#[tokio::test]
async fn a_worker_that_is_killed_anywhere_loses_and_doubles_no_line() {
    let rig = rig().await;
    let mut deaths = 0;
    for number in 1.. {
        let job = started(&rig).await;
        let event = rig.message(&job).await;
        let killed = killed_at(&rig, event.clone(), number, number % 2 == 0).await;
        let job = rig.carried_out(&job, event).await;
        let many = MANY as u64;
        assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [many, many, 0, 0, 0]), "killed at {number}");
        assert_eq!(people(&rig, &job).await, everybody(), "killed at {number}");
        if !killed {
            break;
        }
        deaths += 1;
    }
    assert!(deaths > 12, "the worker died only {deaths} times");
}

#[tokio::test]
async fn two_workers_with_the_same_message_write_one_file() {
    let rig = rig().await;
    let job = started(&rig).await;
    let event = rig.message(&job).await;
    // Who has lost a step to the other has nothing to do but to let it go on.
    rig.at_once(&job, &event).await;
    assert_eq!(people(&rig, &rig.carried_out(&job, event).await).await, everybody());
}
