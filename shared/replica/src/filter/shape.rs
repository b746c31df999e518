//! What a filter looks like as JSON, for the documents of the API.

use serde_json::{Value, json};

use super::{Filter, MAX_CONDITIONS, Op};

impl Filter {
    /// Its JSON schema, which refers to itself by its title.
    #[must_use]
    pub fn schema() -> Value {
        let part = json!({ "$ref": "#/components/schemas/Filter" });
        let parts =
            |help: &str| json!({ "type": "array", "maxItems": MAX_CONDITIONS, "items": part, "description": help });
        let mut not = part.clone();
        not["description"] = json!("None of these.");
        json!({
            "title": "Filter",
            "type": "object",
            "description": "Either all of some filters, one of some, or none of one; or a condition: field, op and value.",
            "examples": [{ "field": "created_at", "op": "gte", "value": "2026-01-01T00:00:00.000Z" }],
            "properties": {
                "and": parts("All of these."),
                "or": parts("At least one of these."),
                "not": not,
                "field": { "type": "string", "description": "The path of a field: city, custom.tier, company.city." },
                "op": { "enum": Op::ALL.map(Op::as_str), "description": "How to compare; eq if nothing is said." },
                "value": {
                    "description": "What to compare with: a list for in and not_in, two values for between, true or false for is_null.",
                },
            },
            "additionalProperties": false,
        })
    }
}
