//! The headers that keep browsers from doing with an answer what nobody means: on every answer of every route, whatever its
//! status is.

use http::Method;
use serde_json::json;

use crate::app::{Answer, App, Caller};
use crate::contract::capabilities;

const ALWAYS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// What is missing or different.
fn wrong(answer: &Answer) -> Vec<String> {
    let found = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("nothing");
    let mut wrong: Vec<String> =
        ALWAYS.iter().filter(|(name, value)| found(name) != *value).map(|(name, _)| (*name).to_owned()).collect();
    let policy = found("content-security-policy");
    if !policy.starts_with("default-src 'none';") || !policy.ends_with("frame-ancestors 'none'") {
        wrong.push(format!("content-security-policy: {policy}"));
    }
    wrong
}

/// A path with something in the place of its parameters.
fn filled(path: &str, id: &str) -> String {
    let path = path.replace("{object}", "x_things").replace("{id}", id).replace("{name}", "contact");
    let path = path.replace("{field}", "email").replace("{value}", "ada@example.com");
    path.replace("{kind}", "contact").replace("{other}", id).replace("{subject}", "everyone")
}

#[tokio::test]
async fn every_answer_of_every_route_is_secured() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let contact = me.post("/v1/contacts", json!({ "first_name": "Ada" })).await.expect(201);
    let contact = contact["id"].as_str().unwrap();
    let nobody = me.with_secret("rk_nobody");
    let (mut wrong_ones, mut statuses) = (Vec::new(), std::collections::BTreeSet::new());
    let operations = capabilities(&app).into_iter().flat_map(|capability| capability.operations);
    for operation in operations {
        let target = filled(&operation.path, contact);
        let asked: [(&Caller, String, Option<serde_json::Value>); 4] = [
            (&me, target.clone(), None),
            (&me, target.clone(), Some(json!({ "nothing": 1 }))),
            (&me, format!("{target}?nothing=1"), None),
            (&nobody, target.clone(), None),
        ];
        for (caller, target, body) in asked {
            let body = body.filter(|_| operation.method != Method::GET);
            let answer = caller.send(operation.method.clone(), &target, &[], body).await;
            statuses.insert(answer.status.as_u16());
            let wrong = wrong(&answer);
            if !wrong.is_empty() {
                wrong_ones.push(format!("{} {target} {}: {wrong:?}", operation.method, answer.status));
            }
        }
    }
    assert!(wrong_ones.is_empty(), "{}", wrong_ones.join("\n"));
    for status in [200, 201, 400, 401, 404, 422] {
        assert!(statuses.contains(&status), "no answer was a {status}: {statuses:?}");
    }
}

#[tokio::test]
async fn the_page_says_for_itself_what_it_may() {
    let app = App::start().await;
    let page = app.stranger().get("/docs").await;
    assert!(page.header("content-security-policy").contains("script-src 'sha256-"));
    assert_eq!(page.header("permissions-policy"), "camera=(), geolocation=(), microphone=()");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert!(wrong(&page).is_empty(), "{:?}", wrong(&page));
}
