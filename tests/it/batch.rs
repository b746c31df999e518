//! Batches, through HTTP.

use http::Method;
use serde_json::{Value, json};

use crate::app::App;
use crate::links::made;

fn statuses(answer: &Value) -> Vec<u64> {
    answer["results"].as_array().unwrap().iter().map(|result| result["status"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_company_and_its_people_are_made_in_one_request() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let body = json!({ "atomic": true, "operations": [
        { "op": "create", "object": "company", "ref": "acme", "data": { "name": "Acme" } },
        { "op": "create", "ref": "ada", "data": { "first_name": "Ada", "company_id": "@acme" } },
        { "op": "create", "data": { "first_name": "Bob", "company_id": "@acme",
                                    "former_jobs": [{ "company_id": "@acme", "until": "2020-01-01" }] } },
    ]});
    let answer = me.post("/v1/contacts/batch", body).await;
    let position = answer.header("rapport-position");
    let body = answer.expect(200);
    assert_eq!(statuses(&body), [201, 201, 201]);
    let results = body["results"].as_array().unwrap();
    assert_eq!((&results[0]["ref"], results[2].get("ref")), (&json!("acme"), None));
    let (acme, bob) = (&results[0]["record"]["id"], &results[2]["record"]);
    assert_eq!((&bob["company_id"], &bob["former_jobs"][0]["company_id"]), (acme, acme));
    assert_eq!(position.split(',').count(), 3);
    app.drain().await;
    let listed = me.get_at(&format!("/v1/contacts?company_id={}", acme.as_str().unwrap()), &position).await;
    assert_eq!(listed.column("first_name").len(), 2);
}

#[tokio::test]
async fn each_operation_is_answered_as_if_it_was_asked_for_by_itself() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = made(&me, "contacts", json!({ "first_name": "Ada", "email": "ada@example.com" })).await;
    let body = json!({ "operations": [
        { "op": "read", "id": ada },
        { "op": "update", "id": ada, "if_match": 7, "data": { "city": "Rome" } },
        { "op": "create", "data": { "first_name": "Eve", "email": "ada@example.com" } },
        { "op": "create", "data": { "first_name": 7 } },
        { "op": "read", "id": "con_019b76daa8007838a5822a6f9e62da21" },
        { "op": "upsert", "by": { "email": "ADA@example.com" }, "data": { "city": "Oslo" } },
        { "op": "archive", "id": ada },
        { "op": "update", "id": ada, "data": { "city": "Bonn" } },
    ]});
    let answer = me.post("/v1/contacts/batch", body).await.expect(200);
    assert_eq!(statuses(&answer), [200, 412, 409, 422, 404, 200, 200, 409]);
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results[3]["problem"]["errors"][0]["pointer"], "/operations/3/data/first_name");
    assert_eq!(results[2]["problem"]["type"], "/problems/conflict");
    assert!(results[2].get("record").is_none() && results[0].get("problem").is_none());
    let viewer = me.with_role("viewer").await;
    let body = json!({ "operations": [{ "op": "read", "id": ada }, { "op": "restore", "id": ada }] });
    assert_eq!(statuses(&viewer.post("/v1/contacts/batch", body).await.expect(200)), [200, 403]);
}

#[tokio::test]
async fn a_refused_atomic_batch_says_which_operation_it_was() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    made(&me, "contacts", json!({ "first_name": "Ada", "email": "ada@example.com" })).await;
    let create = |email: &str| json!({ "op": "create", "data": { "first_name": "Eve", "email": email } });
    let items = app.items().len();
    let taken = json!({ "atomic": true, "operations": [create("eve@example.com"), create("ada@example.com")] });
    let refused = me.post("/v1/contacts/batch", taken).await.expect(409);
    assert_eq!((&refused["operation"], &refused["errors"][0]["pointer"]), (&json!(1), &json!("/email")));
    let wrong = json!({ "atomic": true, "operations": [create("eve"), create("bob")] });
    let refused = me.post("/v1/contacts/batch", wrong).await.expect(422);
    assert_eq!(refused["errors"].as_array().unwrap().len(), 2);
    let many: Vec<Value> = (0..60).map(|number| create(&format!("p{number}@example.com"))).collect();
    let refused = me.post("/v1/contacts/batch", json!({ "atomic": true, "operations": many })).await.expect(422);
    assert_eq!(refused["errors"][0]["code"], "too_many_items");
    assert_eq!(app.items().len(), items);
    let merged = made(&me, "contacts", json!({ "first_name": "M" })).await;
    let winner = made(&me, "contacts", json!({ "first_name": "W" })).await;
    me.post(&format!("/v1/contacts/{winner}/merge"), json!({ "others": [merged] })).await.expect(200);
    let operations = json!([{ "op": "update", "id": merged, "data": {} }]);
    let refused = me.post("/v1/contacts/batch", json!({ "atomic": true, "operations": operations })).await;
    assert!(refused.headers.get("location").is_none(), "nobody is to send a batch to a record");
    assert_eq!(refused.refused(409), "merged");
}

#[tokio::test]
async fn a_batch_sent_again_with_its_key_has_no_second_effect() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    for (key, atomic) in [("all", true), ("each", false)] {
        let operations = json!([
            { "op": "create", "data": { "first_name": "Ada" } },
            { "op": "create", "data": { "first_name": "Bob" } },
        ]);
        let body = json!({ "atomic": atomic, "operations": operations });
        let headers = [("idempotency-key", key)];
        let first = me.send(Method::POST, "/v1/contacts/batch", &headers, Some(body.clone())).await.expect(200);
        let items = app.items().len();
        let again = me.send(Method::POST, "/v1/contacts/batch", &headers, Some(body)).await;
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert_eq!(again.expect(200), first);
        assert_eq!(app.items().len(), items);
        let other = json!({ "atomic": atomic, "operations": [operations[0], operations[0], operations[0]] });
        let refused = me.send(Method::POST, "/v1/contacts/batch", &headers, Some(other)).await;
        assert_eq!(refused.refused(422), "idempotency_key_reused");
        assert_eq!(app.items().len(), items, "nothing of another batch with the key was done");
    }
}

#[tokio::test]
async fn a_batch_about_one_object_writes_no_users() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    for object in ["user", "team", "view", "job", "contacts", "x_ghosts", ""] {
        let body = json!({ "operations": [{ "op": "create", "object": object, "data": { "name": "Eve" } }] });
        let answer = me.post("/v1/contacts/batch", body).await.expect(200);
        assert_eq!(answer["results"][0]["problem"]["errors"][0]["code"], "unknown_object", "{object}");
    }
}

#[tokio::test]
async fn a_dry_run_of_a_batch_says_what_would_happen() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let items = app.items().len();
    for atomic in [true, false] {
        let body = json!({ "atomic": atomic, "operations": [
            { "op": "create", "ref": "ada", "data": { "first_name": "Ada" } },
            { "op": "update", "id": "@ada", "data": { "city": "Rome" } },
        ]});
        let answer = me.post("/v1/contacts/batch?validate=only", body).await;
        assert!(answer.headers.get("rapport-position").is_none());
        let answer = answer.expect(200);
        assert_eq!((statuses(&answer), &answer["results"][1]["record"]["city"]), (vec![201, 200], &json!("Rome")));
    }
    assert_eq!(app.items().len(), items);
}

#[tokio::test]
async fn an_atomic_batch_that_no_transaction_can_take_is_refused() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let fields: Vec<String> = (0..3).map(|number| format!("story_{number}")).collect();
    for name in &fields {
        let field = json!({ "name": name, "type": "long_text" });
        me.post("/v1/schema/objects/contact/fields", field).await.expect(201);
    }
    let mut operations = Vec::new();
    for number in 0..30 {
        let custom: serde_json::Map<String, Value> =
            fields.iter().map(|name| (name.clone(), json!("𝄞".repeat(10_000)))).collect();
        let id = made(&me, "contacts", json!({ "first_name": format!("P{number}"), "custom": custom })).await;
        operations.push(json!({ "op": "archive", "id": id }));
    }
    let body = json!({ "atomic": true, "operations": operations });
    let refused = me.post("/v1/contacts/batch", body).await.expect(422);
    assert_eq!(refused["errors"][0]["code"], "too_large");
    let few = json!({ "atomic": true, "operations": operations[..20] });
    me.post("/v1/contacts/batch", few).await.expect(200);
}

#[tokio::test]
async fn what_is_written_twice_in_a_batch_is_written_in_its_order() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = made(&me, "contacts", json!({ "first_name": "Ada" })).await;
    for round in 0..5 {
        let update = |city: &str| json!({ "op": "update", "id": ada, "data": { "city": format!("{city} {round}") } });
        let mut operations = vec![update("A"), update("B"), update("C")];
        operations[1]["object"] = json!("contact");
        me.post("/v1/contacts/batch", json!({ "operations": operations })).await.expect(200);
        assert_eq!(me.get(&format!("/v1/contacts/{ada}")).await.expect(200)["city"], format!("C {round}"));
    }
}
