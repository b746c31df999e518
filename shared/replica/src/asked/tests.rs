//! What can be asked in a query string, in a body and in a saved view, and how what cannot be asked is refused.

use super::*;
use crate::filter::Op;

fn wrong(body: Value, place: Place) -> Vec<String> {
    let violations = Asked::from_body(body.as_object().unwrap(), place).err().unwrap_or_default();
    violations.iter().map(|violation| format!("{} {}", violation.pointer, violation.code)).collect()
}

#[test]
fn a_query_string_and_a_body_say_the_same() {
    let record = format!("con_{}", "0".repeat(32));
    let params = [
        ("limit", "10"),
        ("sort", "-created_at,city:nulls_first"),
        ("q", "ada"),
        ("archived", "any"),
        ("count", "exact"),
        ("linked", record.as_str()),
        ("linked.label", "spouse"),
        ("include", "company, owner"),
        ("fields", "city"),
        ("city", "Berlin"),
    ];
    let params: Vec<(String, String)> = params.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let body = json!({
        "limit": 10,
        "sort": ["-created_at", { "field": "city", "nulls": "first" }],
        "q": "ada",
        "archived": "any",
        "count": "exact",
        "linked": { "record": record, "label": "spouse" },
        "include": ["company", "owner"],
        "fields": ["city"],
        "filter": { "field": "city", "op": "eq", "value": "Berlin" },
    });
    let from_params = Asked::from_params(&params).unwrap();
    let mut from_body = Asked::from_body(body.as_object().unwrap(), Place::SEARCH).unwrap();
    let Filter::Is(condition) = &mut from_body.filters[0] else { panic!("{from_body:?}") };
    assert_eq!(condition.pointer, "/filter");
    (condition.pointer, condition.in_body) = ("/city".to_owned(), false);
    assert_eq!(format!("{from_params:?}"), format!("{from_body:?}"));
}

#[test]
fn everything_wrong_with_a_question_is_found_at_once() {
    let body = json!({
        "limit": 201, "sort": ["city", { "field": 7, "direction": "up" }, 7], "q": 7, "archived": "maybe", "count": 1,
        "linked": { "record": "x", "nick": 1 }, "view": "con_1", "include": "company", "fields": [1], "filter": [],
        "cursor": {}, "nick": 1,
    });
    let mut found = wrong(body, Place::SEARCH);
    found.sort();
    assert_eq!(
        found,
        [
            "/archived unknown_option",
            "/count unknown_option",
            "/cursor wrong_type",
            "/fields/0 wrong_type",
            "/filter wrong_type",
            "/include wrong_type",
            "/limit out_of_range",
            "/linked/nick unknown_field",
            "/linked/record not_an_id",
            "/nick unknown_field",
            "/q wrong_type",
            "/sort/1/direction unknown_option",
            "/sort/1/field wrong_type",
            "/sort/2 wrong_type",
            "/view not_an_id",
        ]
    );
    assert_eq!(
        wrong(json!({ "cursor": "x", "filter": 1 }), Place::SAVED),
        ["/query/cursor unknown_field", "/query/filter wrong_type"]
    );
}

#[test]
fn a_question_within_a_view_narrows_it_and_has_the_last_word_on_everything_else() {
    let asked = |body: Value| Asked::from_body(body.as_object().unwrap(), Place::SEARCH).unwrap();
    let view = asked(
        json!({ "filter": { "field": "city", "op": "eq", "value": "Berlin" }, "sort": ["city"], "q": "a", "limit": 5 }),
    );
    let own = asked(json!({ "filter": { "field": "country", "op": "eq", "value": "DE" }, "sort": ["-country"] }));
    let both = own.within(view);
    let fields: Vec<&str> = both
        .filters
        .iter()
        .map(|filter| match filter {
            Filter::Is(condition) => condition.field.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(fields, ["city", "country"]);
    assert_eq!((both.sort.unwrap()[0].field.as_str(), both.q.as_deref(), both.limit), ("country", Some("a"), Some(5)));
}

#[test]
fn me_is_the_caller_where_a_user_is_compared_and_nowhere_else() {
    let is = |field: &str, op, value: Value| Filter::Is(Condition::new(field, op, value));
    let filter = Filter::Or(vec![
        is("owner_id", Op::Eq, json!("me")),
        Filter::Not(Box::new(is("owner_id", Op::In, json!(["me", "usr_1"])))),
        is("city", Op::Eq, json!("me")),
    ]);
    let expected = Filter::Or(vec![
        is("owner_id", Op::Eq, json!("usr_7")),
        Filter::Not(Box::new(is("owner_id", Op::In, json!(["usr_7", "usr_1"])))),
        is("city", Op::Eq, json!("me")),
    ]);
    assert_eq!(personal(&filter, "usr_7", &|path| path == "owner_id"), expected);
}

#[test]
fn what_is_kept_of_a_question_asks_for_the_same_records() {
    let record = format!("con_{}", "0".repeat(32));
    let is = |value: Value| json!({ "field": "city", "op": "eq", "value": value });
    let body = json!({
        "filter": { "and": [is(json!("Berlin")), { "or": [{ "not": is(json!(null)) }, { "and": [] }] }] },
        "q": "ada", "archived": "true", "linked": { "record": record, "label": "spouse" }, "limit": 5, "include": ["company"],
    });
    let asked = |body: &Document| Asked::from_body(body, Place::SAVED).unwrap();
    let first = asked(body.as_object().unwrap());
    assert_eq!(first.filters[0].tree(), body["filter"]);
    let kept = Asked { limit: None, include: None, ..first };
    let again = json!({ "filter": kept.filters[0].tree(), "q": "ada", "archived": true, "linked": kept.linked });
    assert_eq!(format!("{:?}", asked(again.as_object().unwrap())), format!("{kept:?}"));
}
