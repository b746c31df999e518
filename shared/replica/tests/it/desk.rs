//! A company at work: a workspace with the built-in objects, with fields and an object of its own, whose journal a test
//! writes by the record.

use cloud::{Files, Queues};
use events::{Change, Document, StreamPosition};
use kernel::{AnyId, Id, Prefix, kinds};
use records::{Aggregate, Choice, CustomObject, Definition, Equals, Field, FieldType, RollUp};
use replica::{Answer, Limits, Replica, Replicas};
use serde_json::{Value, json};

use crate::world::World;

/// How many changes one entry of the journal has.
const ENTRY: usize = 500;

/// What stands in the journal so far, and the workspace it is of.
pub(crate) struct Desk {
    pub(crate) world: World,
    changes: Vec<Change>,
    seq: u64,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self { world: World::new(), changes: Vec::new(), seq: 0 }
    }

    /// A desk whose workspace has [`contact`], [`company`] and [`project`] defined.
    pub(crate) fn furnished(private: bool) -> Self {
        let mut desk = Self::new();
        for definition in [contact(private), company(private), project(private)] {
            desk.define(&definition);
        }
        desk
    }

    pub(crate) fn id(&self, object: &str) -> AnyId {
        let prefix = match object {
            "contact" => "con",
            "company" => "com",
            "user" => "usr",
            "team" => "tea",
            "view" => "viw",
            _ => "x00",
        };
        AnyId::from_uuid(Prefix::parse(prefix).unwrap(), self.world.ids.next::<kinds::Contact>().uuid())
    }

    pub(crate) fn user(&self) -> Id<kinds::User> {
        self.world.ids.next()
    }

    /// A record as it is stored, made a millisecond after the one before.
    pub(crate) fn record(&self, object: &str, id: AnyId, fields: &Value) -> Document {
        self.world.clock.advance_millis(1);
        let now = self.world.clock.now();
        let mut document = json!({ "id": id, "object": object, "version": 1, "created_at": now, "updated_at": now });
        let members = document.as_object_mut().unwrap();
        members.extend(fields.as_object().cloned().unwrap());
        members.clone()
    }

    /// Adds a record and answers its id.
    pub(crate) fn put(&mut self, object: &str, fields: Value) -> AnyId {
        let id = self.id(object);
        let document = self.record(object, id, &fields);
        self.put_document(document);
        id
    }

    pub(crate) fn put_document(&mut self, document: Document) {
        let (object, id) =
            (document["object"].as_str().unwrap().to_owned(), document["id"].as_str().unwrap().to_owned());
        self.change("record", &object, &id, Some(document));
    }

    pub(crate) fn define(&mut self, definition: &Definition) {
        let part = definition.part();
        self.change("config", &part, &part, Some(definition.document().unwrap()));
    }

    pub(crate) fn share(&mut self, record: AnyId, object: &str, subject: &str) {
        let document = json!({ "record": record, "object": object, "subject": subject, "level": "read", "version": 1 });
        self.change("share", object, &format!("{record}/{subject}"), document.as_object().cloned());
    }

    pub(crate) fn link(&mut self, record: AnyId, label: &str, other: AnyId) {
        let document = json!({ "record": record, "label": label, "other": other, "direction": "out", "version": 1 });
        self.change("link", label, &format!("{record}/{label}/{other}"), document.as_object().cloned());
    }

    fn change(&mut self, item: &str, kind: &str, id: &str, document: Option<Document>) {
        let position = StreamPosition::new(&(self.changes.len() + 1).to_string());
        let at = self.world.clock.now();
        let (item, kind, id) = (item.to_owned(), kind.to_owned(), id.to_owned());
        self.changes.push(Change { item, kind, id, version: 1, position, at, document });
    }

    /// Puts everything into the journal and opens a replica that has it.
    pub(crate) async fn open(&mut self) -> Replica {
        for changes in self.changes.chunks(ENTRY) {
            self.seq += 1;
            self.world.append(self.seq, changes).await;
        }
        let replica = self.replicas(Limits::worker()).open(&self.world.table, &self.world.clock).await.unwrap();
        replica.catch_up().await.unwrap();
        replica
    }

    pub(crate) fn replicas(&self, limits: Limits) -> Replicas {
        let files = Files::new(&self.world.clients, "files");
        let queues = Queues::new(&self.world.clients, "http://in-process.invalid/snapshots");
        Replicas::new(self.world.directory.path().join("desk"), self.world.tables.clone(), files, queues, limits)
    }
}

/// Runs what a test does without a runtime of its own.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn now() -> kernel::Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn number(name: &str) -> Field {
    Field::new(name, FieldType::Number { decimals: 2, min: None, max: None }, "")
}

fn roll_up(name: &str, object: &str, via: &str, function: Aggregate, field: Option<&str>) -> Field {
    let roll_up = RollUp {
        object: object.to_owned(),
        via: via.to_owned(),
        function,
        field: field.map(str::to_owned),
        only: Vec::new(),
    };
    Field::new(name, FieldType::RollUp(roll_up), "")
}

/// Contacts with a field of every type that a company can make.
pub(crate) fn contact(private: bool) -> Definition {
    // In an order that is not that of the alphabet.
    let tiers = ["silver", "gold", "bronze"];
    let topics = ["rust", "sql", "crm"].map(Choice::new).to_vec();
    let double = FieldType::Formula { expression: "custom.budget * 2".to_owned() };
    Definition {
        private: Some(private),
        fields: vec![
            number("budget"),
            Field::new("fee", FieldType::Money {}, ""),
            Field::new("due", FieldType::Date {}, ""),
            Field::new("met", FieldType::DateTime {}, ""),
            Field::new("active", FieldType::Boolean {}, ""),
            Field::new("tier", FieldType::select(&tiers), ""),
            Field::new("topics", FieldType::MultiSelect { options: topics }, ""),
            Field::new("note", FieldType::LongText { max: 1000 }, ""),
            Field::new("project", FieldType::reference("x_project"), ""),
            Field::new("double", double, ""),
        ],
        ..Definition::empty("contact", now())
    }
}

/// Companies that know something of their contacts.
pub(crate) fn company(private: bool) -> Definition {
    let mut active = roll_up("active", "contact", "company_id", Aggregate::Count, None);
    if let FieldType::RollUp(roll_up) = &mut active.kind {
        roll_up.only = vec![Equals { field: "custom.active".to_owned(), equals: json!(true) }];
    }
    Definition {
        private: Some(private),
        fields: vec![
            roll_up("people", "contact", "company_id", Aggregate::Count, None),
            roll_up("fees", "contact", "company_id", Aggregate::Sum, Some("custom.fee")),
            roll_up("last_met", "contact", "company_id", Aggregate::Max, Some("custom.met")),
            active,
        ],
        ..Definition::empty("company", now())
    }
}

/// An object of the company's own.
pub(crate) fn project(private: bool) -> Definition {
    Definition {
        custom: Some(CustomObject {
            plural: "x_projects".to_owned(),
            prefix: "x00".to_owned(),
            help: String::new(),
            only_administrators_write: false,
        }),
        private: Some(private),
        fields: vec![number("budget"), Field::new("lead", FieldType::User {}, "")],
        ..Definition::empty("x_project", now())
    }
}

/// The values of a field in an answer, as text.
pub(crate) fn column(answer: &Answer, field: &str) -> Vec<String> {
    answer.rows.iter().map(|row| text(row.document.get(field).unwrap_or(&Value::Null))).collect()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What is said of hidden fields: `contact.email`, `contact.custom.fee`.
pub(crate) fn hidden(paths: &[&str]) -> records::Hidden {
    let mut hidden = records::Hidden::default();
    for path in paths {
        let (object, path) = path.split_once('.').unwrap();
        hidden.named.entry(object.to_owned()).or_default().insert(path.to_owned());
    }
    hidden
}
