//! What the document names once and refers to: schemas, examples, and what many operations share.

use std::collections::{BTreeMap, BTreeSet};

use records::Object;
use serde_json::{Map, Value, json};

use super::samples::{Purpose, Sampler};
use super::{answers, component, parameters, problems};
use crate::routes::Shape;
use crate::schemas;

/// The components while the document is made. Those that nothing refers to are left out in the end.
pub(super) struct Components {
    schemas: Map<String, Value>,
    /// Schemas that an example is asked of, and what for.
    exemplified: BTreeMap<String, Purpose>,
    parameters: Map<String, Value>,
}

impl Components {
    pub(super) fn new(objects: &[&Object]) -> Self {
        let mut schemas = Map::new();
        for object in objects {
            let name = schemas::record_schema_name(&object.name);
            schemas.insert(format!("New{name}"), of_any_workspace(object, input(object, true)));
            schemas.insert(format!("{name}Patch"), of_any_workspace(object, input(object, false)));
            schemas.insert(format!("{name}Page"), schemas::page_of(component("schemas", &name)));
            schemas.insert(name, of_any_workspace(object, schemas::record(object)));
        }
        schemas.insert("Problem".to_owned(), schemas::problem());
        schemas.insert("GatewayMessage".to_owned(), problems::gateway_message());
        schemas.insert("Event".to_owned(), schemas::event());
        schemas.insert("EventPage".to_owned(), page(component("schemas", "Event")));
        Self { schemas, exemplified: BTreeMap::new(), parameters: parameters::components(objects) }
    }

    /// Takes in the schemas of a shape that have titles: others may refer to them before it is described.
    pub(super) fn know(&mut self, shape: &Shape) {
        if let Shape::Schema(schema) | Shape::Page(schema) = shape {
            self.named(schema);
        }
    }

    /// A schema whose parts with a title are references to components of that name.
    ///
    /// # Panics
    /// When two different schemas have the same title: a client would read one as the other.
    fn named(&mut self, schema: &Value) -> Value {
        let Value::Object(members) = schema else { return schema.clone() };
        let parts = members.iter().map(|(keyword, member)| {
            let member = match (keyword.as_str(), member) {
                ("properties", Value::Object(members)) => members
                    .iter()
                    .map(|(name, member)| (name.clone(), self.named(member)))
                    .collect::<Map<_, _>>()
                    .into(),
                ("anyOf" | "oneOf" | "allOf", Value::Array(choices)) => {
                    choices.iter().map(|choice| self.named(choice)).collect::<Vec<_>>().into()
                }
                ("items" | "additionalProperties", part) => self.named(part),
                // What is no schema, such as an example, may well have a title.
                (_, other) => other.clone(),
            };
            (keyword.clone(), member)
        });
        let named: Value = parts.collect::<Map<_, _>>().into();
        let Some(title) = named.get("title").and_then(Value::as_str).map(str::to_owned) else { return named };
        let mut untitled = named;
        untitled.as_object_mut().map(|members| members.remove("title"));
        let known = self.schemas.entry(title.as_str()).or_insert_with(|| untitled.clone());
        assert_eq!(*known, untitled, "two schemas have the title {title}");
        component("schemas", &title)
    }

    /// The schema of a shape.
    fn schema(&mut self, shape: &Shape) -> Option<Value> {
        let name = schemas::record_schema_name;
        match shape {
            Shape::Empty | Shape::Text(_) => None,
            Shape::Record(object) => Some(component("schemas", &name(object))),
            Shape::NewRecord(object) => Some(component("schemas", &format!("New{}", name(object)))),
            Shape::Patch(object) => Some(component("schemas", &format!("{}Patch", name(object)))),
            Shape::List(object) => Some(component("schemas", &format!("{}Page", name(object)))),
            Shape::History => Some(component("schemas", "EventPage")),
            Shape::Schema(schema) => Some(self.named(schema)),
            Shape::Page(schema) => {
                let one = self.named(schema);
                let Some(name) = name_of(&one).map(|name| format!("{name}Page")) else { return Some(page(one)) };
                self.schemas.entry(name.as_str()).or_insert_with(|| page(one));
                Some(component("schemas", &name))
            }
        }
    }

    /// What an operation takes, with an example.
    pub(super) fn body(&mut self, shape: &Shape) -> Option<Value> {
        let purpose = if matches!(shape, Shape::Patch(_)) { Purpose::Patch } else { Purpose::Request };
        self.schema(shape).map(|schema| self.with_example(schema, purpose))
    }

    /// What an operation answers by media type, with an example.
    pub(super) fn answer(&mut self, shape: &Shape) -> Option<Value> {
        if let Shape::Text(media) = shape {
            return Some(json!({ *media: { "schema": { "type": "string" } } }));
        }
        let schema = self.schema(shape)?;
        Some(json!({ "application/json": self.with_example(schema, Purpose::Answer) }))
    }

    fn with_example(&mut self, schema: Value, purpose: Purpose) -> Value {
        let example = match name_of(&schema).map(str::to_owned) {
            Some(name) => {
                let example = component("examples", &name);
                self.exemplified.entry(name).or_insert(purpose);
                example
            }
            None => json!({ "value": Sampler::new(&self.schemas, purpose).sample(&schema) }),
        };
        json!({ "schema": schema, "examples": { "sample": example } })
    }

    /// Whether an object of a schema needs any member at all.
    pub(super) fn requires(&self, schema: &Value) -> bool {
        let known = name_of(schema).and_then(|name| self.schemas.get(name)).unwrap_or(schema);
        known.get("required").and_then(Value::as_array).is_some_and(|names| !names.is_empty())
    }

    /// All components that a document refers to, directly or by way of others.
    pub(super) fn used_in(&self, document: &Value) -> Value {
        let examples: Map<String, Value> = self
            .exemplified
            .iter()
            .map(|(name, purpose)| {
                let sample = Sampler::new(&self.schemas, *purpose).sample(&component("schemas", name));
                (name.clone(), json!({ "value": sample }))
            })
            .collect();
        let all = [
            ("schemas", self.schemas.clone()),
            ("examples", examples),
            ("parameters", self.parameters.clone()),
            ("headers", answers::header_components()),
            ("responses", problems::components()),
        ];
        let mut used = BTreeSet::new();
        references(document, &mut used);
        let mut found = 0;
        while found < used.len() {
            found = used.len();
            for (kind, members) in &all {
                for (name, member) in members {
                    if used.contains(&format!("#/components/{kind}/{name}")) {
                        references(member, &mut used);
                    }
                }
            }
        }
        let mut components = json!({ "securitySchemes": security() });
        for (kind, members) in all {
            let is_used = |name: &String| used.contains(&format!("#/components/{kind}/{name}"));
            components[kind] = members.into_iter().filter(|(name, _)| is_used(name)).collect::<Map<_, _>>().into();
        }
        components
    }
}

/// The name of the schema that this one only refers to.
fn name_of(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/components/schemas/")
}

/// A page of something that is no list of records: it says neither when it was asked for nor how many there are.
fn page(schema: Value) -> Value {
    let mut page = schemas::page_of(schema);
    if let Some(properties) = page["properties"].as_object_mut() {
        properties.retain(|name, _| name == "data" || name == "page");
    }
    page
}

/// A schema of an object as it is true of every workspace: each has fields and words of its own.
fn of_any_workspace(object: &Object, mut schema: Value) -> Value {
    schema["properties"]["custom"]["additionalProperties"] = json!(true);
    let own_words = object.live().filter(|field| !field.fixed && !field.is_custom() && field.kind.options().is_some());
    for field in own_words {
        if let Some(property) = schema["properties"].get_mut(&field.name) {
            open(property);
        }
    }
    schema
}

/// Makes of a choice of words any word, for example one of them.
fn open(schema: &mut Value) {
    schema.get_mut("items").into_iter().for_each(open);
    schema.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten().for_each(open);
    if let Some(words) = schema.as_object_mut().and_then(|members| members.remove("enum")) {
        schema["examples"] = words;
    }
}

/// What a client sends of an object, with what forms send: blank text is no value, also where only a text of a certain form is one.
pub(crate) fn input(object: &Object, is_new: bool) -> Value {
    let mut input = schemas::input(object, is_new);
    accept_blanks(&mut input);
    input
}

/// Lets an item be blank in every member: an empty row of a form.
fn accept_blank_members(item: &mut Value) {
    let members = item.get_mut("properties").and_then(Value::as_object_mut);
    let formed = |member: &&mut Value| member["type"] == "string" && member.get("format").is_some();
    for member in members.into_iter().flat_map(Map::values_mut).filter(formed) {
        let blank = json!({ "type": "string", "pattern": "^\\s*$" });
        *member = json!({ "description": member["description"], "anyOf": [member, blank] });
    }
}

fn accept_blanks(schema: &mut Value) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    properties.into_iter().flat_map(Map::values_mut).for_each(accept_blanks);
    schema.get_mut("items").into_iter().for_each(accept_blanks);
    schema.get_mut("items").into_iter().for_each(accept_blank_members);
    let Some(choices) = schema.get_mut("anyOf").and_then(Value::as_array_mut) else { return };
    choices.iter_mut().for_each(accept_blanks);
    let nullable = choices.iter().any(|choice| choice["type"] == "null");
    let formed = |choice: &Value| ["format", "pattern", "enum"].iter().any(|keyword| choice.get(keyword).is_some());
    if nullable && choices.iter().any(|choice| choice["type"] == "string" && formed(choice)) {
        choices.push(json!({ "type": "string", "pattern": "^\\s*$" }));
    }
}

/// Makes the examples of an object's components anew, after its schemas have changed.
pub(crate) fn exemplify(document: &mut Value, name: &str) {
    let known = document.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let Some(examples) = document.pointer_mut("/components/examples").and_then(Value::as_object_mut) else { return };
    for (name, purpose) in [
        (format!("New{name}"), Purpose::Request),
        (format!("{name}Patch"), Purpose::Patch),
        (format!("{name}Page"), Purpose::Answer),
        (format!("Merged{name}"), Purpose::Answer),
        (name.to_owned(), Purpose::Answer),
    ] {
        if let Some(example) = examples.get_mut(&name) {
            let sample = Sampler::new(&known, purpose).sample(&component("schemas", &name));
            *example = json!({ "value": sample });
        }
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(members) => members.iter().for_each(|member| references(member, found)),
        _ => {}
    }
}

fn security() -> Value {
    json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "An API key, rk_…." },
        "workspace": {
            "type": "apiKey",
            "in": "header",
            "name": "Rapport-Workspace",
            "description": "Which workspace, wsp_…, where a credential has several.",
        },
    })
}
