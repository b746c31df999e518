//! The trash, through HTTP.

use kernel::{Clock, Timestamp};
use serde_json::json;
use table::DUE_SHARDS;

use crate::app::App;
use crate::links::made;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// How many records are due by a time.
async fn due(app: &App, by: Timestamp) -> usize {
    let mut found = 0;
    for shard in 0..DUE_SHARDS {
        found += app.stack.app().tables.due(shard, by, 100, None).await.unwrap().due.len();
    }
    found
}

#[tokio::test]
async fn the_workspace_decides_how_long_the_trash_is_kept() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    assert_eq!(me.get("/v1/workspace").await.expect(200)["trash_days"], 30);
    for wrong in [json!(0), json!(366), json!("7"), json!(1.5), json!(null)] {
        assert_eq!(me.patch("/v1/workspace", json!({ "trash_days": wrong })).await.refused(422), "invalid");
    }
    let changed = me.patch("/v1/workspace", json!({ "trash_days": 7 })).await.expect(200);
    assert_eq!(json!([changed["trash_days"], changed["name"], changed["version"]]), json!([7, "north", 2]));
    let id = made(&me, "contacts", json!({ "first_name": "Ada" })).await;
    me.delete(&format!("/v1/contacts/{id}")).await.expect(200);
    let now = Clock::System.now();
    assert_eq!(due(&app, now.plus_millis(6 * DAY_MS)).await, 0);
    assert_eq!(due(&app, now.plus_millis(7 * DAY_MS)).await, 1);
    me.post(&format!("/v1/contacts/{id}/restore"), json!({})).await.expect(200);
    assert_eq!(due(&app, now.plus_millis(999 * DAY_MS)).await, 0);
}

#[tokio::test]
async fn what_was_merged_is_not_in_the_trash_to_be_erased() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let a = made(&me, "contacts", json!({ "first_name": "A" })).await;
    let b = made(&me, "contacts", json!({ "first_name": "B" })).await;
    me.post(&format!("/v1/contacts/{a}/merge"), json!({ "others": [b] })).await.expect(200);
    assert_eq!(due(&app, Clock::System.now().plus_millis(999 * DAY_MS)).await, 0);
}

#[tokio::test]
async fn erasing_takes_links_shares_and_what_was_merged_along() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = made(&me, "contacts", json!({ "first_name": "Ada", "last_name": "Lovelace" })).await;
    let other = made(&me, "contacts", json!({ "first_name": "Augusta", "last_name": "Lovelace-King" })).await;
    let acme = made(&me, "companies", json!({ "name": "Acme" })).await;
    let path = format!("/v1/contacts/{ada}");
    me.put(&format!("{path}/links/company/{acme}"), json!({})).await.expect(201);
    me.put(&format!("{path}/shares/everyone"), json!({ "level": "read" })).await.expect(201);
    let key = [("idempotency-key", "batch")];
    let body = json!({ "operations": [{ "op": "update", "id": ada, "data": { "city": "Lovelaceville" } }] });
    me.send(http::Method::POST, "/v1/contacts/batch", &key, Some(body)).await.expect(200);
    me.post(&format!("{path}/merge"), json!({ "others": [other] })).await.expect(200);
    me.post(&format!("{path}/erase"), json!({})).await.expect(204);
    let items = app.items();
    let left: Vec<&String> = items.iter().filter(|item| item.contains("Lovelace")).collect();
    assert!(left.is_empty(), "{left:#?}");
    let tied: Vec<&String> = items.iter().filter(|item| item.contains("LINK#") || item.contains("SHARE#")).collect();
    assert!(tied.is_empty(), "{tied:#?}");
    assert_eq!(me.get(&format!("/v1/contacts/{other}")).await.refused(404), "not_found");
    assert_eq!(me.get(&format!("/v1/companies/{acme}/links")).await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn who_was_merged_by_mistake_can_be_forgotten_by_the_other_one() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = made(&me, "contacts", json!({ "first_name": "Ada", "city": "London" })).await;
    let other = json!({ "first_name": "Augusta", "email": "augusta@example.com", "phone": "+4930901820" });
    let other = made(&me, "contacts", other).await;
    me.post(&format!("/v1/contacts/{ada}/merge"), json!({ "others": [other] })).await.expect(200);
    app.drain().await;
    let jobs = me.get("/v1/jobs?kind=merge").await.expect(200);
    let undo = format!("/v1/jobs/{}/undo", jobs["data"][0]["id"].as_str().unwrap());
    me.post(&undo, json!({})).await.expect(202);
    app.drain().await;
    me.post(&format!("/v1/contacts/{other}/erase"), json!({})).await.expect(204);
    let items = app.items();
    let is_hers = |item: &&String| ["augusta@example.com", "4930901820"].iter().any(|text| item.contains(text));
    let left: Vec<&String> = items.iter().filter(is_hers).collect();
    assert!(left.is_empty(), "{left:#?}");
    let history = me.get(&format!("/v1/contacts/{ada}/history")).await.expect(200);
    let created = history["data"].as_array().unwrap().iter().find(|event| event["name"] == "contact.created").unwrap();
    assert_eq!(created["changes"]["city"]["after"], "London", "what is hers alone stays");
}

#[tokio::test]
async fn a_request_that_changed_nothing_is_not_answered_with_what_was_erased() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = made(&me, "contacts", json!({ "first_name": "Ada", "last_name": "Lovelace" })).await;
    let path = format!("/v1/contacts/{ada}");
    let key = [("idempotency-key", "nothing")];
    let same = json!({ "first_name": "Ada" });
    let answer = me.send(http::Method::PATCH, &path, &key, Some(same.clone())).await.expect(200);
    assert_eq!((&answer["version"], &answer["last_name"]), (&json!(1), &json!("Lovelace")));
    me.post(&format!("{path}/erase"), json!({})).await.expect(204);
    let items = app.items();
    let left: Vec<&String> = items.iter().filter(|item| item.contains("Lovelace")).collect();
    assert!(left.is_empty(), "{left:#?}");
    let again = me.send(http::Method::PATCH, &path, &key, Some(same)).await;
    assert_eq!(again.refused(404), "not_found");
}
