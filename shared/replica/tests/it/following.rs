//! Following the journal, and reading one's own writes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use events::{SnapshotReason, SnapshotRequest};
use kernel::{Position, kinds};
use replica::{Limits, Replica};
use serde_json::{Value, json};
use testkit::{Call, Fate};

use crate::dump::connect;
use crate::world::{CONTACT, World, rows};

#[tokio::test]
async fn what_the_journal_tells_is_in_the_replica() {
    let world = World::new();
    let (a, b) = (world.id(), world.id());
    let replica = world.open("one").await;
    world.append(1, &[world.change(a, 1, 10, json!({})), world.change(b, 1, 11, json!({}))]).await;
    world.append(2, &[world.change(a, 2, 12, json!({})), world.removal(b, 1, 13)]).await;
    assert_eq!(replica.catch_up().await.unwrap(), 2);
    assert_eq!(rows(&replica), [format!("{a}:2")]);
}

#[tokio::test]
async fn older_states_and_repetitions_change_nothing() {
    let world = World::new();
    let (a, b) = (world.id(), world.id());
    let replica = world.open("one").await;
    let first =
        [world.change(a, 1, 10, json!({})), world.change(b, 1, 11, json!({})), world.change(b, 2, 12, json!({}))];
    world.append(1, &first).await;
    world.append(2, &[world.change(a, 2, 13, json!({})), world.removal(b, 2, 14)]).await;
    world.append(3, &first).await;
    world.append(4, &[world.removal(b, 2, 14), first[1].clone()]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(rows(&replica), [format!("{a}:2")]);
}

fn is_journal(call: &Call) -> bool {
    let values = call.request["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap_or_default();
    call.operation == "Query" && values.ends_with("JOURNAL") && call.request["ConsistentRead"] != json!(true)
}

fn without_second(answer: &mut Value) {
    if let Some(items) = answer["Items"].as_array_mut().filter(|items| items.len() > 1) {
        items.remove(1);
    }
}

async fn three_entries(world: &World) -> Vec<String> {
    let ids = [world.id(), world.id(), world.id()];
    for (id, seq) in ids.iter().zip(1..) {
        world.append(seq, &[world.change(*id, 1, seq, json!({}))]).await;
    }
    ids.iter().map(|id| format!("{id}:1")).collect()
}

#[tokio::test]
async fn a_gap_in_an_eventually_consistent_answer_is_read_again() {
    let world = World::new();
    let replica = world.open("one").await;
    let first = world.id();
    world.append(1, &[world.change(first, 1, 1, json!({}))]).await;
    replica.catch_up().await.unwrap();
    world.faults.hook(|call| if is_journal(call) { Fate::Alter(Box::new(without_second)) } else { Fate::Pass });
    for seq in 2..5 {
        world.append(seq, &[world.change(world.id(), 1, seq, json!({}))]).await;
    }
    assert_eq!((replica.catch_up().await.unwrap(), rows(&replica).len()), (4, 4));
}

#[tokio::test]
async fn a_gap_that_stays_means_that_the_table_is_read_anew() {
    let world = World::new();
    let (kept, lost) = (world.id(), world.id());
    let replica = world.open("one").await;
    world.append(1, &[world.change(kept, 1, 1, json!({}))]).await;
    replica.catch_up().await.unwrap();
    world.store(kept, 1, json!({})).await;
    world.store(lost, 1, json!({})).await;
    // Entry 2 told of `lost` and has expired.
    world.append(3, &[]).await;
    world.append(4, &[world.change(world.id(), 1, 9, json!({}))]).await;
    assert_eq!(replica.catch_up().await.unwrap(), 4);
    assert!(rows(&replica).contains(&format!("{lost}:1")));
}

#[tokio::test]
async fn a_gap_that_stays_is_stepped_over_by_a_later_snapshot() {
    let world = World::new();
    let [first, second, third] = [world.id(), world.id(), world.id()];
    // Nothing can be built within a request.
    let limits = Limits { build: 0, ..Limits::request() };
    let replica =
        world.replicas_of("one", vec![CONTACT.clone()], limits).open(&world.table, &world.clock).await.unwrap();
    world.append(1, &[world.change(first, 1, 1, json!({}))]).await;
    assert_eq!(replica.catch_up().await.unwrap(), 1);
    world.store(first, 1, json!({})).await;
    world.store(second, 1, json!({})).await;
    // Entry 2 told of `second` and has expired.
    world.append(3, &[world.change(first, 1, 1, json!({}))]).await;
    let worker = world.replicas_of("worker", vec![CONTACT.clone()], Limits::worker());
    let request = SnapshotRequest { workspace: world.workspace(), reason: SnapshotReason::Behind, record: None };
    worker.open(&world.table, &world.clock).await.unwrap().snapshot(&request).await.unwrap();
    world.append(4, &[world.change(third, 1, 9, json!({}))]).await;
    assert_eq!(replica.catch_up().await.unwrap(), 4);
    let mut wanted: Vec<String> = [first, second, third].iter().map(|id| format!("{id}:1")).collect();
    wanted.sort();
    assert_eq!(rows(&replica), wanted);
}

#[tokio::test]
async fn a_build_that_is_killed_has_asked_for_a_snapshot() {
    let world = World::new();
    world.faults.hook(|call| if call.request["IndexName"] == "gsi1" { Fate::Freeze } else { Fate::Pass });
    let replicas = world.replicas("one");
    let opening = replicas.open(&world.table, &world.clock);
    assert!(tokio::time::timeout(Duration::from_millis(500), opening).await.is_err());
    assert_eq!(world.cloud.take_messages().len(), 1);
}

#[tokio::test]
async fn a_workspace_that_is_too_large_for_a_request_is_so_before_any_record_is_read() {
    let world = World::new();
    for _ in 0..3 {
        world.store(world.id(), 1, json!({})).await;
    }
    let replicas = |name, build| world.replicas_of(name, vec![CONTACT.clone()], Limits { build, ..Limits::request() });
    world.faults.reset_counts();
    let error = replicas("two", 2).open(&world.table, &world.clock).await.unwrap_err();
    assert_eq!((error.code(), world.faults.calls("BatchGetItem")), ("unavailable", 0));
    assert_eq!(rows(&replicas("three", 3).open(&world.table, &world.clock).await.unwrap()).len(), 3);
}

/// The crate's own `MARGIN_MS` in minutes: how far the index may be behind when a replica is built.
const MARGIN_MINUTES: i64 = 60;

#[tokio::test]
async fn what_the_index_lacks_is_found_in_the_journal_within_the_margin() {
    for (minutes, is_found) in [(0, true), (MARGIN_MINUTES - 1, true), (MARGIN_MINUTES + 1, false)] {
        let world = World::new();
        let id = world.id();
        world.store(id, 1, json!({})).await;
        world.append(1, &[world.change(id, 1, 1, json!({}))]).await;
        world.append(2, &[world.change(world.id(), 1, 2, json!({}))]).await;
        world.clock.advance_millis(minutes * 60_000);
        world.append(3, &[world.change(world.id(), 1, 3, json!({}))]).await;
        world.faults.hook(|call| match call.request["IndexName"] == "gsi1" {
            true => Fate::Alter(Box::new(|answer| answer["Items"] = json!([]))),
            false => Fate::Pass,
        });
        let found = rows(&world.open("one").await).contains(&format!("{id}:1"));
        assert_eq!(found, is_found, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn a_removal_is_believed_on_either_side_of_the_margin() {
    for minutes in [0, MARGIN_MINUTES - 1, MARGIN_MINUTES + 1] {
        let world = World::new();
        let id = world.id();
        let old = world.change(id, 1, 1, json!({}));
        world.append(1, std::slice::from_ref(&old)).await;
        world.append(2, &[world.removal(id, 1, 2)]).await;
        world.clock.advance_millis(minutes * 60_000);
        let other = world.id();
        world.append(3, &[world.change(other, 1, 3, json!({}))]).await;
        world.store(other, 1, json!({})).await;
        let replica = world.open("one").await;
        // The stream repeats itself for up to a day.
        world.append(4, &[old]).await;
        replica.catch_up().await.unwrap();
        assert_eq!(rows(&replica), [format!("{other}:1")], "after {minutes} minutes");
    }
}

#[tokio::test]
async fn a_write_is_in_the_list_that_carries_its_position() {
    let world = World::new();
    let (new, changed, erased) = (world.id(), world.id(), world.id());
    for id in [changed, erased] {
        world.store(id, 1, json!({})).await;
    }
    let replica = world.open("one").await;
    world.store(new, 1, json!({})).await;
    world.store(changed, 2, json!({})).await;
    world.remove(erased, 1).await;
    let position: Position = format!("{new}:1,{changed}:2,{erased}:2").parse().unwrap();
    replica.ensure(&position).await.unwrap();
    let mut wanted = vec![format!("{new}:1"), format!("{changed}:2")];
    wanted.sort();
    assert_eq!(rows(&replica), wanted);
    // The journal is behind: it tells of the past and takes nothing back.
    world.append(1, &[world.change(changed, 1, 1, json!({})), world.change(erased, 1, 2, json!({}))]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(rows(&replica), wanted);
    world.faults.reset_counts();
    replica.ensure(&position).await.unwrap();
    assert_eq!(world.faults.round_trips(), 0, "what is here need not be read again");
}

#[tokio::test]
async fn a_position_with_ids_of_another_workspace_shows_nothing_of_it() {
    let (world, foreign) = (World::new(), kernel::Ids::seeded(kernel::Clock::manual(), 99));
    let other = world.tables.workspace(foreign.next(), table::Meter::default());
    let theirs = world.id();
    let mut changes = table::Changes::new();
    changes.create_record(other.keys(), "contact", theirs, world.document(theirs, 1, json!({ "name": "Secret" })));
    other.commit(&changes).await.unwrap();
    let replica = world.open("one").await;
    let user = foreign.next::<kinds::User>();
    replica.ensure(&format!("{theirs}:1,{user}:4").parse().unwrap()).await.unwrap();
    assert!(rows(&replica).is_empty());
}

#[tokio::test]
async fn what_is_too_far_behind_is_told_to_come_again_and_gets_there() {
    let world = World::new();
    let limits = Limits { changes: 10, ..Limits::request() };
    let replicas = world.replicas_of("one", vec![CONTACT.clone()], limits);
    let replica = replicas.open(&world.table, &world.clock).await.unwrap();
    let _ = world.cloud.take_messages();
    for seq in 1..=5 {
        let changes: Vec<_> = (0..6).map(|n| world.change(world.id(), 1, seq * 10 + n, json!({}))).collect();
        world.append(seq, &changes).await;
    }
    assert_eq!(replica.catch_up().await.unwrap_err().code(), "unavailable");
    assert!(!world.cloud.take_messages().is_empty(), "a snapshot was asked for");
    let mut tries = 0;
    while replica.catch_up().await.is_err() {
        tries += 1;
        assert!(tries < 10);
    }
    assert_eq!(rows(&replica).len(), 30);
}

/// In how many pieces the words of an object are.
fn pieces(world: &World, object: &str) -> i64 {
    let select = format!("SELECT count(DISTINCT segid) FROM t_{object}$words_idx");
    connect(world, "one").query_row(&select, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_removal_has_the_words_of_its_object_written_anew_and_the_next_one_not_at_once() {
    let world = World::new();
    let replica = world.open_whole("one").await;
    let contacts = [world.id(), world.id(), world.id()];
    let change =
        |object: &str, id, position| world.record(object, id, 1, position, json!({ "last_name": "A", "name": "B" }));
    let removal = |id: kernel::AnyId, position| world.removal(id, 1, position);
    for (seq, id) in (1..).zip(contacts) {
        let company = world.ids.next::<kinds::Company>().erase();
        world.append(seq, &[change("contact", id, 2 * seq), change("company", company, 2 * seq + 1)]).await;
    }
    replica.catch_up().await.unwrap();
    assert_eq!((pieces(&world, "contact"), pieces(&world, "company")), (3, 3));
    world.append(4, &[removal(contacts[0], 10)]).await;
    replica.catch_up().await.unwrap();
    assert_eq!((pieces(&world, "contact"), pieces(&world, "company")), (1, 3), "no company was removed");
    world.append(5, &[removal(contacts[1], 11), change("contact", world.id(), 12)]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(pieces(&world, "contact"), 2, "it was done a moment ago");
    world.clock.advance_millis(5 * 60_000);
    replica.catch_up().await.unwrap();
    assert_eq!((pieces(&world, "contact"), pieces(&world, "company")), (1, 3));
}

#[tokio::test]
async fn the_first_entry_of_a_journal_may_have_any_number() {
    let world = World::new();
    let replica = world.open("one").await;
    let id = world.id();
    world.append(20_000_000_000_001, &[world.change(id, 1, 1, json!({}))]).await;
    assert_eq!(replica.catch_up().await.unwrap(), 20_000_000_000_001);
    assert_eq!(rows(&replica), [format!("{id}:1")]);
}

#[tokio::test]
async fn a_repetition_of_what_was_erased_before_the_replica_was_built_brings_nothing_back() {
    let world = World::new();
    let id = world.id();
    let old = world.change(id, 1, 1, json!({}));
    world.append(1, std::slice::from_ref(&old)).await;
    world.append(2, &[world.removal(id, 1, 2)]).await;
    // Three hours later: what is left of it in the journal is not read any more.
    world.clock.advance_millis(3 * 3_600_000);
    world.append(3, &[world.change(world.id(), 1, 3, json!({}))]).await;
    let replica = world.open("one").await;
    world.append(4, &[old]).await;
    replica.catch_up().await.unwrap();
    assert_eq!(rows(&replica).len(), 1);
}

#[tokio::test]
async fn entries_around_the_moment_of_building_are_gone_through_again() {
    let world = World::new();
    let ids = three_entries(&world).await;
    // The catalog index lacks all of them; the journal has them.
    let replica = world.open("one").await;
    assert_eq!(rows(&replica), ids);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[expect(clippy::disallowed_methods, reason = "a test of what threads do to each other")]
async fn many_threads_see_the_journal_grow_and_never_shrink() {
    let world = std::sync::Arc::new(World::new());
    let replicas = world.replicas("one");
    let mut readers = Vec::new();
    for _ in 0..4 {
        let (world, replicas) = (world.clone(), replicas.clone());
        readers.push(tokio::spawn(async move {
            let query = replica::Query { count: true, ..replica::Query::new("contact") };
            let mut seen = 0;
            while seen < 200 {
                let replica = replicas.open(&world.table, &world.clock).await.unwrap();
                let count = replica.answer(&query, &Position::default()).await.unwrap().count.unwrap();
                assert!(count >= seen && count % 10 == 0, "{count} after {seen}: an entry is whole or not there");
                seen = count;
            }
        }));
    }
    for seq in 1..=20 {
        let changes: Vec<_> = (0..10).map(|n| world.change(world.id(), 1, seq * 10 + n, json!({}))).collect();
        world.append(seq, &changes).await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

/// A replica that has read the journal once: from then on it need not be read consistently.
async fn following(world: &World) -> Replica {
    let replica = world.open("one").await;
    world.append(1, &[world.change(world.id(), 1, 1, json!({}))]).await;
    assert_eq!(replica.catch_up().await.unwrap(), 1);
    world.faults.reset_counts();
    replica
}

/// Begins to catch up, and lets others come meanwhile: what each is answered.
async fn beside(world: &World, replica: &Replica, others: usize) -> Vec<kernel::Result<u64>> {
    let mut first = std::pin::pin!(replica.catch_up());
    let _ = std::future::poll_fn(|cx| std::task::Poll::Ready(first.as_mut().poll(cx))).await;
    world.append(2, &[world.change(world.id(), 1, 2, json!({}))]).await;
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..others {
        let replica = replica.clone();
        waiting.spawn(async move { replica.catch_up().await });
    }
    tokio::task::yield_now().await;
    assert_eq!(first.await.unwrap(), 1);
    waiting.join_all().await
}

/// The first answer of the journal is of before what is written meanwhile, and comes after it.
fn of_before() -> Fate {
    Fate::Alter(Box::new(|answer: &mut Value| answer["Items"].as_array_mut().unwrap().clear()))
}

#[tokio::test(start_paused = true)]
async fn who_comes_while_another_catches_up_shares_the_next_turn() {
    let world = World::new();
    let replica = following(&world).await;
    let turns = AtomicUsize::new(0);
    world.faults.hook(move |call| match is_journal(call).then(|| turns.fetch_add(1, Ordering::SeqCst)) {
        Some(0) => of_before(),
        Some(_) => Fate::Late(Duration::from_millis(10)),
        None => Fate::Pass,
    });
    let found: Vec<u64> = beside(&world, &replica, 6).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(found, [2; 6], "what was written before they came");
    assert_eq!(world.faults.calls("Query"), 2, "one round trip for all six");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_failed_is_shared_with_nobody() {
    let world = World::new();
    let replica = following(&world).await;
    let turns = AtomicUsize::new(0);
    world.faults.hook(move |call| match is_journal(call).then(|| turns.fetch_add(1, Ordering::SeqCst)) {
        Some(0) => of_before(),
        Some(1) => Fate::Refuse(400, "AccessDeniedException"),
        _ => Fate::Pass,
    });
    let found = beside(&world, &replica, 2).await;
    assert_eq!(found.iter().filter(|turn| turn.is_err()).count(), 1, "{found:?}");
    assert!(found.iter().any(|turn| matches!(turn, Ok(2))), "{found:?}: who waited asks for themselves");
}
