//! Erasing on the real engine, where requests have been repeated and their keys used again.

use events::Document;
use records::Other;
use serde_json::{Value, json};
use table::Level;

use crate::bench::{Bench, map};

fn city(name: &str) -> Document {
    map(json!({ "first_name": "Ada", "city": name }))
}

#[tokio::test]
async fn a_record_whose_writer_used_one_key_on_two_days_can_be_erased() {
    let bench = Bench::new();
    let (cx, object) = (&bench.cx, &*bench.object("contact").await);
    let id = cx.ids.next_of(object.prefix);
    records::create(cx, object, id, &city("Berlin")).await.unwrap();
    records::update(&bench.keyed("1"), object, id, &city("Bonn"), None).await.unwrap();
    cx.clock.advance_millis(25 * 3600 * 1000);
    records::update(&bench.keyed("2"), object, id, &city("Bremen"), None).await.unwrap();
    assert_eq!(records::erase(cx, object, id, None).await.unwrap().status, 204);
    assert!(records::load(cx, object, id).await.is_err());
}

#[tokio::test]
async fn erasing_leaves_the_answer_that_its_key_was_given_for_another_record() {
    let bench = Bench::new();
    let (cx, object) = (&bench.cx, &*bench.object("contact").await);
    let (first, second) = (cx.ids.next_of(object.prefix), cx.ids.next_of(object.prefix));
    records::create(&bench.keyed("1"), object, first, &city("Berlin")).await.unwrap();
    cx.clock.advance_millis(25 * 3600 * 1000);
    let again = bench.keyed("2");
    records::create(&again, object, second, &city("Bonn")).await.unwrap();
    records::erase(cx, object, first, None).await.unwrap();
    let third = cx.ids.next_of(object.prefix);
    let repeated = records::create(&again, object, third, &city("Bonn")).await.unwrap();
    assert_eq!((repeated.id, repeated.replayed), (second, true));
}

#[tokio::test]
async fn a_repeated_write_that_had_nothing_to_do_has_nothing_to_do_again() {
    let bench = Bench::new();
    let (cx, object) = (&bench.cx, &*bench.object("contact").await);
    let id = cx.ids.next_of(object.prefix);
    records::create(cx, object, id, &city("Paris")).await.unwrap();
    let keyed = bench.keyed("1");
    records::update(&keyed, object, id, &city("Paris"), None).await.unwrap();
    records::update(cx, object, id, &city("Rome"), None).await.unwrap();
    let again = records::update(&keyed, object, id, &city("Paris"), None).await.unwrap();
    assert_eq!((again.version, again.replayed), (2, true), "no copy is kept, so it is answered as it is now");
    let stored = records::load(cx, object, id).await.unwrap();
    assert_eq!(stored.fields.get("city"), Some(&Value::from("Rome")));
}

#[tokio::test]
async fn an_erasure_refused_for_its_version_has_emptied_nothing() {
    let bench = Bench::new();
    let (cx, object) = (&bench.cx, &*bench.object("contact").await);
    let id = cx.ids.next_of(object.prefix);
    records::create(cx, object, id, &city("Paris")).await.unwrap();
    records::update(cx, object, id, &city("Rome"), None).await.unwrap();
    assert_eq!(records::erase(cx, object, id, Some(1)).await.unwrap_err().code(), "stale");
    let history = records::history(cx, object, id, 10, None).await.unwrap();
    assert!(history.events.iter().all(|event| !event.changes.is_empty()));
}

#[tokio::test]
async fn nothing_leads_to_what_was_erased() {
    let bench = Bench::new();
    let (cx, object) = (&bench.cx, &*bench.object("contact").await);
    let ada = bench.create("contact", json!({ "first_name": "Ada" })).await;
    let mut others = Vec::new();
    for number in 0..35 {
        let other = bench.create("company", json!({ "name": format!("Company {number}") })).await;
        cx.clock.advance_millis(1);
        records::link(cx, object, ada, "owns", Other { object: "company", id: &other.to_string() }).await.unwrap();
        others.push(other);
    }
    records::share(cx, object, ada, "everyone", Level::Read).await.unwrap();
    cx.clock.advance_millis(1);
    records::erase(cx, object, ada, None).await.unwrap();
    let keys = cx.table.keys();
    for prefix in [keys.links_prefix(None), keys.shares_prefix().to_owned()] {
        let page = cx.table.children(&keys.record("contact", ada), &prefix, None, 200, false).await.unwrap();
        assert_eq!(page.documents, []);
    }
    for other in others {
        assert_eq!(bench.events("company", other).await, ["company.created", "company.linked", "company.unlinked"]);
        let page = cx.table.children(&keys.record("company", other), &keys.links_prefix(None), None, 9, false).await;
        assert_eq!(page.unwrap().documents, []);
    }
}

#[tokio::test]
async fn an_erasure_that_stopped_half_way_is_finished_by_asking_again() {
    let bench = Bench::new();
    let (cx, object) = (&bench.cx, &*bench.object("contact").await);
    let ada = bench.create("contact", json!({ "first_name": "Ada", "email": "ada@example.com" })).await;
    // As far as the first step has come.
    records::archive(cx, object, ada, None).await.unwrap();
    assert_eq!(records::erase(cx, object, ada, None).await.unwrap().status, 204);
    assert_eq!(bench.stored("contact", ada).await, None);
}

#[tokio::test]
async fn whoever_is_erased_is_erased_with_all_that_became_part_of_them() {
    let bench = Bench::new();
    let (cx, object) = (&bench.cx, &*bench.object("contact").await);
    let mut ids = Vec::new();
    for name in ["Ada", "Augusta", "Byron"] {
        ids.push(bench.create("contact", json!({ "first_name": name, "city": "London" })).await);
    }
    let merge = |other: kernel::AnyId| records::Merge::parse(&map(json!({ "others": [other] }))).unwrap();
    records::merge(cx, object, ids[1], &merge(ids[2]), None).await.unwrap();
    records::merge(cx, object, ids[0], &merge(ids[1]), None).await.unwrap();
    let keyed = bench.keyed("erase");
    assert_eq!(records::erase(&keyed, object, ids[0], None).await.unwrap().id, ids[0]);
    for id in ids {
        assert_eq!(bench.stored("contact", id).await, None);
        let events = cx.table.children(&cx.table.keys().record("contact", id), "EVENT", None, 50, false).await.unwrap();
        assert!(events.documents.iter().all(|event| event.get("salt").is_none() || event["name"] == "contact.erased"));
    }
}
