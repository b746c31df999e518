//! The samples of `events/`: each is what its trigger sends, and its function takes it, on a stack of its own.

use std::collections::BTreeSet;

use aws_lambda_events::event::apigw::{ApiGatewayV2CustomAuthorizerV2Request, ApiGatewayV2httpRequest};
use aws_lambda_events::event::cloudwatch_events::CloudWatchEvent;
use aws_lambda_events::event::dynamodb;
use aws_lambda_events::event::sqs::SqsEvent;
use axum::Router;
use http::StatusCode;
use http_body_util::BodyExt;
use lambda_http::request::LambdaRequest;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt;

use super::{path, text};
use crate::app::App;

fn sample<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&text(&format!("events/{name}"))).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The workspace of the samples.
fn workspace() -> kernel::Id<kernel::kinds::Workspace> {
    "wsp_019b76daa8007838a5822a6f9e62da21".parse().unwrap()
}

#[tokio::test]
async fn no_sample_is_forgotten() {
    let known = [
        "authorizer.json",
        "http-create-contact.json",
        "http-list-contacts.json",
        "http-openapi.json",
        "http-read-contact.json",
        "queue-jobs.json",
        "queue-mail.json",
        "queue-snapshots.json",
        "schedule-scheduler.json",
        "stream-journal.json",
        "stream-relay.json",
    ];
    let files: BTreeSet<String> = std::fs::read_dir(path("events"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".json"))
        .collect();
    assert_eq!(files, known.map(str::to_owned).into(), "a sample that no test here parses");
    let page = text("events/README.md");
    for name in files {
        assert!(page.contains(&format!("`{name}`")), "events/README.md does not say what {name} is");
    }
}

/// Sends an event to a function as the Lambda runtime does.
async fn sent(router: Router, name: &str) -> (StatusCode, Value) {
    let event: ApiGatewayV2httpRequest = sample(name);
    let request: http::Request<lambda_http::Body> = LambdaRequest::ApiGatewayV2(event).into();
    let request = request.map(|body| axum::body::Body::from(body.to_vec()));
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn the_requests_are_answered_by_their_functions() {
    let app = App::start().await;
    let parts = || app.stack.app();
    let table = parts().tables.workspace(workspace(), table::Meter::default());
    let mut changes = table::Changes::new();
    let who = "user.usr_019b76daa80071d0b1f0a35d1c0f2a11";
    let role = serde_json::json!({ "role": "admin" });
    changes.create(table.keys().config(who), table::Sort::Config, role.as_object().cloned().unwrap());
    table.commit(&changes).await.unwrap();
    let (status, made) = sent(contacts::router(parts()), "http-create-contact.json").await;
    assert_eq!((status.as_u16(), &made["email"]), (201, &"ada@example.com".into()), "{made:#}");
    let (status, repeated) = sent(contacts::router(parts()), "http-create-contact.json").await;
    assert_eq!((status.as_u16(), &repeated["id"]), (201, &made["id"]), "the sample has an idempotency key");
    let (status, problem) = sent(views::router(parts()), "http-read-contact.json").await;
    assert_eq!((status.as_u16(), &problem["type"]), (404, &"/problems/not_found".into()), "{problem:#}");
    let (status, document) = sent(identity::router(parts()), "http-openapi.json").await;
    assert_eq!((status.as_u16(), &document["openapi"]), (200, &"3.1.0".into()));
    app.drain().await;
    let (status, list) = sent(views::router(parts()), "http-list-contacts.json").await;
    assert_eq!((status.as_u16(), &list["data"][0]["id"]), (200, &made["id"]), "{list:#}");
}

#[tokio::test]
async fn the_authorizer_answers_its_sample() {
    let app = App::start().await;
    let parts = app.stack.app();
    let event: ApiGatewayV2CustomAuthorizerV2Request = sample("authorizer.json");
    let verdict = authorizer::Authorizer::new(parts.tables, parts.clock, None).authorize(&event).await.unwrap();
    assert!(verdict.is_authorized);
    assert_eq!(verdict.context["denied"], "true", "nobody has made that key");
}

#[tokio::test]
async fn the_journal_appends_its_sample() {
    let app = App::start().await;
    let event: dynamodb::Event = sample("stream-journal.json");
    let response = journal::handle(&app.stack.app(), event).await;
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
    let entries = app.items().into_iter().filter(|item| item.contains(&format!("{}#JOURNAL", workspace()))).count();
    assert_eq!(entries, 1, "one batch of one workspace is one entry");
}

#[tokio::test]
async fn the_relay_passes_its_sample_on() {
    let app = App::start().await;
    let snapshots = async || {
        let table = app.stack.app().tables.workspace(workspace(), table::Meter::default());
        table.manifest(replica::REPLICA_SCHEMA).await.unwrap().map_or(0, |manifest| manifest.version)
    };
    snapshots::handle(&app.stack.app(), sample("queue-snapshots.json")).await;
    assert_eq!(snapshots().await, 1);
    let event: dynamodb::Event = sample("stream-relay.json");
    let response = relay::handle(&app.stack.app(), event).await;
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
    // What it sends is carried out: the snapshot that an erasure asks for takes the place of the one before.
    app.drain().await;
    assert_eq!(snapshots().await, 2);
}

#[tokio::test]
async fn the_worker_makes_the_snapshots_of_its_sample() {
    let app = App::start().await;
    let event: SqsEvent = sample("queue-snapshots.json");
    let response = snapshots::handle(&app.stack.app(), event).await;
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
    assert!(app.items().iter().any(|item| item.contains(&format!("{}#REPLICA", workspace()))), "no snapshot was made");
}

#[tokio::test]
async fn the_worker_of_jobs_takes_its_sample_though_there_is_no_such_job() {
    let app = App::start().await;
    let event: SqsEvent = sample("queue-jobs.json");
    let response = jobs::Worker::default().handle(&app.stack.app(), event).await;
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
}

#[tokio::test]
async fn the_worker_of_mail_takes_its_sample_though_there_is_no_such_invitation() {
    let app = App::start().await;
    let parts = app.stack.app();
    let clients = cloud::Clients::in_process(app.stack.parts().http.clone());
    let post = cloud::Mail::new(&clients, "rapport@x.example", "");
    let worker = mail::Worker::new(parts.tables, post, parts.clock, parts.ids, "");
    let response = worker.handle(sample("queue-mail.json")).await;
    assert!(response.batch_item_failures.is_empty(), "{response:?}");
}

#[tokio::test]
async fn the_scheduler_runs_with_its_sample() {
    let app = App::start().await;
    let event: CloudWatchEvent = sample("schedule-scheduler.json");
    scheduler::handle(&app.stack.app(), event).await.unwrap();
}
