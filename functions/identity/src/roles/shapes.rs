//! What roles look like in requests and answers.

use auth::{Action, Capability, Role};
use serde_json::{Value, json};

use super::input::{MAX_HELP, MAX_LABEL};

/// What people call a standard role, and what it is for.
pub(super) fn spoken(role: &Role) -> (&'static str, &'static str) {
    match role.as_str() {
        "owner" => ("Owner", "Everything, and who else owns the workspace."),
        "admin" => ("Administrator", "Everything but who owns the workspace."),
        "manager" => ("Manager", "All records, and many of them at once."),
        "rep" => ("Sales", "Reads and writes all records; archives, merges and exports their own."),
        "marketing" => ("Marketing", "Works with contacts and companies, many of them at once; reads the rest."),
        "support" => ("Support", "Reads and writes all records; takes none away."),
        "viewer" => ("Viewer", "Reads all records."),
        _ => ("", ""),
    }
}

fn scope_schema() -> Value {
    json!({ "enum": ["none", "own", "team", "all"] })
}

fn grants_schema() -> Value {
    let actions: serde_json::Map<String, Value> =
        Action::ALL.iter().map(|action| (action.as_str().to_owned(), scope_schema())).collect();
    json!({ "type": "object", "properties": actions, "additionalProperties": false })
}

/// What a role says of objects, fields and everything else. In a patch `null` takes back what was said.
fn policy_schema(is_patch: bool) -> Value {
    let or_null = |schema: Value| if is_patch { json!({ "anyOf": [schema, { "type": "null" }] }) } else { schema };
    let grants = match is_patch {
        true => json!({ "anyOf": [grants_schema(), scope_schema(), { "type": "null" }] }),
        false => grants_schema(),
    };
    let capabilities: Vec<&str> = Capability::ALL.iter().map(|capability| capability.as_str()).collect();
    json!({
        "objects": {
            "type": "object",
            "additionalProperties": grants,
            "description": "Whose records may be read, made, changed, archived, exported and merged, by object in the singular; `*` \
                            stands for those that are not named.",
            "examples": [{ "contact": { "read": "team", "update": "own" } }],
        },
        "fields": {
            "type": "object",
            "additionalProperties":
                or_null(json!({ "type": "object", "additionalProperties": or_null(json!({ "enum": ["hidden", "read", "write"] })) })),
            "description": "Fields that are hidden or can only be read, by object and path.",
            "examples": [{ "contact": { "birthday": "hidden" } }],
        },
        "capabilities": {
            "type": "array",
            "items": { "enum": capabilities },
            "description": "What is not about single records.",
        },
    })
}

fn with(properties: Value, policy: Value) -> Value {
    let mut properties = properties;
    if let (Value::Object(all), Value::Object(policy)) = (&mut properties, policy) {
        all.extend(policy);
    }
    properties
}

fn text_schema(least: usize, most: usize) -> Value {
    json!({ "type": "string", "minLength": least, "maxLength": most })
}

/// A role, as it is answered.
pub(super) fn role_schema() -> Value {
    let properties = json!({
        "object": { "const": "role" },
        "name": { "type": "string", "examples": [Role::REP] },
        "version": { "type": "integer", "minimum": 0, "description": "0 for a standard role as it is delivered." },
        "label": text_schema(0, MAX_LABEL),
        "help": text_schema(0, MAX_HELP),
        "custom": { "type": "boolean", "description": "Whether it is one of the company's own." },
        "fixed": { "type": "boolean", "description": "Whether nobody can change what it may do." },
        "users": { "type": "integer", "minimum": 0, "description": "How many users have it." },
        "updated_at": { "type": ["string", "null"], "format": "date-time" },
    });
    json!({
        "title": "Role",
        "type": "object",
        "required": ["object", "name", "version", "label", "help", "custom", "fixed", "objects", "fields", "capabilities", "users"],
        "properties": with(properties, policy_schema(false)),
    })
}

/// A new role, as it is asked for.
pub(super) fn new_schema() -> Value {
    let properties = json!({
        "name": { "type": "string", "pattern": "^x_[a-z][a-z0-9_]{0,37}$", "examples": ["x_partner"] },
        "from": { "type": ["string", "null"], "description": "The role that it begins as; without one it may do nothing.", "examples": [Role::REP] },
        "label": text_schema(1, MAX_LABEL),
        "help": { "type": ["string", "null"], "maxLength": MAX_HELP },
    });
    json!({
        "title": "NewRole",
        "type": "object",
        "required": ["name"],
        "properties": with(properties, policy_schema(true)),
        "additionalProperties": false,
    })
}

/// What is to change in a role.
pub(super) fn patch_schema() -> Value {
    let properties =
        json!({ "label": text_schema(1, MAX_LABEL), "help": { "type": ["string", "null"], "maxLength": MAX_HELP } });
    json!({
        "title": "RolePatch",
        "type": "object",
        "properties": with(properties, policy_schema(true)),
        "additionalProperties": false,
    })
}
