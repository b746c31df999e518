//! Defining objects and fields: who may, what is refused, what is told.

use http::Method;
use serde_json::{Value, json};

use super::{Projects, field_of, wrong};
use crate::app::App;

#[tokio::test]
async fn everybody_reads_the_schema_and_administrators_change_it() {
    let projects = Projects::start().await;
    projects.field(json!({ "name": "size", "type": "number" })).await;
    for role in ["viewer", "rep"] {
        let them = projects.me.with_role(role).await;
        let schema = them.get("/v1/schema").await.expect(200);
        let names: Vec<&str> =
            schema["objects"].as_array().unwrap().iter().map(|o| o["name"].as_str().unwrap()).collect();
        assert!(names.starts_with(&["contact", "company"]) && names.ends_with(&["x_project"]), "{names:?}");
        assert_eq!(them.get("/v1/schema/objects/x_project").await.expect(200), schema["objects"][names.len() - 1]);
        let types = them.get("/v1/schema/types").await.expect(200);
        assert_eq!(types["types"].as_array().unwrap().len(), 18);
        assert!(types["currencies"].as_array().unwrap().contains(&json!("EUR")));
        let object = json!({ "name": "x_task", "plural": "x_tasks" });
        assert_eq!(them.post("/v1/schema/objects", object).await.refused(403), "denied");
        for (method, path) in [
            (Method::PATCH, "/v1/schema/objects/contact"),
            (Method::DELETE, "/v1/schema/objects/x_project"),
            (Method::POST, "/v1/schema/objects/x_project/restore"),
            (Method::POST, "/v1/schema/objects/x_project/fields"),
            (Method::PATCH, "/v1/schema/objects/x_project/fields/size"),
            (Method::DELETE, "/v1/schema/objects/x_project/fields/size"),
            (Method::POST, "/v1/schema/objects/x_project/fields/size/restore"),
        ] {
            assert_eq!(
                them.send(method.clone(), path, &[], Some(json!({}))).await.refused(403),
                "denied",
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn everything_wrong_with_an_object_is_told_at_once() {
    let projects = Projects::start().await;
    let post = async |body: Value| wrong(projects.me.post("/v1/schema/objects", body).await);
    assert_eq!(
        post(json!({ "name": "task", "plural": "x_Tasks", "label": 5, "nick": 1 })).await,
        ["/label wrong_type", "/nick unknown_field", "/name bad_name", "/plural bad_name"]
    );
    assert_eq!(post(json!({})).await, ["/name required", "/plural required"]);
    assert_eq!(post(json!({ "name": "x_project", "plural": "x_projects" })).await, ["/name taken", "/plural taken"]);
    for name in ["x_", "x_1", "x__a", "x_a_", "x_ä", &format!("x_{}", "a".repeat(39))] {
        assert_eq!(post(json!({ "name": name, "plural": "x_tasks" })).await, ["/name bad_name"], "{name}");
    }
}

#[tokio::test]
async fn everything_wrong_with_a_field_is_told_at_once() {
    let projects = Projects::start().await;
    projects.field(json!({ "name": "size", "type": "number" })).await;
    let post = async |body: Value| wrong(projects.me.post("/v1/schema/objects/x_project/fields", body).await);
    assert_eq!(post(json!({ "label": 5, "max": 1 })).await, ["/name required", "/label wrong_type", "/type required"]);
    assert_eq!(
        post(json!({ "name": "Size", "type": "number", "decimals": 9, "nick": 1 })).await,
        ["/name bad_name", "/decimals out_of_range", "/nick unknown_field"]
    );
    for (name, code) in [("size", "taken"), ("owner_id", "reserved"), ("custom", "reserved"), ("contains", "reserved")]
    {
        assert_eq!(post(json!({ "name": name, "type": "number" })).await, [format!("/name {code}")]);
    }
    assert_eq!(
        post(json!({ "name": "twice", "type": "boolean", "unique": true, "section": "none", "searched": true })).await,
        ["/section unknown_section", "/unique cannot_be_unique"]
    );
    assert_eq!(
        post(json!({ "name": "own", "type": "formula", "expression": "custom.own + 1" })).await,
        ["/expression cycle"]
    );
    assert_eq!(post(json!({ "name": "day", "type": "date", "default": "someday" })).await, ["/default not_a_date"]);
    assert_eq!(post(json!({ "name": "list", "type": "items" })).await, ["/type unknown_type"]);
}

#[tokio::test]
async fn a_definition_is_changed_on_condition_of_its_version_and_once_for_a_key() {
    let projects = Projects::start().await;
    let me = &projects.me;
    let path = "/v1/schema/objects/x_project";
    let made = me.get(path).await;
    assert_eq!(made.header("etag"), "\"1\"");
    let label = async |headers: &[(&str, &str)], label: &str| {
        me.send(Method::PATCH, path, headers, Some(json!({ "label": label }))).await
    };
    let stale = label(&[("if-match", "\"7\"")], "Site").await;
    assert_eq!((stale.body["current_version"].clone(), stale.refused(412)), (json!(1), "stale".to_owned()));
    let once = [("if-match", "\"1\""), ("idempotency-key", "k")];
    let first = label(&once, "Site").await;
    assert_eq!(first.header("etag"), "\"2\"");
    let again = label(&once, "Site").await;
    assert_eq!((again.header("idempotency-replayed"), again.expect(200)), ("true".to_owned(), first.expect(200)));
    // What changes nothing makes no version, and a trial makes none either.
    assert_eq!(label(&[], "Site").await.expect(200)["version"], 2);
    let tried = me.patch(&format!("{path}?validate=only"), json!({ "label": "Yard" })).await.expect(200);
    assert_eq!((&tried["label"], &tried["version"]), (&json!("Yard"), &json!(3)));
    assert_eq!(me.get(path).await.expect(200)["label"], "Site");
}

#[tokio::test]
async fn of_two_who_make_the_same_object_at_once_one_is_told_that_it_is_taken() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let mut attempts = tokio::task::JoinSet::new();
    for number in 0..4 {
        let me = me.clone();
        attempts.spawn(async move {
            let plural = format!("x_tasks{number}");
            me.post("/v1/schema/objects", json!({ "name": "x_task", "plural": plural })).await.status.as_u16()
        });
    }
    let mut statuses = attempts.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422, 422, 422]);
}

#[tokio::test]
async fn sections_and_order_are_those_of_fields_that_are_there() {
    let projects = Projects::start().await;
    let me = &projects.me;
    let path = "/v1/schema/objects/x_project";
    let sections = json!([{ "name": "money", "label": "Money" }, { "name": "rest", "label": "The rest" }]);
    me.patch(path, json!({ "sections": sections })).await.expect(200);
    projects.field(json!({ "name": "budget", "type": "money", "section": "money" })).await;
    let ordered = me.patch(path, json!({ "order": ["custom.budget", "tags"] })).await.expect(200);
    let paths: Vec<&str> =
        ordered["fields"].as_array().unwrap().iter().map(|field| field["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["custom.budget", "tags", "name", "external_id"]);
    assert_eq!(
        wrong(
            me.patch(path, json!({ "order": ["nick", "tags", "tags"], "sections": [{ "name": "A", "label": "A" }] }))
                .await
        ),
        ["/sections/0/name bad_name", "/order/0 unknown_field", "/order/2 given_twice"]
    );
    let gone = me.patch(path, json!({ "sections": [] })).await;
    assert_eq!(gone.body["in_use"][0]["field"], "x_project.custom.budget");
    assert_eq!(gone.refused(409), "in_use");
}

#[tokio::test]
async fn what_others_are_made_of_cannot_be_taken_away() {
    let projects = Projects::start().await;
    let me = &projects.me;
    projects.field(json!({ "name": "net", "type": "money" })).await;
    projects.field(json!({ "name": "customer", "type": "reference", "object": "company" })).await;
    projects.field(json!({ "name": "gross", "type": "formula", "expression": "custom.net * 1.19" })).await;
    let sum = json!({
        "name": "sold", "type": "roll_up", "object": "x_project", "via": "custom.customer", "function": "sum", "field": "custom.gross",
    });
    me.post("/v1/schema/objects/company/fields", sum).await.expect(201);
    for (field, breaks) in
        [("net", "x_project.custom.gross"), ("gross", "company.custom.sold"), ("customer", "company.custom.sold")]
    {
        let answer = me.delete(&format!("/v1/schema/objects/x_project/fields/{field}")).await;
        let broken: Vec<&Value> =
            answer.body["in_use"].as_array().unwrap().iter().map(|broken| &broken["field"]).collect();
        assert!(broken.contains(&&json!(breaks)), "{broken:?}");
        assert_eq!(answer.refused(409), "in_use");
    }
    let answer = projects.change("gross", "", json!({ "expression": "'much'" })).await;
    assert_eq!(answer.refused(409), "in_use");
    assert_eq!(me.delete("/v1/schema/objects/x_project").await.refused(409), "in_use");
    me.delete("/v1/schema/objects/company/fields/sold").await.expect(200);
    me.delete("/v1/schema/objects/x_project").await.expect(200);
}

#[tokio::test]
async fn limits_are_kept_and_have_codes() {
    let projects = Projects::start().await;
    for number in 0..10 {
        projects.field(json!({ "name": format!("u{number}"), "type": "text", "unique": true })).await;
    }
    let post = async |body: Value| wrong(projects.me.post("/v1/schema/objects/x_project/fields", body).await);
    assert_eq!(
        post(json!({ "name": "u10", "type": "text", "unique": true })).await,
        ["/unique too_many_unique_fields"]
    );
    // 500 words of 100 letters that need two bytes each: too much for one field.
    let options: Vec<String> = (0..500).map(|number| format!("{number:03}{}", "ж".repeat(97))).collect();
    assert_eq!(post(json!({ "name": "long", "type": "select", "options": options })).await, [" field_too_large"]);
    let many: Vec<String> = (0..501).map(|number| format!("o{number}")).collect();
    assert_eq!(post(json!({ "name": "many", "type": "select", "options": many })).await, ["/options too_many"]);
    let deep = format!("{}1{}", "(".repeat(60), ")".repeat(60));
    assert_eq!(post(json!({ "name": "deep", "type": "formula", "expression": deep })).await, ["/expression too_deep"]);
}

#[tokio::test]
async fn who_changed_what_stands_in_the_events() {
    let projects = Projects::start().await;
    projects.field(json!({ "name": "size", "type": "number" })).await;
    projects.change("size", "", json!({ "label": "Size in m²" })).await.expect(200);
    let items = projects.app.items();
    let event = items.iter().find(|item| item.contains("schema.field_changed")).unwrap();
    let event: serde_dynamo::Item = serde_json::from_str(event).unwrap();
    let event: events::Event = serde_dynamo::from_item(event).unwrap();
    assert_eq!(event.by.user, projects.me.made.as_ref().unwrap().user);
    let change = &event.changes["x_project.fields.custom.size"];
    assert_eq!((change.before.get("label"), change.after["label"].as_str()), (None, Some("Size in m²")));
}

#[tokio::test]
async fn labels_are_names_in_words_until_somebody_says_otherwise() {
    let projects = Projects::start().await;
    let described = projects.field(json!({ "name": "net_sum", "type": "number" })).await;
    assert_eq!(field_of(&described, "custom.net_sum")["label"], "Net sum");
    let contact = projects.me.get("/v1/schema/objects/contact").await.expect(200);
    assert_eq!(field_of(&contact, "company_id")["label"], "Company");
}
