//! Fields that a workspace's definitions add, change and give up: their columns, their values, and what is found by them.

use kernel::Prefix;
use replica::Query;
use serde_json::{Value, json};

use crate::definitions::{contact, found_by, names, project, text, with};
use crate::dump::value;
use crate::world::{World, column};

#[tokio::test]
async fn a_new_field_has_the_values_that_documents_have_already() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let [with_it, without] = [world.id(), world.id()];
    let early = world.record("contact", with_it, 1, 1, json!({ "custom": { "nick": "Bertl" } }));
    world.append(1, &[early, world.record("contact", without, 1, 2, json!({ "city": "nick" }))]).await;
    let mut searched = text("nick");
    searched["searched"] = json!(true);
    world.append(2, &[world.definition(3, &contact(1, json!([searched])))]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(value(&world, "one", "t_contact", with_it, "c_nick"), "bertl");
    assert_eq!(value(&world, "one", "t_contact", without, "c_nick"), "");
    for query in [with("contact", "custom.nick", "BERTL"), found_by("contact", "bert")] {
        assert_eq!(column(&replica.ask(&query).unwrap(), "id"), [with_it.to_string()]);
    }
}

#[tokio::test]
async fn a_field_that_changes_its_type_has_its_values_read_anew() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let id = world.id();
    let steps = [
        (text("size"), "12.50"),
        (json!({ "name": "size", "type": "number", "decimals": 1 }), "12.5"),
        (json!({ "name": "size", "type": "number", "decimals": 0 }), "13"),
        (json!({ "name": "size", "type": "boolean" }), ""),
        (json!({ "name": "size", "type": "select", "options": [{ "value": "a", "label": "12.50" }] }), "a"),
        (json!({ "name": "size", "type": "tags" }), "\u{1f}12.50\u{1f}"),
        (text("size"), "12.50"),
    ];
    world.append(1, &[world.record("contact", id, 1, 1, json!({ "custom": { "size": "12.50" } }))]).await;
    for (number, (field, wanted)) in (1..).zip(steps) {
        world.append(number + 1, &[world.definition(number + 1, &contact(number, json!([field])))]).await;
        replica.catch_up().await.unwrap();
        assert_eq!(value(&world, "one", "t_contact", id, "c_size"), wanted, "{field}");
    }
}

#[tokio::test]
async fn a_given_up_field_cannot_be_asked_and_comes_back_with_its_values() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let id = world.id();
    let field = |archived: bool| json!([{ "name": "nick", "type": "text", "archived": archived, "searched": true }]);
    world.append(1, &[world.definition(1, &contact(1, field(false)))]).await;
    world.append(2, &[world.record("contact", id, 1, 2, json!({ "custom": { "nick": "Bertl" } }))]).await;
    world.append(3, &[world.definition(3, &contact(2, field(true)))]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(replica.ask(&with("contact", "custom.nick", "bertl")).unwrap_err().code(), "invalid");
    assert!(replica.ask(&found_by("contact", "bertl")).unwrap().rows.is_empty());
    world.append(4, &[world.record("contact", id, 2, 4, json!({ "custom": { "nick": "Norbert" } }))]).await;
    world.append(5, &[world.definition(5, &contact(3, field(false)))]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(column(&replica.ask(&found_by("contact", "norb")).unwrap(), "id"), [id.to_string()]);
    assert_eq!(value(&world, "one", "t_contact", id, "c_nick"), "norbert");
}

#[tokio::test]
async fn a_field_is_found_by_its_words_from_when_it_is_searched_until_it_is_not() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let id = world.id_of(0);
    let field = |searched: bool| json!([{ "name": "note", "type": "long_text", "searched": searched }]);
    let fields = json!({ "name": "Bridge", "custom": { "note": "Über den Fluss" } });
    world
        .append(1, &[world.definition(1, &project(1, field(false))), world.record("x_project", id, 1, 2, fields)])
        .await;
    let found = async |words: &str| names(&replica, &found_by("x_project", words)).await.len();
    assert_eq!((found("fluss").await, found("bridge").await), (0, 1));
    world.append(2, &[world.definition(3, &project(2, field(true)))]).await;
    assert_eq!((found("fluss").await, found("bridge").await), (1, 1));
    world.append(3, &[world.definition(4, &project(3, field(false)))]).await;
    assert_eq!((found("fluss").await, found("bridge").await), (0, 1));
}

#[tokio::test]
async fn every_type_of_field_has_the_column_that_is_asked_by() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let (id, other) = (world.id_of(0), world.id());
    let options = json!([{ "value": "Won" }, { "value": "lost" }]);
    let fields = json!([
        text("name"), { "name": "story", "type": "long_text" }, { "name": "size", "type": "number", "decimals": 2 },
        { "name": "budget", "type": "money" }, { "name": "due", "type": "date" }, { "name": "at", "type": "datetime" },
        { "name": "done", "type": "boolean" }, { "name": "stage", "type": "select", "options": options },
        { "name": "stages", "type": "multi_select", "options": options }, { "name": "mail", "type": "email" },
        { "name": "tel", "type": "phone" }, { "name": "site", "type": "url" }, { "name": "who", "type": "user" },
        { "name": "client", "type": "reference", "object": "contact" }, { "name": "labels", "type": "tags" },
        { "name": "twice", "type": "formula", "expression": "custom.size * 2" },
        { "name": "half", "type": "formula", "expression": "custom.budget / 2" },
    ]);
    let user = world.ids.next::<kernel::kinds::User>();
    let values = json!({
        "name": "Straße", "story": "Two\nlines", "size": 2.25, "budget": { "amount": 1250, "currency": "EUR" },
        "due": "2026-02-03", "at": "1970-01-01T00:00:01.000Z", "done": false, "stage": "Won", "stages": ["lost", "Won"],
        "mail": "Ada@Example.com", "tel": "+4930901820", "site": "https://example.com/A", "who": user, "client": other,
        "labels": ["Ä", "b c"],
    });
    let external = json!({ "source": "Hub", "key": "42" });
    let record = world.record("x_project", id, 1, 2, json!({ "external_id": external, "custom": values }));
    world.append(1, &[world.definition(1, &project(1, fields)), record]).await;
    replica.catch_up().await.unwrap();
    let (user, other) = (user.to_string(), other.to_string());
    let wanted = [
        ("c_name", "strasse"),
        ("c_story", "two lines"),
        ("c_size", "2.25"),
        ("c_budget", "1250"),
        ("cu_budget", "EUR"),
        ("c_due", "2026-02-03"),
        ("c_at", "1000"),
        ("c_done", "0"),
        ("c_stage", "Won"),
        ("c_stages", "\u{1f}lost\u{1f}Won\u{1f}"),
        ("c_mail", "ada@example.com"),
        ("c_tel", "+4930901820"),
        ("c_site", "https://example.com/a"),
        ("c_who", user.as_str()),
        ("c_client", other.as_str()),
        ("c_labels", "\u{1f}a\u{1f}b c\u{1f}"),
        ("c_twice", "4.5"),
        ("c_half", "625"),
        ("cu_half", "EUR"),
        ("f_external_id__source", "hub"),
        ("f_external_id__key", "42"),
    ];
    for (column, wanted) in wanted {
        assert_eq!(value(&world, "one", "t_x_project", id, column), wanted, "{column}");
    }
}

#[tokio::test]
async fn a_formula_follows_the_fields_that_it_uses_over_any_number_of_steps() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let id = world.id();
    let fields = |decimals: u8, factor: u8| {
        json!([
            { "name": "size", "type": "number", "decimals": decimals },
            { "name": "b", "type": "formula", "expression": format!("custom.a * {factor}") },
            { "name": "a", "type": "formula", "expression": "custom.size + 1" },
        ])
    };
    world.append(1, &[world.record("contact", id, 1, 1, json!({ "custom": { "size": 2.4 } }))]).await;
    let steps = [(fields(1, 10), "34"), (fields(0, 10), "30"), (fields(0, 100), "300")];
    for (number, (fields, wanted)) in (1..).zip(steps) {
        world.append(number + 1, &[world.definition(number + 1, &contact(number, fields))]).await;
        replica.catch_up().await.unwrap();
        assert_eq!(value(&world, "one", "t_contact", id, "c_b"), wanted);
    }
}

#[tokio::test]
async fn no_name_is_syntax_or_the_name_of_something_else() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let words = ["select", "order", "rowid", "row", "position", "doc", "id", "f_id", "rank", "words", "oid", "null"];
    let long = "a".repeat(40);
    let mut fields: Vec<Value> = words.iter().map(|word| text(word)).chain([text(&long)]).collect();
    fields.push(json!({ "name": "pay", "type": "money" }));
    fields.extend(["pay__currency", "pay_currency", "u_pay", "upay"].map(text));
    // None of these is ever kept: whoever writes definitions checks them.
    fields.extend(["x); DROP TABLE state; --", "", "A", "1a", "ä", "select"].map(text));
    let mut definitions = vec![project(1, fields.into())];
    for (number, name) in (1..).zip(["x_project_words", "x_project_words_data", "x_project_data", "x_", "x'y"]) {
        let mut other = project(1, json!([text("select")]));
        other["object"] = json!(name);
        other["custom"] = json!({ "plural": format!("{name}s"), "prefix": Prefix::custom(number).unwrap().as_str() });
        definitions.push(other);
    }
    let changes: Vec<_> = (1..).zip(&definitions).map(|(at, definition)| world.definition(at, definition)).collect();
    let id = world.id_of(0);
    let values = json!({
        "name": "x", "custom": { "select": "one", "doc": "two", "pay__currency": "three", "upay": "four",
        "pay": { "amount": 7, "currency": "USD" } },
    });
    world.append(1, &changes).await;
    world.append(2, &[world.record("x_project", id, 1, 99, values)]).await;
    replica.catch_up().await.unwrap();
    let columns = ["c_select", "c_doc", "c_pay__currency", "c_upay", "c_pay", "cu_pay"];
    let found = columns.map(|column| value(&world, "one", "t_x_project", id, column));
    assert_eq!(found, ["one", "two", "three", "four", "7", "USD"]);
    assert!(replica.ask(&Query::new("x_project_words_data")).unwrap().rows.is_empty());
    assert!(replica.ask(&Query::new("x'y")).is_err(), "a name that cannot stand in SQL has no table");
}

#[tokio::test]
async fn more_fields_than_a_table_has_room_for_are_no_end_of_the_file() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let id = world.id_of(0);
    let fields: Vec<Value> = (0..2_500).map(|number| text(&format!("n{number}"))).collect();
    let record = world.record("x_project", id, 1, 2, json!({ "custom": { "n7": "Seven", "n2499": "Last" } }));
    world.append(1, &[world.definition(1, &project(1, fields.into())), record]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(replica.ask(&with("x_project", "custom.n7", "seven")).unwrap().rows.len(), 1);
    assert_eq!(replica.ask(&with("x_project", "custom.n2499", "last")).unwrap_err().code(), "invalid");
}
