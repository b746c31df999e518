//! What rows refer to that is not there yet: it is linked in a second pass, which judges nothing else anew.

use serde_json::json;

use super::{Scene, counts, text};

#[tokio::test]
async fn what_was_found_once_is_not_judged_again() {
    let scene = Scene::new().await;
    let partner = json!({ "name": "partner", "type": "reference", "object": "company" });
    scene.me.post("/v1/schema/objects/contact/fields", partner).await.expect(201);
    let acme = scene.me.post("/v1/companies", json!({ "name": "Acme" })).await.expect(201);
    scene.app.drain().await;
    let contacts = scene.upload("Name,Company,Partner\nLovelace,Acme,New\n").await;
    // The file brings a second one of the same name, behind the row that was about the first.
    let companies = scene.upload("Name\nAcme\nNew\n").await;
    let job = scene
        .imported(&json!({ "files": [
            { "upload": contacts, "object": "contact", "columns": [
                { "column": 0, "field": "last_name" }, { "column": 1, "field": "company_id", "by": "name" },
                { "column": 2, "field": "custom.partner", "by": "name" },
            ] },
            { "upload": companies, "object": "company", "columns": [{ "column": 0, "field": "name" }] },
        ] }))
        .await;
    assert_eq!(counts(&job), [3, 3, 3, 3, 0], "{:?}", scene.errors(&job).await);
    let ada = &scene.all("contacts", "last_name").await["Lovelace"];
    assert_eq!(ada["company_id"], acme["id"]);
    assert_eq!(ada["custom"]["partner"], scene.all("companies", "name").await["New"]["id"]);
}

#[tokio::test]
async fn a_record_that_is_only_linked_counts_as_changed() {
    let scene = Scene::new().await;
    for name in ["ada", "grace"] {
        let body = json!({ "last_name": name, "email": format!("{name}@example.com") });
        scene.me.post("/v1/contacts", body).await.expect(201);
    }
    let contacts = "Name,Email,City,Company\nada,ada@example.com,,New\ngrace,grace@example.com,Arlington,New\n";
    let contacts = scene.upload(contacts).await;
    let companies = scene.upload("Name\nNew\n").await;
    let job = scene
        .imported(&json!({ "files": [
            { "upload": contacts, "object": "contact", "match_by": ["email"], "columns": [
                { "column": 0, "field": "last_name" }, { "column": 1, "field": "email" }, { "column": 2, "field": "city" },
                { "column": 3, "field": "company_id", "by": "name" },
            ] },
            { "upload": companies, "object": "company", "columns": [{ "column": 0, "field": "name" }] },
        ] }))
        .await;
    // Each once, also the one that was changed before it was linked.
    assert_eq!(counts(&job), [3, 3, 1, 3, 0], "{:?}", scene.errors(&job).await);
    assert_ne!(text(&scene.all("contacts", "last_name").await["ada"]["company_id"]), "");
}

#[tokio::test]
async fn a_row_that_only_makes_records_does_not_link_what_the_row_before_it_has_made() {
    let scene = Scene::new().await;
    let contacts = "Name,Email,Company\nFirst,a@example.com,Engines\nSecond,a@example.com,Other\n";
    let contacts = scene.upload(contacts).await;
    let companies = scene.upload("Name\nEngines\nOther\n").await;
    let job = scene
        .imported(&json!({ "files": [
            { "upload": contacts, "object": "contact", "match_by": ["email"], "mode": "create", "columns": [
                { "column": 0, "field": "last_name" }, { "column": 1, "field": "email" },
                { "column": 2, "field": "company_id", "by": "name" },
            ] },
            { "upload": companies, "object": "company", "columns": [{ "column": 0, "field": "name" }] },
        ] }))
        .await;
    assert_eq!(counts(&job), [4, 4, 3, 3, 0], "{:?}", scene.errors(&job).await);
    let first = &scene.all("contacts", "last_name").await["First"];
    assert_eq!(first["company_id"], scene.all("companies", "name").await["Engines"]["id"]);
}

#[tokio::test]
async fn a_field_that_is_given_up_meanwhile_does_not_stand_in_for_another() {
    let scene = Scene::new().await;
    for name in ["first", "second"] {
        let field = json!({ "name": name, "type": "reference", "object": "company" });
        scene.me.post("/v1/schema/objects/contact/fields", field).await.expect(201);
    }
    scene.me.post("/v1/companies", json!({ "name": "Acme" })).await.expect(201);
    scene.app.drain().await;
    let contacts = scene.upload("Name,First,Second\nLovelace,Acme,New\n").await;
    let companies = scene.upload("Name\nNew\n").await;
    let job = scene
        .begun(&json!({ "files": [
            { "upload": contacts, "object": "contact", "columns": [
                { "column": 0, "field": "last_name" }, { "column": 1, "field": "custom.first", "by": "name" },
                { "column": 2, "field": "custom.second", "by": "name" },
            ] },
            { "upload": companies, "object": "company", "columns": [{ "column": 0, "field": "name" }] },
        ] }))
        .await;
    scene.me.delete("/v1/schema/objects/contact/fields/first").await.expect(200);
    let job = scene.finished(&job).await;
    assert_eq!(counts(&job), [2, 2, 2, 2, 0], "{:?}", scene.errors(&job).await);
    let ada = &scene.all("contacts", "last_name").await["Lovelace"];
    assert_eq!(ada["custom"]["second"], scene.all("companies", "name").await["New"]["id"]);
}

#[tokio::test]
async fn a_name_that_the_import_has_changed_is_found() {
    let scene = Scene::new().await;
    let body = json!({ "name": "Old", "external_id": { "source": "crm", "key": "7" } });
    let company = scene.me.post("/v1/companies", body).await.expect(201);
    scene.me.post("/v1/contacts", json!({ "last_name": "Ada", "email": "ada@example.com" })).await.expect(201);
    scene.app.drain().await;
    let contacts = scene.upload("Email,Company\nada@example.com,New\n").await;
    let companies = scene.upload("Key,Name\n7,New\n").await;
    let job = scene
        .imported(&json!({ "files": [
            { "upload": contacts, "object": "contact", "match_by": ["email"], "columns": [
                { "column": 0, "field": "email" }, { "column": 1, "field": "company_id", "by": "name" },
            ] },
            { "upload": companies, "object": "company", "match_by": ["external_id"], "columns": [
                { "column": 0, "field": "external_id", "source": "crm" }, { "column": 1, "field": "name" },
            ] },
        ] }))
        .await;
    assert_eq!(counts(&job), [2, 2, 0, 2, 0], "{:?}", scene.errors(&job).await);
    assert_eq!(scene.all("contacts", "last_name").await["Ada"]["company_id"], company["id"]);
}
