//! From a message in the queue to an object in the bucket.
#![cfg(test)]

use api::{App, Authorize};
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use cloud::{Clients, Files, Queues};
use events::{SnapshotReason, SnapshotRequest};
use kernel::{Clock, Id, Ids, kinds};
use serde_json::json;
use table::{Changes, Meter, Tables, TenantTable};
use tempfile::TempDir;
use testkit::{Cloud, Engine};

struct World {
    cloud: Cloud,
    app: App,
    workspace: Id<kinds::Workspace>,
    _directory: TempDir,
}

impl World {
    fn new() -> Self {
        let engine = Engine::memory().unwrap();
        engine.create_table("rapport").unwrap();
        let cloud = Cloud::new(engine.http_client());
        let clients = Clients::in_process(cloud.http_client());
        let (clock, directory) = (Clock::manual(), tempfile::tempdir().unwrap());
        let ids = Ids::seeded(clock.clone(), 1);
        let workspace = ids.next();
        let app = App {
            tables: Tables::new(&clients, "rapport"),
            queues: Queues::new(&clients, "http://in-process.invalid/snapshots"),
            files: Files::new(&clients, "files"),
            clock,
            ids,
            authorize: Authorize::Gateway,
            replica_dir: directory.path().to_owned(),
        };
        Self { cloud, app, workspace, _directory: directory }
    }

    fn table(&self) -> TenantTable {
        self.app.tables.workspace(self.workspace, Meter::default())
    }

    fn asked(&self, reason: SnapshotReason) -> String {
        let request = SnapshotRequest { workspace: self.workspace, reason, record: None };
        serde_json::to_string(&request).unwrap()
    }

    /// The identifiers of the messages that have to come again.
    async fn deliver(&self, bodies: &[String]) -> Vec<String> {
        let mut batch = SqsEvent::default();
        for (number, body) in bodies.iter().enumerate() {
            let mut message = SqsMessage::default();
            message.message_id = Some(format!("m{number}"));
            message.body = Some(body.clone());
            batch.records.push(message);
        }
        let response = snapshots::handle(&self.app, batch).await;
        response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
    }
}

#[tokio::test]
async fn a_message_makes_a_snapshot_and_its_repetition_makes_none() {
    let world = World::new();
    let message = world.asked(SnapshotReason::Behind);
    assert!(world.deliver(&[message.clone(), message.clone()]).await.is_empty());
    assert!(world.deliver(&[message]).await.is_empty());
    let objects = world.cloud.objects();
    assert_eq!(objects.len(), 1, "{objects:?}");
    assert!(objects[0].contains(&world.workspace.to_string()) && objects[0].ends_with(".sqlite.zst"));
}

#[tokio::test]
async fn what_failed_comes_again_and_nothing_else() {
    let world = World::new();
    let good = world.asked(SnapshotReason::Behind);
    assert_eq!(world.deliver(&["not a request".to_owned(), good.clone()]).await, ["m0"]);
    world.cloud.cut_after(Some(0));
    let id = world.app.ids.next::<kinds::Contact>().erase();
    let document = json!({ "id": id, "object": "contact", "version": 1 });
    let mut changes = Changes::new();
    changes.create_record(world.table().keys(), "contact", id, document.as_object().cloned().unwrap());
    world.table().commit(&changes).await.unwrap();
    let erased = world.asked(SnapshotReason::Erased);
    assert_eq!(world.deliver(std::slice::from_ref(&erased)).await, ["m0"]);
    world.cloud.cut_after(None);
    assert!(world.deliver(&[erased]).await.is_empty());
    assert_eq!(world.cloud.objects().len(), 1, "no older one stays");
}
