//! JSON schemas of records, made from their object's description.

use records::formula::ValueType;
use records::{Choice, Field, FieldType, Object, Schema};
use serde_json::{Map, Value, json};

use crate::Of;

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

/// The members of a record that are answered whatever is wanted: without them it is nothing that one can come back to.
pub const ALWAYS_ANSWERED: [&str; 3] = ["id", "object", "version"];

/// Whether an object stands for any of a company's own, whose fields are not known.
fn is_any(object: &Object) -> bool {
    object.name == Of::Custom.noun()
}

pub(crate) fn record(object: &Object) -> Value {
    let mut properties = Map::new();
    let mut add = |name: &str, schema: Value| drop(properties.insert(name.to_owned(), schema));
    let id = if is_any(object) { custom_id() } else { id_schema(object.prefix.as_str()) };
    add("id", id.clone());
    add(
        "object",
        if is_any(object) {
            json!({ "type": "string", "pattern": "^x_", "examples": ["x_project"] })
        } else {
            json!({ "const": object.name })
        },
    );
    add("version", json!({ "type": "integer", "minimum": 1 }));
    add("created_at", time());
    add("created_by", id_schema("usr"));
    add("updated_at", time());
    add("updated_by", id_schema("usr"));
    add("owner_id", nullable(id_schema("usr")));
    add("archived_at", nullable(time()));
    add("merged_into", nullable(id));
    let mut custom = Map::new();
    for field in object.live() {
        let members = if field.is_custom() { &mut custom } else { &mut properties };
        members.insert(field.name.clone(), described(field, nullable(value(object, field))));
    }
    let mut custom = json!({ "type": "object", "properties": custom });
    if is_any(object) {
        custom["additionalProperties"] = json!(true);
    }
    properties.insert("custom".to_owned(), custom);
    let description = format!("{} Reads answer the wanted members alone where `fields` names some.", object.help);
    let description = description.trim_start();
    json!({ "type": "object", "description": description, "required": ALWAYS_ANSWERED, "properties": properties })
}

/// What a client sends: for a new record with the required fields required, for a patch with none.
pub(crate) fn input(object: &Object, is_new: bool) -> Value {
    let mut properties = Map::new();
    if object.owned {
        properties.insert("owner_id".to_owned(), nullable(id_schema("usr")));
    }
    let (mut custom, mut required, mut custom_required) = (Map::new(), Vec::new(), Vec::new());
    for field in object.live().filter(|field| !field.kind.is_computed()) {
        let schema = value(object, field);
        let schema = described(field, if field.required { schema } else { nullable(schema) });
        let (members, names) =
            if field.is_custom() { (&mut custom, &mut custom_required) } else { (&mut properties, &mut required) };
        members.insert(field.name.clone(), schema);
        if is_new && field.required && field.default.is_none() {
            names.push(field.name.clone());
        }
    }
    if !custom_required.is_empty() {
        required.push("custom".to_owned());
    }
    let mut custom = closed(custom, &custom_required);
    if is_any(object) {
        custom["additionalProperties"] = json!(true);
    }
    properties.insert("custom".to_owned(), custom);
    closed(properties, &required)
}

/// An object with these members and no others.
fn closed(properties: Map<String, Value>, required: &[String]) -> Value {
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn value(object: &Object, field: &Field) -> Value {
    match &field.kind {
        FieldType::Text { max } | FieldType::LongText { max } => json!({ "type": "string", "maxLength": max }),
        FieldType::Number { min, max, .. } => {
            let mut schema = json!({ "type": "number" });
            for (name, bound) in [("minimum", min), ("maximum", max)] {
                if let Some(bound) = bound {
                    schema[name] = json!(bound);
                }
            }
            schema
        }
        FieldType::Money {} => money(),
        FieldType::Date {} => json!({ "type": "string", "format": "date" }),
        FieldType::DateTime {} => time(),
        FieldType::Boolean {} => json!({ "type": "boolean" }),
        FieldType::Select { options } => json!({ "type": "string", "enum": words(options) }),
        FieldType::MultiSelect { options } => {
            json!({ "type": "array", "maxItems": 50, "items": { "type": "string", "enum": words(options) } })
        }
        FieldType::Email {} => json!({ "type": "string", "format": "email", "maxLength": 254 }),
        FieldType::Phone {} => json!({ "type": "string", "maxLength": 40, "examples": ["+4930901820"] }),
        FieldType::Url {} => json!({ "type": "string", "format": "uri", "maxLength": 2000 }),
        FieldType::Domain {} => json!({ "type": "string", "maxLength": 300, "examples": ["example.com"] }),
        FieldType::User {} => id_schema("usr"),
        FieldType::Reference { object, .. } => reference_schema(object),
        FieldType::Formula { .. } => computed(object, field),
        // Sums of numbers and of money, counts, and the least of days look different.
        FieldType::RollUp(_) => json!({}),
        FieldType::Tags {} => {
            json!({ "type": "array", "maxItems": 50, "items": { "type": "string", "maxLength": 100 } })
        }
        FieldType::ExternalId {} => closed(
            Map::from_iter([
                (
                    "source".to_owned(),
                    json!({ "type": "string", "pattern": "^[a-z0-9_-]{1,40}$", "examples": ["hubspot"] }),
                ),
                ("key".to_owned(), json!({ "type": "string", "minLength": 1, "maxLength": 200, "examples": ["42"] })),
            ]),
            &["source".to_owned(), "key".to_owned()],
        ),
        FieldType::Items { fields, max } => items(object, fields, *max),
        FieldType::Json { .. } => json!({ "type": "object" }),
    }
}

fn words(options: &[Choice]) -> Vec<&str> {
    options.iter().filter(|option| !option.archived).map(|option| option.value.as_str()).collect()
}

fn money() -> Value {
    json!({
        "type": "object",
        "description": "An amount in minor units of a currency (ISO 4217).",
        "required": ["amount", "currency"],
        "properties": {
            "amount": { "type": "integer", "minimum": -9_007_199_254_740_991_i64, "maximum": 9_007_199_254_740_991_i64 },
            "currency": { "type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"] },
        },
        "additionalProperties": false,
    })
}

fn reference_schema(object: &str) -> Value {
    match Schema::built_in().object(object) {
        Some(object) => id_schema(object.prefix.as_str()),
        None => custom_id(),
    }
}

/// The id of a record of any object of a company's own.
fn custom_id() -> Value {
    json!({ "type": "string", "pattern": "^x[0-9a-z]{2}_[0-9a-f]{32}$" })
}

fn computed(object: &Object, field: &Field) -> Value {
    match object.formula(&field.path).map(|formula| formula.result()) {
        Some(ValueType::Number) => json!({ "type": "number" }),
        Some(ValueType::Money) => money(),
        Some(ValueType::Boolean) => json!({ "type": "boolean" }),
        Some(ValueType::Date) => json!({ "type": "string", "format": "date" }),
        Some(ValueType::DateTime) => time(),
        Some(ValueType::Text) | None => json!({ "type": "string" }),
    }
}

fn items(object: &Object, fields: &[Field], max: usize) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| {
            let schema = value(object, field);
            (field.name.clone(), described(field, if field.required { schema } else { nullable(schema) }))
        })
        .collect();
    let required: Vec<String> = fields.iter().filter(|field| field.required).map(|field| field.name.clone()).collect();
    json!({ "type": "array", "maxItems": max, "items": closed(properties, &required) })
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
