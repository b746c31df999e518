//! Workers that are killed in the middle of an import: no row is doubled, none is lost, and the counts are right.

use serde_json::{Value, json};

use super::{counts, text, upload};
use crate::jobs::killed::{Rig, killed_at};

/// Passes if everything that the import of a number has brought is there once, and as the last row says.
async fn is_whole(rig: &Rig, number: u64) {
    let find = async |name: &str| {
        let path = format!("/v1/contacts?email={name}@x{number}.com");
        rig.me.get(&path).await.expect(200)["data"][0].clone()
    };
    let ada = find("ada").await;
    assert_eq!(ada["version"], 1, "killed at {number}");
    let grace = find("grace").await;
    assert_eq!((&grace["version"], &grace["city"]), (&json!(2), &json!("Arlington")), "killed at {number}");
    let fleet = rig.me.get(&format!("/v1/companies?name=Fleet{number}&include=parent")).await.expect(200);
    assert_eq!(fleet["data"].as_array().unwrap().len(), 1, "killed at {number}");
    assert_ne!(fleet["data"][0]["parent_id"], Value::Null, "killed at {number}");
    let berths = rig.me.get(&format!("/v1/x_berths?name={number}&include=custom.navy")).await.expect(200);
    assert_eq!(berths["data"].as_array().unwrap().len(), 1, "killed at {number}");
    assert_eq!(berths["data"][0]["version"], 1, "killed at {number}");
    assert_eq!(berths["data"][0]["custom"]["navy"], fleet["data"][0]["parent_id"], "killed at {number}");
}

#[tokio::test]
async fn an_import_whose_worker_is_killed_anywhere_has_the_same_result() {
    let rig = Rig::with(0).await;
    rig.me.post("/v1/schema/objects", json!({ "name": "x_berth", "plural": "x_berths" })).await.expect(201);
    let navy = json!({ "name": "navy", "type": "reference", "object": "company", "required": true });
    rig.me.post("/v1/schema/objects/x_berth/fields", navy).await.expect(201);
    // Few enough for the test, and of every sort: made, changed, unchanged, wrong, about one record, linked later, made later.
    let rows = "Last Name,Email,City,Company\n\
        Lovelace,ada@example.com,London,\n\
        Babbage,no email,London,\n\
        Hopper,grace@example.com,New York,Navy\n\
        Hopper,grace@example.com,Arlington,Navy\n";
    let (mut number, mut deaths) = (1, 0);
    loop {
        let people =
            upload(&rig.app().files, &rig.me, rows.replace("@example", &format!("@x{number}")).into_bytes()).await;
        let berths =
            upload(&rig.app().files, &rig.me, format!("Name,Navy\n{number},Navy{number}\n").into_bytes()).await;
        let companies = format!("Name,Parent\nFleet{number},Navy{number}\nNavy{number},\n");
        let companies = upload(&rig.app().files, &rig.me, companies.into_bytes()).await;
        let import = json!({ "files": [
            { "upload": people, "name": "people.csv", "object": "contact", "match_by": ["email"], "columns": [
                { "column": 0, "field": "last_name" }, { "column": 1, "field": "email" }, { "column": 2, "field": "city" },
            ] },
            { "upload": berths, "name": "berths.csv", "object": "x_berth", "columns": [
                { "column": 0, "field": "name" }, { "column": 1, "field": "custom.navy", "by": "external_id", "source": "navy" },
            ] },
            { "upload": companies, "name": "companies.csv", "object": "company", "match_by": ["external_id"], "columns": [
                { "column": 0, "field": "name" }, { "column": 0, "field": "external_id", "source": "navy" },
                { "column": 1, "field": "parent_id", "by": "external_id", "source": "navy" },
            ] },
        ] });
        let job = rig.me.post("/v1/imports", import).await.expect(202);
        let event = rig.message(&job).await;
        let is_killed = killed_at(&rig, event.clone(), number, number % 2 == 0).await;
        let job = rig.carried_out(&job, event).await;
        assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [7, 7, 5, 6, 1]), "killed at {number}");
        rig.drain().await;
        is_whole(&rig, number).await;
        if !is_killed {
            break;
        }
        deaths += 1;
        number += 1;
    }
    assert!(deaths > 20, "the worker died only {deaths} times");
    rig.drain().await;
    let page = rig.me.get("/v1/contacts?limit=1&count=exact").await.expect(200);
    assert_eq!(page["count"], 2 * number, "two contacts of each round");
}

#[tokio::test]
async fn an_import_is_taken_back_once_wherever_the_worker_of_its_undo_is_killed() {
    let rig = Rig::with(2).await;
    let known = rig.me.get(&format!("/v1/contacts/{}", rig.ids[0])).await.expect(200);
    let columns = json!([{ "column": 0, "field": "email" }, { "column": 1, "field": "city" }]);
    let (mut number, mut deaths) = (1, 0);
    loop {
        // One record is made, one is changed, one stays as it is, and one is never made.
        let rows =
            format!("Email,City\nnew{number}@example.com,Rome\np0@example.com,Rome\np1@example.com,\nno email,Rome\n");
        let upload = upload(&rig.app().files, &rig.me, rows.into_bytes()).await;
        let file = json!({ "upload": upload, "object": "contact", "match_by": ["email"], "columns": columns });
        let import = rig.me.post("/v1/imports", json!({ "files": [file] })).await.expect(202);
        let event = rig.message(&import).await;
        assert_eq!(counts(&rig.carried_out(&import, event).await), [4, 4, 1, 2, 1]);

        let undo = rig.me.post(&format!("/v1/jobs/{}/undo", text(&import["id"])), json!({})).await.expect(202);
        let event = rig.message(&undo).await;
        let is_killed = killed_at(&rig, event.clone(), number, number % 2 == 0).await;
        let undo = rig.carried_out(&undo, event).await;
        let counted = ["done", "changed", "kept", "failed"].map(|name| undo["counts"][name].as_u64().unwrap_or(0));
        assert_eq!((text(&undo["state"]), counted), ("done".into(), [4, 2, 0, 0]), "killed at {number}");
        let after = rig.me.get(&format!("/v1/contacts/{}", rig.ids[0])).await.expect(200);
        assert_eq!((&after["version"], &after["city"]), (&json!(2 * number + 1), &known["city"]), "killed at {number}");
        let history = rig.me.get(&format!("/v1/contacts/{}/history", rig.ids[0])).await.expect(200);
        let by_undo = history["data"].as_array().unwrap().iter().filter(|event| event["job"] == undo["id"]).count();
        assert_eq!(by_undo, 1, "killed at {number}");
        if !is_killed {
            break;
        }
        deaths += 1;
        number += 1;
    }
    assert!(deaths > 8, "the worker died only {deaths} times");
    rig.drain().await;
    let page = rig.me.get("/v1/contacts?limit=1&count=exact").await.expect(200);
    assert_eq!(page["count"], 2, "what was made is in the trash");
}
