//! How long records stay in the trash.

use kernel::{AnyId, Timestamp};
use serde_json::{Value, json};
use table::{Changes, DUE_SHARDS, Sort};

use crate::bench::{Bench, map};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// What is due by a time, of all shards.
async fn due(bench: &Bench, by: Timestamp) -> Vec<AnyId> {
    let mut found = Vec::new();
    for shard in 0..DUE_SHARDS {
        let page = bench.tables.due(shard, by, 100, None).await.unwrap();
        found.extend(page.due.into_iter().map(|due| due.id));
    }
    found
}

async fn days(bench: &Bench, days: Value) {
    let mut changes = Changes::new();
    changes.create(bench.cx.table.keys().config("workspace"), Sort::Config, map(json!({ "trash_days": days })));
    bench.cx.commit(&changes).await.unwrap();
}

#[tokio::test]
async fn the_trash_is_due_after_thirty_days_and_restoring_takes_it_off_the_list() {
    let bench = Bench::new();
    let contact = bench.object("contact").await;
    let id = bench.create("contact", json!({ "first_name": "Ada" })).await;
    let now = bench.cx.clock.now();
    records::archive(&bench.cx, &contact, id, None).await.unwrap();
    assert_eq!(due(&bench, now.plus_millis(30 * DAY_MS - 1)).await, []);
    assert_eq!(due(&bench, now.plus_millis(30 * DAY_MS)).await, [id]);
    records::restore(&bench.cx, &contact, id, None).await.unwrap();
    assert_eq!(due(&bench, now.plus_millis(400 * DAY_MS)).await, []);
}

#[tokio::test]
async fn the_workspace_says_for_how_many_days() {
    let bench = Bench::new();
    days(&bench, json!(7)).await;
    let id = bench.create("company", json!({ "name": "Acme" })).await;
    let now = bench.cx.clock.now();
    records::archive(&bench.cx, &*bench.object("company").await, id, None).await.unwrap();
    assert_eq!(due(&bench, now.plus_millis(7 * DAY_MS)).await, [id]);
}

#[tokio::test]
async fn users_and_teams_are_never_erased_by_themselves() {
    let bench = Bench::new();
    let id = bench.create("team", json!({ "name": "Sales" })).await;
    records::archive(&bench.cx, &*bench.object("team").await, id, None).await.unwrap();
    assert_eq!(due(&bench, bench.cx.clock.now().plus_millis(400 * DAY_MS)).await, []);
}

#[tokio::test]
async fn only_what_is_due_is_erased_by_its_time() {
    let bench = Bench::new();
    let contact = bench.object("contact").await;
    let id = bench.create("contact", json!({ "first_name": "Ada" })).await;
    let erased = async || records::erase_due(&bench.cx, &contact, id).await.unwrap().map(|written| written.status);
    assert_eq!(erased().await, None, "it is not in the trash");
    records::archive(&bench.cx, &contact, id, None).await.unwrap();
    bench.cx.clock.advance_millis(30 * DAY_MS - 1);
    assert_eq!(erased().await, None, "its time is not over");
    bench.cx.clock.advance_millis(1);
    assert_eq!(erased().await, Some(204));
    assert_eq!(erased().await, None, "it is gone");
    assert_eq!(bench.stored("contact", id).await, None);
    let other = bench.create("contact", json!({ "first_name": "Bob" })).await;
    let rep = bench.user("rita", None).await;
    assert_eq!(records::erase_due(&rep, &contact, other).await.unwrap_err().code(), "denied");
}

#[tokio::test]
async fn what_is_restored_while_its_time_ends_stays() {
    let bench = Bench::new();
    let contact = bench.object("contact").await;
    for _ in 0..20 {
        let id = bench.create("contact", json!({ "first_name": "Ada" })).await;
        records::archive(&bench.cx, &contact, id, None).await.unwrap();
        bench.cx.clock.advance_millis(31 * DAY_MS);
        let (restored, erased) =
            tokio::join!(records::restore(&bench.cx, &contact, id, None), records::erase_due(&bench.cx, &contact, id),);
        let is_there = bench.stored("contact", id).await.is_some();
        assert_eq!((restored.is_ok(), erased.unwrap().is_none()), (is_there, is_there));
    }
}
