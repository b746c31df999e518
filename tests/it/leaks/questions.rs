//! Everything that somebody can ask who wants to know what they may not know.

use http::Method;
use serde_json::{Map, Value, json};

use super::world::World;

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
}

fn get(target: impl Into<String>) -> Question {
    Question { method: Method::GET, target: target.into(), headers: Vec::new(), body: None }
}

fn send(method: Method, target: impl Into<String>, body: Value) -> Question {
    Question { method, target: target.into(), headers: Vec::new(), body: Some(body) }
}

fn post(target: impl Into<String>, body: Value) -> Question {
    send(Method::POST, target, body)
}

/// A value as a query string has it.
fn text(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.replace('%', "%25")
        .replace('+', "%2B")
        .replace('"', "%22")
        .replace('{', "%7B")
        .replace('}', "%7D")
        .replace(' ', "%20")
}

/// A document with a value at a path.
fn at(path: &str, value: &Value) -> Value {
    match path.split_once('.') {
        Some((group, name)) => json!({ group: { name: value } }),
        None => json!({ path: value }),
    }
}

/// What can be asked by a field's path: of a field that is hidden it is answered as of one that there is not.
pub(super) fn about_field(world: &World, path: &str, value: &Value) -> Vec<Question> {
    let all = "/v1/contacts";
    let one = format!("{all}/{}", world.seen[0]);
    let value_text = text(value);
    let mut asked = vec![
        get(format!("{one}?fields={path}")),
        get(format!("{one}?include={}", path.trim_end_matches("_id"))),
        get(format!("{all}?fields=city,{path}")),
        get(format!("{all}?sort={path}")),
        get(format!("{all}?sort=-{path}")),
        get(format!("{all}?include={path}")),
        get(format!("{all}?{path}={value_text}")),
        get(format!("/v1/users?sort=contact.{path}")),
    ];
    for op in ["eq", "ne", "lt", "lte", "gt", "gte", "in", "not_in", "is_null", "contains", "starts_with", "between"] {
        let value = if op == "is_null" { json!(false) } else { value.clone() };
        asked.push(get(format!("{all}?{path}.{op}={}&count=exact", text(&value))));
        if ["eq", "is_null", "between"].contains(&op) {
            let filter = json!({ "not": { "field": path, "op": op, "value": value } });
            asked.push(post(format!("{all}/search"), json!({ "filter": filter, "count": "exact" })));
        }
    }
    for part in ["currency", "name", "city"] {
        asked.push(post(format!("{all}/search"), json!({ "sort": [format!("{path}.{part}")] })));
    }
    for function in ["sum", "min", "max", "avg", "count"] {
        asked
            .push(post(format!("{all}/aggregate"), json!({ "aggregates": [{ "function": function, "field": path }] })));
    }
    asked.push(post(format!("{all}/aggregate"), json!({ "group_by": [path] })));
    asked.push(post(format!("{all}/aggregate"), json!({ "group_by": [{ "field": path, "unit": "month" }] })));
    asked.extend(writes(world, path, value));
    asked
}

/// Writes that name a field, which all have to be refused.
fn writes(world: &World, path: &str, value: &Value) -> Vec<Question> {
    let all = "/v1/contacts";
    let one = format!("{all}/{}", world.seen[0]);
    let named = at(path, value);
    let with_name = |mut named: Value| {
        named["first_name"] = json!("Eve");
        named
    };
    let stale =
        Question { headers: vec![("if-match", "\"1\"".to_owned())], ..send(Method::PATCH, one.clone(), named.clone()) };
    let by = |value: &str| send(Method::PUT, format!("{all}/by/{path}/{value}"), json!({ "city": "Rome" }));
    let upsert = json!({ "op": "upsert", "by": { path: text(value) }, "data": { "city": "Rome" } });
    let update = json!({ "op": "update", "id": world.seen[0], "data": named });
    let view = |more: Value| {
        let mut view = json!({ "name": "Mine", "of": "contact" });
        view.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post("/v1/views", view)
    };
    vec![
        send(Method::PATCH, one.clone(), named.clone()),
        send(Method::PATCH, one.clone(), at(path, &Value::Null)),
        stale,
        post(all, with_name(named.clone())),
        by(&text(value)),
        by("nobody"),
        post(format!("{all}/batch"), json!({ "operations": [upsert, update] })),
        post(format!("{all}/bulk"), json!({ "ids": [world.seen[0]], "change": named })),
        post(
            format!("{all}/bulk"),
            json!({ "filter": { "field": path, "value": value }, "change": { "city": "Rome" } }),
        ),
        post(format!("{one}/merge"), json!({ "others": [world.seen[1]], "fields": { path: world.seen[1] } })),
        post(format!("{one}/merge"), json!({ "others": [world.seen[1]], "fields": { path: { "value": value } } })),
        post(format!("{all}/duplicates"), with_name(named)),
        post("/v1/exports", json!({ "object": "contact", "format": "csv", "fields": [path] })),
        post("/v1/exports", json!({ "object": "contact", "format": "csv", "sort": [path] })),
        post(
            "/v1/exports",
            json!({ "object": "contact", "format": "csv", "filter": { "field": path, "value": value } }),
        ),
        view(json!({ "query": { "filter": { "field": path, "value": value } } })),
        view(json!({ "query": { "sort": [path] } })),
        view(json!({ "columns": ["city", path] })),
        view(json!({ "settings": { "group_by": path } })),
        view(json!({ "settings": { "widths": { path: 100 } } })),
    ]
}

/// What is asked of a file that is brought, with a column of a field's name.
pub(super) fn imports(upload: &str, path: &str) -> Vec<Question> {
    let file = |columns: Value, more: Value| {
        let mut file = json!({ "upload": upload, "object": "contact", "columns": columns });
        file.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        post("/v1/imports", json!({ "files": [file], "dry_run": true }))
    };
    let name = json!({ "column": "Name", "field": "first_name" });
    let hidden = json!({ "column": "Hidden", "field": path });
    vec![
        post("/v1/imports/preview", json!({ "files": [{ "upload": upload, "object": "contact" }] })),
        file(json!([name, hidden]), json!({})),
        file(json!([name, hidden]), json!({ "match_by": [path] })),
    ]
}

/// What can be asked without naming a field that is hidden: what is answered says nothing of one.
pub(super) fn general(world: &World) -> Vec<Question> {
    let all = "/v1/contacts";
    let mut asked: Vec<Question> = [
        "/v1/me",
        "/v1/schema",
        "/v1/schema/objects/contact",
        "/v1/schema/objects/company",
        "/v1/schema/types",
        "/v1/workspace/openapi.json",
        "/v1/roles",
        "/v1/roles/x_blind",
        "/v1/contacts?count=exact&archived=any&include=company,owner",
        "/v1/contacts?limit=1",
        "/v1/companies?count=exact",
        "/v1/x_things?count=exact",
        "/v1/contacts/duplicates",
        "/v1/companies/duplicates",
        "/v1/users",
        "/v1/jobs",
    ]
    .into_iter()
    .map(get)
    .collect();
    for word in ["alpha", "ALPHA", "zanzibar", "quokka", "lovelace", "ada", "secret.example", "%2B4930901820", "berlin"]
    {
        asked.push(get(format!("{all}?q={word}&count=exact")));
        asked.push(get(format!("/v1/search?q={word}")));
    }
    for sort in ["custom.plain", "-city", "updated_at", "company.name", "-company.annual_revenue"] {
        asked.push(get(format!("{all}?sort={sort}&limit=2")));
    }
    for body in [
        json!({}),
        json!({ "group_by": ["city"], "aggregates": ["count", { "function": "sum", "field": "custom.plain" }] }),
        json!({ "group_by": ["company.name"] }),
        json!({ "group_by": ["tags"] }),
    ] {
        asked.push(post(format!("{all}/aggregate"), body));
    }
    let firm = format!("/v1/companies/{}", world.company);
    asked.push(get(format!("{firm}?include=parent")));
    for draft in [json!({ "first_name": "Zanzibar" }), json!({ "email": "zanzibar@example.com", "first_name": "Z" })] {
        asked.push(post(format!("{all}/duplicates"), draft));
    }
    for id in world.seen.iter().chain(&world.unseen[..1]) {
        asked.extend(about_record(&format!("{all}/{id}")));
    }
    asked.extend(about_record(&format!("/v1/x_things/{}", world.unseen[1])));
    asked.extend(about_record(&firm).into_iter().filter(|question| !question.target.contains("duplicates")));
    asked
}

/// What can be asked of the audit log, which tells of every record, about the ones that the caller sees: of others it is to tell.
pub(super) fn audit(world: &World) -> Vec<Question> {
    let nouns = ["role.*", "api_key.*", "schema.*", "user.*", "job.*", "view.*", "company.*", "permissions", "exports"];
    let by_noun = nouns.map(|noun| format!("action={noun}"));
    let of_seen = world.seen.iter().chain([&world.company, &world.view]).map(|id| format!("record={id}"));
    let queries: Vec<String> = by_noun.into_iter().chain(of_seen).collect();
    let lists = ["/v1/audit", "/v1/audit/csv", "/v1/audit/jsonl"];
    let asked = lists.iter().flat_map(|list| queries.iter().map(move |query| get(format!("{list}?limit=200&{query}"))));
    asked.chain([get("/v1/audit/days")]).collect()
}

/// What has happened to one record.
pub(super) fn of_record(id: &str) -> Question {
    get(format!("/v1/audit?limit=200&record={id}"))
}

/// What can be asked of one record, and changes nothing.
fn about_record(one: &str) -> Vec<Question> {
    let mut asked: Vec<Question> = ["", "/history", "/timeline", "/links", "/shares", "/duplicates"]
        .into_iter()
        .map(|of| get(format!("{one}{of}")))
        .collect();
    for second in [3, 30, 45, 59] {
        asked.push(get(format!("{one}?as_of=2026-01-01T00:00:{second:02}.000Z")));
    }
    asked.push(Question {
        headers: vec![("if-match", "\"1\"".to_owned())],
        ..send(Method::PATCH, one, json!({ "city": "Rome" }))
    });
    asked.push(send(Method::PATCH, format!("{one}?validate=only"), json!({ "name": "Else", "city": "Rome" })));
    asked
}

/// Writes that are carried out, one after the other.
pub(super) fn writes_that_are_made(world: &World) -> Vec<Question> {
    let all = "/v1/contacts";
    let [first, second, third] = [0, 1, 2].map(|number| format!("{all}/{}", world.seen[number]));
    let mut bulk = Map::new();
    bulk.insert("ids".to_owned(), json!([world.seen[0], world.unseen[0]]));
    bulk.insert("add_tags".to_owned(), json!(["met"]));
    let create = |name: &str| json!({ "first_name": name, "email": "taken@example.com" });
    let once = Question { headers: vec![("idempotency-key", "once".to_owned())], ..post(all, create("Once")) };
    vec![
        // Whoever leaves a company has worked there: not as what.
        send(Method::PATCH, second.clone(), json!({ "company_id": null })),
        get(&second),
        get(format!("{second}/history")),
        send(Method::PATCH, third.clone(), json!({ "first_name": null, "last_name": null, "email": null })),
        send(Method::PUT, format!("{all}/by/email/ada2@example.com"), json!({ "city": "Ulm" })),
        send(Method::DELETE, third.clone(), json!({})),
        post(format!("{third}/restore"), json!({})),
        once.clone(),
        once,
        post(format!("{all}/bulk"), Value::Object(bulk)),
        post(format!("{first}/merge"), json!({ "others": [world.unseen[0]] })),
        post(format!("{first}/merge"), json!({ "others": [world.seen[1]] })),
        get(&first),
        get(format!("{first}/history")),
        get(format!("{first}/timeline")),
        get(&second),
        get(format!("{all}?view={}", world.view)),
        post("/v1/exports", json!({ "object": "contact", "format": "csv", "view": world.view })),
    ]
}

/// The jobs that the caller has started, the oldest first.
pub(super) fn jobs() -> Question {
    get("/v1/jobs?sort=created_at&state=done")
}

/// Something of one job.
pub(super) fn of_job(id: &str, method: &Method, path: &str) -> Question {
    let body = (*method == Method::POST).then(|| json!({}));
    Question { method: method.clone(), target: format!("/v1/jobs/{id}{path}"), headers: Vec::new(), body }
}
