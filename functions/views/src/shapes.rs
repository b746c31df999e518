//! What the operations of views take and answer, for the OpenAPI document.

mod parts;

use api::{Of, Parameter, Shape, record_schema_name};
use records::{COMMON_FIELDS, FieldType, Object, Schema};
use replica::{MAX_GROUPS, MAX_LIMIT, MAX_MEMBERS};
use serde_json::{Value, json};

use self::parts::{archived, example_of_filter, filter, linked, names, sort, view};
use crate::{aggregate, duplicates, search, timeline};

fn text() -> Value {
    json!({ "type": "string" })
}

/// An id of any record.
const ANY_ID: &str = "^[a-z0-9]{3}_[0-9a-f]{32}$";
/// An id of a view.
const VIEW_ID: &str = "^viw_[0-9a-f]{32}$";

fn id(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

fn limit(most: u16, default: u16) -> Parameter {
    let schema = json!({ "type": "integer", "minimum": 1, "maximum": most, "default": default });
    Parameter::new("limit", format!("How many at most, {default} if nothing is said."), schema)
}

fn cursor() -> Parameter {
    Parameter::new("cursor", "The next_cursor of the page before.", text())
}

fn include() -> Parameter {
    let help = "Names of references, separated by commas: a field without _id, owner. The records are answered in included, \
                by id.";
    Parameter::new("include", help, text())
}

fn fields() -> Parameter {
    let help = "Paths of the only fields that are wanted, separated by commas. Members that are always there otherwise are \
                left out too.";
    Parameter::new("fields", help, text())
}

const SORT: &str =
    "Fields to sort by, separated by commas: a minus for descending, :nulls_first for those without a value first.";

/// Everything that a list can be asked for in a query string.
pub(crate) fn list_parameters(of: Of) -> Vec<Parameter> {
    let mut parameters = vec![
        limit(MAX_LIMIT, 50),
        cursor(),
        Parameter::new("sort", SORT, text()),
        Parameter::new("q", "Words that begin words of the searched fields.", text()),
        Parameter::new(
            "archived",
            "Whether to list the trash: false, true or any.",
            json!({ "enum": ["false", "true", "any"] }),
        ),
        Parameter::new("count", "Whether to count all that match: exact.", json!({ "enum": ["exact"] })),
        Parameter::new("linked", "Only records that are linked with the record of this id.", id(ANY_ID)),
        Parameter::new("linked.label", "Only those with this label, together with linked.", text()),
        Parameter::new(
            "view",
            "A saved view: what it asks, as far as this request does not say otherwise.",
            id(VIEW_ID),
        ),
        include(),
        fields(),
    ];
    let Of::BuiltIn(name, _) = of else { return parameters };
    let object = Schema::built_in_object(name);
    parameters.extend(conditions(&object).map(|(path, help)| {
        let help = format!("{help} Like every field it takes .ne, .in, .contains, .starts_with, .is_null and so on.");
        Parameter::new(path, help.trim_start(), text())
    }));
    parameters
}

/// Everything of an object that can be compared, with what it is.
fn conditions(object: &Object) -> impl Iterator<Item = (String, String)> {
    let common = COMMON_FIELDS.iter().filter(|name| **name != "object" && (object.owned || **name != "owner_id"));
    let common = common.map(|name| match *name {
        "owner_id" => ((*name).to_owned(), "The owner's id, or me.".to_owned()),
        name => (name.to_owned(), String::new()),
    });
    common.chain(object.live().flat_map(|field| -> Vec<(String, String)> {
        let part = |name: &str| [field.path.as_str(), name].join(".");
        match &field.kind {
            FieldType::Json { .. } => Vec::new(),
            FieldType::Items { fields, .. } => {
                fields.iter().map(|member| (part(&member.name), member.help.clone())).collect()
            }
            FieldType::ExternalId {} => ["source", "key"].map(|name| (part(name), field.help.clone())).into(),
            FieldType::Money {} => {
                let currency = (part("currency"), "The currency alone.".to_owned());
                vec![(field.path.clone(), format!("{} In minor units: 1250, or 1250 USD.", field.help)), currency]
            }
            _ => vec![(field.path.clone(), field.help.clone())],
        }
    }))
}

/// The body of a search.
pub(crate) fn search_body(of: Of) -> Shape {
    let description = format!("Which {}, in which order, and what else is wanted with them.", of.nouns());
    let example =
        json!({ "filter": example_of_filter(of), "sort": ["-created_at", "id"], "limit": 20, "count": "exact" });
    Shape::Schema(json!({
        "type": "object",
        "description": description,
        "examples": [example],
        "properties": {
            "filter": filter(),
            "q": { "type": ["string", "null"] },
            "sort": sort(),
            "limit": { "type": ["integer", "null"], "minimum": 1, "maximum": MAX_LIMIT },
            "cursor": { "type": ["string", "null"] },
            "archived": archived(),
            "count": { "enum": ["exact", null] },
            "linked": linked(),
            "view": view(),
            "include": names("Names of references: a field without _id, owner."),
            "fields": names("Paths of the only fields that are wanted."),
        },
        "additionalProperties": false,
    }))
}

/// A page of a list.
pub(crate) const fn list(of: Of) -> Shape {
    Shape::List(of.noun())
}

/// What can be said of how a record is read.
pub(crate) fn read_parameters() -> Vec<Parameter> {
    let help = "The record as it was at this time, from its history; without roll-ups, and with what is included as it is \
                now. Refused where the history does not say it any more (too_far_back, erased).";
    vec![include(), fields(), Parameter::new("as_of", help, json!({ "type": "string", "format": "date-time" }))]
}

fn record(of: Of) -> Value {
    json!({ "$ref": format!("#/components/schemas/{}", record_schema_name(of.noun())) })
}

/// A record of whatever object: what all of them have.
fn record_of_any() -> Value {
    json!({
        "type": "object",
        "description": "The record as a list of its object answers it, with its fields.",
        "required": api::ALWAYS_ANSWERED,
        "properties": {
            "object": text(),
            "id": id(ANY_ID),
            "version": { "type": "integer", "minimum": 1 },
            "created_at": time(),
            "created_by": { "type": ["string", "null"] },
            "updated_at": time(),
            "updated_by": { "type": ["string", "null"] },
        },
    })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

/// The body of an aggregation.
pub(crate) fn aggregate_body(of: Of) -> Shape {
    let example = json!({
        "filter": example_of_filter(of),
        "group_by": [{ "field": "created_at", "unit": "month" }],
        "aggregates": ["count"],
    });
    let functions: Vec<&str> = aggregate::FUNCTIONS.iter().map(|(word, _)| *word).collect();
    let units: Vec<&str> = aggregate::UNITS.iter().map(|(word, _)| *word).collect();
    let key = json!({
        "type": "object",
        "required": ["field"],
        "properties": { "field": { "type": "string" }, "unit": { "enum": units } },
        "additionalProperties": false,
    });
    let measure = json!({
        "type": "object",
        "required": ["function"],
        "properties": { "function": { "enum": functions }, "field": { "type": "string" } },
        "additionalProperties": false,
    });
    Shape::Schema(json!({
        "type": "object",
        "description": "Which records, by what they are grouped, and which figures each group has.",
        "examples": [example],
        "properties": {
            "filter": filter(),
            "q": { "type": ["string", "null"] },
            "archived": archived(),
            "linked": linked(),
            "view": view(),
            "limit": { "type": ["integer", "null"], "minimum": 1, "maximum": MAX_GROUPS },
            "group_by": {
                "type": ["array", "null"],
                "maxItems": aggregate::MAX_KEYS,
                "items": { "anyOf": [{ "type": "string" }, key] },
            },
            "aggregates": {
                "type": ["array", "null"],
                "maxItems": aggregate::MAX_MEASURES,
                "items": { "anyOf": [{ "const": "count" }, measure] },
            },
            "sort": {
                "type": ["array", "null"],
                "maxItems": aggregate::MAX_SORT,
                "items": { "type": "string", "examples": ["-count"] },
            },
        },
        "additionalProperties": false,
    }))
}

/// The answer to an aggregation.
pub(crate) fn groups() -> Shape {
    Shape::Schema(json!({
        "type": "object",
        "required": ["data", "has_more", "as_of"],
        "properties": {
            "data": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["group", "values"],
                    "properties": {
                        "group": { "type": "object", "description": "What the records have in common, by path." },
                        "values": { "type": "object", "description": "The figures: count, sum(annual_revenue)." },
                    },
                },
            },
            "has_more": { "type": "boolean", "description": "Whether there are more groups than the limit." },
            "as_of": time(),
        },
    }))
}

pub(crate) fn timeline_parameters() -> Vec<Parameter> {
    vec![limit(timeline::MAX_LIMIT, timeline::LIMIT), cursor()]
}

fn page_of(schema: &Value) -> Shape {
    Shape::Schema(json!({
        "type": "object",
        "required": ["data", "page"],
        "properties": {
            "data": { "type": "array", "items": schema },
            "page": {
                "type": "object",
                "required": ["has_more", "next_cursor"],
                "properties": { "has_more": { "type": "boolean" }, "next_cursor": { "type": ["string", "null"] } },
            },
            "as_of": time(),
        },
    }))
}

pub(crate) fn timeline() -> Shape {
    page_of(&json!({
        "type": "object",
        "required": ["id", "at", "kind", "by", "title", "data"],
        "properties": {
            "id": text(),
            "at": time(),
            "kind": { "type": "string", "description": "What sort of thing happened: created, changed, linked." },
            "by": { "type": ["object", "null"], "properties": { "user": text(), "api_key": text() } },
            "title": { "type": "string", "description": "A line for people." },
            "data": { "type": "object", "description": "What else there is to know: changes with before and after, link, share." },
        },
    }))
}

pub(crate) fn search_parameters() -> Vec<Parameter> {
    vec![
        Parameter::new("q", "Words that begin words of the searched fields.", text()).required(),
        Parameter::new("objects", "Only in these objects: names in the singular, separated by commas.", text()),
        limit(search::MAX_LIMIT, search::LIMIT),
    ]
}

/// What was found in all objects.
pub(crate) fn hits() -> Shape {
    Shape::Schema(json!({
        "type": "object",
        "required": ["data", "has_more", "as_of"],
        "properties": {
            "data": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["object", "id", "title", "subtitle", "record"],
                    "properties": {
                        "object": text(),
                        "id": id(ANY_ID),
                        "title": text(),
                        "subtitle": { "type": ["string", "null"] },
                        "record": record_of_any(),
                    },
                },
            },
            "has_more": { "type": "boolean", "description": "Whether there is more than the limit." },
            "as_of": time(),
        },
    }))
}

/// A record that is about to be created, as far as it is known.
pub(crate) fn draft(of: Of) -> Shape {
    let example = match of {
        Of::BuiltIn("contact", _) => {
            json!({ "first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com" })
        }
        _ => json!({ "name": "Acme" }),
    };
    let name = record_schema_name(of.noun());
    Shape::Schema(json!({
        "type": "object",
        "description": format!("What is known of it so far, as in {name}Patch. A form may be half filled in: blanks say nothing."),
        "examples": [example],
    }))
}

fn reasons() -> Value {
    json!({
        "type": "array",
        "items": { "enum": ["email", "phone", "domain", "name_and_company", "name"] },
        "description": "What they have in common.",
    })
}

/// Who may be the same as one record.
pub(crate) fn candidates(of: Of) -> Shape {
    Shape::Schema(json!({
        "type": "object",
        "required": ["data", "as_of"],
        "properties": {
            "data": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["record", "reasons"],
                    "properties": { "record": record(of), "reasons": reasons() },
                },
            },
            "as_of": time(),
        },
    }))
}

pub(crate) fn duplicates_parameters() -> Vec<Parameter> {
    vec![limit(duplicates::MAX_LIMIT, duplicates::LIMIT), cursor()]
}

/// Groups of records that may be the same.
pub(crate) fn duplicates(of: Of) -> Shape {
    page_of(&json!({
        "type": "object",
        "required": ["reasons", "count", "records"],
        "properties": {
            "reasons": reasons(),
            "count": { "type": "integer", "minimum": 2, "description": "How many records the group has; not all are answered." },
            "records": { "type": "array", "maxItems": MAX_MEMBERS, "items": record(of) },
        },
    }))
}
