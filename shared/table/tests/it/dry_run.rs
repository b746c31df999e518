//! A dry run says of every commit what the commit itself would say.

use events::Document;
use kernel::{AnyId, kinds};
use proptest::prelude::*;
use serde_json::json;
use table::{Changes, End, KeptAnswer, Level, Link, Refused, Share, Sort, TenantTable};

use crate::bench::{Bench, document};

/// One action, about one of a few records, values, labels and versions, so that actions meet.
#[derive(Debug, Clone)]
enum Step {
    Create(usize),
    Replace(usize, u64),
    Remove(usize, u64),
    Take(usize, usize),
    Transfer(usize, usize, usize),
    Release(usize, usize),
    Require(usize),
    RequireVersion(usize, u64),
    Link(usize, usize, usize, u64),
    Unlink(usize, usize, usize, u64),
    Share(usize, usize, u64),
    Unshare(usize, usize, u64),
    Chunk(usize, u64),
    RemoveChunk(usize, u64),
    Forget(usize, usize),
    ApiKey(usize, u64),
}

const RECORDS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let (record, two, version) = (0..RECORDS, 0..2usize, 0..3u64);
    let at_version = (record.clone(), 1..3u64);
    prop_oneof![
        record.clone().prop_map(Step::Create),
        at_version.clone().prop_map(|(a, v)| Step::Replace(a, v)),
        at_version.clone().prop_map(|(a, v)| Step::Remove(a, v)),
        (record.clone(), two.clone()).prop_map(|(a, value)| Step::Take(a, value)),
        (record.clone(), record.clone(), two.clone()).prop_map(|(a, b, value)| Step::Transfer(a, b, value)),
        (record.clone(), two.clone()).prop_map(|(a, value)| Step::Release(a, value)),
        record.clone().prop_map(Step::Require),
        at_version.clone().prop_map(|(a, v)| Step::RequireVersion(a, v)),
        (record.clone(), record.clone(), two.clone(), version.clone()).prop_map(|(a, b, l, v)| Step::Link(a, b, l, v)),
        (record.clone(), record.clone(), two.clone(), 1..3u64).prop_map(|(a, b, l, v)| Step::Unlink(a, b, l, v)),
        (record.clone(), two.clone(), version.clone()).prop_map(|(a, s, v)| Step::Share(a, s, v)),
        (record.clone(), two.clone(), 1..3u64).prop_map(|(a, s, v)| Step::Unshare(a, s, v)),
        (record.clone(), version).prop_map(|(a, v)| Step::Chunk(a, v)),
        at_version.prop_map(|(a, v)| Step::RemoveChunk(a, v)),
        (record, two.clone()).prop_map(|(a, key)| Step::Forget(a, key)),
        (two, 0..3u64).prop_map(|(key, v)| Step::ApiKey(key, v)),
    ]
}

struct World {
    bench: Bench,
    table: TenantTable,
    ids: Vec<AnyId>,
    by: kernel::Id<kinds::User>,
}

impl World {
    fn new() -> Self {
        let bench = Bench::new();
        let (table, ids) = (bench.workspace(), (0..RECORDS).map(|_| bench.contact()).collect());
        Self { table, ids, by: bench.ids.next(), bench }
    }

    fn link(&self, a: usize, b: usize, label: usize, version: u64) -> Link {
        Link {
            from: End::new("contact", self.ids[a]),
            to: End::new("contact", self.ids[b]),
            label: ["advises", "knows"][label].to_owned(),
            version,
            created_at: self.bench.clock.now(),
            created_by: self.by,
            more: Document::new(),
        }
    }

    fn share(&self, a: usize, subject: usize, version: u64) -> Share {
        let record = End::new("contact", self.ids[a]);
        let subject = ["everyone", "usr_1"][subject].to_owned();
        Share { record, subject, level: Level::Read, version, created_at: self.bench.clock.now(), created_by: self.by }
    }

    fn add(&self, changes: &mut Changes, step: &Step) {
        let (keys, id, value) = (self.table.keys(), |a: usize| self.ids[a], |v: usize| ["a", "b"][v]);
        let field = "contact.email";
        let versioned = |version: u64| json!({ "version": version + 1 }).as_object().cloned().unwrap();
        let contact = |a: usize, version: u64| document(id(a), version + 1, "Berlin");
        match *step {
            Step::Create(a) => changes.create_record(keys, "contact", id(a), contact(a, 0)),
            Step::Replace(a, v) => changes.replace_record(keys, "contact", id(a), contact(a, v), v),
            Step::Remove(a, v) => changes.remove_record(keys, "contact", id(a), v),
            Step::Take(a, v) => changes.take(keys, field, value(v), id(a)),
            Step::Transfer(a, b, v) => changes.transfer(keys, field, value(v), id(a), id(b)),
            Step::Release(a, v) => changes.release(keys, field, value(v), id(a)),
            Step::Require(a) => changes.require(keys, "contact", id(a)),
            Step::RequireVersion(a, v) => changes.require_version(keys.record("contact", id(a)), v),
            Step::Link(a, b, l, v) => drop(changes.link(keys, &self.link(a, b, l, v))),
            Step::Unlink(a, b, l, v) if a != b => changes.unlink(keys, &self.link(a, b, l, v)),
            Step::Unlink(..) => {}
            Step::Share(a, s, v) => changes.share(keys, &self.share(a, s, v)).unwrap(),
            Step::Unshare(a, s, v) => changes.unshare(keys, &self.share(a, s, v)),
            Step::Chunk(a, 0) => changes.create_chunk(keys, "contact", id(a), 1, versioned(0)),
            Step::Chunk(a, v) => changes.replace_chunk(keys, "contact", id(a), 1, versioned(v), v),
            Step::RemoveChunk(a, v) => changes.remove_chunk(keys, "contact", id(a), 1, v),
            Step::Forget(a, key) => changes.forget_answer(keys, self.bench.once(value(key), "body").hash(), id(a)),
            Step::ApiKey(key, 0) => changes.create(table::api_key(value(key)), Sort::ApiKey, versioned(0)),
            Step::ApiKey(key, v) => changes.replace(table::api_key(value(key)), Sort::ApiKey, versioned(v), v),
        }
    }

    /// A commit of some steps, perhaps for a request with an idempotency key.
    fn changes(&self, steps: &[Step], once: Option<Request>) -> Changes {
        let mut changes = Changes::new();
        for step in steps {
            self.add(&mut changes, step);
        }
        if let Some((key, body)) = once {
            let answer = KeptAnswer::new(200, self.ids[0], 1, None);
            changes.answer(self.bench.once(["a", "b"][key], ["body", "other"][body]), answer);
        }
        changes
    }

    async fn judge(&self, changes: &Changes) -> (Result<(), Refused>, Result<(), Refused>) {
        let dry = self.table.check(changes).await.map(drop);
        (dry, self.table.commit(changes).await.map(drop))
    }
}

/// An idempotency key and a body.
type Request = (usize, usize);

/// Commits: of each a few actions, and perhaps the request that it is for.
fn commits() -> impl Strategy<Value = Vec<(Vec<Step>, Option<Request>)>> {
    let once = proptest::option::weighted(0.2, (0..2usize, 0..2usize));
    proptest::collection::vec((proptest::collection::vec(step(), 1..4), once), 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_dry_run_and_the_commit_after_it_say_the_same(commits in commits()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            for (steps, once) in &commits {
                let changes = world.changes(steps, *once);
                if changes.is_empty() {
                    continue;
                }
                let (dry, real) = world.judge(&changes).await;
                assert_eq!(format!("{dry:?}"), format!("{real:?}"), "{steps:?}");
            }
        });
    }
}

#[tokio::test]
async fn every_refusal_is_one_that_a_dry_run_knows() {
    let world = World::new();
    let made = [Step::Create(0), Step::Take(0, 0), Step::Link(0, 1, 0, 0), Step::Share(0, 0, 0), Step::Chunk(0, 0)];
    world.table.commit(&world.changes(&made, Some((0, 0)))).await.unwrap();
    let refusals = [
        (vec![Step::Create(0)], None, "Exists"),
        (vec![Step::Replace(0, 2)], None, "Stale(Some"),
        (vec![Step::Remove(1, 1)], None, "Stale(None"),
        (vec![Step::Take(1, 0)], None, "Taken"),
        (vec![Step::Transfer(1, 2, 0)], None, "Taken"),
        (vec![Step::Release(1, 0)], None, "Stale(None"),
        (vec![Step::Require(1)], None, "Gone"),
        (vec![Step::RequireVersion(0, 2)], None, "Stale(Some"),
        (vec![Step::Link(1, 0, 0, 0)], None, "Exists"),
        (vec![Step::Link(1, 0, 0, 1)], None, "Stale(Some"),
        (vec![Step::Unlink(0, 1, 1, 1)], None, "Stale(None"),
        (vec![Step::Share(0, 0, 0)], None, "Exists"),
        (vec![Step::Unshare(0, 0, 2)], None, "Stale(Some"),
        (vec![Step::Chunk(0, 0)], None, "Exists"),
        (vec![Step::RemoveChunk(1, 1)], None, "Stale(None"),
        (vec![Step::Forget(1, 0)], None, "Stale(Some"),
        (vec![Step::Create(0)], Some((0, 0)), "Repeated"),
        (vec![Step::Create(1)], Some((0, 1)), "Failed(KeyReused"),
        // The first of several is told.
        (vec![Step::Require(1), Step::Create(0)], None, "Gone"),
        (vec![Step::Create(0), Step::Require(1)], None, "Exists"),
        (vec![Step::Replace(0, 1), Step::RequireVersion(0, 2)], None, "Stale(None"),
        (vec![Step::Replace(0, 1), Step::Replace(0, 2)], None, "Failed"),
    ];
    for (steps, once, expected) in refusals {
        let (dry, real) = world.judge(&world.changes(&steps, once)).await;
        let (dry, real) = (format!("{:?}", dry.unwrap_err()), format!("{:?}", real.unwrap_err()));
        assert_eq!(dry, real, "{steps:?}");
        assert!(real.starts_with(expected), "{steps:?}: {real}");
    }
}

#[tokio::test]
async fn more_than_a_transaction_holds_is_refused_by_a_dry_run_too() {
    let world = World::new();
    let mut changes = Changes::new();
    for _ in 0..101 {
        let id = world.bench.contact();
        changes.create_record(world.table.keys(), "contact", id, document(id, 1, "Berlin"));
    }
    let (dry, real) = world.judge(&changes).await;
    assert_eq!(format!("{dry:?}"), format!("{real:?}"));
    assert!(matches!(dry, Err(Refused::Failed(error)) if error.code() == "invalid"));
}

#[tokio::test]
async fn a_dry_run_reads_all_that_it_is_about_at_once() {
    let world = World::new();
    let steps = [Step::Create(0), Step::Create(1), Step::Create(2), Step::Take(0, 0), Step::Link(0, 1, 0, 0)];
    let changes = world.changes(&steps, None);
    let before = world.table.meter().used().round_trips;
    world.table.check(&changes).await.unwrap();
    assert_eq!(world.table.meter().used().round_trips - before, 1);
}
