//! What a change of the schema leaves in a file, and what it costs those who come after it.

use std::sync::LazyLock;

use events::{SnapshotReason, SnapshotRequest};
use kernel::kinds;
use records::{Field, FieldType, Object};
use replica::{Limits, Replica, Replicas, Snapshotted};
use serde_json::{Value, json};

use crate::definitions::project;
use crate::dump::value;
use crate::world::{CONTACT, World};

fn definition(object: &str, version: u64, fields: Value) -> Value {
    json!({ "object": object, "version": version, "updated_at": "2026-01-01T00:00:00.000Z", "fields": fields })
}

fn number(name: &str) -> Value {
    json!({ "name": name, "type": "number", "decimals": 0 })
}

fn formula(name: &str, expression: &str) -> Value {
    json!({ "name": name, "type": "formula", "expression": expression })
}

#[tokio::test]
async fn a_sum_of_a_formula_that_becomes_a_number_is_the_sum_of_what_documents_have() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let (company, child) = (world.ids.next::<kinds::Company>().erase(), world.id_of(0));
    let client = json!({ "name": "client", "type": "reference", "object": "company" });
    let children = |version, twice: Value| project(version, json!([client, number("size"), twice]));
    let roll_up = |name: &str, function: &str, field: Option<&str>| {
        json!({ "name": name, "type": "roll_up", "object": "x_project", "via": "custom.client", "function": function,
            "field": field, "only": [] })
    };
    let sum = roll_up("total", "sum", Some("custom.twice"));
    let parents = json!([roll_up("n", "count", None), sum]);
    let records = [
        world.record("company", company, 1, 12, json!({ "name": "Acme" })),
        world.record("x_project", child, 1, 13, json!({ "custom": { "client": company, "size": 7 } })),
    ];
    let defined = [
        world.definition(10, &children(1, formula("twice", "custom.size * 2"))),
        world.definition(11, &definition("company", 1, parents)),
    ];
    world.append(1, &defined).await;
    world.append(2, &records).await;
    replica.catch_up().await.unwrap();
    let columns = || ["c_n", "c_total"].map(|column| value(&world, "one", "t_company", company, column));
    assert_eq!(columns(), ["1", "14"]);
    // What is summed up is a number that nobody has given yet.
    world.append(3, &[world.definition(14, &children(2, number("twice")))]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(columns(), ["1", "0"]);
    world.append(4, &[world.definition(15, &definition("company", 2, json!([number("n"), sum])))]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(columns(), ["", "0"]);
    assert_eq!(replica.verify().await.unwrap().stale, [""; 0]);
}

static WITH_NICKNAME: LazyLock<Object> = LazyLock::new(|| {
    let mut object = CONTACT.clone();
    object.fields.push(Field::new("nickname", FieldType::text(10), "Nickname."));
    object
});

fn behind(world: &World) -> SnapshotRequest {
    SnapshotRequest { workspace: world.workspace(), reason: SnapshotReason::Behind, record: None }
}

async fn opened(world: &World, replicas: &Replicas) -> Replica {
    let replica = replicas.open(&world.table, &world.clock).await.unwrap();
    replica.catch_up().await.unwrap();
    replica
}

/// A workspace with so many records that reading them all again is worth a snapshot; answers the next entry's number.
async fn with_many(world: &World) -> u64 {
    for seq in 1..=5 {
        let changes: Vec<_> =
            (0..450).map(|number| world.change(world.id(), 1, seq * 1_000 + number, json!({ "name": "N" }))).collect();
        world.append(seq, &changes).await;
    }
    6
}

#[tokio::test]
async fn a_release_with_other_tables_has_a_snapshot_of_its_own_made_once() {
    let world = World::new();
    with_many(&world).await;
    let replicas = |name: &str, object: &Object, limits| world.replicas_of(name, vec![object.clone()], limits);
    let worker = opened(&world, &replicas("worker", &CONTACT, Limits::worker())).await;
    assert!(matches!(worker.snapshot(&behind(&world)).await.unwrap(), Snapshotted::Made { .. }));
    opened(&world, &replicas("same", &CONTACT, Limits::request())).await;
    assert!(world.cloud.take_messages().is_empty(), "this one had nothing to do");
    let other = opened(&world, &replicas("other", &WITH_NICKNAME, Limits::request())).await;
    assert_eq!(world.cloud.take_messages().len(), 1, "this one has made every row anew");
    other.catch_up().await.unwrap();
    assert!(world.cloud.take_messages().is_empty());
    let worker = opened(&world, &replicas("later", &WITH_NICKNAME, Limits::worker())).await;
    assert!(matches!(worker.snapshot(&behind(&world)).await.unwrap(), Snapshotted::Made { seq: 5, .. }));
    assert_eq!(worker.snapshot(&behind(&world)).await.unwrap(), Snapshotted::Fresh);
    opened(&world, &replicas("cold", &WITH_NICKNAME, Limits::request())).await;
    assert!(world.cloud.take_messages().is_empty(), "and nobody has to do so again");
}

#[tokio::test]
async fn a_definition_that_makes_many_rows_anew_is_in_a_snapshot_soon() {
    let world = World::new();
    let next = with_many(&world).await;
    let worker = opened(&world, &world.whole("worker", Limits::worker())).await;
    worker.snapshot(&behind(&world)).await.unwrap();
    let stored = json!([number("size")]);
    world.append(next, &[world.definition(next * 1_000, &definition("contact", 1, stored))]).await;
    opened(&world, &world.whole("first", Limits::request())).await;
    assert!(world.cloud.take_messages().is_empty(), "no row was made anew");
    let computed = json!([number("size"), formula("twice", "custom.size * 2")]);
    world.append(next + 1, &[world.definition(next * 1_000 + 1, &definition("contact", 2, computed))]).await;
    opened(&world, &world.whole("second", Limits::request())).await;
    assert_eq!(world.cloud.take_messages().len(), 1);
    assert!(matches!(worker.snapshot(&behind(&world)).await.unwrap(), Snapshotted::Made { seq: 7, .. }));
    opened(&world, &world.whole("third", Limits::request())).await;
    assert!(world.cloud.take_messages().is_empty());
}
