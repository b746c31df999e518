//! What bodies and answers look like, for the OpenAPI document.

use api::{Parameter, Shape};
use serde_json::{Value, json};

use crate::kind::sorts;
use crate::limits;

const SLUG: &str = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$";
const OBJECT: &str = "^x_[a-z][a-z0-9]*(_[a-z0-9]+)*$";

fn text(max: usize, help: &str) -> Value {
    json!({ "type": ["string", "null"], "maxLength": max, "description": help })
}

fn flag(help: &str) -> Value {
    json!({ "type": "boolean", "description": help })
}

fn words() -> Vec<&'static str> {
    sorts().iter().map(|sort| sort.sample.word()).collect()
}

/// An object of these members and no others, as a component of that name.
fn closed(title: &str, properties: Value, required: &[&str]) -> Value {
    let mut schema =
        json!({ "title": title, "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn sections() -> Value {
    let one = json!({
        "type": "object",
        "required": ["name", "label"],
        "properties": {
            "name": { "type": "string", "pattern": SLUG, "maxLength": limits::FIELD_NAME, "examples": ["billing"] },
            "label": { "type": "string", "maxLength": limits::LABEL, "examples": ["Billing"] },
        },
        "additionalProperties": false,
    });
    json!({ "type": ["array", "null"], "maxItems": limits::SECTIONS, "items": one })
}

/// A field as it is answered. Settings of its type stand beside these members.
fn field() -> Value {
    json!({
        "title": "FieldDescription",
        "type": "object",
        "description": "A field. The settings of its type (GET /v1/schema/types) stand beside these members.",
        "required": [
            "name", "path", "custom", "type", "label", "help", "section", "required", "unique", "unique_pending", "searched",
            "default", "archived", "computed",
        ],
        "properties": {
            "name": { "type": "string" },
            "path": { "type": "string", "examples": ["custom.budget"] },
            "custom": flag("Whether it is one of the company's own."),
            "type": { "type": "string", "examples": words() },
            "label": { "type": "string" },
            "help": { "type": "string" },
            "section": { "type": ["string", "null"] },
            "required": flag("Whether a new record must have a value."),
            "unique": flag("Whether only one record may have a value."),
            "unique_pending": flag("Whether older records are still being looked through since that has changed."),
            "searched": flag("Whether q= looks into it."),
            "default": { "description": "The value of a new record that says nothing." },
            "archived": flag("Whether it was given up; its values stay, and come back with it."),
            "computed": flag("Whether it follows from others."),
            "gives": { "type": ["string", "null"], "description": "Of a formula: the type of its result." },
        },
    })
}

fn described() -> Value {
    json!({
        "title": "ObjectDescription",
        "type": "object",
        "required": [
            "name", "plural", "label", "label_plural", "help", "custom", "archived", "version", "prefix", "owned", "private",
            "only_administrators_write", "title", "sections", "fields",
        ],
        "properties": {
            "name": { "type": "string", "examples": ["contact", "x_project"] },
            "plural": { "type": "string", "examples": ["contacts", "x_projects"] },
            "label": { "type": "string" },
            "label_plural": { "type": "string" },
            "help": { "type": "string" },
            "custom": flag("Whether it is one of the company's own."),
            "archived": flag("Whether it was given up; its records stay, and come back with it."),
            "version": { "type": "integer", "minimum": 0, "description": "0 while the company has said nothing about it." },
            "prefix": { "type": "string", "description": "What ids of its records begin with." },
            "owned": flag("Whether its records belong to users."),
            "private": flag("Whether records are seen only by owners, by whom they are shared with, and by administrators."),
            "only_administrators_write": flag("Whether it takes an administrator to write its records."),
            "title": { "type": "array", "items": { "type": "string" } },
            "sections": { "type": "array", "items": { "type": "object" } },
            "fields": { "type": "array", "items": field() },
        },
    })
}

/// An object as it is answered.
pub(crate) fn object() -> Shape {
    Shape::Schema(described())
}

/// An object after a change that was judged over its records.
pub(crate) fn changed_object() -> Shape {
    let mut schema = described();
    schema["title"] = json!("ChangedObject");
    schema["properties"]["effect"] = json!({
        "type": "object",
        "description": "What the change does to the records that are there; only if it could cost any of them its value.",
        "properties": {
            "with_value": { "type": "integer" },
            "kept": { "type": "integer" },
            "lost": { "type": "integer" },
            "not_writable": { "type": "integer" },
            "not_unique": { "type": "integer" },
            "without_value": { "type": "integer" },
            "archived_options": { "type": "array", "items": { "type": "string" } },
            "samples": { "type": "array", "items": { "type": "object" } },
        },
    });
    Shape::Schema(schema)
}

/// The whole schema.
pub(crate) fn schema() -> Shape {
    Shape::Schema(json!({
        "title": "Schema",
        "type": "object",
        "required": ["version", "objects"],
        "properties": {
            "version": { "type": "integer", "description": "Goes up with every change of any object." },
            "objects": { "type": "array", "items": described() },
        },
    }))
}

/// What can be defined.
pub(crate) fn types() -> Shape {
    Shape::Schema(json!({
        "title": "FieldTypes",
        "type": "object",
        "required": ["types", "formulas", "currencies", "limits"],
        "properties": {
            "types": { "type": "array", "items": { "type": "object" } },
            "formulas": { "type": "object" },
            "currencies": { "type": "array", "items": { "type": "string" } },
            "limits": { "type": "object" },
        },
    }))
}

/// A new object.
pub(crate) fn new_object() -> Shape {
    let name = |example| json!({ "type": "string", "pattern": OBJECT, "maxLength": limits::OBJECT_NAME, "examples": [example] });
    let properties = json!({
        "name": name("x_project"),
        "plural": name("x_projects"),
        "label": text(limits::LABEL, "What people call one."),
        "label_plural": text(limits::LABEL, "What people call several."),
        "help": text(limits::HELP, "A sentence for people."),
        "private": flag("Whether records are seen only by owners, by whom they are shared with, and by administrators."),
        "only_administrators_write": flag("Whether it takes an administrator to write its records."),
    });
    Shape::Schema(closed("NewObject", properties, &["name", "plural"]))
}

/// What is to change in an object.
pub(crate) fn object_patch() -> Shape {
    Shape::Schema(closed(
        "ObjectPatch",
        json!({
            "label": text(limits::LABEL, "What people call one."),
            "label_plural": text(limits::LABEL, "What people call several."),
            "help": text(limits::HELP, "A sentence for people."),
            "private": flag("Whether records are seen only by owners, by whom they are shared with, and by administrators."),
            "only_administrators_write": flag("Of objects of your own: whether it takes an administrator to write records."),
            "sections": sections(),
            "order": {
                "type": ["array", "null"],
                "items": { "type": "string", "examples": ["custom.budget"] },
                "description": "Paths of fields in the order in which people see them; others follow.",
            },
        }),
        &[],
    ))
}

/// Members that all fields have, and settings of every type: which go together, `GET /v1/schema/types` tells.
fn field_members() -> Value {
    let mut members = json!({
        "type": { "enum": words() },
        "label": text(limits::LABEL, "What people see; the name in words if nobody says."),
        "help": text(limits::HELP, "A sentence for people."),
        "section": text(limits::FIELD_NAME, "The section of the record's page that it is shown in."),
        "required": flag("Whether a new record must have a value."),
        "unique": flag("Whether only one record may have a value."),
        "searched": flag("Whether q= looks into it."),
        "default": { "description": "The value of a new record that says nothing." },
    });
    for setting in sorts().into_iter().flat_map(|sort| sort.settings) {
        members[setting.name] = json!({ "description": setting.help });
    }
    members
}

/// A new field.
pub(crate) fn new_field() -> Shape {
    let mut members = field_members();
    members["name"] =
        json!({ "type": "string", "pattern": SLUG, "maxLength": limits::FIELD_NAME, "examples": ["budget"] });
    Shape::Schema(closed("NewField", members, &["name", "type"]))
}

/// What is to change in a field.
pub(crate) fn field_patch() -> Shape {
    let mut members = field_members();
    members["replace_with"] = json!({
        "type": "object",
        "additionalProperties": { "type": "string" },
        "description": "Options that go, each with the option that records with it are read as having from then on.",
    });
    Shape::Schema(closed("FieldPatch", members, &[]))
}

/// An object in a path.
pub(crate) fn name() -> Parameter {
    let schema =
        json!({ "type": "string", "pattern": SLUG, "maxLength": limits::OBJECT_NAME, "examples": ["contact"] });
    Parameter::new("name", "The object, in the singular.", schema)
}

/// A field in a path.
pub(crate) fn field_name() -> Parameter {
    let schema = json!({ "type": "string", "pattern": SLUG, "maxLength": limits::FIELD_NAME, "examples": ["budget"] });
    Parameter::new("field", "The field's name.", schema)
}

/// That values may be lost.
pub(crate) fn accept_loss() -> Parameter {
    let help = "Whether the change is made although records lose their values by it.";
    Parameter::new("accept_loss", help, json!({ "type": "boolean", "default": false }))
}
