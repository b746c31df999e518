//! Good requests with something changed in their bodies at random: whatever comes of it, it is a refusal that says why and
//! changes nothing, or it is what was asked for.

use http::Method;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use super::case::is_problem;
use super::scene::Scene;
use super::texts::HOSTILE;

/// A good request. What can be tried without being done says so in its path at times.
#[derive(Debug, Clone)]
struct Good {
    method: Method,
    path: String,
    body: Value,
    /// Whether it only asks: then nothing may change whatever is answered.
    asks: bool,
}

/// What is done to one place of a body.
#[derive(Debug, Clone)]
enum Change {
    /// Something else stands there.
    Replace(Value),
    /// It is gone.
    Remove,
    /// There is another member, or another entry.
    Add(String, Value),
    /// It stands in so many lists.
    Wrap(usize),
    /// It is there so many times over, where it stands in a list.
    Repeat(usize),
}

/// Somebody with a value of nearly every type.
fn person(company: &str) -> Value {
    json!({
        "first_name": "Eve", "email": "eve@example.com", "phone": "+4930901820", "birthday": "1990-02-03", "company_id": company,
        "emails": [{ "email": "e@example.com", "label": "work" }], "addresses": [{ "city": "Rome" }], "tags": ["a", "b"],
        "external_id": { "source": "hubspot", "key": "42" },
        "custom": {
            "line": "a", "lines": "a\nb", "score": 7.5, "fee": { "amount": 1250, "currency": "USD" }, "day": "2026-01-02",
            "moment": "2026-01-02T03:04:05Z", "yes": true, "tier": "gold", "channels": ["mail"], "page": "https://example.com/",
        },
    })
}

/// A question with every kind of condition.
fn search() -> Value {
    json!({
        "filter": { "and": [
            { "field": "city", "op": "in", "value": ["Rome", "Berlin"] },
            { "or": [{ "field": "custom.score", "op": "gte", "value": 1 }, { "field": "company.name", "op": "starts_with", "value": "A" }] },
            { "not": { "field": "custom.day", "op": "between", "value": ["2026-01-01", "2026-12-31"] } },
        ] },
        "sort": ["-custom.score", "last_name"], "limit": 10, "q": "ada",
    })
}

fn good(scene: &Scene) -> Vec<Good> {
    let Scene { contact, other_contact, company, project, team, view, .. } = scene;
    let (person, search) = (person(company), search());
    let write = |method: Method, path: String, body: Value| Good { method, path, body, asks: false };
    let ask = |method: Method, path: String, body: Value| Good { method, path, body, asks: true };
    let batch = json!({ "atomic": true, "operations": [
        { "op": "create", "ref": "a", "data": { "first_name": "Eve" } },
        { "op": "update", "id": contact, "data": { "city": "Rome" } },
        { "op": "upsert", "by": { "email": "u@example.com" }, "data": { "first_name": "Uma" } },
    ] });
    let field = json!({ "name": "extra", "type": "select", "options": ["a", { "value": "b", "label": "B" }], "default": "a", "help": "x" });
    let saved = json!({
        "name": "Mine", "of": "contact", "layout": "table", "columns": ["first_name", "custom.tier"],
        "query": { "filter": { "field": "custom.tier", "op": "eq", "value": "gold" }, "sort": ["last_name"] },
    });
    vec![
        write(Method::POST, "/v1/contacts".to_owned(), person.clone()),
        write(Method::PATCH, format!("/v1/contacts/{contact}"), person),
        write(Method::PATCH, format!("/v1/x_projects/{project}"), json!({ "name": "Tunnel", "tags": ["a"] })),
        write(Method::POST, "/v1/contacts/batch".to_owned(), batch),
        write(Method::POST, "/v1/views".to_owned(), saved.clone()),
        write(Method::PATCH, format!("/v1/views/{view}"), saved),
        write(Method::PUT, format!("/v1/contacts/{contact}/shares/{team}"), json!({ "level": "read" })),
        ask(Method::POST, "/v1/contacts/search".to_owned(), search.clone()),
        ask(
            Method::POST,
            "/v1/contacts/bulk?validate=only".to_owned(),
            json!({ "filter": search["filter"], "change": { "city": "Rome" } }),
        ),
        ask(
            Method::POST,
            format!("/v1/contacts/{contact}/merge?validate=only"),
            json!({ "others": [other_contact], "fields": { "city": { "value": "Rome" }, "custom.tier": contact } }),
        ),
        ask(Method::POST, "/v1/schema/objects/contact/fields?validate=only".to_owned(), field),
        ask(
            Method::PATCH,
            "/v1/schema/objects/contact/fields/tier?validate=only".to_owned(),
            json!({ "options": ["gold", "tin"], "replace_with": { "silver": "tin" }, "label": "Tier" }),
        ),
        ask(
            Method::POST,
            "/v1/schema/objects/company/fields?validate=only".to_owned(),
            json!({ "name": "sum", "type": "roll_up", "object": "contact", "via": "company_id", "function": "sum",
                    "field": "custom.score", "only": [{ "field": "custom.yes", "equals": true }] }),
        ),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("a number of JSON", |number| number.is_finite()).prop_map(Value::from),
        select(&[0.0, -0.0, 1e308, 5e-324, 9_007_199_254_740_993.0][..]).prop_map(Value::from),
        select(HOSTILE.to_vec()).prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        (1usize..2000).prop_map(|length| json!("x".repeat(length))),
        select(vec!["eq", "and", "custom", "custom.score", "id", "2026-01-01", "gold", "company.name", "usr_1", "@a"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        select(vec![
            "field", "op", "value", "and", "or", "not", "filter", "custom", "id", "data", "amount", "currency", "type",
            ""
        ])
        .prop_map(str::to_owned),
        select(HOSTILE.to_vec()).prop_map(str::to_owned),
        "[a-z_]{1,8}",
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => value().prop_map(Change::Replace),
        2 => Just(Change::Remove),
        2 => (name(), value()).prop_map(|(name, value)| Change::Add(name, value)),
        1 => (1usize..100).prop_map(Change::Wrap),
        1 => (2usize..300).prop_map(Change::Repeat),
    ]
}

/// Where every value of a body stands, the body itself first.
fn places(value: &Value, here: &str, places: &mut Vec<String>) {
    places.push(here.to_owned());
    match value {
        Value::Array(entries) => {
            entries
                .iter()
                .enumerate()
                .for_each(|(index, entry)| self::places(entry, &format!("{here}/{index}"), places));
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                self::places(member, &format!("{here}/{name}"), places);
            }
        }
        _ => {}
    }
}

fn changed(mut body: Value, at: &Index, change: Change) -> Value {
    let mut all = Vec::new();
    places(&body, "", &mut all);
    let place = at.get(&all).clone();
    let parent =
        place.rsplit_once('/').map(|(parent, name)| (parent.to_owned(), name.replace("~1", "/").replace("~0", "~")));
    match (change, parent) {
        (Change::Remove, Some((parent, name))) => match body.pointer_mut(&parent) {
            Some(Value::Object(members)) => drop(members.remove(&name)),
            Some(Value::Array(entries)) => drop(entries.remove(name.parse().unwrap())),
            _ => {}
        },
        (Change::Repeat(times), Some((parent, name))) => {
            if let Some(Value::Array(entries)) = body.pointer_mut(&parent) {
                let entry = entries[name.parse::<usize>().unwrap()].clone();
                entries.extend(std::iter::repeat_n(entry, times));
            }
        }
        (change, _) => {
            let Some(value) = body.pointer_mut(&place) else { return body };
            match change {
                Change::Replace(other) => *value = other,
                Change::Add(name, other) => match value {
                    Value::Object(members) => drop(members.insert(name, other)),
                    Value::Array(entries) => entries.push(other),
                    _ => {}
                },
                Change::Wrap(depth) => *value = (0..depth).fold(value.take(), |inner, _| json!([inner])),
                Change::Remove | Change::Repeat(_) => {}
            }
        }
    }
    body
}

/// Sends it, and says what is wrong with what came of it.
async fn checked(scene: &Scene, good: &Good, body: &Value, dry: bool) -> Result<(), String> {
    let before = scene.app.items_but_denials();
    let path = if dry && !good.asks { format!("{}?validate=only", good.path) } else { good.path.clone() };
    let answer = scene.me.send(good.method.clone(), &path, &[], Some(body.clone())).await;
    let status = answer.status.as_u16();
    let shown = format!("{} {path} {body}: {status} {}", good.method, answer.body);
    if !(200..300).contains(&status) && !(400..500).contains(&status) {
        return Err(shown);
    }
    if status >= 400 {
        is_problem(&answer).map_err(|what| format!("{what}: {shown}"))?;
    }
    if (status >= 400 || dry || good.asks) && scene.app.items_but_denials() != before {
        return Err(format!("the table was changed: {shown}"));
    }
    Ok(())
}

#[test]
fn good_requests_bent_at_random_are_answered_or_refused_and_nothing_else() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let scene = runtime.block_on(Scene::make());
    let good = good(&scene);
    for good in &good {
        let dry = if good.asks { good.path.clone() } else { format!("{}?validate=only", good.path) };
        let answer = runtime.block_on(scene.me.send(good.method.clone(), &dry, &[], Some(good.body.clone())));
        assert!(answer.status.is_success(), "{good:?}: {:#}", answer.body);
    }
    let strategy = (select(good), proptest::collection::vec((any::<Index>(), change()), 1..4), any::<bool>());
    let mut runner = TestRunner::new(Config { cases: 500, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&strategy, |(good, changes, dry)| {
        let body = changes.into_iter().fold(good.body.clone(), |body, (at, change)| changed(body, &at, change));
        runtime.block_on(checked(&scene, &good, &body, dry)).map_err(TestCaseError::fail)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
