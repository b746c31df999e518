//! One workspace with a journal that a test writes by hand.

use std::sync::LazyLock;

use cloud::{Clients, Files, Queues};
use events::{Change, Document, StreamPosition};
use kernel::{AnyId, Clock, Id, Ids, Prefix, kinds};
use records::{Field, FieldType, Object, Schema};
use replica::{Answer, Archived, Limits, Query, Replica, Replicas};
use serde_json::{Value, json};
use table::{JournalEntry, Meter, Tables, TenantTable};
use tempfile::TempDir;
use testkit::{Cloud, Engine, Faults};

pub(crate) static CONTACT: LazyLock<Object> = LazyLock::new(|| {
    let mut object = Object::new("contact", "contacts", Prefix::of::<kinds::Contact>(), "A person.");
    object.fields = vec![
        Field::new("name", FieldType::text(100), "Name.").searched(),
        Field::new("email", FieldType::Email {}, "Email.").unique().searched(),
        Field::new("phone", FieldType::Phone {}, "Phone.").searched(),
        Field::new("city", FieldType::text(100), "City."),
        Field::new("tier", FieldType::select(&["gold", "silver"]), "Tier."),
    ];
    object
});

/// A workspace, its table, its bucket, its clock.
pub(crate) struct World {
    pub(crate) cloud: Cloud,
    pub(crate) faults: Faults,
    pub(crate) tables: Tables,
    pub(crate) table: TenantTable,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) directory: TempDir,
    pub(crate) clients: Clients,
}

impl World {
    pub(crate) fn new() -> Self {
        let engine = Engine::memory().unwrap();
        engine.create_table("rapport").unwrap();
        let cloud = Cloud::new(engine.http_client());
        let faults = Faults::new(cloud.http_client());
        let clients = Clients::in_process(faults.http_client());
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 1);
        let tables = Tables::new(&clients, "rapport");
        let table = tables.workspace(ids.next(), Meter::default());
        Self { cloud, faults, tables, table, clock, ids, directory: tempfile::tempdir().unwrap(), clients }
    }

    pub(crate) fn replicas(&self, directory: &str) -> Replicas {
        self.replicas_of(directory, vec![CONTACT.clone()], Limits::request())
    }

    pub(crate) fn replicas_of(&self, directory: &str, objects: Vec<Object>, limits: Limits) -> Replicas {
        let files = Files::new(&self.clients, "files");
        let queues = Queues::new(&self.clients, "http://in-process.invalid/snapshots");
        let directory = self.directory.path().join(directory);
        let replicas = Replicas::new(directory, self.tables.clone(), files, queues, limits);
        replicas.over(&Schema::with(objects, Vec::new()))
    }

    /// A replica of what every workspace has, and of what this one defines.
    pub(crate) async fn open_whole(&self, directory: &str) -> Replica {
        self.whole(directory, Limits::request()).open(&self.table, &self.clock).await.unwrap()
    }

    pub(crate) fn whole(&self, directory: &str, limits: Limits) -> Replicas {
        let files = Files::new(&self.clients, "files");
        let queues = Queues::new(&self.clients, "http://in-process.invalid/snapshots");
        Replicas::new(self.directory.path().join(directory), self.tables.clone(), files, queues, limits)
    }

    pub(crate) async fn open(&self, directory: &str) -> Replica {
        self.replicas(directory).open(&self.table, &self.clock).await.unwrap()
    }

    /// What the stream would tell of an item of any sort.
    pub(crate) fn told(&self, item: &str, kind: &str, id: &str, position: u64, document: Option<Value>) -> Change {
        let document = document.map(|document| document.as_object().cloned().unwrap());
        Change {
            item: item.to_owned(),
            kind: kind.to_owned(),
            id: id.to_owned(),
            version: document.as_ref().map_or(0, |document| document["version"].as_u64().unwrap()),
            position: StreamPosition::new(&position.to_string()),
            at: self.clock.now(),
            document,
        }
    }

    /// A definition as the journal tells of it.
    pub(crate) fn definition(&self, position: u64, document: &Value) -> Change {
        let part = format!("object.{}", document["object"].as_str().unwrap());
        self.told("config", &part, &part, position, Some(document.clone()))
    }

    /// A state of a record of any object as the journal tells of it.
    pub(crate) fn record(&self, object: &str, id: AnyId, version: u64, position: u64, fields: Value) -> Change {
        let mut document = self.document(id, version, fields);
        document.insert("object".to_owned(), object.into());
        self.told("record", object, &id.to_string(), position, Some(document.into()))
    }

    /// An id of a record of the company's own object with a number.
    pub(crate) fn id_of(&self, custom: u32) -> AnyId {
        self.ids.next_of(Prefix::custom(custom).unwrap())
    }

    pub(crate) fn id(&self) -> AnyId {
        self.ids.next::<kinds::Contact>().erase()
    }

    pub(crate) async fn append(&self, seq: u64, changes: &[Change]) {
        for packed in events::encode(changes) {
            let entry = JournalEntry { seq, at: self.clock.now(), packed };
            assert!(self.table.journal_append(entry).await.unwrap());
        }
    }

    /// A state of a record as the stream would tell of it.
    pub(crate) fn change(&self, id: AnyId, version: u64, position: u64, fields: Value) -> Change {
        Change { document: Some(self.document(id, version, fields)), ..self.removal(id, version, position) }
    }

    pub(crate) fn removal(&self, id: AnyId, version: u64, position: u64) -> Change {
        Change {
            item: "record".to_owned(),
            kind: "contact".to_owned(),
            id: id.to_string(),
            version,
            position: StreamPosition::new(&position.to_string()),
            at: self.clock.now(),
            document: None,
        }
    }

    /// A record as it is stored.
    pub(crate) fn document(&self, id: AnyId, version: u64, fields: Value) -> Document {
        let now = self.clock.now();
        let mut document = json!({
            "id": id, "object": "contact", "version": version, "created_at": now, "updated_at": now,
        });
        let members = document.as_object_mut().unwrap();
        members.extend(fields.as_object().cloned().unwrap());
        members.clone()
    }

    /// Puts a record into the table, as a commit does.
    pub(crate) async fn store(&self, id: AnyId, version: u64, fields: Value) {
        let (keys, mut changes) = (self.table.keys(), table::Changes::new());
        let document = self.document(id, version, fields);
        match version {
            1 => changes.create_record(keys, "contact", id, document),
            later => changes.replace_record(keys, "contact", id, document, later - 1),
        }
        self.table.commit(&changes).await.unwrap();
    }

    pub(crate) async fn remove(&self, id: AnyId, seen: u64) {
        let mut changes = table::Changes::new();
        changes.remove_record(self.table.keys(), "contact", id, seen);
        self.table.commit(&changes).await.unwrap();
    }

    pub(crate) fn workspace(&self) -> Id<kinds::Workspace> {
        self.table.workspace_id()
    }
}

/// Everything there is, the trash included.
pub(crate) fn everything() -> Query {
    let mut query = Query::new("contact");
    query.archived = Archived::Any;
    query.limit = 200;
    query
}

/// The values of a field in an answer.
pub(crate) fn column(answer: &Answer, field: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    answer.rows.iter().map(|found| found.document.get(field).map_or_else(String::new, text)).collect()
}

/// `id:version` of what a replica has without asking the table.
pub(crate) fn rows(replica: &Replica) -> Vec<String> {
    let answer = replica.ask(&everything()).unwrap();
    let mut rows: Vec<String> = answer
        .rows
        .iter()
        .map(|row| format!("{}:{}", row.document["id"].as_str().unwrap(), row.document["version"]))
        .collect();
    rows.sort();
    rows
}
