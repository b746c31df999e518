//! Requests that are right in everything but who sends them.

use api::Operation;
use http::Method;
use serde_json::{Value, json};

use super::cast::{Cast, Somebody, label, unique};
use super::verdict::Whose;

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) body: Option<Value>,
}

/// What a request is about: an object, the record that it names, another one, and whose the first is.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) object: String,
    pub(super) this: String,
    pub(super) other: String,
    pub(super) whose: Whose,
}

/// A request for an operation. Writes are tried and not made.
pub(super) fn request(cast: &Cast, me: &Somebody, operation: &Operation, about: &About) -> Request {
    let path = filled(cast, me, operation, about);
    let only = if operation.writes { "?validate=only" } else { "" };
    let asks = if operation.id == "search_records" { "?q=ada" } else { only };
    let takes_body = operation.writes || operation.body != api::Shape::Empty;
    let body = takes_body.then(|| body(cast, me, operation, about));
    Request { method: operation.method.clone(), target: format!("{path}{asks}"), body }
}

fn filled(cast: &Cast, me: &Somebody, operation: &Operation, about: &About) -> String {
    let About { object, this, other, whose } = about;
    let (field, value) = match object.as_str() {
        "company" => ("domain", unique(object, &label(*whose, &me.role))),
        "contact" => ("email", unique(object, &label(*whose, &me.role))),
        "custom_record" => ("custom.number", unique(object, &label(*whose, &me.role))),
        "user" => ("email", "spare@example.com".to_owned()),
        "team" => ("name", "Spare".to_owned()),
        _ => ("number", String::new()),
    };
    let field = if operation.path.starts_with("/v1/schema") { "number" } else { field };
    let name = if operation.path.starts_with("/v1/roles") { "x_spare" } else { "x_thing" };
    let kind = if object == "custom_record" { "x_thing" } else { object };
    // A key is rotated by its user.
    let own_key = Cast::second("api_key", me).unwrap_or_default();
    let id = if operation.path.ends_with("/rotate") {
        &own_key
    } else if operation.path.starts_with("/v1/api_keys") {
        &cast.spares["api_key"]
    } else {
        this
    };
    let path = operation.path.replace("{object}", "x_things").replace("{name}", name).replace("{id}", id);
    let path = path.replace("{field}", field).replace("{value}", &value);
    path.replace("{kind}", kind).replace("{other}", other).replace("{subject}", &cast.other)
}

/// A change that any record of an object takes.
fn patch(object: &str) -> Value {
    match object {
        "contact" | "company" => json!({ "city": "Bonn" }),
        _ => json!({ "name": "Another" }),
    }
}

fn new(cast: &Cast, me: &Somebody, about: &About) -> Value {
    let mut new = match about.object.as_str() {
        "contact" => json!({ "first_name": "Ada" }),
        "user" => return json!({ "name": "Ada", "email": "ada@new.example", "role": "viewer" }),
        "team" => return json!({ "name": "New" }),
        "view" => json!({ "name": "New", "of": "contact" }),
        _ => json!({ "name": "New" }),
    };
    new["owner_id"] = match about.whose {
        Whose::Own => json!(me.id),
        Whose::Team => json!(cast.mate),
        _ => json!(cast.other),
    };
    new
}

fn body(cast: &Cast, me: &Somebody, operation: &Operation, about: &About) -> Value {
    let (verb, noun) = operation.id.split_once('_').unwrap();
    let this = &about.this;
    match (verb, noun) {
        ("create", "field") => json!({ "name": "colour", "type": "text" }),
        ("create", "object") => json!({ "name": "x_new", "plural": "x_news", "label": "New" }),
        ("create", "role") => json!({ "name": "x_new" }),
        ("create", "api_key") => json!({ "name": "new", "role": "viewer" }),
        ("create", "invitation") => json!({ "email": "ada@invited.example", "role": "viewer" }),
        ("create", "upload") => json!({ "name": "a.csv", "bytes": 10 }),
        ("create", "export") => json!({ "object": "contact", "format": "csv" }),
        ("create", "import") => {
            let columns = json!([{ "column": "First name", "field": "first_name" }]);
            json!({ "files": [{ "upload": me.upload, "object": "contact", "columns": columns }] })
        }
        ("reassign", _) => json!({ "to": me.id }),
        ("preview", _) => json!({ "files": [{ "upload": me.upload, "object": "contact" }] }),
        ("create", _) => new(cast, me, about),
        ("update", "workspace") => json!({ "name": "Nord" }),
        ("update", "field" | "object" | "role") => json!({ "label": "Called so" }),
        ("update", _) => patch(&about.object),
        ("upsert", "user" | "team") => json!({}),
        ("upsert", _) => patch(&about.object),
        ("batch", _) => json!({ "operations": [{ "op": "update", "id": this, "data": patch(&about.object) }] }),
        ("bulk", _) => json!({ "ids": [this], "change": patch(&about.object) }),
        ("merge", _) => json!({ "others": [about.other] }),
        ("share", _) => json!({ "level": "read" }),
        ("find", _) if about.object == "contact" => json!({ "first_name": "Ada" }),
        ("find", _) => json!({ "name": "Acme" }),
        _ => json!({}),
    }
}
