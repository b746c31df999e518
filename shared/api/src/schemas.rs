//! JSON schemas of records, made from their object's description.

use records::{Field, FieldType, Object};
use serde_json::{Map, Value, json};

/// The name of an object's schema in the OpenAPI document: `Contact`.
#[must_use]
pub fn record_schema_name(object: &str) -> String {
    object
        .split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
        })
        .collect()
}

pub(crate) fn record(object: &Object) -> Value {
    let mut properties = Map::new();
    let mut add = |name: &str, schema: Value| drop(properties.insert(name.to_owned(), schema));
    add("id", id_schema(object.prefix));
    add("object", json!({ "const": object.name }));
    add("version", json!({ "type": "integer", "minimum": 1 }));
    add("created_at", time());
    add("created_by", id_schema("usr"));
    add("updated_at", time());
    add("updated_by", id_schema("usr"));
    add("owner_id", nullable(id_schema("usr")));
    add("archived_at", nullable(time()));
    for field in &object.fields {
        add(field.name, described(field, nullable(value(field))));
    }
    let names: Vec<&String> = properties.keys().collect();
    json!({ "type": "object", "description": object.help, "required": names, "properties": properties })
}

/// What a client sends: for a new record with the required fields required, for a patch with none.
pub(crate) fn input(object: &Object, is_new: bool) -> Value {
    let mut properties = Map::new();
    if object.owned {
        properties.insert("owner_id".to_owned(), nullable(id_schema("usr")));
    }
    for field in &object.fields {
        let schema = if field.required { value(field) } else { nullable(value(field)) };
        properties.insert(field.name.to_owned(), described(field, schema));
    }
    let required: Vec<&str> =
        object.fields.iter().filter(|field| is_new && field.required).map(|field| field.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn value(field: &Field) -> Value {
    match &field.kind {
        FieldType::Text { max } => json!({ "type": "string", "maxLength": max }),
        FieldType::Email => json!({ "type": "string", "format": "email", "maxLength": 254 }),
        FieldType::Phone => json!({ "type": "string", "maxLength": 40, "examples": ["+4930901820"] }),
        FieldType::User => id_schema("usr"),
        FieldType::Select { options } => json!({ "type": "string", "enum": options }),
    }
}

fn described(field: &Field, mut schema: Value) -> Value {
    schema["description"] = json!(field.help);
    schema
}

fn nullable(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn id_schema(prefix: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{prefix}_[0-9a-f]{{32}}$") })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

pub(crate) fn page_of(schema: Value) -> Value {
    json!({
        "type": "object",
        "required": ["data", "page"],
        "properties": {
            "data": { "type": "array", "items": schema },
            "page": {
                "type": "object",
                "required": ["has_more", "next_cursor"],
                "properties": {
                    "has_more": { "type": "boolean" },
                    "next_cursor": { "type": ["string", "null"] },
                },
            },
            "as_of": { "type": "string", "format": "date-time" },
            "count": { "type": "integer" },
        },
    })
}

pub(crate) fn problem() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457 problem details.",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": { "type": "string", "examples": ["/problems/invalid"] },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "instance": { "type": "string", "description": "The request's id." },
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "code", "detail"],
                    "properties": {
                        "pointer": { "type": "string" },
                        "code": { "type": "string" },
                        "detail": { "type": "string" },
                    },
                },
            },
            "current_version": { "type": "integer" },
            "conflicts": { "type": "object" },
        },
    })
}

pub(crate) fn event() -> Value {
    json!({
        "type": "object",
        "required": ["id", "name", "record", "version", "at", "by", "request_id", "changes"],
        "properties": {
            "id": id_schema("evt"),
            "name": { "type": "string", "examples": ["contact.created"] },
            "record": { "type": "string" },
            "version": { "type": "integer" },
            "at": time(),
            "by": {
                "type": "object",
                "required": ["user"],
                "properties": { "user": id_schema("usr"), "api_key": id_schema("key") },
            },
            "request_id": { "type": "string" },
            "changes": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "required": ["before", "after"],
                    "properties": { "before": {}, "after": {} },
                },
            },
        },
    })
}
