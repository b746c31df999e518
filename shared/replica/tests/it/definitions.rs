//! The file follows the workspace's own definitions: objects and fields that come, change and go while it is in use.

use kernel::{Position, Prefix};
use replica::{Condition, Filter, Limits, Op, Query, Replica};
use serde_json::{Value, json};

use crate::dump::{dump, value};
use crate::world::{World, column};

/// The definition of `x_project` with some fields.
pub(crate) fn project(version: u64, fields: Value) -> Value {
    json!({
        "object": "x_project", "version": version, "updated_at": "2026-01-01T00:00:00.000Z",
        "custom": { "plural": "x_projects", "prefix": Prefix::custom(0).unwrap().as_str() }, "fields": fields,
    })
}

/// What a company says about contacts.
pub(crate) fn contact(version: u64, fields: Value) -> Value {
    json!({ "object": "contact", "version": version, "updated_at": "2026-01-01T00:00:00.000Z", "fields": fields })
}

fn text(name: &str) -> Value {
    json!({ "name": name, "type": "text" })
}

async fn names(replica: &Replica, query: &Query) -> Vec<String> {
    replica.catch_up().await.unwrap();
    let mut names = column(&replica.ask(query).unwrap(), "name");
    names.sort_unstable();
    names
}

fn found_by(object: &str, words: &str) -> Query {
    Query { search: Some(words.to_owned()), ..Query::new(object) }
}

fn with(object: &str, field: &str, value: &str) -> Query {
    Query { filter: Filter::Is(Condition::new(field, Op::Eq, value)), ..Query::new(object) }
}

#[tokio::test]
async fn records_may_come_before_the_definition_of_their_object() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let [early, within, late, removed] = [0; 4].map(|object| world.id_of(object));
    let named = |id, position, name: &str| world.record("x_project", id, 1, position, json!({ "name": name }));
    world.append(1, &[named(early, 1, "Early"), named(removed, 2, "Removed")]).await;
    let gone = events::Change { version: 1, ..world.told("record", "x_project", &removed.to_string(), 3, None) };
    world.append(2, &[gone, named(within, 4, "Within"), world.definition(5, &project(1, json!([])))]).await;
    world.append(3, &[named(late, 6, "Late"), named(removed, 2, "Removed")]).await;
    assert_eq!(names(&replica, &Query::new("x_project")).await, ["Early", "Late", "Within"]);
    assert_eq!(names(&replica, &found_by("x_project", "earl")).await, ["Early"]);
    assert!(dump(&world, "one")["unknown"].is_empty());
}

#[tokio::test]
async fn records_of_an_object_that_nobody_defines_any_more_wait_for_its_definition() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let id = world.id_of(0);
    let defined = world.definition(1, &project(1, json!([])));
    world.append(1, &[defined, world.record("x_project", id, 1, 2, json!({ "name": "Kept" }))]).await;
    replica.catch_up().await.unwrap();
    let gone = world.told("config", "object.x_project", "object.x_project", 3, None);
    world.append(2, &[gone, world.record("x_project", id, 2, 4, json!({ "name": "Kept and changed" }))]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(dump(&world, "one")["unknown"].len(), 1);
    assert!(replica.ask(&Query::new("x_project")).is_err());
    world.append(3, &[world.definition(5, &project(1, json!([])))]).await;
    assert_eq!(names(&replica, &Query::new("x_project")).await, ["Kept and changed"]);
}

#[tokio::test]
async fn a_given_up_object_cannot_be_asked_and_comes_back_with_what_happened_meanwhile() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let [first, second] = [0; 2].map(|object| world.id_of(object));
    let mut archived = project(2, json!([]));
    archived["archived"] = json!(true);
    let named = |id, position, name: &str| world.record("x_project", id, 1, position, json!({ "name": name }));
    world.append(1, &[world.definition(1, &project(1, json!([]))), named(first, 2, "First")]).await;
    world.append(2, &[world.definition(3, &archived), named(second, 4, "Second")]).await;
    replica.catch_up().await.unwrap();
    assert!(replica.ask(&Query::new("x_project")).is_err());
    world.append(3, &[world.definition(5, &project(3, json!([])))]).await;
    assert_eq!(names(&replica, &Query::new("x_project")).await, ["First", "Second"]);
}

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
        ("c_story", "twolines"),
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

#[tokio::test]
async fn a_definition_of_a_later_release_costs_nothing_that_is_there() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let (id, person) = (world.id_of(0), world.id());
    let unreadable = project(2, json!([{ "name": "where", "type": "hologram" }]));
    world
        .append(
            1,
            &[world.definition(1, &project(1, json!([]))), world.definition(2, &contact(1, json!([text("nick")])))],
        )
        .await;
    world
        .append(2, &[world.record("x_project", id, 1, 3, json!({ "name": "Kept" })), world.definition(4, &unreadable)])
        .await;
    world.append(3, &[world.record("contact", person, 1, 5, json!({ "last_name": "Ada" }))]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(replica.ask(&Query::new("contact")).unwrap().rows.len(), 1);
    world.append(4, &[world.definition(6, &project(3, json!([])))]).await;
    assert_eq!(names(&replica, &Query::new("x_project")).await, ["Kept"]);
}

#[tokio::test]
async fn what_is_not_a_definition_is_not_kept() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let settings = world.told("config", "workspace", "workspace", 1, Some(json!({ "version": 1, "name": "Acme" })));
    world.append(1, &[settings]).await;
    replica.catch_up().await.unwrap();
    assert!(dump(&world, "one")["config"].is_empty());
}

#[tokio::test]
async fn an_older_definition_never_takes_the_place_of_a_newer_one() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let [first, second] = [contact(1, json!([text("nick")])), contact(2, json!([text("alias")]))];
    world.append(1, &[world.definition(1, &first), world.definition(2, &second)]).await;
    world.append(2, &[world.definition(1, &first)]).await;
    replica.catch_up().await.unwrap();
    assert!(replica.ask(&with("contact", "custom.alias", "x")).is_ok());
    assert!(replica.ask(&with("contact", "custom.nick", "x")).is_err());
}

async fn store_definition(world: &World, document: &Value) {
    let (keys, mut changes) = (world.table.keys(), table::Changes::new());
    let part = format!("object.{}", document["object"].as_str().unwrap());
    let (key, document) = (keys.config(&part), document.as_object().cloned().unwrap());
    match document["version"].as_u64().unwrap() {
        1 => changes.create(key, table::Sort::Config, document),
        later => changes.replace(key, table::Sort::Config, document, later - 1),
    }
    world.table.commit(&changes).await.unwrap();
}

#[tokio::test]
async fn a_definition_that_the_journal_lacks_yet_can_be_read_from_the_table() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    assert!(!replica.refresh_schema().await.unwrap());
    store_definition(&world, &contact(1, json!([text("nick")]))).await;
    store_definition(&world, &contact(2, json!([text("nick"), text("alias")]))).await;
    assert!(replica.refresh_schema().await.unwrap());
    assert!(!replica.refresh_schema().await.unwrap());
    assert!(replica.ask(&with("contact", "custom.alias", "x")).is_ok());
    // The journal is behind: it takes nothing back, and goes on from there.
    world.append(1, &[world.definition(1, &contact(1, json!([text("nick")])))]).await;
    replica.catch_up().await.unwrap();
    assert!(replica.ask(&with("contact", "custom.alias", "x")).is_ok());
    world.append(2, &[world.definition(2, &contact(2, json!([text("nick"), text("alias")])))]).await;
    world.append(3, &[world.definition(3, &contact(3, json!([text("title")])))]).await;
    replica.catch_up().await.unwrap();
    assert!(replica.ask(&with("contact", "custom.alias", "x")).is_err());
}

#[tokio::test]
async fn a_write_to_an_object_that_was_just_defined_is_in_the_list_that_carries_its_position() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    store_definition(&world, &project(1, json!([]))).await;
    let id = world.id_of(0);
    let mut changes = table::Changes::new();
    changes.create_record(world.table.keys(), "x_project", id, world.document(id, 1, json!({ "name": "Mine" })));
    world.table.commit(&changes).await.unwrap();
    let nobodys = world.id_of(7);
    let position: Position = format!("{id}:1,{nobodys}:1").parse().unwrap();
    replica.ensure(&position).await.unwrap();
    assert_eq!(column(&replica.ask(&Query::new("x_project")).unwrap(), "name"), ["Mine"]);
}

#[tokio::test]
async fn a_file_that_is_built_has_what_the_workspace_defines() {
    let world = World::new();
    let mut archived = project(1, json!([text("note")]));
    archived["archived"] = json!(true);
    let (id, unreadable) = (world.id_of(0), world.id_of(1));
    store_definition(&world, &archived).await;
    let mut later = project(1, json!([{ "name": "where", "type": "hologram" }]));
    later["object"] = json!("x_later");
    store_definition(&world, &later).await;
    let mut changes = table::Changes::new();
    changes.create_record(
        world.table.keys(),
        "x_project",
        id,
        world.document(id, 1, json!({ "custom": { "note": "A" } })),
    );
    changes.create_record(world.table.keys(), "x_later", unreadable, world.document(unreadable, 1, json!({})));
    world.table.commit(&changes).await.unwrap();
    let replica = world.open_whole("one").await;
    assert!(replica.verify().await.unwrap().is_none());
    assert_eq!(value(&world, "one", "t_x_project", id, "c_note"), "a");
    assert_eq!(dump(&world, "one")["unknown"].len(), 1, "whoever can read the definition needs its records");
}

#[tokio::test]
async fn a_restarted_process_and_another_instance_know_the_definitions_without_asking_the_table() {
    let world = World::new();
    let worker = world.whole("worker", Limits::worker()).open(&world.table, &world.clock).await.unwrap();
    let id = world.id_of(0);
    let record = world.record("x_project", id, 1, 2, json!({ "name": "Bridge", "custom": { "note": "A" } }));
    world.append(1, &[world.definition(1, &project(1, json!([text("note")]))), record]).await;
    let request =
        events::SnapshotRequest { workspace: world.workspace(), reason: events::SnapshotReason::Behind, record: None };
    worker.snapshot(&request).await.unwrap();
    drop(worker);
    for directory in ["worker", "cold"] {
        world.faults.reset_counts();
        let replica = world.open_whole(directory).await;
        assert_eq!(world.faults.calls("Query"), 0);
        let answer = replica.ask(&with("x_project", "custom.note", "a")).unwrap();
        assert_eq!(column(&answer, "name"), ["Bridge"]);
    }
}

#[tokio::test]
async fn a_release_that_describes_objects_differently_keeps_the_definitions() {
    let world = World::new();
    let (id, company) = (world.id_of(0), world.ids.next::<kernel::kinds::Company>().erase());
    let fields = json!([text("note"), { "name": "client", "type": "reference", "object": "company" }]);
    let counted =
        json!([{ "name": "n", "type": "roll_up", "object": "x_project", "via": "custom.client", "function": "count" }]);
    let mut companies = contact(1, counted);
    companies["object"] = json!("company");
    let custom = json!({ "name": "Bridge", "custom": { "note": "A", "client": company } });
    world.append(1, &[world.definition(1, &project(1, fields)), world.definition(2, &companies)]).await;
    world
        .append(2, &[world.record("x_project", id, 1, 3, custom), world.record("company", company, 1, 4, json!({}))])
        .await;
    world.open_whole("one").await.catch_up().await.unwrap();
    let before = dump(&world, "one");
    // Another release: contacts have one field less.
    let mut objects: Vec<records::Object> =
        records::Schema::built_in().all().map(|object| records::Object::clone(object)).collect();
    let removed = objects[0].fields.pop().unwrap();
    assert_eq!(objects[0].name, "contact");
    let replicas = world.replicas_of("one", objects, Limits::request());
    let replica = replicas.open(&world.table, &world.clock).await.unwrap();
    assert_eq!(column(&replica.ask(&with("x_project", "custom.note", "a")).unwrap(), "name"), ["Bridge"]);
    assert_eq!(value(&world, "one", "t_company", company, "c_n"), "1");
    drop((replica, replicas));
    assert_eq!(removed.name, "external_id");
    world.open_whole("one").await;
    assert_eq!(dump(&world, "one"), before);
}

#[tokio::test]
async fn a_process_that_has_not_heard_of_a_new_schema_answers_by_it_all_the_same() {
    let world = World::new();
    let id = world.id();
    world.append(1, &[world.record("contact", id, 1, 1, json!({ "custom": { "size": "7" } }))]).await;
    world.append(2, &[world.definition(2, &contact(1, json!([text("size"), text("nick")])))]).await;
    let reader = world.open_whole("one").await;
    reader.catch_up().await.unwrap();
    let query = with("contact", "custom.size", "7");
    assert_eq!(reader.ask(&query).unwrap().rows.len(), 1);
    // Another process has the same file open and learns of two changes.
    let writer = world.open_whole("one").await;
    world.append(3, &[world.definition(3, &contact(2, json!([{ "name": "size", "type": "number" }])))]).await;
    writer.catch_up().await.unwrap();
    assert_eq!(reader.ask(&query).unwrap().rows.len(), 1, "now a number");
    assert!(reader.ask(&with("contact", "custom.nick", "x")).is_err());
    world.append(4, &[world.record("contact", world.id(), 1, 4, json!({ "custom": { "size": 7 } }))]).await;
    reader.catch_up().await.unwrap();
    assert_eq!(reader.ask(&query).unwrap().rows.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[expect(clippy::disallowed_methods, reason = "a test of what threads do to each other")]
async fn readers_get_right_answers_while_the_schema_changes() {
    let world = std::sync::Arc::new(World::new());
    let replicas = world.whole("one", Limits::request());
    let replica = replicas.open(&world.table, &world.clock).await.unwrap();
    let records: Vec<_> = (0..20)
        .map(|number| world.record("contact", world.id(), 1, 1 + number, json!({ "custom": { "size": "7" } })))
        .collect();
    world.append(1, &records).await;
    world.append(2, &[world.definition(30, &contact(1, json!([text("size")])))]).await;
    replica.catch_up().await.unwrap();
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (replica, done) = (replica.clone(), done.clone());
            tokio::task::spawn_blocking(move || {
                let query = with("contact", "custom.size", "7");
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    assert_eq!(replica.ask(&query).unwrap().rows.len(), 20);
                }
            })
        })
        .collect();
    for number in 2..40 {
        let kind = if number % 2 == 0 { "number" } else { "text" };
        let fields = json!([{ "name": "size", "type": kind }, text(&format!("other{number}"))]);
        world.append(number + 1, &[world.definition(30 + number, &contact(number, fields))]).await;
        replica.catch_up().await.unwrap();
    }
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}
