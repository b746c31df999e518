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
async fn what_roles_and_keys_do_not_allow_is_noted() {
    let scene = Scene::new().await;
    let ada = scene.contact("Ada").await;
    let user = json!({ "name": "Rita", "email": "rita@example.com", "role": "rep" });
    let rita = scene.me.identity.post("/v1/users", user).await.expect(201)["id"].as_str().unwrap().to_owned();
    // The role lets them archive their own only: this one is Ada Admin's.
    let rita = {
        let user = rita.parse().unwrap();
        let tables = &scene.parts.tables;
        let key = identity::operator_key(tables, &scene.clock, &scene.parts.ids, scene.workspace, user).await.unwrap();
        (rita, Everything::of(&scene.parts, key.reveal()))
    };
    assert_eq!(rita.1.contacts.delete(&format!("/v1/contacts/{ada}")).await.refused(403), "denied");
    assert_eq!(rita.1.identity.post("/v1/roles", json!({ "name": "x_all" })).await.refused(403), "denied");
    assert_eq!(rita.1.privacy.get("/v1/audit").await.refused(403), "denied");
    let looks = json!({ "name": "looks", "role": "admin", "read_only": true });
    let looks = scene.me.identity.post("/v1/api_keys", looks).await.expect(201);
    let looks = Everything::of(&scene.parts, looks["secret"].as_str().unwrap());
    assert_eq!(
        looks.contacts.patch(&format!("/v1/contacts/{ada}"), json!({ "city": "Rome" })).await.refused(403),
        "denied"
    );
    let mut noted: Vec<Value> = denied(&scene.me)
        .await
        .iter()
        .map(|event| json!([event["changes"]["operation"]["after"], event["by"]["user"]]))
        .collect();
    noted.sort_by_key(Value::to_string);
    let expected = json!([
        ["archive_contact", rita.0],
        ["create_role", rita.0],
        ["list_audit", rita.0],
        ["update_contact", scene.user],
    ]);
    assert_eq!(json!(noted), expected);
}

#[tokio::test]
async fn nobody_fills_the_table_by_what_they_may_not_do() {
    let scene = Scene::new().await;
    let (_, viewer) = scene.with_role("viewer").await;
    let before = scene.app.items().len();
    let id = |kind: &str| format!("{kind}_{:032x}", 7);
    let (con, com) = (id("con"), id("com"));
    let attempts = [
        (Method::POST, "/v1/contacts".to_owned()),
        (Method::POST, "/v1/companies".to_owned()),
        (Method::PATCH, format!("/v1/contacts/{con}")),
        (Method::PATCH, format!("/v1/companies/{com}")),
        (Method::DELETE, format!("/v1/contacts/{con}")),
        (Method::DELETE, format!("/v1/companies/{com}")),
        (Method::POST, format!("/v1/contacts/{con}/restore")),
        (Method::POST, format!("/v1/companies/{com}/restore")),
        (Method::POST, format!("/v1/contacts/{con}/erase")),
        (Method::POST, format!("/v1/companies/{com}/erase")),
        (Method::POST, format!("/v1/contacts/{con}/merge")),
        (Method::POST, format!("/v1/companies/{com}/merge")),
    ];
    for _ in 0..5 {
        for (method, path) in &attempts {
            let body = json!({ "others": [con] });
            let body = if path.ends_with("/merge") { body } else { json!({}) };
            viewer.contacts.send(method.clone(), path, &[], Some(body)).await.refused(403);
        }
    }
    assert_eq!(scene.app.items().len() - before, 9, "eight one by one, and the others together");
    scene.clock.advance_millis(10_000);
    scene.me.contacts.get(&format!("/v1/contacts/{con}/history")).await;
    assert_eq!(scene.app.items().len() - before, 18, "what was counted of each");
    let noted = denied(&scene.me).await;
    let after = |event: &Value, name: &str| event["changes"][name]["after"].clone();
    let times: u64 = noted.iter().filter_map(|event| after(event, "times").as_u64()).sum();
    assert_eq!(times, 60, "none is lost");
    let several: Vec<Value> = noted.iter().filter(|event| after(event, "operation").is_null()).cloned().collect();
    assert_eq!(several.iter().filter_map(|event| after(event, "times").as_u64()).sum::<u64>(), 20);
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
