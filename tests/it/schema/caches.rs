//! Several processes, each with what it has read of the schema, and a clock that stands still until it is moved.

use api::{App as Parts, Authorize};
use identity::FirstUser;
use kernel::{Clock, Id, Ids, kinds};
use records::{Cx, SCHEMA_MS, Schemas};
use serde_json::{Value, json};

use super::wrong;
use crate::app::{App, Caller};

/// A workspace, and processes that know its schema or do not.
pub(super) struct Processes {
    pub(super) app: App,
    pub(super) clock: Clock,
    parts: Parts,
    secret: String,
    made: identity::Bootstrapped,
}

impl Processes {
    pub(super) async fn start() -> Self {
        let app = App::start().await;
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 1);
        let parts = Parts { clock: clock.clone(), ids: ids.clone(), authorize: Authorize::Inline, ..app.stack.app() };
        let first = FirstUser { name: "Ada".to_owned(), email: "ada@example.com".to_owned() };
        let made = identity::bootstrap(&parts.tables, &clock, &ids, "North", &first).await.unwrap();
        Self { app, clock, parts, secret: made.secret.reveal().to_owned(), made }
    }

    /// A caller of the functions of a new process, which has read nothing yet.
    pub(super) fn process(&self) -> Caller {
        let parts = Parts { schemas: Schemas::default(), ..self.parts.clone() };
        let router = schema::router(parts.clone()).merge(objects::router(parts).reset_fallback());
        Caller::on(router, &self.secret)
    }

    /// The context of a worker in a process of its own.
    pub(super) fn worker(&self) -> Cx {
        let workspace: Id<kinds::Workspace> = self.made.workspace;
        let caller = auth::Caller { user: self.made.user, api_key: None, workspace };
        let table = self.parts.tables.workspace(workspace, table::Meter::default());
        Cx::new(
            caller,
            records::Rights::everything(self.made.user),
            table,
            Schemas::default(),
            self.clock.clone(),
            self.parts.ids.clone(),
        )
    }
}

/// Makes `x_project` with a field.
pub(super) async fn define(me: &Caller, field: Value) {
    let object = json!({ "name": "x_project", "plural": "x_projects" });
    me.post("/v1/schema/objects", object).await.expect(201);
    me.post("/v1/schema/objects/x_project/fields", field).await.expect(201);
}

#[tokio::test]
async fn what_somebody_else_has_made_is_known_before_anything_is_refused() {
    let processes = Processes::start().await;
    let (me, other) = (processes.process(), processes.process());
    define(&me, json!({ "name": "size", "type": "number" })).await;
    // The other process knows the first field, and neither the second nor the second object.
    other.post("/v1/x_projects", json!({ "name": "Roof", "custom": { "size": 5 } })).await.expect(201);
    let number = json!({ "name": "number", "type": "text", "unique": true });
    me.post("/v1/schema/objects/x_project/fields", number).await.expect(201);
    let wall = json!({ "name": "Wall", "custom": { "number": "7" } });
    other.post("/v1/x_projects", wall.clone()).await.expect(201);
    assert_eq!(me.post("/v1/x_projects", wall).await.refused(409), "conflict", "it has taken the guard as well");
    me.post("/v1/schema/objects", json!({ "name": "x_task", "plural": "x_tasks" })).await.expect(201);
    other.post("/v1/x_tasks", json!({ "name": "Paint" })).await.expect(201);
}

#[tokio::test]
async fn what_is_no_longer_allowed_is_accepted_for_a_minute_at_most() {
    let processes = Processes::start().await;
    let (me, other) = (processes.process(), processes.process());
    define(&me, json!({ "name": "size", "type": "number" })).await;
    let body = json!({ "name": "Roof", "custom": { "size": 5 } });
    other.post("/v1/x_projects", body.clone()).await.expect(201);
    me.delete("/v1/schema/objects/x_project/fields/size").await.expect(200);
    assert_eq!(wrong(me.post("/v1/x_projects", body.clone()).await), ["/custom/size unknown_field"]);
    processes.clock.advance_millis(SCHEMA_MS - 1);
    other.post("/v1/x_projects", body.clone()).await.expect(201);
    processes.clock.advance_millis(1);
    assert_eq!(wrong(other.post("/v1/x_projects", body).await), ["/custom/size unknown_field"]);
}

#[tokio::test]
async fn a_guard_that_was_left_by_who_did_not_know_the_field_goes_with_its_record() {
    let processes = Processes::start().await;
    let (me, other) = (processes.process(), processes.process());
    define(&me, json!({ "name": "size", "type": "number" })).await;
    let made = other.post("/v1/x_projects", json!({ "name": "Wall" })).await.expect(201);
    let path = format!("/v1/x_projects/{}", made["id"].as_str().unwrap());
    let number = json!({ "name": "number", "type": "text", "unique": true });
    me.post("/v1/schema/objects/x_project/fields", number).await.expect(201);
    me.patch(&path, json!({ "custom": { "number": "7" } })).await.expect(200);
    // The other process knows nothing of numbers, and gives none back.
    other.delete(&path).await.expect(200);
    let seven = json!({ "name": "Roof", "custom": { "number": "7" } });
    assert_eq!(me.post("/v1/x_projects", seven.clone()).await.refused(409), "conflict");
    me.post(&format!("{path}/erase"), json!({})).await.expect(204);
    me.post("/v1/x_projects", seven).await.expect(201);
}

#[tokio::test]
async fn a_record_whose_value_somebody_else_holds_can_still_be_changed() {
    let processes = Processes::start().await;
    let (me, other) = (processes.process(), processes.process());
    define(&me, json!({ "name": "size", "type": "number" })).await;
    let made = other.post("/v1/x_projects", json!({ "name": "Wall" })).await.expect(201);
    let path = format!("/v1/x_projects/{}", made["id"].as_str().unwrap());
    let number = json!({ "name": "number", "type": "text", "unique": true });
    me.post("/v1/schema/objects/x_project/fields", number).await.expect(201);
    me.patch(&path, json!({ "custom": { "number": "7" } })).await.expect(200);
    me.delete(&path).await.expect(200);
    // Brought back by who does not know that its number has to be asked for, while another record takes it.
    other.post(&format!("{path}/restore"), json!({})).await.expect(200);
    me.post("/v1/x_projects", json!({ "name": "Roof", "custom": { "number": "7" } })).await.expect(201);
    me.patch(&path, json!({ "custom": { "number": "8" } })).await.expect(200);
    assert_eq!(
        me.post("/v1/x_projects", json!({ "custom": { "number": "7" }, "name": "X" })).await.refused(409),
        "conflict"
    );
}
