//! What somebody has tried and may not do, and what was handed out.

use http::Method;
use serde_json::{Value, json};

use super::{Everything, Scene};
use crate::app::App;

async fn denied(me: &Everything) -> Vec<Value> {
    me.audit("?action=denied").await["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_is_denied_is_noted_at_once_and_then_counted() {
    let scene = Scene::new().await;
    let (ada, eve) = (scene.contact("Ada").await, scene.contact("Eve").await);
    let (key, viewer) = scene.with_role("viewer").await;
    let attempt = async |id: &str| {
        let body = json!({ "city": "a secret place" });
        viewer.contacts.patch(&format!("/v1/contacts/{id}"), body).await.refused(403);
    };
    for id in [&ada, &ada, &eve, &ada] {
        attempt(id).await;
    }
    let noted = denied(&scene.me).await;
    assert_eq!(noted.len(), 1, "the others are counted");
    assert_eq!(noted[0]["by"], json!({ "user": scene.user, "api_key": key }));
    assert_eq!((&noted[0]["name"], &noted[0]["record"]), (&json!("user.denied"), &json!(scene.user)));
    let after = |event: &Value, name: &str| event["changes"][name]["after"].clone();
    let said = ["operation", "records", "times"].map(|name| after(&noted[0], name));
    assert_eq!(said, [json!("update_contact"), json!([ada]), json!(1)]);
    assert!(!json!(noted).to_string().contains("secret"), "never what was sent");
    viewer.contacts.delete(&format!("/v1/contacts/{ada}")).await.refused(403);
    assert_eq!(denied(&scene.me).await.len(), 2, "another operation is another thing");
    scene.clock.advance_millis(9_999);
    attempt(&eve).await;
    assert_eq!(denied(&scene.me).await.len(), 2);
    scene.clock.advance_millis(1);
    // Anybody's request brings what was only counted.
    scene.me.contacts.get(&format!("/v1/contacts/{ada}/history")).await.expect(200);
    let noted = denied(&scene.me).await;
    assert_eq!(noted.len(), 3);
    assert_eq!((after(&noted[0], "times"), after(&noted[0], "records")), (json!(4), json!([ada, eve])));
    let history = scene.me.identity.get(&format!("/v1/users/{}/history", scene.user)).await.expect(200);
    assert_eq!(history["data"].as_array().unwrap().len(), 1, "a user's history has nothing of it");
    let batch = json!({ "operations": [{ "op": "update", "id": ada, "data": { "city": "Bonn" } }] });
    let (_, other) = scene.with_role("viewer").await;
    other.contacts.post("/v1/contacts/batch", batch).await;
    assert_eq!(after(&denied(&scene.me).await[0], "operation"), "batch_contacts");
    assert_eq!(scene.me.contacts.send(Method::GET, "/v1/contacts/x/history", &[], None).await.status, 404);
    assert_eq!(denied(&scene.me).await.len(), 4, "what is not there is not denied");
}

#[tokio::test]
async fn files_that_are_handed_out_are_noted() {
    let app = App::start().await;
    let me = app.workspace("north").await;
    let job = me.post("/v1/exports", json!({ "object": "contact", "format": "csv" })).await.expect(202);
    app.drain().await;
    let job = job["id"].as_str().unwrap();
    for _ in 0..3 {
        let files = me.get(&format!("/v1/jobs/{job}/files")).await.expect(200);
        assert_eq!(files["data"].as_array().unwrap().len(), 1);
    }
    let audit = me.get("/v1/audit?action=exports").await.expect(200);
    let names: Vec<&str> =
        audit["data"].as_array().unwrap().iter().filter_map(|event| event["name"].as_str()).collect();
    assert_eq!(names, ["job.fetched", "job.created"]);
    assert_eq!(audit["data"][0]["record"], job);
    let changes = &audit["data"][0]["changes"];
    assert_eq!(json!([changes["kind"]["after"], changes["times"]["after"]]), json!(["export", 1]));
    assert_eq!(
        me.get(&format!("/v1/audit?record={job}&action=job.fetched")).await.expect(200)["data"][0]["record"],
        job
    );
}
