//! Changing, archiving and restoring many records at once.

use http::Method;
use serde_json::{Value, json};

use super::{Scene, counts, text};
use crate::app::Caller;

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

impl Scene {
    /// Saves a view of contacts.
    async fn view(&self, me: &Caller, query: Value) -> String {
        let view = json!({ "name": "Those", "of": "contact", "query": query });
        text(&me.post("/v1/views", view).await.expect(201)["id"])
    }

    /// The numbers of the contacts that fit a query string.
    async fn which(&self, query: &str) -> Vec<usize> {
        self.app.drain().await;
        let page = self.me.get(&format!("/v1/contacts?{query}&sort=id&limit=200")).await;
        let number = |id: &String| self.ids.iter().position(|known| known == id).unwrap();
        let mut numbers: Vec<usize> = page.column("id").iter().map(number).collect();
        numbers.sort_unstable();
        numbers
    }
}

#[tokio::test]
async fn a_bulk_edit_of_a_view_is_about_what_a_list_by_it_shows() {
    let scene = Scene::with(8).await;
    let company = text(&scene.me.post("/v1/companies", json!({ "name": "Acme" })).await.expect(201)["id"]);
    for (number, label) in [(1, "advises"), (3, "advises"), (4, "advises"), (5, "owns")] {
        let link = format!("{}/links/company/{company}?label={label}", scene.path(number));
        scene.me.put(&link, json!({})).await.expect(201);
    }
    scene.me.delete(&scene.path(7)).await.expect(200);
    let bonn = json!({ "field": "city", "op": "eq", "value": "Bonn" });
    let linked = json!({ "record": company, "label": "advises" });
    for (number, (query, expected)) in [
        (json!({ "filter": bonn }), vec![1, 3, 5]),
        (json!({ "q": "person 3" }), vec![3]),
        (json!({ "linked": linked }), vec![1, 3, 4]),
        (json!({ "linked": { "record": company } }), vec![1, 3, 4, 5]),
        (json!({ "linked": linked, "filter": bonn, "q": "person", "sort": ["city"], "limit": 1 }), vec![1, 3]),
        (json!({ "include": ["company"] }), vec![0, 1, 2, 3, 4, 5, 6]),
    ]
    .into_iter()
    .enumerate()
    {
        let view = scene.view(&scene.me, query.clone()).await;
        let shown = scene.which(&format!("view={view}")).await;
        assert_eq!(shown, expected, "{query}");
        let tag = format!("round{number}");
        let job = scene.edited(json!({ "view": view, "add_tags": [tag] })).await;
        let all = expected.len() as u64;
        assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [all, all, all, 0, 0]), "{query}");
        assert_eq!(scene.which(&format!("tags={tag}&archived=any")).await, expected, "{query}");
    }
    // What the request says narrows the view.
    let view = scene.view(&scene.me, json!({ "linked": linked })).await;
    let job = scene.edited(json!({ "view": view, "filter": bonn, "q": "person 1", "add_tags": ["narrow"] })).await;
    assert_eq!((counts(&job), scene.which("tags=narrow").await), ([1, 1, 1, 0, 0], vec![1]));
}

#[tokio::test]
async fn a_bulk_edit_of_a_view_of_the_trash_leaves_everything_else_alone() {
    let scene = Scene::with(5).await;
    for number in [1, 2] {
        scene.me.delete(&scene.path(number)).await.expect(200);
    }
    let trash = scene.view(&scene.me, json!({ "archived": "true" })).await;
    let job = scene.edited(json!({ "view": trash, "archive": true })).await;
    assert_eq!(counts(&job), [2, 2, 0, 0, 0], "they are there already");
    assert_eq!(scene.which("archived=true").await, [1, 2]);
    let job = scene.edited(json!({ "view": trash, "change": { "city": "Ulm" } })).await;
    assert_eq!(counts(&job), [2, 2, 0, 0, 2]);
    let here = scene.view(&scene.me, json!({ "archived": false })).await;
    let job = scene.edited(json!({ "view": here, "restore": true })).await;
    assert_eq!((counts(&job), scene.which("archived=true").await), ([3, 3, 0, 0, 0], vec![1, 2]));
    let all = scene.view(&scene.me, json!({})).await;
    let job = scene.edited(json!({ "view": all, "restore": true })).await;
    assert_eq!((counts(&job), scene.which("archived=true").await), ([2, 2, 2, 0, 0], vec![]));
}

#[tokio::test]
async fn a_job_is_about_what_its_view_asked_when_it_was_made() {
    let scene = Scene::with(4).await;
    let bonn = json!({ "field": "city", "op": "eq", "value": "Bonn" });
    let view = scene.view(&scene.me, json!({ "filter": bonn, "limit": 7 })).await;
    let job = scene.me.post("/v1/contacts/bulk", json!({ "view": view, "add_tags": ["x"] })).await.expect(202);
    assert_eq!((&job["input"]["view"], &job["input"]["view_query"]), (&json!(view), &json!({ "filter": bonn })));
    scene.me.patch(&format!("/v1/views/{view}"), json!({ "query": {} })).await.expect(200);
    assert_eq!((counts(&scene.finished(&job).await), scene.which("tags=x").await), ([2, 2, 2, 0, 0], vec![1, 3]));
}

#[tokio::test]
async fn me_in_a_bulk_edit_is_whoever_asks_for_it() {
    let scene = Scene::with(4).await;
    let user = json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" });
    let rita = text(&scene.me.post("/v1/users", user).await.expect(201)["id"]);
    let hers = scene.app.key_of(&scene.me, &rita).await;
    for number in [0, 3] {
        scene.me.patch(&scene.path(number), json!({ "owner_id": rita })).await.expect(200);
    }
    let mine = json!({ "filter": { "field": "owner_id", "op": "eq", "value": "me" } });
    let view = scene.view(&scene.me, mine.clone()).await;
    scene.me.put(&format!("/v1/views/{view}/shares/everyone"), json!({ "level": "read" })).await.expect(201);
    scene.app.drain().await;
    let hers_by = async |which: Value, tag: &str| {
        let mut body = which;
        body["add_tags"] = json!([tag]);
        let job = hers.post("/v1/contacts/bulk", body).await.expect(202);
        assert!(job["input"].to_string().contains(&rita), "{job:#}");
        assert_eq!(counts(&scene.finished(&job).await), [2, 2, 2, 0, 0], "{tag}");
        scene.which(&format!("tags={tag}")).await
    };
    assert_eq!(hers_by(mine, "own").await, [0, 3]);
    assert_eq!(hers_by(json!({ "view": view }), "view").await, [0, 3]);
    let job = scene.edited(json!({ "view": view, "add_tags": ["admin"] })).await;
    assert_eq!((counts(&job)[0], scene.which("tags=admin").await), (2, vec![1, 2]));
}

#[tokio::test]
async fn a_view_that_cannot_be_asked_is_refused_before_anything_is_changed() {
    let scene = Scene::with(2).await;
    let refused = async |body: Value| {
        let answer = scene.me.post("/v1/contacts/bulk", body).await.expect(422);
        let all = answer["errors"].as_array().unwrap().iter();
        all.map(|e| format!("{} {}", text(&e["pointer"]), text(&e["code"]))).collect::<Vec<_>>()
    };
    let trash = scene.view(&scene.me, json!({})).await;
    scene.me.delete(&format!("/v1/views/{trash}")).await.expect(200);
    assert_eq!(refused(json!({ "view": trash, "archive": true })).await, ["/view unknown_record"], "at once");
    let companies = json!({ "name": "All", "of": "company" });
    let companies = text(&scene.me.post("/v1/views", companies).await.expect(201)["id"]);
    assert_eq!(refused(json!({ "view": companies, "archive": true })).await, ["/view wrong_object"]);
    let words = scene.view(&scene.me, json!({ "q": "person" })).await;
    assert_eq!(refused(json!({ "view": words, "q": "1", "archive": true })).await, ["/q given_twice"]);
    let fields = |archived: bool| {
        json!([{ "object": "contact", "fields": [
            { "name": "tier", "type": "select", "options": [{ "value": "gold" }], "archived": archived },
        ] }])
    };
    scene.app.define(&scene.me, fields(false)).await;
    let gold = json!({ "field": "custom.tier", "op": "eq", "value": "gold" });
    let gold = scene.view(&scene.me, json!({ "filter": gold })).await;
    scene.app.redefine(&scene.me, fields(true)).await;
    scene.app.drain().await;
    let answer = scene.me.post("/v1/contacts/bulk", json!({ "view": gold, "archive": true })).await.expect(422);
    assert_eq!(answer["errors"][0]["pointer"], "/view/query/filter/field");
    assert!(text(&answer["errors"][0]["detail"]).starts_with("custom.tier: "), "{answer:#}");
    assert_eq!(scene.me.get("/v1/jobs?count=exact").await.expect(200)["count"], 0);
}
