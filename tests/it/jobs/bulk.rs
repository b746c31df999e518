//! Changing, archiving and restoring many records at once.

use http::Method;
use serde_json::{Value, json};

use super::{Scene, counts, text};

#[tokio::test]
async fn a_bulk_edit_changes_what_its_filter_finds_and_nothing_else() {
    let scene = Scene::with(250).await;
    let filter = json!({ "and": [{ "field": "city", "value": "Berlin" }, { "not": { "field": "email", "value": "person4@example.com" } }] });
    let body = json!({ "filter": filter, "change": { "city": "Bremen" }, "add_tags": ["moved"] });
    let started = scene.me.post("/v1/contacts/bulk", body).await;
    let id = text(&started.body["id"]);
    assert_eq!(started.header("location"), format!("/v1/jobs/{id}"));
    let job = started.expect(202);
    assert_eq!(
        (text(&job["state"]), text(&job["kind"]), counts(&job)),
        ("waiting".into(), "bulk_edit".into(), [124, 0, 0, 0, 0])
    );
    let job = scene.finished(&job).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [124, 124, 124, 0, 0]));
    assert!(job["started_at"].is_string() && job["finished_at"].is_string() && job["rate"].as_f64().unwrap() > 0.0);
    assert_eq!(scene.count("city=Bremen").await, 124);
    assert_eq!((scene.count("city=Bonn").await, scene.count("city=Berlin").await), (125, 1));
    let changed = scene.me.get(&scene.path(0)).await.expect(200);
    assert_eq!((&changed["tags"], &changed["version"]), (&json!(["moved"]), &json!(2)));
    let history = scene.me.get(&format!("{}/history", scene.path(0))).await.expect(200);
    assert_eq!(
        (&history["data"][0]["job"], &history["data"][0]["changes"]["city"]["before"]),
        (&json!(id), &json!("Berlin"))
    );
    let listed = scene.me.get("/v1/jobs?state=done").await.expect(200);
    assert_eq!(listed["data"][0]["id"], json!(id));
    let events = scene.me.get(&format!("/v1/jobs/{id}/history")).await.column("name");
    assert_eq!(events, ["job.finished", "job.started", "job.created"]);
}

#[tokio::test]
async fn what_cannot_be_changed_is_told_record_by_record_and_stops_nothing() {
    let scene = Scene::with(250).await;
    scene.me.delete(&scene.path(3)).await.expect(200);
    scene.me.post(&format!("{}/erase", scene.path(130)), json!({})).await.expect(204);
    let known = format!("con_{}", "0".repeat(32));
    let mut ids = scene.ids.clone();
    ids.extend([known.clone(), scene.ids[0].clone()]);
    let job = scene.edited(json!({ "ids": ids, "change": { "country": "DE", "custom": {} } })).await;
    // Each id once, however often it is named.
    assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [251, 251, 248, 0, 3]));
    let errors = scene.errors(&job).await;
    let expected = [(&scene.ids[3], "archived"), (&scene.ids[130], "not_found"), (&known, "not_found")];
    assert_eq!(errors, expected.map(|(id, code)| (id.clone(), code.to_owned(), None)));
    assert_eq!(scene.count("country=DE").await, 248);
    let again = scene.edited(json!({ "ids": scene.ids[..10], "change": { "country": "DE" } })).await;
    assert_eq!(counts(&again), [10, 10, 0, 0, 1], "what is so already is not changed");
}

#[tokio::test]
async fn many_go_into_the_trash_and_come_back() {
    let scene = Scene::with(30).await;
    let before = scene.state().await;
    let job = scene.edited(json!({ "filter": { "field": "city", "value": "Bonn" }, "archive": true })).await;
    assert_eq!(counts(&job), [15, 15, 15, 0, 0]);
    assert_eq!((scene.count("archived=true").await, scene.count("archived=false").await), (15, 15));
    // Somebody takes an address that is free now.
    scene.me.post("/v1/contacts", json!({ "email": "person1@example.com" })).await.expect(201);
    let job = scene.edited(json!({ "filter": { "field": "city", "value": "Bonn" }, "restore": true })).await;
    assert_eq!(counts(&job), [15, 15, 14, 0, 1]);
    assert_eq!(scene.errors(&job).await, [(scene.ids[1].clone(), "conflict".to_owned(), Some("email".to_owned()))]);
    let after = scene.state().await;
    let differ: Vec<usize> = (0..30).filter(|number| before[*number] != after[*number]).collect();
    assert_eq!(differ, [1]);
}

#[tokio::test]
async fn tags_are_added_and_removed_as_sets() {
    let scene = Scene::with(4).await;
    scene.me.patch(&scene.path(0), json!({ "tags": ["a", "b"] })).await.expect(200);
    scene.me.patch(&scene.path(1), json!({ "tags": ["b"] })).await.expect(200);
    let job = scene.edited(json!({ "ids": scene.ids, "add_tags": ["c", "a"], "remove_tags": ["b"] })).await;
    assert_eq!(counts(&job), [4, 4, 4, 0, 0]);
    let tags: Vec<Value> = scene.state().await.into_iter().map(|record| record["tags"].clone()).collect();
    assert_eq!(tags, [json!(["a", "c"]), json!(["c", "a"]), json!(["c", "a"]), json!(["c", "a"])]);
}

#[tokio::test]
async fn a_dry_run_says_how_many_there_would_be_and_starts_nothing() {
    let scene = Scene::with(6).await;
    for (which, total) in
        [(json!({ "filter": {} }), 6), (json!({ "q": "person 3" }), 1), (json!({ "ids": scene.ids[..2] }), 2)]
    {
        let mut body = which.as_object().cloned().unwrap();
        body.insert("archive".to_owned(), json!(true));
        let answer = scene.me.post("/v1/contacts/bulk?validate=only", Value::Object(body)).await;
        assert!(answer.headers.get("location").is_none());
        assert_eq!(answer.expect(202)["counts"]["total"], total);
    }
    scene.app.drain().await;
    assert!(!scene.app.items().iter().any(|item| item.contains("#JOB#")));
}

#[tokio::test]
async fn a_repeated_request_starts_one_job() {
    let scene = Scene::with(2).await;
    let body = json!({ "ids": scene.ids, "change": { "city": "Ulm" } });
    let key = [("idempotency-key", "once")];
    let first = scene.me.send(Method::POST, "/v1/contacts/bulk", &key, Some(body.clone())).await.expect(202);
    scene.app.drain().await;
    let again = scene.me.send(Method::POST, "/v1/contacts/bulk", &key, Some(body)).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.expect(202)["id"], first["id"]);
    let list = scene.me.get("/v1/jobs?count=exact").await.expect(200);
    assert_eq!(list["count"], 1);
}

#[tokio::test]
async fn a_caller_sees_their_own_writes_in_what_is_selected() {
    let scene = Scene::with(1).await;
    let made = scene.me.post("/v1/contacts", json!({ "first_name": "New", "city": "Ulm" })).await;
    let position = [("rapport-position", &*made.header("rapport-position"))];
    let body = json!({ "filter": { "field": "city", "value": "Ulm" }, "change": { "city": "Jena" } });
    let job = scene.me.send(Method::POST, "/v1/contacts/bulk", &position, Some(body)).await.expect(202);
    assert_eq!(job["counts"]["total"], 1);
    assert_eq!(counts(&scene.finished(&job).await), [1, 1, 1, 0, 0]);
}

#[tokio::test]
async fn what_nobody_can_mean_is_refused_at_once() {
    let scene = Scene::with(1).await;
    let refused = async |body: Value| {
        let answer = scene.me.post("/v1/contacts/bulk", body).await.expect(422);
        let all = answer["errors"].as_array().unwrap().iter();
        all.map(|e| format!("{} {}", text(&e["pointer"]), text(&e["code"]))).collect::<Vec<_>>()
    };
    assert_eq!(refused(json!({})).await, [" which_records", " what_to_do"]);
    assert_eq!(refused(json!({ "ids": scene.ids, "filter": {}, "archive": true })).await, [" which_records"]);
    assert_eq!(refused(json!({ "ids": scene.ids, "archive": true, "change": { "city": "X" } })).await, [" what_to_do"]);
    let bad = json!({ "ids": ["x", scene.me.made.as_ref().unwrap().user], "change": { "nick": 1, "city": 2 }, "archive": false, "colour": 1 });
    assert_eq!(
        refused(bad).await,
        [
            "/archive wrong_type",
            "/change/city wrong_type",
            "/change/nick unknown_field",
            "/colour unknown_field",
            "/ids/0 not_an_id",
            "/ids/1 not_an_id"
        ]
    );
    let one_address = json!({ "ids": scene.ids, "change": { "email": "a@example.com" } });
    assert_eq!(refused(one_address).await, ["/change/email unique"]);
    assert_eq!(
        refused(json!({ "filter": { "field": "nick", "value": 1 }, "archive": true })).await,
        ["/filter/field unknown_field"]
    );
    assert_eq!(refused(json!({ "filter": [], "archive": true })).await, ["/filter wrong_type"]);
    assert_eq!(refused(json!({ "ids": [], "archive": true })).await, ["/ids wrong_type"]);
    assert_eq!(
        refused(json!({ "ids": scene.ids, "add_tags": ["a"], "remove_tags": ["a"] })).await,
        ["/remove_tags given_twice"]
    );
    let view = json!({ "view": format!("viw_{}", "0".repeat(32)), "archive": true });
    assert_eq!(refused(view).await, ["/view unknown_record"]);
    assert_eq!(scene.me.post("/v1/jobs/job_1/cancel", json!({})).await.refused(404), "not_found");
    assert_eq!(
        scene.me.post("/v1/x_nothing/bulk", json!({ "filter": {}, "archive": true })).await.refused(404),
        "not_found"
    );
    assert_eq!(scene.me.get("/v1/jobs?count=exact").await.expect(200)["count"], 0);
}

#[tokio::test]
async fn a_job_is_its_makers_and_does_no_more_than_they_may() {
    let scene = Scene::with(3).await;
    let user = json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" });
    let rita = text(&scene.me.post("/v1/users", user).await.expect(201)["id"]);
    let hers = scene.app.key_of(&scene.me, &rita).await;
    let viewer = scene.me.with_role("viewer").await;
    let body = json!({ "ids": scene.ids, "change": { "city": "Ulm" } });
    assert_eq!(viewer.post("/v1/contacts/bulk", body.clone()).await.refused(403), "denied");
    let job = hers.post("/v1/contacts/bulk", body.clone()).await.expect(202);
    let path = format!("/v1/jobs/{}", text(&job["id"]));
    let other = json!({ "name": "Olaf", "email": "olaf@example.com", "role": "rep" });
    let olaf = text(&scene.me.post("/v1/users", other).await.expect(201)["id"]);
    let olaf = scene.app.key_of(&scene.me, &olaf).await;
    assert_eq!(olaf.get(&path).await.refused(404), "not_found");
    assert_eq!(olaf.post(&format!("{path}/cancel"), json!({})).await.refused(404), "not_found");
    assert_eq!(olaf.get(&format!("{path}/errors")).await.refused(404), "not_found");
    hers.get(&path).await.expect(200);
    // She goes before the worker gets to it.
    scene.me.delete(&format!("/v1/users/{rita}")).await.expect(200);
    let job = scene.finished(&job).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("failed".into(), [3, 0, 0, 0, 0]));
    assert!(text(&job["error"]).contains("no access"), "{job:#}");
    assert_eq!(scene.count("city=Ulm").await, 0);
}

#[tokio::test]
async fn a_cancelled_job_stops_and_what_it_has_done_can_be_undone() {
    let scene = Scene::with(3).await;
    let job =
        scene.me.post("/v1/contacts/bulk", json!({ "ids": scene.ids, "change": { "city": "Ulm" } })).await.expect(202);
    let path = format!("/v1/jobs/{}", text(&job["id"]));
    assert_eq!(scene.me.post(&format!("{path}/undo"), json!({})).await.refused(409), "not_finished");
    let cancelled = scene.me.post(&format!("{path}/cancel"), json!({})).await.expect(200);
    assert_eq!(cancelled["state"], "cancelled");
    let again = scene.me.post(&format!("{path}/cancel"), json!({})).await.expect(200);
    assert_eq!(again, cancelled);
    assert_eq!(counts(&scene.finished(&job).await), [3, 0, 0, 0, 0]);
    assert_eq!(scene.count("city=Ulm").await, 0);
    let done = scene.edited(json!({ "ids": scene.ids, "change": { "city": "Jena" } })).await;
    let answer = scene.me.post(&format!("/v1/jobs/{}/cancel", text(&done["id"])), json!({})).await;
    assert_eq!(answer.refused(409), "finished");
    assert_eq!(counts(&scene.undone(&cancelled).await), [3, 3, 0, 0, 0]);
}
