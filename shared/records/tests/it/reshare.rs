//! Shares that a merge passes on: more than one transaction has room for, and more than a record has.

use kernel::{AnyId, Id, kinds};
use records::{Cx, MAX_SHARES, Reverted};
use serde_json::json;
use table::Level;

use crate::bench::Bench;
use crate::merge::merge;

/// A company that is shared with so many teams.
async fn shared(bench: &Bench, name: &str, teams: u16) -> AnyId {
    let company = bench.create("company", json!({ "name": name })).await;
    for number in 0..teams {
        let team = bench.create("team", json!({ "name": format!("{name} {number}") })).await;
        share(bench, company, team).await;
    }
    company
}

async fn share(bench: &Bench, company: AnyId, subject: AnyId) {
    let object = bench.object("company").await;
    records::share(&bench.cx, &object, company, &subject.to_string(), Level::Read).await.unwrap();
}

async fn count(bench: &Bench, company: AnyId) -> usize {
    records::shares(&bench.cx, &*bench.object("company").await, company).await.unwrap().len()
}

#[tokio::test]
async fn a_record_is_shared_with_as_many_as_it_has_room_for_and_all_of_that_is_taken_back() {
    let bench = Bench::new();
    let (left, gone) = (shared(&bench, "left", 60).await, shared(&bench, "gone", 45).await);
    let job = merge(&bench, "company", left, json!({ "others": [gone] })).await.unwrap().job;
    let (object, since) = (bench.object("company").await, bench.cx.clock.now());
    let by = |job: Id<kinds::Job>| Cx { job: Some(job), ..bench.cx.clone() };
    assert!(records::is_private_or_shared(&bench.cx, &object, &[gone]).await.unwrap());
    for _ in 0..2 {
        let passed_on = records::pass_on_shares(&by(job), &object, &[gone], left).await;
        let kernel::Error::Invalid(violations) = passed_on.unwrap_err() else { panic!("no violation") };
        assert_eq!(violations.iter().next().unwrap().code, "too_many_shares");
        assert_eq!(count(&bench, left).await, usize::from(MAX_SHARES));
    }
    records::unmerge(&bench.cx, job).await.unwrap();
    let undo = bench.cx.ids.next();
    let back = records::take_back_shares(&by(undo), &object, left, (job, &[]), since).await.unwrap();
    assert_eq!((back, count(&bench, left).await), (Reverted { changed: true, kept: Vec::new() }, 60));
    // Another undo finds nothing to do, and neither does the job now that its merge is taken back.
    let again =
        records::take_back_shares(&by(bench.cx.ids.next()), &object, left, (job, &[undo]), since).await.unwrap();
    assert_eq!(again, Reverted::default());
    assert!(!records::pass_on_shares(&by(job), &object, &[gone], left).await.unwrap());
    assert_eq!((count(&bench, left).await, count(&bench, gone).await), (60, 45));
}
