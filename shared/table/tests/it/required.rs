//! What a commit only looks at: records that have to be there, versions that have to be the seen ones. And values that
//! go from one record to another.

use kernel::AnyId;
use table::{Changes, Refused, TenantTable};

use crate::bench::{Bench, create, document, made, only};

fn holder_of(guard: Option<events::Document>) -> Option<AnyId> {
    guard.map(|guard| guard["holder"].as_str().unwrap().parse().unwrap())
}

async fn holder(table: &TenantTable, email: &str) -> Option<AnyId> {
    holder_of(table.get(&table.keys().unique("contact.email", email)).await.unwrap())
}

fn transfer(table: &TenantTable, from: AnyId, to: AnyId) -> Changes {
    only(|changes| changes.transfer(table.keys(), "contact.email", "ada@example.com", from, to))
}

#[tokio::test]
async fn nothing_is_written_when_what_it_needs_is_gone() {
    let bench = Bench::new();
    let (table, here, gone, new) = (bench.workspace(), bench.contact(), bench.contact(), bench.contact());
    made(&table, &[here]).await;
    let needing = |required: AnyId| {
        let mut changes = create(&table, new, None);
        changes.require(table.keys(), "contact", required);
        changes
    };
    match table.commit(&needing(gone)).await {
        Err(Refused::Gone { id }) => assert_eq!(id, gone),
        other => panic!("{other:?}"),
    }
    assert_eq!(table.get(&table.keys().record("contact", new)).await.unwrap(), None);
    table.commit(&needing(here)).await.unwrap();
    let stored = table.get(&table.keys().record("contact", here)).await.unwrap();
    assert_eq!(stored, Some(document(here, 1, "Berlin")), "what is required is not written");
}

#[tokio::test]
async fn nothing_is_written_when_what_decided_about_it_has_changed() {
    let bench = Bench::new();
    let (table, id, new) = (bench.workspace(), bench.contact(), bench.contact());
    made(&table, &[id]).await;
    let deciding = |seen| {
        let mut changes = create(&table, new, None);
        changes.require_version(table.keys().record("contact", id), seen);
        changes
    };
    match table.commit(&deciding(2)).await {
        Err(Refused::Stale(Some(stored))) => assert_eq!(stored, document(id, 1, "Berlin")),
        other => panic!("{other:?}"),
    }
    table.commit(&deciding(1)).await.unwrap();
    let nowhere = only(|changes| changes.require_version(table.keys().config("object.x_a"), 1));
    assert!(matches!(table.commit(&nowhere).await, Err(Refused::Stale(None))));
}

#[tokio::test]
async fn what_a_commit_writes_anyway_is_not_checked_beside_it() {
    let bench = Bench::new();
    let (table, id, other) = (bench.workspace(), bench.contact(), bench.contact());
    made(&table, &[other]).await;
    let keys = table.keys();
    // In whichever order they are said; a record that refers to itself or twice to another one is nothing special.
    let mut first = Changes::new();
    first.require(keys, "contact", id);
    first.create_record(keys, "contact", id, document(id, 1, "Berlin"));
    first.require(keys, "contact", other);
    first.require(keys, "contact", other);
    assert_eq!(first.len(), 2);
    table.commit(&first).await.unwrap();
    let mut second = Changes::new();
    second.require_version(keys.record("contact", id), 1);
    second.replace_record(keys, "contact", id, document(id, 2, "Bonn"), 1);
    second.require(keys, "contact", id);
    second.take(keys, "contact.email", "ada@example.com", id);
    second.take(keys, "contact.email", "ada@example.com", id);
    assert_eq!(second.len(), 2);
    table.commit(&second).await.unwrap();
    assert_eq!(holder(&table, "ada@example.com").await, Some(id));
}

#[tokio::test]
async fn what_was_decided_by_two_versions_of_an_item_is_stale() {
    let bench = Bench::new();
    let (table, id) = (bench.workspace(), bench.contact());
    made(&table, &[id]).await;
    let (keys, key) = (table.keys(), table.keys().record("contact", id));
    let mut checks = Changes::new();
    checks.require_version(key.clone(), 1);
    checks.require_version(key.clone(), 2);
    let mut written = Changes::new();
    written.require_version(key, 1);
    written.replace_record(keys, "contact", id, document(id, 3, "Bremen"), 2);
    let trips = table.meter().used().round_trips;
    for changes in [checks, written] {
        assert!(
            matches!(table.commit(&changes).await, Err(Refused::Stale(None))),
            "whoever has read it can read it anew"
        );
        assert!(matches!(table.check(&changes).await, Err(Refused::Stale(None))));
    }
    // To write it twice is a defect. Neither takes to ask the table.
    let mut twice = only(|changes| changes.replace_record(keys, "contact", id, document(id, 2, "Bremen"), 1));
    twice.replace_record(keys, "contact", id, document(id, 3, "Bremen"), 2);
    assert!(matches!(table.commit(&twice).await, Err(Refused::Failed(_))));
    assert_eq!(table.meter().used().round_trips, trips);
}

#[tokio::test]
async fn a_check_is_one_of_the_units_written_and_no_round_trip_of_its_own() {
    let bench = Bench::new();
    let (table, id) = (bench.workspace(), bench.contact());
    made(&table, &[id]).await;
    let cost = async |require: bool| {
        let mut changes = create(&table, bench.contact(), None);
        if require {
            changes.require(table.keys(), "contact", id);
        }
        let before = table.meter().used();
        table.commit(&changes).await.unwrap();
        let after = table.meter().used();
        assert_eq!((after.round_trips - before.round_trips, after.read_units), (1, before.read_units));
        after.write_units - before.write_units
    };
    assert_eq!(cost(true).await - cost(false).await, 2.0);
}

#[tokio::test]
async fn a_value_goes_from_its_holder_to_another_and_from_nobody_else() {
    let bench = Bench::new();
    let table = bench.workspace();
    let (winner, loser, stranger) = (bench.contact(), bench.contact(), bench.contact());
    table.commit(&create(&table, loser, Some("ada@example.com"))).await.unwrap();
    table.commit(&transfer(&table, loser, winner)).await.unwrap();
    assert_eq!(holder(&table, "ada@example.com").await, Some(winner));
    // Once more is nothing new, but somebody else's value is not to be had.
    table.commit(&transfer(&table, loser, winner)).await.unwrap();
    match table.commit(&transfer(&table, loser, stranger)).await {
        Err(Refused::Taken { field, holder }) => assert_eq!((field.as_str(), holder), ("contact.email", Some(winner))),
        other => panic!("{other:?}"),
    }
    // What nobody holds is taken.
    table
        .commit(&only(|changes| changes.release(table.keys(), "contact.email", "ada@example.com", winner)))
        .await
        .unwrap();
    table.commit(&transfer(&table, loser, stranger)).await.unwrap();
    assert_eq!(holder(&table, "ada@example.com").await, Some(stranger));
}

#[tokio::test]
async fn of_two_who_take_a_value_over_one_gets_it() {
    let bench = Bench::new();
    let table = bench.workspace();
    let (loser, takers) = (bench.contact(), [bench.contact(), bench.contact()]);
    table.commit(&create(&table, loser, Some("ada@example.com"))).await.unwrap();
    let attempts = takers.map(|to| {
        let table = table.clone();
        async move { table.commit(&transfer(&table, loser, to)).await.is_ok() }
    });
    let won = futures_util::future::join_all(attempts).await;
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
}
