//! Merging and taking it back, on the real engine.

use kernel::{AnyId, Id, Result, kinds};
use proptest::prelude::*;
use records::{Merge, Merged, Unmerged};
use serde_json::{Value, json};

use crate::bench::{Bench, map};

pub(crate) async fn merge(bench: &Bench, object: &str, winner: AnyId, body: Value) -> Result<Merged> {
    bench.cx.clock.advance_millis(1);
    let merge = Merge::parse(&map(body))?;
    records::merge(&bench.cx, &*bench.object(object).await, winner, &merge, None).await
}

pub(crate) async fn unmerge(bench: &Bench, job: Id<kinds::Job>) -> Result<Unmerged> {
    bench.cx.clock.advance_millis(1);
    records::unmerge(&bench.cx, job).await
}

fn code(error: impl std::fmt::Debug, code: &str) {
    let text = format!("{error:?}");
    assert!(text.contains(&format!("\"{code}\"")), "{code} was expected: {text}");
}

#[tokio::test]
async fn the_winner_has_what_it_lacked_and_everything_of_lists() {
    let bench = Bench::new();
    let ada = json!({
        "first_name": "Ada", "email": "ada@example.com", "phone": "+49 30 901820", "tags": ["vip", "london"],
        "emails": [{ "email": "ada@home.example", "label": "home" }],
    });
    let winner = bench.create("contact", ada).await;
    let augusta = json!({
        "first_name": "Augusta", "last_name": "King", "email": "king@example.com", "city": "London", "tags": ["london", "math"],
        "phone": "+49 30 901820", "phones": [{ "phone": "+49 30 901821" }], "addresses": [{ "city": "Ockham" }],
    });
    let other = bench.create("contact", augusta).await;
    let merged = merge(&bench, "contact", winner, json!({ "others": [other] })).await.unwrap();
    let found = bench.read("contact", winner).await;
    assert_eq!(json!([found["first_name"], found["last_name"], found["city"]]), json!(["Ada", "King", "London"]));
    assert_eq!(found["tags"], json!(["vip", "london", "math"]));
    assert_eq!(found["email"], "ada@example.com");
    let emails = json!([{ "email": "ada@home.example", "label": "home" }, { "email": "king@example.com" }]);
    assert_eq!(found["emails"], emails);
    assert_eq!(found["phones"], json!([{ "phone": "+4930901821" }]), "the same number is no further one");
    assert_eq!(found["addresses"], json!([{ "city": "Ockham" }]));
    assert_eq!(merged.written.version, 2);
    assert_eq!(bench.events("contact", winner).await, ["contact.created", "contact.merged"]);
    assert_eq!(bench.events("contact", other).await, ["contact.created", "contact.merged_away"]);
    let contact = bench.object("contact").await;
    match records::load(&bench.cx, &contact, other).await.unwrap_err() {
        kernel::Error::Merged { into, .. } => assert_eq!(into, winner),
        other => panic!("{other:?}"),
    }
    let taken = json!({ "first_name": "Eve", "email": "KING@example.com" });
    let id = bench.cx.ids.next_of(contact.prefix);
    let refused = records::create(&bench.cx, &contact, id, &map(taken)).await.unwrap_err();
    assert_eq!(refused.code(), "conflict", "the other's email is the winner's now");
}

#[tokio::test]
async fn a_choice_field_by_field_counts_more_than_the_rules() {
    let bench = Bench::new();
    let a = bench
        .create("contact", json!({ "first_name": "A", "city": "Aachen", "email": "a@example.com", "job_title": "x" }))
        .await;
    let b = bench.create("contact", json!({ "first_name": "B", "email": "b@example.com", "tags": ["b"] })).await;
    let c = bench.create("contact", json!({ "first_name": "C", "city": "Celle", "tags": ["c"] })).await;
    let fields = json!({ "city": c, "email": b, "job_title": b, "last_name": { "value": " King " }, "tags": c });
    merge(&bench, "contact", a, json!({ "others": [b, c], "fields": fields })).await.unwrap();
    let found = bench.read("contact", a).await;
    let chosen = json!([found["city"], found["email"], found["job_title"], found["last_name"], found["tags"]]);
    assert_eq!(chosen, json!(["Celle", "b@example.com", null, "King", ["c"]]));
    assert_eq!(found["emails"], json!([{ "email": "a@example.com" }]), "what was first is a further one now");
}

#[tokio::test]
async fn what_cannot_be_merged_is_told_at_once_and_nothing_is_written() {
    let bench = Bench::new();
    let a = bench.create("contact", json!({ "first_name": "A" })).await;
    let b = bench.create("contact", json!({ "first_name": "B" })).await;
    let company = bench.create("company", json!({ "name": "Acme" })).await;
    let trashed = bench.create("contact", json!({ "first_name": "T" })).await;
    records::archive(&bench.cx, &*bench.object("contact").await, trashed, None).await.unwrap();
    let nobody = bench.cx.ids.next::<kinds::User>();
    let cases = [
        (json!({}), "required"),
        (json!({ "others": [] }), "out_of_range"),
        (json!({ "others": [b, b] }), "given_twice"),
        (json!({ "others": [7] }), "not_an_id"),
        (json!({ "others": [a] }), "merged_with_itself"),
        (json!({ "others": [company] }), "unknown_record"),
        (json!({ "others": [trashed] }), "archived"),
        (json!({ "others": [b], "field": {} }), "unknown_field"),
        (json!({ "others": [b], "fields": [] }), "wrong_type"),
        (json!({ "others": [b], "fields": { "city": "Berlin" } }), "wrong_type"),
        (json!({ "others": [b], "fields": { "nick": b } }), "unknown_field"),
        (json!({ "others": [b], "fields": { "version": { "value": 7 } } }), "unknown_field"),
        (json!({ "others": [b], "fields": { "city": trashed } }), "unknown_record"),
        (json!({ "others": [b], "fields": { "email": { "value": "x" } } }), "not_an_email"),
        (json!({ "others": [b], "fields": { "company_id": { "value": b } } }), "unknown_record"),
        (json!({ "others": [b], "fields": { "first_name": { "value": null } } }), "nothing_known"),
        (json!({ "others": [b], "fields": { "owner_id": { "value": "me" } } }), "not_an_id"),
        (json!({ "others": [b], "fields": { "owner_id": { "value": nobody } } }), "unknown_user"),
        (json!({ "others": [b], "fields": { "former_jobs": { "value": [{ "company_id": b }] } } }), "unknown_record"),
    ];
    for (body, expected) in cases {
        code(merge(&bench, "contact", a, body).await.unwrap_err(), expected);
    }
    assert_eq!(bench.read("contact", a).await["version"], 1);
    let body = json!({ "others": [b], "fields": { "former_jobs": { "value": [{ "company_id": b }] } } });
    let refused = format!("{:?}", merge(&bench, "contact", a, body).await.unwrap_err());
    assert!(refused.contains("\"/fields/former_jobs/value/0/company_id\""), "{refused}");
}

#[tokio::test]
async fn nothing_stands_above_itself_by_being_merged() {
    let bench = Bench::new();
    let grand = bench.create("company", json!({ "name": "Grand" })).await;
    let parent = bench.create("company", json!({ "name": "Parent", "parent_id": grand })).await;
    let middle = bench.create("company", json!({ "name": "Middle", "parent_id": parent })).await;
    let child = bench.create("company", json!({ "name": "Child", "parent_id": middle })).await;
    // The child becomes one with a company two above it, and so stands where that one did.
    let refused =
        merge(&bench, "company", child, json!({ "others": [parent], "fields": { "parent_id": child } })).await;
    code(refused.unwrap_err(), "cycle");
    merge(&bench, "company", child, json!({ "others": [parent] })).await.unwrap();
    assert_eq!(bench.read("company", child).await["parent_id"], json!(grand));
    // And what was between them may follow.
    let winner = bench.create("company", json!({ "name": "Other" })).await;
    merge(&bench, "company", winner, json!({ "others": [middle, child] })).await.unwrap();
    assert_eq!(bench.read("company", winner).await["parent_id"], json!(grand));
}

#[tokio::test]
async fn of_two_merges_of_the_same_record_at_once_one_succeeds() {
    let bench = Bench::new();
    for _ in 0..10 {
        let mut ids = Vec::new();
        for name in ["A", "B", "C"] {
            ids.push(bench.create("contact", json!({ "first_name": name })).await);
        }
        let body = json!({ "others": [ids[2]] });
        let (one, other) =
            tokio::join!(merge(&bench, "contact", ids[0], body.clone()), merge(&bench, "contact", ids[1], body));
        assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|ok| **ok).count(), 1);
        code(one.err().or(other.err()).unwrap(), "merged");
    }
}

#[tokio::test]
async fn two_who_merge_each_other_do_not_both_go() {
    let bench = Bench::new();
    let (a, b) = (
        bench.create("contact", json!({ "first_name": "A" })).await,
        bench.create("contact", json!({ "first_name": "B" })).await,
    );
    let (one, other) = tokio::join!(
        merge(&bench, "contact", a, json!({ "others": [b] })),
        merge(&bench, "contact", b, json!({ "others": [a] }))
    );
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|ok| **ok).count(), 1);
}

#[tokio::test]
async fn a_merge_leaves_a_job_that_knows_what_was_merged() {
    let bench = Bench::new();
    let (a, b) = (
        bench.create("contact", json!({ "first_name": "A" })).await,
        bench.create("contact", json!({ "first_name": "B" })).await,
    );
    let merged = merge(&bench, "contact", a, json!({ "others": [b] })).await.unwrap();
    let job = bench.read("job", merged.job.erase()).await;
    assert_eq!(json!([job["kind"], job["state"], job["of"], job["about"]]), json!(["merge", "waiting", "contact", a]));
    assert_eq!(job["input"]["winner"], json!(a));
    assert_eq!(job["input"]["others"], json!([{ "id": b, "version": 2 }]));
    assert_eq!(bench.events("job", merged.job.erase()).await, ["job.created"]);
    assert_eq!(job["owner_id"], json!(bench.cx.caller.user));
}

#[tokio::test]
async fn taking_a_merge_back_keeps_what_somebody_has_said_since() {
    let bench = Bench::new();
    let a = bench.create("contact", json!({ "first_name": "A", "email": "a@example.com" })).await;
    let b = bench
        .create(
            "contact",
            json!({ "first_name": "B", "city": "Berlin", "country": "Germany", "email": "b@example.com" }),
        )
        .await;
    let merged = merge(&bench, "contact", a, json!({ "others": [b] })).await.unwrap();
    bench
        .update("contact", a, json!({ "city": "Bonn", "emails": [{ "email": "b@example.com", "label": "work" }] }))
        .await;
    let unmerged = unmerge(&bench, merged.job).await.unwrap();
    let (winner, loser) = (bench.read("contact", a).await, bench.read("contact", b).await);
    assert_eq!(json!([winner["city"], winner["country"]]), json!(["Bonn", null]));
    assert_eq!(json!([loser["city"], loser["country"], loser["email"]]), json!(["Berlin", "Germany", null]));
    let kept: Vec<_> =
        unmerged.kept.iter().map(|kept| json!([kept.record, kept.path, kept.value, kept.before])).collect();
    let emails = json!([{ "email": "b@example.com", "label": "work" }]);
    let expected = json!([[a, "city", "Bonn", null], [a, "emails", emails, null], [b, "email", null, "b@example.com"]]);
    assert_eq!(json!(kept), expected);
    assert_eq!(unmerged.restored.len(), 1);
    assert_eq!(bench.events("contact", b).await, ["contact.created", "contact.merged_away", "contact.unmerged"]);
    code(unmerge(&bench, merged.job).await.unwrap_err(), "undone");
}

#[tokio::test]
async fn a_merge_is_taken_back_after_those_that_followed_it() {
    let bench = Bench::new();
    let mut ids = Vec::new();
    for name in ["A", "B", "C"] {
        ids.push(bench.create("contact", json!({ "first_name": name })).await);
    }
    let first = merge(&bench, "contact", ids[1], json!({ "others": [ids[2]] })).await.unwrap();
    let second = merge(&bench, "contact", ids[0], json!({ "others": [ids[1]] })).await.unwrap();
    code(unmerge(&bench, first.job).await.unwrap_err(), "merged_since");
    unmerge(&bench, second.job).await.unwrap();
    unmerge(&bench, first.job).await.unwrap();
    assert_eq!(bench.read("contact", ids[2]).await["archived_at"], Value::Null);
    // Merged again it belongs to another job.
    merge(&bench, "contact", ids[1], json!({ "others": [ids[2]] })).await.unwrap();
    code(unmerge(&bench, first.job).await.unwrap_err(), "undone");
}

#[tokio::test]
async fn what_was_erased_since_is_missed_and_what_is_left_of_it_is_restored() {
    let bench = Bench::new();
    let contact = bench.object("contact").await;
    let mut ids = Vec::new();
    for name in ["A", "B", "C"] {
        ids.push(bench.create("contact", json!({ "first_name": name })).await);
    }
    let merged = merge(&bench, "contact", ids[0], json!({ "others": [ids[1], ids[2]] })).await.unwrap();
    records::erase(&bench.cx, &contact, ids[1], None).await.unwrap();
    let unmerged = unmerge(&bench, merged.job).await.unwrap();
    assert_eq!((unmerged.missing, unmerged.restored.len()), (vec![ids[1]], 1));
    assert_eq!(unmerge(&bench, bench.cx.ids.next()).await.unwrap_err().code(), "not_found");
}

fn contact() -> impl Strategy<Value = Value> {
    let text = |words: [&'static str; 3]| proptest::option::of(proptest::sample::select(words.to_vec()));
    let tags = proptest::collection::vec(proptest::sample::select(vec!["a", "b", "c"]), 0..3);
    let parts = (
        text(["Ada", "Bob", "Eve"]),
        text(["Bonn", "Rome", "Oslo"]),
        text(["1", "2", "3"]),
        tags,
        any::<bool>(),
        proptest::option::of(0..2_usize),
    );
    parts.prop_map(|(name, city, title, tags, with_email, company)| {
        json!({
            "first_name": name.unwrap_or("X"), "city": city, "job_title": title, "tags": tags, "with_email": with_email,
            "company_id": company,
        })
    })
}

/// A record without what every write makes anew.
fn settled(mut record: Value) -> Value {
    let members = record.as_object_mut().unwrap();
    for name in ["version", "updated_at", "updated_by"] {
        members.remove(name);
    }
    record
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_merge_that_is_taken_back_leaves_everything_as_it_was(records in proptest::collection::vec(contact(), 2..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new();
            let (mut ids, mut before) = (Vec::new(), Vec::new());
            let companies = [bench.create("company", json!({ "name": "A" })).await, bench.create("company", json!({ "name": "B" })).await];
            for (index, mut record) in records.into_iter().enumerate() {
                record["company_id"] = json!(record["company_id"].as_u64().map(|company| companies[company as usize]));
                if record.as_object_mut().unwrap().remove("with_email") == Some(json!(true)) {
                    record["email"] = json!(format!("p{index}@example.com"));
                }
                ids.push(bench.create("contact", record).await);
            }
            for id in &ids {
                before.push(settled(bench.read("contact", *id).await));
            }
            let merged = merge(&bench, "contact", ids[0], json!({ "others": ids[1..] })).await.unwrap();
            let unmerged = unmerge(&bench, merged.job).await.unwrap();
            assert_eq!(unmerged.kept, []);
            let mut after = Vec::new();
            for id in &ids {
                after.push(settled(bench.read("contact", *id).await));
            }
            assert_eq!(before, after);
            // Every unique value is its own record's again: it can be found by it.
            let contact = bench.object("contact").await;
            for record in after.iter().filter(|record| record["email"].is_string()) {
                let unique = ("email", record["email"].as_str().unwrap());
                let none = events::Document::new();
                let found = records::upsert(&bench.cx, &contact, bench.cx.ids.next_of(contact.prefix), unique, &none, None);
                assert_eq!(json!(found.await.unwrap().id), record["id"]);
            }
        });
    }
}
