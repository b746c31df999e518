//! What an operation takes besides its body: parameters of the path, the query string and headers.

use records::Object;
use serde_json::{Map, Value, json};

use super::{component, object_of, samples};
use crate::Of;
use crate::input::{MAX_KEY_CHARS, MAX_VERSION_DIGITS};
use crate::routes::{Operation, Parameter, Shape};

/// The longest value in a path, in characters: more than the longest email address.
const MAX_SEGMENT: usize = 400;
/// Names of a company's own objects begin with `x_`.
const OWN_PLURAL: &str = "^x_[a-z][a-z0-9]*(_[a-z0-9]+)*$";

/// The parameters of an operation.
pub(super) fn of(operation: &Operation, objects: &[&Object]) -> Vec<Value> {
    let mut parameters = in_path(operation, objects);
    parameters.extend(operation.query.iter().map(in_query));
    if operation.writes {
        parameters.push(component("parameters", "validate"));
        parameters.extend(operation.conditional.then(|| component("parameters", "if_match")));
        parameters.push(component("parameters", "idempotency_key"));
    }
    if operation.positioned || matches!(operation.answer.1, Shape::List(_)) {
        parameters.push(component("parameters", "rapport_position"));
    }
    parameters
}

fn in_query(Parameter { name, help, schema, required }: &Parameter) -> Value {
    let mut parameter = json!({ "name": name, "in": "query", "description": help, "schema": schema });
    if *required {
        parameter["required"] = json!(true);
    }
    parameter
}

fn in_path(operation: &Operation, objects: &[&Object]) -> Vec<Value> {
    let segments: Vec<&str> = operation.path.split('/').collect();
    let object = segments.iter().find_map(|segment| object_of(segment, objects));
    let names = segments.iter().filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let declared = |name: &str| operation.path_parameters.iter().find(|parameter| parameter.name == name).cloned();
    names.map(|name| described(declared(name).unwrap_or_else(|| known(name, object)))).collect()
}

/// A parameter of the paths of an object's records.
pub(crate) fn of_path(name: &str, object: &Object) -> Value {
    described(known(name, Some(object)))
}

fn described(Parameter { name, help, schema, .. }: Parameter) -> Value {
    let example = samples::of_parameter(&name, &schema);
    json!({
        "name": name, "in": "path", "required": true, "description": help, "schema": schema, "example": example,
    })
}

/// What a parameter of the paths of records means.
fn known(name: &str, object: Option<&Object>) -> Parameter {
    let text =
        |help: &str| Parameter::new(name, help, json!({ "type": "string", "minLength": 1, "maxLength": MAX_SEGMENT }));
    match (name, object) {
        ("object", _) => {
            let schema = json!({ "type": "string", "pattern": OWN_PLURAL, "examples": ["x_projects"] });
            Parameter::new(name, "An object of the company's own, in the plural.", schema)
        }
        ("id", Some(object)) => {
            Parameter::id(name, format!("The {}'s id.", object.label.to_lowercase()), &prefix_of(object))
        }
        ("field", Some(object)) => unique_field(name, object),
        ("value", Some(_)) => text("The value that the record has in that field, or will have."),
        ("kind", _) => {
            let schema = json!({ "type": "string", "pattern": "^[a-z][a-z0-9_]*$", "examples": ["company"] });
            Parameter::new(name, "The other record's object, in the singular.", schema)
        }
        ("other", _) => Parameter::id(name, "The other record's id.", "[a-z0-9]{3}"),
        ("subject", _) => {
            let schema =
                json!({ "type": "string", "pattern": "^((usr|tea)_[0-9a-f]{32}|everyone)$", "examples": ["everyone"] });
            Parameter::new(name, "The id of a user or a team, or everyone.", schema)
        }
        _ => text(""),
    }
}

fn unique_field(name: &str, object: &Object) -> Parameter {
    let help = "The path of a field whose values are unique.";
    if object.name == Of::Custom.noun() {
        let pattern = "^(external_id|custom\\.[a-z][a-z0-9_]*)$";
        return Parameter::new(
            name,
            help,
            json!({ "type": "string", "pattern": pattern, "examples": ["external_id"] }),
        );
    }
    let unique: Vec<&str> = object.live().filter(|field| field.unique).map(|field| field.path.as_str()).collect();
    Parameter::new(name, help, json!({ "enum": unique }))
}

/// What the ids of an object's records begin with, as a pattern.
fn prefix_of(object: &Object) -> String {
    if object.name == Of::Custom.noun() { "x[0-9a-z]{2}".to_owned() } else { object.prefix.as_str().to_owned() }
}

/// The parameters that many operations share, as components.
pub(super) fn components(objects: &[&Object]) -> Map<String, Value> {
    let header = |name: &str, help: &str, pattern: String, example: &str| {
        let schema = json!({ "type": "string", "pattern": pattern });
        json!({ "name": name, "in": "header", "description": help, "schema": schema, "example": example })
    };
    let prefixes: Vec<String> = objects.iter().map(|object| prefix_of(object)).collect();
    let pair = format!("({})_[0-9a-f]{{32}}:[0-9]{{1,{MAX_VERSION_DIGITS}}}", prefixes.join("|"));
    let all = [
        (
            "validate",
            json!({
                "name": "validate", "in": "query", "schema": { "enum": ["only"] },
                "description": "`only` answers what would happen and writes nothing.",
            }),
        ),
        (
            "if_match",
            header(
                "If-Match",
                "The ETag that was seen; refused with 412 when the record has another one by now.",
                format!("^\"[0-9]{{1,{MAX_VERSION_DIGITS}}}\"$"),
                "\"3\"",
            ),
        ),
        (
            "idempotency_key",
            header(
                "Idempotency-Key",
                "Repeating a request with the same key within 24 hours repeats the answer, not the effect.",
                format!("^[!-~]{{1,{MAX_KEY_CHARS}}}$"),
                "order-4711",
            ),
        ),
        (
            "rapport_position",
            header(
                "Rapport-Position",
                "What writes answered in that header, up to 20 joined by commas: this answer has seen them.",
                // Libraries join the values of a header by a comma and a blank.
                format!("^({pair}(, ?{pair}){{0,19}})?$"),
                &format!("con_{}:3", samples::ID),
            ),
        ),
    ];
    all.map(|(name, parameter)| (name.to_owned(), parameter)).into_iter().collect()
}
