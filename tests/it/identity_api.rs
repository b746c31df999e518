//! Workspaces, users, API keys, through HTTP.

use http::Method;
use serde_json::{Value, json};

use crate::app::App;

#[tokio::test]
async fn without_a_good_credential_nothing_is_answered() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let none = app.stranger().get("/v1/me").await;
    assert_eq!(
        (none.status.as_u16(), &none.body["message"]),
        (401, &json!("Unauthorized")),
        "the gateway's own answer"
    );
    for bad in ["nonsense", "rk_", &format!("rk_{}", "0".repeat(64))] {
        assert_eq!(me.with_secret(bad).get("/v1/me").await.refused(401), "unauthenticated");
    }
    let basic = app.stranger().send(Method::GET, "/v1/me", &[("authorization", "Basic eDp5")], None).await;
    assert_eq!(basic.refused(401), "unauthenticated");
    assert_eq!(app.stranger().get("/v1/openapi.json").await.expect(200)["openapi"], "3.1.0");
}

#[tokio::test]
async fn the_documentation_is_a_page_that_anybody_can_read() {
    let app = App::start().await;
    let page = app.stranger().get("/docs").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'sha256-"));
    assert!(page.expect(200).as_str().unwrap().starts_with("<!doctype html>"));
}

#[tokio::test]
async fn me_says_who_and_where() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let answer = me.get("/v1/me").await.expect(200);
    assert_eq!((&answer["user"]["name"], &answer["role"]), (&json!("Ada Admin"), &json!("owner")));
    assert_eq!(answer["workspace"]["name"], "north");
}

#[tokio::test]
async fn the_workspace_is_renamed_by_an_admin_who_has_seen_it() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let renamed =
        me.send(Method::PATCH, "/v1/workspace", &[("if-match", "\"1\"")], Some(json!({ "name": "Nord" }))).await;
    assert_eq!(renamed.header("etag"), "\"2\"");
    let stale = me.send(Method::PATCH, "/v1/workspace", &[("if-match", "\"1\"")], Some(json!({ "name": "Sud" }))).await;
    assert_eq!(stale.expect(412)["conflicts"]["name"], "Nord");
    assert_eq!(me.patch("/v1/workspace", json!({ "name": " " })).await.refused(422), "invalid");
    assert_eq!(me.with_role("rep").await.patch("/v1/workspace", json!({ "name": "x" })).await.refused(403), "denied");
    assert_eq!(me.get("/v1/workspace").await.expect(200)["name"], "Nord");
}

#[tokio::test]
async fn an_api_key_shows_its_secret_once_and_ends_when_it_is_revoked() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let headers = [("idempotency-key", "k")];
    let body = json!({ "name": "import", "role": "rep" });
    let made = me.send(Method::POST, "/v1/api_keys", &headers, Some(body.clone())).await.expect(201);
    let secret = made["secret"].as_str().unwrap().to_owned();
    let again = me.send(Method::POST, "/v1/api_keys", &headers, Some(body)).await.expect(201);
    assert_eq!((&again["id"], again.get("secret")), (&made["id"], None));
    let program = me.with_secret(&secret);
    program.post("/v1/contacts", json!({ "first_name": "Ada" })).await.expect(201);
    let list = me.get("/v1/api_keys").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    assert!(!list.to_string().contains(&secret));
    assert!(app.items().iter().all(|item| !item.contains(&secret)), "a secret is never stored");
    let path = format!("/v1/api_keys/{}", made["id"].as_str().unwrap());
    let dry = me.delete(&format!("{path}?validate=only")).await.expect(200);
    assert!(dry["revoked_at"].is_string(), "what would be answered");
    program.get("/v1/me").await.expect(200);
    assert!(me.delete(&path).await.expect(200)["revoked_at"].is_string());
    app.stack.forget_callers();
    assert_eq!(program.get("/v1/me").await.refused(401), "unauthenticated");
}

#[tokio::test]
async fn what_is_wrong_with_a_new_api_key_is_said_at_once() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let bad = json!({ "name": "", "role": "god", "good_until": "2020-01-01T00:00:00Z", "scope": [] });
    let body = me.post("/v1/api_keys", bad).await.expect(422);
    assert_eq!(body["errors"].as_array().unwrap().len(), 4);
    let dry = me.post("/v1/api_keys?validate=only", json!({ "name": "x", "role": "rep" })).await.expect(201);
    assert_eq!(dry.get("secret"), None, "a key that was not made has no secret to show");
}

#[tokio::test]
async fn only_admins_manage_users_and_keys() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let user = json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" });
    for role in ["rep", "viewer"] {
        let caller = me.with_role(role).await;
        assert_eq!(caller.post("/v1/users", user.clone()).await.refused(403), "denied");
        assert_eq!(caller.get("/v1/api_keys").await.refused(403), "denied");
        assert_eq!(caller.post("/v1/api_keys", json!({ "name": "x", "role": "admin" })).await.refused(403), "denied");
    }
    let viewer = me.with_role("viewer").await;
    assert_eq!(viewer.post("/v1/contacts", json!({ "first_name": "Ada" })).await.refused(403), "denied");
    me.post("/v1/users", user.clone()).await.expect(201);
    assert_eq!(me.post("/v1/users", user).await.refused(409), "conflict");
    let missing: Value = me.post("/v1/users", json!({})).await.expect(422);
    assert_eq!(missing["errors"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_key_is_never_more_than_its_user_and_ends_with_them() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let other = me.made.as_ref().unwrap().user;
    let rita = json!({ "name": "Rita", "email": "rita@example.com", "role": "owner" });
    let rita = me.post("/v1/users", rita).await.expect(201);
    let path = format!("/v1/users/{}", rita["id"].as_str().unwrap());
    let ritas = app.key_of(&me, rita["id"].as_str().unwrap()).await;
    let mine = format!("/v1/users/{other}");
    ritas.patch(&mine, json!({ "role": "viewer" })).await.expect(200);
    app.stack.forget_callers();
    assert_eq!(me.post("/v1/contacts", json!({ "first_name": "Ada" })).await.refused(403), "denied");
    ritas.patch(&mine, json!({ "role": "owner" })).await.expect(200);
    app.stack.forget_callers();
    me.delete(&path).await.expect(200);
    app.stack.forget_callers();
    assert_eq!(ritas.get("/v1/me").await.refused(401), "unauthenticated");
    me.post(&format!("{path}/restore"), json!({})).await.expect(200);
    app.stack.forget_callers();
    ritas.get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn nobody_takes_away_their_own_access() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let path = format!("/v1/users/{}", me.made.as_ref().unwrap().user);
    assert_eq!(me.delete(&path).await.refused(409), "oneself");
    assert_eq!(me.post(&format!("{path}/erase"), json!({})).await.refused(409), "oneself");
    assert_eq!(me.patch(&path, json!({ "role": "viewer" })).await.refused(409), "oneself");
    let by_email = "/v1/users/by/email/admin@north.example.com";
    assert_eq!(me.put(by_email, json!({ "role": "viewer" })).await.refused(409), "oneself");
    me.patch(&path, json!({ "name": "Ada A." })).await.expect(200);
}

#[tokio::test]
async fn more_keys_than_a_page_holds_are_all_listed() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    for number in 0..60 {
        me.post("/v1/api_keys", json!({ "name": format!("key {number}"), "role": "viewer" })).await.expect(201);
    }
    let first = me.get("/v1/api_keys").await.expect(200);
    assert_eq!((first["data"].as_array().unwrap().len(), &first["page"]["has_more"]), (50, &json!(true)));
    let cursor = first["page"]["next_cursor"].as_str().unwrap();
    let rest = me.get(&format!("/v1/api_keys?cursor={cursor}")).await.expect(200);
    assert_eq!((rest["data"].as_array().unwrap().len(), &rest["page"]["has_more"]), (11, &json!(false)));
    assert_eq!(me.get("/v1/api_keys?cursor=x").await.refused(400), "cursor_mismatch");
}

#[tokio::test]
async fn no_key_becomes_more_than_it_is() {
    let app = App::start().await;
    let owner = app.workspace("north").await;
    let made = owner.post("/v1/api_keys", json!({ "name": "mine", "role": "rep" })).await.expect(201);
    let rotate = format!("/v1/api_keys/{}/rotate", made["id"].as_str().unwrap());
    // An administrator takes over nobody's key.
    let boss = json!({ "name": "Bo", "email": "bo@example.com", "role": "admin" });
    let boss = owner.post("/v1/users", boss).await.expect(201)["id"].as_str().unwrap().to_owned();
    let bosss = app.key_of(&owner, &boss).await;
    assert_eq!(bosss.post(&rotate, json!({})).await.refused(403), "denied");
    // A key that may do less than its user makes none that may do more.
    for limit in [json!({ "role": "admin" }), json!({ "role": "owner", "fields": { "contact": ["city"] } })] {
        let mut body = json!({ "name": "less" });
        body.as_object_mut().unwrap().extend(limit.as_object().cloned().unwrap());
        let less = owner.post("/v1/api_keys", body).await.expect(201);
        let less = owner.with_secret(less["secret"].as_str().unwrap());
        let more = json!({ "name": "more", "role": "owner" });
        assert_eq!(less.post("/v1/api_keys", more).await.refused(403), "denied", "{limit}");
        assert_eq!(less.post(&rotate, json!({})).await.refused(403), "denied", "{limit}");
    }
    // Whoever manages users becomes nobody who may do more, by no address.
    owner.post("/v1/roles", json!({ "name": "x_clerk", "capabilities": ["manage_users"] })).await.expect(201);
    let clerk = json!({ "name": "Cy", "email": "cy@example.com", "role": "x_clerk" });
    let clerk = owner.post("/v1/users", clerk).await.expect(201)["id"].as_str().unwrap().to_owned();
    let clerks = app.key_of(&owner, &clerk).await;
    let mine = json!({ "email": "cy.two@example.com" });
    assert_eq!(clerks.patch(&format!("/v1/users/{boss}"), mine.clone()).await.refused(403), "denied");
    clerks.patch(&format!("/v1/users/{clerk}"), mine).await.expect(200);
}

#[tokio::test]
async fn a_revoked_key_has_no_secret_left() {
    let app = App::start().await;
    let owner = app.workspace("north").await;
    let first = owner.post("/v1/api_keys", json!({ "name": "mine", "role": "rep" })).await.expect(201);
    let path = format!("/v1/api_keys/{}", first["id"].as_str().unwrap());
    let with = |answer: &Value| owner.with_secret(answer["secret"].as_str().unwrap());
    let second = owner.post(&format!("{path}/rotate"), json!({})).await.expect(200);
    with(&first).get("/v1/me").await.expect(200);
    let third = owner.post(&format!("{path}/rotate"), json!({})).await.expect(200);
    // The gateway may remember a credential for a minute; this asks the table.
    let is_good = async |answer: &Value| {
        let header = format!("Bearer {}", answer["secret"].as_str().unwrap());
        let credential = auth::Credential::from_header(&header).unwrap();
        let access = auth::authenticate(&app.stack.app().tables, &credential, kernel::Clock::System.now()).await;
        access.unwrap().is_some()
    };
    let all = [&first, &second, &third];
    let is_as = async |expected: [bool; 3]| {
        for (secret, expected) in all.into_iter().zip(expected) {
            assert_eq!(is_good(secret).await, expected);
        }
    };
    is_as([false, true, true]).await;
    owner.delete(&path).await.expect(200);
    is_as([false, false, false]).await;
}

#[tokio::test]
async fn a_workspace_keeps_an_owner_and_nobody_grows_by_roles() {
    let app = App::start().await;
    let owner = app.workspace("north").await;
    let me = owner.get("/v1/me").await.expect(200)["user"]["id"].as_str().unwrap().to_owned();
    let add = async |name: &str, role: &str| {
        let user = json!({ "name": name, "email": format!("{name}@example.com"), "role": role });
        let id = owner.post("/v1/users", user).await.expect(201)["id"].as_str().unwrap().to_owned();
        (app.key_of(&owner, &id).await, format!("/v1/users/{id}"))
    };
    let (boss, _) = add("boss", "admin").await;
    let mine = format!("/v1/users/{me}");
    // An administrator neither unmakes an owner nor makes one.
    for refused in [
        boss.patch(&mine, json!({ "role": "rep" })).await,
        boss.delete(&mine).await,
        boss.patch(&mine, json!({ "email": "boss.too@example.com" })).await,
        boss.post("/v1/users", json!({ "name": "x", "email": "x@example.com", "role": "owner" })).await,
    ] {
        assert_eq!(refused.refused(403), "denied");
    }
    // The last owner stays, whoever asks.
    let (second, path) = add("second", "owner").await;
    owner.patch(&path, json!({ "role": "admin" })).await.expect(200);
    owner.patch(&path, json!({ "role": "owner" })).await.expect(200);
    second.delete(&mine).await.expect(200);
    let third = json!({ "name": "Third", "email": "third@example.com", "role": "admin" });
    let third = second.post("/v1/users", third).await.expect(201)["id"].as_str().unwrap().to_owned();
    let third = app.key_of(&owner, &third).await;
    assert_eq!(third.delete(&path).await.refused(403), "denied");
    // What owners and administrators may do is not for anybody to change, and nobody makes a role of more than their own.
    for role in ["owner", "admin"] {
        let less = json!({ "capabilities": [] });
        assert_eq!(second.patch(&format!("/v1/roles/{role}"), less).await.refused(409), "fixed_role");
    }
    second.post("/v1/roles", json!({ "name": "x_maker", "capabilities": ["manage_roles"] })).await.expect(201);
    let maker = json!({ "name": "Max", "email": "max@example.com", "role": "x_maker" });
    let maker = second.post("/v1/users", maker).await.expect(201)["id"].as_str().unwrap().to_owned();
    let maker = app.key_of(&owner, &maker).await;
    assert_eq!(maker.post("/v1/roles", json!({ "name": "x_more", "from": "admin" })).await.refused(403), "denied");
    // To make a standard role what it is already has nothing to say.
    let nothing = second.delete("/v1/roles/rep").await;
    assert!(nothing.status == 204 && nothing.body.is_null(), "{:#}", nothing.body);
}
