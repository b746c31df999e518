//! The audit log, through HTTP: what everybody has done, and the proof that nothing of it was changed.

mod denied;
mod readers;
mod sealed;

use api::{App as Parts, Authorize};
use http::Method;
use identity::FirstUser;
use kernel::{Clock, Ids};
use serde_json::{Value, json};
use table::{Meter, TenantTable};

use crate::app::{Answer, App, Caller};
use crate::links::made;

const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// A workspace in which a test says what time it is: the first day of 2026 to begin with.
struct Scene {
    app: App,
    clock: Clock,
    parts: Parts,
    user: String,
    workspace: kernel::Id<kernel::kinds::Workspace>,
    me: Everything,
}

/// Somebody who calls functions without a gateway between.
#[derive(Clone)]
struct Everything {
    contacts: Caller,
    identity: Caller,
    privacy: Caller,
}

impl Everything {
    fn of(parts: &Parts, secret: &str) -> Self {
        Self {
            contacts: Caller::on(contacts::router(parts.clone()), secret),
            identity: Caller::on(identity::router(parts.clone()), secret),
            privacy: Caller::on(privacy::router(parts.clone()), secret),
        }
    }

    /// What is answered to a question, if it can be asked.
    async fn audit(&self, query: &str) -> Value {
        self.privacy.get(&format!("/v1/audit{query}")).await.expect(200)
    }

    /// The names of the events that are answered.
    async fn names(&self, query: &str) -> Vec<String> {
        names(&self.audit(query).await)
    }
}

fn names(page: &Value) -> Vec<String> {
    page["data"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap().to_owned()).collect()
}

impl Scene {
    async fn new() -> Self {
        let app = App::start().await;
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 1);
        let parts = Parts { clock: clock.clone(), ids: ids.clone(), authorize: Authorize::Inline, ..app.stack.app() };
        let first = FirstUser { name: "Ada Admin".to_owned(), email: "ada@example.com".to_owned() };
        let made = identity::bootstrap(&parts.tables, &clock, &ids, "North", &first).await.unwrap();
        let me = Everything::of(&parts, made.secret.reveal());
        Self { app, clock, me, user: made.user.to_string(), workspace: made.workspace, parts }
    }

    fn table(&self) -> TenantTable {
        self.parts.tables.workspace(self.workspace, Meter::default())
    }

    async fn with_role(&self, role: &str) -> (String, Everything) {
        let key = self.me.identity.post("/v1/api_keys", json!({ "name": role, "role": role })).await.expect(201);
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        (text("id"), Everything::of(&self.parts, &text("secret")))
    }

    /// A contact, made a second after what was before.
    async fn contact(&self, name: &str) -> String {
        self.clock.advance_millis(1_000);
        made(&self.me.contacts, "contacts", json!({ "first_name": name })).await
    }

    fn next_day(&self) {
        self.clock.advance_millis(DAY_MS);
    }
}

/// All events that a walk over pages meets.
async fn walk(me: &Everything, query: &str, mut between: impl AsyncFnMut()) -> Vec<String> {
    let (mut met, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = me.audit(&format!("?{query}{cursor}")).await;
        met.extend(page["data"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()));
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return met,
        }
        between().await;
    }
}

#[tokio::test]
async fn it_is_asked_by_day_actor_record_and_action() {
    let scene = Scene::new().await;
    let me = &scene.me;
    let ada = scene.contact("Ada").await;
    let (key, rep) = scene.with_role("rep").await;
    scene.next_day();
    rep.contacts.patch(&format!("/v1/contacts/{ada}"), json!({ "city": "Paris" })).await.expect(200);
    scene.next_day();
    scene.clock.advance_millis(1);
    me.contacts.put(&format!("/v1/contacts/{ada}/shares/everyone"), json!({ "level": "read" })).await.expect(201);
    let page = me.audit("").await;
    let all = [
        "contact.shared",
        "contact.changed",
        "api_key.created",
        "contact.created",
        "api_key.created",
        "user.created",
        "workspace.created",
    ];
    // What was made in the same moment is in no order.
    let sorted = |mut names: Vec<String>| {
        names[2..].sort();
        names
    };
    let expected = sorted(all.map(str::to_owned).into());
    assert_eq!((sorted(names(&page)), &page["page"]["has_more"]), (expected.clone(), &json!(false)));
    let changed = &page["data"][1];
    assert_eq!(changed["by"], json!({ "user": scene.user, "api_key": key }));
    assert_eq!(changed["changes"], json!({ "city": { "before": null, "after": "Paris" } }));
    assert_eq!(json!([changed["record"], changed["version"], changed["erased"]]), json!([ada, 2, false]));
    assert_eq!(me.names("?day=2026-01-02").await, ["contact.changed"]);
    assert_eq!(me.names("?from=2026-01-02&to=2026-01-03").await, ["contact.shared", "contact.changed"]);
    let mut first_day = me.names("?to=2026-01-01").await;
    first_day.sort();
    assert_eq!(first_day, expected[2..]);
    assert_eq!(me.names(&format!("?actor={key}")).await, ["contact.changed"]);
    assert_eq!(me.names(&format!("?actor={}", scene.user)).await.len(), 7, "a program acts for somebody");
    assert_eq!(me.names(&format!("?record={ada}")).await, ["contact.shared", "contact.changed", "contact.created"]);
    assert_eq!(me.names(&format!("?record={ada}&day=2026-01-02&action=*.changed")).await, ["contact.changed"]);
    assert_eq!(me.names(&format!("?record={key}")).await, ["api_key.created"]);
    assert_eq!(me.names(&format!("?record={}", scene.workspace)).await, ["workspace.created"]);
    let permissions = ["contact.shared", "api_key.created", "api_key.created", "user.created", "workspace.created"];
    assert_eq!(sorted(me.names("?action=permissions").await)[0], permissions[0]);
    assert_eq!(me.names("?action=permissions").await.len(), permissions.len());
    assert_eq!(me.names("?action=contact.*").await, ["contact.shared", "contact.changed", "contact.created"]);
    for none in ["?day=2025-12-31", "?actor=usr_00000000000070008000000000000000", "?action=sign_ins"] {
        assert_eq!(me.names(none).await, Vec::<String>::new(), "{none}");
    }
    for wrong in ["?day=yesterday", "?limit=0", "?actor=me", "?action=x", "?from=2020-01-01", "?q=x"] {
        assert_eq!(me.privacy.get(&format!("/v1/audit{wrong}")).await.refused(422), "invalid", "{wrong}");
    }
    assert_eq!(me.privacy.get("/v1/audit?cursor=x").await.refused(400), "cursor_mismatch");
}

#[tokio::test]
async fn reps_do_not_see_it_and_nothing_switches_it_off() {
    let scene = Scene::new().await;
    let (_, rep) = scene.with_role("rep").await;
    for path in ["/v1/audit", "/v1/audit/days", "/v1/audit/csv", "/v1/audit/jsonl"] {
        assert_eq!(rep.privacy.get(path).await.refused(403), "denied", "{path}");
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = scene.me.privacy.send(method, path, &[], Some(json!({}))).await;
            assert_eq!(answer.status.as_u16(), 405, "{path}");
        }
    }
    for setting in ["audit", "audit_log", "read_audit"] {
        let body = json!({ setting: false });
        assert_eq!(scene.me.identity.patch("/v1/workspace", body).await.refused(422), "invalid");
    }
}

#[tokio::test]
async fn pages_are_exact_while_events_are_written() {
    let scene = Scene::new().await;
    for day in 0..3 {
        for number in 0..7 {
            scene.contact(&format!("{day} {number}")).await;
        }
        scene.next_day();
    }
    let expected = walk(&scene.me, "limit=200", async || {}).await;
    assert_eq!(expected.len(), 3 + 21);
    let mut sorted = expected.clone();
    sorted.sort();
    sorted.reverse();
    assert_eq!(expected, sorted, "newest first");
    let ada = scene.contact("Ada").await;
    for limit in [1, 2, 7, 8, 25] {
        let before = walk(&scene.me, "limit=200", async || {}).await;
        let met = walk(&scene.me, &format!("limit={limit}"), async || drop(scene.contact("Other").await)).await;
        assert_eq!(met, before, "{limit}");
        let filtered = walk(&scene.me, &format!("limit={limit}&action=contact.*&to=2026-01-03"), async || {}).await;
        assert_eq!(filtered, expected[..21], "{limit}");
        let patch = json!({ "city": format!("City {limit}") });
        scene.clock.advance_millis(1);
        scene.me.contacts.patch(&format!("/v1/contacts/{ada}"), patch).await.expect(200);
        let own = walk(&scene.me, &format!("record={ada}&limit=200"), async || {}).await;
        assert_eq!(walk(&scene.me, &format!("record={ada}&limit={limit}"), async || {}).await, own, "{limit}");
    }
}

#[tokio::test]
async fn one_request_looks_at_so_much_and_no_more() {
    let scene = Scene::new().await;
    for _ in 0..70 {
        scene.next_day();
    }
    let page = scene.me.audit("?from=2025-12-01&to=2026-03-12").await;
    assert_eq!((names(&page).len(), &page["page"]["has_more"]), (0, &json!(true)), "31 days without events");
    let all = walk(&scene.me, "from=2025-12-01&to=2026-03-12", async || {}).await;
    assert_eq!(all.len(), 3);
    let many = privacy_costs(&scene.me.privacy.get("/v1/audit?day=2026-01-01").await);
    assert!(many <= 7.0, "{many} round trips for one page of one day");
}

fn privacy_costs(answer: &Answer) -> f64 {
    answer.timing("round_trips")
}

#[tokio::test]
async fn it_is_taken_away_as_lines_that_run_nothing() {
    let scene = Scene::new().await;
    let ada = scene.contact("=HYPERLINK(1)").await;
    scene.me.contacts.patch(&format!("/v1/contacts/{ada}"), json!({ "city": "a,\"b" })).await.expect(200);
    let (mut lines, mut target) = (String::new(), "/v1/audit/jsonl?limit=2&action=contact.*".to_owned());
    loop {
        let answer = scene.me.privacy.get(&target).await;
        let link = answer.headers.get("link").map(|link| link.to_str().unwrap().to_owned());
        lines.push_str(answer.expect(200).as_str().unwrap_or_default());
        match link {
            Some(link) => target = link.split(['<', '>']).nth(1).unwrap().to_owned(),
            None => break,
        }
    }
    let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let listed = scene.me.audit("?action=contact.*").await;
    assert_eq!(json!(read), listed["data"]);
    let csv = scene.me.privacy.get("/v1/audit/csv").await.expect(200);
    let csv = csv.as_str().unwrap();
    assert!(csv.starts_with("\u{feff}at,name,user,"), "{csv:.80}");
    assert!(csv.contains(r#""{""city"":{""after"":""a,\""b"",""before"":null}}""#), "{csv}");
    assert!(csv.lines().all(|line| line.split(',').all(|cell| !cell.starts_with(['=', '+', '@']))), "{csv}");
    let taken = scene.me.audit("?action=exports").await;
    let taken = &taken["data"];
    assert_eq!((taken[0]["name"].as_str(), taken.as_array().unwrap().len()), (Some("audit.exported"), 1), "{taken:#}");
    assert_eq!(scene.me.names(&format!("?record={}", scene.user)).await, ["audit.exported", "user.created"]);
}
