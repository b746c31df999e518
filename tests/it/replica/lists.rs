//! What a list costs.

use cloud::{Clients, Files, Queues};
use events::{Change, StreamPosition};
use kernel::{Clock, Ids, Position, kinds};
use replica::{Direction, Limits, Query, Replicas, Sort};
use serde_json::json;
use table::{JournalEntry, Meter, Tables};
use testkit::{Cloud, Engine, Faults};

const CONTACTS: u64 = 20_000;
const CITIES: [&str; 5] = ["Berlin", "Köln", "Bremen", "Łódź", "東京"];

fn contact(ids: &Ids, clock: &Clock, number: u64) -> Change {
    let id = ids.next::<kinds::Contact>();
    let now = clock.now();
    clock.advance_millis(1);
    let document = json!({
        "id": id, "object": "contact", "version": 1, "created_at": now, "updated_at": now,
        "first_name": format!("Name {number}"), "last_name": format!("Family {}", number % 977),
        "email": format!("name{number}@example.com"), "city": CITIES[usize::try_from(number).unwrap() % CITIES.len()],
    });
    Change {
        item: "record".to_owned(),
        kind: "contact".to_owned(),
        id: id.to_string(),
        version: 1,
        position: StreamPosition::new(&number.to_string()),
        at: now,
        document: document.as_object().cloned(),
    }
}

#[tokio::test]
async fn a_list_of_fifty_among_twenty_thousand_costs_one_round_trip_and_half_a_read_unit() {
    let engine = Engine::memory().unwrap();
    engine.create_table("rapport").unwrap();
    let cloud = Cloud::new(engine.http_client());
    let faults = Faults::new(cloud.http_client());
    let clients = Clients::in_process(faults.http_client());
    let (clock, directory) = (Clock::manual(), tempfile::tempdir().unwrap());
    let ids = Ids::seeded(clock.clone(), 1);
    let tables = Tables::new(&clients, "rapport");
    let workspace = ids.next();
    let table = tables.workspace(workspace, Meter::default());
    for seq in 1..=CONTACTS / 1000 {
        let changes: Vec<Change> = (1..=1000).map(|n| contact(&ids, &clock, (seq - 1) * 1000 + n)).collect();
        for packed in events::encode(&changes) {
            assert!(table.journal_append(JournalEntry { seq, at: clock.now(), packed }).await.unwrap());
        }
    }
    let (files, queues) = (Files::new(&clients, "files"), Queues::new(&clients, "http://in-process.invalid/snapshots"));
    let replicas = Replicas::new(directory.path(), tables.clone(), files, queues, Limits::request());
    replicas.open(&table, &clock).await.unwrap().catch_up().await.unwrap();
    let mut newest = Query::new("contact");
    let mut by_name = Query::new("contact");
    by_name.sort = vec![Sort::by("last_name", Direction::Ascending), Sort::by("first_name", Direction::Descending)];
    by_name.count = true;
    let mut found = Query::new("contact");
    found.search = Some("nam fam".to_owned());
    newest.limit = 50;
    for query in [newest, by_name, found] {
        let meter = Meter::default();
        faults.reset_counts();
        let replica = replicas.open(&tables.workspace(workspace, meter.clone()), &clock).await.unwrap();
        let answer = replica.answer(&query, &Position::default()).await.unwrap();
        assert_eq!((answer.rows.len(), answer.has_more), (50, true));
        assert!(answer.count.is_none_or(|count| count == CONTACTS));
        let used = meter.used();
        println!("{:.1} ms of SQLite, {} read units", answer.replica_ms, used.read_units);
        assert_eq!((used.round_trips, faults.round_trips()), (1, 1), "{:?}", faults.counts());
        assert!(used.read_units > 0.0 && used.read_units <= 1.0, "{used:?}");
    }
}
