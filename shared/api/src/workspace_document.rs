//! The OpenAPI document of one workspace: that of all workspaces, with the company's own fields in every schema and a set of
//! paths for every object of its own.
//!
//! It is made from the document that is kept in the repository, so that whoever serves it needs not link every capability.
//! What stands there for any object of a company's own, paths with `{object}` and components called `CustomRecord`, is the
//! template for each of them.

use std::collections::BTreeSet;

use records::{Field, Object, Schema};
use serde_json::{Map, Value, json};

use crate::Of;
use crate::openapi::{exemplify, input, of_path};
use crate::schemas::{self, record_schema_name};

/// What paths of the template have in the place of an object.
const OBJECT: &str = "{object}";

/// The document of a workspace, made from that of all workspaces, with those of its objects that are to be shown.
#[must_use]
pub fn workspace_document(mut document: Value, schema: &Schema, shown: impl Fn(&Object) -> bool) -> Value {
    let objects = schema.objects().map(|object| &**object).filter(|object| shown(object));
    let (own, built_in): (Vec<&Object>, Vec<&Object>) = objects.partition(|object| object.custom);
    let names = names(&document, &own);
    let own: Vec<Copy<'_>> = own.into_iter().zip(names).map(|(object, name)| Copy { object, name }).collect();
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.values_mut().filter_map(Value::as_object_mut).for_each(|members| multiply(members, &own));
    }
    if let Some(tags) = document.get_mut("tags").and_then(Value::as_array_mut) {
        chapters_of(tags, &own);
    }
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for object in &built_in {
            ask_for(paths, object, object.live().filter(|field| field.is_custom()));
            name_in_paths(paths, object);
        }
        paths_of(paths, &own);
    }
    let built_in = built_in.into_iter().map(|object| Copy { object, name: record_schema_name(&object.name) });
    let built_in: Vec<Copy<'_>> = built_in.collect();
    let all: Vec<&Copy<'_>> = built_in.iter().chain(&own).collect();
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        all.iter().for_each(|copy| describe(schemas, copy.object, &copy.name));
    }
    // Of all schemas as they are now, since one refers to others.
    all.iter().for_each(|copy| exemplify(&mut document, &copy.name));
    document
}

/// An object that the template is copied for.
struct Copy<'a> {
    object: &'a Object,
    /// What its components are called.
    name: String,
}

/// What components of objects are called: two words may be spelt alike once they are written together.
fn names(document: &Value, objects: &[&Object]) -> Vec<String> {
    let taken = document.pointer("/components/schemas").and_then(Value::as_object);
    let mut taken: BTreeSet<String> = taken.into_iter().flat_map(Map::keys).cloned().collect();
    let all = |name: &str| [name.to_owned(), format!("New{name}"), format!("{name}Patch"), format!("{name}Page")];
    let mut names = Vec::new();
    for object in objects {
        let plain = record_schema_name(&object.name);
        let numbered = (2..).map(|number| format!("{plain}_{number}"));
        let free = |name: &String| all(name).iter().all(|name| !taken.contains(name));
        let name = std::iter::once(plain.clone()).chain(numbered).find(free).unwrap_or(plain);
        taken.extend(all(&name));
        names.push(name);
    }
    names
}

/// Puts copies for each object in the place of components that stand for any.
fn multiply(members: &mut Map<String, Value>, own: &[Copy<'_>]) {
    let word = record_schema_name(Of::Custom.noun());
    let templates: Vec<String> = members.keys().filter(|name| name.contains(&word)).cloned().collect();
    for template in templates {
        let Some(value) = members.remove(&template) else { continue };
        for copy in own {
            members.insert(template.replace(&word, &copy.name), copy.renamed(&value));
        }
    }
}

/// Puts the paths of each object in the place of those of any.
fn paths_of(paths: &mut Map<String, Value>, own: &[Copy<'_>]) {
    let templates: Vec<String> = paths.keys().filter(|path| path.contains(OBJECT)).cloned().collect();
    let templates: Vec<(String, Value)> =
        templates.into_iter().filter_map(|path| paths.remove(&path).map(|value| (path, value))).collect();
    let mut ids: BTreeSet<String> = operations(paths).filter_map(id_of).collect();
    for copy in own {
        for (path, value) in &templates {
            let mut value = copy.renamed(value);
            for operation in value.as_object_mut().into_iter().flat_map(Map::values_mut) {
                if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
                    parameters.retain(|parameter| parameter["in"] != "path" || parameter["name"] != "object");
                }
                // The history of one object may be called as another object is.
                let id = id_of(operation).unwrap_or_default();
                let numbered = (2..).map(|number| format!("{id}_{number}"));
                let id = std::iter::once(id.clone()).chain(numbered).find(|id| !ids.contains(id)).unwrap_or(id);
                operation["operationId"] = json!(id);
                ids.insert(id);
            }
            paths.insert(path.replace(OBJECT, &copy.object.plural), value);
        }
        ask_for(paths, copy.object, copy.object.live());
        name_in_paths(paths, copy.object);
    }
}

/// Says of the paths of an object what stands in them: its own ids, and its own unique fields.
fn name_in_paths(paths: &mut Map<String, Value>, object: &Object) {
    let beneath = ["/v1/", &object.plural, "/"].concat();
    let operations = paths.iter_mut().filter(|(path, _)| path.starts_with(&beneath)).map(|(_, path)| path);
    for operation in operations.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten().filter(|parameter| parameter["in"] == "path") {
            let name = parameter["name"].as_str().unwrap_or_default();
            if name == "id" || name == "field" {
                *parameter = of_path(name, object);
            }
        }
    }
}

/// Puts a chapter for each object in the place of that of any.
fn chapters_of(tags: &mut Vec<Value>, own: &[Copy<'_>]) {
    tags.retain(|tag| tag["name"] != Of::Custom.nouns());
    tags.extend(own.iter().map(|Copy { object, .. }| {
        let help = if object.help.is_empty() { &object.label_plural } else { &object.help };
        json!({ "name": object.plural, "description": help })
    }));
}

fn operations(paths: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    paths.values().filter_map(Value::as_object).flat_map(Map::values)
}

fn id_of(operation: &Value) -> Option<String> {
    operation.get("operationId").and_then(Value::as_str).map(str::to_owned)
}

/// Adds fields to what the list of an object can be asked by.
fn ask_for<'a>(paths: &mut Map<String, Value>, object: &Object, fields: impl Iterator<Item = &'a Field>) {
    let list = paths.get_mut(&["/v1/", &object.plural].concat()).and_then(|path| path.get_mut("get"));
    let Some(parameters) = list.and_then(|list| list.get_mut("parameters")).and_then(Value::as_array_mut) else {
        return;
    };
    for field in fields {
        if !parameters.iter().any(|known| known["name"] == field.path) {
            let schema = json!({ "type": "string" });
            parameters.push(json!({ "name": field.path, "in": "query", "description": field.help, "schema": schema }));
        }
    }
}

/// Puts the schemas of an object, as it is in this workspace.
fn describe(schemas: &mut Map<String, Value>, object: &Object, name: &str) {
    for (name, schema) in [
        (format!("New{name}"), input(object, true)),
        (format!("{name}Patch"), input(object, false)),
        (name.to_owned(), schemas::record(object)),
    ] {
        if schemas.contains_key(&name) {
            schemas.insert(name, schema);
        }
    }
}

impl Copy<'_> {
    /// A part of the template with the object's words in it.
    fn renamed(&self, template: &Value) -> Value {
        match template {
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| (self.word(name), self.member(name, member)))
                    .collect::<Map<_, _>>(),
            ),
            Value::Array(members) => Value::Array(members.iter().map(|member| self.renamed(member)).collect()),
            Value::String(text) => Value::String(self.word(text)),
            other => other.clone(),
        }
    }

    fn member(&self, name: &str, member: &Value) -> Value {
        match (name, member) {
            // What people read has the words that people use.
            ("summary" | "description", Value::String(text)) => {
                let text = text.replace(&record_schema_name(Of::Custom.noun()), &self.name);
                let text = text.replace(Of::Custom.nouns(), &self.object.label_plural);
                Value::String(text.replace(Of::Custom.noun(), &self.object.label))
            }
            _ => self.renamed(member),
        }
    }

    fn word(&self, text: &str) -> String {
        let text = text.replace(&record_schema_name(Of::Custom.noun()), &self.name);
        let text = text.replace(Of::Custom.nouns(), &self.object.plural);
        text.replace(Of::Custom.noun(), &self.object.name).replace(OBJECT, &self.object.plural)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use records::Definition;

    fn schema(names: &[(&str, &str)]) -> Schema {
        let definition = |(index, (name, plural)): (usize, &(&str, &str))| {
            let definition = json!({
                "object": name, "version": 1, "updated_at": "2026-01-01T00:00:00.000Z", "label": "Thing",
                "custom": { "plural": plural, "prefix": format!("x0{index}") },
                "fields": [{ "name": "size", "type": "number" }],
            });
            Definition::read(definition.as_object().cloned().unwrap_or_default()).unwrap()
        };
        Schema::of(names.iter().enumerate().map(definition).collect())
    }

    fn template() -> Value {
        let read = |id: &str| {
            json!({ "get": { "operationId": id, "summary": "Read a custom_record", "parameters": [
            { "name": "object", "in": "path" }, { "name": "id", "in": "path" },
        ], "schema": { "$ref": "#/components/schemas/CustomRecord" } } })
        };
        json!({
            "paths": { "/v1/{object}/{id}": read("read_custom_record"), "/v1/{object}/{id}/history": read("read_custom_record_history") },
            "components": { "schemas": { "CustomRecord": {}, "CustomRecordPatch": {}, "Contact": {} } },
        })
    }

    #[test]
    fn every_object_has_its_own_paths_and_schemas() {
        let document = workspace_document(template(), &schema(&[("x_thing", "x_things")]), |_| true);
        let read = &document["paths"]["/v1/x_things/{id}"]["get"];
        assert_eq!((&read["operationId"], &read["summary"]), (&json!("read_x_thing"), &json!("Read a Thing")));
        let named: Vec<&Value> =
            read["parameters"].as_array().unwrap().iter().map(|parameter| &parameter["name"]).collect();
        assert_eq!(named, ["id"]);
        assert_eq!(read["parameters"][0]["schema"]["pattern"], "^x00_[0-9a-f]{32}$");
        assert_eq!(read["schema"]["$ref"], "#/components/schemas/XThing");
        let size = &document["components"]["schemas"]["XThing"]["properties"]["custom"]["properties"]["size"];
        assert_eq!(size["anyOf"][0]["type"], "number");
        assert!(!document.to_string().contains("ustom_record") && !document.to_string().contains("CustomRecord"));
    }

    #[test]
    fn objects_whose_names_would_be_spelt_alike_are_told_apart() {
        let names = [
            ("x_a", "x_as"),
            ("x_a_history", "x_a_histories"),
            ("x_a_patch", "x_a_patches"),
            ("x_b1", "x_b1s"),
            ("x_b_1", "x_b_1s"),
        ];
        let document = workspace_document(template(), &schema(&names), |_| true);
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let components: Vec<&str> =
            schemas.keys().map(String::as_str).filter(|name| !name.ends_with("Patch")).collect();
        assert_eq!(components, ["Contact", "XA", "XAHistory", "XAPatch_2", "XB1", "XB1_2"]);
        let paths = document["paths"].as_object().unwrap();
        let ids: BTreeSet<String> = operations(paths).filter_map(id_of).collect();
        assert_eq!(ids.len(), 2 * names.len());
        assert!(ids.contains("read_x_a_history") && ids.contains("read_x_a_history_2"));
    }
}
