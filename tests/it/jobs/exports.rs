//! Records as files: which, in which form, and for whom.

use axum::body::Body;
use http::{Method, Request};
use kernel::{Clock, Ids};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Scene, counts, text};
use crate::app::{App, Caller};
use crate::links::made;
use crate::shares::{colleague, make_contacts_private};

/// What is at a signed address of the stack.
pub(super) async fn fetched(router: axum::Router, url: &str) -> (http::response::Parts, Vec<u8>) {
    let path = url.strip_prefix("http://localhost").unwrap();
    let request = Request::builder().uri(path).header("host", "localhost").body(Body::empty()).unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    (parts, axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec())
}

/// The names and contents of the files of a job.
async fn files(app: &App, caller: &Caller, job: &Value) -> Vec<(String, String)> {
    let listed = caller.get(&format!("/v1/jobs/{}/files", text(&job["id"]))).await.expect(200);
    let mut files = Vec::new();
    for file in listed["data"].as_array().unwrap() {
        let (parts, bytes) = fetched(app.stack.router(), file["url"].as_str().unwrap()).await;
        assert_eq!((parts.status.as_u16(), Some(bytes.len() as u64)), (200, file["bytes"].as_u64()));
        let name = text(&file["name"]);
        assert_eq!(parts.headers["content-disposition"], format!("attachment; filename=\"{name}\""));
        files.push((name, String::from_utf8(bytes).unwrap()));
    }
    files
}

/// An export, run to its end: the job and its files.
async fn exported(app: &App, caller: &Caller, body: Value) -> (Value, Vec<(String, String)>) {
    let job = caller.post("/v1/exports", body).await.expect(202);
    app.drain().await;
    let job = caller.get(&format!("/v1/jobs/{}", text(&job["id"]))).await.expect(200);
    assert_eq!(job["state"], "done", "{job:#}");
    let files = files(app, caller, &job).await;
    (job, files)
}

/// The only file of an export, as its rows.
async fn rows(app: &App, caller: &Caller, body: Value) -> Vec<String> {
    let (_, files) = exported(app, caller, body).await;
    assert_eq!(files.len(), 1);
    files[0].1.trim_start_matches('\u{feff}').lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_table_has_every_value_in_a_form_that_is_read_back() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    app.define(&me, json!([{ "object": "contact", "fields": [{ "name": "budget", "type": "money" }] }])).await;
    let company = json!({ "name": "Acme, Inc.", "external_id": { "source": "hubspot", "key": "7" } });
    let company = made(&me, "companies", company).await;
    let contact = json!({
        "first_name": "=SUM(A1)", "last_name": "O\"Neil", "company_id": company, "tags": ["a", "b"],
        "custom": { "budget": { "amount": 1250, "currency": "EUR" } }, "birthday": "1990-02-03",
        "emails": [{ "email": "further@example.com" }], "phone": "+4930901820", "description": "two\nlines",
    });
    let contact = made(&me, "contacts", contact).await;
    app.drain().await;
    let (job, files) = exported(&app, &me, json!({ "object": "contact", "format": "csv" })).await;
    assert_eq!((counts(&job), &job["of"]), ([1, 1, 0, 0, 0], &json!("contact")));
    let (name, file) = &files[0];
    assert_eq!((name.as_str(), file.starts_with("\u{feff}id,salutation,first_name,")), ("contacts.csv", true));
    let header = file.lines().next().unwrap();
    assert!(header.contains(",company_id,company_id.external_id,company_id.name,"), "{header}");
    assert!(header.ends_with(",owner_id,owner_id.email,created_at,updated_at,version,archived_at"), "{header}");
    for cell in [
        format!("\r\n{contact},,'=SUM(A1),\"O\"\"Neil\","),
        format!(",{company},hubspot:7,\"Acme, Inc.\","),
        ",a; b,".to_owned(),
        ",12.50 EUR,".to_owned(),
        ",1990-02-03,".to_owned(),
        ",+4930901820,".to_owned(),
        "\"[{\"\"email\"\":\"\"further@example.com\"\"}]\"".to_owned(),
        ",\"two\nlines\",".to_owned(),
        ",admin@north.example.com,".to_owned(),
    ] {
        assert!(file.contains(&cell), "{cell} is not in {file}");
    }
}

#[tokio::test]
async fn a_line_of_json_is_the_record_as_it_is_answered() {
    let scene = Scene::with(6).await;
    let (app, me) = (&scene.app, &scene.me);
    me.delete(&scene.path(0)).await.expect(200);
    let lines = rows(app, me, json!({ "object": "contact", "format": "jsonl" })).await;
    assert_eq!(lines.len(), 5, "what is in the trash is left out");
    for (line, id) in lines.iter().zip(&scene.ids[1..]) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line, me.get(&format!("/v1/contacts/{id}")).await.expect(200));
    }
    let fields = json!({ "object": "contact", "format": "jsonl", "fields": ["city"], "archived": "only" });
    let lines = rows(app, me, fields).await;
    let expected = json!({ "id": scene.ids[0], "object": "contact", "version": 2, "city": "Berlin" });
    assert_eq!(lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>(), [expected]);
    assert_eq!(rows(app, me, json!({ "object": "contact", "format": "jsonl", "archived": "include" })).await.len(), 6);
}

#[tokio::test]
async fn a_view_is_exported_as_it_was_when_it_was_asked_for() {
    let scene = Scene::with(6).await;
    let (app, me) = (&scene.app, &scene.me);
    let filter = json!({ "field": "city", "op": "eq", "value": "Berlin" });
    let view = json!({ "name": "Berlin", "of": "contact", "query": { "filter": filter, "sort": ["-first_name"] } });
    let view = made(me, "views", view).await;
    let body = json!({ "view": view, "format": "csv", "fields": ["first_name"], "q": "person" });
    let job = me.post("/v1/exports", body).await.expect(202);
    assert_eq!((&job["counts"]["total"], &job["of"]), (&json!(3), &json!("contact")));
    me.patch(&format!("/v1/views/{view}"), json!({ "query": {} })).await.expect(200);
    app.drain().await;
    let (_, file) = files(app, me, &job).await.remove(0);
    let expected: Vec<String> = [4, 2, 0].map(|at| format!("{},Person {at}", scene.ids[at])).into();
    assert_eq!(file.lines().skip(1).collect::<Vec<_>>(), expected);
    assert_eq!(file.lines().next(), Some("\u{feff}id,first_name"));
}

#[tokio::test]
async fn everything_is_a_file_for_each_object() {
    let scene = Scene::with(1).await;
    let own = json!({ "name": "x_thing", "plural": "x_things", "label": "Thing" });
    scene.me.post("/v1/schema/objects", own).await.expect(201);
    let (job, files) = exported(&scene.app, &scene.me, json!({ "format": "csv" })).await;
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["users.csv", "teams.csv", "companies.csv", "contacts.csv", "x_things.csv"]);
    assert_eq!(files.iter().map(|(_, file)| file.lines().count()).collect::<Vec<_>>(), [2, 1, 1, 2, 1]);
    assert_eq!((counts(&job), &job["of"]), ([2, 2, 0, 0, 0], &Value::Null));
    let undo = format!("/v1/jobs/{}/undo", text(&job["id"]));
    assert_eq!(scene.me.post(&undo, json!({})).await.refused(409), "not_undoable");
}

#[tokio::test]
async fn who_exports_gets_what_they_see_and_nobody_else_gets_that() {
    let app = App::start().await;
    let admin = app.workspace("north").await;
    make_contacts_private(&app, &admin).await;
    let (olga, _) = colleague(&app, &admin, "olga", None).await;
    let (otto, _) = colleague(&app, &admin, "otto", None).await;
    let hers = made(&olga, "contacts", json!({ "first_name": "Hers" })).await;
    let his = made(&otto, "contacts", json!({ "first_name": "His" })).await;
    app.drain().await;
    let body = json!({ "object": "contact", "format": "csv", "fields": ["first_name"] });
    let header = "id,first_name".to_owned();
    assert_eq!(rows(&app, &olga, body.clone()).await, [header.clone(), format!("{hers},Hers")]);
    let all = rows(&app, &admin, body.clone()).await;
    assert_eq!(all, [header, format!("{hers},Hers"), format!("{his},His")]);

    let (job, _) = exported(&app, &olga, body.clone()).await;
    let path = format!("/v1/jobs/{}/files", text(&job["id"]));
    assert_eq!(admin.get(&path).await.refused(403), "denied");
    assert_eq!(otto.get(&path).await.refused(404), "not_found");
    // A program with a lesser role of the same user.
    let (job, _) = exported(&app, &admin, body).await;
    let path = format!("/v1/jobs/{}/files", text(&job["id"]));
    assert_eq!(admin.with_role("rep").await.get(&path).await.refused(403), "denied");
    assert_eq!(admin.get(&path).await.expect(200)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_exported_is_told_where_it_stands() {
    let scene = Scene::with(1).await;
    let told = async |body: Value| {
        let problem = scene.me.post("/v1/exports", body).await.expect(422);
        let violations = problem["errors"].as_array().unwrap().iter();
        violations.map(|v| format!("{} {}", text(&v["pointer"]), text(&v["code"]))).collect::<Vec<_>>()
    };
    assert_eq!(told(json!({ "object": "nick", "format": "csv" })).await, ["/object unknown_object"]);
    let several = json!({ "objects": ["contact", "job"], "format": "csv" });
    assert_eq!(told(several).await, ["/objects/1 unknown_object"]);
    let fields = json!({ "object": "contact", "format": "csv", "fields": ["nick"] });
    assert_eq!(told(fields).await, ["/fields unknown_field"]);
    let filter = json!({ "object": "contact", "format": "csv", "filter": { "field": "nick", "op": "eq", "value": 1 } });
    assert_eq!(told(filter).await, ["/filter/field unknown_field"]);
    let sort = json!({ "object": "contact", "format": "csv", "sort": ["nick"] });
    assert_eq!(told(sort).await, ["/sort unknown_field"]);
    let view = json!({ "view": "viw_019b76daa8007838a5822a6f9e62da21", "format": "csv" });
    assert_eq!(told(view).await, ["/view unknown_record"]);
}

#[tokio::test]
async fn a_file_is_brought_to_its_address_by_who_may_write() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let answer = me.post("/v1/uploads", json!({ "name": "contacts.csv", "bytes": 5 })).await.expect(201);
    assert_eq!((&answer["method"], &answer["headers"]["content-length"]), (&json!("PUT"), &json!("5")));
    let path = answer["url"].as_str().unwrap().strip_prefix("http://localhost").unwrap();
    let request = Request::builder().method("PUT").uri(path).header("host", "localhost").header("content-length", 5);
    let response = app.stack.router().oneshot(request.body(Body::from("a,b\n1")).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    let made = me.made.as_ref().unwrap();
    let key = format!("uploads/{}/{}/{}", made.workspace, made.user, text(&answer["id"]));
    assert_eq!(app.stack.app().files.get(&key).await.unwrap().unwrap(), "a,b\n1");

    let viewer = me.with_role("viewer").await;
    assert_eq!(viewer.post("/v1/uploads", json!({ "name": "a", "bytes": 1 })).await.refused(403), "denied");
    let large = me.post("/v1/uploads", json!({ "name": "a", "bytes": 500_000_001 })).await.expect(422);
    assert_eq!(large["errors"][0]["pointer"], "/bytes");
}

#[tokio::test]
async fn nobody_has_more_than_five_exports_at_work() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let body = json!({ "object": "contact", "format": "csv" });
    // Who says what they have written is known to have written it.
    let mut seen: Vec<String> = Vec::new();
    let ask = async |seen: &[String], key: &str| {
        let position = seen.join(",");
        let headers = [("idempotency-key", key), ("rapport-position", position.as_str())];
        me.send(Method::POST, "/v1/exports", &headers, Some(body.clone())).await
    };
    for key in ["1", "2", "3", "4", "5"] {
        let begun = ask(&seen, key).await;
        seen.push(begun.headers["rapport-position"].to_str().unwrap().to_owned());
        begun.expect(202);
    }
    assert_eq!(ask(&seen, "6").await.refused(429), "too_many_requests");
    // What was answered before is answered again, and others have their own.
    ask(&seen, "5").await.expect(202);
    let (other, _) = colleague(&app, &me, "olga", None).await;
    other.post("/v1/exports", body.clone()).await.expect(202);
    app.drain().await;
    me.post("/v1/exports", body).await.expect(202);
}

#[tokio::test]
async fn who_may_only_look_stops_their_own_exports_and_nothing_else() {
    let scene = Scene::with(1).await;
    let (app, me) = (&scene.app, &scene.me);
    let looks = json!({ "name": "looks", "role": "rep", "read_only": true });
    let viewer = me.post("/v1/api_keys", looks).await.expect(201);
    let viewer = me.with_secret(&text(&viewer["secret"]));
    let cancel = |job: &Value| format!("/v1/jobs/{}/cancel", text(&job["id"]));
    let body = json!({ "object": "contact", "format": "csv" });
    let job = viewer.post("/v1/exports", body.clone()).await.expect(202);
    assert_eq!(viewer.post(&cancel(&job), json!({})).await.expect(200)["state"], "cancelled");
    let edit = me.post("/v1/contacts/bulk", json!({ "ids": scene.ids, "change": { "city": "Ulm" } })).await.expect(202);
    assert_eq!(viewer.post(&cancel(&edit), json!({})).await.refused(403), "denied");
    let (olga, _) = colleague(app, me, "olga", None).await;
    let hers = olga.post("/v1/exports", body).await.expect(202);
    assert_eq!(viewer.post(&cancel(&hers), json!({})).await.refused(404), "not_found");
}

#[tokio::test]
async fn exports_that_stand_still_keep_nobody_from_another_one() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let in_minutes = |minutes: i64| {
        let clock = Clock::manual();
        clock.advance_millis(Clock::System.now().as_millis() - clock.now().as_millis() + minutes * 60_000);
        let parts = app.stack.app();
        let parts = api::App { ids: Ids::new(clock.clone()), clock, authorize: api::Authorize::Inline, ..parts };
        Caller::on(jobs::router(parts), me.secret.as_ref().unwrap())
    };
    let mut seen: Vec<String> = Vec::new();
    let ask = async |caller: &Caller, seen: &[String]| {
        let position = seen.join(",");
        let headers = [("rapport-position", position.as_str())];
        let body = json!({ "object": "contact", "format": "csv" });
        caller.send(Method::POST, "/v1/exports", &headers, Some(body)).await
    };
    for _ in 0..5 {
        let begun = ask(&me, &seen).await;
        seen.push(begun.header("rapport-position"));
        begun.expect(202);
    }
    assert_eq!(ask(&in_minutes(59), &seen).await.refused(429), "too_many_requests");
    ask(&in_minutes(61), &seen).await.expect(202);
}
