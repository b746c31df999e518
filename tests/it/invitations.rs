//! People who are asked in, who come in by the domain of their address, and who begin a workspace themselves.

use http::StatusCode;
use serde_json::{Value, json};
use table::{Changes, Meter};

use crate::app::{Answer, App, Caller};

/// A stack that listens, so that its issuer can be asked.
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
    fn person(&self, email: &str) -> Caller {
        let tokens = self.app.stack.issuer().unwrap().sign_in("Rita Skeeter", email).unwrap();
        self.admin.with_secret(tokens.access.reveal())
    }

    async fn invite(&self, email: &str, role: &str) -> String {
        let invitation = json!({ "email": email, "role": role });
        self.admin.post("/v1/invitations", invitation).await.expect(201)["id"].as_str().unwrap().to_owned()
    }
    /// Writes of an invitation that its time is over.
    async fn let_time_pass(&self, id: &str) {
        let table =
            self.app.stack.app().tables.workspace(self.admin.made.as_ref().unwrap().workspace, Meter::default());
        let (keys, id) = (table.keys(), id.parse().unwrap());
        let mut document = table.get(&keys.record("invitation", id)).await.unwrap().unwrap();
        let version = document["version"].as_u64().unwrap();
        document.insert("good_until".to_owned(), json!("2001-01-01T00:00:00.000Z"));
        let mut changes = Changes::new();
        changes.replace_due_record(keys, "invitation", id, document, version, None);
        table.commit(&changes).await.unwrap();
    }
}

async fn sign_in(caller: &Caller) -> Answer {
    caller.post("/v1/sign_in", json!({})).await
}

async fn enters(caller: &Caller) -> usize {
    sign_in(caller).await.expect(200)["workspaces"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_asked_in_comes_in_once_they_sign_in() {
    let scene = Scene::start().await;
    let team = scene.admin.post("/v1/teams", json!({ "name": "South" })).await.expect(201);
    let asked =
        json!({ "email": "Rita@Example.com", "name": "Rita", "role": "rep", "team_id": team["id"], "language": "ru" });
    let made = scene.admin.post("/v1/invitations", asked).await.expect(201);
    assert_eq!((&made["state"], &made["language"], &made["archived_at"]), (&json!("open"), &json!("ru"), &Value::Null));
    let path = format!("/v1/invitations/{}", made["id"].as_str().unwrap());
    let rita = scene.person("rita@example.com");
    let entered = sign_in(&rita).await.expect(200);
    let me = rita.get("/v1/me").await.expect(200);
    assert_eq!(me["user"]["id"], entered["workspaces"][0]["user"]);
    assert_eq!(
        (&me["role"], &me["user"]["name"], &me["user"]["team_id"]),
        (&json!("rep"), &json!("Rita"), &team["id"])
    );
    let accepted = scene.admin.get(&path).await.expect(200);
    assert_eq!((&accepted["state"], &accepted["user_id"]), (&json!("accepted"), &me["user"]["id"]));
    assert_ne!(accepted["archived_at"], Value::Null, "nobody needs it any more");
    // Once: the second time they are simply there.
    assert_eq!(enters(&rita).await, 1);
    let history = scene.admin.get(&format!("{path}/history")).await.expect(200);
    let names: Vec<&str> =
        history["data"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["invitation.accepted", "invitation.created"]);
    // Whoever works here is not asked in.
    let again = json!({ "email": "rita@example.com", "role": "rep" });
    assert_eq!(scene.admin.post("/v1/invitations", again).await.refused(409), "conflict");
    assert_eq!(scene.admin.delete(&path).await.refused(409), "not_open", "it was accepted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_back_or_is_over_lets_nobody_in() {
    let scene = Scene::start().await;
    let revoked = scene.invite("rita@example.com", "rep").await;
    let twice = json!({ "email": "RITA@example.com", "role": "viewer" });
    assert_eq!(scene.admin.post("/v1/invitations", twice).await.refused(409), "conflict", "one at a time");
    let path = format!("/v1/invitations/{revoked}");
    assert_eq!(scene.admin.delete(&path).await.expect(200)["state"], "revoked");
    assert_eq!(scene.admin.delete(&path).await.expect(200)["version"], 2, "it is revoked already");
    assert_eq!(scene.admin.post(&format!("{path}/send"), json!({})).await.refused(409), "not_open");
    let rita = scene.person("rita@example.com");
    assert_eq!(enters(&rita).await, 0);

    // The address can be asked in anew; that one ends by itself.
    let short = scene.invite("rita@example.com", "rep").await;
    scene.let_time_pass(&short).await;
    assert_eq!(enters(&rita).await, 0);
    scene.admin.post(&format!("/v1/invitations/{short}/send"), json!({})).await.expect(200);
    assert_eq!(enters(&rita).await, 1, "sent again it is good for longer");
    // An address that nobody has verified accepts nothing, and a key accepts nothing.
    assert_eq!(sign_in(&scene.admin).await.refused(403), "denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invitation_gives_what_its_inviter_could_give_today() {
    let scene = Scene::start().await;
    let boss = json!({ "name": "Bo", "email": "bo@example.com", "role": "admin" });
    let boss = scene.admin.post("/v1/users", boss).await.expect(201)["id"].as_str().unwrap().to_owned();
    let key = scene.app.key_of(&scene.admin, &boss).await;
    let asked = |email: &str, role: &str| json!({ "email": email, "role": role });
    assert_eq!(key.post("/v1/invitations", asked("o@example.com", "owner")).await.refused(403), "denied");
    key.post("/v1/invitations", asked("friend@example.com", "admin")).await.expect(201);
    // Who is let go takes their invitations along.
    scene.admin.delete(&format!("/v1/users/{boss}")).await.expect(200);
    let friend = scene.person("friend@example.com");
    assert_eq!(enters(&friend).await, 0);
    scene.admin.post(&format!("/v1/users/{boss}/restore"), json!({})).await.expect(200);
    scene.admin.patch(&format!("/v1/users/{boss}"), json!({ "role": "rep" })).await.expect(200);
    assert_eq!(enters(&friend).await, 0, "a rep makes no administrators");
    scene.admin.patch(&format!("/v1/users/{boss}"), json!({ "role": "admin" })).await.expect(200);
    assert_eq!(enters(&friend).await, 1);

    for (bad, pointer) in [
        (json!({ "role": "rep" }), "/email"),
        (json!({ "email": "nobody", "role": "rep" }), "/email"),
        (json!({ "email": "a@example.com", "role": "god" }), "/role"),
        (json!({ "email": "a@example.com" }), "/role"),
        (json!({ "email": "a@example.com", "role": "rep", "state": "accepted" }), "/state"),
        (json!({ "email": "a@example.com", "role": "rep", "language": "tlh" }), "/language"),
        (json!({ "email": "a@example.com", "role": "rep", "good_until": "2999-01-01T00:00:00Z" }), "/good_until"),
        (json!({ "email": "a@example.com", "role": "rep", "good_for_days": 0 }), "/good_for_days"),
        (json!({ "email": "a@example.com", "role": "rep", "good_for_days": 91 }), "/good_for_days"),
        (json!({ "email": "a@example.com", "role": "rep", "team_id": boss }), "/team_id"),
    ] {
        let refused = scene.admin.post("/v1/invitations", bad.clone()).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_the_company_come_in_by_their_domain() {
    let scene = Scene::start().await;
    let join = |domains: Value, role: &str| json!({ "join": { "domains": domains, "role": role } });
    // A key has shown no address.
    assert_eq!(scene.admin.patch("/v1/workspace", join(json!(["acme.example"]), "rep")).await.refused(403), "denied");
    scene.invite("boss@acme.example", "admin").await;
    let boss = scene.person("boss@acme.example");
    assert_eq!(enters(&boss).await, 1);
    let other = boss.patch("/v1/workspace", join(json!(["acme.example", "rival.example"]), "rep")).await.expect(422);
    assert_eq!(other["errors"][0]["pointer"], "/join/domains");
    assert_eq!(boss.patch("/v1/workspace", join(json!(["acme.example"]), "owner")).await.refused(403), "denied");
    let set = boss.patch("/v1/workspace", join(json!(["ACME.example"]), "rep")).await.expect(200);
    assert_eq!(set["join"], json!({ "domains": ["acme.example"], "role": "rep" }));

    let rita = scene.person("rita@acme.example");
    assert_eq!(enters(&rita).await, 1);
    let me = rita.get("/v1/me").await.expect(200);
    assert_eq!((&me["role"], &me["user"]["name"]), (&json!("rep"), &json!("Rita Skeeter")));
    assert_eq!(enters(&scene.person("rita@rival.example")).await, 0);
    // Who was let go does not come back by themselves.
    let path = format!("/v1/users/{}", me["user"]["id"].as_str().unwrap());
    boss.delete(&path).await.expect(200);
    assert_eq!(enters(&rita).await, 0);
    boss.post(&format!("{path}/restore"), json!({})).await.expect(200);
    assert_eq!(enters(&rita).await, 1);
    // It can be ended; who is in stays.
    boss.patch("/v1/workspace", json!({ "join": null })).await.expect(200);
    assert_eq!((enters(&rita).await, enters(&scene.person("new@acme.example")).await), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_up_owns_a_workspace_of_their_own() {
    let scene = Scene::start().await;
    let config = scene.app.stranger().get("/v1/config").await.expect(200);
    assert_eq!(config["sign_up"], "open");
    let rita = scene.person("rita@example.com");
    let begun = rita.post("/v1/workspaces", json!({ "name": "Skeeter" })).await;
    assert_eq!(begun.status, StatusCode::CREATED);
    let me = rita.get("/v1/me").await.expect(200);
    assert_eq!((&me["workspace"]["id"], &me["workspace"]["name"]), (&begun.body["id"], &json!("Skeeter")));
    assert_eq!((&me["role"], &me["workspace"]["currency"]), (&json!("owner"), &json!("USD")));
    assert_eq!(enters(&rita).await, 1);
    for bad in [json!({}), json!({ "name": "" }), json!({ "name": "A", "trash_days": 3 })] {
        rita.post("/v1/workspaces", bad).await.expect(422);
    }
    assert_eq!(scene.admin.post("/v1/workspaces", json!({ "name": "By key" })).await.refused(403), "denied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_say_how_the_company_counts_and_writes() {
    let scene = Scene::start().await;
    let settings = json!({
        "currency": "EUR", "time_zone": "Europe/Berlin", "locale": "de-DE", "fiscal_year_start_month": 4,
    });
    let set = scene.admin.patch("/v1/workspace", settings.clone()).await.expect(200);
    let me = scene.admin.get("/v1/me").await.expect(200);
    for (name, value) in settings.as_object().unwrap() {
        assert_eq!((&set[name], &me["workspace"][name]), (value, value), "{name}");
    }
    let refused = scene.admin.patch("/v1/workspace", json!({ "currency": "EURO", "time_zone": "Berlin" })).await;
    assert_eq!(refused.expect(422)["errors"].as_array().unwrap().len(), 2);
    let same = scene.admin.patch("/v1/workspace", settings).await.expect(200);
    assert_eq!(same["version"], set["version"], "nothing has changed");
}
