//! Examples, made from schemas: what a person would put into a field of that name and type.
//!
//! A schema with `examples` of its own says itself; the first one counts.

use kernel::AnyId;
use serde_json::{Map, Value, json};

/// The part of an id that is not its prefix.
pub(super) const ID: &str = "019b76daa8007838a5822a6f9e62da21";

/// A record.
pub(super) fn record() -> AnyId {
    ["con_", ID].concat().parse().expect("the sample is an id")
}

/// How a pattern of ids ends; a prefix stands before it.
const ID_PATTERN: &str = "_[0-9a-f]{32}$";
/// How deep an example goes: a schema may refer to itself.
const DEEPEST: usize = 12;
/// How many fields the example of a patch has: it shows how, not what all.
const PATCHED: usize = 3;

/// What an example is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Something to be sent as it is: it refers to nothing that may not be there.
    Request,
    /// A change of something: a few fields.
    Patch,
    /// An answer: everything that may be in it.
    Answer,
}

/// Makes examples of schemas.
pub(super) struct Sampler<'a> {
    schemas: &'a Map<String, Value>,
    purpose: Purpose,
}

/// An example of a parameter of a path.
pub(super) fn of_parameter(name: &str, schema: &Value) -> Value {
    // The value of an upsert is of the first unique field, which is an email address wherever there is one.
    let name = if name == "value" { "email" } else { name };
    Sampler::new(&Map::new(), Purpose::Answer).value(name, schema, 0)
}

impl<'a> Sampler<'a> {
    /// A sampler that resolves references to these schemas.
    pub(super) fn new(schemas: &'a Map<String, Value>, purpose: Purpose) -> Self {
        Self { schemas, purpose }
    }

    /// An example of a schema.
    pub(super) fn sample(&self, schema: &Value) -> Value {
        self.value("", schema, 0)
    }

    /// An example of what has a name.
    fn value(&self, name: &str, schema: &Value, depth: usize) -> Value {
        if depth > DEEPEST {
            return Value::Null;
        }
        let first = |keyword: &str| schema.get(keyword).and_then(|values| values.get(0)).cloned();
        if let Some(said) = first("examples").or_else(|| schema.get("const").cloned()).or_else(|| first("enum")) {
            return said;
        }
        if let Some(referred) = schema.get("$ref").and_then(Value::as_str) {
            let known = referred.rsplit('/').next().and_then(|name| self.schemas.get(name));
            return known.map_or(Value::Null, |known| self.value(name, known, depth + 1));
        }
        if self.purpose == Purpose::Answer && is_mostly_empty(name) && accepts_null(schema) {
            return Value::Null;
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            let choices = schema.get(keyword).and_then(Value::as_array);
            if let Some(choice) = choices.and_then(|choices| choices.iter().find(|choice| type_of(choice) != "null")) {
                return self.value(name, choice, depth + 1);
            }
        }
        match type_of(schema) {
            "object" => Value::Object(self.object(schema, depth)),
            "array" => {
                let items = schema.get("items").cloned().unwrap_or_else(|| json!({}));
                json!([self.value(name, &items, depth + 1)])
            }
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            "boolean" => json!(false),
            "string" => json!(text(name, schema)),
            _ => by_name(name).map_or(Value::Null, Value::from),
        }
    }

    fn object(&self, schema: &Value, depth: usize) -> Map<String, Value> {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            // Any names: those of a contact's fields will do.
            let any = schema.get("additionalProperties").filter(|any| any.is_object());
            return any.map(|any| ("city".to_owned(), self.value("city", any, depth + 1))).into_iter().collect();
        };
        let required = schema.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let is_required = |name: &str| required.iter().any(|required| required == name);
        let mut chosen: Vec<(&String, &Value)> = properties
            .iter()
            .filter(|(name, schema)| self.purpose == Purpose::Answer || is_required(name) || !names_another(schema))
            .collect();
        // Whether a map keeps its members as they were put in depends on what else is linked.
        chosen.sort_unstable_by_key(|(name, _)| *name);
        if self.purpose == Purpose::Patch && depth <= 1 {
            chosen.truncate(PATCHED);
        }
        chosen.into_iter().map(|(name, schema)| (name.clone(), self.value(name, schema, depth + 1))).collect()
    }
}

fn type_of(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or(""),
        _ if schema.get("properties").is_some() => "object",
        _ => "",
    }
}

fn accepts_null(schema: &Value) -> bool {
    let choices = schema.get("anyOf").and_then(Value::as_array);
    let named = schema.get("type").and_then(Value::as_array);
    choices.is_some_and(|choices| choices.iter().any(|choice| type_of(choice) == "null"))
        || named.is_some_and(|names| names.iter().any(|name| name == "null"))
}

/// Whether a value is the id of something that may not be there.
fn names_another(schema: &Value) -> bool {
    let choices = schema.get("anyOf").and_then(Value::as_array);
    id_prefix(schema).is_some() || choices.is_some_and(|choices| choices.iter().any(names_another))
}

fn id_prefix(schema: &Value) -> Option<&str> {
    schema.get("pattern")?.as_str()?.strip_prefix('^')?.strip_suffix(ID_PATTERN)
}

/// What most records do not have: an example that has it tells a strange story.
fn is_mostly_empty(name: &str) -> bool {
    matches!(name, "archived_at" | "revoked_at" | "good_until" | "merged_into" | "next_cursor" | "error" | "before")
}

fn text(name: &str, schema: &Value) -> String {
    if let Some(prefix) = id_prefix(schema) {
        // Of any object, and of any of a company's own.
        let prefix = if prefix.starts_with('[') { "com" } else { prefix };
        let prefix = if prefix.contains('[') { "x00" } else { prefix };
        return format!("{prefix}_{ID}");
    }
    let sample = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => Some("2026-11-21T10:00:00.000Z"),
        Some("date") => Some("2026-11-21"),
        Some("time") => Some("10:00:00"),
        Some("email" | "idn-email") => by_name("email"),
        Some("uri") => by_name("website"),
        Some("uuid") => by_name("instance"),
        _ => by_name(name),
    };
    let most =
        schema.get("maxLength").and_then(Value::as_u64).map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(0));
    sample.map_or_else(|| words(name), str::to_owned).chars().take(most).collect()
}

/// A field's name as people write it.
fn words(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().unwrap_or('A').to_ascii_uppercase();
    std::iter::once(first).chain(chars).map(|char| if char == '_' { ' ' } else { char }).collect()
}

fn by_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "first_name" => "Ada",
        "last_name" => "Lovelace",
        "name" => "Ada Lovelace",
        "of" => "contact",
        "role" => "rep",
        "email" => "ada@example.com",
        "phone" => "+4930901820",
        "website" => "https://example.com",
        "domain" => "example.com",
        "street" => "12 St James's Square",
        "city" | "after" => "London",
        "columns" => "city",
        "postal_code" => "SW1Y 4JH",
        "country" => "GB",
        "currency" => "GBP",
        "record" => "con_019b76daa8007838a5822a6f9e62da21",
        "request_id" | "instance" => "b46bc874-b3ec-4f2d-9eac-ce6281b93081",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(schema: Value, purpose: Purpose) -> Value {
        Sampler::new(&Map::new(), purpose).sample(&schema)
    }

    fn person() -> Value {
        json!({
            "type": "object",
            "required": ["team_id"],
            "properties": {
                "first_name": { "type": "string" },
                "job_title": { "type": "string", "maxLength": 5 },
                "owner_id": { "anyOf": [{ "type": "string", "pattern": "^usr_[0-9a-f]{32}$" }, { "type": "null" }] },
                "team_id": { "type": "string", "pattern": "^tea_[0-9a-f]{32}$" },
                "archived_at": { "type": ["string", "null"], "format": "date-time" },
            },
        })
    }

    #[test]
    fn an_answer_has_everything() {
        let sample = sample(person(), Purpose::Answer);
        let expected = json!({
            "first_name": "Ada", "job_title": "Job t", "owner_id": format!("usr_{ID}"), "team_id": format!("tea_{ID}"),
            "archived_at": null,
        });
        assert_eq!(sample, expected);
    }

    #[test]
    fn a_request_names_nobody_who_may_not_be_there() {
        let sample = sample(person(), Purpose::Request);
        assert_eq!(sample.get("owner_id"), None);
        assert!(sample["team_id"].is_string(), "it is required");
    }

    #[test]
    fn a_patch_shows_a_few_fields() {
        let sample = sample(person(), Purpose::Patch);
        assert_eq!(sample.as_object().unwrap().len(), PATCHED);
    }

    #[test]
    fn a_schema_with_an_example_says_itself() {
        let schema = json!({ "type": "string", "examples": ["import"] });
        assert_eq!(sample(schema, Purpose::Request), "import");
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let tree = json!({ "type": "object", "properties": { "child": { "$ref": "#/components/schemas/Tree" } } });
        let schemas = Map::from_iter([("Tree".to_owned(), tree.clone())]);
        let sample = Sampler::new(&schemas, Purpose::Answer).sample(&tree);
        assert!(sample["child"]["child"].is_object());
    }
}
