//! Erasing on the real engine, where requests have been repeated and their keys used again.
#![cfg(test)]

use auth::{Caller, Role};
use events::Document;
use kernel::{AnyId, Clock, Ids, Prefix, kinds};
use records::{Cx, Field, FieldType, Object, Schemas};
use serde_json::{Value, json};
use table::{Meter, Once, Tables};
use testkit::Engine;

struct Bench {
    cx: Cx,
    object: Object,
}

impl Bench {
    fn new() -> Self {
        let engine = Engine::memory().unwrap();
        engine.create_table("rapport").unwrap();
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 1);
        let tables = Tables::new(&cloud::Clients::in_process(engine.http_client()), "rapport");
        let caller = Caller { user: ids.next(), api_key: None, workspace: ids.next(), role: Role::Admin };
        let table = tables.workspace(caller.workspace, Meter::default());
        let cx = Cx::new(caller, table, Schemas::default(), clock, ids);
        let mut object = Object::new("contact", "contacts", Prefix::of::<kinds::Contact>(), "");
        object.fields = vec![Field::new("city", FieldType::text(20), "")];
        Self { cx, object }
    }

    fn keyed(&self, path: &str, body: &str) -> Cx {
        let once = Once::new(&["usr_1", "PATCH", path], "nightly", &[body.as_bytes()], self.cx.clock.now());
        Cx { once: Some(once), ..self.cx.clone() }
    }

    fn id(&self) -> AnyId {
        self.cx.ids.next::<kinds::Contact>().erase()
    }
}

fn city(name: &str) -> Document {
    json!({ "city": name }).as_object().cloned().unwrap()
}

#[tokio::test]
async fn a_record_whose_writer_used_one_key_on_two_days_can_be_erased() {
    let bench = Bench::new();
    let Bench { cx, object } = &bench;
    let id = bench.id();
    records::create(cx, object, id, &city("Berlin")).await.unwrap();
    records::update(&bench.keyed("/v1/contacts/x", "1"), object, id, &city("Bonn"), None).await.unwrap();
    cx.clock.advance_millis(25 * 3600 * 1000);
    records::update(&bench.keyed("/v1/contacts/x", "2"), object, id, &city("Bremen"), None).await.unwrap();
    assert_eq!(records::erase(cx, object, id, None).await.unwrap().status, 204);
    assert!(records::load(cx, object, id).await.is_err());
}

#[tokio::test]
async fn erasing_leaves_the_answer_that_its_key_was_given_for_another_record() {
    let bench = Bench::new();
    let Bench { cx, object } = &bench;
    let (first, second) = (bench.id(), bench.id());
    records::create(&bench.keyed("/v1/contacts", "1"), object, first, &city("Berlin")).await.unwrap();
    cx.clock.advance_millis(25 * 3600 * 1000);
    let again = bench.keyed("/v1/contacts", "2");
    records::create(&again, object, second, &city("Bonn")).await.unwrap();
    records::erase(cx, object, first, None).await.unwrap();
    let third = bench.id();
    let repeated = records::create(&again, object, third, &city("Bonn")).await.unwrap();
    assert_eq!((repeated.id, repeated.replayed), (second, true));
}

#[tokio::test]
async fn a_write_with_nothing_to_do_keeps_its_answer_too() {
    let bench = Bench::new();
    let Bench { cx, object } = &bench;
    let id = bench.id();
    records::create(cx, object, id, &city("Paris")).await.unwrap();
    let keyed = bench.keyed("/v1/contacts/x", "1");
    let first = records::update(&keyed, object, id, &city("Paris"), None).await.unwrap();
    records::update(cx, object, id, &city("Rome"), None).await.unwrap();
    let again = records::update(&keyed, object, id, &city("Paris"), None).await.unwrap();
    assert_eq!((again.version, again.replayed, again.document), (1, true, first.document));
    let stored = records::load(cx, object, id).await.unwrap();
    assert_eq!(stored.fields.get("city"), Some(&Value::from("Rome")));
}

#[tokio::test]
async fn an_erasure_refused_for_its_version_has_emptied_nothing() {
    let bench = Bench::new();
    let Bench { cx, object } = &bench;
    let id = bench.id();
    records::create(cx, object, id, &city("Paris")).await.unwrap();
    records::update(cx, object, id, &city("Rome"), None).await.unwrap();
    assert_eq!(records::erase(cx, object, id, Some(1)).await.unwrap_err().code(), "stale");
    let history = records::history(cx, object, id, 10, None).await.unwrap();
    assert!(history.events.iter().all(|event| !event.changes.is_empty()));
}
