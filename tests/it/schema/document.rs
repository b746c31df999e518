//! The OpenAPI document of a workspace.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Projects;
use crate::app::Caller;

/// Every reference in a document.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(members) => members.iter().for_each(|member| references(member, found)),
        _ => {}
    }
}

#[tokio::test]
async fn a_workspace_has_a_document_of_its_own_with_its_objects_and_fields() {
    let projects = Projects::start().await;
    let me = &projects.me;
    projects.field(json!({ "name": "budget", "type": "money", "required": true })).await;
    let tier = json!({ "name": "tier", "type": "select", "options": ["gold", "tin"], "help": "How dear." });
    me.post("/v1/schema/objects/contact/fields", tier).await.expect(201);
    let document = me.with_role("viewer").await.get("/v1/workspace/openapi.json").await.expect(200);

    let spec = oas3::from_json(document.to_string()).unwrap();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in spec.operations() {
        let id = operation.operation_id.clone().unwrap_or_else(|| panic!("{method} {path} has no id"));
        assert!(ids.insert(id.clone()), "{id} is there twice");
    }
    for id in [
        "create_x_project",
        "list_x_projects",
        "read_x_project_history",
        "upsert_x_project",
        "link_x_project",
        "create_contact",
    ] {
        assert!(ids.contains(id), "{id}");
    }
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "there is no {reference}");
    }
    assert!(!document.to_string().contains("{object}") && !document.to_string().contains("CustomRecord"));

    let schemas = &document["components"]["schemas"];
    let new = &schemas["NewXProject"];
    assert_eq!(
        (&new["required"], &new["properties"]["custom"]["required"]),
        (&json!(["name", "custom"]), &json!(["budget"]))
    );
    assert_eq!(schemas["Contact"]["properties"]["custom"]["properties"]["tier"]["description"], "How dear.");
    let parameters = document["paths"]["/v1/contacts"]["get"]["parameters"].as_array().unwrap();
    assert!(parameters.iter().any(|parameter| parameter["name"] == "custom.tier"));
}

/// A workspace that has defined more than one answer can hold.
async fn large_workspace(projects: &Projects) -> Caller {
    let me = projects.app.workspace("south").await;
    // Quotes need two bytes each in the answer, and two more where it is sent as a text within JSON.
    let help = "\"".repeat(500);
    let field = |number| json!({ "name": format!("f{number}"), "type": "text", "help": help });
    let fields: Vec<Value> = (0..250).map(field).collect();
    let definitions: Vec<Value> = (0..12)
        .map(|number| {
            let custom = json!({ "plural": format!("x_o{number}s"), "prefix": format!("x{}", 20 + number) });
            json!({ "object": format!("x_o{number}"), "custom": custom, "fields": fields })
        })
        .collect();
    projects.app.define(&me, json!(definitions)).await;
    me
}

#[tokio::test]
async fn a_schema_that_no_answer_can_hold_is_read_in_parts() {
    let projects = Projects::start().await;
    let me = &projects.me;
    let whole = me.get("/v1/schema").await.expect(200);
    let some = me.get("/v1/schema?objects=x_project,contact,x_none").await.expect(200);
    let names = |schema: &Value| -> Vec<String> {
        let objects = schema["objects"].as_array().unwrap().iter();
        objects.map(|object| object["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names(&whole).len() > 5 && whole["version"] == some["version"]);
    let mut found = names(&some);
    found.sort_unstable();
    assert_eq!(found, ["contact", "x_project"]);
    assert_eq!(me.get("/v1/schema?object=contact").await.refused(422), "invalid");
    let me = large_workspace(&projects).await;
    assert_eq!(me.get("/v1/schema").await.refused(409), "document_too_large");
    assert_eq!(names(&me.get("/v1/schema?objects=x_o1,x_o2").await.expect(200)).len(), 2);
    assert_eq!(me.get("/v1/workspace/openapi.json").await.refused(409), "document_too_large");
}

#[tokio::test]
async fn a_document_can_be_had_of_some_objects_alone() {
    let projects = Projects::start().await;
    let me = &projects.me;
    me.post("/v1/schema/objects", json!({ "name": "x_task", "plural": "x_tasks" })).await.expect(201);
    let document = me.get("/v1/workspace/openapi.json?objects=x_task,x_none").await.expect(200);
    let paths = document["paths"].as_object().unwrap();
    assert!(
        paths.contains_key("/v1/x_tasks")
            && paths.contains_key("/v1/contacts")
            && !paths.contains_key("/v1/x_projects")
    );
    assert_eq!(me.get("/v1/workspace/openapi.json?nick=1").await.refused(422), "invalid");
    let theirs = projects.app.workspace("south").await.get("/v1/workspace/openapi.json").await.expect(200);
    let paths = theirs["paths"].as_object().unwrap();
    assert!(paths.keys().all(|path| !path.starts_with("/v1/x_")), "{:?}", paths.keys());
    assert!(theirs["components"]["schemas"].get("XProject").is_none());
}
