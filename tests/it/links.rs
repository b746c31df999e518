//! Labelled links, through HTTP.

use http::Method;
use serde_json::{Value, json};

use crate::app::{App, Caller};

/// A new record's id.
pub(crate) async fn made(me: &Caller, plural: &str, fields: Value) -> String {
    me.post(&format!("/v1/{plural}"), fields).await.expect(201)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_contact_is_linked_with_a_company_and_both_say_so() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = made(&me, "contacts", json!({ "first_name": "Ada", "last_name": "Lovelace" })).await;
    let acme = made(&me, "companies", json!({ "name": "Acme" })).await;
    let link = format!("/v1/contacts/{ada}/links/company/{acme}?label=advises");
    let first = me.put(&link, json!({})).await.expect(201);
    assert_eq!(
        json!([first["object"], first["id"], first["label"], first["direction"]]),
        json!(["company", acme, "advises", "out"])
    );
    assert_eq!(me.put(&link, json!({})).await.expect(200), first, "twice is once");
    let other_way = format!("/v1/companies/{acme}/links/contact/{ada}?label=advises");
    assert_eq!(me.put(&other_way, json!({})).await.expect(200)["direction"], "in");
    let listed = me.get(&format!("/v1/companies/{acme}/links")).await.expect(200);
    assert_eq!(listed["data"][0]["title"], "Ada Lovelace");
    assert_eq!(listed["page"], json!({ "has_more": false, "next_cursor": null }));
    for (path, name) in
        [(format!("/v1/contacts/{ada}"), "contact.linked"), (format!("/v1/companies/{acme}"), "company.linked")]
    {
        let history = me.get(&format!("{path}/history")).await.expect(200);
        let named = history["data"].as_array().unwrap().iter().filter(|event| event["name"] == name);
        assert_eq!(named.count(), 1, "{history:#}");
        assert_eq!(me.get(&path).await.expect(200)["version"], 1);
    }
    me.delete(&other_way).await.expect(204);
    me.delete(&link).await.expect(204);
    assert_eq!(me.get(&format!("/v1/contacts/{ada}/links")).await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn links_are_listed_by_label_and_in_pages() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = made(&me, "contacts", json!({ "first_name": "Ada" })).await;
    for number in 0..3 {
        let other = made(&me, "contacts", json!({ "first_name": format!("Friend {number}") })).await;
        me.put(&format!("/v1/contacts/{ada}/links/contact/{other}?label=knows"), json!({})).await.expect(201);
        me.put(&format!("/v1/contacts/{ada}/links/contact/{other}"), json!({})).await.expect(201);
    }
    let list = format!("/v1/contacts/{ada}/links");
    assert_eq!(me.get(&list).await.expect(200)["data"].as_array().unwrap().len(), 6);
    let first = me.get(&format!("{list}?label=knows&limit=2")).await.expect(200);
    assert_eq!((first["data"].as_array().unwrap().len(), &first["page"]["has_more"]), (2, &json!(true)));
    let cursor = first["page"]["next_cursor"].as_str().unwrap();
    let rest = me.get(&format!("{list}?label=knows&limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!(rest["data"][0]["title"], "Friend 2");
    assert_eq!(me.get(&format!("{list}?label=related&cursor={cursor}")).await.refused(400), "cursor_mismatch");
    for bad in ["label=Knows", "label=%23", "limit=0", "limit=201"] {
        assert_eq!(me.get(&format!("{list}?{bad}")).await.refused(422), "invalid", "{bad}");
    }
    assert_eq!(me.get(&format!("{list}?labels=knows")).await.refused(400), "bad_query");
}

#[tokio::test]
async fn what_cannot_be_linked_is_refused_and_nothing_is_written() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = made(&me, "contacts", json!({ "first_name": "Ada" })).await;
    let acme = made(&me, "companies", json!({ "name": "Acme" })).await;
    let viewer = me.with_role("viewer").await;
    let before = app.items_but_denials();
    let path = format!("/v1/contacts/{ada}/links");
    for (rest, status) in [
        (format!("contact/{ada}"), 422),
        (format!("contact/{acme}"), 404),
        (format!("companies/{acme}"), 404),
        (format!("company/{acme}?label=Nope"), 422),
        (format!("company/{acme}?label=a%23b"), 422),
        (format!("company/{acme}?lable=owns"), 422),
        ("company/com_1".to_owned(), 404),
    ] {
        let answer = me.put(&format!("{path}/{rest}"), json!({})).await;
        assert_eq!(answer.status.as_u16(), status, "{rest}: {:#}", answer.body);
    }
    let link = format!("{path}/company/{acme}");
    assert_eq!(viewer.put(&link, json!({})).await.refused(403), "denied");
    let seen = [("if-match", "\"1\"")];
    assert_eq!(me.send(Method::PUT, &link, &seen, Some(json!({}))).await.refused(400), "bad_if_match");
    me.put(&format!("{link}?validate=only"), json!({})).await.expect(201);
    assert_eq!(app.items_but_denials(), before);
    me.delete(&format!("/v1/companies/{acme}")).await.expect(200);
    assert_eq!(me.put(&link, json!({})).await.refused(409), "archived");
}

#[tokio::test]
async fn a_key_belongs_to_one_label() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let ada = made(&me, "contacts", json!({ "first_name": "Ada" })).await;
    let acme = made(&me, "companies", json!({ "name": "Acme" })).await;
    let link = |label: &str| format!("/v1/contacts/{ada}/links/company/{acme}?label={label}");
    let key = [("idempotency-key", "k")];
    let first = me.send(Method::PUT, &link("owns"), &key, Some(json!({}))).await.expect(201);
    me.delete(&link("owns")).await.expect(204);
    let again = me.send(Method::PUT, &link("owns"), &key, Some(json!({}))).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.expect(201), first);
    let other = me.send(Method::PUT, &link("runs"), &key, Some(json!({}))).await;
    assert_eq!(other.refused(422), "idempotency_key_reused");
    assert_eq!(me.get(&format!("/v1/contacts/{ada}/links")).await.expect(200)["data"], json!([]));
}

#[tokio::test]
async fn a_link_with_somebody_who_is_being_erased_is_made_before_or_not_at_all() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    for _ in 0..5 {
        let ada = made(&me, "contacts", json!({ "first_name": "Ada" })).await;
        let acme = made(&me, "companies", json!({ "name": "Acme" })).await;
        let (link, erase) = (format!("/v1/contacts/{ada}/links/company/{acme}"), format!("/v1/companies/{acme}/erase"));
        let (linked, erased) = tokio::join!(me.put(&link, json!({})), me.post(&erase, json!({})));
        erased.expect(204);
        assert!([201, 404, 409].contains(&linked.status.as_u16()), "{:#}", linked.body);
        assert_eq!(me.get(&format!("/v1/contacts/{ada}/links")).await.expect(200)["data"], json!([]));
        let left: Vec<String> = app.items().into_iter().filter(|item| item.contains("LINK#related#")).collect();
        assert_eq!(left, Vec::<String>::new());
    }
}
