//! A field that becomes unique has records from before: their values are guarded by a job.

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use events::{Actor, JobRequest};
use jobs::Worker;
use kernel::{Clock, Ids};
use serde_json::{Value, json};
use table::Meter;

use super::defects::spoil;
use super::{Scene, counts, text};

/// What the worker works with, some time from now.
fn in_seconds(scene: &Scene, seconds: i64) -> api::App {
    let clock = Clock::manual();
    clock.advance_millis(Clock::System.now().as_millis() - clock.now().as_millis() + seconds * 1000);
    let schemas = records::Schemas::default();
    api::App { ids: Ids::new(clock.clone()), clock, schemas, ..scene.app.stack.app() }
}

async fn ask(app: &api::App, request: JobRequest) {
    let mut message = SqsMessage::default();
    message.message_id = Some("1".to_owned());
    message.body = Some(serde_json::to_string(&request).unwrap());
    let mut event = SqsEvent::default();
    event.records = vec![message];
    let response = Box::pin(Worker::default().handle(app, event)).await;
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
}

/// Makes a field of contacts unique, and lets its job run when it may.
async fn made_unique(scene: &Scene) -> Value {
    ask_for_unique(scene).await;
    settled(scene).await
}

async fn ask_for_unique(scene: &Scene) {
    let path = "/v1/schema/objects/contact/fields/badge";
    scene.me.patch(path, json!({ "unique": true })).await.expect(200);
}

/// Lets the job of a field that becomes unique run when it may.
async fn settled(scene: &Scene) -> Value {
    scene.app.drain().await;
    let listed = scene.me.get("/v1/jobs?kind=make_unique").await.expect(200);
    assert_eq!(listed["data"].as_array().unwrap().len(), 1, "one job, though its message may come twice");
    let job = listed["data"][0].clone();
    assert_eq!(job["state"], "waiting", "not everybody knows yet");
    let made = scene.me.made.as_ref().unwrap();
    let app = in_seconds(scene, 100);
    let by = Actor { user: made.user, api_key: None };
    ask(&app, JobRequest::SettleSchema { workspace: made.workspace, by }).await;
    ask(&app, JobRequest::GoOn { workspace: made.workspace, job: text(&job["id"]).parse().unwrap(), version: 1 }).await;
    let listed = scene.me.get("/v1/jobs?kind=make_unique&count=exact").await.expect(200);
    assert_eq!(listed["count"], 1);
    scene.finished(&job).await
}

async fn scene() -> Scene {
    let scene = Scene::with(5).await;
    let field = json!({ "name": "badge", "type": "text" });
    scene.me.post("/v1/schema/objects/contact/fields", field).await.expect(201);
    for number in 0..4 {
        scene.me.patch(&scene.path(number), json!({ "custom": { "badge": format!("b{number}") } })).await.expect(200);
    }
    scene
}

#[tokio::test]
async fn values_from_before_are_guarded_and_then_found_by() {
    let scene = scene().await;
    let job = made_unique(&scene).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [5, 5, 4, 0, 0]), "{job:#}");
    let taken = scene.me.post("/v1/contacts", json!({ "first_name": "X", "custom": { "badge": "b2" } })).await;
    assert_eq!(taken.refused(409), "conflict");
    let found = scene.me.put("/v1/contacts/by/custom.badge/b2", json!({ "city": "Ulm" })).await.expect(200);
    assert_eq!(found["id"], json!(scene.ids[2]));
}

#[tokio::test]
async fn who_has_the_same_value_is_told() {
    let scene = scene().await;
    let twin = json!({ "custom": { "badge": "b1" } });
    scene.me.patch(&scene.path(4), twin.clone()).await.expect(200);
    let answer = scene.me.patch("/v1/schema/objects/contact/fields/badge", json!({ "unique": true })).await;
    assert_eq!(answer.refused(409), "not_unique", "what is known to be there twice is told at once");
    scene.me.patch(&scene.path(4), json!({ "custom": { "badge": null } })).await.expect(200);
    scene.app.drain().await;
    ask_for_unique(&scene).await;
    // Nobody takes guards before everybody knows, so until then nothing stops this.
    scene.me.patch(&scene.path(4), twin).await.expect(200);
    let job = settled(&scene).await;
    assert_eq!(counts(&job), [5, 5, 4, 0, 1]);
    let errors = scene.errors(&job).await;
    assert_eq!(errors.len(), 1);
    assert!(errors[0].0 == scene.ids[1] || errors[0].0 == scene.ids[4], "{errors:?}");
    assert_eq!((errors[0].1.as_str(), errors[0].2.as_deref()), ("conflict", Some("custom.badge")));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_keeps_no_other_from_being_guarded() {
    let scene = scene().await;
    ask_for_unique(&scene).await;
    let workspace = scene.me.made.as_ref().unwrap().workspace;
    let table = scene.app.stack.app().tables.workspace(workspace, Meter::default());
    spoil(&table, &scene.ids[1]).await;
    let job = settled(&scene).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [5, 5, 3, 0, 1]), "{job:#}");
    assert_eq!(scene.errors(&job).await, [(scene.ids[1].clone(), "internal".to_owned(), None)]);
    let described = scene.me.get("/v1/schema/objects/contact").await.expect(200);
    let badge = described["fields"].as_array().unwrap().iter().find(|field| field["path"] == "custom.badge").unwrap();
    assert_eq!(badge["unique_pending"], true, "its value may be there twice");
}
