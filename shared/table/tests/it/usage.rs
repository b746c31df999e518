//! Leases on the real engine: what is granted, what is told, what it costs.

use kernel::Timestamp;
use serde_json::{Value, json};
use table::{LeaseRequest, Ledger, Rate, TenantTable, Usage};

use crate::bench::Bench;

const KEY: &str = "key_019b76daa8007838a5822a6f9e62da21";

fn used(requests: u64, read_units: f64, write_units: f64) -> Usage {
    Usage { requests, read_units, write_units }
}

fn asking(owed: u32, wanted: u32) -> LeaseRequest {
    LeaseRequest { rate: Rate::of(5).unwrap(), owed, wanted, usage: used(1, 0.5, 2.0) }
}

/// Leases as an instance that knows nothing of the item, or what it was told last; answers how many were granted.
async fn lease(table: &TenantTable, ask: LeaseRequest, known: &mut Option<Ledger>, now: Timestamp) -> u32 {
    let lease = table.lease(KEY, &ask, known.as_ref(), now).await.unwrap();
    *known = Some(lease.ledger);
    lease.granted
}

#[tokio::test]
async fn all_instances_together_are_granted_what_the_rate_allows() {
    let bench = Bench::new();
    let (table, clock) = (bench.workspace(), &bench.clock);
    let (mut one, mut two) = (None, None);
    assert_eq!(lease(&table, asking(1, 20), &mut one, clock.now()).await, 20);
    assert_eq!(lease(&table, asking(1, 20), &mut two, clock.now()).await, 20);
    assert_eq!(lease(&table, asking(0, 20), &mut one, clock.now()).await, 8, "50 at once, less 42");
    assert_eq!(lease(&table, asking(1, 20), &mut two, clock.now()).await, 0);
    clock.advance_millis(1_000);
    // 5 more a second, of which the last request, which was made without a lease, has one.
    assert_eq!(lease(&table, asking(0, 20), &mut one, clock.now()).await, 4);
    clock.advance_millis(60_000);
    assert_eq!(
        lease(&table, asking(0, 90), &mut two, clock.now()).await,
        50,
        "never more than the requests of ten seconds"
    );
}

#[tokio::test]
async fn a_lease_is_one_update_of_one_unit_and_one_more_where_somebody_was_there_before() {
    let bench = Bench::new();
    let (table, clock) = (bench.workspace(), &bench.clock);
    let workspace = table.workspace_id();
    let cost = async |known: &mut Option<Ledger>, passed: i64| {
        clock.advance_millis(passed);
        let table = bench.tables.workspace(workspace, table::Meter::default());
        lease(&table, asking(1, 4), known, clock.now()).await;
        let used = table.meter().used();
        (used.round_trips, used.read_units, used.write_units)
    };
    let (mut one, mut two, mut three) = (None, None, None);
    assert_eq!(cost(&mut one, 0).await, (2, 0.0, 1.0), "the first of all finds that nothing is there");
    assert_eq!(cost(&mut one, 10_000).await, (1, 0.0, 1.0));
    assert_eq!(cost(&mut two, 10_000).await, (1, 0.0, 1.0), "another instance, where the caller was at rest");
    assert_eq!(cost(&mut three, 100).await, (2, 0.0, 1.0), "and where not");
    assert_eq!(cost(&mut three, 100).await, (1, 0.0, 1.0));
    assert_eq!(
        cost(&mut two, 100).await,
        (1, 0.0, 1.0),
        "what others have leased meanwhile is no matter, if enough is left"
    );
}

#[tokio::test]
async fn what_was_used_is_summed_up_by_the_month() {
    let bench = Bench::new();
    let (table, clock) = (bench.workspace(), &bench.clock);
    let (mut one, mut two) = (None, None);
    let subjects = [KEY.to_owned(), "usr_never".to_owned()];
    for known in [&mut one, &mut two] {
        lease(&table, asking(1, 4), known, clock.now()).await;
        clock.advance_millis(10_000);
    }
    let told = table.usage_of(&subjects, clock.now()).await.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[KEY].this_month, used(2, 1.0, 4.0));
    assert_eq!(told[KEY].last_used_at, Some(clock.now().plus_millis(-10_000)));
    // 2 requests at 1.2, a read unit at 0.125, 4 write units at 0.625.
    assert_eq!(told[KEY].this_month.cost_micros(), 5);

    clock.advance_millis(40 * 24 * 3600 * 1000);
    let told = table.usage_of(&subjects, clock.now()).await.unwrap();
    assert_eq!(told[KEY].this_month, Usage::default());
    assert!(told[KEY].last_used_at.is_some(), "that is remembered");
    let mut three = one.clone();
    for known in [&mut one, &mut two, &mut three] {
        lease(&table, asking(1, 4), known, clock.now()).await;
    }
    let told = table.usage_of(&subjects, clock.now()).await.unwrap();
    assert_eq!(told[KEY].this_month, used(3, 1.5, 6.0));
    let item = table.get(&table.keys().usage(KEY)).await.unwrap().unwrap();
    assert_eq!((&item["month_before"], &item["requests_before"]), (&json!("2026-01"), &json!(2)));
}

#[tokio::test]
async fn an_instance_whose_clock_is_behind_counts_in_the_month_that_has_begun() {
    let bench = Bench::new();
    let (table, start) = (bench.workspace(), bench.clock.now());
    let later = start.plus_seconds(31 * 24 * 3600);
    let (mut ahead, mut behind) = (None, None);
    lease(&table, asking(1, 4), &mut ahead, later).await;
    lease(&table, asking(1, 4), &mut behind, later.plus_millis(-60_000)).await;
    let told = table.usage_of(&[KEY.to_owned()], later).await.unwrap();
    assert_eq!(told[KEY].this_month.requests, 2);
}

#[tokio::test]
async fn what_a_clock_has_written_that_was_far_ahead_is_put_right() {
    let bench = Bench::new();
    let (table, now) = (bench.workspace(), bench.clock.now());
    lease(&table, asking(1, 50), &mut None, now.plus_seconds(3_600)).await;
    assert_eq!(lease(&table, asking(1, 20), &mut None, now).await, 20);
    assert_eq!(lease(&table, asking(0, 50), &mut None, now).await, 29, "and counts from then on");
}

#[tokio::test]
async fn the_item_is_no_business_of_the_journal_and_goes_by_itself() {
    let bench = Bench::new();
    let table = bench.workspace();
    lease(&table, asking(1, 4), &mut None, bench.clock.now()).await;
    let item = bench.item(&table.keys().usage(KEY));
    assert_eq!(item["item"]["S"], "usage");
    let expires: i64 = item["expires_at"]["N"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires - bench.clock.now().as_seconds(), table::USAGE_DAYS * 24 * 3600);
    assert_eq!(item.get("gsi1pk"), None::<&Value>);
}

#[tokio::test]
async fn an_item_that_nobody_can_read_refuses_nothing() {
    let bench = Bench::new();
    let table = bench.workspace();
    let key = table.keys().usage(KEY);
    bench.put(&json!({
        "pk": { "S": key.pk() }, "sk": { "S": key.sk() }, "month": { "N": "7" }, "full_at_ns": { "S": "soon" },
    }));
    let refused = table.lease(KEY, &asking(1, 4), None, bench.clock.now()).await.unwrap_err();
    assert_eq!(refused.code(), "unavailable");
}
