//! A workspace on an engine of its own, with a clock that the test moves.

use std::sync::Arc;

use auth::{Access, Caller, Membership};
use events::Document;
use kernel::{AnyId, Clock, Id, Ids, Result, kinds};
use records::{Cx, Object, Rights, Schemas, Written};
use serde_json::{Value, json};
use table::{Changes, Meter, Once, Sort, Tables};
use testkit::Engine;

/// A workspace, seen by an administrator.
pub(crate) struct Bench {
    pub(crate) cx: Cx,
    pub(crate) tables: Tables,
}

/// A JSON object as a document.
pub(crate) fn map(value: Value) -> Document {
    value.as_object().cloned().unwrap()
}

impl Bench {
    pub(crate) fn new() -> Self {
        let engine = Engine::memory().unwrap();
        engine.create_table("rapport").unwrap();
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 1);
        let tables = Tables::new(&cloud::Clients::in_process(engine.http_client()), "rapport");
        let caller = Caller { user: ids.next(), api_key: None, workspace: ids.next() };
        let table = tables.workspace(caller.workspace, Meter::default());
        let rights = Rights::everything(caller.user);
        Self { cx: Cx::new(caller, rights, table, Schemas::default(), clock, ids), tables }
    }

    /// Says something of an object that a company may say, such as that it is private.
    pub(crate) async fn define(&self, definition: Value) {
        let mut definition = map(definition);
        definition.entry("version").or_insert(json!(1));
        definition.entry("updated_at").or_insert(json!(self.cx.clock.now()));
        let part = records::Definition::part_of(definition["object"].as_str().unwrap());
        let mut changes = Changes::new();
        changes.create(self.cx.table.keys().config(&part), Sort::Config, definition);
        self.cx.commit(&changes).await.unwrap();
        self.cx.schemas.forget(self.cx.caller.workspace);
    }

    pub(crate) async fn object(&self, name: &str) -> Arc<Object> {
        self.cx.object(name).await.unwrap()
    }

    /// A new record, a millisecond later.
    pub(crate) async fn create(&self, object: &str, fields: Value) -> AnyId {
        self.try_create(object, fields).await.unwrap().id
    }

    /// The same, or why there is none.
    pub(crate) async fn try_create(&self, object: &str, fields: Value) -> Result<Written> {
        self.cx.clock.advance_millis(1);
        let object = self.object(object).await;
        records::create(&self.cx, &object, self.cx.ids.next_of(object.prefix), &map(fields)).await
    }

    /// Changes a record, a millisecond later.
    pub(crate) async fn update(&self, object: &str, id: AnyId, patch: Value) -> Written {
        self.cx.clock.advance_millis(1);
        records::update(&self.cx, &*self.object(object).await, id, &map(patch), None).await.unwrap()
    }

    /// A record as it is answered, in the trash or not.
    pub(crate) async fn read(&self, object: &str, id: AnyId) -> Value {
        let object = self.object(object).await;
        Value::Object(records::load(&self.cx, &object, id).await.unwrap().rendered(&object))
    }

    /// Makes a record one that cannot be read, past everything that would not.
    pub(crate) async fn spoil(&self, object: &str, id: AnyId) {
        let mut stored = self.stored(object, id).await.unwrap();
        let version = stored["version"].as_u64().unwrap();
        stored.insert("created_by".to_owned(), json!("nobody"));
        let mut changes = Changes::new();
        changes.replace_record(self.cx.table.keys(), object, id, stored, version);
        self.cx.table.commit(&changes).await.unwrap();
    }

    /// A record as it is stored, whatever has become of it.
    pub(crate) async fn stored(&self, object: &str, id: AnyId) -> Option<Document> {
        self.cx.table.get(&self.cx.table.keys().record(object, id)).await.unwrap()
    }

    /// The names of a record's events, oldest first.
    pub(crate) async fn events(&self, object: &str, id: AnyId) -> Vec<String> {
        let history = records::history(&self.cx, &*self.object(object).await, id, 200, None).await.unwrap();
        history.events.into_iter().rev().map(|event| event.name).collect()
    }

    /// A new user of a role, and what they work with.
    pub(crate) async fn user(&self, name: &str, team: Option<AnyId>) -> Cx {
        let email = format!("{name}@example.com");
        let id = self.create("user", json!({ "name": name, "email": email, "role": "rep", "team_id": team })).await;
        self.as_user(id.of().unwrap()).await
    }

    /// What somebody works with who is no administrator.
    pub(crate) async fn as_user(&self, user: Id<kinds::User>) -> Cx {
        let caller = Caller { user, ..self.cx.caller.clone() };
        let membership = Membership::of(caller.workspace, user);
        let access = Access { api_key: None, person: None, rate_limit: None, memberships: Vec::new() };
        let rights = self.cx.schemas.rights(&self.cx.table, &self.cx.clock, &access, &membership).await.unwrap();
        Cx { caller, rights: Arc::new(rights), ..self.cx.clone() }
    }

    /// The same with an idempotency key.
    pub(crate) fn keyed(&self, key: &str) -> Cx {
        let once = Once::new(&["usr_1", "POST", "/v1"], key, &[b"1"], self.cx.clock.now());
        Cx { once: Some(once), ..self.cx.clone() }
    }
}
