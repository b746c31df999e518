//! How many requests callers may make, through HTTP, at one instance and at several over one table.

use api::{Authorize, Limits, Rates};
use http::Method;
use kernel::{Clock, Ids};
use serde_json::{Value, json};
use table::Rate;
use testkit::{Fate, Faults};

use crate::app::{Answer, App, Caller};

/// What a caller asks who has nothing better to do: one read of the table.
const READ: &str = "/v1/contacts/con_0199b3c0000070008000000000000000/history";

/// Rapport, whose functions' instances are made by the test, on a clock that stands still.
struct Scene {
    app: App,
    me: Caller,
    clock: Clock,
    faults: Faults,
}

impl Scene {
    async fn new() -> Self {
        let app = App::start().await;
        let me = app.workspace("north").await;
        let faults = Faults::new(app.stack.parts().http.clone());
        // It begins now, since what goes through the gateway is counted by the machine's clock.
        let clock = Clock::manual();
        clock.advance_millis(Clock::System.now().as_millis() - clock.now().as_millis());
        Self { me, clock, faults, app }
    }

    /// What an instance works with that lets its callers make so many requests a second; without a number it limits nobody.
    fn parts(&self, per_second: Option<u32>) -> api::App {
        let clients = cloud::Clients::in_process(self.faults.http_client());
        let limits = per_second.and_then(Rate::of).map(|rate| {
            let rates = Rates { key: rate, user: rate };
            Limits::new(rates, self.clock.clone())
        });
        api::App {
            tables: table::Tables::new(&clients, local::TABLE),
            schemas: records::Schemas::default(),
            clock: self.clock.clone(),
            ids: Ids::new(self.clock.clone()),
            limits: limits.unwrap_or_default(),
            authorize: Authorize::Inline,
            ..self.app.stack.app()
        }
    }

    /// A new instance of `contacts`, which the administrator asks.
    fn instance(&self, per_second: u32) -> Caller {
        Caller::on(contacts::router(self.parts(Some(per_second))), self.me.secret.as_ref().unwrap())
    }

    fn identity(&self, per_second: u32) -> Caller {
        Caller::on(identity::router(self.parts(Some(per_second))), self.me.secret.as_ref().unwrap())
    }
}

fn answered(answer: &Answer) -> bool {
    answer.status.as_u16() != 429
}

/// How many of so many requests are answered.
async fn of(caller: &Caller, requests: usize) -> usize {
    let mut count = 0;
    for _ in 0..requests {
        count += usize::from(answered(&caller.get(READ).await));
    }
    count
}

#[tokio::test]
async fn beyond_its_rate_a_caller_is_refused_and_told_when_to_come_back() {
    let scene = Scene::new().await;
    let me = scene.instance(1);
    for left in (0..10).rev() {
        let answer = me.get(READ).await;
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=10;w=10");
        assert_eq!(answer.header("ratelimit"), format!("\"default\";r={left};t={}", 10 - left));
        assert_eq!(answer.refused(404), "not_found", "refusals of other kinds count too");
    }
    let refused = me.get(READ).await;
    assert_eq!(
        (refused.header("retry-after"), refused.header("ratelimit")),
        ("1".to_owned(), "\"default\";r=0;t=10".to_owned())
    );
    assert_eq!(refused.body["detail"], "more requests than this credential may make: 10 in 10 seconds");
    assert_eq!(refused.refused(429), "rate_limited");
    let write = me.post("/v1/contacts", json!({ "first_name": "Ada" })).await;
    assert_eq!(write.refused(429), "rate_limited", "nothing is written either");
    scene.clock.advance_millis(1_000);
    assert_eq!(of(&me, 3).await, 1, "one more a second");
    scene.clock.advance_millis(10_000);
    assert_eq!(of(&me, 20).await, 10);
}

#[tokio::test]
async fn another_key_and_another_workspace_are_not_affected() {
    let scene = Scene::new().await;
    let me = scene.instance(1);
    let colleague = me.with_secret(scene.me.with_role("rep").await.secret.as_ref().unwrap());
    let stranger = me.with_secret(scene.app.workspace("south").await.secret.as_ref().unwrap());
    assert_eq!(of(&me, 12).await, 10);
    assert_eq!(of(&colleague, 12).await, 10);
    assert_eq!(of(&stranger, 12).await, 10);
}

#[tokio::test]
async fn a_key_has_a_rate_of_its_own_if_somebody_says_so() {
    let scene = Scene::new().await;
    let key = json!({ "name": "import", "role": "rep", "rate_limit": 3 });
    let key = scene.me.post("/v1/api_keys", key).await.expect(201);
    assert_eq!(key["rate_limit"], 3);
    let import = scene.instance(1).with_secret(key["secret"].as_str().unwrap());
    assert_eq!(import.get(READ).await.header("ratelimit-policy"), "\"default\";q=30;w=10");
    assert_eq!(of(&import, 40).await, 29);
    for bad in [json!(0), json!(-1), json!(1.5), json!("3"), json!(Rate::MAX + 1)] {
        let body = json!({ "name": "import", "role": "rep", "rate_limit": bad });
        assert_eq!(scene.me.post("/v1/api_keys", body).await.expect(422)["errors"][0]["pointer"], "/rate_limit");
    }
    // By the gateway, whose authorizer passes it on.
    let import = scene.me.with_secret(key["secret"].as_str().unwrap());
    assert_eq!(import.get("/v1/me").await.header("ratelimit-policy"), "\"default\";q=30;w=10");
}

#[tokio::test]
async fn a_new_instance_knows_what_the_one_before_has_answered() {
    let scene = Scene::new().await;
    assert_eq!(of(&scene.instance(1), 20).await, 10);
    // It answers one before it has asked.
    assert_eq!(of(&scene.instance(1), 20).await, 1);
    scene.clock.advance_millis(20_000);
    assert_eq!(of(&scene.instance(1), 20).await, 10);
}

#[tokio::test]
async fn two_instances_together_answer_what_one_may_and_a_request_each() {
    let scene = Scene::new().await;
    let (one, two) = (scene.instance(5), scene.identity(5));
    let mut answers = 0;
    for _ in 0..60 {
        answers += usize::from(answered(&one.get(READ).await));
        answers += usize::from(answered(&two.get("/v1/workspace").await));
    }
    assert!((50..=52).contains(&answers), "{answers}");
    for second in 1..30 {
        scene.clock.advance_millis(1_000);
        answers += of(&one, 10).await;
        for _ in 0..10 {
            answers += usize::from(answered(&two.get("/v1/workspace").await));
        }
        assert!(answers <= 50 + second * 5 + 2, "{answers} after {second} s");
    }
    assert!(answers > 50 + 29 * 4, "{answers}: the rate is there to be used");
}

#[tokio::test]
async fn to_be_counted_costs_a_request_no_round_trip_and_a_caller_an_update_in_ten_seconds() {
    let scene = Scene::new().await;
    let (counted, free) =
        (scene.instance(50), Caller::on(contacts::router(scene.parts(None)), scene.me.secret.as_ref().unwrap()));
    assert!(!free.get(READ).await.headers.contains_key("ratelimit"));
    let costs = |answer: &Answer| ["round_trips", "read_units", "write_units"].map(|name| answer.timing(name));
    counted.get(READ).await;
    let mut updates = Vec::new();
    for second in 0..30 {
        for _ in 0..8 {
            assert_eq!(costs(&counted.get(READ).await), costs(&free.get(READ).await));
        }
        scene.clock.advance_millis(1_000);
        if second % 10 == 9 {
            updates.push(scene.faults.calls("UpdateItem"));
            scene.faults.reset_counts();
        }
    }
    // Until the instance knows how much is needed it leases more and more.
    assert!(updates[0] <= 6 && updates[1..].iter().all(|count| *count <= 2), "{updates:?}");
    scene.clock.advance_millis(10_000);
    counted.get(READ).await;
    let keys = scene.identity(50).get("/v1/api_keys").await.expect(200);
    // The request that asks is counted beside its own work, and may be among them.
    let told = keys["data"][0]["cost_this_month"]["requests"].as_u64().unwrap();
    assert!([30 * 8 + 2, 30 * 8 + 3].contains(&told), "{told}: all of them are told");
}

#[tokio::test]
async fn where_the_table_does_not_count_requests_pass() {
    let scene = Scene::new().await;
    let me = scene.instance(1);
    scene.faults.hook(|call| match call.operation.as_str() {
        "UpdateItem" => Fate::Refuse(400, "AccessDeniedException"),
        _ => Fate::Pass,
    });
    assert_eq!(of(&me, 20).await, 10, "as many as one instance may answer by itself");
    assert_eq!(scene.faults.calls("UpdateItem"), 1, "it is not asked again for ten seconds");
    scene.clock.advance_millis(10_000);
    scene.faults.hook(|call| match call.operation.as_str() {
        "UpdateItem" => Fate::Freeze,
        _ => Fate::Pass,
    });
    let started = std::time::Instant::now();
    assert!(answered(&me.get(READ).await));
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
    scene.faults.heal();
    scene.clock.advance_millis(10_000);
    assert!(answered(&me.get(READ).await));
    assert_eq!(of(&me, 20).await, 9, "it is counted again");
    let told = scene.identity(1_000).get("/v1/api_keys").await.expect(200);
    let requests = told["data"][0]["cost_this_month"]["requests"].as_u64().unwrap();
    assert!(requests > 20, "what was used while nothing could be told is told: {requests}");
}

#[tokio::test]
async fn everybody_can_ask_what_the_limits_are() {
    let scene = Scene::new().await;
    let me = scene.identity(2);
    me.get("/v1/me").await.expect(200);
    let answer = me.get("/v1/limits").await;
    let left = answer.header("ratelimit");
    let limits = answer.expect(200);
    let requests = &limits["requests"];
    assert_eq!(
        (&requests["per_second"], &requests["quota"], &requests["window_seconds"]),
        (&json!(2), &json!(20), &json!(10))
    );
    assert_eq!((&requests["remaining"], left.as_str()), (&json!(18), "\"default\";r=18;t=1"));
    let fixed = &limits["fixed"];
    for (name, most) in [
        ("body_bytes", 262_144),
        ("json_depth", 64),
        ("batch_operations", 100),
        ("page_records", 200),
        ("workspaces_of_a_person", 50),
        ("filter_depth", 10),
        ("file_bytes", 500_000_000),
    ] {
        assert_eq!(fixed[name], most, "{name}");
    }
    let free = Caller::on(identity::router(scene.parts(None)), scene.me.secret.as_ref().unwrap());
    assert_eq!(free.get("/v1/limits").await.expect(200)["requests"], Value::Null);
    assert_eq!(
        scene.me.get("/v1/limits").await.expect(200)["requests"]["per_second"],
        local::Config::REQUESTS_PER_SECOND
    );
    assert_eq!(me.get("/v1/limits?x=1").await.refused(422), "invalid");
}

#[tokio::test]
async fn a_list_of_keys_says_when_they_were_used_and_what_that_costs() {
    let scene = Scene::new().await;
    let made = scene.me.post("/v1/api_keys", json!({ "name": "script", "role": "rep" })).await.expect(201);
    let script = scene.instance(50).with_secret(made["secret"].as_str().unwrap());
    let me = scene.identity(50);
    let told = async || -> Value {
        let list = me.get("/v1/api_keys").await.expect(200);
        list["data"].as_array().unwrap().iter().find(|key| key["id"] == made["id"]).cloned().unwrap()
    };
    let unused = told().await;
    assert_eq!((&unused["last_used_at"], &unused["cost_this_month"]["requests"]), (&Value::Null, &json!(0)));
    assert_eq!(unused.get("secret"), None);
    let created = async || script.post("/v1/contacts", json!({ "first_name": "Ada" })).await.expect(201);
    created().await;
    let first = scene.clock.now();
    assert_eq!(told().await["last_used_at"], json!(first));
    assert_eq!(told().await["cost_this_month"]["requests"], 1);
    for _ in 0..4 {
        created().await;
    }
    scene.clock.advance_millis(10_000);
    created().await;
    let used = told().await;
    assert_eq!(used["last_used_at"], json!(scene.clock.now()));
    let cost = &used["cost_this_month"];
    // The first of all leases finds no item, so it costs two updates, of which the table counts one; what the last request has
    // used is told with the next lease.
    let each = 6.0;
    assert_eq!((&cost["requests"], &cost["write_units"]), (&json!(6), &json!(5.0 * each + 1.0)));
    assert_eq!(cost["micros"], json!((6.0 * 1.2 + (5.0 * each + 1.0) * 0.625_f64).round() as u64));
    assert_eq!((&cost["amount"], &cost["currency"]), (&json!(0), &json!("USD")));
    // Two round trips, however many keys there are.
    let list = me.get("/v1/api_keys").await;
    assert_eq!(list.timing("round_trips"), 2.0);
}

#[tokio::test]
async fn people_have_a_rate_of_their_own_and_the_gateway_is_not_counted() {
    let scene = Scene::new().await;
    // Without a credential nobody is known who could be counted.
    let public = scene.identity(1);
    for _ in 0..15 {
        let answer = public.get("/v1/openapi.json").await;
        assert!(!answer.headers.contains_key("ratelimit"));
        answer.expect(200);
    }
    let bad = public.with_secret("rk_nobody");
    for _ in 0..15 {
        assert_eq!(bad.get("/v1/me").await.refused(401), "unauthenticated");
    }
    let preflight = [("origin", "https://app.example"), ("access-control-request-method", "GET")];
    let answer = scene.me.send(Method::OPTIONS, "/v1/me", &preflight, None).await;
    assert!(answer.header("access-control-allow-origin") == "*");
}
