//! Records of a company's own objects, from the first to the last.

use http::Method;
use serde_json::{Value, json};

use super::{Projects, field_of, wrong};

#[tokio::test]
async fn records_of_an_object_of_ones_own_live_as_others_do() {
    let projects = Projects::start().await;
    let me = &projects.me;
    projects.field(json!({ "name": "budget", "type": "number" })).await;
    projects.field(json!({ "name": "customer", "type": "reference", "object": "company" })).await;
    let company = me.post("/v1/companies", json!({ "name": "Acme" })).await.expect(201)["id"].clone();
    let body = json!({ "name": "Roof", "tags": ["new"], "custom": { "budget": 5, "customer": company } });
    let made = me.post("/v1/x_projects", body).await;
    let path = made.header("location");
    let made = made.expect(201);
    assert_eq!(
        (&made["object"], made["id"].as_str().unwrap().split_once('_').unwrap().0),
        (&json!("x_project"), "x00")
    );
    assert_eq!(path, format!("/v1/x_projects/{}", made["id"].as_str().unwrap()));
    assert_eq!(me.get(&path).await.expect(200), made);
    let stale =
        me.send(Method::PATCH, &path, &[("if-match", "\"9\"")], Some(json!({ "custom": { "budget": 6 } }))).await;
    assert_eq!(stale.refused(412), "stale");
    me.patch(&path, json!({ "custom": { "budget": 6 } })).await.expect(200);
    me.delete(&path).await.expect(200);
    me.post(&format!("{path}/restore"), json!({})).await.expect(200);
    let history = me.get(&format!("{path}/history")).await.expect(200);
    let names: Vec<&str> =
        history["data"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["x_project.restored", "x_project.archived", "x_project.changed", "x_project.created"]);
    assert_eq!(history["data"][2]["changes"]["custom.budget"], json!({ "before": 5, "after": 6 }));
    me.post(&format!("{path}/erase"), json!({})).await.expect(204);
    assert_eq!(me.get(&path).await.refused(404), "not_found");
}

#[tokio::test]
async fn they_are_listed_filtered_sorted_and_searched_by_their_own_fields() {
    let projects = Projects::start().await;
    let me = &projects.me;
    projects.field(json!({ "name": "budget", "type": "number" })).await;
    projects.field(json!({ "name": "place", "type": "text", "searched": true })).await;
    projects.field(json!({ "name": "double", "type": "formula", "expression": "custom.budget * 2" })).await;
    for (name, budget, place) in [("Roof", 5, "Köln"), ("Wall", 9, "Bonn"), ("Door", 7, "Bonn")] {
        projects.project(name, json!({ "budget": budget, "place": place })).await;
    }
    projects.app.drain().await;
    let names = async |query: &str| me.get(&format!("/v1/x_projects?{query}")).await.column("name");
    assert_eq!(names("sort=-custom.budget").await, ["Wall", "Door", "Roof"]);
    assert_eq!(names("custom.budget.gte=6&sort=custom.budget").await, ["Door", "Wall"]);
    assert_eq!(names("custom.double=10").await, ["Roof"]);
    assert_eq!(names("q=koln").await, ["Roof"]);
    assert_eq!(names("custom.place=bonn&sort=name").await, ["Door", "Wall"]);
    let counted = me.get("/v1/x_projects?custom.place=bonn&count=exact&limit=1").await.expect(200);
    assert_eq!((&counted["count"], &counted["page"]["has_more"]), (&json!(2), &json!(true)));
    assert_eq!(wrong(me.get("/v1/x_projects?custom.nick=1").await).len(), 1);
}

#[tokio::test]
async fn a_field_that_is_given_up_comes_back_with_its_values() {
    let projects = Projects::start().await;
    let me = &projects.me;
    projects.field(json!({ "name": "number", "type": "text", "unique": true })).await;
    let path = projects.project("Roof", json!({ "number": "7" })).await;
    let field = "/v1/schema/objects/x_project/fields/number";
    let described = me.delete(field).await.expect(200);
    assert_eq!(field_of(&described, "custom.number")["archived"], true);
    assert_eq!(projects.custom(&path).await, json!({}));
    assert_eq!(wrong(me.patch(&path, json!({ "custom": { "number": "8" } })).await), ["/custom/number unknown_field"]);
    let taken = me.post("/v1/schema/objects/x_project/fields", json!({ "name": "number", "type": "date" })).await;
    assert_eq!(wrong(taken), ["/name taken"]);
    assert_eq!(me.patch(field, json!({ "label": "No." })).await.refused(409), "archived");
    // Records go on without it, and it is as unique as it was.
    me.patch(&path, json!({ "name": "Ridge" })).await.expect(200);
    let gone = projects.project("Wall", json!({})).await;
    me.delete(&gone).await.expect(200);
    me.post(&format!("{field}/restore"), json!({})).await.expect(200);
    assert_eq!(projects.custom(&path).await, json!({ "number": "7" }));
    let again = me.post("/v1/x_projects", json!({ "name": "Door", "custom": { "number": "7" } })).await;
    assert_eq!(again.refused(409), "conflict");
}

#[tokio::test]
async fn what_is_erased_while_a_unique_field_is_given_up_leaves_nothing_behind() {
    let projects = Projects::start().await;
    let me = &projects.me;
    projects.field(json!({ "name": "number", "type": "text", "unique": true })).await;
    let path = projects.project("Roof", json!({ "number": "unmistakable" })).await;
    me.delete("/v1/schema/objects/x_project/fields/number").await.expect(200);
    me.post(&format!("{path}/erase"), json!({})).await.expect(204);
    me.post("/v1/schema/objects/x_project/fields/number/restore", json!({})).await.expect(200);
    projects.project("Wall", json!({ "number": "unmistakable" })).await;
}

#[tokio::test]
async fn an_object_that_is_given_up_comes_back_with_its_records() {
    let projects = Projects::start().await;
    let me = &projects.me;
    let path = projects.project("Roof", json!({})).await;
    me.delete("/v1/schema/objects/x_project").await.expect(200);
    for (method, path) in [(Method::GET, path.as_str()), (Method::GET, "/v1/x_projects"), (Method::PATCH, &path)] {
        assert_eq!(me.send(method, path, &[], Some(json!({}))).await.refused(404), "not_found");
    }
    assert_eq!(me.post("/v1/x_projects", json!({ "name": "Wall" })).await.refused(404), "not_found");
    let again = json!({ "name": "x_project", "plural": "x_works" });
    assert_eq!(wrong(me.post("/v1/schema/objects", again).await), ["/name taken"]);
    me.post("/v1/schema/objects/x_project/restore", json!({})).await.expect(200);
    assert_eq!(me.get(&path).await.expect(200)["name"], "Roof");
}

#[tokio::test]
async fn only_administrators_write_where_a_company_says_so() {
    let projects = Projects::start().await;
    let rep = projects.me.with_role("rep").await;
    rep.post("/v1/x_projects", json!({ "name": "Roof" })).await.expect(201);
    let object = json!({ "name": "x_rate", "plural": "x_rates", "only_administrators_write": true });
    projects.me.post("/v1/schema/objects", object).await.expect(201);
    assert_eq!(rep.post("/v1/x_rates", json!({ "name": "A" })).await.refused(403), "denied");
    projects.me.post("/v1/x_rates", json!({ "name": "A" })).await.expect(201);
}

#[tokio::test]
async fn no_path_of_rapports_own_is_taken_for_an_object() {
    let projects = Projects::start().await;
    let me = &projects.me;
    assert_eq!(me.get("/v1/me").await.expect(200)["role"], "owner");
    assert_eq!(me.get("/v1/workspace").await.expect(200)["object"], "workspace");
    assert_eq!(me.get("/v1/contacts").await.expect(200)["data"], json!([]));
    assert_eq!(me.get("/v1/schema").await.expect(200)["version"], 1);
    let contact: Value = me.post("/v1/contacts", json!({ "last_name": "A" })).await.expect(201);
    me.get(&format!("/v1/contacts/{}", contact["id"].as_str().unwrap())).await.expect(200);
    // Methods that those paths do not know are nobody's.
    for (method, path) in [
        (Method::POST, "/v1/me"),
        (Method::GET, "/v1/contact"),
        (Method::GET, "/v1/x_nothings"),
        (Method::GET, "/v1/api_keys/key_1"),
        (Method::PATCH, "/v1/schema/types"),
        (Method::GET, "/v1/schema/objects"),
        (Method::POST, "/v1/%7Bobject%7D"),
        (Method::GET, "/v1/x_%23projects"),
    ] {
        let body = (method != Method::GET).then(|| json!({ "name": "A" }));
        assert_eq!(me.send(method.clone(), path, &[], body).await.refused(404), "not_found", "{method} {path}");
    }
}
