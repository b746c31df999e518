//! Changes that could cost records their values: what is told, what is refused, what is done.

use serde_json::{Value, json};

use super::{Projects, field_of, wrong};

/// Ten projects whose sizes are texts, three of them no numbers.
async fn sizes() -> (Projects, Vec<String>) {
    let projects = Projects::start().await;
    projects.field(json!({ "name": "size", "type": "text" })).await;
    let mut paths = Vec::new();
    for size in ["1", "2.5", "large", "4", "5", "6", "7", "small", "9", "n/a"] {
        paths.push(projects.project(size, json!({ "size": size })).await);
    }
    projects.project("None", json!({})).await;
    projects.app.drain().await;
    (projects, paths)
}

#[tokio::test]
async fn who_would_lose_their_value_is_told_before_it_happens() {
    let (projects, paths) = sizes().await;
    let number = json!({ "type": "number", "decimals": 1 });
    for query in ["", "?validate=only"] {
        let answer = projects.change("size", query, number.clone()).await;
        let effect = answer.body["effect"].clone();
        assert_eq!(answer.refused(409), "would_lose_values");
        assert_eq!((&effect["with_value"], &effect["kept"], &effect["lost"]), (&json!(10), &json!(7), &json!(3)));
        let mut lost: Vec<&str> =
            effect["samples"].as_array().unwrap().iter().map(|s| s["value"].as_str().unwrap()).collect();
        lost.sort_unstable();
        assert_eq!(lost, ["large", "n/a", "small"]);
    }
    let tried = projects.change("size", "?validate=only&accept_loss=true", number.clone()).await.expect(200);
    assert_eq!((&tried["effect"]["lost"], &field_of(&tried, "custom.size")["type"]), (&json!(3), &json!("number")));
    assert_eq!(projects.custom(&paths[1]).await["size"], "2.5", "nothing has happened yet");
    projects.change("size", "?accept_loss=true", number).await.expect(200);
    assert_eq!(projects.custom(&paths[1]).await["size"], 2.5);
    assert_eq!(projects.custom(&paths[2]).await["size"], Value::Null);
    // Nothing was written, so everything is back.
    projects.app.drain().await;
    projects.change("size", "", json!({ "type": "text" })).await.expect(200);
    assert_eq!(projects.custom(&paths[2]).await["size"], "large");
}

#[tokio::test]
async fn a_change_that_costs_nothing_is_made() {
    let (projects, paths) = sizes().await;
    for path in [&paths[2], &paths[7], &paths[9]] {
        projects.me.patch(path, json!({ "custom": { "size": "3" } })).await.expect(200);
    }
    projects.app.drain().await;
    projects.change("size", "", json!({ "type": "number", "decimals": 1 })).await.expect(200);
    projects.app.drain().await;
    let sorted = projects.me.get("/v1/x_projects?sort=-custom.size&limit=2").await.column("name");
    assert_eq!(sorted, ["9", "7"], "sorted as numbers are");
    // Fewer decimals lose some; closer bounds bind new values only.
    assert_eq!(projects.change("size", "", json!({ "decimals": 0 })).await.refused(409), "would_lose_values");
    let tried = projects.change("size", "?validate=only", json!({ "max": 5 })).await.expect(200);
    assert_eq!((&tried["effect"]["lost"], &tried["effect"]["not_writable"]), (&json!(0), &json!(3)));
    projects.change("size", "", json!({ "max": 5 })).await.expect(200);
    assert_eq!(projects.custom(&paths[8]).await["size"], 9);
    let written = projects.me.patch(&paths[8], json!({ "custom": { "size": 9 } })).await;
    assert_eq!(wrong(written), ["/custom/size out_of_range"]);
}

#[tokio::test]
async fn options_that_records_have_are_archived_and_others_go() {
    let projects = Projects::start().await;
    projects.field(json!({ "name": "tier", "type": "select", "options": ["gold", "tin", "zinc"] })).await;
    let path = projects.project("Roof", json!({ "tier": "gold" })).await;
    projects.app.drain().await;
    let described = projects.change("tier", "", json!({ "options": ["tin"] })).await.expect(200);
    assert_eq!(described["effect"]["archived_options"], json!(["gold"]));
    let options = field_of(&described, "custom.tier")["options"].clone();
    assert_eq!(options, json!([{ "value": "tin" }, { "value": "gold", "archived": true }]));
    assert_eq!(projects.custom(&path).await["tier"], "gold");
    // Loss that is accepted takes the archived ones along.
    let described =
        projects.change("tier", "?accept_loss=true", json!({ "options": ["tin", "lead"] })).await.expect(200);
    assert_eq!(field_of(&described, "custom.tier")["options"], json!([{ "value": "tin" }, { "value": "lead" }]));
    assert_eq!(projects.custom(&path).await["tier"], Value::Null);
    projects.app.drain().await;
    projects.change("tier", "", json!({ "options": ["tin", "lead", "gold"] })).await.expect(200);
    assert_eq!(projects.custom(&path).await["tier"], "gold");
}

#[tokio::test]
async fn a_list_knows_the_word_that_has_taken_the_place_of_another() {
    let projects = Projects::start().await;
    projects.field(json!({ "name": "tier", "type": "multi_select", "options": ["gold", "tin"] })).await;
    projects.project("Roof", json!({ "tier": ["gold", "tin"] })).await;
    projects.app.drain().await;
    let patch = json!({ "options": ["platinum", "tin"], "replace_with": { "gold": "platinum" } });
    projects.change("tier", "", patch).await.expect(200);
    projects.app.drain().await;
    assert_eq!(projects.me.get("/v1/x_projects?custom.tier=platinum").await.column("name"), ["Roof"]);
    assert!(projects.me.get("/v1/x_projects?custom.tier=gold").await.body["data"].as_array().is_none_or(Vec::is_empty));
}

#[tokio::test]
async fn values_that_are_not_unique_stand_in_the_way_of_becoming_so() {
    let (projects, paths) = sizes().await;
    projects.me.patch(&paths[0], json!({ "custom": { "size": "9" } })).await.expect(200);
    projects.app.drain().await;
    let answer = projects.change("size", "", json!({ "unique": true })).await;
    assert_eq!(answer.body["effect"]["not_unique"], 1);
    assert_eq!(answer.refused(409), "not_unique");
    let tried = projects.change("size", "?validate=only&accept_loss=true", json!({ "unique": true })).await.expect(200);
    assert_eq!(tried["effect"]["not_unique"], 1);
    projects.me.patch(&paths[0], json!({ "custom": { "size": "1" } })).await.expect(200);
    projects.app.drain().await;
    let described = projects.change("size", "", json!({ "unique": true })).await.expect(200);
    let field = field_of(&described, "custom.size");
    assert_eq!((&field["unique"], &field["unique_pending"]), (&json!(true), &json!(true)));
    assert_eq!(wrong(projects.change("size", "", json!({ "type": "number" })).await), ["/type unique_first"]);
}

#[tokio::test]
async fn a_field_becomes_unique_without_a_look_at_the_records_when_that_is_accepted() {
    let (projects, paths) = sizes().await;
    projects.me.patch(&paths[0], json!({ "custom": { "size": "9" } })).await.expect(200);
    projects.app.drain().await;
    let answer = projects.change("size", "?accept_loss=true", json!({ "unique": true })).await;
    assert!(!answer.header("server-timing").contains("replica"), "an object of any size has to get there");
    let described = answer.expect(200);
    let field = field_of(&described, "custom.size");
    assert_eq!((&field["unique_pending"], described.get("effect")), (&json!(true), None));
}

#[tokio::test]
async fn who_makes_a_field_required_learns_how_many_records_lack_it() {
    let (projects, _) = sizes().await;
    let tried = projects.change("size", "?validate=only", json!({ "required": true })).await.expect(200);
    assert_eq!((&tried["effect"]["without_value"], &tried["effect"]["with_value"]), (&json!(1), &json!(10)));
    projects.change("size", "", json!({ "required": true })).await.expect(200);
    assert_eq!(wrong(projects.me.post("/v1/x_projects", json!({ "name": "A" })).await), ["/custom/size required"]);
}

#[tokio::test]
async fn a_reference_with_values_cannot_become_one_to_something_else() {
    let projects = Projects::start().await;
    projects.field(json!({ "name": "of", "type": "reference", "object": "company" })).await;
    let company = projects.me.post("/v1/companies", json!({ "name": "Acme" })).await.expect(201)["id"].clone();
    let path = projects.project("Roof", json!({ "of": company })).await;
    projects.app.drain().await;
    let contact = json!({ "object": "contact" });
    assert_eq!(projects.change("of", "?accept_loss=true", contact.clone()).await.refused(409), "has_values");
    projects.me.patch(&path, json!({ "custom": { "of": null } })).await.expect(200);
    projects.app.drain().await;
    projects.change("of", "", contact).await.expect(200);
}
