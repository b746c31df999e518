//! What API keys look like in requests and answers.

use auth::Role;
use serde_json::{Value, json};
use table::Rate;

use super::input::{MAX_NAME, MAX_NAMED};
use crate::usage;

fn role_schema() -> Value {
    let help = "The most that it may do, the name of a role: what its user may not do it may not do either.";
    json!({ "type": "string", "description": help, "examples": [Role::REP] })
}

/// A key in a list, with what it has been used for.
pub(super) fn listed_key_schema() -> Value {
    let mut schema = key_schema();
    schema["title"] = json!("ListedApiKey");
    schema["properties"]["last_used_at"] = usage::last_used_schema();
    schema["properties"]["cost_this_month"] = usage::cost_schema();
    schema
}

/// What a key can be limited to.
fn limits(properties: &mut Value) {
    properties["rate_limit"] = json!({
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": Rate::MAX,
        "description": "Requests a second; ten times as many at once. Without it as many as with any key.",
    });
    properties["read_only"] = json!({ "type": "boolean", "default": false, "description": "Whether it only looks." });
    properties["objects"] = json!({
        "type": ["array", "null"],
        "items": { "type": "string" },
        "minItems": 1,
        "maxItems": MAX_NAMED,
        "description": "The only objects that there are for it, in the singular. It is for nothing else then.",
        "examples": [["contact", "company"]],
    });
    properties["fields"] = json!({
        "type": ["object", "null"],
        "additionalProperties": { "type": "array", "items": { "type": "string" }, "maxItems": MAX_NAMED },
        "description": "The only fields that there are for it, by object; of an object that is not named, all.",
        "examples": [{ "contact": ["first_name", "last_name", "email"] }],
    });
}

/// A key, as it is answered.
pub(super) fn key_schema() -> Value {
    let mut schema = json!({
        "title": "ApiKey",
        "type": "object",
        "required": ["id", "name", "role", "user", "begins_with", "created_at"],
        "properties": {
            "id": { "type": "string", "pattern": "^key_[0-9a-f]{32}$" },
            "version": { "type": "integer", "minimum": 1 },
            "name": { "type": "string", "examples": ["import"] },
            "role": role_schema(),
            "user": { "type": "string", "pattern": "^usr_[0-9a-f]{32}$", "description": "Who made it." },
            "begins_with": { "type": "string", "description": "The first characters of the secret.", "examples": ["rk_4f6a"] },
            "created_at": { "type": "string", "format": "date-time" },
            "good_until": { "type": ["string", "null"], "format": "date-time" },
            "revoked_at": { "type": ["string", "null"], "format": "date-time" },
        },
    });
    limits(&mut schema["properties"]);
    schema
}

/// A key that was just made. A repeated answer and a dry run have no secret.
pub(super) fn made_key_schema() -> Value {
    let mut schema = key_schema();
    let secret = format!("rk_{}", "4f6a".repeat(16));
    schema["title"] = json!("MadeApiKey");
    schema["properties"]["secret"] =
        json!({ "type": "string", "description": "Shown once: now.", "examples": [secret] });
    schema
}

/// A new key, as it is asked for.
pub(super) fn new_key_schema() -> Value {
    let mut schema = json!({
        "title": "NewApiKey",
        "type": "object",
        "required": ["name", "role"],
        "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": MAX_NAME, "examples": ["import"] },
            "role": role_schema(),
            "good_until": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "When it ends by itself; in the future.",
                "examples": ["2099-12-31T23:59:59.000Z"],
            },
        },
        "additionalProperties": false,
    });
    limits(&mut schema["properties"]);
    schema["properties"]["read_only"]["type"] = json!(["boolean", "null"]);
    schema
}

/// How a key is rotated.
pub(super) fn rotate_schema() -> Value {
    json!({
        "title": "RotateApiKey",
        "type": "object",
        "properties": {
            "overlap_seconds": {
                "type": ["integer", "null"],
                "minimum": 0,
                "maximum": super::rotate::MAX_OVERLAP,
                "default": super::rotate::OVERLAP,
                "description": "For how long the secret from before is good as well.",
            },
        },
        "additionalProperties": false,
    })
}
