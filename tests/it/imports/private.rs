//! Imports of records that whoever brings them in does not reach once they are there: somebody else owns them.

use serde_json::json;

use super::{Scene, counts, text};
use crate::shares::{colleague, make_contacts_private};

#[tokio::test]
async fn what_an_import_makes_for_somebody_else_is_linked_and_can_be_taken_back() {
    let admin = Scene::new().await;
    make_contacts_private(&admin.app, &admin.me).await;
    let (me, _) = colleague(&admin.app, &admin.me, "rita", None).await;
    let (_, owner) = colleague(&admin.app, &admin.me, "olga", None).await;
    let scene = Scene { app: admin.app.clone(), me };
    let people = "Name,Owner,Company\nLovelace,olga@example.com,Engines\nHopper,olga@example.com,Engines\n";
    let people = scene.upload(people).await;
    let companies = scene.upload("Name\nEngines\n").await;
    let job = scene
        .imported(&json!({ "files": [
            { "upload": people, "object": "contact", "columns": [
                { "column": 0, "field": "last_name" }, { "column": 1, "field": "owner_id" },
                { "column": 2, "field": "company_id", "by": "name" },
            ] },
            { "upload": companies, "object": "company", "columns": [{ "column": 0, "field": "name" }] },
        ] }))
        .await;
    assert_eq!(counts(&job), [3, 3, 3, 3, 0], "{:?}", scene.errors(&job).await);
    let contacts = admin.all("contacts", "last_name").await;
    let company = admin.all("companies", "name").await["Engines"]["id"].clone();
    for contact in contacts.values() {
        assert_eq!((&contact["owner_id"], &contact["company_id"]), (&json!(owner), &company));
    }

    // Of what somebody has changed since, who does not reach it is told that it is not taken back, and no more.
    let hopper = format!("/v1/contacts/{}", text(&contacts["Hopper"]["id"]));
    admin.me.patch(&hopper, json!({ "city": "Arlington" })).await.expect(200);
    let undo = scene.undone(&job).await;
    let counted = ["changed", "kept", "failed"].map(|name| undo["counts"][name].as_u64().unwrap_or(0));
    assert_eq!(counted, [2, 0, 1], "{undo:#}");
    assert_eq!(scene.errors(&undo).await, [(0, "not_found".to_owned(), String::new())]);
    assert_eq!(admin.all("contacts", "last_name").await.keys().collect::<Vec<_>>(), ["Hopper"]);

    let again = scene.undone(&undo).await;
    assert_eq!(again["counts"]["changed"].as_u64(), Some(2), "{again:#}");
    assert_eq!(admin.all("contacts", "last_name").await.len(), 2);
}

#[tokio::test]
async fn the_undo_of_an_import_tells_nothing_of_what_the_import_was_not_told_of() {
    let admin = Scene::new().await;
    make_contacts_private(&admin.app, &admin.me).await;
    let (olga, _) = colleague(&admin.app, &admin.me, "olga", None).await;
    let (me, _) = colleague(&admin.app, &admin.me, "rita", None).await;
    let scene = Scene { app: admin.app.clone(), me };
    let hers = json!({ "last_name": "Hers", "email": "olga-only@example.com" });
    let hers = olga.post("/v1/contacts", hers).await.expect(201);
    let upload = scene.upload("Name,Email\nMine,olga-only@example.com\n").await;
    let columns = json!([{ "column": 0, "field": "last_name" }, { "column": 1, "field": "email" }]);
    for mode in ["upsert", "create"] {
        let file =
            json!({ "upload": upload, "object": "contact", "match_by": ["email"], "mode": mode, "columns": columns });
        let job = scene.imported(&json!({ "files": [file] })).await;
        let undo = scene.undone(&job).await;
        let counted = ["changed", "failed"].map(|name| undo["counts"][name].as_u64().unwrap_or(0));
        assert_eq!((counted, scene.errors(&undo).await), ([0, 0], vec![]), "{mode}");
    }
    assert_eq!(admin.all("contacts", "last_name").await["Hers"]["version"], hers["version"]);
}

#[tokio::test]
async fn whoever_may_not_write_any_more_links_nothing() {
    let admin = Scene::new().await;
    let (me, id) = colleague(&admin.app, &admin.me, "rita", None).await;
    let scene = Scene { app: admin.app.clone(), me };
    let people = scene.upload("Name,Company\nLovelace,Engines\n").await;
    let companies = scene.upload("Name\nEngines\n").await;
    let job = scene
        .begun(&json!({ "files": [
            { "upload": people, "object": "contact", "columns": [
                { "column": 0, "field": "last_name" }, { "column": 1, "field": "company_id", "by": "name" },
            ] },
            { "upload": companies, "object": "company", "columns": [{ "column": 0, "field": "name" }] },
        ] }))
        .await;
    admin.me.patch(&format!("/v1/users/{id}"), json!({ "role": "viewer" })).await.expect(200);
    let job = scene.finished(&job).await;
    assert_eq!(counts(&job), [2, 2, 2, 2, 1], "{:?}", scene.errors(&job).await);
    assert_eq!(scene.errors(&job).await, [(2, "denied".to_owned(), String::new())]);
    assert_eq!(admin.all("contacts", "last_name").await["Lovelace"]["company_id"], json!(null));
}

#[tokio::test]
async fn a_row_that_waits_refers_to_nothing_that_whoever_imports_may_not_know_of() {
    let admin = Scene::new().await;
    make_contacts_private(&admin.app, &admin.me).await;
    admin.me.post("/v1/schema/objects", json!({ "name": "x_deal", "plural": "x_deals" })).await.expect(201);
    for field in [
        json!({ "name": "number", "type": "text", "unique": true }),
        json!({ "name": "client", "type": "reference", "object": "company", "required": true }),
        json!({ "name": "person", "type": "reference", "object": "contact" }),
    ] {
        admin.me.post("/v1/schema/objects/x_deal/fields", field).await.expect(201);
    }
    let (olga, _) = colleague(&admin.app, &admin.me, "olga", None).await;
    let (me, _) = colleague(&admin.app, &admin.me, "rita", None).await;
    let scene = Scene { app: admin.app.clone(), me };
    olga.post("/v1/contacts", json!({ "last_name": "Hers", "email": "olga-only@example.com" })).await.expect(201);
    admin.me.post("/v1/companies", json!({ "name": "Known" })).await.expect(201);
    admin.app.drain().await;
    // The first row makes the record; the second, about the same one, waits for what is required of it.
    let deals = scene.upload("Number,Client,Person\n1,Known,\n1,Later,olga-only@example.com\n").await;
    let companies = scene.upload("Name\nLater\n").await;
    let job = scene
        .imported(&json!({ "files": [
            { "upload": deals, "object": "x_deal", "match_by": ["custom.number"], "columns": [
                { "column": 0, "field": "custom.number" }, { "column": 0, "field": "name" },
                { "column": 1, "field": "custom.client", "by": "name" },
                { "column": 2, "field": "custom.person", "by": "email" },
            ] },
            { "upload": companies, "object": "company", "columns": [{ "column": 0, "field": "name" }] },
        ] }))
        .await;
    assert_eq!(counts(&job), [3, 3, 2, 2, 1], "{:?}", scene.errors(&job).await);
    assert_eq!(scene.errors(&job).await, [(3, "reference_not_found".to_owned(), "Person".to_owned())]);
    let deal = &admin.all("x_deals", "name").await["1"];
    assert_eq!(deal["custom"]["person"], json!(null));
}
