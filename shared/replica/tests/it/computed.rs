//! Fields whose values follow from others, that become fields that people fill, and the other way round.

use kernel::kinds;
use serde_json::{Value, json};

use crate::definitions::contact;
use crate::dump::value;
use crate::world::World;

/// The columns that are not what the record's document gives by now.
async fn stale(replica: &replica::Replica) -> Vec<String> {
    replica.verify().await.unwrap().stale
}

#[tokio::test]
async fn nothing_of_a_formula_is_left_when_the_field_becomes_another_one() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let [without, with] = [world.id(), world.id()];
    let fields = |double: Value| json!([{ "name": "size", "type": "number", "decimals": 1 }, double]);
    let double = |kind: &str| json!({ "name": "double", "type": kind });
    let formula = |text: &str| json!({ "name": "double", "type": "formula", "expression": text });
    let first = world.record("contact", without, 1, 1, json!({ "custom": { "size": 2.5 } }));
    let second = world.record("contact", with, 1, 2, json!({ "custom": { "size": 2.5, "double": "7" } }));
    world.append(1, &[first, second]).await;
    let steps = [
        (formula("custom.size * 2"), "5", "5"),
        (double("number"), "", "7"),
        (formula("custom.size * 4"), "10", "10"),
        (double("text"), "", "7"),
        (formula("money(custom.size, \"EUR\")"), "3", "3"),
        (double("money"), "", ""),
        (formula("custom.size * 2"), "5", "5"),
        (double("reference"), "", ""),
        (json!({ "name": "double", "type": "text", "archived": true }), "", ""),
        (formula("custom.size"), "2.5", "2.5"),
        (double("tags"), "", "\u{1f}7\u{1f}"),
    ];
    for (number, (mut field, without_it, with_it)) in (1..).zip(steps) {
        if field["type"] == "reference" {
            field["object"] = json!("company");
        }
        let archived = field["archived"] == true;
        world.append(number + 1, &[world.definition(number + 2, &contact(number, fields(field.clone())))]).await;
        assert_eq!(stale(&replica).await, [""; 0], "{field}");
        if !archived {
            let found = [without, with].map(|id| value(&world, "one", "t_contact", id, "c_double"));
            assert_eq!(found, [without_it, with_it], "{field}");
        }
    }
}

#[tokio::test]
async fn nothing_of_a_roll_up_is_left_when_the_field_becomes_another_one() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let company = world.ids.next::<kinds::Company>().erase();
    let people = world.record("contact", world.id(), 1, 2, json!({ "company_id": company }));
    world.append(1, &[world.record("company", company, 1, 1, json!({ "name": "Acme" })), people]).await;
    let count = json!({
        "name": "people", "type": "roll_up", "object": "contact", "via": "company_id", "function": "count",
    });
    let size = json!({ "name": "people", "type": "number", "decimals": 0 });
    let formula = json!({ "name": "people", "type": "formula", "expression": "len(name)" });
    let steps = [(&count, "1"), (&size, ""), (&count, "1"), (&formula, "4"), (&count, "1"), (&size, "")];
    for (number, (field, wanted)) in (1..).zip(steps) {
        let mut definition = contact(number, json!([field]));
        definition["object"] = json!("company");
        world.append(number + 1, &[world.definition(number + 2, &definition)]).await;
        assert_eq!(stale(&replica).await, [""; 0], "{field}");
        assert_eq!(value(&world, "one", "t_company", company, "c_people"), wanted, "{field}");
    }
}
