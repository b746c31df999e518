//! Signing in with the issuer of the stack, over a real port: the authorizer and the sign-in ask it as they would ask any other.

use http::{Method, StatusCode};
use local::{Config, Stack};
use serde_json::{Value, json};

use crate::app::{Answer, App, Caller};

/// A stack that listens.
struct Scene {
    app: App,
    admin: Caller,
}

impl Scene {
    async fn start() -> Self {
        let app = App::listening().await;
        let admin = app.workspace("north").await;
        Self { app, admin }
    }

    /// Somebody with a token of the issuer.
    fn with_token(&self, name: &str, email: &str) -> Caller {
        let tokens = self.app.stack.issuer().unwrap().sign_in(name, email).unwrap();
        self.admin.with_secret(tokens.access.reveal())
    }
}

async fn sign_in(caller: &Caller) -> Answer {
    caller.post("/v1/sign_in", json!({})).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_an_address_comes_in_as_its_user_and_leaves_with_it() {
    let scene = Scene::start().await;
    let user = json!({ "name": "Rita", "email": "Rita@Example.com", "role": "rep" });
    let rita = scene.admin.post("/v1/users", user).await.expect(201);
    let caller = scene.with_token("Rita", "rita@example.com");
    assert_eq!(caller.get("/v1/me").await.refused(403), "denied", "she has not come in yet");
    let entered = sign_in(&caller).await.expect(200);
    assert_eq!(entered["workspaces"][0]["user"], rita["id"]);
    assert_eq!((&entered["email"], &entered["workspaces"][0]["name"]), (&json!("rita@example.com"), &json!("north")));
    // At once, though the gateway remembers that there was no workspace.
    let me = caller.get("/v1/me").await.expect(200);
    assert_eq!((&me["user"]["id"], &me["role"], &me["api_key"]), (&rita["id"], &json!("rep"), &Value::Null));
    caller.post("/v1/contacts", json!({ "first_name": "Ada" })).await.expect(201);
    assert_eq!(caller.post("/v1/users", json!({ "name": "x" })).await.refused(403), "denied");

    // Who gets another address is another person, until they sign in with it.
    let path = format!("/v1/users/{}", rita["id"].as_str().unwrap());
    scene.admin.patch(&path, json!({ "email": "rita.new@example.com" })).await.expect(200);
    assert_eq!(caller.get("/v1/me").await.refused(403), "denied");
    assert_eq!(sign_in(&caller).await.expect(200)["workspaces"], json!([]));
    let renamed = scene.with_token("Rita", "rita.new@example.com");
    assert_eq!(sign_in(&renamed).await.expect(200)["workspaces"][0]["user"], rita["id"]);
    renamed.get("/v1/me").await.expect(200);

    // Who is in the trash is out, and comes back by signing in again.
    scene.admin.delete(&path).await.expect(200);
    assert_eq!(renamed.get("/v1/me").await.refused(403), "denied");
    assert_eq!(sign_in(&renamed).await.expect(200)["workspaces"], json!([]));
    scene.admin.post(&format!("{path}/restore"), json!({})).await.expect(200);
    assert_eq!(renamed.get("/v1/me").await.refused(403), "denied");
    sign_in(&renamed).await.expect(200);
    renamed.get("/v1/me").await.expect(200);
    let history = scene.admin.get(&format!("{path}/history")).await.expect(200).to_string();
    assert_eq!(history.matches("user.signed_in").count(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_works_in_several_workspaces_and_says_in_which() {
    let scene = Scene::start().await;
    let south = scene.app.workspace("south").await;
    for (admin, role) in [(&scene.admin, "rep"), (&south, "viewer")] {
        let user = json!({ "name": "Rita", "email": "rita@example.com", "role": role });
        admin.post("/v1/users", user).await.expect(201);
    }
    let caller = scene.with_token("Rita", "rita@example.com");
    let entered = sign_in(&caller).await.expect(200);
    assert_eq!(entered["workspaces"].as_array().unwrap().len(), 2);
    assert_eq!(caller.get("/v1/me").await.refused(400), "workspace_needed");
    for workspace in entered["workspaces"].as_array().unwrap() {
        let headers = [("rapport-workspace", workspace["id"].as_str().unwrap())];
        let me = caller.send(Method::GET, "/v1/me", &headers, None).await.expect(200);
        assert_eq!((&me["workspace"]["name"], &me["role"]), (&workspace["name"], &workspace["role"]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_is_in_the_audit_log_once_for_each_token() {
    let scene = Scene::start().await;
    let user = json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" });
    let rita = scene.admin.post("/v1/users", user).await.expect(201);
    let signed_in = async || {
        let page = scene.admin.get("/v1/audit?action=sign_ins").await.expect(200);
        let events = page["data"].as_array().unwrap().clone();
        assert!(events.iter().all(|event| event["by"]["user"] == rita["id"] && event["name"] == "user.signed_in"));
        events.iter().map(|event| event["changes"]["is_new"]["after"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!(signed_in().await, Vec::<Value>::new());
    let caller = scene.with_token("Rita", "rita@example.com");
    for _ in 0..3 {
        assert_eq!(sign_in(&caller).await.expect(200)["workspaces"][0]["user"], rita["id"]);
    }
    assert_eq!(signed_in().await, [true]);
    // Another session, also if it asks twice in the same moment.
    let other = scene.with_token("Rita", "rita@example.com");
    let (one, two) = tokio::join!(sign_in(&other), sign_in(&other));
    for answer in [one, two] {
        assert_eq!(answer.expect(200)["workspaces"][0]["user"], rita["id"]);
    }
    assert_eq!(signed_in().await, [false, true]);
    assert_eq!(caller.get("/v1/me").await.expect(200)["user"]["id"], rita["id"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_are_none_of_ours_are_refused() {
    let scene = Scene::start().await;
    let user = json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" });
    scene.admin.post("/v1/users", user).await.expect(201);
    let issuer = scene.app.stack.issuer().unwrap();
    let tokens = issuer.sign_in("Rita", "rita@example.com").unwrap();
    sign_in(&scene.admin.with_secret(tokens.access.reveal())).await.expect(200);
    let token = tokens.access.reveal();
    let (header, rest) = token.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    // `{"alg":"none","typ":"JWT"}`
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    let other =
        Stack::start(&Config { port: Some(0), ..Config::quiet(tempfile::tempdir().unwrap().path()) }).await.unwrap();
    let foreign = other.issuer().unwrap().sign_in("Rita", "rita@example.com").unwrap();
    for (what, secret) in [
        ("unsigned", unsigned),
        ("without its signature", format!("{header}.{claims}.")),
        ("of another issuer with another key", foreign.access.reveal().to_owned()),
        ("for the app, not for the API", tokens.id.reveal().to_owned()),
        ("for new tokens", tokens.refresh.reveal().to_owned()),
        ("changed", format!("{header}.{claims}x.{signature}")),
    ] {
        let caller = scene.admin.with_secret(&secret);
        assert_eq!(caller.get("/v1/me").await.refused(401), "unauthenticated", "{what}");
        assert_eq!(sign_in(&caller).await.refused(401), "unauthenticated", "{what}");
    }
    assert_eq!(sign_in(&scene.admin).await.refused(403), "denied", "a key does not sign in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_learns_where_people_sign_in() {
    let scene = Scene::start().await;
    let config = scene.app.stranger().get("/v1/config").await;
    assert_eq!(config.status, StatusCode::OK);
    let issuer = scene.app.stack.issuer().unwrap().url();
    assert_eq!(
        (&config.body["sign_in"]["issuer"], &config.body["sign_in"]["client_id"]),
        (&json!(issuer), &json!("rapport"))
    );
}
