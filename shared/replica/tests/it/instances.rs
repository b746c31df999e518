//! Definitions in several processes: those that start, run an older release, share a file, or ask while it changes.

use replica::Limits;
use serde_json::json;

use crate::definitions::{contact, project, text, with};
use crate::dump::{dump, value};
use crate::world::{World, column};

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
