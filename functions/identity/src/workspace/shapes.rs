//! What the workspace looks like in requests and answers.

use auth::Role;
use records::{MAX_TRASH_DAYS, TRASH_DAYS};
use serde_json::{Value, json};

use super::join::MAX_DOMAINS;

/// The most characters in a workspace's name.
pub(super) const MAX_NAME: usize = 100;

fn settings_schema() -> Value {
    json!({
        "name": { "type": "string", "minLength": 1, "maxLength": MAX_NAME, "examples": ["Northwind"] },
        "trash_days": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_TRASH_DAYS,
            "default": TRASH_DAYS,
            "description": "For how many days records stay in the trash before they are erased. Fewer days count for what is put \
                            there from then on, more days for everything that is there.",
        },
        "currency": {
            "type": "string",
            "pattern": "^[A-Z]{3}$",
            "default": "USD",
            "description": "The currency of amounts for which nobody says another one (ISO 4217).",
            "examples": ["EUR"],
        },
        "time_zone": {
            "type": "string",
            "maxLength": 100,
            "default": "UTC",
            "description": "Where days begin and end, by its name in the IANA Time Zone Database.",
            "examples": ["Europe/Berlin"],
        },
        "locale": {
            "type": "string",
            "pattern": "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$",
            "default": "en-US",
            "description": "How numbers and dates are written (BCP 47).",
            "examples": ["de-AT"],
        },
        "fiscal_year_start_month": {
            "type": "integer",
            "minimum": 1,
            "maximum": 12,
            "default": 1,
            "description": "The month that financial years begin with.",
        },
        "join": {
            "type": ["object", "null"],
            "required": ["domains", "role"],
            "properties": {
                "domains": {
                    "type": "array",
                    "items": { "type": "string", "maxLength": 253 },
                    "minItems": 1,
                    "maxItems": MAX_DOMAINS,
                    "examples": [["example.com"]],
                },
                "role": { "type": "string", "examples": [Role::REP] },
            },
            "additionalProperties": false,
            // It takes a person.
            "examples": [null],
            "description": "Whoever signs in with an address of one of these domains comes in by themselves, in this role. null: \
                            it takes an invitation. Who adds a domain has signed in with an address of it.",
        },
    })
}

/// The workspace, as it is answered.
pub(crate) fn schema() -> Value {
    let mut properties = json!({
        "id": { "type": "string", "pattern": "^wsp_[0-9a-f]{32}$" },
        "object": { "const": "workspace" },
        "version": { "type": "integer", "minimum": 1 },
        "created_at": { "type": "string", "format": "date-time" },
        "updated_at": { "type": "string", "format": "date-time" },
    });
    if let (Value::Object(all), Value::Object(settings)) = (&mut properties, settings_schema()) {
        all.extend(settings);
    }
    let required: Vec<String> = properties.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
    json!({ "title": "Workspace", "type": "object", "required": required, "properties": properties })
}

/// What is to change in it.
pub(super) fn patch_schema() -> Value {
    json!({
        "title": "WorkspacePatch",
        "type": "object",
        "properties": settings_schema(),
        "additionalProperties": false,
    })
}

/// What a new one begins with.
pub(crate) fn new_schema() -> Value {
    json!({
        "title": "NewWorkspace",
        "type": "object",
        "required": ["name"],
        "properties": { "name": settings_schema()["name"] },
        "additionalProperties": false,
    })
}
