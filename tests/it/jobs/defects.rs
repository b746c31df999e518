//! Records that Rapport itself has spoilt: each fails alone.

use events::Document;
use jobs::Worker;
use kernel::AnyId;
use serde_json::json;
use table::{Changes, Meter, TenantTable};

use super::killed::Rig;
use super::{Scene, counts, text};

/// Makes a contact one that cannot be read, past everything that would not.
pub(super) async fn spoil(table: &TenantTable, id: &str) {
    let id: AnyId = id.parse().unwrap();
    let mut stored: Document = table.get(&table.keys().record("contact", id)).await.unwrap().unwrap();
    let version = stored["version"].as_u64().unwrap();
    stored.insert("created_by".to_owned(), json!("nobody"));
    let mut changes = Changes::new();
    changes.replace_record(table.keys(), "contact", id, stored, version);
    table.commit(&changes).await.unwrap();
}

#[tokio::test]
async fn a_record_that_cannot_be_read_fails_alone() {
    let scene = Scene::with(101).await;
    let workspace = scene.me.made.as_ref().unwrap().workspace;
    let table = scene.app.stack.app().tables.workspace(workspace, Meter::default());
    // One among a hundred, and one that is a chunk of its own.
    for number in [7, 100] {
        spoil(&table, &scene.ids[number]).await;
    }
    let job = scene.edited(json!({ "ids": scene.ids, "change": { "country": "DE" } })).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [101, 101, 99, 0, 2]));
    let failed = [7, 100].map(|number| (scene.ids[number].clone(), "internal".to_owned(), None));
    assert_eq!(scene.errors(&job).await, failed);
    assert_eq!(scene.me.get(&scene.path(8)).await.expect(200)["country"], "DE");
}

#[tokio::test]
async fn a_defect_that_meets_every_record_is_none_of_the_jobs() {
    let rig = Rig::with(3).await;
    let workspace = text(&rig.me.get("/v1/workspace").await.expect(200)["id"]).parse().unwrap();
    let table = rig.app().tables.workspace(workspace, Meter::default());
    let job = rig.start(json!({ "ids": rig.ids, "change": { "city": "Ulm" } })).await;
    for id in &rig.ids {
        spoil(&table, id).await;
    }
    let response = Box::pin(Worker::default().handle(&rig.app(), rig.message(&job).await)).await;
    assert_eq!(response.batch_item_failures.len(), 1, "the message comes again once it is mended");
    assert_eq!(rig.job(&job).await["state"], "running");
}
