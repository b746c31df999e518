//! What is found wrong with fields, one flaw at a time.

use super::*;
use records::Definition;

/// A schema of definitions as they are stored.
fn schema(definitions: Value) -> Schema {
    let definitions = definitions.as_array().unwrap().iter().map(|definition| {
        let mut definition = definition.clone();
        definition["version"] = json!(1);
        definition["updated_at"] = json!("2026-01-01T00:00:00.000Z");
        Definition::read(definition.as_object().unwrap().clone()).unwrap()
    });
    Schema::of(definitions.collect())
}

fn companies(fields: Value) -> Schema {
    schema(json!([
        { "object": "company", "fields": fields },
        { "object": "x_invoice", "custom": { "plural": "x_invoices", "prefix": "x00" }, "fields": [
            { "name": "company", "type": "reference", "object": "company" },
            { "name": "net", "type": "money" },
            { "name": "paid", "type": "boolean" },
            { "name": "note", "type": "long_text" },
            { "name": "gross", "type": "formula", "expression": "custom.net * 1.19" },
        ] },
    ]))
}

/// What is wrong with the only field of the company's own in companies.
fn wrong(field: Value) -> Vec<String> {
    let schema = companies(json!([field]));
    let object = schema.object("company").unwrap();
    let field = object.live().find(|field| field.is_custom()).unwrap();
    flaws(&schema, object, field).into_iter().map(|flaw| format!("{} {}", flaw.member, flaw.code)).collect()
}

fn roll_up(more: Value) -> Value {
    let mut field =
        json!({ "name": "f", "type": "roll_up", "object": "x_invoice", "via": "custom.company", "function": "sum" });
    for (name, value) in more.as_object().unwrap() {
        field[name] = value.clone();
    }
    field
}

#[test]
fn a_roll_up_needs_a_reference_back_and_something_to_add_up() {
    for sound in [
        json!({ "field": "custom.net" }),
        json!({ "field": "custom.gross" }),
        json!({ "function": "count" }),
        json!({ "function": "count", "only": [{ "field": "custom.paid", "equals": true }, { "field": "name", "equals": "A" }] }),
        json!({ "function": "max", "field": "custom.net" }),
    ] {
        assert_eq!(wrong(roll_up(sound.clone())), Vec::<String>::new(), "{sound}");
    }
    for (unsound, expected) in [
        (json!({ "object": "x_bill" }), "object unknown_object"),
        (json!({ "function": "count", "via": "custom.net" }), "via unknown_field"),
        (json!({ "function": "count", "object": "contact", "via": "owner_id" }), "via unknown_field"),
        (json!({}), "field required"),
        (json!({ "function": "count", "field": "custom.net" }), "field not_for_count"),
        (json!({ "field": "custom.note" }), "field wrong_type"),
        (json!({ "function": "min", "field": "custom.paid" }), "field wrong_type"),
        (json!({ "field": "custom.net", "only": [{ "field": "custom.net", "equals": 5 }] }), "only bad_condition"),
        (json!({ "field": "custom.net", "only": [{ "field": "custom.paid", "equals": "yes" }] }), "only bad_condition"),
        (json!({ "field": "custom.net", "only": [{ "field": "custom.gross", "equals": 1 }] }), "only bad_condition"),
    ] {
        assert_eq!(wrong(roll_up(unsound.clone())), [expected], "{unsound}");
    }
}

#[test]
fn what_contradicts_itself_is_found() {
    for (field, expected) in [
        (json!({ "type": "boolean", "unique": true }), "unique cannot_be_unique"),
        (json!({ "type": "text", "unique": true, "default": "a" }), "default not_unique"),
        (json!({ "type": "formula", "expression": "1", "required": true }), "required read_only"),
        (json!({ "type": "formula", "expression": "1", "default": 1 }), "default read_only"),
        (json!({ "type": "number", "searched": true }), "searched cannot_be_searched"),
        (json!({ "type": "number", "default": "x" }), "default wrong_type"),
        (
            json!({ "type": "select", "options": [{ "value": "a", "archived": true }], "default": "a" }),
            "default unknown_option",
        ),
        (json!({ "type": "reference", "object": "x_bill" }), "object unknown_object"),
        (json!({ "type": "reference", "object": "contact", "acyclic": true }), "acyclic not_acyclic"),
        (
            json!({ "type": "reference", "object": "contact", "default": format!("com_{}", "0".repeat(32)) }),
            "default not_an_id",
        ),
        (json!({ "type": "text", "section": "money" }), "section unknown_section"),
        (json!({ "type": "formula", "expression": "custom.f + 1" }), "expression cycle"),
        (json!({ "type": "formula", "expression": "custom.nick + 1" }), "expression unknown_field"),
        (json!({ "type": "formula", "expression": "name + 1" }), "expression wrong_type"),
        (json!({ "type": "formula", "expression": "1 +" }), "expression unexpected_end"),
    ] {
        let mut field = field;
        field["name"] = json!("f");
        assert_eq!(wrong(field.clone()), [expected], "{field}");
    }
}

fn formula(name: &str, expression: &str) -> Value {
    json!({ "name": name, "type": "formula", "expression": expression })
}

#[test]
fn formulas_that_use_each_other_are_cycles_and_others_are_none() {
    let round =
        companies(json!([formula("a", "custom.b + 1"), formula("b", "custom.c + 1"), formula("c", "custom.a")]));
    let found: Vec<_> = flawed(&round).map(|(path, flaw)| (path, flaw.code)).collect();
    let expected = ["a", "b", "c"].map(|name| (format!("company.custom.{name}"), "cycle"));
    assert_eq!(found, expected);
    let shared = companies(json!([formula("a", "custom.c"), formula("b", "custom.a + custom.c"), formula("c", "1")]));
    assert_eq!(flawed(&shared).count(), 0);
}

fn refusal(before: &Schema, after: &Schema, path: Option<&str>) -> String {
    format!("{:?}", check(before, after, About { object: "company", path }).unwrap_err())
}

#[test]
fn a_change_that_breaks_another_field_says_which() {
    let with = |kind: Value| companies(json!([kind, formula("double", "custom.size * 2")]));
    let before = with(json!({ "name": "size", "type": "number" }));
    let text = with(json!({ "name": "size", "type": "text" }));
    let archived = with(json!({ "name": "size", "type": "number", "archived": true }));
    for after in [&text, &archived] {
        let told = refusal(&before, after, Some("custom.size"));
        assert!(told.contains("in_use") && told.contains("company.custom.double"), "{told}");
    }
    let bounded = with(json!({ "name": "size", "type": "number", "max": 5.0 }));
    assert!(check(&before, &bounded, About { object: "company", path: Some("custom.size") }).is_ok());
    // What was broken before is no reason to refuse something else.
    assert!(check(&text, &text, About { object: "company", path: Some("custom.size") }).is_ok());
    let told = refusal(&before, &text, Some("custom.double"));
    assert!(told.contains("wrong_type") && !told.contains("in_use"), "{told}");
}

#[test]
fn every_built_in_field_is_sound() {
    assert_eq!(flawed(&Schema::built_in()).collect::<Vec<_>>(), []);
}
