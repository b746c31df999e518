//! Giving everything that is one user's to another.

use http::Method;
use serde_json::{Value, json};

use super::killed::{Rig, killed_at};
use super::{Scene, counts, text};
use crate::app::Caller;

async fn user(me: &Caller, name: &str, role: &str) -> String {
    let user = json!({ "name": name, "email": format!("{name}@people.example"), "role": role });
    text(&me.post("/v1/users", user).await.expect(201)["id"])
}

/// Whose a record is.
async fn owner(me: &Caller, path: &str) -> String {
    text(&me.get(path).await.expect(200)["owner_id"])
}

#[tokio::test]
async fn who_leaves_takes_nothing_along() {
    let scene = Scene::with(130).await;
    let (rita, sam) = (user(&scene.me, "rita", "admin").await, user(&scene.me, "sam", "rep").await);
    let ritas = scene.app.key_of(&scene.me, &rita).await;
    scene.edited(json!({ "ids": scene.ids[..120], "change": { "owner_id": rita } })).await;
    scene.me.delete(&scene.path(3)).await.expect(200);
    let object = json!({ "name": "x_thing", "plural": "x_things", "label": "Thing", "private": true });
    scene.me.post("/v1/schema/objects", object).await.expect(201);
    let mut hers = Vec::new();
    for (plural, body) in [
        ("companies", json!({ "name": "Acme" })),
        ("x_things", json!({ "name": "Secret" })),
        ("views", json!({ "name": "Mine", "of": "contact" })),
    ] {
        let id = text(&ritas.post(&format!("/v1/{plural}"), body).await.expect(201)["id"]);
        hers.push(format!("/v1/{plural}/{id}"));
    }
    // What was given up does not stand in the way.
    let old = json!({ "name": "x_old", "plural": "x_olds", "label": "Old" });
    scene.me.post("/v1/schema/objects", old).await.expect(201);
    scene.me.delete("/v1/schema/objects/x_old").await.expect(200);
    scene.app.drain().await;

    let path = format!("/v1/users/{rita}/reassign");
    let started = scene.me.post(&path, json!({ "to": sam, "deactivate": true })).await;
    assert_eq!(started.header("location"), format!("/v1/jobs/{}", text(&started.body["id"])));
    let job = started.expect(202);
    assert_eq!((&job["kind"], &job["about"]), (&json!("reassign"), &json!(rita)));
    assert_eq!(ritas.get("/v1/me").await.refused(401), "unauthenticated", "she is out at once");
    let job = scene.finished(&job).await;
    assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [123, 123, 123, 0, 0]));
    for path in hers.iter().cloned().chain([scene.path(0), scene.path(3), scene.path(119)]) {
        assert_eq!(owner(&scene.me, &path).await, sam, "{path}");
    }
    assert_ne!(owner(&scene.me, &scene.path(120)).await, sam);
    let hers_still = scene.me.get(&format!("/v1/contacts?owner_id={rita}&archived=any&count=exact")).await.expect(200);
    assert_eq!(hers_still["count"], 0);

    // What somebody has given on since stays where it is.
    let me = text(&scene.me.get("/v1/me").await.expect(200)["user"]["id"]);
    scene.me.patch(&scene.path(0), json!({ "owner_id": me })).await.expect(200);
    scene.me.post(&format!("/v1/users/{rita}/restore"), json!({})).await.expect(200);
    let undone = scene.undone(&job).await;
    assert_eq!((text(&undone["state"]), counts(&undone)), ("done".into(), [123, 123, 122, 1, 0]));
    assert_eq!(owner(&scene.me, &scene.path(0)).await, me);
    for path in hers.iter().cloned().chain([scene.path(3), scene.path(119)]) {
        assert_eq!(owner(&scene.me, &path).await, rita, "{path}");
    }
}

#[tokio::test]
async fn it_takes_whoever_manages_users_and_somebody_who_is_there() {
    let scene = Scene::with(1).await;
    let (rita, sam) = (user(&scene.me, "rita", "rep").await, user(&scene.me, "sam", "manager").await);
    let path = format!("/v1/users/{rita}/reassign");
    let sams = scene.app.key_of(&scene.me, &sam).await;
    assert_eq!(sams.post(&path, json!({ "to": sam })).await.refused(403), "denied");
    // Whoever may not change everything gives nothing away, least of all to themselves.
    let clerk = json!({ "name": "x_clerk", "capabilities": ["manage_users"] });
    scene.me.post("/v1/roles", clerk).await.expect(201);
    let clerk = user(&scene.me, "clerk", "x_clerk").await;
    let clerks = scene.app.key_of(&scene.me, &clerk).await;
    assert_eq!(clerks.post(&path, json!({ "to": clerk })).await.refused(403), "denied");
    let gone = user(&scene.me, "gone", "rep").await;
    scene.me.delete(&format!("/v1/users/{gone}")).await.expect(200);
    for (bad, pointer) in [
        (json!({}), "/to"),
        (json!({ "to": "sam" }), "/to"),
        (json!({ "to": rita }), "/to"),
        (json!({ "to": gone }), "/to"),
        (json!({ "to": format!("usr_{}", "0".repeat(32)) }), "/to"),
        (json!({ "to": sam, "deactivate": 1 }), "/deactivate"),
        (json!({ "to": sam, "objects": [] }), "/objects"),
    ] {
        let refused = scene.me.post(&path, bad.clone()).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{bad}");
    }
    let nobody = format!("/v1/users/usr_{}/reassign", "0".repeat(32));
    assert_eq!(scene.me.post(&nobody, json!({ "to": sam })).await.refused(404), "not_found");
    // Nobody locks themselves out with it.
    let me = text(&scene.me.get("/v1/me").await.expect(200)["user"]["id"]);
    let oneself = json!({ "to": sam, "deactivate": true });
    assert_eq!(scene.me.post(&format!("/v1/users/{me}/reassign"), oneself).await.refused(409), "oneself");
    // Tried, it does nothing; asked twice with one key it starts one job.
    let body = json!({ "to": sam, "deactivate": true });
    scene.me.post(&format!("{path}?validate=only"), body.clone()).await.expect(202);
    assert_eq!(scene.me.get(&format!("/v1/users/{rita}")).await.expect(200)["archived_at"], Value::Null);
    let once = [("idempotency-key", "one")];
    let first = scene.me.send(Method::POST, &path, &once, Some(body.clone())).await.expect(202);
    let again = scene.me.send(Method::POST, &path, &once, Some(body)).await.expect(202);
    assert_eq!(first["id"], again["id"]);
    let job = scene.finished(&first).await;
    assert_eq!(counts(&job)[..2], [0, 0], "she had nothing");
}

#[tokio::test]
async fn a_worker_that_is_killed_anywhere_gives_everything_once() {
    let rig = Rig::with(5).await;
    let (one, other) = (user(&rig.me, "one", "rep").await, user(&rig.me, "other", "rep").await);
    let all = json!({ "ids": rig.ids, "change": { "owner_id": one } });
    let job = rig.start(all).await;
    let event = rig.message(&job).await;
    rig.carried_out(&job, event).await;
    rig.drain().await;
    let (mut from, mut to) = (one, other);
    let mut number = 1;
    loop {
        let job = rig.me.post(&format!("/v1/users/{from}/reassign"), json!({ "to": to })).await.expect(202);
        let event = rig.message(&job).await;
        let killed = killed_at(&rig, event.clone(), number, number % 2 == 0).await;
        let job = rig.carried_out(&job, event).await;
        assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [5, 5, 5, 0, 0]), "killed at {number}");
        for id in &rig.ids {
            assert_eq!(owner(&rig.me, &format!("/v1/contacts/{id}")).await, to, "killed at {number}");
        }
        rig.drain().await;
        if !killed {
            break;
        }
        number += 2;
        (from, to) = (to, from);
    }
    assert!(number > 20, "the worker died only up to its request {number}");
}
