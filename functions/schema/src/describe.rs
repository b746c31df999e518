//! Objects and fields as they are answered.

use records::{Field, Object, Schema, value_type};
use serde_json::{Value, json};

/// An object with its fields.
pub(crate) fn object(object: &Object) -> Value {
    json!({
        "name": object.name,
        "plural": object.plural,
        "label": object.label,
        "label_plural": object.label_plural,
        "help": object.help,
        "custom": object.custom,
        "archived": object.archived,
        "version": object.version,
        "prefix": object.prefix.as_str(),
        "owned": object.owned,
        "private": object.private,
        "only_administrators_write": matches!(object.governed, records::Governed::By(_)),
        "title": object.title,
        "sections": object.sections,
        "fields": object.fields.iter().map(|one| field(object, one)).collect::<Vec<_>>(),
    })
}

/// A field: its type with its settings, and what is said of fields of every type.
fn field(object: &Object, field: &Field) -> Value {
    let mut described = json!(field.kind).as_object().cloned().unwrap_or_default();
    let mut add = |name: &str, value: Value| drop(described.insert(name.to_owned(), value));
    add("name", json!(field.name));
    add("path", json!(field.path));
    add("custom", json!(field.is_custom()));
    add("label", json!(label(field)));
    add("help", json!(field.help));
    add("section", json!(field.section));
    add("required", json!(field.required));
    add("unique", json!(field.unique));
    add("unique_pending", json!(!field.guards.is_settled()));
    add("searched", json!(field.searched));
    add("default", json!(field.default));
    add("archived", json!(field.archived));
    add("computed", json!(field.kind.is_computed()));
    if field.kind.is_computed() {
        add("gives", json!(value_type(object, field).map(|gives| gives.name())));
    }
    Value::Object(described)
}

/// What people see: the label or, without one, the name in words.
fn label(field: &Field) -> String {
    if !field.label.is_empty() {
        return field.label.clone();
    }
    let words = field.name.strip_suffix("_id").unwrap_or(&field.name).replace('_', " ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Those objects of a schema that are wanted, those that were given up too.
pub(crate) fn schema(version: u64, schema: &Schema, wanted: impl Fn(&Object) -> bool) -> Value {
    let objects = schema.all().filter(|one| wanted(one));
    json!({ "version": version, "objects": objects.map(|one| object(one)).collect::<Vec<_>>() })
}
