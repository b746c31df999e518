//! Where files come from, what is done with damaged ones, and snapshots.

use std::path::PathBuf;
use std::sync::LazyLock;

use events::{SnapshotReason, SnapshotRequest};
use kernel::{Prefix, kinds};
use records::{Field, FieldType, Object};
use replica::{Limits, Query, Replica, Snapshotted};
use serde_json::json;

use crate::world::{CONTACT, World, column, rows};

fn paths(world: &World, directory: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for source in std::fs::read_dir(world.directory.path().join(directory)).unwrap() {
        found.extend(std::fs::read_dir(source.unwrap().path()).unwrap().map(|file| file.unwrap().path()));
    }
    found
}

fn files(world: &World, directory: &str) -> Vec<PathBuf> {
    let mut found = paths(world, directory);
    found.retain(|path| path.extension().is_some_and(|extension| extension == "sqlite"));
    found
}

async fn with_three(world: &World) -> Vec<String> {
    let mut wanted = Vec::new();
    for seq in 1..=3 {
        let id = world.id();
        world.store(id, 1, json!({ "name": format!("Name {seq}") })).await;
        world.append(seq, &[world.change(id, 1, seq, json!({ "name": format!("Name {seq}") }))]).await;
        wanted.push(format!("{id}:1"));
    }
    wanted
}

fn behind(world: &World) -> SnapshotRequest {
    SnapshotRequest { workspace: world.workspace(), reason: SnapshotReason::Behind, record: None }
}

async fn worker(world: &World) -> Replica {
    world.replicas_of("worker", vec![CONTACT.clone()], Limits::worker()).open(&world.table, &world.clock).await.unwrap()
}

#[tokio::test]
async fn a_restarted_process_goes_on_with_its_file() {
    let world = World::new();
    let wanted = with_three(&world).await;
    world.open("one").await.catch_up().await.unwrap();
    world.faults.reset_counts();
    let replica = world.open("one").await;
    assert_eq!(rows(&replica), wanted);
    assert_eq!(world.faults.calls("Query") + world.faults.calls("GetItem") + world.faults.calls("BatchGetItem"), 0);
    assert_eq!(files(&world, "one").len(), 1);
}

#[tokio::test]
async fn nothing_stays_on_disk_of_what_was_packed_and_of_what_a_killed_process_was_packing() {
    let world = World::new();
    with_three(&world).await;
    let packings = || {
        let mut found = paths(&world, "worker");
        found.retain(|path| path.to_string_lossy().contains("packing"));
        found
    };
    worker(&world).await.snapshot(&behind(&world)).await.unwrap();
    assert_eq!(packings(), Vec::<PathBuf>::new());
    let file = files(&world, "worker").remove(0);
    let beside = |process: u32, ending| file.with_file_name(format!("{}.0-{process}-0.{ending}", world.workspace()));
    // No process has the number 0, and this one is packing right now.
    let [left, packed] = ["packing", "zst.packing"].map(|ending| beside(0, ending));
    let present = beside(std::process::id(), "packing");
    for path in [&left, &packed, &present] {
        std::fs::write(path, "Name 1").unwrap();
    }
    worker(&world).await;
    assert_eq!(packings(), [present]);
}

#[tokio::test]
async fn a_file_that_is_made_in_the_millisecond_of_another_one_is_not_that_one() {
    let world = World::new();
    let mut wanted = with_three(&world).await;
    drop(world.open("one").await);
    let replica = world.open("one").await;
    let id = world.id();
    world.store(id, 1, json!({ "name": "After a gap" })).await;
    wanted.push(format!("{id}:1"));
    wanted.sort();
    world.append(5, &[world.change(id, 1, 5, json!({ "name": "After a gap" }))]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(rows(&replica), wanted);
    assert!(replica.verify().await.unwrap().is_none());
    assert_eq!(files(&world, "one").len(), 1);
}

#[tokio::test]
async fn a_damaged_file_is_thrown_away_and_made_again() {
    let world = World::new();
    let wanted = with_three(&world).await;
    drop(world.open("one").await);
    for (number, damage) in [b"not a database".to_vec(), Vec::new(), vec![0; 40_000]].into_iter().enumerate() {
        std::fs::write(&files(&world, "one")[0], damage).unwrap();
        let replica = world.open("one").await;
        assert_eq!(rows(&replica), wanted, "damage {number}");
        assert_eq!(files(&world, "one").len(), 1);
        assert!(replica.verify().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_snapshot_is_what_another_instance_starts_from() {
    let world = World::new();
    let wanted = with_three(&world).await;
    let made = worker(&world).await.snapshot(&behind(&world)).await.unwrap();
    assert!(matches!(made, Snapshotted::Made { seq: 3, bytes: 1.. }), "{made:?}");
    world.faults.reset_counts();
    let replica = world.open("other").await;
    assert_eq!(rows(&replica), wanted);
    assert_eq!((world.faults.calls("Query"), world.faults.calls("GetItem")), (0, 1), "the manifest is the only read");
    assert!(replica.verify().await.unwrap().is_none());
    let mut found = Query::new("contact");
    found.search = Some("name 2".to_owned());
    assert_eq!(column(&replica.ask(&found).unwrap(), "name"), ["Name 2"]);
}

#[tokio::test]
async fn asking_twice_for_a_snapshot_makes_one() {
    let world = World::new();
    with_three(&world).await;
    worker(&world).await.snapshot(&behind(&world)).await.unwrap();
    assert_eq!(worker(&world).await.snapshot(&behind(&world)).await.unwrap(), Snapshotted::Fresh);
    assert_eq!(world.cloud.objects().len(), 1);
}

#[tokio::test]
async fn a_damaged_snapshot_is_not_believed() {
    let world = World::new();
    let wanted = with_three(&world).await;
    worker(&world).await.snapshot(&behind(&world)).await.unwrap();
    let object = world.cloud.objects().remove(0);
    let mut bytes = world.cloud.object(&object).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    world.cloud.put_object(&object, bytes);
    assert_eq!(rows(&world.open("other").await), wanted);
}

#[tokio::test]
async fn after_an_erasure_no_object_holds_the_record() {
    let world = World::new();
    let wanted = with_three(&world).await;
    let (erased, _) = wanted[1].split_once(':').unwrap();
    let worker = worker(&world).await;
    worker.snapshot(&behind(&world)).await.unwrap();
    // The journal does not tell of it yet.
    world.remove(erased.parse().unwrap(), 1).await;
    let request = SnapshotRequest { reason: SnapshotReason::Erased, record: erased.parse().ok(), ..behind(&world) };
    assert!(matches!(worker.snapshot(&request).await.unwrap(), Snapshotted::Made { .. }));
    let objects = world.cloud.objects();
    assert_eq!(objects.len(), 1, "{objects:?}");
    let unpacked = zstd_unpacked(&world.cloud.object(&objects[0]).unwrap());
    let holds = |text: &str| unpacked.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("Name 1") && !holds("Name 2") && !holds("name 2"));
}

fn zstd_unpacked(packed: &[u8]) -> Vec<u8> {
    zstd::stream::decode_all(packed).unwrap()
}

#[tokio::test]
async fn two_workers_at_once_leave_one_manifest_and_no_litter() {
    let world = World::new();
    with_three(&world).await;
    let one = world
        .replicas_of("w1", vec![CONTACT.clone()], Limits::worker())
        .open(&world.table, &world.clock)
        .await
        .unwrap();
    let two = world
        .replicas_of("w2", vec![CONTACT.clone()], Limits::worker())
        .open(&world.table, &world.clock)
        .await
        .unwrap();
    let request = behind(&world);
    let (first, second) = tokio::join!(one.snapshot(&request), two.snapshot(&request));
    let made = [first.unwrap(), second.unwrap()];
    assert_eq!(made.iter().filter(|made| matches!(made, Snapshotted::Made { .. })).count(), 1, "{made:?}");
    assert_eq!(world.cloud.objects().len(), 1);
}

#[tokio::test]
async fn a_file_that_was_away_for_a_month_is_not_trusted() {
    let world = World::new();
    with_three(&world).await;
    worker(&world).await.snapshot(&behind(&world)).await.unwrap();
    drop(world.open("one").await);
    let missed = world.id();
    world.store(missed, 1, json!({})).await;
    // The entry that told of it has come and expired.
    world.clock.advance_millis(31 * 24 * 3_600_000);
    assert!(rows(&world.open("one").await).contains(&format!("{missed}:1")));
}

static WITH_NICKNAME: LazyLock<Object> = LazyLock::new(|| {
    let mut object = CONTACT.clone();
    object.fields.push(Field::new("nickname", FieldType::text(10), "Nickname.").searched());
    object
});

static COMPANY: LazyLock<Object> = LazyLock::new(|| {
    let (name, plural) = ("company".to_owned(), "companies".to_owned());
    Object { name, plural, prefix: Prefix::of::<kinds::Company>(), ..CONTACT.clone() }
});

#[tokio::test]
async fn a_field_that_appears_later_is_filled_from_the_documents() {
    let world = World::new();
    let id = world.id();
    world.append(1, &[world.change(id, 1, 1, json!({ "nickname": "Bertl", "name": "Norbert" }))]).await;
    drop(world.open("one").await);
    let replicas = world.replicas_of("one", vec![WITH_NICKNAME.clone()], Limits::request());
    let replica = replicas.open(&world.table, &world.clock).await.unwrap();
    let mut found = Query::new("contact");
    found.search = Some("bert".to_owned());
    assert_eq!(column(&replica.ask(&found).unwrap(), "nickname"), ["Bertl"]);
    world.faults.reset_counts();
    let replicas = world.replicas_of("one", vec![WITH_NICKNAME.clone(), COMPANY.clone()], Limits::request());
    replicas.open(&world.table, &world.clock).await.unwrap();
    assert!(world.faults.calls("Query") > 0, "a whole object that the file lacks is read from the table");
}

#[tokio::test]
async fn the_least_recently_used_file_is_given_up() {
    let world = World::new();
    let replicas = world.replicas_of("one", vec![CONTACT.clone()], Limits { disk: 1, ..Limits::request() });
    let other = world.tables.workspace(world.ids.next(), table::Meter::default());
    drop(replicas.open(&world.table, &world.clock).await.unwrap());
    let replica = replicas.open(&other, &world.clock).await.unwrap();
    assert_eq!(files(&world, "one").len(), 1);
    assert!(rows(&replica).is_empty());
    replicas.open(&world.table, &world.clock).await.unwrap().catch_up().await.unwrap();
}
