//! Work on several records at once, and what ties records together: batches, bulk edits, links, shares, merges, saved views.

use http::Method;
use serde_json::{Value, json};

use super::case::Case;
use super::scene::Scene;

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = batches(scene);
    cases.extend(bulk(scene));
    cases.extend(ties(scene));
    cases.extend(merges(scene));
    cases.extend(views(scene));
    cases.extend(people());
    cases
}

/// Batches, of which nothing at all is done: those that cannot be read, and atomic ones with one bad operation.
fn batches(scene: &Scene) -> Vec<Case> {
    let create = json!({ "op": "create", "data": { "first_name": "Eve" } });
    let update = |data: Value| json!({ "op": "update", "id": scene.contact, "data": data });
    let unreadable = [
        json!({}),
        json!({ "operations": [] }),
        json!({ "operations": {} }),
        json!({ "operations": "create" }),
        json!({ "operations": [1] }),
        json!({ "operations": [[]] }),
        json!({ "operations": [{}] }),
        json!({ "operations": [{ "op": "drop" }] }),
        json!({ "operations": [{ "op": ["create"] }] }),
        json!({ "operations": vec![create.clone(); 101] }),
        json!({ "operations": [create], "atomic": "yes" }),
        json!({ "operations": [create], "nick": 1 }),
        json!({ "operations": [{ "op": "create", "data": [] }] }),
        json!({ "operations": [{ "op": "create", "data": { "first_name": "Eve" }, "nick": 1 }] }),
        json!({ "operations": [{ "op": "update", "id": scene.contact, "if_match": "1", "data": {} }] }),
        json!({ "operations": [{ "op": "upsert", "by": { "email": "a@example.com", "city": "x" }, "data": {} }] }),
        json!({ "operations": [{ "op": "upsert", "by": "email", "data": {} }] }),
    ];
    let bad = [
        create_with(json!({ "nick": 1 })),
        create_with(json!({ "first_name": "Eve", "email": "nobody" })),
        create_with(json!({ "first_name": "Eve", "email": scene.email })),
        create_with(json!({ "first_name": "Eve", "owner_id": scene.foreign.user })),
        update(json!({ "custom": { "tier": "platinum" } })),
        update(json!({ "company_id": scene.foreign.company })),
        json!({ "op": "update", "id": scene.foreign.contact, "data": { "city": "Rome" } }),
        json!({ "op": "update", "id": "con_1", "data": { "city": "Rome" } }),
        json!({ "op": "update", "id": "@nobody", "data": { "city": "Rome" } }),
        json!({ "op": "update", "id": scene.contact, "if_match": 99, "data": { "city": "Rome" } }),
        json!({ "op": "update", "object": "x_nothing", "id": scene.project, "data": { "name": "x" } }),
        json!({ "op": "create", "object": "user", "data": { "name": "Eve", "email": "eve@example.com", "role": "admin" } }),
        json!({ "op": "upsert", "by": { "city": "Rome" }, "data": { "first_name": "Eve" } }),
        json!({ "op": "archive", "id": scene.company }),
    ];
    let batch = |body: Value| Case::post("a batch", "/v1/contacts/batch", body);
    let mut cases: Vec<Case> = unreadable.into_iter().map(|body| batch(body).refused_by(&[400, 422])).collect();
    for operation in bad {
        let body = json!({ "operations": [create, update(json!({ "city": "Rome" })), operation], "atomic": true });
        cases.push(batch(body).refused_by(&[403, 404, 409, 412, 422]));
    }
    // All of them in one transaction would take more than the hundred items that one has.
    let many: Vec<Value> =
        (0..100).map(|n| create_with(json!({ "first_name": "Eve", "email": format!("e{n}@example.com") }))).collect();
    cases.push(batch(json!({ "operations": many, "atomic": true })).refused(422));
    cases
}

fn create_with(data: Value) -> Value {
    json!({ "op": "create", "data": data })
}

fn bulk(scene: &Scene) -> Vec<Case> {
    let change = json!({ "city": "Rome" });
    let deep = (0..60).fold(json!({ "field": "city", "op": "eq", "value": "x" }), |inner, _| json!({ "not": inner }));
    let ids = |count: usize| vec![scene.contact.clone(); count];
    let bodies = [
        json!({}),
        json!({ "change": change }),
        json!({ "filter": {} }),
        json!({ "filter": {}, "ids": ids(1), "change": change }),
        json!({ "filter": {}, "change": change, "archive": true }),
        json!({ "filter": {}, "archive": false }),
        json!({ "filter": {}, "archive": true, "restore": true }),
        json!({ "filter": [], "change": change }),
        json!({ "filter": "city = 'x'", "change": change }),
        json!({ "filter": { "field": "nick", "op": "eq", "value": 1 }, "change": change }),
        json!({ "filter": deep, "change": change }),
        json!({ "ids": [], "change": change }),
        json!({ "ids": "all", "change": change }),
        json!({ "ids": [1], "change": change }),
        json!({ "ids": [scene.company], "change": change }),
        json!({ "ids": ids(5001), "change": change }),
        json!({ "ids": ids(1), "change": {} }),
        json!({ "ids": ids(1), "change": [] }),
        json!({ "ids": ids(1), "change": { "nick": 1 } }),
        json!({ "ids": ids(1), "change": { "version": 9 } }),
        json!({ "ids": ids(1), "change": { "email": "one@example.com" } }),
        json!({ "ids": ids(1), "change": { "custom": { "tier": "platinum" } } }),
        json!({ "ids": ids(1), "change": { "owner_id": scene.foreign.user } }),
        json!({ "ids": ids(1), "change": { "company_id": scene.foreign.company } }),
        json!({ "ids": ids(1), "add_tags": "a" }),
        json!({ "ids": ids(1), "add_tags": [1] }),
        json!({ "ids": ids(1), "add_tags": ["a"], "remove_tags": ["a"] }),
        json!({ "q": 7, "change": change }),
        json!({ "q": "x".repeat(5000), "change": change }),
        json!({ "view": "viw_1", "change": change }),
        json!({ "view": format!("viw_{}", "0".repeat(32)), "change": change }),
        json!({ "filter": {}, "change": change, "sql": "1=1" }),
    ];
    let mut cases: Vec<Case> = bodies
        .into_iter()
        .map(|body| Case::post("a bulk edit", "/v1/contacts/bulk", body).refused_by(&[404, 422]))
        .collect();
    for verb in ["cancel", "undo"] {
        let job = format!("/v1/jobs/job_{}/{verb}", "0".repeat(32));
        cases.push(Case::post("a job", job, json!({})).refused(404));
    }
    cases
}

/// Links and shares with what is not there, is another workspace's, or is the record itself.
fn ties(scene: &Scene) -> Vec<Case> {
    let one = format!("/v1/contacts/{}", scene.contact);
    let mut cases = Vec::new();
    for other in [
        format!("contact/{}", scene.contact),
        format!("company/{}", scene.foreign.company),
        format!("contact/{}", scene.foreign.contact),
        format!("company/{}", scene.contact),
        format!("x_nothing/{}", scene.project),
        format!("x_projects%00/{}", scene.project),
        format!("company/com_{}", "0".repeat(32)),
        "company/com_1".to_owned(),
        "%27%20OR%201=1/x".to_owned(),
        format!("CONTACT/{}", scene.other_contact),
    ] {
        let link = Case::put("a link", format!("{one}/links/{other}"), json!({}));
        cases.push(link.refused_by(&[400, 404, 422]).or_by_gateway());
    }
    let good = format!("{one}/links/company/{}", scene.company);
    for label in ["", "A", "%27", "a%00b", "1st", "a-b", &"a".repeat(41), "%23", "a%2Fb"] {
        cases.push(Case::put("a label", format!("{good}?label={label}"), json!({})).refused(422));
        cases.push(Case::delete("a label", format!("{good}?label={label}")).refused(422));
    }
    cases.push(Case::put("a link", format!("{good}?nick=1"), json!({})).refused(422));
    cases.push(Case::put("a link", &good, json!({})).header("if-match", "\"1\"").refused(400));
    for subject in [
        scene.foreign.user.as_str(),
        "usr_1",
        "me",
        "EVERYONE",
        "everyone%00",
        "%27%20OR%201=1",
        scene.contact.as_str(),
        &format!("tea_{}", "0".repeat(32)),
    ] {
        let share = Case::put("a share", format!("{one}/shares/{subject}"), json!({ "level": "read" }));
        cases.push(share.refused_by(&[400, 404, 422]));
    }
    for body in [
        json!({}),
        json!({ "level": "own" }),
        json!({ "level": ["read"] }),
        json!({ "level": 1 }),
        json!({ "level": null }),
        json!({ "level": "read", "until": "2030-01-01" }),
        json!({ "level": "read", "subject": "everyone" }),
    ] {
        cases.push(Case::put("a share", format!("{one}/shares/{}", scene.team), body).refused(422));
    }
    cases
}

fn merges(scene: &Scene) -> Vec<Case> {
    let merge = |body: Value| Case::post("a merge", format!("/v1/contacts/{}/merge", scene.contact), body);
    let others = json!([scene.other_contact]);
    let many: Vec<String> = (0..10).map(|number| format!("con_{number:032x}")).collect();
    [
        json!({}),
        json!({ "others": [] }),
        json!({ "others": "con_1" }),
        json!({ "others": [1] }),
        json!({ "others": ["con_1"] }),
        json!({ "others": many }),
        json!({ "others": [scene.contact] }),
        json!({ "others": [scene.other_contact, scene.other_contact] }),
        json!({ "others": [scene.company] }),
        json!({ "others": [scene.project] }),
        json!({ "others": [scene.foreign.contact] }),
        json!({ "others": [format!("con_{}", "0".repeat(32))] }),
        json!({ "others": others, "nick": 1 }),
        json!({ "others": others, "fields": [] }),
        json!({ "others": others, "fields": { "nick": scene.contact } }),
        json!({ "others": others, "fields": { "city": "Rome" } }),
        json!({ "others": others, "fields": { "city": scene.foreign.contact } }),
        json!({ "others": others, "fields": { "city": { "value": 7 } } }),
        json!({ "others": others, "fields": { "custom.tier": { "value": "platinum" } } }),
        json!({ "others": others, "fields": { "custom.double": { "value": 1 } } }),
        json!({ "others": others, "fields": { "id": { "value": "con_1" } } }),
        json!({ "others": others, "fields": { "owner_id": { "value": scene.foreign.user } } }),
    ]
    .into_iter()
    .map(|body| merge(body).refused_by(&[404, 422]))
    .chain([merge(json!({ "others": others })).header("if-match", "\"99\"").refused(412)])
    .collect()
}

fn views(scene: &Scene) -> Vec<Case> {
    let one = format!("/v1/views/{}", scene.view);
    [
        json!({}),
        json!({ "name": "x" }),
        json!({ "name": "x", "of": "nothing" }),
        json!({ "name": "x", "of": 1 }),
        json!({ "name": "", "of": "contact" }),
        json!({ "name": "x", "of": "contact", "layout": "hologram" }),
        json!({ "name": "x", "of": "contact", "query": "select 1" }),
        json!({ "name": "x", "of": "contact", "query": { "filter": { "field": "nick", "op": "eq", "value": 1 } } }),
        json!({ "name": "x", "of": "contact", "query": { "sort": ["nick"] } }),
        json!({ "name": "x", "of": "contact", "query": { "nick": 1 } }),
        json!({ "name": "x", "of": "contact", "columns": ["nick"] }),
        json!({ "name": "x", "of": "contact", "columns": "city" }),
        json!({ "name": "x", "of": "contact", "settings": [] }),
        json!({ "name": "x", "of": "contact", "settings": { "x": "y".repeat(9000) } }),
        json!({ "name": "x", "of": "contact", "query": { "q": "y".repeat(40_000) } }),
        json!({ "name": "x", "of": "contact", "owner_id": scene.foreign.user }),
    ]
    .into_iter()
    .map(|body| Case::post("a saved view", "/v1/views", body).refused(422))
    .chain([
        Case::patch("a saved view", &one, json!({ "query": { "filter": { "and": "x" } } })).refused(422),
        Case::patch("a saved view", &one, json!({ "of": "nothing" })).refused(422),
        Case::patch("a saved view", &one, json!({ "columns": [{ "path": "city" }] })).refused(422),
    ])
    .collect()
}

/// Users, keys and the workspace itself.
fn people() -> Vec<Case> {
    let cases = [
        ("/v1/users", json!({ "name": "Eve", "email": "eve", "role": "rep" }), "/email"),
        ("/v1/users", json!({ "name": "Eve", "email": "eve@example.com", "role": "root" }), "/role"),
        (
            "/v1/users",
            json!({ "name": "Eve", "email": "eve@example.com", "role": "rep", "team_id": "tea_1" }),
            "/team_id",
        ),
        (
            "/v1/users",
            json!({ "name": "Eve", "email": "eve@example.com", "role": "rep", "password": "x" }),
            "/password",
        ),
        ("/v1/teams", json!({ "name": "x".repeat(101) }), "/name"),
        ("/v1/teams", json!({ "name": "A", "parent_id": "tea_1" }), "/parent_id"),
        ("/v1/api_keys", json!({ "name": "a\u{0}b", "role": "rep" }), "/name"),
        ("/v1/api_keys", json!({ "name": "a", "role": "god" }), "/role"),
        ("/v1/api_keys", json!({ "name": "a", "role": "rep", "good_until": "2001-01-01T00:00:00Z" }), "/good_until"),
        ("/v1/api_keys", json!({ "name": "a", "role": "rep", "secret": "rk_mine" }), "/secret"),
    ];
    let cases = cases.into_iter().map(|(path, body, pointer)| Case::post("people and keys", path, body).at(pointer));
    let workspace = [
        json!({ "name": "" }),
        json!({ "name": 1 }),
        json!({ "name": "a\u{0}b" }),
        json!({ "nick": 1 }),
        json!({ "trash_days": -1 }),
    ];
    let workspace = workspace.into_iter();
    cases
        .chain(
            workspace.map(|body| Case::new("the workspace", Method::PATCH, "/v1/workspace").json(&body).refused(422)),
        )
        .collect()
}
