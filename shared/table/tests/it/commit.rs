//! Commits on the real engine: what they write, what they refuse, what they cost.

use std::collections::BTreeMap;

use kernel::{AnyId, Id, kinds};
use proptest::prelude::*;
use table::{Changes, KeptAnswer, Meter, Refused, TenantTable};

use crate::bench::{Bench, create, document};

#[tokio::test]
async fn a_record_reads_back_without_the_tables_own_attributes() {
    let bench = Bench::new();
    let (table, id) = (bench.workspace(), bench.contact());
    table.commit(&create(&table, id, None)).await.unwrap();
    let read = table.get(&table.keys().record("contact", id)).await.unwrap();
    assert_eq!(read, Some(document(id, 1, "Berlin")));
    assert_eq!(table.catalog("contact", None, 10).await.unwrap().ids, [id.to_string()]);
}

#[tokio::test]
async fn the_catalog_is_read_page_by_page_of_the_size_that_is_asked_for() {
    let bench = Bench::new();
    let table = bench.workspace();
    let mut ids = [bench.contact(), bench.contact(), bench.contact()];
    for id in ids {
        table.commit(&create(&table, id, None)).await.unwrap();
    }
    ids.sort();
    let first = table.catalog("contact", None, 2).await.unwrap();
    assert_eq!(first.ids, [ids[0].to_string(), ids[1].to_string()]);
    let rest = table.catalog("contact", first.next.as_deref(), 2).await.unwrap();
    assert_eq!((rest.ids, rest.next), (vec![ids[2].to_string()], None));
}

#[tokio::test]
async fn a_writer_with_an_old_version_gets_the_stored_record() {
    let bench = Bench::new();
    let (table, id) = (bench.workspace(), bench.contact());
    table.commit(&create(&table, id, None)).await.unwrap();
    let replace = |version, seen, city: &str| {
        let mut changes = Changes::new();
        changes.replace_record(table.keys(), "contact", id, document(id, version, city), seen);
        changes
    };
    table.commit(&replace(2, 1, "Bremen")).await.unwrap();
    match table.commit(&replace(2, 1, "Bonn")).await {
        Err(Refused::Stale(Some(stored))) => assert_eq!(stored, document(id, 2, "Bremen")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_taken_value_refuses_everything_of_the_commit() {
    let bench = Bench::new();
    let table = bench.workspace();
    let (first, second) = (bench.contact(), bench.contact());
    table.commit(&create(&table, first, Some("ada@example.com"))).await.unwrap();
    match table.commit(&create(&table, second, Some("ada@example.com"))).await {
        Err(Refused::Taken { field, holder }) => assert_eq!((field.as_str(), holder), ("contact.email", Some(first))),
        other => panic!("{other:?}"),
    }
    assert_eq!(table.get(&table.keys().record("contact", second)).await.unwrap(), None);
    let elsewhere = bench.workspace();
    elsewhere.commit(&create(&elsewhere, second, Some("ada@example.com"))).await.unwrap();
}

#[tokio::test]
async fn a_value_given_back_can_be_taken_again() {
    let bench = Bench::new();
    let table = bench.workspace();
    let (first, second) = (bench.contact(), bench.contact());
    table.commit(&create(&table, first, Some("ada@example.com"))).await.unwrap();
    let mut stranger = Changes::new();
    stranger.release(table.keys(), "contact.email", "ada@example.com", second);
    assert!(matches!(table.commit(&stranger).await, Err(Refused::Stale(None))), "only its holder gives a value back");
    let mut release = Changes::new();
    release.release(table.keys(), "contact.email", "ada@example.com", first);
    table.commit(&release).await.unwrap();
    table.commit(&create(&table, second, Some("ada@example.com"))).await.unwrap();
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answer_and_has_no_second_effect() {
    let bench = Bench::new();
    let table = bench.workspace();
    let (first, second) = (bench.contact(), bench.contact());
    let answer = |id| KeptAnswer::new(201, id, 1, Some(&document(id, 1, "Berlin")));
    let attempt = |id, once| {
        let mut changes = create(&table, id, Some("ada@example.com"));
        changes.answer(once, answer(id));
        changes
    };
    table.commit(&attempt(first, bench.once("k", "body"))).await.unwrap();
    match table.commit(&attempt(second, bench.once("k", "body"))).await {
        Err(Refused::Repeated(kept)) => assert_eq!(kept, answer(first)),
        other => panic!("{other:?}"),
    }
    match table.commit(&attempt(second, bench.once("k", "another body"))).await {
        Err(Refused::Failed(error)) => assert_eq!(error.code(), "idempotency_key_reused"),
        other => panic!("{other:?}"),
    }
    let kept = table.kept_answer(&bench.once("k", "body"), bench.clock.now()).await.unwrap();
    assert_eq!(kept, Some(answer(first)));
    bench.clock.advance_millis(25 * 3600 * 1000);
    assert_eq!(table.kept_answer(&bench.once("k", "body"), bench.clock.now()).await.unwrap(), None);
    let mut later = create(&table, second, None);
    later.answer(bench.once("k", "another body"), answer(second));
    table.commit(&later).await.unwrap();
}

#[tokio::test]
async fn an_answer_over_four_kilobytes_is_kept_as_id_and_version() {
    let bench = Bench::new();
    let id = bench.contact();
    let large = document(id, 1, &"x".repeat(5000));
    assert_eq!(KeptAnswer::new(201, id, 1, Some(&large)).document, None);
}

#[tokio::test]
async fn a_dry_run_says_what_a_commit_would_and_writes_nothing() {
    let bench = Bench::new();
    let table = bench.workspace();
    let (first, second) = (bench.contact(), bench.contact());
    table.check(&create(&table, first, Some("ada@example.com"))).await.unwrap();
    assert_eq!(table.get(&table.keys().record("contact", first)).await.unwrap(), None);
    table.commit(&create(&table, first, Some("ada@example.com"))).await.unwrap();
    let refused = table.check(&create(&table, second, Some("ada@example.com"))).await;
    assert!(matches!(refused, Err(Refused::Taken { .. })));
    let mut stale = Changes::new();
    stale.replace_record(table.keys(), "contact", first, document(first, 3, "Bonn"), 2);
    assert!(matches!(table.check(&stale).await, Err(Refused::Stale(Some(_)))));
}

#[tokio::test]
async fn more_than_a_hundred_actions_are_refused_before_they_are_sent() {
    let bench = Bench::new();
    let table = bench.workspace();
    let mut changes = Changes::new();
    for _ in 0..101 {
        let id = bench.contact();
        changes.create_record(table.keys(), "contact", id, document(id, 1, "Berlin"));
    }
    match table.commit(&changes).await {
        Err(Refused::Failed(error)) => assert_eq!(error.code(), "invalid"),
        other => panic!("{other:?}"),
    }
    assert_eq!(table.meter().used().round_trips, 0);
}

#[tokio::test]
async fn of_many_writers_who_want_one_value_one_gets_it() {
    let bench = Bench::new();
    let table = bench.workspace();
    let attempts = (0..16).map(|_| {
        let (table, id) = (table.clone(), bench.contact());
        async move { table.commit(&create(&table, id, Some("ada@example.com"))).await.is_ok() }
    });
    let won = futures_util::future::join_all(attempts).await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
    assert_eq!(table.catalog("contact", None, 10).await.unwrap().ids.len(), 1);
}

#[tokio::test]
async fn a_create_is_one_round_trip_and_its_units_add_up() {
    let bench = Bench::new();
    let cost = async |email: Option<&str>, once: bool| {
        let table = bench.workspace();
        let id = bench.contact();
        let mut changes = create(&table, id, email);
        if once {
            changes.answer(bench.once("k", "b"), KeptAnswer::new(201, id, 1, Some(&document(id, 1, "Berlin"))));
        }
        table.commit(&changes).await.unwrap();
        let used = table.meter().used();
        assert_eq!(used.round_trips, 1);
        used.write_units
    };
    let record = cost(None, false).await;
    let guard = cost(Some("ada@example.com"), false).await - record;
    let kept = cost(None, true).await - record;
    assert!(record <= 4.0, "record and catalog: {record}");
    assert!((guard, kept) == (2.0, 2.0), "guard {guard}, kept answer {kept}");
}

#[derive(Debug, Clone)]
enum Step {
    Create(usize, usize),
    Move(usize, usize),
    Remove(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..6usize, 0..3usize).prop_map(|(record, value)| Step::Create(record, value)),
        (0..6usize, 0..3usize).prop_map(|(record, value)| Step::Move(record, value)),
        (0..6usize).prop_map(Step::Remove),
    ];
    proptest::collection::vec(step, 0..40)
}

/// A record of the model: its version and the value it holds.
type Model = BTreeMap<usize, (u64, usize)>;

async fn apply(table: &TenantTable, ids: &[AnyId], model: &mut Model, step: &Step) {
    let value = |value: usize| ["a", "b", "c"][value];
    let free = |model: &Model, wanted: usize| model.values().all(|(_, held)| *held != wanted);
    let mut changes = Changes::new();
    let (allowed, next) = match *step {
        Step::Create(record, wanted) => {
            changes.create_record(table.keys(), "contact", ids[record], document(ids[record], 1, "Berlin"));
            changes.take(table.keys(), "contact.email", value(wanted), ids[record]);
            let allowed = !model.contains_key(&record) && free(model, wanted);
            (allowed, (record, Some((1, wanted))))
        }
        Step::Move(record, wanted) => {
            let Some(&(version, held)) = model.get(&record) else { return };
            changes.replace_record(
                table.keys(),
                "contact",
                ids[record],
                document(ids[record], version + 1, "Bonn"),
                version,
            );
            if held != wanted {
                changes.release(table.keys(), "contact.email", value(held), ids[record]);
                changes.take(table.keys(), "contact.email", value(wanted), ids[record]);
            }
            (held == wanted || free(model, wanted), (record, Some((version + 1, wanted))))
        }
        Step::Remove(record) => {
            let Some(&(version, held)) = model.get(&record) else { return };
            changes.remove_record(table.keys(), "contact", ids[record], version);
            changes.release(table.keys(), "contact.email", value(held), ids[record]);
            (true, (record, None))
        }
    };
    assert_eq!(table.commit(&changes).await.is_ok(), allowed, "{step:?} on {model:?}");
    if allowed {
        match next {
            (record, Some(state)) => drop(model.insert(record, state)),
            (record, None) => drop(model.remove(&record)),
        }
    }
}

async fn assert_equal(table: &TenantTable, ids: &[AnyId], model: &Model) {
    for (index, id) in ids.iter().enumerate() {
        let stored = table.get(&table.keys().record("contact", *id)).await.unwrap();
        let version = stored.and_then(|document| document["version"].as_u64());
        assert_eq!(version, model.get(&index).map(|(version, _)| *version));
    }
    for (index, value) in ["a", "b", "c"].iter().enumerate() {
        let guard = table.get(&table.keys().unique("contact.email", value)).await.unwrap();
        let holder = guard.map(|guard| guard["holder"].as_str().unwrap().parse::<AnyId>().unwrap());
        let expected = model.iter().find(|(_, (_, held))| *held == index).map(|(record, _)| ids[*record]);
        assert_eq!(holder, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_sequence_of_commits_leaves_what_a_plain_map_would(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new();
            let table = bench.workspace();
            let ids: Vec<AnyId> = (0..6).map(|_| bench.contact()).collect();
            let mut model = Model::new();
            for step in &steps {
                apply(&table, &ids, &mut model, step).await;
            }
            assert_equal(&table, &ids, &model).await;
        });
    }

    #[test]
    fn no_key_of_one_workspace_is_a_key_of_another(kind in "[a-z]{1,8}", text in ".{0,20}", a in any::<u128>(), b in any::<u128>()) {
        prop_assume!(a != b);
        let bench = Bench::new();
        let workspaces = [a, b].map(|raw| {
            let id: Id<kinds::Workspace> = Id::from_uuid(uuid_of(raw));
            bench.tables.workspace(id, Meter::default()).keys()
        });
        let id = bench.contact();
        let keys = workspaces.map(|keys| {
            let children = [keys.link(&kind, id, &text, id), keys.share(&kind, id, &text), keys.chunk(&kind, id, 1)];
            let roots = [keys.record(&kind, id), keys.unique(&kind, &text), keys.config(&text), keys.journal(1), keys.once(&text), keys.manifest(1)];
            roots.into_iter().chain(children).collect::<Vec<_>>()
        });
        for key in &keys[0] {
            prop_assert!(keys[1].iter().all(|other| other.pk() != key.pk()));
        }
    }
}

fn uuid_of(raw: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(raw)
}
