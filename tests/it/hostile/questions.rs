//! Questions that cannot be asked: of fields that are not there, with values that are none, too deep, too many, too long.

use serde_json::{Value, json};

use super::case::Case;
use super::scene::Scene;

/// Query strings of lists that have to be refused with 422.
const LISTS: [&str; 34] = [
    "nick=x",
    "custom.nick=x",
    "custom=x",
    "limit=0",
    "limit=201",
    "limit=-1",
    "limit=1e1",
    "limit=99999999999999999999",
    "limit=NaN",
    "limit=",
    "archived=maybe",
    "count=about",
    "sort=nick",
    "sort=custom.nick",
    "sort=-",
    "sort=--city",
    "sort=emails",
    "sort=company_id.name",
    "sort=company.parent.name",
    "city=a&city=b",
    "city.near=x",
    "created_at=soon",
    "created_at.between=2026-01-01",
    "created_at.contains=2026",
    "custom.score=many",
    "custom.score=NaN",
    "custom.score=inf",
    "custom.yes=perhaps",
    "custom.day=2026-02-30",
    "custom.fee=ten",
    "city.is_null=maybe",
    "company.nick=x",
    "company.parent.name=x",
    "nobody.name=x",
];

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases: Vec<Case> =
        LISTS.iter().map(|query| Case::get("a list", format!("/v1/contacts?{query}")).refused(422)).collect();
    let long = "x".repeat(5000);
    let many = |part: &str, times: usize| vec![part; times].join(",");
    for query in [
        format!("q={long}"),
        format!("city={long}"),
        format!("city.in={}", many("x", 1000)),
        format!(
            "sort={}",
            ["first_name", "last_name", "city", "country", "email", "phone", "job_title", "language", "birthday"]
                .join(",")
        ),
        format!("owner_id={}", scene.contact),
        format!("company_id={}", scene.project),
        format!("id={long}"),
    ] {
        cases.push(Case::get("a list", format!("/v1/contacts?{query}")).refused(422));
    }
    let parameters: Vec<String> = (0..150).map(|number| format!("p{number}=x")).collect();
    cases.push(Case::get("a list", format!("/v1/contacts?{}", parameters.join("&"))).refused_by(&[400, 422]));
    cases.extend(searches(scene));
    cases.extend(figures());
    cases.extend(look_alikes());
    cases.extend(of_one_record(scene));
    cases
}

/// Figures that cannot be had.
fn figures() -> Vec<Case> {
    let sum = |field: &str| json!({ "aggregates": [{ "function": "sum", "field": field }] });
    let deep = (0..60).fold(json!({ "field": "city", "op": "eq", "value": "x" }), |inner, _| json!({ "not": inner }));
    [
        json!({ "nick": 1 }),
        json!({ "group_by": "city" }),
        json!({ "group_by": [1] }),
        json!({ "group_by": ["nick"] }),
        json!({ "group_by": ["city", "city"] }),
        json!({ "group_by": ["city", "country", "email", "phone"] }),
        json!({ "group_by": ["city) --"] }),
        json!({ "group_by": [{ "field": "created_at", "unit": "fortnight" }] }),
        json!({ "group_by": [{ "unit": "day" }] }),
        json!({ "group_by": [{ "field": "city", "unit": "day" }] }),
        json!({ "aggregates": "count" }),
        json!({ "aggregates": ["median"] }),
        json!({ "aggregates": [{ "function": "sum" }] }),
        json!({ "aggregates": [{ "field": "custom.score" }] }),
        json!({ "aggregates": ["count", "count"] }),
        json!({ "aggregates": vec![json!({ "function": "sum", "field": "custom.score" }); 11] }),
        sum("nick"),
        sum("first_name"),
        sum("custom.day"),
        sum("custom.score) FROM t_contact --"),
        json!({ "group_by": ["city"], "sort": ["country"] }),
        json!({ "group_by": ["city"], "sort": ["count; --"] }),
        json!({ "limit": 0 }),
        json!({ "limit": 100_000 }),
        json!({ "filter": deep }),
        json!({ "filter": { "field": "nick", "op": "eq", "value": 1 } }),
        json!({ "view": "viw_1" }),
        json!({ "linked": { "record": "con_1" } }),
        json!({ "q": ["x"] }),
        json!({ "archived": 7 }),
    ]
    .into_iter()
    .map(|body| Case::post("figures", "/v1/contacts/aggregate", body).refused(422))
    .collect()
}

/// Look-alikes of what is no draft of a record.
fn look_alikes() -> Vec<Case> {
    let drafts = [
        json!({ "nick": 1 }),
        json!({ "email": 7 }),
        json!({ "email": "nobody" }),
        json!({ "custom": [] }),
        json!({ "id": "con_1" }),
    ];
    let drafts = drafts.into_iter().map(|body| Case::post("look-alikes", "/v1/contacts/duplicates", body).refused(422));
    let lists = ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=%00", "nick=1", "sort=city"];
    let lists = lists.into_iter().map(|query| Case::get("look-alikes", format!("/v1/contacts/duplicates?{query}")));
    drafts.chain(lists.map(|case| case.refused_by(&[400, 422]))).collect()
}

/// Filter trees that have to be refused.
fn wrong_filters() -> Vec<Value> {
    let is = |field: &str, op: &str, value: Value| json!({ "field": field, "op": op, "value": value });
    let deep = |word: &str, depth: usize| {
        (0..depth).fold(is("city", "eq", json!("x")), |inner, _| match word {
            "not" => json!({ "not": inner }),
            word => json!({ word: [inner] }),
        })
    };
    let wide: Vec<Value> = (0..1000).map(|number| is("city", "eq", json!(number.to_string()))).collect();
    vec![
        json!([]),
        json!("city = 'x'"),
        json!(1),
        json!({ "and": {} }),
        json!({ "and": "x" }),
        json!({ "and": [1] }),
        json!({ "or": [[]] }),
        json!({ "not": [] }),
        json!({ "xor": [] }),
        json!({ "and": [], "or": [] }),
        json!({ "$where": "1" }),
        json!({ "field": "city" }),
        json!({ "op": "eq", "value": "x" }),
        json!({ "field": ["city"], "op": "eq", "value": "x" }),
        json!({ "field": "city", "op": "eq", "value": "x", "or": [] }),
        json!({ "field": "city", "op": "eq", "value": "x", "collate": "binary" }),
        is("city", "like", json!("x")),
        is("city", "eq", json!({ "a": 1 })),
        is("city", "eq", json!(["x"])),
        is("city", "in", json!("x")),
        is("city", "in", json!([["x"]])),
        is("city", "in", json!(vec!["x"; 2000])),
        is("city", "between", json!(["a", "b", "c"])),
        is("city", "between", json!({ "from": "a" })),
        is("city", "is_null", json!("yes")),
        is("city", "contains", json!(7)),
        is("nick", "eq", json!("x")),
        is("custom.nick", "eq", json!("x")),
        is("company.company.name", "eq", json!("x")),
        is("rowid", "eq", json!(1)),
        is("doc", "contains", json!("x")),
        is("custom.score", "gt", json!([1])),
        is("custom.fee", "eq", json!({ "amount": "1", "currency": "USD" })),
        is("custom.fee", "eq", json!({ "amount": 1, "currency": "???" })),
        is("custom.yes", "eq", json!("maybe")),
        is("custom.day", "gte", json!("2026-99-99")),
        is("owner_id", "eq", json!(7)),
        is("created_at", "gte", json!({})),
        deep("not", 25),
        deep("and", 25),
        deep("or", 25),
        json!({ "and": wide }),
    ]
}

/// Searches that have to be refused.
fn searches(scene: &Scene) -> Vec<Case> {
    let mut cases: Vec<Case> = wrong_filters()
        .into_iter()
        .map(|filter| Case::post("a filter tree", "/v1/contacts/search", json!({ "filter": filter })).refused(422))
        .collect();
    for body in [
        json!({ "nick": 1 }),
        json!({ "limit": 0 }),
        json!({ "limit": 1.5 }),
        json!({ "limit": "50" }),
        json!({ "limit": 1e300 }),
        json!({ "sort": "city; drop" }),
        json!({ "sort": { "city": 1 } }),
        json!({ "sort": [1] }),
        json!({ "sort": ["nick"] }),
        json!({ "sort": vec!["city"; 30] }),
        json!({ "sort": [{ "field": "city", "direction": "sideways" }] }),
        json!({ "sort": ["city:nulls_middle"] }),
        json!({ "q": 7 }),
        json!({ "q": ["ada"] }),
        json!({ "q": "x".repeat(5000) }),
        json!({ "archived": "maybe" }),
        json!({ "count": "about" }),
        json!({ "include": ["nick"] }),
        json!({ "linked": "con_1" }),
        json!({ "view": "viw_1" }),
    ] {
        cases.push(Case::post("a search", "/v1/contacts/search", body).refused(422));
    }
    for cursor in [json!(1), json!("x"), json!(scene.foreign.cursor), json!("AAAA"), json!(["x"])] {
        let body = json!({ "cursor": cursor });
        cases.push(Case::post("a cursor", "/v1/contacts/search", body).refused_by(&[400, 422]));
    }
    cases
}

/// Questions about one record, or about none.
fn of_one_record(scene: &Scene) -> Vec<Case> {
    let one = format!("/v1/contacts/{}", scene.contact);
    let (event, cursor) = (format!("evt_{}", "0".repeat(31)), &scene.foreign.cursor);
    let mut cases: Vec<Case> = [
        format!("{one}?as_of=yesterday"),
        format!("{one}?as_of="),
        format!("{one}?as_of=99999-01-01T00:00:00Z"),
        format!("{one}?include=nick"),
        format!("{one}?include=company.parent"),
        format!("{one}?nick=1"),
        format!("{one}/history?limit=0"),
        format!("{one}/history?limit=x"),
        format!("{one}/history?cursor={event}"),
        format!("{one}/history?cursor={cursor}"),
        format!("{one}/links?limit=0"),
        format!("{one}/links?cursor=%00"),
        format!("{one}/links?label=%27%20OR%201"),
        format!("{one}/shares?nick=1"),
        format!("{one}/timeline?limit=0"),
        format!("{one}/timeline?cursor=x"),
        "/v1/search".to_owned(),
        "/v1/search?q=".to_owned(),
        "/v1/search?q=ada&objects=nick".to_owned(),
        "/v1/search?q=ada&limit=0".to_owned(),
        "/v1/schema?nick=1".to_owned(),
    ]
    .into_iter()
    .map(|target| Case::get("about one record", target).refused_by(&[400, 422]))
    .collect();
    // Before it was made.
    cases.push(Case::get("about one record", format!("{one}?as_of=1990-01-01T00:00:00.000Z")).refused(404));
    cases
}
