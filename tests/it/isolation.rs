//! Two workspaces never see each other, whatever somebody in one of them sends of the other: ids, cursors, positions,
//! idempotency keys, API keys.

mod attempt;
mod foreign;

use http::Method;
use kernel::{Clock, Ids, kinds};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use self::attempt::{Attempt, attempts};
use self::foreign::Foreign;
use crate::app::{Answer, App, Caller};
use crate::contract::capabilities;

/// What may be answered to whoever names something of another workspace.
const REFUSALS: [u16; 4] = [400, 403, 404, 422];

/// My workspace and the other one, with something in both.
pub(crate) struct World {
    app: App,
    me: Caller,
    /// A contact of mine.
    mine: String,
    foreign: Foreign,
    operations: Vec<api::Operation>,
}

impl World {
    async fn start() -> Self {
        let app = App::start().await;
        let (me, other) = (app.workspace("north").await, app.workspace("south").await);
        let mine = me.post("/v1/contacts", json!({ "first_name": "Mine" })).await.expect(201);
        me.post("/v1/schema/objects", foreign::object()).await.expect(201);
        let foreign = Foreign::make(&app, other).await;
        let operations = capabilities(&app).into_iter().flat_map(|capability| capability.operations).collect();
        let mine = mine["id"].as_str().unwrap().to_owned();
        Self { me, mine, foreign, operations, app }
    }

    async fn send(&self, attempt: &Attempt) -> Answer {
        let headers: Vec<(&str, &str)> =
            attempt.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.me.send(attempt.method.clone(), &attempt.target, &headers, attempt.body.clone()).await
    }

    /// Sends it and says what is wrong with what came of it.
    async fn check(&self, attempt: &Attempt) -> Result<Answer, String> {
        let answer = self.send(attempt).await;
        let status = answer.status.as_u16();
        if status >= 500 {
            return Err(format!("{status}: {:#}", answer.body));
        }
        if attempt.elsewhere && status != 403 {
            return Err(format!("{status} for another workspace's name in Rapport-Workspace: {:#}", answer.body));
        }
        if attempt.names_foreign && !REFUSALS.contains(&status) {
            return Err(format!("{status} for something of another workspace: {:#}", answer.body));
        }
        let told = format!("{} {:?}", answer.body, answer.headers);
        let sent = attempt.text();
        match self.foreign.secrets.iter().find(|secret| told.contains(*secret) && !sent.contains(*secret)) {
            Some(secret) => return Err(format!("{secret} was told: {told}")),
            None if self.foreign.items(&self.app) != self.foreign.before => {}
            None => return Ok(answer),
        }
        Err(format!("the other workspace was changed ({status})"))
    }
}

#[test]
fn nothing_that_is_sent_shows_or_changes_another_workspace() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::start());
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&attempts(&world), |attempt| {
        runtime.block_on(world.check(&attempt)).map(drop).map_err(TestCaseError::fail)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[tokio::test]
async fn the_check_notices_somebody_who_is_let_in() {
    let mut world = World::start().await;
    // With a key of the other workspace everything is shown and can be changed.
    world.me = world.foreign.caller.clone();
    let complaints = [
        ("read_contact", "for something of another workspace"),
        ("list_contacts", "was told"),
        ("read_workspace", "was told"),
        ("create_user", "was changed"),
    ];
    for (id, complaint) in complaints {
        let operation = world.operations.iter().find(|operation| operation.id == id).unwrap();
        let mut attempt = Attempt::on(operation, &world.foreign.ids[0]);
        if id == "create_user" {
            attempt.body = Some(json!({ "name": "Eve", "email": "eve@example.com", "role": "rep" }));
        }
        let error = world.check(&attempt).await.unwrap_err();
        assert!(error.contains(complaint), "{id}: {error}");
    }
}

/// An id of the same kind that nothing has.
fn unknown_like(id: &str) -> String {
    let (prefix, _) = id.split_once('_').unwrap();
    let any = Ids::new(Clock::System).next::<kinds::Contact>().to_string();
    format!("{prefix}_{}", any.split_once('_').unwrap().1)
}

fn without_instance(answer: Answer) -> Value {
    let mut body = answer.body;
    if let Some(members) = body.as_object_mut() {
        members.remove("instance");
    }
    body
}

#[tokio::test]
async fn a_foreign_id_is_answered_as_one_that_never_was() {
    let world = World::start().await;
    let mut compared = 0;
    for operation in world.operations.iter().filter(|operation| operation.path.contains("{id}")) {
        for foreign in &world.foreign.ids {
            let theirs = world.check(&Attempt::on(operation, foreign)).await;
            let theirs = theirs.unwrap_or_else(|error| panic!("{} {foreign}: {error}", operation.id));
            let nobodys = world.send(&Attempt::on(operation, &unknown_like(foreign))).await;
            assert_eq!((theirs.status, nobodys.status.as_u16()), (nobodys.status, 404), "{} {foreign}", operation.id);
            assert_eq!(without_instance(theirs), without_instance(nobodys), "{} {foreign}", operation.id);
            compared += 1;
        }
    }
    assert!(compared > 60, "{compared}");
}

#[tokio::test]
async fn cursors_and_positions_of_another_workspace_lead_nowhere() {
    let world = World::start().await;
    let (me, foreign) = (&world.me, &world.foreign);
    let list = format!("/v1/contacts?limit=1&cursor={}", foreign.cursor);
    assert_eq!(me.get(&list).await.refused(400), "cursor_mismatch");
    world.app.drain().await;
    let before = me.get("/v1/contacts?archived=any").await.column("id");
    assert_eq!(before, [world.mine.as_str()]);
    for position in [&foreign.position, &format!("{}:1,{}", world.mine, foreign.position)] {
        assert_eq!(me.get_at("/v1/contacts?archived=any", position).await.column("id"), before);
    }
    // An event of theirs as the cursor of my history: a place among mine, and nothing else.
    let history = format!("/v1/contacts/{}/history?cursor={}", world.mine, foreign.event);
    for event in me.get(&history).await.expect(200)["data"].as_array().unwrap() {
        assert_eq!(event["record"], world.mine.as_str());
    }
}

#[tokio::test]
async fn an_idempotency_key_of_another_workspace_means_nothing_here() {
    let world = World::start().await;
    let headers = [("idempotency-key", foreign::ONCE)];
    let answer = world.me.send(Method::POST, "/v1/contacts", &headers, Some(foreign::once_body())).await;
    assert!(answer.headers.get("idempotency-replayed").is_none());
    let made = answer.expect(201);
    assert!(!world.foreign.ids.iter().any(|id| made["id"] == id.as_str()));
}

#[tokio::test]
async fn an_api_key_opens_its_own_workspace_only() {
    let world = World::start().await;
    let (mine, theirs) = (world.me.made.as_ref().unwrap(), world.foreign.caller.made.as_ref().unwrap());
    let (mine, theirs) = (mine.workspace.to_string(), theirs.workspace.to_string());
    for operation in world.operations.iter().filter(|operation| !operation.public) {
        let attempt = Attempt::on(operation, &world.mine);
        for (caller, elsewhere) in [(&world.me, &theirs), (&world.foreign.caller, &mine)] {
            let headers = [("rapport-workspace", elsewhere.as_str())];
            let answer = caller.send(attempt.method.clone(), &attempt.target, &headers, attempt.body.clone()).await;
            assert_eq!(answer.refused(403), "denied", "{}", operation.id);
        }
    }
    assert_eq!(world.foreign.items(&world.app), world.foreign.before);
}

#[tokio::test]
async fn an_owner_of_another_workspace_owns_nothing_here() {
    let world = World::start().await;
    let body = json!({ "first_name": "Ada", "owner_id": world.foreign.user });
    assert_eq!(world.me.post("/v1/contacts", body).await.refused(422), "invalid");
    world.app.drain().await;
    let list = format!("/v1/contacts?archived=any&owner_id={}", world.foreign.user);
    assert!(world.me.get(&list).await.column("id").is_empty());
    assert!(world.me.get(&format!("/v1/contacts?archived=any&q={}", foreign::SECRET)).await.column("id").is_empty());
}
