//! Workers that are killed in the middle of an import: no row is doubled, none is lost, and the counts are right.

use jobs::Worker;
use serde_json::json;

use super::{counts, text, upload};
use crate::jobs::killed::{Rig, killed_at};

#[tokio::test]
async fn an_import_whose_worker_is_killed_anywhere_has_the_same_result() {
    let rig = Rig::with(0).await;
    // Few enough for the test, and of every sort: made, changed, unchanged, wrong, about one record, linked later.
    let rows = "Last Name,Email,City,Company\n\
        Lovelace,ada@example.com,London,\n\
        Babbage,no email,London,\n\
        Hopper,grace@example.com,New York,Navy\n\
        Hopper,grace@example.com,Arlington,Navy\n";
    let (mut number, mut deaths) = (1, 0);
    loop {
        let people =
            upload(&rig.app().files, &rig.me, rows.replace("@example", &format!("@x{number}")).into_bytes()).await;
        let companies = upload(&rig.app().files, &rig.me, format!("Name\nNavy{number}\n").into_bytes()).await;
        let import = json!({ "files": [
            { "upload": people, "name": "people.csv", "object": "contact", "match_by": ["email"], "columns": [
                { "column": 0, "field": "last_name" }, { "column": 1, "field": "email" }, { "column": 2, "field": "city" },
            ] },
            { "upload": companies, "name": "companies.csv", "object": "company", "columns": [{ "column": 0, "field": "name" }] },
        ] });
        let job = rig.me.post("/v1/imports", import).await.expect(202);
        let event = rig.message(&job).await;
        let is_killed = killed_at(&rig, event.clone(), number, number % 2 == 0).await;
        let response = Box::pin(Worker::default().handle(&rig.app(), event)).await;
        assert!(response.batch_item_failures.is_empty());
        let job = rig.job(&job).await;
        assert_eq!((text(&job["state"]), counts(&job)), ("done".into(), [5, 5, 3, 4, 1]), "killed at {number}");
        rig.drain().await;
        let find = async |name: &str| {
            let path = format!("/v1/contacts?email={name}@x{number}.com");
            rig.me.get(&path).await.expect(200)["data"][0].clone()
        };
        let ada = find("ada").await;
        assert_eq!(ada["version"], 1, "killed at {number}");
        let grace = find("grace").await;
        assert_eq!((&grace["version"], &grace["city"]), (&json!(2), &json!("Arlington")), "killed at {number}");
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
