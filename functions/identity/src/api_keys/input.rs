//! What is asked of a new API key.

use std::collections::{BTreeMap, BTreeSet};

use auth::{KeyScope, Role};
use events::Document;
use kernel::{Timestamp, Violations, pointer};
use records::{Roles, Schema};
use serde_json::Value;
use table::Rate;

/// The most characters in a key's name.
pub(super) const MAX_NAME: usize = 100;
/// How many objects, or fields of one, a key can be limited to.
pub(super) const MAX_NAMED: usize = 200;

/// A new key, as it is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewKey {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) scope: KeyScope,
    pub(super) good_until: Option<Timestamp>,
    pub(super) rate_limit: Option<u32>,
}

const MEMBERS: [&str; 7] = ["name", "role", "read_only", "objects", "fields", "good_until", "rate_limit"];

pub(super) fn parse(body: &Document, schema: &Schema, roles: &Roles, now: Timestamp) -> Result<NewKey, Violations> {
    let mut violations = Violations::new();
    for unknown in body.keys().filter(|name| !MEMBERS.contains(&name.as_str())) {
        violations.add(pointer(unknown), "unknown_field", "is not a field of an API key");
    }
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        violations.add("/name", "bad_name", format!("must be a line of 1 to {MAX_NAME} characters"));
    }
    let role = body.get("role").and_then(Value::as_str).and_then(Role::parse);
    let role = role.filter(|role| roles.policy(role).is_some());
    if role.is_none() {
        let known: Vec<&str> = roles.iter().map(|(role, _)| role.as_str()).collect();
        violations.add("/role", "unknown_option", format!("must be one of {}", known.join(", ")));
    }
    let read_only = match body.get("read_only") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(read_only)) => *read_only,
        Some(_) => {
            violations.add("/read_only", "wrong_type", "must be true or false");
            false
        }
    };
    let objects = body.get("objects").filter(|objects| !objects.is_null());
    let objects = objects.map(|objects| parse_objects(objects, schema, &mut violations));
    let fields = parse_fields(body.get("fields"), schema, &mut violations);
    let good_until = parse_end(body.get("good_until"), now, &mut violations);
    let rate_limit = body.get("rate_limit").filter(|rate| !rate.is_null());
    let rate = rate_limit.and_then(|rate| Rate::of(u32::try_from(rate.as_u64()?).ok()?));
    if rate_limit.is_some() && rate.is_none() {
        violations.add("/rate_limit", "out_of_range", format!("must be 1 to {} requests a second", Rate::MAX));
    }
    let rate_limit = rate.map(Rate::per_second);
    let scope = KeyScope { read_only, objects, fields };
    violations.or(()).map(|()| NewKey { name, role: role.unwrap_or(Role::VIEWER), scope, good_until, rate_limit })
}

fn parse_objects(objects: &Value, schema: &Schema, violations: &mut Violations) -> BTreeSet<String> {
    let named = words(objects);
    let is_known = |name: &String| schema.object(name).is_some();
    match named {
        Some(named) if !named.is_empty() && named.iter().all(is_known) => named,
        _ => {
            let detail = format!("must be a list of 1 to {MAX_NAMED} objects in the singular, such as contact");
            violations.add("/objects", "unknown_object", detail);
            BTreeSet::new()
        }
    }
}

fn parse_fields(
    fields: Option<&Value>,
    schema: &Schema,
    violations: &mut Violations,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut parsed = BTreeMap::new();
    match fields {
        None | Some(Value::Null) => {}
        Some(Value::Object(fields)) => {
            for (name, paths) in fields {
                let at = ["/fields", &pointer(name)].concat();
                let Some(object) = schema.object(name) else {
                    violations.add(at, "unknown_object", "must be an object in the singular, such as contact");
                    continue;
                };
                match words(paths).filter(|paths| paths.iter().all(|path| object.field(path).is_some())) {
                    Some(paths) => drop(parsed.insert(name.clone(), paths)),
                    None => violations.add(at, "unknown_field", "must be a list of paths of fields of this object"),
                }
            }
        }
        Some(_) => violations.add("/fields", "wrong_type", "must be an object"),
    }
    parsed
}

/// A list of texts, if it is one and not too long.
fn words(list: &Value) -> Option<BTreeSet<String>> {
    let list = list.as_array().filter(|list| list.len() <= MAX_NAMED)?;
    list.iter().map(|word| word.as_str().map(str::to_owned)).collect()
}

fn parse_end(end: Option<&Value>, now: Timestamp, violations: &mut Violations) -> Option<Timestamp> {
    let end = end.filter(|end| !end.is_null())?;
    let time = end.as_str().and_then(|text| text.parse::<Timestamp>().ok()).filter(|time| *time > now);
    if time.is_none() {
        violations.add("/good_until", "not_a_future_time", "must be an RFC 3339 time in the future");
    }
    time
}
