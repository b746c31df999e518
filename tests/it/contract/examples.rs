//! The document's examples are what its schemas say, and can be sent as they are.

use http::Method;
use serde_json::Value;

use super::conformance::Validators;
use super::openapi::{document, resolved, walk};
use crate::app::App;

#[test]
fn every_example_is_valid_against_its_schema() {
    let document = document();
    let validators = Validators::new(&document);
    let mut checked = 0;
    walk(&document, "", &mut |at, value| {
        let Some(schema) = value.get("schema") else { return };
        let named = value.get("examples").and_then(Value::as_object).into_iter().flat_map(|named| named.values());
        let named = named.map(|example| &resolved(&document, example)["value"]);
        for example in named.chain(value.get("example")) {
            checked += 1;
            let wrong = validators.errors(schema, example);
            assert!(wrong.is_empty(), "{at}: {wrong:#?}\n{example:#}");
        }
    });
    assert!(checked > 50, "only {checked} examples");
}

#[test]
fn every_body_and_every_answer_in_json_has_an_example() {
    for (path, methods) in document()["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let successes = operation["responses"].as_object().unwrap().iter();
            let successes = successes.filter(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer);
            for part in successes.chain(operation.get("requestBody")) {
                for (media, content) in part.get("content").and_then(Value::as_object).into_iter().flatten() {
                    let is_json = media == "application/json" || media.ends_with("+json");
                    let has_one = content.get("examples").is_some() || !is_json;
                    assert!(has_one, "{method} {path}: {media} has no example");
                }
            }
        }
    }
}

/// Whoever copies an example from the documentation expects it to work.
#[tokio::test]
async fn what_is_shown_for_a_creation_creates() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let document = document();
    let mut sent = 0;
    for (path, methods) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| !path.contains('{')) {
        for (method, operation) in methods.as_object().unwrap() {
            // A workspace is begun by a person, and this is a key: tests/it/invitations.rs begins some.
            if operation["operationId"] == "create_workspace" {
                continue;
            }
            let Some(content) = operation["requestBody"]["content"].get("application/json") else { continue };
            let example = resolved(&document, &content["examples"]["sample"])["value"].clone();
            // What is brought in has to be uploaded first.
            for upload in uploads(&example) {
                let file = b"Name,Email\nAda Lovelace,ada@example.com\n".to_vec();
                crate::imports::upload_as(&app.stack.app().files, &me, &upload, file).await;
            }
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = me.send(method.clone(), path, &[], Some(example)).await;
            assert!(answer.status.is_success(), "{method} {path}: {:#}", answer.body);
            sent += 1;
        }
    }
    assert!(sent > 3, "only {sent} examples");
}

/// The ids of uploads in an example.
fn uploads(example: &Value) -> Vec<String> {
    let files = example["files"].as_array().into_iter().flatten();
    files.filter_map(|file| file["upload"].as_str().map(str::to_owned)).collect()
}
