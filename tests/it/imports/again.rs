//! Exports that are brought in again.

use serde_json::{Value, json};

use super::{Scene, counts, job_file, text};

/// Everything of a record but what any write changes.
fn state(record: &Value) -> Value {
    let mut record = record.clone();
    for own in ["version", "updated_at", "updated_by"] {
        record.as_object_mut().unwrap().remove(own);
    }
    record
}

#[tokio::test]
async fn an_export_puts_every_record_back_as_it_was() {
    let scene = Scene::new().await;
    for (name, kind) in [
        ("budget", json!({ "type": "money" })),
        ("score", json!({ "type": "number", "decimals": 3 })),
        ("since", json!({ "type": "date" })),
        ("met_at", json!({ "type": "datetime" })),
        ("is_vip", json!({ "type": "boolean" })),
        ("tier", json!({ "type": "select", "options": [{ "value": "a", "label": "Gold; first" }, { "value": "b" }] })),
        ("likes", json!({ "type": "multi_select", "options": ["tea", "coffee; black"] })),
        ("twice", json!({ "type": "formula", "expression": "custom.score * 2" })),
    ] {
        let mut body = kind;
        body["name"] = json!(name);
        scene.me.post("/v1/schema/objects/contact/fields", body).await.expect(201);
    }
    let company = scene.me.post("/v1/companies", json!({ "name": "Engines, \"Ltd\"" })).await.expect(201);
    let ada = json!({
        "last_name": "=Lovelace", "email": "ada@example.com", "tags": ["a; b", "vip"], "company_id": company["id"],
        "phones": [{ "phone": "+4930901820", "label": "work" }], "description": "two\nlines, \"quoted\"",
        "external_id": { "source": "hubspot", "key": "42" }, "birthday": "1815-12-10",
        "addresses": [{ "label": "home", "city": "London" }],
        "custom": {
            "budget": { "amount": -1234, "currency": "JPY" }, "score": 1.234, "since": "2026-03-04",
            "met_at": "2026-03-04T05:06:07.089Z", "is_vip": false, "tier": "a", "likes": ["coffee; black", "tea"],
        },
    });
    let ada = scene.me.post("/v1/contacts", ada).await.expect(201);
    let alan =
        scene.me.post("/v1/contacts", json!({ "last_name": "Turing", "custom": { "score": 1000 } })).await.expect(201);
    let job = scene.me.post("/v1/exports", json!({ "object": "contact", "format": "csv" })).await.expect(202);
    let job = scene.finished(&job).await;
    let own = scene.me.get("/v1/me").await.expect(200);
    let key = format!("results/{}/{}/0", text(&own["workspace"]["id"]), text(&job["id"]));
    let file = scene.app.stack.app().files.get(&key).await.unwrap().unwrap();

    // Brought in as it is, it changes nothing.
    let upload = scene.upload(file).await;
    let asked = json!({ "files": [{ "upload": upload, "name": "contacts.csv" }], "new_fields": true });
    let import = scene.me.post("/v1/imports/preview", asked).await.expect(200)["import"].take();
    let unchanged = scene.imported(&import).await;
    assert_eq!(counts(&unchanged), [2, 2, 0, 0, 0], "{:?}\n{import:#}", scene.errors(&unchanged).await);

    // Whatever was changed since is as it was.
    let patch = json!({
        "last_name": "King", "city": "Paris", "tags": ["other"], "phones": [], "description": "x", "company_id": null, "birthday": "2000-01-01",
        "custom": { "budget": null, "score": 7, "is_vip": true, "tier": "b", "likes": ["tea"], "met_at": null },
    });
    scene.me.patch(&format!("/v1/contacts/{}", text(&ada["id"])), patch).await.expect(200);
    let back = scene.imported(&import).await;
    assert_eq!(counts(&back), [2, 2, 0, 1, 0], "{:?}", scene.errors(&back).await);
    for record in [ada, alan] {
        let now = scene.me.get(&format!("/v1/contacts/{}", text(&record["id"]))).await.expect(200);
        // Who changes company has worked at the one before.
        let mut now = state(&now);
        now["former_jobs"] = record["former_jobs"].clone();
        assert_eq!(now, state(&record));
    }
}

#[tokio::test]
async fn an_export_that_excel_has_saved_is_read_as_it_writes_days() {
    let scene = Scene::new().await;
    for (name, kind) in [("since", "date"), ("budget", "money")] {
        let field = json!({ "name": name, "type": kind });
        scene.me.post("/v1/schema/objects/contact/fields", field).await.expect(201);
    }
    let ada = scene.me.post("/v1/contacts", json!({ "last_name": "Lovelace" })).await.expect(201);
    // 1.234 could be a thousand in a file of somebody else; in an export of ours it is what it says.
    let rows = format!(
        "id,last_name,birthday,custom.since,custom.budget\n{},Lovelace,12/4/85,12/4/2026,1.234 BHD\n",
        text(&ada["id"])
    );
    let upload = scene.upload(rows).await;
    let asked = json!({ "files": [{ "upload": upload, "name": "contacts.csv" }] });
    let mut import = scene.me.post("/v1/imports/preview", asked).await.expect(200)["import"].take();
    let job = scene.imported(&import).await;
    assert_eq!(counts(&job), [1, 1, 0, 1, 0], "{:?}\n{import:#}", scene.errors(&job).await);
    let now = &scene.all("contacts", "last_name").await["Lovelace"];
    assert_eq!((&now["birthday"], &now["custom"]["since"]), (&json!("1985-12-04"), &json!("2026-12-04")));
    assert_eq!(now["custom"]["budget"], json!({ "amount": 1234, "currency": "BHD" }));

    // Where nobody says how days are written, none with two digits for its year is guessed at.
    for column in import["files"][0]["columns"].as_array_mut().unwrap() {
        column.as_object_mut().unwrap().remove("date");
    }
    import["files"][0]["upload"] = json!(scene.upload(format!("{}\n", rows_with_day(&ada, "12/4/26"))).await);
    let job = scene.imported(&import).await;
    assert_eq!(scene.errors(&job).await, [(2, "not_a_date".to_owned(), "birthday".to_owned())]);
}

fn rows_with_day(record: &Value, day: &str) -> String {
    format!(
        "id,last_name,birthday,custom.since,custom.budget\n{},Lovelace,{day},2026-12-04,1.234 BHD",
        text(&record["id"])
    )
}

#[tokio::test]
async fn an_export_with_the_trash_comes_in_again() {
    let scene = Scene::new().await;
    let kept = scene.me.post("/v1/contacts", json!({ "last_name": "Kept", "tags": ["a"] })).await.expect(201);
    let gone = scene.me.post("/v1/contacts", json!({ "last_name": "Gone", "email": "gone@example.com" })).await;
    let gone = gone.expect(201);
    scene.me.delete(&format!("/v1/contacts/{}", text(&gone["id"]))).await.expect(200);
    let asked = json!({ "object": "contact", "format": "csv", "archived": "include" });
    let job = scene.finished(&scene.me.post("/v1/exports", asked).await.expect(202)).await;
    let file = job_file(&scene, &job).await;
    let upload = scene.upload(file.clone()).await;
    let asked = json!({ "files": [{ "upload": upload, "name": "contacts.csv" }] });
    let mut import = scene.me.post("/v1/imports/preview", asked).await.expect(200)["import"].take();
    let unchanged = scene.imported(&import).await;
    assert_eq!(counts(&unchanged), [2, 2, 0, 0, 0], "{:?}", scene.errors(&unchanged).await);

    // What would change a record in the trash is refused as ever.
    import["files"][0]["upload"] = json!(scene.upload(file.replace("Gone", "Other").replace("Kept", "New")).await);
    let job = scene.imported(&import).await;
    assert_eq!(counts(&job), [2, 2, 0, 1, 1]);
    assert_eq!(scene.errors(&job).await, [(3, "archived".to_owned(), String::new())]);
    assert_eq!(scene.all("contacts", "last_name").await["New"]["id"], kept["id"]);
}
