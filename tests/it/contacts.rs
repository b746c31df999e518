//! The life of a contact, through HTTP.

use http::Method;
use serde_json::{Value, json};

use crate::app::App;

fn ada() -> Value {
    json!({ "first_name": "Ada", "last_name": "Lovelace", "email": "Ada@Example.com", "phone": "+49 (30) 901820", "city": "London" })
}

#[tokio::test]
async fn a_new_contact_is_answered_whole_and_reads_back() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let made = me.post("/v1/contacts", ada()).await;
    let (location, tag) = (made.header("location"), made.header("etag"));
    let position = made.header("rapport-position");
    let contact = made.expect(201);
    assert_eq!(location, format!("/v1/contacts/{}", contact["id"].as_str().unwrap()));
    assert_eq!((tag.as_str(), position), ("\"1\"", format!("{}:1", contact["id"].as_str().unwrap())));
    assert_eq!((&contact["email"], &contact["phone"]), (&json!("Ada@example.com"), &json!("+4930901820")));
    assert_eq!(contact["owner_id"], json!(me.made.as_ref().unwrap().user));
    assert_eq!(contact["archived_at"], Value::Null);
    let read = me.get(&location).await;
    assert_eq!(read.header("etag"), "\"1\"");
    assert_eq!(read.expect(200), contact);
}

#[tokio::test]
async fn every_violation_is_answered_at_once() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let bad = json!({
        "first_name": 7, "last_name": "x".repeat(101), "email": "nobody", "phone": "12", "city": "a\u{0}b",
        "nick": "x", "id": "con_1", "owner_id": "usr_1",
    });
    let body = me.post("/v1/contacts", bad).await.expect(422);
    let mut found: Vec<String> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    found.sort();
    insta::assert_snapshot!(found.join("\n"), @r"
    /city control_character
    /email not_an_email
    /first_name wrong_type
    /id read_only
    /last_name too_long
    /nick unknown_field
    /owner_id not_an_id
    /phone not_a_phone_number
    ");
    assert_eq!(me.post("/v1/contacts", json!({ "city": "Berlin" })).await.refused(422), "invalid");
}

#[tokio::test]
async fn a_patch_changes_what_it_names_and_null_clears() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let id = me.post("/v1/contacts", ada()).await.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/contacts/{id}");
    let changed = me.patch(&path, json!({ "city": "Paris", "phone": null })).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    let contact = changed.expect(200);
    assert_eq!(
        (&contact["city"], &contact["phone"], &contact["last_name"]),
        (&json!("Paris"), &Value::Null, &json!("Lovelace"))
    );
    let same = me.patch(&path, json!({ "city": " Paris " })).await;
    assert_eq!(same.header("etag"), "\"2\"", "a patch that changes nothing makes no version");
}

#[tokio::test]
async fn a_stale_etag_is_refused_and_the_conflicting_fields_are_named() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let id = me.post("/v1/contacts", ada()).await.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/contacts/{id}");
    me.patch(&path, json!({ "city": "Paris" })).await.expect(200);
    let patch = json!({ "city": "Rome", "last_name": "King" });
    let stale = me.send(Method::PATCH, &path, &[("if-match", "\"1\"")], Some(patch.clone())).await.expect(412);
    assert_eq!(stale["conflicts"], json!({ "city": "Paris" }), "only what somebody else has changed");
    assert_eq!(stale["current_version"], 2);
    assert!(stale["detail"].as_str().unwrap().contains("city"));
    me.send(Method::PATCH, &path, &[("if-match", "\"2\"")], Some(patch)).await.expect(200);
    for wrong in ["3", "W/\"3\"", "\"x\"", "\"1\", \"2\""] {
        let answer = me.send(Method::PATCH, &path, &[("if-match", wrong)], Some(json!({}))).await;
        assert_eq!(answer.refused(400), "bad_if_match");
    }
}

#[tokio::test]
async fn two_contacts_never_share_an_email() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    me.post("/v1/contacts", ada()).await.expect(201);
    let other = json!({ "first_name": "Eve", "email": "ADA@example.COM" });
    let conflict = me.post("/v1/contacts", other.clone()).await.expect(409);
    assert_eq!(conflict["errors"][0]["pointer"], "/email");
    app.workspace("south").await.post("/v1/contacts", other).await.expect(201);
}

#[tokio::test]
async fn the_trash_frees_the_email_and_restoring_takes_it_back() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let id = me.post("/v1/contacts", ada()).await.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/contacts/{id}");
    let archived = me.delete(&path).await.expect(200);
    assert!(archived["archived_at"].is_string());
    assert_eq!(me.patch(&path, json!({ "city": "Rome" })).await.refused(409), "archived");
    let second = me.post("/v1/contacts", ada()).await.expect(201)["id"].as_str().unwrap().to_owned();
    assert_eq!(me.post(&format!("{path}/restore"), json!({})).await.refused(409), "conflict");
    me.delete(&format!("/v1/contacts/{second}")).await.expect(200);
    let restored = me.post(&format!("{path}/restore"), json!({})).await.expect(200);
    assert_eq!((&restored["archived_at"], &restored["version"]), (&Value::Null, &json!(3)));
    assert_eq!(me.delete(&path).await.expect(200)["version"], 4);
    assert_eq!(me.delete(&path).await.expect(200)["version"], 4, "archiving twice does nothing");
}

#[tokio::test]
async fn upsert_creates_once_and_changes_from_then_on() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let path = "/v1/contacts/by/email/ada%40example.com";
    let made = me.put(path, json!({ "first_name": "Ada" })).await.expect(201);
    assert_eq!(made["email"], "ada@example.com");
    let changed = me.put("/v1/contacts/by/email/ADA@example.com", json!({ "city": "Paris" })).await.expect(200);
    assert_eq!(
        (&changed["id"], &changed["city"], &changed["first_name"]),
        (&made["id"], &json!("Paris"), &json!("Ada"))
    );
    assert_eq!(changed["email"], "ada@example.com", "a contact keeps its own spelling");
    assert_eq!(me.put(path, json!({ "email": "eve@example.com" })).await.refused(422), "invalid");
    let seen = [("if-match", "\"1\"")];
    let gone = me.send(Method::PUT, "/v1/contacts/by/email/eve@example.com", &seen, Some(json!({}))).await;
    assert_eq!(gone.refused(412), "stale", "whoever names a version has seen a record");
    assert_eq!(me.put("/v1/contacts/by/city/Paris", json!({})).await.refused(404), "not_found");
    assert_eq!(me.put("/v1/contacts/by/email/nobody", json!({})).await.refused(422), "invalid");
}

#[tokio::test]
async fn ten_upserts_at_once_make_one_contact() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let mut upserts = tokio::task::JoinSet::new();
    for number in 0..10 {
        let me = me.clone();
        upserts.spawn(async move {
            me.put("/v1/contacts/by/email/ada@example.com", json!({ "city": format!("City {number}") })).await
        });
    }
    let mut answers = Vec::new();
    while let Some(answer) = upserts.join_next().await {
        answers.push(answer.unwrap());
    }
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let changed = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((made, changed), (1, 9), "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
}

#[tokio::test]
async fn history_tells_who_changed_what_newest_first() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let id = me.post("/v1/contacts", ada()).await.expect(201)["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/contacts/{id}");
    me.patch(&path, json!({ "city": "Paris" })).await.expect(200);
    me.delete(&path).await.expect(200);
    let history = me.get(&format!("{path}/history")).await.expect(200);
    let names: Vec<&str> =
        history["data"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["contact.archived", "contact.changed", "contact.created"]);
    let changed = &history["data"][1];
    assert_eq!(changed["changes"], json!({ "city": { "before": "London", "after": "Paris" } }));
    assert_eq!(changed["by"]["user"], json!(me.made.as_ref().unwrap().user));
    assert!(changed["by"]["api_key"].is_string());
    let first = me.get(&format!("{path}/history?limit=2")).await.expect(200);
    let next = first["page"]["next_cursor"].as_str().unwrap();
    let rest = me.get(&format!("{path}/history?limit=2&cursor={next}")).await.expect(200);
    assert_eq!(rest["data"][0]["name"], "contact.created");
    assert_eq!(rest["page"]["has_more"], false);
}

#[tokio::test]
async fn erasing_leaves_nothing_of_a_person_but_that_it_was_done() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let key = [("idempotency-key", "once")];
    let made = me.send(Method::POST, "/v1/contacts", &key, Some(ada())).await.expect(201);
    let path = format!("/v1/contacts/{}", made["id"].as_str().unwrap());
    for number in 0..45 {
        me.patch(&path, json!({ "city": format!("Lovelaceville {number}") })).await.expect(200);
    }
    assert_eq!(me.with_role("rep").await.post(&format!("{path}/erase"), json!({})).await.refused(403), "denied");
    me.post(&format!("{path}/erase"), json!({})).await.expect(204);
    assert_eq!(me.get(&path).await.refused(404), "not_found");
    let items = app.items();
    assert!(items.iter().any(|item| item.contains("contact.erased")));
    let left: Vec<&String> = items
        .iter()
        .filter(|item| ["Lovelace", "Ada@", "ada@", "4930901820"].iter().any(|text| item.contains(text)))
        .collect();
    assert!(left.is_empty(), "{left:#?}");
    me.post("/v1/contacts", ada()).await.expect(201);
}
