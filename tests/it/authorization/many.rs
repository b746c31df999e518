//! What is done to many records takes what it takes for one.

use http::Method;
use serde_json::{Value, json};

use crate::app::{App, Caller};
use crate::links::made;
use crate::shares::colleague;

/// Carries a bulk edit out, and answers the ids of the records that it could not change.
async fn refused(app: &App, caller: &Caller, body: Value) -> Vec<String> {
    let job = caller.post("/v1/contacts/bulk", body).await.expect(202);
    app.drain().await;
    caller.get(&format!("/v1/jobs/{}/errors", job["id"].as_str().unwrap())).await.column("record")
}

#[tokio::test]
async fn whoever_archives_their_own_records_archives_no_others_by_a_job() {
    let app = App::start().await;
    let owner = app.workspace("north").await;
    // A rep changes everybody's records and archives their own.
    let (rep, id) = colleague(&app, &owner, "rita", None).await;
    let mine = made(&owner, "contacts", json!({ "first_name": "Mine", "owner_id": id })).await;
    let theirs = made(&owner, "contacts", json!({ "first_name": "Theirs" })).await;
    let ids = json!([mine, theirs]);
    assert!(refused(&app, &rep, json!({ "ids": ids, "add_tags": ["met"] })).await.is_empty());
    assert_eq!(refused(&app, &rep, json!({ "ids": ids, "archive": true })).await, std::slice::from_ref(&theirs));
    let archived_at =
        async |id: &str| owner.get(&format!("/v1/contacts/{id}")).await.expect(200)["archived_at"].clone();
    assert!(archived_at(&mine).await.is_string() && archived_at(&theirs).await.is_null());
    owner.delete(&format!("/v1/contacts/{theirs}")).await.expect(200);
    assert_eq!(refused(&app, &rep, json!({ "ids": ids, "restore": true })).await, std::slice::from_ref(&theirs));
    assert!(archived_at(&mine).await.is_null() && archived_at(&theirs).await.is_string());
    // Nobody starts a job that can do nothing.
    owner.patch("/v1/roles/rep", json!({ "objects": { "contact": { "archive": "none" } } })).await.expect(200);
    let answer = rep.post("/v1/contacts/bulk", json!({ "ids": ids, "archive": true })).await;
    assert_eq!(answer.refused(403), "denied");
}

#[tokio::test]
async fn what_may_only_be_read_is_refused_when_a_job_is_asked_for() {
    let app = App::start().await;
    let owner = app.workspace("north").await;
    let (rep, id) = colleague(&app, &owner, "rita", None).await;
    let contact = made(&owner, "contacts", json!({ "first_name": "Ada", "owner_id": id, "city": "Bonn" })).await;
    let other = made(&owner, "contacts", json!({ "first_name": "Eve", "owner_id": id, "city": "Ulm" })).await;
    let fields = json!({ "contact": { "city": "read", "tags": "read", "email": "read" } });
    owner.patch("/v1/roles/rep", json!({ "fields": fields })).await.expect(200);
    let all = "/v1/contacts";
    let codes = async |path: &str, body: Value| {
        let body = rep.post(path, body).await.expect(422);
        let errors = body["errors"].as_array().unwrap().iter();
        errors
            .map(|error| format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let bulk = format!("{all}/bulk");
    assert_eq!(
        codes(&bulk, json!({ "ids": [contact], "change": { "city": "Rome" } })).await,
        ["/change/city read_only"]
    );
    assert_eq!(codes(&bulk, json!({ "ids": [contact], "add_tags": ["a"] })).await, ["/add_tags read_only"]);
    let merge = format!("{all}/{contact}/merge");
    assert_eq!(
        codes(&merge, json!({ "others": [other], "fields": { "city": other } })).await,
        ["/fields/city read_only"]
    );
    let file = b"First name,City\nAda,Rome\n".to_vec();
    let upload = crate::imports::upload(&app.stack.app().files, &rep, file).await;
    let columns = json!([{ "column": "First name", "field": "first_name" }, { "column": "City", "field": "city" }]);
    let import = json!({ "files": [{ "upload": upload, "object": "contact", "columns": columns }] });
    assert_eq!(codes("/v1/imports", import).await, ["/files/0/columns/1/field read_only"]);
    // A column that means it is not suggested either.
    let preview = json!({ "files": [{ "upload": upload, "object": "contact" }] });
    let preview = rep.post("/v1/imports/preview", preview).await.expect(200);
    let columns = preview["import"]["files"][0]["columns"].as_array().unwrap();
    assert!(columns.iter().all(|column| column["field"] != "city"), "{preview:#}");
}

#[tokio::test]
async fn a_request_that_is_repeated_tells_nothing_of_what_may_not_be_seen_any_more() {
    let app = App::start().await;
    let owner = app.workspace("north").await;
    owner.patch("/v1/roles/rep", json!({ "objects": { "contact": { "read": "own" } } })).await.expect(200);
    let (rep, _) = colleague(&app, &owner, "rita", None).await;
    let send = async || {
        let contact = json!({ "first_name": "Ada", "birthday": "1990-01-01" });
        rep.send(Method::POST, "/v1/contacts", &[("idempotency-key", "once")], Some(contact)).await
    };
    let made = send().await.expect(201);
    assert_eq!(send().await.expect(201), made);
    owner.patch("/v1/roles/rep", json!({ "fields": { "contact": { "birthday": "hidden" } } })).await.expect(200);
    assert!(send().await.body.get("birthday").is_none(), "it may not be seen by now");
    owner.patch("/v1/roles/rep", json!({ "fields": { "contact": { "birthday": null } } })).await.expect(200);
    owner
        .patch(&format!("/v1/contacts/{}", made["id"].as_str().unwrap()), json!({ "owner_id": null }))
        .await
        .expect(200);
    assert_eq!(send().await.refused(404), "not_found");
}
