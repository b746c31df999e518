//! Values of every type that a company can make fields of.

use serde_json::{Value, json};

use super::{Projects, wrong};

/// A type with its settings, values with what they are kept as, and values that are refused with the code.
type OfType = (Value, Vec<(Value, Value)>, Vec<(Value, &'static str)>);

/// A value that is kept as it is.
fn same(value: Value) -> (Value, Value) {
    (value.clone(), value)
}

/// Text, numbers, times and choices.
fn plain_types() -> Vec<OfType> {
    vec![
        (
            json!({ "type": "text", "max": 5 }),
            vec![(json!(" abc "), json!("abc")), (json!(""), json!(null))],
            vec![(json!("abcdef"), "too_long"), (json!(5), "wrong_type"), (json!("a\nb"), "control_character")],
        ),
        (json!({ "type": "long_text" }), vec![same(json!("two\nlines"))], vec![(json!("a\u{0}"), "control_character")]),
        (
            json!({ "type": "number", "decimals": 2, "min": 0, "max": 10 }),
            vec![(json!(1.239), json!(1.24)), same(json!(10))],
            vec![(json!(11), "out_of_range"), (json!(-1), "out_of_range"), (json!("1"), "wrong_type")],
        ),
        (
            json!({ "type": "money" }),
            vec![same(json!({ "amount": -5, "currency": "JPY" }))],
            vec![(json!({ "amount": 5, "currency": "XYZ" }), "unknown_currency"), (json!(5), "wrong_type")],
        ),
        (json!({ "type": "date" }), vec![same(json!("2028-02-29"))], vec![(json!("2026-02-29"), "not_a_date")]),
        (
            json!({ "type": "datetime" }),
            vec![(json!("2026-11-21T12:00:00+02:00"), json!("2026-11-21T10:00:00.000Z"))],
            vec![(json!("2026-11-21"), "not_a_time")],
        ),
        (json!({ "type": "boolean" }), vec![same(json!(false))], vec![(json!("yes"), "wrong_type")]),
        (
            json!({ "type": "select", "options": ["gold", { "value": "tin", "archived": true }] }),
            vec![same(json!("gold"))],
            vec![(json!("tin"), "unknown_option"), (json!("Gold"), "unknown_option")],
        ),
        (
            json!({ "type": "multi_select", "options": ["a", "b"] }),
            vec![(json!(["b", "a", "b"]), json!(["b", "a"])), (json!([]), json!(null))],
            vec![(json!(["c"]), "unknown_option"), (json!("a"), "wrong_type")],
        ),
        (json!({ "type": "tags" }), vec![same(json!(["new"]))], vec![(json!([5]), "wrong_type")]),
    ]
}

/// What has a form of its own, or leads to something else.
fn formed_types(company: &str, user: &str) -> Vec<OfType> {
    vec![
        (json!({ "type": "email" }), vec![same(json!("ada@example.com"))], vec![(json!("ada"), "not_an_email")]),
        (
            json!({ "type": "phone" }),
            vec![(json!("+49 (30) 901820"), json!("+4930901820"))],
            vec![(json!("12"), "not_a_phone_number")],
        ),
        (
            json!({ "type": "url" }),
            vec![(json!("https://example.com"), json!("https://example.com/"))],
            vec![(json!("javascript:alert(1)"), "not_a_url")],
        ),
        (
            json!({ "type": "domain" }),
            vec![(json!("WWW.Example.com"), json!("example.com"))],
            vec![(json!("localhost"), "not_a_domain")],
        ),
        (
            json!({ "type": "user" }),
            vec![same(json!(user))],
            vec![(json!(company), "not_an_id"), (json!(format!("usr_{}", "0".repeat(32))), "unknown_user")],
        ),
        (
            json!({ "type": "reference", "object": "company" }),
            vec![same(json!(company))],
            vec![(json!(user), "unknown_record"), (json!("acme"), "not_an_id")],
        ),
    ]
}

#[tokio::test]
async fn every_type_keeps_good_values_and_refuses_bad_ones() {
    let projects = Projects::start().await;
    let me = &projects.me;
    let company = me.post("/v1/companies", json!({ "name": "Acme" })).await.expect(201);
    let user = me.get("/v1/me").await.expect(200);
    let formed = formed_types(company["id"].as_str().unwrap(), user["user"]["id"].as_str().unwrap());
    let path = projects.project("Roof", json!({})).await;
    for (mut field, good, bad) in plain_types().into_iter().chain(formed) {
        let name = format!("the_{}", field["type"].as_str().unwrap());
        field["name"] = json!(name);
        projects.field(field).await;
        assert_eq!(projects.custom(&path).await[&name], Value::Null, "older records read on");
        let set = async |value: &Value| me.patch(&path, json!({ "custom": { &name: value } })).await;
        for (value, kept) in good {
            assert_eq!(set(&value).await.expect(200)["custom"][&name], kept, "{name} {value}");
        }
        for (value, code) in bad {
            assert_eq!(wrong(set(&value).await), [format!("/custom/{name} {code}")], "{value}");
        }
        set(&Value::Null).await.expect(200);
    }
    assert_eq!(projects.custom(&path).await.as_object().unwrap().len(), 16);
}

#[tokio::test]
async fn new_records_have_defaults_and_what_is_required() {
    let projects = Projects::start().await;
    let me = &projects.me;
    let old = projects.project("Old", json!({})).await;
    projects.field(json!({ "name": "phase", "type": "select", "options": ["idea", "done"], "default": "idea" })).await;
    projects.field(json!({ "name": "budget", "type": "number", "required": true })).await;
    assert_eq!(wrong(me.post("/v1/x_projects", json!({ "name": "Roof" })).await), ["/custom/budget required"]);
    let made = projects.project("Roof", json!({ "budget": 5 })).await;
    assert_eq!(projects.custom(&made).await, json!({ "phase": "idea", "budget": 5 }));
    assert_eq!(wrong(me.patch(&made, json!({ "custom": { "budget": null } })).await), ["/custom/budget required"]);
    // An older record has neither, and can still be changed in everything else.
    let changed = me.patch(&old, json!({ "name": "Older" })).await.expect(200);
    assert_eq!(changed["custom"], json!({ "phase": null, "budget": null }));
}

#[tokio::test]
async fn only_one_record_has_a_unique_value_and_is_found_by_it() {
    let projects = Projects::start().await;
    let me = &projects.me;
    projects.field(json!({ "name": "number", "type": "number", "unique": true })).await;
    let first = projects.project("Roof", json!({ "number": 7 })).await;
    let again = me.post("/v1/x_projects", json!({ "name": "Wall", "custom": { "number": 7.0 } })).await;
    assert_eq!(again.body["errors"][0]["pointer"], "/custom/number");
    assert_eq!(again.refused(409), "conflict");
    let changed = me.put("/v1/x_projects/by/custom.number/7", json!({ "name": "Ridge" })).await.expect(200);
    assert_eq!(first, format!("/v1/x_projects/{}", changed["id"].as_str().unwrap()));
    let made = me.put("/v1/x_projects/by/custom.number/8", json!({ "name": "Wall" })).await.expect(201);
    assert_eq!(made["custom"]["number"], 8);
    // What is erased gives its value back.
    me.post(&format!("{first}/erase"), json!({})).await.expect(204);
    projects.project("New roof", json!({ "number": 7 })).await;
}

#[tokio::test]
async fn long_values_are_unique_too() {
    let projects = Projects::start().await;
    projects.field(json!({ "name": "page", "type": "url", "unique": true })).await;
    let long = |end: &str| format!("https://example.com/{}{end}", "!".repeat(1900));
    projects.project("A", json!({ "page": long("a") })).await;
    projects.project("B", json!({ "page": long("b") })).await;
    let again = projects.me.post("/v1/x_projects", json!({ "name": "C", "custom": { "page": long("a") } })).await;
    assert_eq!(again.refused(409), "conflict");
}

#[tokio::test]
async fn formulas_are_answered_and_nobody_writes_them() {
    let projects = Projects::start().await;
    projects.field(json!({ "name": "net", "type": "money" })).await;
    projects.field(json!({ "name": "gross", "type": "formula", "expression": "custom.net * 1.19" })).await;
    let described =
        projects.field(json!({ "name": "dear", "type": "formula", "expression": "amount(custom.gross) > 1000" })).await;
    assert_eq!(super::field_of(&described, "custom.dear")["gives"], "boolean");
    let path = projects.project("Roof", json!({ "net": { "amount": 1000, "currency": "EUR" } })).await;
    let custom = projects.custom(&path).await;
    assert_eq!((&custom["gross"], &custom["dear"]), (&json!({ "amount": 1190, "currency": "EUR" }), &json!(true)));
    let written = projects.me.patch(&path, json!({ "custom": { "gross": null, "dear": false } })).await;
    assert_eq!(wrong(written), ["/custom/dear read_only"]);
}
