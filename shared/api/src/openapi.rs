//! The OpenAPI 3.1 document, made from the routes and the objects.
//!
//! Whatever follows from a rule of all routes is written here and not by the capabilities: the refusals of an operation, its headers,
//! the patterns of ids in paths, the chapter that it stands in, an example of what it takes and answers.

mod answers;
mod components;
mod parameters;
mod problems;
mod samples;
mod tags;

use records::Object;
use serde_json::{Map, Value, json};

use self::components::Components;
pub(crate) use self::components::{exemplify, input};
pub(crate) use self::parameters::of_path;
use crate::Of;
use crate::routes::{Operation, Shape};

/// What all operations have in common, in Markdown.
const OVERVIEW: &str = include_str!("openapi/overview.md");

/// The document for some operations over some objects. The same input always gives the same document.
#[must_use]
pub fn document(operations: &[Operation], objects: &[&Object]) -> Value {
    let mut components = Components::new(objects);
    for operation in operations {
        components.know(&operation.body);
        components.know(&operation.answer.1);
    }
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let described = describe(operation, objects, &mut components);
        let path = paths.entry(operation.path.clone()).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_lowercase()] = described;
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rapport",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "The CRM that a company runs in its own AWS account.",
            "description": OVERVIEW,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }, { "bearer": [], "workspace": [] }],
        "tags": tags::all(operations, objects),
        "paths": paths,
    });
    document["components"] = components.used_in(&document);
    document
}

fn describe(operation: &Operation, objects: &[&Object], components: &mut Components) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [tags::of(operation, objects).0],
        "parameters": parameters::of(operation, objects),
        "responses": answers::of(operation, objects, components),
    });
    if let Some(explanation) = operation.explanation {
        described["description"] = json!(explanation);
    }
    if let Some(content) = components.body(&operation.body) {
        let mut media = Map::from_iter([("application/json".to_owned(), content.clone())]);
        if matches!(operation.body, Shape::Patch(_)) {
            media.insert("application/merge-patch+json".to_owned(), content);
        }
        // Nothing is read as an object without members, which is enough where none is required.
        let required = components.requires(&media["application/json"]["schema"]);
        described["requestBody"] = json!({ "required": required, "content": media });
    }
    if operation.public {
        described["security"] = json!([]);
    }
    described
}

/// The object whose records a segment of a path is about.
fn object_of<'a>(segment: &str, objects: &[&'a Object]) -> Option<&'a Object> {
    let own = segment == "{object}";
    objects.iter().copied().find(|object| if own { object.name == Of::Custom.noun() } else { object.plural == segment })
}

/// A reference to a component.
fn component(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::{Parameter, Tag};
    use http::Method;

    const PETS: Tag = Tag { name: "pets", help: "Animals that live with people." };

    fn pet() -> Value {
        json!({
            "title": "Pet",
            "type": "object",
            "required": ["id"],
            "properties": { "id": { "type": "string", "pattern": "^pet_[0-9a-f]{32}$" } },
        })
    }

    fn pets() -> Value {
        let pet_id = || Parameter::id("id", "The pet's id.", "pet");
        let read = Operation::new(Method::GET, "/v1/pets/{id}", "read_pet", "Read a pet");
        let list = Operation::new(Method::GET, "/v1/pets", "list_pets", "List pets");
        let change = Operation::new(Method::PATCH, "/v1/pets/{id}", "update_pet", "Change a pet");
        let operations = [
            read.names(pet_id()).answers(200, Shape::Schema(pet())).also_answers(308, "It is another pet now."),
            list.public().answers(200, Shape::Page(pet())),
            change.names(pet_id()).takes(Shape::Schema(pet())).answers(200, Shape::Schema(pet())),
        ];
        document(&operations.map(|operation| operation.tagged(PETS)), &[])
    }

    fn statuses(operation: &Value) -> Vec<&str> {
        let mut all: Vec<&str> = operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn an_operation_says_how_it_can_be_refused() {
        let document = pets();
        let read = statuses(&document["paths"]["/v1/pets/{id}"]["get"]);
        assert_eq!(read, ["200", "308", "400", "401", "403", "404", "422", "429", "500", "503"]);
        let list = statuses(&document["paths"]["/v1/pets"]["get"]);
        assert_eq!(list, ["200", "400", "429", "500", "503"], "whoever needs no credential lacks none");
        let change = statuses(&document["paths"]["/v1/pets/{id}"]["patch"]);
        assert_eq!(change[5..], ["409", "412", "413", "415", "422", "429", "500", "503"]);
    }

    #[test]
    fn a_schema_with_a_title_is_a_component_by_that_name() {
        let document = pets();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        assert!(schemas["Pet"].get("title").is_none());
        let page = &schemas["PetPage"]["properties"]["data"]["items"];
        assert_eq!(page, &json!({ "$ref": "#/components/schemas/Pet" }));
        assert!(!schemas.contains_key("Event"), "nothing uses it here");
    }

    #[test]
    fn every_answer_has_an_example() {
        let document = pets();
        let answer = &document["paths"]["/v1/pets"]["get"]["responses"]["200"]["content"]["application/json"];
        assert_eq!(answer["examples"]["sample"]["$ref"], "#/components/examples/PetPage");
        let page = &document["components"]["examples"]["PetPage"]["value"];
        assert!(page["data"][0]["id"].as_str().unwrap().starts_with("pet_"), "{page}");
    }

    #[test]
    fn a_chapter_is_there_once_with_its_sentence() {
        let document = pets();
        assert_eq!(document["tags"], json!([{ "name": "pets", "description": PETS.help }]));
        assert_eq!(document["paths"]["/v1/pets"]["get"]["tags"], json!(["pets"]));
    }
}
