//! What it costs to know what somebody may do.

use http::Method;
use serde_json::{Value, json};

use crate::app::{App, Caller};
use crate::links::made;
use crate::shares::colleague;

async fn round_trips(caller: &Caller, (method, path, body): &(Method, String, Option<Value>)) -> f64 {
    let answer = caller.send(method.clone(), path, &[], body.clone()).await;
    assert!(answer.status.is_success(), "{method} {path}: {:#}", answer.body);
    answer.timing("round_trips")
}

#[tokio::test]
async fn a_role_costs_a_warm_request_nothing_and_a_cold_one_a_round_trip() {
    let app = App::start().await;
    let owner = app.workspace("north").await;
    let grants =
        json!({ "read": "team", "create": "own", "update": "own", "archive": "own", "export": "own", "merge": "own" });
    let fields = json!({ "contact": { "birthday": "hidden", "city": "read" } });
    let role = json!({ "name": "x_field", "objects": { "contact": grants }, "fields": fields });
    owner.post("/v1/roles", role).await.expect(201);
    let team = made(&owner, "teams", json!({ "name": "Ours" })).await;
    let (field, id) = colleague(&app, &owner, "fay", Some(&team)).await;
    owner.patch(&format!("/v1/users/{id}"), json!({ "role": "x_field" })).await.expect(200);
    let contact = made(&owner, "contacts", json!({ "first_name": "Ada", "owner_id": id })).await;
    app.drain().await;
    let one = format!("/v1/contacts/{contact}");
    let requests = [
        (Method::GET, one.clone(), None),
        (Method::GET, "/v1/contacts".to_owned(), None),
        (Method::POST, "/v1/contacts/aggregate".to_owned(), Some(json!({}))),
        (Method::PATCH, format!("{one}?validate=only"), Some(json!({ "last_name": "Lovelace" }))),
        (Method::POST, "/v1/contacts?validate=only".to_owned(), Some(json!({ "first_name": "Eve" }))),
        (Method::DELETE, format!("{one}?validate=only"), Some(json!({}))),
    ];
    let workspace = owner.made.as_ref().unwrap().workspace;
    for request in &requests {
        for caller in [&owner, &field] {
            round_trips(caller, request).await;
        }
        let (unlimited, limited) = (round_trips(&owner, request).await, round_trips(&field, request).await);
        assert_eq!(limited, unlimited, "{request:?}");
        app.stack.app().schemas.forget(workspace);
        let cold = round_trips(&field, request).await;
        assert!(cold <= limited + 1.0, "{request:?}: {cold} after {limited}");
    }
}
