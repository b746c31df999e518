//! Taking back what a job has done.

use serde_json::json;

use super::{Scene, counts, text};

#[tokio::test]
async fn an_undo_puts_back_what_nobody_has_changed_since() {
    let scene = Scene::with(120).await;
    scene.me.patch(&scene.path(5), json!({ "tags": ["old"] })).await.expect(200);
    let before = scene.state().await;
    let job =
        scene.edited(json!({ "filter": {}, "change": { "city": "Ulm", "country": "DE" }, "add_tags": ["x"] })).await;
    assert_eq!(counts(&job), [120, 120, 120, 0, 0]);
    // Somebody changes one field of one, makes another as it was, and puts a third into the trash.
    scene.me.patch(&scene.path(7), json!({ "city": "Jena" })).await.expect(200);
    scene.me.patch(&scene.path(8), json!({ "city": "Berlin", "description": "hers" })).await.expect(200);
    scene.me.delete(&scene.path(9)).await.expect(200);
    let undo = scene.undone(&job).await;
    assert_eq!((text(&undo["state"]), counts(&undo)), ("done".into(), [120, 120, 120, 1, 0]));
    assert_eq!(scene.errors(&undo).await, [(scene.ids[7].clone(), "kept".to_owned(), Some("city".to_owned()))]);
    let after = scene.state().await;
    for (number, (before, after)) in before.iter().zip(&after).enumerate() {
        let mut expected = before.clone();
        match number {
            7 => expected["city"] = json!("Jena"),
            8 => expected["description"] = json!("hers"),
            9 => expected["archived_at"] = after["archived_at"].clone(),
            _ => {}
        }
        assert_eq!(after, &expected, "{number}");
    }
    assert!(after[9]["archived_at"].is_string());
    let job = scene.finished(&job).await;
    assert_eq!(job["undone_by"], undo["id"]);
    let again = scene.me.post(&format!("/v1/jobs/{}/undo", text(&job["id"])), json!({})).await;
    assert_eq!(again.refused(409), "undone");
}

#[tokio::test]
async fn an_undo_can_be_undone_and_that_again() {
    let scene = Scene::with(4).await;
    let before = scene.state().await;
    let job = scene.edited(json!({ "ids": scene.ids, "change": { "city": "Ulm" } })).await;
    let edited = scene.state().await;
    let undo = scene.undone(&job).await;
    assert_eq!(scene.state().await, before);
    let redo = scene.undone(&undo).await;
    assert_eq!((counts(&redo), scene.state().await), ([4, 4, 4, 0, 0], edited));
    scene.undone(&redo).await;
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn an_undone_archive_gives_back_what_is_free() {
    let scene = Scene::with(6).await;
    let before = scene.state().await;
    let job = scene.edited(json!({ "ids": scene.ids, "archive": true })).await;
    scene.me.post("/v1/contacts", json!({ "email": "person2@example.com" })).await.expect(201);
    scene.me.post(&format!("{}/restore", scene.path(4)), json!({})).await.expect(200);
    let undo = scene.undone(&job).await;
    assert_eq!(counts(&undo), [6, 6, 4, 0, 1]);
    assert_eq!(scene.errors(&undo).await, [(scene.ids[2].clone(), "conflict".to_owned(), Some("email".to_owned()))]);
    let after = scene.state().await;
    let differ: Vec<usize> = (0..6).filter(|number| before[*number] != after[*number]).collect();
    assert_eq!(differ, [2]);
}

#[tokio::test]
async fn an_undo_adds_nothing_of_its_own() {
    // Who leaves a company has worked there; who never was there has not.
    let scene = Scene::with(2).await;
    let company = scene.me.post("/v1/companies", json!({ "name": "Acme" })).await.expect(201);
    let other = scene.me.post("/v1/companies", json!({ "name": "Apex" })).await.expect(201);
    scene.me.patch(&scene.path(0), json!({ "company_id": other["id"], "job_title": "Analyst" })).await.expect(200);
    let before = scene.state().await;
    let job = scene.edited(json!({ "ids": scene.ids, "change": { "company_id": company["id"] } })).await;
    assert_eq!(scene.state().await[0]["former_jobs"][0]["company_id"], other["id"]);
    scene.undone(&job).await;
    assert_eq!(scene.state().await, before);
}

#[tokio::test]
async fn an_undo_that_was_cancelled_gives_way_to_another() {
    let scene = Scene::with(3).await;
    let before = scene.state().await;
    let job = scene.edited(json!({ "ids": scene.ids, "change": { "city": "Ulm" } })).await;
    let path = format!("/v1/jobs/{}/undo", text(&job["id"]));
    let first = scene.me.post(&path, json!({})).await.expect(202);
    assert_eq!(scene.me.post(&path, json!({})).await.refused(409), "undone", "it is under way");
    scene.me.post(&format!("/v1/jobs/{}/cancel", text(&first["id"])), json!({})).await.expect(200);
    let second = scene.undone(&job).await;
    assert_eq!((text(&second["state"]), counts(&second)), ("done".into(), [3, 3, 3, 0, 0]));
    assert_eq!(scene.state().await, before);
    assert_eq!(scene.finished(&job).await["undone_by"], second["id"]);
    assert_eq!(scene.me.post(&path, json!({})).await.refused(409), "undone");
}
