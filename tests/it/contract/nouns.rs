//! The objects that have the routes of records, and what their records are made of in tests that go over all of them.

use serde_json::{Value, json};

/// An object with an example of everything.
pub(crate) struct Noun {
    /// What operation ids call one.
    pub(crate) id: &'static str,
    /// In paths.
    pub(crate) plural: &'static str,
    pub(crate) new: Value,
    pub(crate) patch: Value,
    /// A unique field and a value, as in a path, if there is one, and what else an upsert by it needs.
    pub(crate) by: Option<&'static str>,
    pub(crate) upsert: Value,
}

/// An object of the company's own, whose records are examples of all such.
pub(crate) fn own_object() -> [(&'static str, Value); 2] {
    let number = json!({ "name": "number", "type": "text", "unique": true });
    [
        ("/v1/schema/objects", json!({ "name": "x_thing", "plural": "x_things", "label": "Thing" })),
        ("/v1/schema/objects/x_thing/fields", number),
    ]
}

/// Every object with routes of its own.
pub(crate) fn nouns() -> Vec<Noun> {
    let noun = |id, plural, by, new, patch, upsert| Noun { id, plural, new, patch, by, upsert };
    vec![
        noun(
            "contact",
            "contacts",
            Some("email/someone@example.com"),
            json!({ "first_name": "Grace", "email": "grace@example.com" }),
            json!({ "city": "Berlin" }),
            json!({ "city": "Oslo" }),
        ),
        noun(
            "company",
            "companies",
            Some("domain/apex.example"),
            json!({ "name": "Acme", "domain": "acme.example" }),
            json!({ "city": "Berlin" }),
            json!({ "name": "Apex" }),
        ),
        noun(
            "user",
            "users",
            Some("email/someone@example.com"),
            json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" }),
            json!({ "role": "viewer" }),
            json!({ "name": "Someone", "role": "rep" }),
        ),
        noun("team", "teams", Some("name/West"), json!({ "name": "North" }), json!({ "name": "East" }), json!({})),
        noun(
            "view",
            "views",
            None,
            json!({ "name": "Berlin", "of": "contact", "query": { "filter": { "field": "city", "op": "eq", "value": "Berlin" } } }),
            json!({ "columns": ["first_name", "company.name"] }),
            json!({}),
        ),
        noun(
            "custom_record",
            "x_things",
            Some("custom.number/2"),
            json!({ "name": "First", "custom": { "number": "1" } }),
            json!({ "custom": { "number": "3" } }),
            json!({ "name": "Second" }),
        ),
    ]
}

/// An object whose records are linked, shared, merged and written in batches, with an example that nothing else is like.
pub(crate) struct Sociable {
    /// What operation ids call one, and several.
    pub(crate) id: &'static str,
    pub(crate) ids: &'static str,
    /// In paths of what it is linked with, and of its own records.
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) new: Value,
}

/// Every such object.
pub(crate) fn sociables() -> [Sociable; 3] {
    let sociable = |id, ids, kind, plural, new| Sociable { id, ids, kind, plural, new };
    [
        sociable("contact", "contacts", "contact", "contacts", json!({ "first_name": "Alan", "city": "London" })),
        sociable("company", "companies", "company", "companies", json!({ "name": "Bletchley" })),
        sociable("custom_record", "custom_records", "x_thing", "x_things", json!({ "name": "Colossus" })),
    ]
}
