//! Whether `docs/openapi.json` is an OpenAPI 3.1 document that a client can be generated from.
//!
//! `oas3` reads it into the types of the specification. What it does not look at is checked here: references, path
//! parameters, and the keywords of schemas.

use std::collections::BTreeSet;

use serde_json::Value;

use super::text;

pub(super) fn document() -> Value {
    serde_json::from_str(&text("docs/openapi.json")).unwrap()
}

/// What a reference within the document leads to; anything else is itself.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// Every value in the document with where it is.
pub(super) fn walk<'a>(value: &'a Value, at: &str, visit: &mut impl FnMut(&str, &'a Value)) {
    visit(at, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                walk(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), visit);
            }
        }
        Value::Array(values) => {
            for (index, member) in values.iter().enumerate() {
                walk(member, &format!("{at}/{index}"), visit);
            }
        }
        _ => {}
    }
}

#[test]
fn it_is_an_openapi_document() {
    let spec = oas3::from_json(text("docs/openapi.json")).unwrap();
    assert_eq!(spec.openapi, "3.1.0");
    assert!(spec.operations().count() > 20);
    for (path, method, operation) in spec.operations() {
        operation.operation_id.as_deref().unwrap_or_else(|| panic!("{method} {path} has no id"));
        operation.parameters(&spec).unwrap_or_else(|error| panic!("{method} {path}: {error}"));
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut used = BTreeSet::new();
    walk(&document, "", &mut |at, value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{at} leads out: {reference}"));
            assert!(document.pointer(pointer).is_some(), "{at}: there is no {reference}");
            used.insert(reference.to_owned());
        }
    });
    for (kind, members) in document["components"].as_object().unwrap() {
        for name in members.as_object().unwrap().keys().filter(|_| kind != "securitySchemes") {
            assert!(used.contains(&format!("#/components/{kind}/{name}")), "nothing uses {name} of the {kind}");
        }
    }
}

#[test]
fn every_path_parameter_is_declared_and_every_declared_one_is_in_the_path() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let in_path: BTreeSet<String> = path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .map(str::to_owned)
            .collect();
        for (method, operation) in methods.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().unwrap();
            let mut places = BTreeSet::new();
            let mut declared = BTreeSet::new();
            for parameter in parameters.iter().map(|parameter| resolved(&document, parameter)) {
                let name = parameter["name"].as_str().unwrap();
                let place = parameter["in"].as_str().unwrap();
                assert!(["path", "query", "header"].contains(&place), "{method} {path}: {place}");
                assert!(places.insert((place, name)), "{method} {path}: {name} is declared twice");
                if place == "path" {
                    assert_eq!(parameter["required"], true, "{method} {path}: {name}");
                    declared.insert(name.to_owned());
                }
            }
            assert_eq!(declared, in_path, "{method} {path}");
        }
    }
}

#[test]
fn every_answer_is_described_and_every_type_is_one_of_json_schema() {
    let document = document();
    let types = ["array", "boolean", "integer", "null", "number", "object", "string"];
    walk(&document, "", &mut |at, value| {
        if !at.ends_with("/schema") && !at.starts_with("/components/schemas/") {
            return;
        }
        let named = match value.get("type") {
            Some(Value::String(name)) => vec![name.as_str()],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        // A property may be called `type`: then there is a schema where the type would be.
        assert!(named.iter().all(|name| types.contains(name)), "{at}: {named:?}");
        if let Some(required) = value.get("required").and_then(Value::as_array) {
            let properties = value["properties"].as_object().unwrap();
            let missing = required.iter().find(|name| !properties.contains_key(name.as_str().unwrap()));
            assert!(missing.is_none(), "{at} requires {missing:?}, which it does not describe");
        }
    });
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses {
                let response = resolved(&document, response);
                assert!(response["description"].is_string(), "{method} {path}: {status}");
                let problem = response["content"].get("application/problem+json");
                assert_eq!(problem.is_some(), status.as_str() >= "300", "{method} {path}: {status}");
            }
            assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path} never succeeds");
        }
    }
}

#[test]
fn every_operation_stands_in_one_chapter_that_says_what_it_is_about() {
    let document = document();
    let chapters: BTreeSet<&str> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| {
            assert!(!tag["description"].as_str().unwrap().is_empty(), "{tag} says nothing: `Routes::tagged` does");
            tag["name"].as_str().unwrap()
        })
        .collect();
    let mut used = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let tags = operation["tags"].as_array().unwrap();
            assert_eq!(tags.len(), 1, "{method} {path}");
            used.extend(tags[0].as_str());
        }
    }
    assert_eq!(used, chapters);
}

#[test]
fn what_a_question_is_made_of_is_described_once() {
    let document = document();
    let filter = &document["components"]["schemas"]["Filter"]["properties"];
    let itself = "#/components/schemas/Filter";
    let parts = [&filter["and"]["items"], &filter["or"]["items"], &filter["not"]];
    assert_eq!(parts.map(|part| part["$ref"].as_str()), [Some(itself); 3]);
    let words: Vec<&str> = filter["op"]["enum"].as_array().unwrap().iter().map(|op| op.as_str().unwrap()).collect();
    assert_eq!(words, replica::Op::ALL.map(replica::Op::as_str));
    let mut bodies = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            if let Some(filter) = resolved(&document, body)["properties"].get("filter") {
                assert_eq!(filter["anyOf"][0]["$ref"], itself, "{path}");
                bodies += 1;
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if ["linked", "view"].iter().any(|name| parameter["name"] == *name) {
                    assert!(parameter["schema"]["pattern"].is_string(), "{path}: {parameter}");
                }
            }
        }
    }
    assert!(bodies >= 17, "{bodies}");
    let words = &document["paths"]["/v1/search"]["get"]["parameters"][0];
    assert_eq!((&words["name"], &words["required"]), (&"q".into(), &true.into()));
}
