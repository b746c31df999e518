//! Events as auditors are shown them.

use events::Actor;
use serde_json::{Value, json};

use super::told::Told;

/// An event, as it is answered.
pub(super) fn schema() -> Value {
    let id = |prefix: &str| json!({ "type": "string", "pattern": format!("^{prefix}_[0-9a-f]{{32}}$") });
    let mut key = id("key");
    key["type"] = json!(["string", "null"]);
    let mut job = id("job");
    job["type"] = json!(["string", "null"]);
    json!({
        "title": "AuditEvent",
        "type": "object",
        "required": ["id", "at", "name", "by", "record", "version", "request_id", "job", "changes", "withheld", "erased", "digest"],
        "properties": {
            "id": id("evt"),
            "at": { "type": "string", "format": "date-time" },
            "name": { "type": "string", "description": "What happened.", "examples": ["contact.changed"] },
            "by": {
                "type": "object",
                "required": ["user", "api_key"],
                "properties": { "user": id("usr"), "api_key": key },
            },
            "record": { "type": "string", "description": "To which record, or to what else that has an id." },
            "version": {
                "type": "integer",
                "description": "The record's version after it; 0 where it made none and had none at hand.",
            },
            "request_id": { "type": "string" },
            "job": job,
            "changes": {
                "type": "object",
                "description": "What was before and after, by field.",
                "additionalProperties": {
                    "type": "object",
                    "required": ["before", "after"],
                    "properties": { "before": {}, "after": {} },
                },
            },
            "withheld": {
                "type": "boolean",
                "description": "Whether changes are left out that tell of fields that are hidden from the caller.",
            },
            "erased": { "type": "boolean", "description": "Whether what changed is gone, since somebody was erased." },
            "digest": {
                "type": "string",
                "pattern": "^[0-9a-f]{64}$",
                "examples": ["4f6a".repeat(16)],
                "description": "SHA-256 over what changed, with a salt that is kept: what chains are made of. It stays.",
            },
        },
    })
}

/// One event.
pub(super) fn event(Told { event, withheld }: &Told) -> Value {
    let Actor { user, api_key } = &event.by;
    json!({
        "id": event.id,
        "at": event.at,
        "name": event.name,
        "by": { "user": user, "api_key": api_key },
        "record": event.record,
        "version": event.version,
        "request_id": event.request_id,
        "job": event.job,
        "changes": event.changes,
        "withheld": withheld,
        "erased": event.salt.is_none(),
        "digest": event.digest,
    })
}

/// The columns of a file of events.
pub(super) const COLUMNS: [&str; 13] = [
    "at",
    "name",
    "user",
    "api_key",
    "record",
    "version",
    "job",
    "request_id",
    "erased",
    "withheld",
    "changes",
    "id",
    "digest",
];

/// One event as the cells of a file.
pub(super) fn cells(Told { event, withheld }: &Told) -> [String; 13] {
    let optional = |id: Option<String>| id.unwrap_or_default();
    let changes = if event.changes.is_empty() { String::new() } else { json!(event.changes).to_string() };
    [
        event.at.to_string(),
        event.name.clone(),
        event.by.user.to_string(),
        optional(event.by.api_key.map(|id| id.to_string())),
        event.record.to_string(),
        event.version.to_string(),
        optional(event.job.map(|id| id.to_string())),
        event.request_id.clone(),
        event.salt.is_none().to_string(),
        withheld.to_string(),
        changes,
        event.id.to_string(),
        event.digest.clone(),
    ]
}
