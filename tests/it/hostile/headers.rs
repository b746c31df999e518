//! Paths that lead nowhere, ids of others, methods that are not meant, and headers with what nobody answered.

use std::sync::LazyLock;

use http::Method;
use serde_json::json;

use super::case::Case;
use super::scene::Scene;
use super::texts::{HOSTILE, encoded};

pub(super) async fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = ids(scene);
    cases.extend(paths());
    cases.extend(methods(scene));
    cases.extend(conditions(scene));
    cases.extend(cursors(scene).await);
    cases.extend(positions(scene));
    cases.extend(credentials(scene));
    cases.extend(amounts(scene));
    cases
}

/// Ids that are none, of another object, and of another workspace, on every route of one record.
fn ids(scene: &Scene) -> Vec<Case> {
    let mut ids: Vec<String> = HOSTILE.iter().map(|text| encoded(text)).collect();
    ids.extend(
        ["con_1", "con_", "CON_0199b3c0000070008000000000000000", "%00", "%23", "%2e%2e%2f", "0"].map(str::to_owned),
    );
    ids.extend([&scene.company, &scene.project, &scene.foreign.contact, &scene.foreign.user].map(Clone::clone));
    ids.push(format!("con_{}", "f".repeat(32)));
    let mut cases = Vec::new();
    for id in ids {
        let one = format!("/v1/contacts/{id}");
        let empty = json!({});
        let of_one = [
            Case::get("an id", &one),
            Case::patch("an id", &one, json!({ "city": "Rome" })),
            Case::delete("an id", &one),
            Case::post("an id", format!("{one}/restore"), empty.clone()),
            Case::post("an id", format!("{one}/erase"), empty.clone()),
            Case::get("an id", format!("{one}/history")),
            Case::get("an id", format!("{one}/links")),
            Case::get("an id", format!("{one}/timeline")),
            Case::post("an id", format!("{one}/merge"), json!({ "others": [scene.other_contact] })),
            Case::put("an id", format!("{one}/shares/everyone"), json!({ "level": "read" })),
        ];
        cases.extend(of_one.map(|case| case.refused_by(&[400, 404, 405]).or_by_gateway()));
    }
    for (path, id) in
        [("companies", &scene.foreign.company), ("users", &scene.foreign.user), ("x_projects", &scene.contact)]
    {
        cases.push(Case::get("an id", format!("/v1/{path}/{id}")).refused(404));
        cases.push(Case::patch("an id", format!("/v1/{path}/{id}"), json!({ "name": "x" })).refused(404));
    }
    for id in ["job_1", "viw_1", "key_1", "tea_1"] {
        for path in ["jobs", "views", "teams"] {
            cases.push(Case::get("an id", format!("/v1/{path}/{id}")).refused(404));
        }
    }
    cases
}

/// Paths of nothing.
fn paths() -> Vec<Case> {
    let bad = [
        "/v1/x_nothing",
        "/v1/x_nothing/x00_1",
        "/v1/x_",
        "/v1/x_projects%00",
        "/v1/x_project",
        "/v1/X_PROJECTS",
        "/v1/t_contact",
        "/v1/configs",
        "/v1/journal",
        "/v1/%2e%2e/contacts",
        "/v1/contacts%2f..%2fusers",
        "/v1//contacts",
        "/v1/contacts/",
        "/v1/contacts%ff",
        "/v1/contacts/%ff%fe",
        "/v1/contacts/%c0%af",
        "/v1/schema/objects/nothing",
        "/v1/schema/objects/%00",
        "/v1/schema/objects/contact/nothing",
        "/v2/contacts",
    ];
    bad.into_iter().map(|path| Case::get("a path", path).refused_by(&[400, 404, 405]).or_by_gateway()).collect()
}

/// Methods that a path does not know.
fn methods(scene: &Scene) -> Vec<Case> {
    let one = format!("/v1/contacts/{}", scene.contact);
    let (put, delete, patch) = (Method::PUT, Method::DELETE, Method::PATCH);
    let wrong = [
        (put.clone(), "/v1/contacts".to_owned()),
        (delete.clone(), "/v1/contacts".to_owned()),
        (patch.clone(), "/v1/contacts".to_owned()),
        (Method::POST, one.clone()),
        (put.clone(), one.clone()),
        (delete.clone(), format!("{one}/history")),
        (patch, "/v1/contacts/batch".to_owned()),
        (Method::GET, format!("{one}/erase")),
        (Method::GET, format!("{one}/merge")),
        (put, "/v1/schema".to_owned()),
        (delete, "/v1/schema/objects".to_owned()),
        (Method::TRACE, "/v1/contacts".to_owned()),
        (Method::from_bytes(b"PROPFIND").unwrap(), "/v1/contacts".to_owned()),
    ];
    let case = |(method, path)| Case::new("a method", method, path).refused_by(&[404, 405]).or_by_gateway();
    let mut cases: Vec<Case> = wrong.into_iter().map(case).collect();
    let override_method = Case::post("a method", &one, json!({})).header("x-http-method-override", "DELETE");
    cases.push(override_method.refused_by(&[404, 405]).or_by_gateway());
    cases
}

/// `If-Match`, `Idempotency-Key` and `validate` that are none.
fn conditions(scene: &Scene) -> Vec<Case> {
    let one = format!("/v1/contacts/{}", scene.contact);
    let body = json!({ "city": "Rome" });
    let mut cases: Vec<Case> =
        ["*", "1", "W/\"1\"", "\"1\", \"2\"", "\"x\"", "\"-1\"", "\"1", "\"99999999999999999999\"", "\"'1'\""]
            .into_iter()
            .map(|tag| {
                Case::patch("if-match", &one, body.clone()).header("if-match", tag).refused(400).code("bad_if_match")
            })
            .collect();
    for (version, method) in [("\"2\"", Method::PATCH), ("\"0\"", Method::PATCH), ("\"9\"", Method::DELETE)] {
        let case = Case::new("if-match", method, &one).json(&body).header("if-match", version);
        cases.push(case.refused(412));
    }
    let made = Case::post("if-match", "/v1/contacts", json!({ "first_name": "Eve" })).header("if-match", "\"1\"");
    cases.push(made.refused(400).code("bad_if_match"));
    for key in [String::new(), " ".to_owned(), "k".repeat(300)] {
        let case = Case::post("an idempotency key", "/v1/contacts", json!({ "first_name": "Eve" }));
        cases.push(case.header("idempotency-key", key).refused(400).code("bad_idempotency_key"));
    }
    for query in [
        "validate=yes",
        "validate=",
        "validate=ONLY",
        "validat=only",
        "validate=only&validate=only",
        "dry_run=1",
        "accept_loss=true",
    ] {
        cases
            .push(Case::post("validate", format!("/v1/contacts?{query}"), json!({ "first_name": "Eve" })).refused(422));
        cases.push(Case::patch("validate", format!("{one}?{query}"), body.clone()).refused(422));
    }
    cases
}

/// Cursors of nobody, of another list, and of another workspace.
async fn cursors(scene: &Scene) -> Vec<Case> {
    let page = scene.me.get("/v1/contacts?limit=1&sort=city").await.expect(200);
    let mine = page["page"]["next_cursor"].as_str().unwrap().to_owned();
    let list = |query: String| Case::get("a cursor", format!("/v1/contacts?limit=1&{query}")).refused(400);
    let mut cases: Vec<Case> =
        ["x", "e30", "%00", "AAAA", "null", "%7B%7D", &"A".repeat(4000), &scene.foreign.cursor, &scene.contact]
            .iter()
            .map(|cursor| list(format!("cursor={cursor}")))
            .collect();
    for other in [
        "sort=-city",
        "sort=city&city.is_null=false",
        "sort=city&q=a",
        "sort=city&archived=true",
        "sort=first_name",
        "sort=custom.score",
    ] {
        cases.push(list(format!("{other}&cursor={mine}")));
    }
    // One letter changed, one left out, two cursors in one.
    let (start, end) = mine.split_at(mine.len() / 2);
    let changed = if end.starts_with('A') { "B" } else { "A" };
    for forged in [format!("{start}{changed}{}", &end[1..]), format!("{start}{}", &end[1..]), format!("{mine}{mine}")] {
        cases.push(list(format!("sort=city&cursor={forged}")));
    }
    cases.push(Case::get("a cursor", format!("/v1/companies?limit=1&sort=city&cursor={mine}")).refused(400));
    cases
}

/// Positions that no write answered.
fn positions(scene: &Scene) -> Vec<Case> {
    let many = vec![format!("{}:1", scene.contact); 21].join(",");
    let theirs = format!("{},x", scene.foreign.position);
    let bad = [
        "con_1:1",
        ":",
        "x",
        "1",
        &scene.contact,
        &many,
        "con_0:1,",
        &theirs,
        &format!("{}:-1", scene.contact),
        &format!("{}:x", scene.contact),
    ]
    .map(str::to_owned);
    let list = |position: String| Case::get("a position", "/v1/contacts").header("rapport-position", position);
    bad.into_iter().map(|position| list(position).refused(400).code("bad_position")).collect()
}

/// Another workspace, by header, and credentials that are none.
fn credentials(scene: &Scene) -> Vec<Case> {
    let mut cases = Vec::new();
    for workspace in [scene.foreign.workspace.as_str(), "north", "wsp_1", "*", "' OR 1=1"] {
        let case = Case::get("another workspace", "/v1/contacts").header("rapport-workspace", workspace);
        cases.push(case.refused(403).code("denied"));
        let write = Case::post("another workspace", "/v1/contacts", json!({ "first_name": "Eve" }));
        cases.push(write.header("rapport-workspace", workspace).refused(403).code("denied"));
    }
    cases
}

/// More than anybody sends: query strings, parameters, headers. Nothing is written, whatever the body says.
fn amounts(scene: &Scene) -> Vec<Case> {
    let one = format!("/v1/contacts/{}", scene.contact);
    let long = format!("q={}", "a".repeat(9_000));
    let many: Vec<String> = (0..101).map(|number| format!("a{number}=1")).collect();
    let mut cases = Vec::new();
    for path in ["/v1/contacts", "/v1/me", "/v1/limits", "/v1/openapi.json", "/docs", one.as_str()] {
        let case = Case::get("a long query", format!("{path}?{long}"));
        cases.push(case.refused(400).code("query_too_long"));
    }
    let body = json!({ "first_name": "Eve" });
    let case = Case::post("a long query", format!("/v1/contacts?{long}"), body.clone());
    cases.push(case.refused(400).code("query_too_long"));
    let case = Case::post("many parameters", format!("/v1/contacts?{}", many.join("&")), body.clone());
    cases.push(case.refused(400).code("too_many_parameters"));
    let mut case = Case::post("many headers", "/v1/contacts", body);
    for name in MANY_HEADERS.iter() {
        case = case.header(name, "1");
    }
    cases.push(case.refused(400).code("too_many_headers"));
    cases
}

/// Names of a hundred headers that nobody knows.
static MANY_HEADERS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| (0..100).map(|number| &*format!("x-{number}").leak()).collect());
