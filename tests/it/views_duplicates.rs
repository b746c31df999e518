//! Who may be there twice.

use serde_json::{Value, json};

use crate::app::{App, Caller};

struct World {
    app: App,
    me: Caller,
    ada: String,
}

impl World {
    async fn start() -> Self {
        let app = App::start().await;
        let me = app.workspace("north").await;
        let id = |answer: Value| answer["id"].as_str().unwrap().to_owned();
        let acme =
            id(me.post("/v1/companies", json!({ "name": "Acme GmbH", "domain": "acme.example" })).await.expect(201));
        let ada = json!({
            "first_name": "Ada", "last_name": "Lovelace", "email": "ada@acme.example", "phone": "+49 30 901820",
            "company_id": acme,
        });
        let ada = id(me.post("/v1/contacts", ada).await.expect(201));
        let twin = json!({ "first_name": "ADA", "last_name": "Lovelacé", "company_id": acme, "phone": "+4930901820" });
        me.post("/v1/contacts", twin).await.expect(201);
        me.post("/v1/contacts", json!({ "first_name": "Grace", "last_name": "Hopper" })).await.expect(201);
        app.drain().await;
        // The first question of an instance makes its file.
        me.get("/v1/contacts?limit=1").await.expect(200);
        Self { app, me, ada }
    }

    /// Who may be the same as a draft: first names, and why.
    async fn of(&self, draft: Value) -> Vec<(String, Vec<String>)> {
        let answer = self.me.post("/v1/contacts/duplicates", draft).await;
        assert_eq!(answer.timing("round_trips"), 1.0);
        candidates(&answer.expect(200))
    }
}

fn candidates(body: &Value) -> Vec<(String, Vec<String>)> {
    let data = body["data"].as_array().unwrap();
    let reasons = |candidate: &Value| {
        let reasons = candidate["reasons"].as_array().unwrap().iter();
        reasons.map(|reason| reason.as_str().unwrap().to_owned()).collect()
    };
    data.iter().map(|found| (found["record"]["first_name"].as_str().unwrap().to_owned(), reasons(found))).collect()
}

#[tokio::test]
async fn a_form_is_told_who_it_may_be_before_it_creates_anybody() {
    let world = World::start().await;
    let found = world.of(json!({ "email": "ADA@acme.example" })).await;
    assert_eq!(found, [("Ada".to_owned(), vec!["email".to_owned()])]);
    assert_eq!(world.of(json!({ "phone": "+49 (30) 901820" })).await.len(), 2);
    assert!(world.of(json!({ "first_name": null, "email": "nobody@example.com", "custom": {} })).await.is_empty());
    assert!(world.of(json!({})).await.is_empty());
    assert_eq!(world.me.post("/v1/contacts/duplicates", json!({ "email": "x" })).await.refused(422), "invalid");
    assert_eq!(world.me.post("/v1/contacts/duplicates", json!({ "nick": "x" })).await.refused(422), "invalid");
    let before = world.me.get("/v1/contacts?count=exact").await.expect(200);
    assert_eq!(before["count"], 3, "asking creates nobody");
    let company = world.me.post("/v1/companies/duplicates", json!({ "domain": "www.acme.example" })).await.expect(200);
    assert_eq!(company["data"][0]["reasons"][0], "domain");
}

#[tokio::test]
async fn a_record_is_told_who_else_it_may_be() {
    let world = World::start().await;
    let body = world.me.get(&format!("/v1/contacts/{}/duplicates", world.ada)).await.expect(200);
    let found = candidates(&body);
    assert_eq!(found.len(), 1, "never itself");
    assert_eq!(found[0].0, "ADA");
    for reason in ["phone", "name_and_company"] {
        assert!(found[0].1.contains(&reason.to_owned()), "{found:?}");
    }
    let none = "/v1/contacts/con_00000000000000000000000000000000/duplicates";
    assert_eq!(world.me.get(none).await.refused(404), "not_found");
}

#[tokio::test]
async fn all_duplicates_are_listed_group_by_group() {
    let world = World::start().await;
    for name in ["Pat", "pat"] {
        let email = format!("{name}@{}.example", name.len());
        let person = json!({ "first_name": name, "last_name": "Doe", "phone": "+12025550143", "emails": [{ "email": format!("x{email}") }] });
        world.me.post("/v1/contacts", person).await;
    }
    world.app.drain().await;
    let mut groups = Vec::new();
    let mut path = "/v1/contacts/duplicates?limit=1".to_owned();
    loop {
        let page = world.me.get(&path).await.expect(200);
        for group in page["data"].as_array().unwrap() {
            assert!(!group["reasons"].as_array().unwrap().is_empty());
            groups.push(group["records"].as_array().unwrap().len());
        }
        let Some(next) = page["page"]["next_cursor"].as_str() else { break };
        path = format!("/v1/contacts/duplicates?limit=1&cursor={next}");
    }
    assert_eq!(groups, [2], "Ada twice; the second Pat was refused for the email of the first");
    for query in ["limit=0", "limit=101", "nick=x"] {
        assert_eq!(world.me.get(&format!("/v1/contacts/duplicates?{query}")).await.refused(422), "invalid");
    }
    assert_eq!(world.me.get("/v1/contacts/duplicates?cursor=x").await.refused(400), "cursor_mismatch");
}
