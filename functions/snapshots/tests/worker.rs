//! From a message in the queue to an object in the bucket.
#![cfg(test)]

use std::sync::Mutex;

use api::{App, Authorize};
use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use cloud::{Clients, Files, Queues};
use events::{Change, Document, SnapshotReason, SnapshotRequest, StreamPosition};
use kernel::{AnyId, Clock, Id, Ids, kinds};
use replica::{Limits, REPLICA_SCHEMA, Replicas};
use serde_json::json;
use table::{Changes, JournalEntry, Manifest, Meter, Tables, TenantTable};
use tempfile::TempDir;
use testkit::{Cloud, Engine};

struct World {
    cloud: Cloud,
    /// The last number of the stream, and what it has told that is not in the journal.
    told: Mutex<(u64, Vec<Change>)>,
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
            schemas: Default::default(),
            tables: Tables::new(&clients, "rapport"),
            queues: Queues::new(&clients, "http://in-process.invalid/snapshots"),
            files: Files::new(&clients, "files"),
            clock,
            ids,
            issuer: None,
            sign_up: Default::default(),
            limits: api::Limits::default(),
            authorize: Authorize::Gateway,
            notes: api::Notes::default(),
            replica_dir: directory.path().to_owned(),
        };
        Self { cloud, told: Mutex::default(), app, workspace, _directory: directory }
    }

    fn table(&self) -> TenantTable {
        self.app.tables.workspace(self.workspace, Meter::default())
    }

    fn asked(&self, reason: SnapshotReason) -> String {
        let request = SnapshotRequest { workspace: self.workspace, reason, record: None };
        serde_json::to_string(&request).unwrap()
    }

    fn erased(&self, record: AnyId) -> String {
        let (workspace, reason) = (self.workspace, SnapshotReason::Erased);
        serde_json::to_string(&SnapshotRequest { workspace, reason, record: Some(record) }).unwrap()
    }

    /// Writes a record, or removes it, and keeps what the stream will tell of it.
    async fn write(&self, id: AnyId, version: u64, document: Option<Document>) {
        let (keys, mut changes) = (self.table().keys(), Changes::new());
        match document.clone() {
            Some(document) if version == 1 => changes.create_record(keys, "contact", id, document),
            Some(document) => changes.replace_record(keys, "contact", id, document, version - 1),
            None => changes.remove_record(keys, "contact", id, version),
        }
        self.table().commit(&changes).await.unwrap();
        let mut told = self.told.lock().unwrap();
        let number = told.0 + 1;
        told.0 = number;
        told.1.push(Change {
            item: "record".to_owned(),
            kind: "contact".to_owned(),
            id: id.to_string(),
            version,
            position: StreamPosition::new(&number.to_string()),
            at: self.app.clock.now(),
            document,
        });
    }

    /// Somebody whose name and address are new.
    async fn create(&self, name: &str) -> AnyId {
        let id = self.app.ids.next::<kinds::Contact>().erase();
        self.write(id, 1, Some(person(id, 1, name))).await;
        id
    }

    /// Appends what the stream has told since the last time.
    async fn drain(&self) {
        let changes = std::mem::take(&mut self.told.lock().unwrap().1);
        let (table, at) = (self.table(), self.app.clock.now());
        for packed in events::encode(&changes) {
            let seq = table.journal_last().await.unwrap() + 1;
            assert!(table.journal_append(JournalEntry { seq, at, packed }).await.unwrap());
        }
    }

    async fn manifest(&self) -> Option<Manifest> {
        self.table().manifest(REPLICA_SCHEMA).await.unwrap()
    }

    /// Where a text is: in entries of the journal, in objects, in files of replicas.
    async fn traces(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for entry in self.table().journal_after(0, 1000, true).await.unwrap().entries {
            let changes = format!("{:?}", events::decode(&entry.packed).unwrap());
            found.extend(changes.to_lowercase().contains(text).then(|| format!("entry {}", entry.seq)));
        }
        for object in self.cloud.objects() {
            let bytes = zstd::stream::decode_all(&*self.cloud.object(&object).unwrap()).unwrap();
            found.extend(holds(&bytes, text).then_some(object));
        }
        let mut directories = vec![self.app.replica_dir.clone()];
        while let Some(directory) = directories.pop() {
            for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
                match entry.file_type().unwrap().is_dir() {
                    true => directories.push(entry.path()),
                    false if holds(&std::fs::read(entry.path()).unwrap(), text) => {
                        found.push(entry.path().display().to_string());
                    }
                    false => {}
                }
            }
        }
        found
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

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text.as_bytes()))
}

fn person(id: AnyId, version: u64, name: &str) -> Document {
    let at = Clock::manual().now();
    let document = json!({
        "id": id, "object": "contact", "version": version, "created_at": at, "updated_at": at,
        "first_name": name, "email": format!("{name}@example.com"), "phone": "+4930123456",
    });
    document.as_object().cloned().unwrap()
}

#[tokio::test]
async fn after_an_erasure_nothing_is_left_in_journal_bucket_and_files() {
    let world = World::new();
    let (kept, erased) = (world.create("keptname").await, world.create("firstname").await);
    world.drain().await;
    world.app.clock.advance_millis(10 * 24 * 3_600_000);
    let table = world.table();
    world.write(erased, 2, Some(person(erased, 2, "secondname"))).await;
    world.drain().await;
    assert!(world.deliver(&[world.asked(SnapshotReason::Behind)]).await.is_empty());
    let (tables, files, queues) = (world.app.tables.clone(), world.app.files.clone(), world.app.queues.clone());
    let directory = world.app.replica_dir.join("readers");
    let readers = Replicas::new(directory, tables, files, queues, Limits::request());
    let reader = readers.open(&table, &world.app.clock).await.unwrap();
    reader.catch_up().await.unwrap();
    assert!(world.traces("secondname").await.len() >= 4, "journal, bucket, worker and reader have it");
    world.write(erased, 2, None).await;
    world.drain().await;
    assert!(world.deliver(&[world.erased(erased)]).await.is_empty());
    reader.catch_up().await.unwrap();
    for name in ["firstname", "secondname"] {
        assert_eq!(world.traces(name).await, [""; 0], "{name}");
    }
    assert!(world.traces("keptname").await.len() >= 4);
    // Whoever reads the journal from its beginning gets there too.
    let all = table.journal_after(0, 100, true).await.unwrap().entries;
    let told: Vec<_> = all.iter().flat_map(|entry| events::decode(&entry.packed).unwrap()).collect();
    assert_eq!(told.iter().filter(|change| change.document.is_some()).count(), 1);
    assert!(told.iter().any(|change| change.id == kept.to_string()) && told.len() == 4);
    assert!(reader.verify().await.unwrap().is_none());
    // And it may be asked again.
    assert!(world.deliver(&[world.erased(erased)]).await.is_empty());
}

#[tokio::test]
async fn an_erasure_is_done_when_the_journal_tells_of_it() {
    let world = World::new();
    let erased = world.create("firstname").await;
    world.drain().await;
    world.write(erased, 1, None).await;
    assert_eq!(world.deliver(&[world.erased(erased)]).await, ["m0"]);
    world.drain().await;
    assert!(world.deliver(&[world.erased(erased)]).await.is_empty());
    assert_eq!(world.traces("firstname").await, [""; 0]);
    assert!(world.manifest().await.is_none(), "where there was no snapshot none is needed");
}

#[tokio::test]
async fn erasures_of_one_batch_make_one_snapshot() {
    let world = World::new();
    let erased = [world.create("firstname").await, world.create("secondname").await];
    world.drain().await;
    assert!(world.deliver(&[world.asked(SnapshotReason::Behind)]).await.is_empty());
    for id in erased {
        world.write(id, 1, None).await;
    }
    world.drain().await;
    assert!(world.deliver(&erased.map(|id| world.erased(id))).await.is_empty());
    assert_eq!(world.manifest().await.unwrap().version, 2);
    assert_eq!([world.traces("firstname").await, world.traces("secondname").await].concat(), [""; 0]);
}

#[tokio::test]
async fn an_erasure_leaves_no_object_of_other_releases_or_killed_workers() {
    let world = World::new();
    let erased = world.create("firstname").await;
    world.drain().await;
    assert!(world.deliver(&[world.asked(SnapshotReason::Behind)]).await.is_empty());
    let object = world.manifest().await.unwrap().object;
    let bytes = world.app.files.get(&object).await.unwrap().unwrap();
    let workspace = world.workspace.to_string();
    let others = [
        object.replacen(&format!("{workspace}/{REPLICA_SCHEMA}/"), &format!("{workspace}/0/"), 1),
        format!("{object}.orphan"),
    ];
    for other in &others {
        world.app.files.put(other, bytes.clone()).await.unwrap();
    }
    let foreign = object.replacen(&workspace, &world.app.ids.next::<kinds::Workspace>().to_string(), 1);
    world.app.files.put(&foreign, bytes).await.unwrap();
    world.write(erased, 1, None).await;
    world.drain().await;
    // The worker gets as far as moving the manifest.
    world.cloud.cut_after(Some(2));
    assert_eq!(world.deliver(&[world.erased(erased)]).await, ["m0"]);
    assert_eq!((world.manifest().await.unwrap().version, world.cloud.objects().len()), (2, 5));
    world.cloud.cut_after(None);
    assert!(world.deliver(&[world.erased(erased)]).await.is_empty());
    let mut wanted = [world.manifest().await.unwrap().object, foreign].map(|object| format!("files/{object}"));
    wanted.sort();
    assert_eq!(world.cloud.objects(), wanted);
}

#[tokio::test]
async fn a_snapshot_that_is_gone_or_too_old_is_made_anew() {
    let world = World::new();
    let asked = world.asked(SnapshotReason::Behind);
    assert!(world.deliver(std::slice::from_ref(&asked)).await.is_empty());
    world.app.files.delete(&world.manifest().await.unwrap().object).await.unwrap();
    assert!(world.deliver(std::slice::from_ref(&asked)).await.is_empty());
    let second = world.manifest().await.unwrap();
    assert!(second.version == 2 && world.app.files.exists(&second.object).await.unwrap());
    world.app.clock.advance_millis(30 * 24 * 3_600_000);
    assert!(world.deliver(&[asked]).await.is_empty());
    assert_eq!(world.manifest().await.unwrap().version, 3);
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
