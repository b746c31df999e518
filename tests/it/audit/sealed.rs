//! Days that are over: sealed once, and known again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use aws_lambda_events::event::cloudwatch_events::CloudWatchEvent;
use events::{Actor, Event, FieldChange};
use kernel::{Id, kinds};
use privacy::{Told, Wrong};
use serde_json::{Value, json};
use table::Changes;

use super::Scene;

impl Scene {
    /// What the scheduler does every hour.
    async fn hour(&self) {
        self.app.drain().await;
        Box::pin(scheduler::handle(&self.parts, CloudWatchEvent::default())).await.unwrap();
    }

    async fn days(&self) -> Vec<Value> {
        self.me.privacy.get("/v1/audit/days").await.expect(200)["data"].as_array().unwrap().clone()
    }

    async fn verified(&self) -> Vec<Told> {
        let mut told = Vec::new();
        let verdict = privacy::verify(&self.table(), self.clock.now(), None, None, |day| told.push(day)).await.unwrap();
        let wrong = told.iter().filter(|day| !day.wrong.is_empty()).count();
        assert_eq!((verdict.days, verdict.wrong), (told.len() as u64, wrong as u64));
        told
    }

    /// What is wrong, by day.
    async fn wrong(&self) -> Vec<(String, Wrong)> {
        let told = self.verified().await;
        told.into_iter().flat_map(|day| day.wrong.into_iter().map(move |wrong| (day.day.clone(), wrong))).collect()
    }

    fn dispatch(&self, operation: &str, body: &Value) -> Value {
        let (status, answer) = self.app.stack.engine().dispatch(operation, &body.to_string());
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// The stored items of a sort, as whoever has the table has them.
    fn stored(&self, sort: &str) -> Vec<Value> {
        let answer = self.dispatch("Scan", &json!({ "TableName": local::TABLE }));
        let items = answer["Items"].as_array().unwrap().iter().filter(|item| item["item"]["S"] == sort);
        let mut items: Vec<Value> = items.cloned().collect();
        items.sort_by_key(|item| item["sk"]["S"].to_string());
        items
    }

    fn put(&self, item: &Value) {
        self.dispatch("PutItem", &json!({ "TableName": local::TABLE, "Item": item }));
    }

    fn delete(&self, item: &Value) {
        let key = json!({ "pk": item["pk"], "sk": item["sk"] });
        self.dispatch("DeleteItem", &json!({ "TableName": local::TABLE, "Key": key }));
    }

    /// Three days with events, each sealed.
    async fn of_three_days() -> Self {
        let scene = Self::new().await;
        for day in 0..3 {
            for number in 0..4 {
                scene.contact(&format!("{day} {number}")).await;
            }
            scene.next_day();
        }
        scene.next_day();
        scene.hour().await;
        scene
    }
}

fn id(item: &Value) -> Id<kinds::Event> {
    item["id"]["S"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_day_is_sealed_hours_after_its_end_behind_the_one_before() {
    let scene = Scene::new().await;
    scene.contact("Ada").await;
    scene.hour().await;
    let open = scene.days().await;
    assert_eq!(json!([open[0]["day"], open[0]["sealed_at"], open[0]["head"]]), json!(["2026-01-01", null, null]));
    // Nothing happens on the second day, and something on the third.
    scene.next_day();
    scene.clock.advance_millis(6 * 3_600 * 1_000 - 2_000);
    scene.hour().await;
    assert_eq!(scene.days().await[0]["sealed_at"], Value::Null, "not yet");
    scene.clock.advance_millis(1_000);
    scene.hour().await;
    scene.next_day();
    scene.contact("Eve").await;
    scene.next_day();
    scene.next_day();
    scene.hour().await;
    scene.hour().await;
    let days = scene.days().await;
    let shown: Vec<_> = days.iter().map(|day| json!([day["day"], day["count"], day["day_before"]])).collect();
    assert_eq!(shown, [json!(["2026-01-03", 1, "2026-01-01"]), json!(["2026-01-01", 4, null])]);
    assert_eq!(days[0]["before"], days[1]["head"]);
    assert!(days.iter().all(|day| day["sealed_at"].is_string()));
    assert_eq!(scene.wrong().await, []);
    let own = |item: &String| item.contains(&scene.workspace.to_string());
    assert!(!scene.app.items().iter().any(|item| own(item) && item.contains("DUE#SEALS")), "nothing is due any more");
}

#[tokio::test]
async fn erasing_leaves_the_chain_as_it_was() {
    let scene = Scene::of_three_days().await;
    let days = scene.days().await;
    let record = scene.stored("event").into_iter().find(|item| item["name"]["S"] == "contact.created").unwrap();
    let path = format!("/v1/contacts/{}/erase", record["record"]["S"].as_str().unwrap());
    scene.me.contacts.post(&path, json!({})).await.expect(204);
    let verified = scene.verified().await;
    assert_eq!(verified.iter().map(|day| day.erased).sum::<u64>(), 2, "made and put into the trash");
    assert_eq!(scene.wrong().await, []);
    assert_eq!(scene.days().await, days);
    let emptied = scene.me.audit("?day=2026-01-01&action=contact.created").await;
    assert!(emptied["data"].as_array().unwrap().iter().any(|event| event["erased"] == json!(true)));
}

#[tokio::test]
async fn whatever_is_done_to_the_events_of_a_day_is_found() {
    let scene = Scene::of_three_days().await;
    let events = scene.stored("event");
    let on = |day: &str| {
        let of_day = events.iter().filter(|item| item["at"]["S"].as_str().unwrap().starts_with(day));
        of_day.cloned().collect::<Vec<_>>()
    };
    let second = on("2026-01-02");
    let (event, day) = (&second[1], "2026-01-02".to_owned());
    let with = |change: &dyn Fn(&mut Value)| {
        let mut item = event.clone();
        change(&mut item);
        item
    };
    assert_eq!(scene.wrong().await, []);
    type Forgery<'a> = (&'a dyn Fn(&mut Value), Wrong);
    let forgeries: [Forgery<'_>; 6] = [
        (
            &|item| item["changes"]["M"]["first_name"]["M"]["after"] = json!({ "S": "Mallory" }),
            Wrong::Payload(id(event)),
        ),
        (
            &|item| item["by"]["M"]["user"]["S"] = json!("usr_00000000000070008000000000000000"),
            Wrong::Changed(id(event)),
        ),
        (&|item| item["at"]["S"] = json!("2026-01-02T00:00:00.000Z"), Wrong::Changed(id(event))),
        (&|item| item["request_id"]["S"] = json!("another"), Wrong::Changed(id(event))),
        (&|item| item["digest"]["S"] = json!("0".repeat(64)), Wrong::Changed(id(event))),
        (
            &|item| {
                item.as_object_mut().unwrap().retain(|name, _| name != "salt");
                item["changes"]["M"] = json!({});
            },
            Wrong::Emptied(id(event)),
        ),
    ];
    for (forge, expected) in forgeries {
        scene.put(&with(forge));
        let wrong = scene.wrong().await;
        assert!(wrong.contains(&(day.clone(), expected.clone())), "{expected:?}: {wrong:?}");
        assert!(wrong.iter().all(|(of, _)| *of == day), "{wrong:?}");
        scene.put(event);
    }
    scene.delete(event);
    assert_eq!(scene.wrong().await, [(day.clone(), Wrong::Removed(Some(id(&second[0]))))]);
    scene.put(event);
    let mut added = event.clone();
    added["id"]["S"] = json!(format!("{}f", &event["id"]["S"].as_str().unwrap()[..35]));
    added["sk"]["S"] = json!(["EVENT#", added["id"]["S"].as_str().unwrap()].concat());
    added["gsi1sk"] = added["id"].clone();
    scene.put(&added);
    assert!(scene.wrong().await.contains(&(day.clone(), Wrong::Added(id(&added)))));
    scene.delete(&added);
    assert_eq!(scene.wrong().await, []);
    seals_are_found(&scene, &day).await;
}

async fn seals_are_found(scene: &Scene, day: &str) {
    let seals = scene.stored("seal");
    let seal = seals.iter().find(|seal| seal["day"]["S"] == day).unwrap();
    let mut forged = seal.clone();
    forged["head"]["S"] = json!("0".repeat(64));
    scene.put(&forged);
    let third = "2026-01-03".to_owned();
    assert_eq!(scene.wrong().await, [(day.to_owned(), Wrong::Seal), (third.clone(), Wrong::Unlinked)]);
    scene.delete(seal);
    assert_eq!(scene.wrong().await, [(day.to_owned(), Wrong::Unsealed), (third, Wrong::Unlinked)]);
    scene.put(seal);
    assert_eq!(scene.wrong().await, []);
}

#[tokio::test]
async fn a_day_with_many_events_is_sealed_in_steps_by_several_workers() {
    let scene = Scene::new().await;
    let table = scene.table();
    for _ in 0..11 {
        let mut changes = Changes::new();
        for _ in 0..100 {
            scene.clock.advance_millis(1);
            let change = FieldChange { before: Value::Null, after: json!(1) };
            let event = Event {
                id: scene.parts.ids.next(),
                name: "contact.changed".to_owned(),
                workspace: scene.workspace,
                record: scene.parts.ids.next::<kinds::Contact>().erase(),
                version: 2,
                at: scene.clock.now(),
                by: Actor { user: scene.user.parse().unwrap(), api_key: None },
                request_id: String::new(),
                job: None,
                quiet: false,
                changes: BTreeMap::from([("city".to_owned(), change)]),
                salt: None,
                digest: String::new(),
            };
            changes.event(table.keys(), "contact", &event.sealed(scene.parts.ids.salt()), None).unwrap();
        }
        table.commit(&changes).await.unwrap();
    }
    // A worker whose time is up after one step; the next one goes on, and a third has nothing to do.
    let (past, long) = (Instant::now(), Instant::now() + Duration::from_secs(60));
    let first = privacy::seal(&table, &scene.clock, "2026-01-01", past).await.unwrap();
    assert_eq!((first.days, first.events, first.is_late), (0, 1_000, true));
    assert_eq!(scene.days().await[0]["head"], Value::Null, "half a day comes to nothing");
    let two = [
        privacy::seal(&table, &scene.clock, "2026-01-01", long),
        privacy::seal(&table, &scene.clock, "2026-01-01", long),
    ];
    let [one, other] = two;
    let (one, other) = tokio::join!(one, other);
    assert_eq!(one.unwrap().days + other.unwrap().days, 1, "two do the work of one");
    assert_eq!(privacy::seal(&table, &scene.clock, "2026-01-01", long).await.unwrap().events, 0);
    assert_eq!(scene.days().await[0]["count"], 1_103);
    assert_eq!(scene.wrong().await, []);
    let events = scene.stored("event");
    scene.delete(&events[1_050]);
    assert_eq!(scene.wrong().await, [("2026-01-01".to_owned(), Wrong::Removed(Some(id(&events[1_049]))))]);
}
