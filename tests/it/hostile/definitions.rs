//! Definitions that must not be: names that mean something else, formulas that would never end, roll-ups of roll-ups, options
//! without end, and Rapport's own fields bent.

use serde_json::{Value, json};

use super::case::Case;
use super::scene::Scene;

const FIELDS: &str = "/v1/schema/objects/contact/fields";

/// Names that no field or object may have.
const NAMES: [&str; 31] = [
    "",
    " ",
    "Budget",
    "1budget",
    "_budget",
    "budget_",
    "net__sum",
    "net-sum",
    "net.sum",
    "net sum",
    "bügdet",
    "budget\u{0}",
    "select",
    "from;",
    "\"budget\"",
    "`budget`",
    "budget'",
    "a/b",
    "../budget",
    "$budget",
    "%00",
    "\u{202e}tegdub",
    "id",
    "object",
    "version",
    "created_at",
    "owner_id",
    "archived_at",
    "custom",
    "eq",
    "is_null",
];

/// Expressions that cannot be read, or do not fit.
const EXPRESSIONS: [&str; 35] = [
    "",
    " ",
    "1 +",
    "+",
    "(1",
    "1)",
    "1 2",
    "custom.nick",
    "custom.double2 +",
    "first_name + 1",
    "1 + true",
    "nothing(1)",
    "if(1, 2, 3)",
    "if(true, 1, \"x\")",
    "first_name > 1",
    "\"unfinished",
    "'unfinished",
    "1 = \"1\"",
    "tags",
    "emails",
    "company_id",
    "company.name",
    "custom.partner.name",
    "$x",
    "first_name; drop table",
    "first_name -- x",
    "/* x */ 1",
    "system(\"ls\")",
    "now()",
    "random()",
    "\u{0}",
    "1e999",
    "0x10",
    "custom.total + 1",
    "custom.people",
];

pub(super) fn cases(scene: &Scene) -> Vec<Case> {
    let mut cases = names();
    cases.extend(types());
    cases.extend(formulas());
    cases.extend(roll_ups());
    cases.extend(changes(scene));
    cases.extend(objects());
    cases
}

fn names() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in NAMES {
        // A word of SQL is a name like any other: columns have names of their own.
        if name != "select" {
            let field = json!({ "name": name, "type": "text" });
            cases.push(Case::post("a field's name", FIELDS, field).at("/name"));
        }
        let object = json!({ "name": name, "plural": "x_others" });
        cases.push(Case::post("an object's name", "/v1/schema/objects", object).at("/name"));
        let object = json!({ "name": "x_other", "plural": name });
        cases.push(Case::post("an object's name", "/v1/schema/objects", object).at("/plural"));
    }
    for name in [
        json!(1),
        json!(null),
        json!(["budget"]),
        json!({}),
        json!("x".repeat(41)),
        json!("tier"),
        json!("x".repeat(100_000)),
    ] {
        cases.push(Case::post("a field's name", FIELDS, json!({ "name": name, "type": "text" })).at("/name"));
    }
    for name in ["contact", "project", "x_", "x__a", "X_a", "x_project", "x_a.b", &format!("x_{}", "a".repeat(60))] {
        let object = json!({ "name": name, "plural": "x_others" });
        cases.push(Case::post("an object's name", "/v1/schema/objects", object).at("/name"));
    }
    cases
}

fn types() -> Vec<Case> {
    let field = |more: Value| {
        let mut field = json!({ "name": "budget" });
        for (name, value) in more.as_object().unwrap() {
            field[name] = value.clone();
        }
        field
    };
    let many: Vec<String> = (0..501).map(|number| format!("o{number}")).collect();
    [
        (json!({}), "/type"),
        (json!({ "type": "blob" }), "/type"),
        (json!({ "type": "items" }), "/type"),
        (json!({ "type": "json" }), "/type"),
        (json!({ "type": "external_id" }), "/type"),
        (json!({ "type": ["text"] }), "/type"),
        (json!({ "type": "text", "max": 0 }), "/max"),
        (json!({ "type": "text", "max": 1e9 }), "/max"),
        (json!({ "type": "text", "max": "10" }), "/max"),
        (json!({ "type": "text", "nick": 1 }), "/nick"),
        (json!({ "type": "text", "path": "id" }), "/path"),
        (json!({ "type": "text", "expression": "1" }), "/expression"),
        (json!({ "type": "text", "required": "yes" }), "/required"),
        (json!({ "type": "text", "unique": 1 }), "/unique"),
        (json!({ "type": "text", "label": "x".repeat(101) }), "/label"),
        (json!({ "type": "text", "label": "a\u{0}" }), "/label"),
        (json!({ "type": "text", "help": "x".repeat(10_000) }), "/help"),
        (json!({ "type": "text", "section": "nowhere" }), "/section"),
        (json!({ "type": "text", "default": 7 }), "/default"),
        (json!({ "type": "text", "default": "a", "unique": true }), "/default"),
        (json!({ "type": "boolean", "unique": true }), "/unique"),
        (json!({ "type": "money", "searched": true }), "/searched"),
        (json!({ "type": "number", "decimals": -1 }), "/decimals"),
        (json!({ "type": "number", "decimals": 400 }), "/decimals"),
        (json!({ "type": "number", "decimals": 1.5, "min": "x" }), "/min"),
        (json!({ "type": "number", "min": 2, "max": 1 }), "/min"),
        (json!({ "type": "number", "min": 1e300 }), "/min"),
        (json!({ "type": "number", "default": "NaN" }), "/default"),
        (json!({ "type": "select" }), "/options"),
        (json!({ "type": "select", "options": [] }), "/options"),
        (json!({ "type": "select", "options": "gold" }), "/options"),
        (json!({ "type": "select", "options": [1] }), "/options"),
        (json!({ "type": "select", "options": ["gold", "GOLD"] }), "/options"),
        (json!({ "type": "select", "options": [{ "value": "gold", "nick": 1 }] }), "/options"),
        (json!({ "type": "select", "options": [{ "value": "\u{0}" }] }), "/options"),
        (json!({ "type": "select", "options": ["x".repeat(101)] }), "/options"),
        (json!({ "type": "select", "options": many }), "/options"),
        (json!({ "type": "select", "options": ["gold"], "default": "tin" }), "/default"),
        (json!({ "type": "reference" }), "/object"),
        (json!({ "type": "reference", "object": "x_nothing" }), "/object"),
        (json!({ "type": "reference", "object": "contact'--" }), "/object"),
        (json!({ "type": "reference", "object": "company", "acyclic": true }), "/acyclic"),
        (json!({ "type": "reference", "object": "company", "default": "com_1" }), "/default"),
        (json!({ "type": "datetime", "default": "now" }), "/default"),
    ]
    .into_iter()
    .map(|(more, pointer)| Case::post("a field's type", FIELDS, field(more)).at(pointer))
    .collect()
}

/// Formulas that cannot be read, do not fit, would take for ever, or have a value of their own.
fn formulas() -> Vec<Case> {
    let nested = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let bombs = [
        nested("(", ")", 60),
        nested("(", ")", 900),
        nested("abs(", ")", 100),
        nested("if(true,", ",0)", 60),
        nested("not ", "", 300),
        nested("-", "", 900),
        vec!["1"; 600].join("+"),
        vec!["custom.score"; 300].join("*"),
        format!("concat({})", vec!["first_name"; 600].join(",")),
        format!("\"{}\"", "x".repeat(3000)),
        "9".repeat(1999),
        "x".repeat(100_000),
    ];
    let field = |expression: &str| json!({ "name": "total", "type": "formula", "expression": expression });
    let mut cases: Vec<Case> =
        EXPRESSIONS.iter().map(|wrong| Case::post("a formula", FIELDS, field(wrong)).at("/expression")).collect();
    cases.extend(bombs.iter().map(|bomb| Case::post("a formula bomb", FIELDS, field(bomb)).at("/expression")));
    for expression in [json!(1), json!(["1"]), json!({}), json!(null), json!(true)] {
        let field = json!({ "name": "total", "type": "formula", "expression": expression });
        cases.push(Case::post("a formula", FIELDS, field).at("/expression"));
    }
    let cycle = json!({ "expression": "custom.double + 1" });
    cases.push(Case::patch("a formula of itself", format!("{FIELDS}/double"), cycle).at("/expression"));
    for more in [json!({ "required": true }), json!({ "default": 1 }), json!({ "unique": true })] {
        let mut field = field("1");
        for (name, value) in more.as_object().unwrap() {
            field[name] = value.clone();
        }
        cases.push(Case::post("a formula with a value of its own", FIELDS, field).refused(422));
    }
    cases
}

fn roll_ups() -> Vec<Case> {
    let fields = "/v1/schema/objects/company/fields";
    let roll_up = |more: Value| {
        let mut field =
            json!({ "name": "total", "type": "roll_up", "object": "contact", "via": "company_id", "function": "sum" });
        for (name, value) in more.as_object().unwrap() {
            field[name] = value.clone();
        }
        field
    };
    let condition =
        |field: &str, equals: Value| json!({ "field": "custom.score", "only": [{ "field": field, "equals": equals }] });
    [
        (json!({ "object": "x_nothing" }), "/object"),
        (json!({ "object": "user" }), "/via"),
        (json!({ "via": "owner_id" }), "/via"),
        (json!({ "via": "city" }), "/via"),
        (json!({ "via": "custom.nick" }), "/via"),
        (json!({ "via": "company_id; --" }), "/via"),
        (json!({ "via": 1 }), "/via"),
        (json!({ "function": "median" }), "/function"),
        (json!({ "function": "sum(" }), "/function"),
        (json!({}), "/field"),
        (json!({ "field": "custom.nick" }), "/field"),
        (json!({ "field": "first_name" }), "/field"),
        (json!({ "function": "count", "field": "custom.score" }), "/field"),
        (json!({ "function": "max", "field": "custom.yes" }), "/field"),
        (condition("custom.nick", json!(1)), "/only"),
        (condition("custom.score", json!("1")), "/only"),
        (condition("custom.fee", json!(1)), "/only"),
        (condition("custom.double", json!(1)), "/only"),
        (condition("custom.tier", json!("tin")), "/only"),
        (condition("city", json!({ "$ne": 1 })), "/only"),
        (json!({ "field": "custom.score", "only": "paid" }), "/only"),
        (
            json!({ "field": "custom.score", "only": vec![json!({ "field": "custom.yes", "equals": true }); 6] }),
            "/only",
        ),
        // A roll-up over roll-ups would have to be computed in an order, and could go round.
        (json!({ "object": "company", "via": "parent_id", "field": "custom.people" }), "/field"),
        (json!({ "object": "company", "via": "parent_id", "field": "custom.total" }), "/field"),
    ]
    .into_iter()
    .map(|(more, pointer)| Case::post("a roll-up", fields, roll_up(more)).at(pointer))
    .chain([Case::post(
        "a formula of a roll-up",
        fields,
        json!({ "name": "x", "type": "formula", "expression": "custom.people * 2" }),
    )
    .at("/expression")])
    .collect()
}

/// Changes of what is there.
fn changes(scene: &Scene) -> Vec<Case> {
    let tier = format!("{FIELDS}/tier");
    let change = |path: &str, body: Value| Case::patch("a change of a field", path, body);
    let mut cases = vec![
        change(&tier, json!({ "name": "level" })).at("/name"),
        change(&tier, json!({ "options": [] })).at("/options"),
        change(
            &tier,
            json!({ "options": [{ "value": "gold", "archived": true }, { "value": "silver", "archived": true }] }),
        )
        .at("/options"),
        change(&tier, json!({ "options": ["silver"], "replace_with": { "gold": "tin" } })).at("/replace_with"),
        change(&tier, json!({ "options": ["silver"], "replace_with": { "lead": "silver" } })).at("/replace_with"),
        change(&tier, json!({ "replace_with": { "gold": "silver" } })).at("/replace_with"),
        change(&tier, json!({ "replace_with": ["gold"] })).at("/replace_with"),
        change(&tier, json!({ "type": "items" })).at("/type"),
        change(&tier, json!({ "unique": true })).at("/unique"),
        change(&tier, json!({ "archived": true })).at("/archived"),
        // A contact has gold, which is no number: it would be lost.
        change(&tier, json!({ "type": "number" })).refused_by(&[409, 422]),
        // A formula counts on this being a number.
        change(&format!("{FIELDS}/score"), json!({ "type": "text" })).refused(409).code("in_use"),
        Case::delete("a change of a field", format!("{FIELDS}/score")).refused(409).code("in_use"),
        change(&format!("{FIELDS}/email"), json!({ "type": "text" })).at("/type"),
        change(&format!("{FIELDS}/email"), json!({ "unique": false })).at("/unique"),
        Case::delete("a change of a field", format!("{FIELDS}/email")).refused(409).code("built_in"),
        change("/v1/schema/objects/company/fields/name", json!({ "required": false })).at("/required"),
        change(&format!("{FIELDS}/nick"), json!({ "label": "x" })).refused(404),
        change(&format!("{FIELDS}/%27%20OR%201=1"), json!({ "label": "x" })).refused(404),
        Case::post("a change of a field", format!("{FIELDS}/nick/restore"), json!({})).refused(404),
    ];
    for query in ["accept_loss=yes", "accept_loss=", "accept_lss=true", "validate=maybe"] {
        cases.push(change(&format!("{tier}?{query}"), json!({ "label": "Tier" })).refused(422));
    }
    let stale = change(&tier, json!({ "label": "Tier" })).header("if-match", "\"0\"");
    cases.push(stale.refused(412));
    let order: Vec<&str> = vec!["city"; 2000];
    let object = "/v1/schema/objects/contact";
    cases.extend([
        change(object, json!({ "order": order })).at("/order"),
        change(object, json!({ "order": ["nick"] })).at("/order"),
        change(object, json!({ "order": "city" })).at("/order"),
        change(object, json!({ "sections": [{ "name": "A B", "label": "x" }] })).at("/sections"),
        change(object, json!({ "sections": [{ "name": "a", "label": "x" }, { "name": "a", "label": "y" }] }))
            .at("/sections"),
        change(object, json!({ "private": "yes" })).at("/private"),
        change(object, json!({ "plural": "x_people" })).at("/plural"),
        change(object, json!({ "prefix": "usr" })).at("/prefix"),
        change(object, json!({ "only_administrators_write": true })).at("/only_administrators_write"),
        Case::delete("a change of an object", object).refused(409).code("built_in"),
        Case::delete("a change of an object", "/v1/schema/objects/x_nothing").refused(404),
        change("/v1/schema/objects/view", json!({ "private": false })).at("/private"),
        change(&format!("/v1/schema/objects/{}", scene.contact), json!({ "label": "x" })).refused(404),
    ]);
    cases
}

fn objects() -> Vec<Case> {
    [
        (json!({ "name": "x_other" }), "/plural"),
        (json!({ "plural": "x_others" }), "/name"),
        (json!({ "name": "x_other", "plural": "x_projects" }), "/plural"),
        (json!({ "name": "x_project", "plural": "x_others" }), "/name"),
        (json!({ "name": "x_other", "plural": "x_others", "prefix": "con" }), "/prefix"),
        (json!({ "name": "x_other", "plural": "x_others", "private": 1 }), "/private"),
        (json!({ "name": "x_other", "plural": "x_others", "label": "x".repeat(500) }), "/label"),
        (json!({ "name": "x_other", "plural": "x_others", "help": ["x"] }), "/help"),
        (json!({ "name": "x_other", "plural": "x_others", "fields": [] }), "/fields"),
        (json!({ "name": "x_other", "plural": "x_others", "version": 7 }), "/version"),
    ]
    .into_iter()
    .map(|(body, pointer)| Case::post("an object", "/v1/schema/objects", body).at(pointer))
    .collect()
}
