//! The fields that a company has made of its own: twelve of contacts and twelve of companies, of every type.

use serde_json::{Value, json};

/// Words to choose from.
pub(crate) const TIERS: [&str; 4] = ["gold", "silver", "bronze", "none"];
pub(crate) const INTERESTS: [&str; 8] =
    ["price", "support", "api", "mobile", "reports", "security", "import", "training"];
pub(crate) const SEGMENTS: [&str; 3] = ["enterprise", "midmarket", "small"];
pub(crate) const REGIONS: [&str; 5] = ["north", "east", "south", "west", "overseas"];

/// Of contacts.
pub(crate) fn of_contacts() -> Vec<Value> {
    vec![
        json!({ "name": "nickname", "type": "text", "max": 100, "searched": true }),
        json!({ "name": "notes", "type": "long_text" }),
        json!({ "name": "score", "type": "number", "decimals": 2 }),
        json!({ "name": "spend", "type": "money" }),
        json!({ "name": "renewal", "type": "date" }),
        json!({ "name": "last_seen", "type": "datetime" }),
        json!({ "name": "newsletter", "type": "boolean" }),
        json!({ "name": "tier", "type": "select", "options": TIERS }),
        json!({ "name": "interests", "type": "multi_select", "options": INTERESTS }),
        json!({ "name": "profile", "type": "url" }),
        json!({ "name": "partner", "type": "reference", "object": "company" }),
        json!({ "name": "weight", "type": "formula", "expression": "custom.score * if(custom.newsletter, 1.5, 1)" }),
    ]
}

/// Of companies. What counts their contacts needs [`of_contacts`] to be there.
pub(crate) fn of_companies() -> Vec<Value> {
    vec![
        json!({ "name": "code", "type": "text", "max": 20 }),
        json!({ "name": "seats", "type": "number" }),
        json!({ "name": "contract", "type": "money" }),
        json!({ "name": "signed", "type": "date" }),
        json!({ "name": "reviewed", "type": "datetime" }),
        json!({ "name": "key_account", "type": "boolean" }),
        json!({ "name": "segment", "type": "select", "options": SEGMENTS }),
        json!({ "name": "regions", "type": "multi_select", "options": REGIONS }),
        json!({ "name": "billing_email", "type": "email" }),
        json!({ "name": "per_seat", "type": "formula", "expression": "custom.contract / custom.seats" }),
        json!({ "name": "people", "type": "roll_up", "object": "contact", "via": "company_id", "function": "count" }),
        json!({
            "name": "spent", "type": "roll_up", "object": "contact", "via": "company_id", "function": "sum",
            "field": "custom.spend",
        }),
    ]
}
