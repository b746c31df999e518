//! A request of somebody in my workspace who has got hold of something of the other one.

use api::{Operation, Shape};
use http::Method;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::World;
use super::foreign::{EMAILS, ONCE, SECRET, once_body};

/// A request to send.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    /// Whether the path names something of the other workspace.
    pub(super) names_foreign: bool,
    /// Whether a header asks for the other workspace.
    pub(super) elsewhere: bool,
}

impl Attempt {
    /// An operation on an id, as it is meant to be called.
    pub(super) fn on(operation: &Operation, id: &str) -> Self {
        let target = filled(&operation.path, id, EMAILS[0], "everyone");
        let body = takes_body(operation).then(|| bodies(operation, id).swap_remove(0));
        let names_foreign = operation.path.contains("{id}");
        Self { method: operation.method.clone(), target, headers: Vec::new(), body, names_foreign, elsewhere: false }
    }

    /// Everything that is said in it.
    pub(super) fn text(&self) -> String {
        format!("{} {:?} {:?}", self.target, self.headers, self.body)
    }
}

fn filled(path: &str, id: &str, value: &str, subject: &str) -> String {
    // Both workspaces have an object of their own of this name.
    let path = path.replace("{object}", "x_things").replace("{name}", "x_thing");
    let path = path.replace("{id}", id).replace("{field}", "email").replace("{value}", value);
    path.replace("{kind}", "contact").replace("{other}", id).replace("{subject}", subject)
}

fn takes_body(operation: &Operation) -> bool {
    operation.writes || operation.body != Shape::Empty
}

/// Bodies that an operation understands, the most ordinary first.
fn bodies(operation: &Operation, foreign: &str) -> Vec<Value> {
    match operation.body {
        Shape::Schema(_) if operation.path.ends_with("/merge") => vec![json!({ "others": [foreign] })],
        Shape::Schema(_) if operation.path.ends_with("/shares/{subject}") => vec![json!({ "level": "write" })],
        Shape::Schema(_) if operation.path.ends_with("/batch") => batches(foreign),
        Shape::Schema(_) if operation.path.ends_with("/bulk") => {
            vec![
                json!({ "ids": [foreign], "archive": true }),
                json!({ "filter": {}, "change": { "owner_id": foreign } }),
            ]
        }
        Shape::Schema(_) if operation.path.ends_with("/search") => vec![
            json!({}),
            json!({ "q": SECRET, "archived": "any", "include": ["owner", "created_by"] }),
            json!({ "filter": { "field": "created_by", "op": "eq", "value": foreign } }),
        ],
        Shape::Schema(_) if operation.path.ends_with("/aggregate") => {
            vec![json!({}), json!({ "group_by": ["created_by"], "archived": "any" })]
        }
        Shape::Schema(_) if operation.path.ends_with("/duplicates") => vec![json!({}), json!({ "email": EMAILS[0] })],
        Shape::Empty => vec![json!({})],
        Shape::Schema(_) if operation.path.ends_with("/rotate") => vec![json!({}), json!({ "overlap_seconds": 60 })],
        Shape::Schema(_) if operation.path == "/v1/invitations" => vec![
            json!({ "email": EMAILS[1], "role": "rep" }),
            json!({ "email": "a@example.com", "role": "rep", "team_id": foreign }),
        ],
        Shape::Schema(_) if operation.path.ends_with("/reassign") => vec![json!({ "to": foreign })],
        Shape::Schema(_) if operation.path.ends_with("/send") => vec![json!({})],
        Shape::Schema(_) if operation.path.contains("api_keys") => vec![json!({ "name": "mine", "role": "rep" })],
        Shape::Schema(_) if operation.path.contains("schema") => {
            let field = json!({ "name": "size", "type": "text" });
            vec![json!({ "label": "Mine" }), field, json!({ "name": "x_other", "plural": "x_others" })]
        }
        Shape::Schema(_) => vec![json!({ "name": "North" })],
        _ if operation.path.contains("users") => {
            vec![json!({ "name": "Mine", "email": EMAILS[1], "role": "rep" }), json!({ "name": "Mine" })]
        }
        _ => vec![json!({ "city": "Berlin" }), once_body(), json!({ "first_name": "A", "owner_id": foreign })],
    }
}

/// Batches that name something of the other workspace wherever a record can be named.
fn batches(foreign: &str) -> Vec<Value> {
    let operations = json!([
        { "op": "read", "id": foreign },
        { "op": "update", "id": foreign, "data": { "city": "Berlin" } },
        { "op": "archive", "id": foreign },
        { "op": "upsert", "by": { "email": EMAILS[0] }, "data": { "owner_id": foreign } },
        { "op": "create", "data": { "first_name": "A", "company_id": foreign } },
    ]);
    [false, true].map(|atomic| json!({ "operations": operations, "atomic": atomic })).into()
}

/// Query strings that an operation understands, with something of the other workspace in them.
fn queries(operation: &Operation, world: &World) -> Vec<String> {
    let mut queries = vec![String::new()];
    let foreign = &world.foreign;
    if operation.writes {
        queries.push("validate=only".to_owned());
    } else if operation.path.ends_with("/history") {
        queries.extend([format!("cursor={}", foreign.event), format!("limit=1&cursor={}", foreign.event)]);
    } else if !operation.query.is_empty() {
        let (cursor, user) = (&foreign.cursor, &foreign.user);
        queries.extend([
            format!("limit=1&cursor={cursor}"),
            format!("cursor={cursor}"),
            format!("q={SECRET}"),
            "archived=any&count=exact&limit=200".to_owned(),
            format!("archived=any&email={}", EMAILS[0]),
        ]);
        if operation.path.starts_with("/v1/audit") {
            queries.extend(foreign.ids.iter().map(|id| format!("record={id}")));
            queries.extend([
                format!("actor={user}"),
                format!("cursor=2026-01-01.{}", foreign.event),
                "limit=200".to_owned(),
            ]);
        }
        if operation.path.ends_with("/contacts") {
            queries.extend([
                format!("linked={}", foreign.ids[0]),
                format!("view={}", foreign.view),
                "include=owner,company,created_by&archived=any".to_owned(),
                format!("owner_id={user}"),
                format!("owner_id.ne={user}"),
                format!("city={SECRET}%20City"),
            ]);
        }
    }
    queries
}

/// Headers that mean something, with something of the other workspace in them.
fn headers(world: &World) -> Vec<(String, String)> {
    let foreign = &world.foreign;
    let workspace = foreign.caller.made.as_ref().unwrap().workspace;
    let both = format!("{}:1,{}", world.mine, foreign.position);
    [
        ("rapport-workspace", workspace.to_string()),
        ("rapport-position", foreign.position.clone()),
        ("rapport-position", both),
        ("idempotency-key", ONCE.to_owned()),
        ("if-match", "\"1\"".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Any operation with any mixture of what is the other workspace's.
pub(super) fn attempts(world: &World) -> impl Strategy<Value = Attempt> + use<> {
    let mut ids = world.foreign.ids.clone();
    ids.push(world.mine.clone());
    let (mine, user) = (world.mine.clone(), world.foreign.user.clone());
    let choices: Vec<_> = world
        .operations
        .iter()
        .map(|operation| (operation.clone(), queries(operation, world), bodies(operation, &world.foreign.user)))
        .collect();
    let headers = headers(world);
    let operation = select(choices)
        .prop_flat_map(|(operation, queries, bodies)| (Just(operation), select(queries), select(bodies)));
    let count = headers.len();
    let parts = (operation, select(ids), select(EMAILS.to_vec()), proptest::sample::subsequence(headers, 0..=count));
    parts.prop_map(move |((operation, query, body), id, email, mut headers)| {
        // One header of a name.
        headers.dedup_by(|a, b| a.0 == b.0);
        let path = filled(&operation.path, &id, email, &user);
        let target = if query.is_empty() { path } else { format!("{path}?{query}") };
        Attempt {
            names_foreign: operation.path.contains("{id}") && id != mine,
            elsewhere: !operation.public && headers.iter().any(|(name, _)| name == "rapport-workspace"),
            method: operation.method.clone(),
            target,
            headers,
            body: takes_body(&operation).then_some(body),
        }
    })
}
