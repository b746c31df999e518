//! What happened to a record, and the record as it was.

use serde_json::{Value, json};

use crate::app::{App, Caller};

struct Life {
    app: App,
    me: Caller,
    path: String,
    company: String,
}

impl Life {
    /// A contact who was made, changed, linked, put into the trash and taken out of it.
    async fn start() -> Self {
        let app = App::start().await;
        let me = app.workspace("north").await;
        let company = me.post("/v1/companies", json!({ "name": "Acme" })).await.expect(201);
        let company = company["id"].as_str().unwrap().to_owned();
        let made = me.post("/v1/contacts", json!({ "first_name": "Ada", "city": "London" })).await;
        let path = made.header("location");
        me.patch(&path, json!({ "city": "Paris", "job_title": "Analyst" })).await.expect(200);
        me.put(&format!("{path}/links/company/{company}?label=advises"), json!({})).await.expect(201);
        me.delete(&path).await.expect(200);
        me.post(&format!("{path}/restore"), json!({})).await.expect(200);
        Self { app, me, path, company }
    }

    async fn timeline(&self, query: &str) -> Value {
        self.me.get(&format!("{}/timeline?{query}", self.path)).await.expect(200)
    }
}

fn kinds(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_timeline_tells_what_happened_newest_first() {
    let life = Life::start().await;
    // The first question of an instance learns the schema.
    life.me.get(&life.path).await.expect(200);
    let answer = life.me.get(&format!("{}/timeline", life.path)).await;
    assert_eq!(answer.timing("round_trips"), 2.0);
    let page = answer.expect(200);
    assert_eq!(kinds(&page), ["restored", "archived", "linked", "changed", "created"]);
    let entries = page["data"].as_array().unwrap();
    assert_eq!(entries[3]["title"], "Changed city and job title");
    assert_eq!(entries[3]["data"]["changes"]["city"], json!({ "before": "London", "after": "Paris" }));
    assert_eq!(entries[2]["data"]["link"]["id"], life.company.as_str());
    assert_eq!(entries[2]["title"], "Linked with a company as advises");
    let me = life.me.made.as_ref().unwrap();
    assert_eq!(entries[4]["by"]["user"], json!(me.user));
    assert_eq!(page["page"], json!({ "has_more": false, "next_cursor": null }));
    let other = life.me.get(&format!("/v1/companies/{}/timeline", life.company)).await.expect(200);
    assert_eq!(kinds(&other), ["linked", "created"]);
}

#[tokio::test]
async fn a_timeline_is_walked_page_by_page() {
    let life = Life::start().await;
    let mut seen = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let page = life.timeline(&query).await;
        seen.extend(kinds(&page));
        let Some(next) = page["page"]["next_cursor"].as_str() else { break };
        query = format!("limit=2&cursor={next}");
    }
    assert_eq!(seen, ["restored", "archived", "linked", "changed", "created"]);
    let first = life.timeline("limit=1").await;
    let cursor = first["page"]["next_cursor"].as_str().unwrap();
    let other = format!("/v1/companies/{}/timeline?cursor={cursor}", life.company);
    assert_eq!(life.me.get(&other).await.refused(400), "cursor_mismatch");
    for query in ["cursor=x", "cursor=%00", "cursor=a~b.c"] {
        assert_eq!(life.me.get(&format!("{}/timeline?{query}", life.path)).await.refused(400), "cursor_mismatch");
    }
    for query in ["limit=0", "limit=x", "kind=created"] {
        assert_eq!(life.me.get(&format!("{}/timeline?{query}", life.path)).await.refused(422), "invalid");
    }
}

#[tokio::test]
async fn who_may_not_see_a_record_is_not_told_what_happened_to_it() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let rep =
        me.post("/v1/users", json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" })).await.expect(201);
    let rita = app.key_of(&me, rep["id"].as_str().unwrap()).await;
    let view = me.post("/v1/views", json!({ "name": "Mine", "of": "contact" })).await.header("location");
    assert_eq!(kinds(&me.get(&format!("{view}/timeline")).await.expect(200)), ["created"]);
    assert_eq!(rita.get(&format!("{view}/timeline")).await.refused(404), "not_found");
}

#[tokio::test]
async fn a_record_is_read_as_it_was() {
    let life = Life::start().await;
    let created = life.timeline("").await["data"][4]["at"].as_str().unwrap().to_owned();
    let was = life.me.get(&format!("{}?as_of={created}&fields=city,job_title,version", life.path)).await;
    assert!(was.headers.get("etag").is_none(), "nobody can write on what was");
    let was = was.expect(200);
    assert_eq!((&was["city"], &was["job_title"], &was["version"]), (&json!("London"), &Value::Null, &json!(1)));
    let now = life.me.get(&life.path).await.expect(200);
    let later = life.me.get(&format!("{}?as_of=2999-01-01T00:00:00Z", life.path)).await.expect(200);
    assert_eq!(later, now);
    assert_eq!(life.me.get(&format!("{}?as_of=2001-01-01T00:00:00Z", life.path)).await.refused(404), "not_found");
    assert_eq!(life.me.get(&format!("{}?as_of=yesterday", life.path)).await.refused(422), "invalid");
    life.app.drain().await;
    let with = life.me.get(&format!("{}?as_of={created}&include=owner", life.path)).await.expect(200);
    assert_eq!(with["included"].as_object().unwrap().len(), 1);
}
