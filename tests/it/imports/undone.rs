//! Imports that are taken back, and those that are cancelled on the way.

use serde_json::json;

use super::{Scene, counts, text};

#[tokio::test]
async fn an_import_is_taken_back_but_for_what_people_have_changed_since() {
    let scene = Scene::new().await;
    let known = scene
        .me
        .post("/v1/contacts", json!({ "last_name": "Known", "email": "known@example.com", "tags": ["old"] }))
        .await
        .expect(201);
    let rows = "Last Name,Email,Tags,City\nNew,new@example.com,a; b,Bonn\nKnown,known@example.com,old; fresh,Berlin\nTouched,touched@example.com,,Bonn\n";
    let upload = scene.upload(rows).await;
    let import = json!({ "files": [{ "upload": upload, "name": "people.csv", "object": "contact", "match_by": ["email"], "columns": [
        { "column": 0, "field": "last_name" }, { "column": 1, "field": "email" }, { "column": 2, "field": "tags" },
        { "column": 3, "field": "city" },
    ] }], "automations": "skip" });
    let job = scene.imported(&import).await;
    assert_eq!(counts(&job), [3, 3, 2, 3, 0]);
    let contacts = scene.all("contacts", "last_name").await;
    assert_eq!(contacts["Known"]["tags"], json!(["old", "fresh"]));
    let touched = format!("/v1/contacts/{}", text(&contacts["Touched"]["id"]));
    scene.me.patch(&touched, json!({ "city": "Hamburg" })).await.expect(200);
    // Whoever reacts to events is told which ones nothing is to follow from.
    let quiet = scene
        .app
        .items()
        .into_iter()
        .filter(|item| item.contains("contact.created") && item.contains("\"quiet\":{\"BOOL\":true}"));
    assert_eq!(quiet.count(), 2);

    let undo = scene.undone(&job).await;
    assert_eq!((undo["counts"]["changed"].as_u64(), undo["counts"]["kept"].as_u64()), (Some(2), Some(1)), "{undo:#}");
    let left = scene.all("contacts", "last_name").await;
    assert_eq!(left.keys().collect::<Vec<_>>(), ["Known", "Touched"]);
    assert_eq!((&left["Known"]["tags"], &left["Known"]["city"]), (&known["tags"], &known["city"]));
    // The undo is taken back as well.
    scene.undone(&undo).await;
    assert_eq!(scene.all("contacts", "last_name").await.len(), 3);
}
