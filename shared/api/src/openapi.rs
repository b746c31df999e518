//! The OpenAPI 3.1 document, made from the routes and the objects.

use records::Object;
use serde_json::{Map, Value, json};

use crate::routes::{Operation, Shape};
use crate::schemas;

/// The document for some operations over some objects. The same input always gives the same document.
#[must_use]
pub fn document(operations: &[Operation], objects: &[&Object]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let path = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_lowercase()] = describe(operation);
    }
    let mut components = Map::new();
    for object in objects {
        let name = schemas::record_schema_name(&object.name);
        components.insert(format!("New{name}"), schemas::input(object, true));
        components.insert(format!("{name}Patch"), schemas::input(object, false));
        components.insert(name, schemas::record(object));
    }
    components.insert("Problem".to_owned(), schemas::problem());
    components.insert("Event".to_owned(), schemas::event());
    keep_used(&paths, &mut components);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rapport",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The CRM that a company runs in its own AWS account.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, rk_….",
                },
            },
        },
    })
}

/// Leaves out what no operation speaks of: nobody makes a job by sending one.
fn keep_used(paths: &Map<String, Value>, components: &mut Map<String, Value>) {
    let paths = Value::Object(paths.clone()).to_string();
    loop {
        let all = [paths.clone(), Value::Object(components.clone()).to_string()].concat();
        let before = components.len();
        components.retain(|name, _| all.contains(&format!("#/components/schemas/{name}\"")));
        if components.len() == before {
            return;
        }
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn schema(shape: &Shape) -> Option<Value> {
    let name = schemas::record_schema_name;
    match shape {
        Shape::Empty => None,
        Shape::Record(object) => Some(reference(&name(object))),
        Shape::NewRecord(object) => Some(reference(&format!("New{}", name(object)))),
        Shape::Patch(object) => Some(reference(&format!("{}Patch", name(object)))),
        Shape::List(object) => Some(schemas::page_of(reference(&name(object)))),
        Shape::History => Some(schemas::page_of(reference("Event"))),
        Shape::Schema(schema) => Some(schema.clone()),
    }
}

fn describe(operation: &Operation) -> Value {
    let (status, answer) = &operation.answer;
    let mut responses = Map::new();
    let mut success = json!({ "description": "Done." });
    if let Some(schema) = schema(answer) {
        success["content"] = json!({ "application/json": { "schema": schema } });
    }
    if operation.may_create {
        responses.insert("201".to_owned(), success.clone());
    }
    responses.insert(status.to_string(), success);
    responses.insert(
        "default".to_owned(),
        json!({
            "description": "A problem.",
            "content": { "application/problem+json": { "schema": reference("Problem") } },
        }),
    );
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters(operation),
        "responses": responses,
    });
    if let Some(schema) = schema(&operation.body) {
        let media =
            if matches!(operation.body, Shape::Patch(_)) { "application/merge-patch+json" } else { "application/json" };
        described["requestBody"] = json!({ "required": true, "content": { media: { "schema": schema } } });
    }
    if operation.public {
        described["security"] = json!([]);
    }
    described
}

fn parameters(operation: &Operation) -> Vec<Value> {
    let mut parameters: Vec<Value> = operation
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    parameters.extend(operation.query.iter().map(|parameter| {
        json!({ "name": parameter.name, "in": "query", "description": parameter.help, "schema": parameter.schema })
    }));
    if operation.writes {
        let help = "`only` answers what would happen and writes nothing.";
        parameters
            .push(json!({ "name": "validate", "in": "query", "description": help, "schema": { "enum": ["only"] } }));
        let header = |name: &str, help: &str| json!({ "name": name, "in": "header", "description": help, "schema": { "type": "string" } });
        if operation.conditional {
            let help = "The ETag that was seen; refused with 412 when the record has another one by now.";
            parameters.push(header("If-Match", help));
        }
        let help = "Repeating a request with the same key within 24 hours repeats the answer, not the effect.";
        parameters.push(header("Idempotency-Key", help));
    }
    parameters
}
