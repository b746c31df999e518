//! Looking for words in the records of all objects.

use serde_json::{Value, json};

use crate::app::{App, Caller};

struct World {
    app: App,
    me: Caller,
}

impl World {
    async fn start() -> Self {
        let app = App::start().await;
        let me = app.workspace("north").await;
        for (first, last, email) in [
            ("Anna", "Berg", "anna@berg.example"),
            ("Hanna", "Annaheim", "hanna@example.com"),
            ("Jürgen", "Weiß", "jw@example.com"),
            ("Алёна", "Ёлкина", "alena@example.com"),
            ("İpek", "Yılmaz", "ipek@example.com"),
            ("花子", "山田", "hanako@example.com"),
            ("Zoe", "Quist", "berg@zoe.example"),
        ] {
            let person = json!({ "first_name": first, "last_name": last, "email": email });
            me.post("/v1/contacts", person).await.expect(201);
        }
        for (name, domain) in [("Berg", "berg.example"), ("Bergmann & Söhne", "bergmann.example")] {
            me.post("/v1/companies", json!({ "name": name, "domain": domain })).await.expect(201);
        }
        app.drain().await;
        // The first question of an instance makes its file.
        me.get("/v1/contacts?limit=1").await.expect(200);
        Self { app, me }
    }

    async fn hits(&self, query: &str) -> Vec<Value> {
        let body = self.me.get(&format!("/v1/search?{query}")).await.expect(200);
        body["data"].as_array().unwrap().clone()
    }

    async fn titles(&self, typed: &str) -> Vec<String> {
        let typed: String = typed.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let hits = self.hits(&format!("q={typed}")).await;
        hits.iter().map(|hit| hit["title"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn the_best_match_comes_first_whatever_object_it_is_of() {
    let world = World::start().await;
    // Whose whole name it is, then in whose name a word begins so, the latest first, then who has it elsewhere.
    assert_eq!(world.titles("berg").await, ["Berg", "Bergmann & Söhne", "Anna Berg", "Zoe Quist"]);
    assert_eq!(world.titles("anna").await, ["Hanna Annaheim", "Anna Berg"]);
    assert_eq!(world.titles("bergmann.ex").await, ["Bergmann & Söhne"]);
    assert_eq!(world.titles("anna berg").await, ["Anna Berg"]);
}

#[tokio::test]
async fn words_are_found_as_people_of_many_languages_type_them() {
    let world = World::start().await;
    for (typed, title) in [
        ("JURGEN", "Jürgen Weiß"),
        ("weiss", "Jürgen Weiß"),
        ("елкин", "Алёна Ёлкина"),
        ("yilmaz", "İpek Yılmaz"),
        ("山田", "花子 山田"),
        ("sohne", "Bergmann & Söhne"),
    ] {
        assert_eq!(world.titles(typed).await, [title], "{typed}");
    }
    for nothing in ["zzz", "\" OR *", "NEAR(", "a AND"] {
        assert!(world.titles(nothing).await.is_empty(), "{nothing}");
    }
}

#[tokio::test]
async fn a_hit_says_what_it_is_and_shows_the_record() {
    let world = World::start().await;
    let answer = world.me.get("/v1/search?q=jw@example.com&objects=contact,company&limit=5").await;
    assert_eq!((answer.timing("round_trips"), answer.timing("read_units")), (1.0, 0.5));
    let hits = answer.expect(200)["data"].clone();
    assert_eq!((&hits[0]["object"], &hits[0]["title"]), (&json!("contact"), &json!("Jürgen Weiß")));
    assert_eq!(hits[0]["subtitle"], "jw@example.com");
    assert_eq!(hits[0]["record"]["id"], hits[0]["id"]);
    assert!(world.hits("q=berg&objects=user").await.is_empty());
    assert_eq!(world.hits("q=berg&limit=1").await.len(), 1);
}

#[tokio::test]
async fn what_is_somebody_elses_alone_is_not_found() {
    let world = World::start().await;
    world.me.post("/v1/views", json!({ "name": "Bergbahnen", "of": "contact" })).await.expect(201);
    let rita = json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" });
    let rita = world.me.post("/v1/users", rita).await.expect(201);
    let rita = world.app.key_of(&world.me, rita["id"].as_str().unwrap()).await;
    world.app.drain().await;
    assert_eq!(world.titles("bergbahn").await, ["Bergbahnen"]);
    let found = rita.get("/v1/search?q=bergbahn").await.expect(200);
    assert_eq!(found["data"], json!([]));
}

#[tokio::test]
async fn a_search_that_says_nothing_or_too_much_is_refused() {
    let world = World::start().await;
    for query in ["", "q=", "q=%20", "q=a&limit=51", "q=a&objects=", "q=a&objects=x_nothing", "q=a&nick=1"] {
        assert_eq!(world.me.get(&format!("/v1/search?{query}")).await.refused(422), "invalid", "{query}");
    }
}

#[tokio::test]
async fn what_is_found_has_its_roll_ups_as_in_a_list() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let people = json!([{ "object": "company", "fields": [
        { "name": "people", "type": "roll_up", "object": "contact", "via": "company_id", "function": "count" },
    ] }]);
    app.define(&me, people).await;
    me.post("/v1/companies", json!({ "name": "Berg" })).await.expect(201);
    let twin = me.post("/v1/companies", json!({ "name": "Berg GmbH" })).await.expect(201)["id"].clone();
    me.post("/v1/contacts", json!({ "first_name": "Ada", "company_id": twin })).await.expect(201);
    app.drain().await;
    let listed = me.get("/v1/companies?sort=name").await.expect(200)["data"].clone();
    let [berg, twin] = [0, 1].map(|number| &listed[number]);
    assert_eq!([&berg["custom"]["people"], &twin["custom"]["people"]], [0, 1]);
    let hits = me.get("/v1/search?q=berg%20gmbh").await.expect(200);
    assert_eq!(hits["data"][0]["record"], *twin);
    let groups = me.get("/v1/companies/duplicates").await.expect(200);
    assert_eq!(groups["data"][0]["records"], json!([berg, twin]));
    let drafted = me.post("/v1/companies/duplicates", json!({ "name": "BERG" })).await.expect(200);
    assert_eq!(drafted["data"].as_array().unwrap().iter().filter(|one| one["record"] == *twin).count(), 1);
}
