//! What every write keeps to: idempotency keys, dry runs, input that cannot be read.

use http::Method;
use serde_json::json;

use crate::app::App;

#[tokio::test]
async fn a_repeated_create_answers_again_and_makes_nothing_new() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let key = [("idempotency-key", "3f1c")];
    let body = json!({ "first_name": "Ada", "email": "ada@example.com" });
    let first = me.send(Method::POST, "/v1/contacts", &key, Some(body.clone())).await;
    let again = me.send(Method::POST, "/v1/contacts", &key, Some(body.clone())).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    for header in ["etag", "location", "rapport-position"] {
        assert_eq!(first.header(header), again.header(header));
    }
    assert_eq!(first.expect(201), again.expect(201));
    let other = me.send(Method::POST, "/v1/contacts", &key, Some(json!({ "first_name": "Eve" }))).await;
    assert_eq!(other.refused(422), "idempotency_key_reused");
    let colleague = me.with_role("rep").await;
    let theirs = json!({ "first_name": "Eve" });
    colleague.send(Method::POST, "/v1/contacts", &key, Some(theirs)).await.expect(201);
}

#[tokio::test]
async fn a_repeated_change_answers_again_though_its_etag_is_stale_by_now() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let made = me.post("/v1/contacts", json!({ "first_name": "Ada" })).await.expect(201);
    let path = format!("/v1/contacts/{}", made["id"].as_str().unwrap());
    let headers = [("idempotency-key", "k"), ("if-match", "\"1\"")];
    let patch = json!({ "city": "Paris" });
    let first = me.send(Method::PATCH, &path, &headers, Some(patch.clone())).await.expect(200);
    let again = me.send(Method::PATCH, &path, &headers, Some(patch)).await.expect(200);
    assert_eq!((first["version"].as_u64(), first), (Some(2), again));
}

#[tokio::test]
async fn the_same_key_twice_at_the_same_moment_has_one_effect() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let me = me.clone();
        attempts.spawn(async move {
            let body = json!({ "first_name": "Ada" });
            me.send(Method::POST, "/v1/contacts", &[("idempotency-key", "k")], Some(body)).await.expect(201)
        });
    }
    let ids: std::collections::BTreeSet<String> =
        attempts.join_all().await.into_iter().map(|body| body["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1);
}

#[tokio::test]
async fn a_dry_run_answers_what_would_happen_and_writes_nothing() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    // The first request of a minute learns the workspace's schema: one round trip more.
    let first = me.post("/v1/contacts", json!({ "first_name": "Bea" })).await;
    assert_eq!((first.timing("round_trips"), first.timing("read_units")), (2.0, 1.0));
    let body = json!({ "first_name": "Ada", "email": "ada@example.com" });
    let before = app.items().len();
    let dry = me.post("/v1/contacts?validate=only", body.clone()).await;
    assert!(dry.headers.get("location").is_none());
    assert_eq!(dry.expect(201)["first_name"], "Ada");
    assert_eq!(app.items().len(), before);
    me.post("/v1/contacts", body.clone()).await.expect(201);
    assert_eq!(me.post("/v1/contacts?validate=only", body).await.refused(409), "conflict");
    let before = app.items();
    let me_too = me.with_role("viewer").await;
    assert_eq!(me_too.post("/v1/contacts?validate=only", json!({ "first_name": "Eve" })).await.refused(403), "denied");
    assert_eq!(me.post("/v1/contacts?validat=only", json!({ "first_name": "Eve" })).await.refused(422), "invalid");
    assert_eq!(me.post("/v1/contacts?validate=yes", json!({ "first_name": "Eve" })).await.refused(422), "invalid");
    let after = app.items();
    let made: Vec<_> = after.iter().filter(|item| !before.contains(item)).filter(|item| item.contains("Eve")).collect();
    assert!(made.is_empty(), "{made:?}");
}

#[tokio::test]
async fn what_cannot_be_read_is_a_problem_and_never_a_five_hundred() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let deep = format!("{}{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    let cases: Vec<(Vec<u8>, &str, u16, &str)> = vec![
        (b"{".to_vec(), "application/json", 400, "bad_json"),
        (b"[]".to_vec(), "application/json", 400, "not_an_object"),
        (b"\"x\"".to_vec(), "application/json", 400, "not_an_object"),
        (vec![0xff, 0xfe], "application/json", 400, "bad_json"),
        (b"{\"first_name\": 1e999}".to_vec(), "application/json", 400, "bad_json"),
        (deep.into_bytes(), "application/json", 400, "too_deep"),
        (b"first_name=Ada".to_vec(), "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (vec![b' '; 300 * 1024], "application/json", 413, "too_large"),
    ];
    for (body, media, status, code) in cases {
        let answer = me.send_bytes(Method::POST, "/v1/contacts", &[("content-type", media)], Some(body)).await;
        assert_eq!(answer.refused(status), code);
    }
    for path in [
        "/v1/contacts/con_1",
        "/v1/contacts/usr_0199b3c0000070008000000000000000",
        "/v1/contacts/%00",
        "/v1/contacts/%23%23",
    ] {
        assert_eq!(me.get(path).await.refused(404), "not_found");
    }
    for tag in ["*", "1"] {
        let answer = me.send(Method::PATCH, "/v1/contacts/con_1", &[("if-match", tag)], Some(json!({}))).await;
        assert_eq!(answer.refused(400), "bad_if_match");
    }
    let new = Some(json!({ "first_name": "Ada" }));
    assert_eq!(me.send(Method::POST, "/v1/contacts", &[("if-match", "\"1\"")], new).await.refused(400), "bad_if_match");
    assert_eq!(me.get("/v1/me?verbose=1").await.refused(422), "invalid");
    for key in ["", "x".repeat(300).as_str()] {
        let answer = me
            .send(Method::POST, "/v1/contacts", &[("idempotency-key", key)], Some(json!({ "first_name": "A" })))
            .await;
        assert_eq!(answer.refused(400), "bad_idempotency_key");
    }
}

#[tokio::test]
async fn an_owner_must_be_a_user_of_the_same_workspace() {
    let app = App::start().await;
    let (me, other) = (app.workspace("north").await, app.workspace("south").await);
    let foreign = other.made.as_ref().unwrap().user;
    let refused = me.post("/v1/contacts", json!({ "first_name": "Ada", "owner_id": foreign })).await.expect(422);
    assert_eq!(refused["errors"][0]["code"], "unknown_user");
    let rep =
        me.post("/v1/users", json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" })).await.expect(201);
    let made = me.post("/v1/contacts", json!({ "first_name": "Ada", "owner_id": rep["id"] })).await.expect(201);
    assert_eq!(made["owner_id"], rep["id"]);
    let path = format!("/v1/contacts/{}", made["id"].as_str().unwrap());
    assert!(me.patch(&path, json!({ "owner_id": null })).await.expect(200)["owner_id"].is_null());
}

#[tokio::test]
async fn a_create_is_one_round_trip_and_says_what_it_cost() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    // The first request of a minute learns the workspace's schema: one round trip more.
    let first = me.post("/v1/contacts", json!({ "first_name": "Bea" })).await;
    assert_eq!((first.timing("round_trips"), first.timing("read_units")), (2.0, 1.0));
    let body = json!({ "first_name": "Ada", "email": "ada@example.com" });
    let made = me.send(Method::POST, "/v1/contacts", &[("idempotency-key", "k")], Some(body)).await;
    assert_eq!((made.timing("round_trips"), made.timing("read_units")), (1.0, 0.0));
    assert!(made.timing("write_units") <= 11.0, "{}", made.timing("write_units"));
    me.get(&made.header("location")).await.expect(200);
    let read = me.get(&made.header("location")).await;
    assert_eq!((read.timing("round_trips"), read.timing("read_units"), read.timing("write_units")), (1.0, 1.0, 0.0));
}
