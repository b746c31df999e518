//! Cursors: bound to their list, and never a way in.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Position;
use proptest::prelude::*;
use replica::{Archived, Condition, Direction, Filter, Op, Query, Replica, Sort};
use serde_json::{Value, json};

use crate::world::{World, column};

async fn ten(world: &World) -> Replica {
    let changes: Vec<_> =
        (1..=10).map(|n| world.change(world.id(), 1, n, json!({ "name": format!("N{n}"), "city": "X" }))).collect();
    world.append(1, &changes).await;
    world.open("one").await
}

fn first() -> Query {
    Query { limit: 3, ..Query::new("contact") }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = World::new();
    let replica = ten(&world).await;
    let cursor = replica.answer(&first(), &Position::default()).await.unwrap().next_cursor;
    let with = |change: &dyn Fn(&mut Query)| {
        let mut query = Query { cursor: cursor.clone(), ..first() };
        change(&mut query);
        replica.ask(&query)
    };
    assert_eq!(with(&|_| {}).unwrap().rows.len(), 3);
    assert_eq!(with(&|query| query.limit = 5).unwrap().rows.len(), 5, "the size of a page is free");
    let others: [&dyn Fn(&mut Query); 5] = [
        &|query| query.filter = Filter::Is(Condition::new("city", Op::Eq, "X")),
        &|query| query.search = Some("n".to_owned()),
        &|query| query.sort = vec![Sort::by("name", Direction::Ascending)],
        &|query| query.archived = Archived::Any,
        &|query| query.visibility.hidden = crate::desk::hidden(&["contact.email"]),
    ];
    for other in others {
        assert_eq!(with(other).unwrap_err().code(), "cursor_mismatch");
    }
    let elsewhere = world.tables.workspace(world.ids.next(), table::Meter::default());
    let theirs = world.replicas("two").open(&elsewhere, &world.clock).await.unwrap();
    assert_eq!(theirs.ask(&Query { cursor, ..first() }).unwrap_err().code(), "cursor_mismatch");
}

#[tokio::test]
async fn a_cursor_from_the_future_is_refused_and_one_from_a_faster_instance_is_followed() {
    let world = World::new();
    let slow = ten(&world).await;
    slow.catch_up().await.unwrap();
    world.append(2, &[world.change(world.id(), 1, 99, json!({}))]).await;
    let fast = world.open("fast").await;
    let cursor = fast.answer(&first(), &Position::default()).await.unwrap().next_cursor.unwrap();
    let next = Query { cursor: Some(cursor.clone()), ..first() };
    assert_eq!(slow.ask(&next).unwrap_err().code(), "unavailable", "without the journal it is behind");
    assert_eq!(slow.answer(&next, &Position::default()).await.unwrap().rows.len(), 3);
    let mut forged: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    forged["q"] = json!(u64::MAX);
    let forged = Query { cursor: Some(URL_SAFE_NO_PAD.encode(forged.to_string())), ..first() };
    assert_eq!(slow.answer(&forged, &Position::default()).await.unwrap_err().code(), "cursor_mismatch");
}

#[tokio::test]
async fn a_record_that_one_instance_knows_ahead_of_the_journal_is_not_shown_at_two_places() {
    let world = World::new();
    let moving = world.id();
    world.store(moving, 1, json!({ "name": "Z" })).await;
    let mut changes: Vec<_> =
        (1..=6).map(|n| world.change(world.id(), 1, n, json!({ "name": format!("N{n}") }))).collect();
    changes.push(world.change(moving, 1, 7, json!({ "name": "Z" })));
    world.append(1, &changes).await;
    let (one, two) = (world.open("one").await, world.open("two").await);
    world.store(moving, 2, json!({ "name": "A" })).await;
    let mut query = Query { limit: 3, sort: vec![Sort::by("name", Direction::Ascending)], ..Query::new("contact") };
    let first = one.answer(&query, &Position::of(moving, 2)).await.unwrap();
    query.cursor = first.next_cursor.clone();
    query.limit = 10;
    let rest = two.answer(&query, &Position::default()).await.unwrap();
    let names = [column(&first, "name"), column(&rest, "name")].concat();
    assert_eq!(names, ["A", "N1", "N2", "N3", "N4", "N5", "N6"]);
}

fn shared() -> &'static (World, Replica, String) {
    static SHARED: OnceLock<(World, Replica, String)> = OnceLock::new();
    SHARED.get_or_init(|| {
        std::thread::spawn(|| {
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
                let world = World::new();
                let replica = ten(&world).await;
                let cursor = replica.answer(&first(), &Position::default()).await.unwrap().next_cursor.unwrap();
                (world, replica, cursor)
            })
        })
        .join()
        .unwrap()
    })
}

fn is_refused(cursor: String) -> bool {
    let (_, replica, good) = shared();
    let same = cursor == *good;
    match replica.ask(&Query { cursor: Some(cursor), ..first() }) {
        Ok(_) => same,
        Err(error) => error.code() == "cursor_mismatch",
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_that_is_no_cursor_is_taken_for_one(text in "\\PC{0,60}|[A-Za-z0-9_-]{0,200}") {
        prop_assert!(is_refused(text));
    }

    #[test]
    fn values_of_another_sort_are_refused(value in prop_oneof![
        Just(json!(null)), Just(json!("x")), Just(json!(1.5)), Just(json!([1])), Just(json!({})), Just(json!(true)), Just(json!(u64::MAX)),
    ], many in 0usize..4) {
        let (_, _, good) = shared();
        let mut cursor: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(good).unwrap()).unwrap();
        cursor["s"] = json!(vec![value; many]);
        prop_assert!(is_refused(URL_SAFE_NO_PAD.encode(cursor.to_string())));
    }
}
