//! Wrong values for every field of every type: when a record is made, changed, and found by a unique value.

use serde_json::{Value, json};

use super::case::Case;
use super::scene::Scene;

/// Values that fields of a type have to refuse. `$user` and `$contact` stand for ids of another workspace.
fn wrong_values(kind: &str) -> Vec<Value> {
    let families = [wrong_texts, wrong_numbers_and_times, wrong_choices, wrong_ids_and_results];
    let found = families.iter().find_map(|family| family(kind));
    found.unwrap_or_else(|| panic!("no wrong values are known for the type {kind}"))
}

/// Texts of any kind.
fn wrong_texts(kind: &str) -> Option<Vec<Value>> {
    let long = |length: usize| "x".repeat(length);
    let values = match kind {
        "text" => vec![
            json!(1),
            json!(true),
            json!([]),
            json!({}),
            json!("a\u{0}b"),
            json!("a\nb"),
            json!("a\u{202e}b"),
            json!(long(1001)),
        ],
        "long_text" => vec![json!(0.5), json!(["a"]), json!("a\u{7}b"), json!("a\u{2028}b"), json!(long(20_001))],
        "email" => vec![
            json!(1),
            json!("ada"),
            json!("a b@example.com"),
            json!("ada@example"),
            json!("a\u{200b}@example.com"),
            json!("\"a\"@x.com"),
            json!(long(250) + "@example.com"),
        ],
        "phone" => vec![
            json!(4_930_901_820_i64),
            json!("12"),
            json!("+49 30 call me"),
            json!("+"),
            json!("+1234567890123456"),
            json!("+49٣٠٩٠١٨٢٠"),
        ],
        "url" => vec![
            json!(1),
            json!("javascript:alert(1)"),
            json!("data:text/html,x"),
            json!("https://u:p@example.com"),
            json!("example.com"),
            json!("http://"),
            json!(format!("https://example.com/{}", long(2100))),
        ],
        "domain" => vec![
            json!(1),
            json!("localhost"),
            json!("exa mple.com"),
            json!("-x.com"),
            json!("127.0.0.1"),
            json!("ftp://example.com"),
        ],
        _ => return None,
    };
    Some(values)
}

/// Numbers, money and times.
fn wrong_numbers_and_times(kind: &str) -> Option<Vec<Value>> {
    let values = match kind {
        "number" => vec![
            json!("12"),
            json!("NaN"),
            json!("Infinity"),
            json!(true),
            json!([1]),
            json!({}),
            json!(1e300),
            json!(-1e14),
            json!(u64::MAX),
        ],
        "money" => vec![
            json!(12),
            json!("12 USD"),
            json!({ "amount": 1 }),
            json!({ "currency": "USD" }),
            json!({ "amount": "1", "currency": "USD" }),
            json!({ "amount": 1.5, "currency": "USD" }),
            json!({ "amount": 1, "currency": "usd" }),
            json!({ "amount": 1, "currency": "XQX" }),
            json!({ "amount": 1, "currency": "USD", "rate": 1 }),
            json!({ "amount": 1e30, "currency": "USD" }),
            json!({ "amount": 9_007_199_254_740_993_i64, "currency": "USD" }),
        ],
        "date" => vec![
            json!(20_260_101),
            json!("2026-02-30"),
            json!("2026-13-01"),
            json!("2026-1-1"),
            json!("yesterday"),
            json!("2026-01-01T00:00:00Z"),
            json!("99999-01-01"),
            json!("-001-01-01"),
        ],
        "datetime" => vec![
            json!(0),
            json!("now"),
            json!("2026-01-01"),
            json!("2026-01-01T25:00:00Z"),
            json!("2026-01-01T00:00:00"),
            json!("99999-01-01T00:00:00Z"),
        ],
        _ => return None,
    };
    Some(values)
}

/// Choices among values that are known.
fn wrong_choices(kind: &str) -> Option<Vec<Value>> {
    let long = |length: usize| "x".repeat(length);
    let values = match kind {
        "boolean" => vec![json!(0), json!(1), json!("true"), json!([]), json!({})],
        "select" => vec![
            json!("platinum"),
            json!(1),
            json!(["gold"]),
            json!({ "value": "gold" }),
            json!("GOLD"),
            json!("gold\u{0}"),
        ],
        "multi_select" => {
            vec![json!("mail"), json!(["fax"]), json!([1]), json!([["mail"]]), json!({}), json!(vec!["mail"; 51])]
        }
        "tags" => vec![
            json!("a"),
            json!([1]),
            json!([["a"]]),
            json!({}),
            json!(vec!["a"; 51]),
            json!([long(101)]),
            json!(["a\u{0}"]),
        ],
        _ => return None,
    };
    Some(values)
}

/// What stands for something else, and what nobody writes.
fn wrong_ids_and_results(kind: &str) -> Option<Vec<Value>> {
    let long = |length: usize| "x".repeat(length);
    let values = match kind {
        "user" => vec![
            json!(1),
            json!("usr_1"),
            json!("me"),
            json!("$contact"),
            json!("$user"),
            json!(format!("usr_{}", "0".repeat(32))),
        ],
        "reference" => vec![
            json!(1),
            json!("com_1"),
            json!("$user"),
            json!("$company"),
            json!(format!("com_{}", "0".repeat(32))),
            json!(["com_1"]),
        ],
        "formula" | "roll_up" => vec![json!(1), json!("x"), json!({ "amount": 1, "currency": "USD" }), json!([])],
        "external_id" => vec![
            json!("hubspot:42"),
            json!({ "source": "hubspot" }),
            json!({ "key": "42" }),
            json!({ "source": "Hub Spot", "key": "42" }),
            json!({ "source": "hubspot", "key": 42 }),
            json!({ "source": "hubspot", "key": "42", "x": 1 }),
            json!({ "source": "hubspot", "key": long(201) }),
        ],
        _ => return None,
    };
    Some(values)
}

/// Lists of small things that have to be refused.
fn wrong_items() -> Vec<(&'static str, Value)> {
    let emails =
        |many: usize| (0..many).map(|number| json!({ "email": format!("e{number}@example.com") })).collect::<Vec<_>>();
    vec![
        ("emails", json!("ada@example.com")),
        ("emails", json!(["ada@example.com"])),
        ("emails", json!([{}])),
        ("emails", json!([{ "email": "ada" }])),
        ("emails", json!([{ "email": "ada@example.com", "nick": 1 }])),
        ("emails", json!([[{ "email": "ada@example.com" }]])),
        ("emails", json!({ "0": { "email": "ada@example.com" } })),
        ("emails", json!(emails(21))),
        ("phones", json!([{ "phone": 1 }])),
        ("addresses", json!([{ "street": ["x"] }])),
        ("addresses", json!([1])),
        ("social_links", json!([{ "network": "x", "url": "javascript:alert(1)" }])),
        ("former_jobs", json!([{ "until": "soon" }])),
        ("former_jobs", json!([{ "company_id": "$company" }])),
    ]
}

/// What nobody but Rapport sets.
const READ_ONLY: [(&str, &str); 10] = [
    ("id", "\"con_0\""),
    ("object", "\"user\""),
    ("version", "7"),
    ("created_at", "\"2020-01-01T00:00:00.000Z\""),
    ("created_by", "\"usr_0\""),
    ("updated_at", "null"),
    ("updated_by", "null"),
    ("archived_at", "\"2020-01-01T00:00:00.000Z\""),
    ("merged_into", "\"con_0\""),
    ("schema", "1"),
];

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = Vec::new();
    let (all, one) = ("/v1/contacts", format!("/v1/contacts/{}", scene.contact));
    for (path, kind) in scene.fields() {
        let pointer = format!("/{}", path.replace('.', "/"));
        for value in wrong_values(kind) {
            let value = scene.named(&value);
            // A reference of another object is as wrong as one of another workspace.
            let body = nested(&path, &value);
            let mut made = body.clone();
            made["first_name"] = json!("Eve");
            if path == "first_name" {
                made = body.clone();
            }
            cases.push(Case::post("a field's value", all, made).at(&pointer));
            cases.push(Case::patch("a field's value", &one, body).at(&pointer));
        }
    }
    for (name, value) in wrong_items() {
        let body = json!({ "first_name": "Eve", name: scene.named(&value) });
        cases.push(Case::post("a list's items", all, body).at(format!("/{name}")));
    }
    for (name, value) in READ_ONLY {
        let value: Value = serde_json::from_str(value).unwrap();
        cases.push(Case::patch("what Rapport sets", &one, json!({ name: value })).at(format!("/{name}")));
    }
    cases.extend(unknown_names(all, &one));
    cases.extend(unique_values(scene));
    cases.push(Case::post("nothing known", all, json!({ "city": "Berlin" })).refused(422));
    cases.push(Case::post("a company without a name", "/v1/companies", json!({ "city": "Berlin" })).at("/name"));
    cases.push(Case::post("a record without a name", "/v1/x_projects", json!({})).at("/name"));
    cases
}

/// A body with one value at a path.
fn nested(path: &str, value: &Value) -> Value {
    match path.split_once('.') {
        Some((group, name)) => json!({ group: { name: value } }),
        None => json!({ path: value }),
    }
}

/// Members that no object has, among them what other languages would take for something.
fn unknown_names(all: &'static str, one: &str) -> Vec<Case> {
    let names = [
        "",
        " ",
        "nick",
        "custom.tier",
        "__proto__",
        "constructor",
        "$where",
        "first_name'--",
        "first_name\"",
        "FIRST_NAME",
        "first_name\u{0}",
        "city/../id",
        "~",
        "pk",
        "sk",
        "gsi1pk",
        "item",
        "doc",
        "rowid",
        "f_city",
        "expires_at",
    ];
    let mut cases = Vec::new();
    for name in names {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let body = json!({ "first_name": "Eve", name: "x" });
        cases.push(Case::post("an unknown member", all, body).at(&pointer));
        let custom = json!({ "custom": { name: "x" } });
        cases.push(Case::patch("an unknown custom field", one, custom).at(format!("/custom{pointer}")));
    }
    for custom in [json!([]), json!("x"), json!(1), json!({ "tier": { "gold": true } }), json!({ "custom": {} })] {
        cases.push(Case::patch("custom that is none", one, json!({ "custom": custom })).at("/custom"));
    }
    cases
}

/// Upserts by what is not unique, or by a value that could not be.
fn unique_values(scene: &Scene) -> Vec<Case> {
    let body = json!({ "first_name": "Eve" });
    let by = |field: &str, value: &str| format!("/v1/contacts/by/{field}/{value}");
    let mut cases: Vec<Case> =
        ["city", "custom.tier", "id", "nick", "%00", "emails", "email%27%20OR%201=1--", "custom", "__proto__"]
            .into_iter()
            .map(|field| {
                Case::put("a field that is not unique", by(field, "x"), body.clone()).refused_by(&[400, 404, 422])
            })
            .collect();
    for value in ["ada", "%00", "a%40b", "%27%20OR%20%271%27=%271", "%F0%9F%92%A3"] {
        cases.push(Case::put("a value that is none", by("email", value), body.clone()).refused_by(&[400, 404, 422]));
    }
    for value in ["hubspot", ":42", "hubspot:", "Hub%20Spot:42"] {
        let case = Case::put("a value that is none", by("external_id", value), body.clone());
        cases.push(case.refused_by(&[400, 404, 422]));
    }
    let taken = json!({ "first_name": "Eve", "email": scene.email });
    cases.push(Case::post("a value that is taken", "/v1/contacts", taken.clone()).refused(409).code("conflict"));
    let other = json!({ "email": "else@example.com" });
    cases.push(Case::put("another value than the path's", by("email", &scene.email), other).refused_by(&[409, 422]));
    cases
}
