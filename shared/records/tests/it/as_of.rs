//! Records as they were, against what was answered then.

use kernel::{AnyId, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::bench::{Bench, map};

async fn as_of(bench: &Bench, id: AnyId, at: Timestamp) -> kernel::Result<Value> {
    let contact = bench.object("contact").await;
    records::as_of(&bench.cx, &contact, id, at).await.map(|record| Value::Object(record.rendered(&contact)))
}

#[tokio::test]
async fn before_it_was_made_there_was_none_and_after_it_was_erased_neither() {
    let bench = Bench::new();
    let before = bench.cx.clock.now();
    let id = bench.create("contact", json!({ "first_name": "Ada" })).await;
    let made = bench.cx.clock.now();
    assert_eq!(as_of(&bench, id, before).await.unwrap_err().code(), "not_found");
    assert_eq!(as_of(&bench, id, made).await.unwrap()["version"], 1);
    assert_eq!(as_of(&bench, id, made.plus_seconds(1_000_000)).await.unwrap()["version"], 1);
    records::erase(&bench.cx, &*bench.object("contact").await, id, None).await.unwrap();
    assert_eq!(as_of(&bench, id, made).await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn what_was_merged_away_is_there_as_of_before() {
    let bench = Bench::new();
    let a = bench.create("contact", json!({ "first_name": "A" })).await;
    let b = bench.create("contact", json!({ "first_name": "B", "city": "Bonn" })).await;
    let before = bench.cx.clock.now();
    bench.cx.clock.advance_millis(1);
    let merge = records::Merge::parse(&map(json!({ "others": [b] }))).unwrap();
    records::merge(&bench.cx, &*bench.object("contact").await, a, &merge, None).await.unwrap();
    assert_eq!(as_of(&bench, b, before).await.unwrap()["city"], "Bonn");
    assert_eq!(as_of(&bench, a, before).await.unwrap()["city"], Value::Null);
    assert_eq!(as_of(&bench, a, bench.cx.clock.now()).await.unwrap()["city"], "Bonn");
    assert_eq!(as_of(&bench, b, bench.cx.clock.now()).await.unwrap_err().code(), "merged");
}

#[tokio::test]
async fn links_and_shares_in_its_history_are_no_versions() {
    let bench = Bench::new();
    let id = bench.create("contact", json!({ "first_name": "Ada" })).await;
    let contact = bench.object("contact").await;
    bench.cx.clock.advance_millis(1);
    let user = bench.user("rita", None).await.caller.user.to_string();
    let other = records::Other { object: "user", id: &user };
    records::link(&bench.cx, &contact, id, "knows", other).await.unwrap();
    let linked = bench.cx.clock.now();
    bench.update("contact", id, json!({ "city": "Rome" })).await;
    records::share(&bench.cx, &contact, id, "everyone", table::Level::Read).await.unwrap();
    let then = as_of(&bench, id, linked).await.unwrap();
    assert_eq!((&then["version"], &then["city"]), (&json!(1), &Value::Null));
    assert_eq!(then["updated_at"], then["created_at"]);
}

#[derive(Debug, Clone)]
enum Step {
    Patch(Value),
    Archive,
    Restore,
    /// Nobody does anything for so many milliseconds.
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = prop_oneof![Just(Value::Null), Just(json!("Bonn")), Just(json!("Rome"))];
    let field = proptest::sample::select(vec!["city", "country", "job_title"]);
    let patch = (field, value).prop_map(|(field, value)| Step::Patch(json!({ field: value })));
    let tags = proptest::collection::vec("[a-c]", 0..3).prop_map(|tags| Step::Patch(json!({ "tags": tags })));
    let owner = any::<bool>().prop_map(|owned| {
        if owned {
            Step::Patch(json!({ "owner_id": null }))
        } else {
            Step::Patch(json!({ "custom": { "tier": "gold" } }))
        }
    });
    let step = prop_oneof![4 => patch, 1 => tags, 1 => owner, 1 => Just(Step::Archive), 2 => Just(Step::Restore), 2 => (0..3_i64).prop_map(Step::Wait)];
    proptest::collection::vec(step, 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_is_answered_as_it_was_at_any_time(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new();
            let tier = json!({ "name": "tier", "type": "text" });
            bench.define(json!({ "object": "contact", "fields": [tier] })).await;
            let id = bench.create("contact", json!({ "first_name": "Ada" })).await;
            let contact = bench.object("contact").await;
            // What was answered at the end of each millisecond.
            let mut known = vec![(bench.cx.clock.now(), bench.read("contact", id).await)];
            for step in steps {
                // Refused or not: what counts is what the record is then.
                match step {
                    Step::Patch(patch) => drop(records::update(&bench.cx, &contact, id, &map(patch), None).await),
                    Step::Archive => drop(records::archive(&bench.cx, &contact, id, None).await),
                    Step::Restore => drop(records::restore(&bench.cx, &contact, id, None).await),
                    Step::Wait(millis) => bench.cx.clock.advance_millis(millis),
                }
                let (now, record) = (bench.cx.clock.now(), bench.read("contact", id).await);
                known.retain(|(at, _)| *at < now);
                known.push((now, record));
            }
            for (at, expected) in known {
                let then = as_of(&bench, id, at).await.unwrap();
                assert_eq!(then, expected);
            }
        });
    }
}
