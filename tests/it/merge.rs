//! Merging records, through HTTP.

use http::Method;
use serde_json::{Value, json};

use crate::app::App;
use crate::links::made;

#[tokio::test]
async fn two_contacts_become_one_and_the_old_one_leads_there() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = made(&me, "contacts", json!({ "first_name": "Ada", "email": "ada@example.com" })).await;
    let king = json!({ "last_name": "King", "city": "London", "email": "king@example.com" });
    let king = made(&me, "contacts", king).await;
    let (path, old) = (format!("/v1/contacts/{ada}"), format!("/v1/contacts/{king}"));
    let answer = me.post(&format!("{path}/merge"), json!({ "others": [king] })).await;
    assert_eq!(
        (answer.header("etag"), answer.header("rapport-position")),
        ("\"2\"".to_owned(), format!("{ada}:2,{king}:2"))
    );
    let body = answer.expect(200);
    let contact = me.get(&path).await.expect(200);
    assert_eq!(body["record"], contact);
    assert_eq!(json!([contact["last_name"], contact["city"]]), json!(["King", "London"]));
    assert_eq!(contact["emails"], json!([{ "email": "king@example.com" }]));
    assert!(body["job"].as_str().unwrap().starts_with("job_"));

    let moved = me.get(&old).await;
    assert_eq!(moved.header("location"), path);
    assert_eq!(moved.refused(308), "merged");
    // Who follows a redirection with a write would change the record that is left.
    for written in [
        me.patch(&old, json!({ "city": "Rome" })).await,
        me.delete(&old).await,
        me.post(&format!("{old}/restore"), json!({})).await,
        me.put(&format!("{old}/shares/everyone"), json!({ "level": "read" })).await,
    ] {
        assert_eq!(written.refused(409), "merged");
    }
    let history = me.get(&format!("{old}/history")).await.expect(200);
    assert_eq!(history["data"][0]["name"], "contact.merged_away");
    let history = me.get(&format!("{path}/history")).await.expect(200);
    assert_eq!(history["data"][0]["name"], "contact.merged");
    assert_eq!(history["data"][0]["changes"]["merged_from"]["after"], json!([king]));

    let found = me.put("/v1/contacts/by/email/king@example.com", json!({ "job_title": "Countess" })).await.expect(200);
    assert_eq!(found["id"], ada.as_str());
    app.drain().await;
    assert_eq!(me.get("/v1/contacts").await.column("id"), [ada]);
}

#[tokio::test]
async fn the_fields_can_be_chosen_one_by_one() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let a = made(&me, "companies", json!({ "name": "Acme", "domain": "acme.example", "city": "Bonn" })).await;
    let b = made(&me, "companies", json!({ "name": "ACME Inc.", "domain": "acme-inc.example", "employees": 7 })).await;
    let fields = json!({ "name": b, "domain": b, "city": { "value": "Rome" } });
    let body = json!({ "others": [b], "fields": fields });
    let merged = me.post(&format!("/v1/companies/{a}/merge"), body).await.expect(200);
    let company = &merged["record"];
    let chosen = json!([company["name"], company["domain"], company["city"], company["employees"]]);
    assert_eq!(chosen, json!(["ACME Inc.", "acme-inc.example", "Rome", 7]));
    made(&me, "companies", json!({ "name": "New", "domain": "acme.example" })).await;
    let taken = me.post("/v1/companies", json!({ "name": "New", "domain": "acme-inc.example" })).await;
    assert_eq!(taken.refused(409), "conflict");
}

#[tokio::test]
async fn a_merge_that_cannot_be_is_refused_with_everything_that_is_wrong() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let a = made(&me, "contacts", json!({ "first_name": "A" })).await;
    let b = made(&me, "contacts", json!({ "first_name": "B" })).await;
    let path = format!("/v1/contacts/{a}/merge");
    let body = json!({ "others": [a, "con_019b76daa8007838a5822a6f9e62da21"] });
    let refused = me.post(&path, body).await.expect(422);
    let found: Vec<&Value> = refused["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(json!(found), json!(["/others/0", "/others/1"]));
    let body = json!({ "others": [b] });
    let seen = [("if-match", "\"7\"")];
    assert_eq!(me.send(Method::POST, &path, &seen, Some(body.clone())).await.refused(412), "stale");
    let viewer = me.with_role("viewer").await;
    assert_eq!(viewer.post(&path, body.clone()).await.refused(403), "denied");
    let dry = me.post(&format!("{path}?validate=only"), body.clone()).await.expect(200);
    assert_eq!((&dry["job"], &dry["record"]["version"]), (&Value::Null, &json!(2)));
    assert_eq!(me.get(&format!("/v1/contacts/{b}")).await.expect(200)["version"], 1);
    me.delete(&format!("/v1/contacts/{a}")).await.expect(200);
    assert_eq!(me.post(&path, body).await.refused(409), "archived");
}

#[tokio::test]
async fn a_repeated_merge_is_answered_with_the_same_job() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let a = made(&me, "contacts", json!({ "first_name": "A" })).await;
    let b = made(&me, "contacts", json!({ "first_name": "B" })).await;
    let (path, body) = (format!("/v1/contacts/{a}/merge"), json!({ "others": [b] }));
    let headers = [("idempotency-key", "m"), ("if-match", "\"1\"")];
    let first = me.send(Method::POST, &path, &headers, Some(body.clone())).await.expect(200);
    let again = me.send(Method::POST, &path, &headers, Some(body.clone())).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.expect(200), first);
    let third = me.post(&path, body).await.expect(422);
    assert_eq!(third["errors"][0]["code"], "merged");
}

#[tokio::test]
async fn a_record_that_two_merge_at_once_becomes_part_of_one() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    for _ in 0..5 {
        let a = made(&me, "contacts", json!({ "first_name": "A" })).await;
        let b = made(&me, "contacts", json!({ "first_name": "B" })).await;
        let both = made(&me, "contacts", json!({ "first_name": "C", "city": "Rome" })).await;
        let (into_a, into_b) = (format!("/v1/contacts/{a}/merge"), format!("/v1/contacts/{b}/merge"));
        let body = json!({ "others": [both] });
        let (one, other) = tokio::join!(me.post(&into_a, body.clone()), me.post(&into_b, body));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
        let winner = if one.status == 200 { a } else { b };
        assert_eq!(me.get(&format!("/v1/contacts/{both}")).await.header("location"), format!("/v1/contacts/{winner}"));
    }
}
