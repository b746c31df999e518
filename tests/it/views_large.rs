//! Answers about large records: a function's answer may have 6 MB, and a page of records may not need more.

use serde_json::{Value, json};

use crate::app::{App, Caller};

/// How many there are of each object: together more than one answer has room for.
const MANY: usize = 46;

/// How many fields a record is made large with.
const NOTES: usize = 28;

struct World {
    _app: App,
    me: Caller,
    contacts: Vec<String>,
    companies: Vec<String>,
}

impl World {
    /// Contacts and companies that are as large as records can be; those of a company have its telephone in common.
    async fn start(many: usize) -> Self {
        let app = App::start().await;
        let me = app.workspace("north").await;
        let notes: Vec<Value> =
            (0..NOTES).map(|number| json!({ "name": format!("notes{number}"), "type": "long_text" })).collect();
        app.define(&me, json!([{ "object": "contact", "fields": notes }, { "object": "company", "fields": notes }]))
            .await;
        let notes: serde_json::Map<String, Value> =
            (0..NOTES).map(|number| (format!("notes{number}"), json!("e".repeat(5_000)))).collect();
        let id = |answer: Value| answer["id"].as_str().unwrap().to_owned();
        let (mut contacts, mut companies) = (Vec::new(), Vec::new());
        for number in 0..many {
            let company = json!({ "name": format!("Acme {number}"), "custom": notes });
            companies.push(id(me.post("/v1/companies", company).await.expect(201)));
            let contact = json!({
                "first_name": format!("Ada {number}"), "phone": format!("+49309018{:02}", number / 2),
                "company_id": companies[number / 2], "custom": notes,
            });
            contacts.push(id(me.post("/v1/contacts", contact).await.expect(201)));
        }
        app.drain().await;
        Self { _app: app, me, contacts, companies }
    }

    /// Every page of a list, from the first to the last.
    async fn pages(&self, path: &str) -> Vec<Value> {
        let (mut pages, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.me.get(&format!("{path}{cursor}")).await.expect(200);
            assert!(page.to_string().len() < 3_000_000);
            let next = page["page"]["next_cursor"].as_str().map(str::to_owned);
            assert_eq!(page["page"]["has_more"], next.is_some());
            pages.push(page);
            match next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return pages,
            }
        }
    }
}

#[tokio::test]
async fn a_batch_says_what_it_has_room_for_and_does_all_that_is_asked() {
    const MANY: usize = 23;
    let world = World::start(MANY).await;
    let World { me, contacts, .. } = &world;
    let batch = async |operation: fn(&str) -> Value| {
        let operations: Vec<Value> = contacts.iter().map(|id| operation(id)).collect();
        let answer = me.post("/v1/contacts/batch", json!({ "operations": operations })).await.expect(200);
        assert!(answer.to_string().len() < 3_000_000);
        answer["results"].as_array().unwrap().clone()
    };
    let read = batch(|id| json!({ "op": "read", "id": id })).await;
    let (whole, refused): (Vec<&Value>, Vec<&Value>) = read.iter().partition(|result| result["status"] == 200);
    assert_eq!((whole.len(), refused.len()), (20, MANY - 20));
    assert!(whole.iter().all(|result| result["record"]["first_name"].is_string()));
    for result in refused {
        let problem = &result["problem"];
        assert_eq!((&result["status"], &problem["type"]), (&json!(413), &json!("/problems/too_large")), "{problem:#}");
        assert!(problem["detail"].as_str().unwrap().contains("by itself"), "{problem:#}");
    }
    let written = batch(|id| json!({ "op": "update", "id": id, "data": { "city": "Rome" } })).await;
    assert!(written.iter().all(|result| result["status"] == 200 && result.get("record").is_some()));
    assert_eq!(written.iter().filter(|result| result["record"].is_null()).count(), MANY - 20);
    assert_eq!(me.get(&format!("/v1/contacts/{}", contacts[MANY - 1])).await.expect(200)["city"], "Rome");
    // What is refused can be long as well.
    let wrong: serde_json::Map<String, Value> =
        (0..300).map(|number| (format!("{number:>12}").repeat(25), json!(1))).collect();
    let operations: Vec<Value> = (0..2).map(|_| json!({ "op": "create", "data": wrong })).collect();
    let few = me.post("/v1/contacts/batch", json!({ "operations": operations })).await.expect(200);
    assert!(few["results"].as_array().unwrap().iter().all(|result| result["problem"]["errors"].is_array()));
    let body: String = (0..330).map(|number| format!("\"a{number:03}\":1,")).collect();
    let one = format!(r#"{{"op":"create","data":{{{}}}}}"#, body.trim_end_matches(','));
    let body = format!(r#"{{"operations":[{}]}}"#, vec![one; 66].join(","));
    let answer =
        me.send_bytes(http::Method::POST, "/v1/contacts/batch", &[], Some(body.into_bytes())).await.expect(200);
    let results = answer["results"].as_array().unwrap();
    let long = results.iter().filter(|result| result["problem"]["errors"].is_array()).count();
    assert!(answer.to_string().len() < 3_000_000 && long > 0, "{long} of {}", results.len());
    assert!(results.iter().all(|result| result["status"] == 422));
}

fn ids(pages: &[Value]) -> Vec<&str> {
    let records = pages.iter().flat_map(|page| page["data"].as_array().unwrap());
    records.map(|record| record["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn no_answer_is_larger_than_a_function_can_give() {
    let world = World::start(MANY).await;
    let World { me, contacts, companies, .. } = &world;
    let pages = world.pages("/v1/contacts?limit=200&sort=id").await;
    assert_eq!((ids(&pages), pages.len()), (contacts.iter().map(String::as_str).collect(), 3));
    let few = world.pages("/v1/contacts?limit=200&sort=id&fields=first_name").await;
    assert_eq!((ids(&few).len(), few.len()), (MANY, 1), "what nobody wants needs no room");
    let pages = world.pages("/v1/contacts?limit=200&sort=id&include=company").await;
    assert_eq!(ids(&pages).len(), MANY);
    for page in &pages {
        for contact in page["data"].as_array().unwrap() {
            let company = contact["company_id"].as_str().unwrap();
            assert_eq!(page["included"][company]["id"], company);
        }
    }
    let jobs: Vec<Value> = companies[..25].iter().map(|company| json!({ "company_id": company })).collect();
    let busy = me.post("/v1/contacts", json!({ "first_name": "Busy", "former_jobs": jobs })).await;
    let position = busy.header("rapport-position");
    let busy = busy.expect(201)["id"].as_str().unwrap().to_owned();
    for path in [format!("/v1/contacts/{busy}?"), "/v1/contacts?first_name=busy&".to_owned()] {
        let refused = me.get_at(&format!("{path}include=former_jobs.company"), &position).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/include", "{refused:#}");
    }
    let hits = me.get("/v1/search?q=ada&limit=50").await.expect(200);
    assert_eq!((hits["data"].as_array().unwrap().len(), &hits["has_more"]), (20, &json!(true)), "the best come first");
    let groups = world.pages("/v1/contacts/duplicates?limit=100").await;
    let groups: Vec<&Value> = groups.iter().flat_map(|page| page["data"].as_array().unwrap()).collect();
    let records = groups.iter().flat_map(|group| group["records"].as_array().unwrap());
    let found: Vec<&str> = records.map(|record| record["id"].as_str().unwrap()).collect();
    assert_eq!(found, contacts.iter().map(String::as_str).collect::<Vec<_>>());
}
