//! What records refer to, while others write at the same time.

use kernel::AnyId;
use records::Batch;
use serde_json::json;

use crate::bench::{Bench, map};

#[tokio::test]
async fn a_parent_that_changes_meanwhile_is_not_taken_for_the_record_itself() {
    let bench = Bench::new();
    let (child, parent) = (
        bench.create("company", json!({ "name": "Child" })).await,
        bench.create("company", json!({ "name": "P" })).await,
    );
    let object = bench.object("company").await;
    // Both at once, often enough that one gets between the other's read and its commit.
    for round in 0..20 {
        let (name, none) = (map(json!({ "name": format!("Parent {round}") })), map(json!({ "parent_id": null })));
        records::update(&bench.cx, &object, child, &none, None).await.unwrap();
        let under = map(json!({ "parent_id": parent }));
        let (one, other) = tokio::join!(
            records::update(&bench.cx, &object, child, &under, None),
            records::update(&bench.cx, &object, parent, &name, None),
        );
        assert_eq!((one.unwrap().id, other.unwrap().id), (child, parent));
    }
    assert_eq!(bench.read("company", child).await["parent_id"], json!(parent));
    assert_eq!(bench.read("company", parent).await["parent_id"], json!(null));
}

#[tokio::test]
async fn a_parent_that_changes_within_a_batch_makes_it_plan_again() {
    let bench = Bench::new();
    let (mut children, object) = (Vec::new(), bench.object("company").await);
    for number in 0..8 {
        children.push(bench.create("company", json!({ "name": format!("Child {number}") })).await);
    }
    let parent = bench.create("company", json!({ "name": "P" })).await;
    for round in 0..10 {
        let under = |parent: Option<AnyId>| {
            let update = |id| json!({ "op": "update", "id": id, "data": { "parent_id": parent } });
            let operations: Vec<_> = children.iter().map(update).collect();
            Batch::parse(&map(json!({ "atomic": true, "operations": operations })), &bench.cx.ids).unwrap()
        };
        records::batch(&bench.cx, &object, &under(None)).await.unwrap();
        let all = under(Some(parent));
        let rename = async |step: u32| {
            let name = map(json!({ "name": format!("Parent {round} {step}") }));
            records::update(&bench.cx, &object, parent, &name, None).await.unwrap();
        };
        let renames = async {
            for step in 0..4 {
                rename(step).await;
            }
        };
        let (done, ()) = tokio::join!(records::batch(&bench.cx, &object, &all), renames);
        assert_eq!(done.unwrap().len(), children.len());
    }
}

#[tokio::test]
async fn two_who_make_each_other_their_parent_do_not_both_succeed() {
    let bench = Bench::new();
    let (a, b) =
        (bench.create("company", json!({ "name": "A" })).await, bench.create("company", json!({ "name": "B" })).await);
    let object = bench.object("company").await;
    let (under_a, under_b) = (map(json!({ "parent_id": a })), map(json!({ "parent_id": b })));
    let (one, other) = tokio::join!(
        records::update(&bench.cx, &object, a, &under_b, None),
        records::update(&bench.cx, &object, b, &under_a, None),
    );
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|ok| **ok).count(), 1);
}

#[tokio::test]
async fn a_record_that_is_referred_to_elsewhere_already_is_still_no_ancestor_of_itself() {
    let bench = Bench::new();
    let partner = json!({ "name": "partner", "type": "reference", "object": "company" });
    bench.define(json!({ "object": "company", "fields": [partner] })).await;
    let top = bench.create("company", json!({ "name": "Top" })).await;
    let below = bench.create("company", json!({ "name": "Below", "parent_id": top })).await;
    bench.update("company", top, json!({ "custom": { "partner": below } })).await;
    let object = bench.object("company").await;
    let refused = records::update(&bench.cx, &object, top, &map(json!({ "parent_id": below })), None).await;
    assert_eq!(refused.unwrap_err().code(), "invalid");
}
