//! Who may read the audit log, and what they are told.

use serde_json::{Value, json};

use super::{Everything, Scene};

const BIRTHDAY: &str = "1990-12-10";

impl Scene {
    /// Somebody with a role of the company's own.
    async fn with_policy(&self, name: &str, policy: Value) -> Everything {
        let mut role = json!({ "name": name, "from": "viewer" });
        role.as_object_mut().unwrap().extend(policy.as_object().unwrap().clone());
        self.me.identity.post("/v1/roles", role).await.expect(201);
        self.with_role(name).await.1
    }
}

#[tokio::test]
async fn it_takes_a_role_that_may_read_it_and_then_it_is_about_everything() {
    let scene = Scene::new().await;
    let ada = scene.contact("Ada").await;
    let own = json!({ "read": "own", "create": "own", "update": "own", "archive": "none", "export": "none", "merge": "none" });
    let policy = json!({ "objects": { "contact": own }, "capabilities": ["read_audit"] });
    let auditor = scene.with_policy("x_auditor", policy).await;
    // The key acts for an owner of contacts; what it reaches is another question than what it is told of.
    let events = auditor.audit(&format!("?record={ada}")).await;
    assert_eq!(events["data"][0]["changes"]["first_name"]["after"], "Ada");
    assert_eq!(events["data"][0]["withheld"], false);
    let denied = scene.with_policy("x_other", json!({ "objects": { "contact": own } })).await;
    let key = async |more: Value| {
        let mut key = json!({ "name": "limited", "role": "admin" });
        key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = scene.me.identity.post("/v1/api_keys", key).await.expect(201);
        Everything::of(&scene.parts, made["secret"].as_str().unwrap())
    };
    let of_objects = key(json!({ "objects": ["contact"] })).await;
    for path in ["/v1/audit", "/v1/audit/days", "/v1/audit/csv", "/v1/audit/jsonl"] {
        for nobody in [&denied, &of_objects] {
            assert_eq!(nobody.privacy.get(path).await.refused(403), "denied", "{path}");
        }
    }
    let looks = key(json!({ "read_only": true })).await;
    assert_eq!(looks.names(&format!("?record={ada}")).await, ["contact.created"]);
    // What a key may not know of, it is not told here.
    let of_fields = key(json!({ "fields": { "contact": ["last_name"] } })).await;
    let told = of_fields.audit(&format!("?record={ada}")).await;
    assert_eq!((&told["data"][0]["changes"]["first_name"], &told["data"][0]["withheld"]), (&json!(null), &json!(true)));
}

#[tokio::test]
async fn what_is_hidden_from_a_reader_is_told_nowhere_in_it() {
    let scene = Scene::new().await;
    let me = &scene.me;
    let ada = scene.contact("Ada").await;
    let path = format!("/v1/contacts/{ada}");
    me.contacts.patch(&path, json!({ "birthday": BIRTHDAY, "city": "London" })).await.expect(200);
    me.contacts.patch(&path, json!({ "birthday": null })).await.expect(200);
    let filter = json!({ "field": "birthday", "value": BIRTHDAY });
    let jobs = crate::app::Caller::on(jobs::router(scene.parts.clone()), me.identity.secret.as_deref().unwrap());
    jobs.post("/v1/exports", json!({ "object": "contact", "format": "csv", "filter": filter })).await.expect(202);
    let bulk = json!({ "filter": filter, "change": { "birthday": BIRTHDAY } });
    jobs.post("/v1/contacts/bulk", bulk).await.expect(202);
    let views = crate::app::Caller::on(views::router(scene.parts.clone()), me.identity.secret.as_deref().unwrap());
    let view = json!({ "name": "Old", "of": "contact", "query": { "filter": filter } });
    views.post("/v1/views", view).await.expect(201);
    let hides = json!({ "fields": { "contact": { "birthday": "hidden" } }, "capabilities": ["read_audit"] });
    let auditor = scene.with_policy("x_auditor", hides).await;
    for of in ["", "/csv", "/jsonl"] {
        let (all, told) = (format!("/v1/audit{of}"), format!("/v1/audit{of}?limit=200"));
        let seen = me.privacy.get(&told).await.expect(200).to_string();
        assert!(seen.contains(BIRTHDAY) && seen.contains("birthday"), "{all} tells whoever sees it");
        let told = auditor.privacy.get(&told).await.expect(200).to_string();
        assert!(told.contains("London") && told.contains("contact.changed"), "{told}");
        assert!(!told.contains(BIRTHDAY) && !told.contains("birthday"), "{told}");
    }
    let (mine, theirs) = (me.audit("?limit=200&to=2026-01-01").await, auditor.audit("?limit=200&to=2026-01-01").await);
    let without = |page: &Value, name: &str| -> Vec<Value> {
        page["data"].as_array().unwrap().iter().map(|event| event[name].clone()).collect()
    };
    for name in ["id", "name", "by", "record", "at", "digest"] {
        assert_eq!(without(&mine, name), without(&theirs, name), "each event is there: {name}");
    }
}

#[tokio::test]
async fn what_changes_what_somebody_may_do_is_found_by_one_word() {
    let scene = Scene::new().await;
    let me = &scene.me.identity;
    scene.clock.advance_millis(1_000);
    me.post("/v1/roles", json!({ "name": "x_partner", "from": "rep" })).await.expect(201);
    scene.clock.advance_millis(1_000);
    me.patch("/v1/roles/x_partner", json!({ "capabilities": [] })).await.expect(200);
    scene.clock.advance_millis(1_000);
    let user = json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" });
    let rita = me.post("/v1/users", user).await.expect(201)["id"].as_str().unwrap().to_owned();
    scene.clock.advance_millis(1_000);
    me.patch(&format!("/v1/users/{rita}"), json!({ "name": "Rita R" })).await.expect(200);
    scene.clock.advance_millis(1_000);
    me.patch(&format!("/v1/users/{rita}"), json!({ "role": "x_partner" })).await.expect(200);
    scene.clock.advance_millis(1_000);
    let (key, _) = scene.with_role("rep").await;
    scene.clock.advance_millis(1_000);
    me.post(&format!("/v1/api_keys/{key}/rotate"), json!({})).await.expect(200);
    scene.clock.advance_millis(1_000);
    me.delete(&format!("/v1/api_keys/{key}")).await.expect(200);
    scene.clock.advance_millis(1_000);
    me.patch(&format!("/v1/users/{rita}"), json!({ "role": "rep" })).await.expect(200);
    scene.clock.advance_millis(1_000);
    me.delete("/v1/roles/x_partner").await.expect(204);
    let all = scene.me.names("?action=permissions&limit=9").await;
    let expected = [
        "role.removed",
        "user.changed",
        "api_key.revoked",
        "api_key.rotated",
        "api_key.created",
        "user.changed",
        "user.created",
        "role.changed",
        "role.created",
    ];
    assert_eq!(all, expected, "and no change of a name");
    assert_eq!(scene.me.names("?action=role.*").await, ["role.removed", "role.changed", "role.created"]);
    assert_eq!(scene.me.names("?action=api_key.rotated").await, ["api_key.rotated"]);
    let of_workspace = scene.me.names(&format!("?record={}", scene.workspace)).await;
    assert_eq!(of_workspace, ["role.removed", "role.changed", "role.created", "workspace.created"]);
    let of_user = scene.me.names(&format!("?record={rita}&action=permissions")).await;
    assert_eq!(of_user, ["user.changed", "user.changed", "user.created"]);
}
