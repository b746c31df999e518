//! The parts of what is asked, wherever they stand in a body.

use api::Of;
use replica::Filter;
use serde_json::{Value, json};

use super::{ANY_ID, VIEW_ID, id};

pub(super) fn names(help: &str) -> Value {
    json!({ "type": "array", "maxItems": 200, "items": { "type": "string" }, "description": help })
}

pub(super) fn filter() -> Value {
    json!({ "anyOf": [Filter::schema(), { "type": "null" }], "description": "Which records." })
}

pub(super) fn view() -> Value {
    json!({ "type": ["string", "null"], "pattern": VIEW_ID })
}

/// A filter whose fields records of the object have.
pub(super) fn example_of_filter(of: Of) -> Value {
    let recent = json!({ "field": "created_at", "op": "gte", "value": "2026-01-01T00:00:00.000Z" });
    match of {
        Of::BuiltIn("contact" | "company", _) => {
            let there = json!({ "field": "city", "op": "in", "value": ["Berlin", "Bremen"] });
            json!({ "and": [there, { "not": { "field": "website", "op": "is_null", "value": true } }, recent] })
        }
        _ => recent,
    }
}

pub(super) fn linked() -> Value {
    json!({
        "anyOf": [
            id(ANY_ID),
            {
                "type": "object",
                "required": ["record"],
                "properties": { "record": id(ANY_ID), "label": { "type": ["string", "null"] } },
                "additionalProperties": false,
            },
            { "type": "null" },
        ],
        "description": "Only records that are linked with this one.",
    })
}

pub(super) fn archived() -> Value {
    json!({ "enum": [false, true, "false", "true", "any", null], "description": "Whether to list the trash." })
}

pub(super) fn sort() -> Value {
    let object = json!({
        "type": "object",
        "required": ["field"],
        "properties": {
            "field": { "type": "string" },
            "direction": { "enum": ["ascending", "descending"] },
            "nulls": { "enum": ["last", "first"] },
        },
        "additionalProperties": false,
    });
    json!({ "type": ["array", "null"], "maxItems": 4, "items": { "anyOf": [{ "type": "string" }, object] } })
}
