//! Saved views: written with care, asked by a list, shared with some.

use http::Method;
use serde_json::{Value, json};

use crate::app::Caller;
use crate::views_lists::World;

fn gold() -> Value {
    json!({
        "name": "Gold", "of": "contact", "layout": "table", "columns": ["first_name", "custom.tier", "company.name"],
        "query": { "filter": { "field": "custom.tier", "op": "eq", "value": "gold" }, "sort": ["-created_at"] },
        "settings": { "widths": { "first_name": 200 } },
    })
}

async fn save(me: &Caller, view: Value) -> String {
    me.post("/v1/views", view).await.expect(201)["id"].as_str().unwrap().to_owned()
}

fn pointers(refused: &Value) -> Vec<&str> {
    refused["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect()
}

/// Somebody of the role rep, and their id.
async fn rep(world: &World, name: &str) -> (Caller, String) {
    let user = json!({ "name": name, "email": format!("{name}@example.com"), "role": "rep" });
    let id = world.me.post("/v1/users", user).await.expect(201)["id"].as_str().unwrap().to_owned();
    (world.app.key_of(&world.me, &id).await, id)
}

#[tokio::test]
async fn a_view_is_asked_by_a_list_which_can_say_more() {
    let world = World::start().await;
    let saved = world.me.post("/v1/views", gold()).await;
    let position = saved.header("rapport-position");
    let id = saved.expect(201)["id"].as_str().unwrap().to_owned();
    let list = world.me.get_at(&format!("/v1/contacts?view={id}"), &position).await;
    assert_eq!(list.column("first_name"), ["Ada"], "a view is there as soon as it is written");
    world.app.drain().await;
    let answer = world.me.get(&format!("/v1/contacts?view={id}")).await;
    assert_eq!(answer.timing("round_trips"), 2.0);
    assert_eq!(answer.column("first_name"), ["Ada"]);
    let none = world.me.get(&format!("/v1/contacts?view={id}&first_name=bob")).await;
    assert!(none.column("id").is_empty(), "what the list says narrows the view");
    let body = json!({ "view": id, "filter": { "field": "custom.vip", "op": "eq", "value": true } });
    assert_eq!(world.me.post("/v1/contacts/search", body).await.column("first_name"), ["Ada"]);
    let sorted = json!({ "name": "By name", "of": "contact", "query": { "sort": ["first_name"], "limit": 2 } });
    let id = save(&world.me, sorted).await;
    world.app.drain().await;
    assert_eq!(world.me.get(&format!("/v1/contacts?view={id}")).await.column("first_name"), ["Ada", "Bob"]);
    let turned = world.me.get(&format!("/v1/contacts?view={id}&sort=-first_name&limit=3")).await;
    assert_eq!(turned.column("first_name"), ["Cy", "Bob", "Ada"]);
    let counted = world.me.post("/v1/contacts/aggregate", json!({ "view": id })).await.expect(200);
    assert_eq!(counted["data"][0]["values"]["count"], 3, "figures are not bounded by a page");
}

#[tokio::test]
async fn the_largest_and_the_deepest_view_there_may_be_can_be_narrowed() {
    let world = World::start().await;
    let is = |name: &str| json!({ "field": "first_name", "op": "eq", "value": name });
    let wide = json!({ "or": (0..99).map(|number| is(if number == 0 { "Ada" } else { "Bob" })).collect::<Vec<_>>() });
    let deep = (0..10).fold(is("Ada"), |inner, _| json!({ "not": inner }));
    for filter in [wide, deep] {
        let id = save(&world.me, json!({ "name": "Most", "of": "contact", "query": { "filter": filter } })).await;
        world.app.drain().await;
        let list = format!("/v1/contacts?view={id}");
        assert!(world.me.get(&list).await.column("first_name").contains(&"Ada".to_owned()));
        assert_eq!(
            world.me.get(&format!("{list}&first_name=ada&city.is_null=true")).await.column("first_name"),
            ["Ada"]
        );
        let search = json!({ "view": id, "filter": { "and": [filter, is("Ada")] } });
        if filter.get("not").is_some() {
            assert_eq!(world.me.post("/v1/contacts/search", search).await.refused(422), "invalid", "eleven deep");
        }
        let search = json!({ "view": id, "filter": filter });
        assert_eq!(world.me.post("/v1/contacts/search", search.clone()).await.expect(200)["page"]["has_more"], false);
        assert!(world.me.post("/v1/contacts/aggregate", search).await.expect(200)["data"][0]["values"]["count"] != 0);
        let job = json!({ "view": id, "filter": is("Ada"), "add_tags": ["x"] });
        assert_eq!(world.me.post("/v1/contacts/bulk", job).await.expect(202)["counts"]["total"], 1);
    }
}

#[tokio::test]
async fn a_view_that_could_not_be_asked_is_not_saved() {
    let world = World::start().await;
    let with = |name: &str, value: Value| {
        let mut view = gold();
        view[name] = value;
        view
    };
    let filter = json!({ "and": [{ "field": "custom.tier", "op": "eq", "value": "bronze" }, { "field": "nick", "op": "eq", "value": 1 }] });
    for (view, expected) in [
        (with("of", json!("x_unknown")), vec!["/of"]),
        (with("query", json!({ "filter": filter })), vec!["/query/filter/and/0/value", "/query/filter/and/1/field"]),
        (with("query", json!({ "sort": ["nick"], "limit": 0 })), vec!["/query/limit"]),
        (with("query", json!({ "sort": ["nick"] })), vec!["/query/sort"]),
        (with("query", json!({ "cursor": "x" })), vec!["/query/cursor"]),
        (with("query", json!({ "include": ["nobody"] })), vec!["/query/include"]),
        (with("columns", json!(["city", "nick", "company.nick"])), vec!["/columns/1", "/columns/2"]),
        (with("settings", json!({ "group_by": "nick" })), vec!["/settings/group_by"]),
        (with("settings", json!({ "widths": { "city": 0 } })), vec!["/settings/widths/city"]),
        (with("settings", json!({ "colour": "red" })), vec!["/settings/colour"]),
        (with("layout", json!("heap")), vec!["/layout"]),
    ] {
        let refused = world.me.post("/v1/views", view.clone()).await.expect(422);
        assert_eq!(pointers(&refused), expected, "{view}");
    }
    let path = format!("/v1/views/{}", save(&world.me, gold()).await);
    let refused = world.me.patch(&path, json!({ "of": "company" })).await.expect(422);
    assert_eq!(
        pointers(&refused),
        ["/query/filter/field", "/columns/0", "/columns/1", "/columns/2", "/settings/widths/first_name"]
    );
    world.me.patch(&path, json!({ "columns": ["city"] })).await.expect(200);
    let dry = format!("{path}?validate=only");
    assert_eq!(world.me.patch(&dry, json!({ "columns": ["nick"] })).await.refused(422), "invalid");
}

#[tokio::test]
async fn what_is_wrong_with_a_view_is_told_as_far_as_anybody_reads() {
    let world = World::start().await;
    let mut view = gold();
    view["columns"] = json!(vec!["a"; 45_000]);
    let refused = world.me.post("/v1/views", view).await.expect(422);
    let columns: Vec<_> = refused["errors"].as_array().unwrap().iter().map(|error| &error["code"]).collect();
    assert_eq!((pointers(&refused), columns), (vec!["/columns"], vec![&json!("too_many")]));
    let widths: serde_json::Map<String, Value> = (0..20_000).map(|number| (format!("a{number}"), json!(1))).collect();
    let mut view = gold();
    view["settings"] = json!({ "widths": widths });
    let refused = world.me.post("/v1/views", view).await.expect(422);
    assert_eq!(pointers(&refused).len(), 300);
}

#[tokio::test]
async fn a_view_whose_field_is_gone_can_be_read_and_says_what_it_lacks_when_it_is_asked() {
    let world = World::start().await;
    let id = save(&world.me, gold()).await;
    let definition = json!([{ "object": "contact", "fields": [
        { "name": "tier", "type": "select", "options": [{ "value": "gold" }], "archived": true },
    ] }]);
    world.app.redefine(&world.me, definition).await;
    world.app.drain().await;
    let refused = world.me.get(&format!("/v1/contacts?view={id}")).await.expect(422);
    assert_eq!(pointers(&refused), ["/view/query/filter/field"]);
    let detail = refused["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("custom.tier: "), "{detail}");
    let view = world.me.get(&format!("/v1/views/{id}")).await.expect(200);
    assert_eq!(view["query"]["filter"]["field"], "custom.tier");
    world.me.patch(&format!("/v1/views/{id}"), json!({ "name": "Once gold" })).await.expect(200);
    let mended = json!({ "query": {}, "columns": null, "settings": null });
    world.me.patch(&format!("/v1/views/{id}"), mended).await.expect(200);
    world.app.drain().await;
    assert_eq!(world.me.get(&format!("/v1/contacts?view={id}")).await.column("id").len(), 3);
}

#[tokio::test]
async fn a_view_is_its_owners_until_it_is_shared() {
    let world = World::start().await;
    let (rita, rita_id) = rep(&world, "rita").await;
    let (sam, sam_id) = rep(&world, "sam").await;
    let team =
        world.me.post("/v1/teams", json!({ "name": "Sales" })).await.expect(201)["id"].as_str().unwrap().to_owned();
    world.me.patch(&format!("/v1/users/{sam_id}"), json!({ "team_id": team })).await.expect(200);
    let id = save(&rita, gold()).await;
    let (view, list) = (format!("/v1/views/{id}"), format!("/v1/contacts?view={id}"));
    let sees = async |caller: &Caller| {
        world.app.drain().await;
        let listed = caller.get("/v1/views").await.column("id").contains(&id);
        let read = caller.get(&view).await.status == 200;
        let asked = caller.get(&list).await.status == 200;
        assert_eq!((listed, read), (read, asked));
        listed
    };
    assert!(sees(&rita).await);
    assert!(sees(&world.me).await, "administrators see everything");
    assert!(!sees(&sam).await);
    for subject in [sam_id.as_str(), team.as_str(), "everyone"] {
        let share = format!("{view}/shares/{subject}");
        rita.put(&share, json!({ "level": "read" })).await.expect(201);
        assert!(sees(&sam).await, "{subject}");
        assert_eq!(sam.patch(&view, json!({ "name": "Mine" })).await.refused(403), "denied");
        rita.delete(&share).await.expect(204);
        assert!(!sees(&sam).await, "{subject}");
    }
    rita.put(&format!("{view}/shares/{sam_id}"), json!({ "level": "write" })).await.expect(201);
    sam.patch(&view, json!({ "name": "Ours" })).await.expect(200);
    let shared = rita.get(&format!("{view}/shares")).await.expect(200);
    assert_eq!((&shared["data"][0]["subject"], rita_id.is_empty()), (&json!(sam_id), false));
}

#[tokio::test]
async fn me_in_a_view_is_whoever_asks_it() {
    let world = World::start().await;
    let (rita, rita_id) = rep(&world, "rita").await;
    let mine = json!({ "filter": { "field": "owner_id", "op": "eq", "value": "me" } });
    let id = save(&world.me, json!({ "name": "Mine", "of": "contact", "query": mine })).await;
    world.me.put(&format!("/v1/views/{id}/shares/everyone"), json!({ "level": "read" })).await.expect(201);
    world.me.patch(&format!("/v1/contacts/{}", world.ada), json!({ "owner_id": rita_id })).await.expect(200);
    world.app.drain().await;
    let list = format!("/v1/contacts?view={id}&sort=first_name");
    assert_eq!(world.me.get(&list).await.column("first_name"), ["Bob", "Cy"]);
    assert_eq!(rita.get(&list).await.column("first_name"), ["Ada"]);
}

#[tokio::test]
async fn only_a_view_of_these_records_that_is_there_can_be_asked() {
    let world = World::start().await;
    let companies = save(&world.me, json!({ "name": "All", "of": "company" })).await;
    let trash = save(&world.me, gold()).await;
    world.me.delete(&format!("/v1/views/{trash}")).await.expect(200);
    world.app.drain().await;
    for (id, code) in [
        (companies.as_str(), "wrong_object"),
        (trash.as_str(), "unknown_record"),
        ("viw_00000000000000000000000000000000", "unknown_record"),
    ] {
        let refused = world.me.get(&format!("/v1/contacts?view={id}")).await.expect(422);
        assert_eq!((pointers(&refused), &refused["errors"][0]["code"]), (vec!["/view"], &json!(code)), "{id}");
    }
    let view = world.me.send(Method::GET, &format!("/v1/views/{companies}"), &[], None).await;
    assert_eq!(view.header("etag"), "\"1\"");
}
