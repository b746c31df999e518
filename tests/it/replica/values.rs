//! Values that fields of every type take.

use records::FieldType;
use serde_json::{Value, json};

use super::dice::Dice;
use super::world::World;
use super::writers::{NAMES, name};

/// A value for a field of a type; at times none.
pub(super) fn value(world: &World, kind: &FieldType, dice: &Dice) -> Value {
    if dice.percent(10) {
        return Value::Null;
    }
    match kind {
        FieldType::LongText { .. } => json!(format!("{}\n{}", name(dice), name(dice))),
        // Texts that are numbers, days or options as well, for when the field becomes one of those.
        FieldType::Text { .. } => match dice.below(4) {
            0 => json!(dice.below(1000).to_string()),
            1 => json!(day(dice)),
            2 => json!(dice.pick(&WORDS)),
            _ => json!(dice.pick(&NAMES)),
        },
        FieldType::Number { .. } => json!(dice.below(100_000) as f64 / 8.0),
        FieldType::Money {} => {
            json!({ "amount": dice.below(10_000), "currency": dice.pick(&["EUR", "EUR", "EUR", "JPY"]) })
        }
        FieldType::Date {} => json!(day(dice)),
        FieldType::DateTime {} => json!(format!("{}T{:02}:00:00.000Z", day(dice), dice.below(24))),
        FieldType::Boolean {} => json!(dice.percent(50)),
        FieldType::Select { options } => json!(dice.pick(options).value),
        FieldType::MultiSelect { options } => json!([dice.pick(options).value, dice.pick(options).value]),
        FieldType::Tags {} => json!([dice.pick(&NAMES), dice.pick(&WORDS)]),
        FieldType::Email {} => json!(format!("p{}@example.com", dice.below(1000))),
        FieldType::Phone {} => json!(format!("+4930{:06}", dice.below(1_000_000))),
        FieldType::Url {} => json!(format!("https://example.com/{}", dice.below(1000))),
        FieldType::Domain {} => json!(format!("d{}.example.com", dice.below(1000))),
        FieldType::User {} => json!(world.user),
        FieldType::Reference { object, .. } => {
            let prefix = if object == "company" { "com" } else { "con" };
            world.one_of(prefix, dice).map_or(Value::Null, |id| json!(id))
        }
        FieldType::Formula { .. }
        | FieldType::RollUp(_)
        | FieldType::ExternalId {}
        | FieldType::Items { .. }
        | FieldType::Json { .. } => Value::Null,
    }
}

/// Options of the fields that have some.
pub(super) const WORDS: [&str; 5] = ["red", "green", "blue", "gold", "tin"];

fn day(dice: &Dice) -> String {
    format!("2026-{:02}-{:02}", 1 + dice.below(12), 1 + dice.below(28))
}
