//! A table in this process, and what is written to it.

use events::Document;
use kernel::{AnyId, Clock, Ids, kinds};
use serde_json::{Value, json};
use table::{Changes, Key, Meter, Once, Tables, TenantTable};
use testkit::Engine;

const TABLE: &str = "rapport";

pub(crate) struct Bench {
    engine: Engine,
    pub(crate) tables: Tables,
    pub(crate) ids: Ids,
    pub(crate) clock: Clock,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let engine = Engine::memory().unwrap();
        engine.create_table(TABLE).unwrap();
        let clients = cloud::Clients::in_process(engine.http_client());
        let clock = Clock::manual();
        Self { tables: Tables::new(&clients, TABLE), ids: Ids::seeded(clock.clone(), 1), clock, engine }
    }

    pub(crate) fn workspace(&self) -> TenantTable {
        self.tables.workspace(self.ids.next(), Meter::default())
    }

    pub(crate) fn contact(&self) -> AnyId {
        self.ids.next::<kinds::Contact>().erase()
    }

    /// An item as it lies in the table, with what is the table's own.
    pub(crate) fn item(&self, key: &Key) -> Value {
        let asked = json!({ "TableName": TABLE, "Key": { "pk": { "S": key.pk() }, "sk": { "S": key.sk() } } });
        let (status, body) = self.engine.dispatch("GetItem", &asked.to_string());
        assert_eq!(status, 200, "{body}");
        serde_json::from_str::<Value>(&body).unwrap()["Item"].take()
    }

    /// Puts an item past everything that keeps the table in order.
    pub(crate) fn put(&self, item: &Value) {
        let (status, body) = self.engine.dispatch("PutItem", &json!({ "TableName": TABLE, "Item": item }).to_string());
        assert_eq!(status, 200, "{body}");
    }

    pub(crate) fn once(&self, key: &str, body: &str) -> Once {
        Once::new(&["usr_1", "POST", "/v1/contacts"], key, &[body.as_bytes()], self.clock.now())
    }
}

pub(crate) fn document(id: AnyId, version: u64, city: &str) -> Document {
    json!({ "id": id, "object": "contact", "version": version, "city": city }).as_object().cloned().unwrap()
}

pub(crate) fn create(table: &TenantTable, id: AnyId, email: Option<&str>) -> Changes {
    let mut changes = Changes::new();
    changes.create_record(table.keys(), "contact", id, document(id, 1, "Berlin"));
    if let Some(email) = email {
        changes.take(table.keys(), "contact.email", email, id);
    }
    changes
}

/// Makes a contact for each id.
pub(crate) async fn made(table: &TenantTable, ids: &[AnyId]) {
    for id in ids {
        table.commit(&create(table, *id, None)).await.unwrap();
    }
}

/// Changes with one thing in them.
pub(crate) fn only(add: impl FnOnce(&mut Changes)) -> Changes {
    let mut changes = Changes::new();
    add(&mut changes);
    changes
}
