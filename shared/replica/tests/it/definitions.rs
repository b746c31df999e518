//! The file follows the workspace's own definitions: objects that come, change and go while it is in use. What becomes of their
//! fields is in `own_fields.rs`.

use kernel::{Position, Prefix};
use replica::{Condition, Filter, Op, Query, Replica};
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

pub(crate) fn text(name: &str) -> Value {
    json!({ "name": name, "type": "text" })
}

pub(crate) async fn names(replica: &Replica, query: &Query) -> Vec<String> {
    replica.catch_up().await.unwrap();
    let mut names = column(&replica.ask(query).unwrap(), "name");
    names.sort_unstable();
    names
}

pub(crate) fn found_by(object: &str, words: &str) -> Query {
    Query { search: Some(words.to_owned()), ..Query::new(object) }
}

pub(crate) fn with(object: &str, field: &str, value: &str) -> Query {
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
