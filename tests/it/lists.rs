//! Lists: filter, sort, search, count, pages, and seeing one's own writes.

use events::{Change, StreamPosition};
use kernel::{Clock, Ids, kinds};
use serde_json::json;
use table::{JournalEntry, Meter};

use crate::app::{App, Caller};

async fn people(me: &Caller) {
    for (first, last, city) in [
        ("Ada", "Lovelace", "London"),
        ("Grace", "Hopper", "New York"),
        ("Jürgen", "Müller", "Köln"),
        ("Алёна", "Ёлкина", "Москва"),
        ("İpek", "Yılmaz", "İstanbul"),
        ("花子", "山田", "東京"),
    ] {
        me.post("/v1/contacts", json!({ "first_name": first, "last_name": last, "city": city })).await.expect(201);
    }
}

#[tokio::test]
async fn a_list_filters_sorts_counts_and_pages() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    people(&me).await;
    app.drain().await;
    assert_eq!(me.get("/v1/contacts?city=london").await.column("first_name"), ["Ada"]);
    assert_eq!(me.get("/v1/contacts?sort=first_name&limit=3").await.column("first_name"), ["Ada", "Grace", "İpek"]);
    let counted = me.get("/v1/contacts?count=exact&limit=1").await.expect(200);
    assert_eq!((&counted["count"], counted["data"].as_array().unwrap().len()), (&json!(6), 1));
    let mut path = "/v1/contacts?sort=-last_name&limit=4".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = me.get(&path).await.expect(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["page"]["next_cursor"].as_str() else { break };
        path = format!("/v1/contacts?sort=-last_name&limit=4&cursor={next}");
    }
    let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (6, 6));
}

const CITIES: [&str; 4] = ["Berlin", "Köln", "Łódź", "東京"];

/// Contacts of a workspace, as its journal tells of them: writing so many through the API takes minutes.
async fn many_people(app: &App, me: &Caller, many: u64) {
    let (made, ids, now) = (me.made.as_ref().unwrap(), Ids::new(Clock::System), Clock::System.now());
    let table = app.stack.app().tables.workspace(made.workspace, Meter::default());
    let contact = |number: u64| {
        let id = ids.next::<kinds::Contact>();
        let document = json!({
            "id": id, "object": "contact", "version": 1, "created_at": now, "updated_at": now,
            "created_by": made.user, "updated_by": made.user,
            "first_name": format!("Name {number}"), "last_name": format!("Family {}", number % 977),
            "city": CITIES[usize::try_from(number % 4).unwrap()],
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
    };
    let changes: Vec<Change> = (1..=many).map(contact).collect();
    for packed in changes.chunks(1000).flat_map(events::encode) {
        let seq = table.journal_last().await.unwrap() + 1;
        assert!(table.journal_append(JournalEntry { seq, at: now, packed }).await.unwrap());
    }
}

#[tokio::test]
async fn a_list_of_fifty_among_twenty_thousand_is_one_round_trip_to_the_table() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    app.drain().await;
    many_people(&app, &me, 20_000).await;
    // The instance's first list makes its file.
    assert_eq!(me.get("/v1/contacts?count=exact&limit=1").await.expect(200)["count"], 20_000);
    for query in ["limit=50", "limit=50&sort=last_name,-first_name&count=exact", "limit=50&q=nam%20fam", "city=berlin"]
    {
        let answer = me.get(&format!("/v1/contacts?{query}")).await;
        assert_eq!(answer.timing("round_trips"), 1.0, "{query}");
        let units = answer.timing("read_units");
        assert!(units > 0.0 && units <= 1.0, "{query}: {units} read units");
        assert_eq!(answer.expect(200)["data"].as_array().unwrap().len(), 50, "{query}");
    }
}

#[tokio::test]
async fn search_folds_what_people_type() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    people(&me).await;
    app.drain().await;
    for (typed, found) in [
        ("love", "Ada"),
        ("MULLER", "Jürgen"),
        ("елкина", "Алёна"),
        ("yilmaz", "İpek"),
        ("山", "花子"),
        ("ada lov", "Ada"),
    ] {
        let query: String = typed.bytes().map(|byte| format!("%{byte:02x}")).collect();
        assert_eq!(me.get(&format!("/v1/contacts?q={query}")).await.column("first_name"), [found], "{typed}");
    }
    assert!(me.get("/v1/contacts?q=%22%20OR%20*").await.column("id").is_empty());
}

#[tokio::test]
async fn a_list_with_a_position_shows_the_write_before_the_stream_does() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    assert!(me.get("/v1/contacts").await.column("id").is_empty());
    let made = me.post("/v1/contacts", json!({ "first_name": "Ada" })).await;
    let position = made.header("rapport-position");
    let path = made.header("location");
    assert_eq!(me.get_at("/v1/contacts", &position).await.column("first_name"), ["Ada"]);
    let archived = me.delete(&path).await;
    let position = archived.header("rapport-position");
    assert!(me.get_at("/v1/contacts", &position).await.column("id").is_empty());
    assert_eq!(me.get_at("/v1/contacts?archived=true", &position).await.column("first_name"), ["Ada"]);
    let erased = me.post(&format!("{path}/erase"), json!({})).await;
    let position = erased.header("rapport-position");
    assert!(me.get_at("/v1/contacts?archived=any", &position).await.column("id").is_empty());
    app.drain().await;
    assert!(me.get("/v1/contacts?archived=any").await.column("id").is_empty());
}

#[tokio::test]
async fn mine_are_mine() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let rita =
        me.post("/v1/users", json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" })).await.expect(201);
    me.post("/v1/contacts", json!({ "first_name": "Ada" })).await.expect(201);
    me.post("/v1/contacts", json!({ "first_name": "Eve", "owner_id": rita["id"] })).await.expect(201);
    app.drain().await;
    assert_eq!(me.get("/v1/contacts?owner_id=me").await.column("first_name"), ["Ada"]);
    assert_eq!(
        me.get(&format!("/v1/contacts?owner_id={}", rita["id"].as_str().unwrap())).await.column("first_name"),
        ["Eve"]
    );
    assert_eq!(me.get("/v1/users?sort=name").await.column("name"), ["Ada Admin", "Rita"]);
}

#[tokio::test]
async fn what_a_list_cannot_do_it_says() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    people(&me).await;
    app.drain().await;
    for query in [
        "nick=x",
        "limit=0",
        "limit=201",
        "limit=x",
        "sort=nick",
        "city.near=x",
        "count=about",
        "archived=maybe",
        "city=a&city=b",
    ] {
        assert_eq!(me.get(&format!("/v1/contacts?{query}")).await.refused(422), "invalid", "{query}");
    }
    for cursor in ["x", "e30", "%00", "AAAA"] {
        assert_eq!(me.get(&format!("/v1/contacts?cursor={cursor}")).await.refused(400), "cursor_mismatch");
    }
    let page = me.get("/v1/contacts?limit=2&sort=city").await.expect(200);
    let cursor = page["page"]["next_cursor"].as_str().unwrap();
    for other in ["sort=-city", "sort=city&city.is_null=false", "sort=city&q=a", "sort=city&archived=true"] {
        assert_eq!(
            me.get(&format!("/v1/contacts?limit=2&{other}&cursor={cursor}")).await.refused(400),
            "cursor_mismatch",
            "{other}"
        );
    }
    assert_eq!(me.get_at("/v1/contacts", "con_1:1").await.refused(400), "bad_position");
}
