//! What can be defined, for an admin screen: types of fields with their settings, the language of formulas, currencies, limits.

use records::{CURRENCIES, formula};
use serde_json::{Value, json};

use crate::kind::{Setting, sorts};
use crate::limits;

/// Everything that is the same in every workspace.
pub(crate) fn types() -> Value {
    let types: Vec<Value> = sorts()
        .iter()
        .map(|sort| {
            json!({
                "type": sort.sample.word(),
                "help": sort.help,
                "settings": sort.settings.iter().map(setting).collect::<Vec<_>>(),
                "computed": sort.sample.is_computed(),
                "can_be_unique": sort.sample.can_be_unique(),
                "can_be_searched": sort.sample.can_be_searched(),
            })
        })
        .collect();
    json!({
        "types": types,
        "formulas": { "functions": formula::reference(), "operators": formula::operators() },
        "currencies": CURRENCIES.split_ascii_whitespace().collect::<Vec<_>>(),
        "limits": {
            "objects": limits::OBJECTS,
            "fields": limits::FIELDS,
            "unique_fields": limits::UNIQUE_FIELDS,
            "roll_ups": limits::ROLL_UPS,
            "options": limits::OPTIONS,
            "sections": limits::SECTIONS,
            "conditions": limits::CONDITIONS,
            "formula_characters": formula::MAX_SOURCE,
            "formula_depth": formula::MAX_DEPTH,
            "formula_parts": formula::MAX_PARTS,
            "formula_fields": formula::MAX_FIELDS,
        },
    })
}

fn setting(setting: &Setting) -> Value {
    let mut described = json!(setting.kind);
    described["name"] = json!(setting.name);
    described["help"] = json!(setting.help);
    described["required"] = json!(setting.required);
    described["default"] = json!(setting.default);
    described
}
