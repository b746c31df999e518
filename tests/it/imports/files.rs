//! Files that cannot be brought in, and who may not bring one in.

use serde_json::{Value, json};

use super::{Scene, text, upload_as};

fn import(upload: &str) -> Value {
    let columns = json!([{ "column": 0, "field": "last_name" }]);
    json!({ "files": [{ "upload": upload, "object": "contact", "columns": columns }] })
}

#[tokio::test]
async fn what_is_no_text_is_refused_before_anything_is_written() {
    let scene = Scene::new().await;
    for bytes in [b"PK\x03\x04 a bomb".as_slice(), b"\x1f\x8b\x08\0packed", b"%PDF-1.7\n"] {
        let upload = scene.upload(bytes).await;
        let problem = scene.me.post("/v1/imports", import(&upload)).await.expect(422);
        assert_eq!(problem["errors"][0]["code"], "not_text", "{problem:#}");
        assert_eq!(problem["errors"][0]["pointer"], "/files/0/upload");
        let asked = json!({ "files": [{ "upload": upload }] });
        scene.me.post("/v1/imports/preview", asked).await.expect(422);
    }
    let gone = "upl_00000000000000000000000000000000";
    assert_eq!(scene.me.post("/v1/imports", import(gone)).await.expect(422)["errors"][0]["code"], "unknown_upload");
}

#[tokio::test]
async fn a_row_without_an_end_fails_the_import_and_nothing_of_the_file_is_written() {
    let scene = Scene::new().await;
    let mut bytes = b"Last Name\n".to_vec();
    for number in 0..1000 {
        bytes.extend_from_slice(format!("Person {number}\n").as_bytes());
    }
    // A quotation mark that never ends.
    bytes.push(b'"');
    bytes.resize(bytes.len() + 3_000_000, b'x');
    let upload = scene.upload(bytes).await;
    let job = scene.me.post("/v1/imports", import(&upload)).await.expect(202);
    let job = scene.finished(&job).await;
    assert_eq!((text(&job["state"]), job["counts"]["done"].as_u64()), ("failed".to_owned(), Some(0)));
    assert!(text(&job["error"]).contains("line 1002"), "{job:#}");
    assert!(scene.all("contacts", "last_name").await.is_empty());
}

#[tokio::test]
async fn what_an_import_says_is_checked_as_a_whole() {
    let scene = Scene::new().await;
    let upload = scene.upload("Name,Name,Company\nAda,A,Engines\n").await;
    let body = json!({ "files": [
        { "upload": upload, "object": "contact", "match_by": ["city", "email"], "columns": [
            { "column": "Name", "field": "last_name" }, { "column": 7, "field": "last_name" },
            { "column": 0, "field": "nothing" }, { "column": 0, "field": "email", "currency": "EURO" },
            { "column": 2, "field": "company_id", "by": "city" }, { "column": 0, "field": "phones", "part": { "item": "work", "member": "fax" } },
        ] },
        { "upload": upload, "object": "user", "columns": [{ "column": 0, "field": "name" }] },
    ] });
    let problem = scene.me.post("/v1/imports", body).await.expect(422);
    let mut found: Vec<(String, String)> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (text(&error["pointer"]), text(&error["code"])))
        .collect();
    found.sort();
    let wanted = [
        ("/files/0/columns/0/column", "ambiguous"),
        ("/files/0/columns/1/column", "unknown_column"),
        ("/files/0/columns/2/field", "unknown_field"),
        ("/files/0/columns/3/currency", "unknown_currency"),
        ("/files/0/columns/4/by", "not_unique"),
        ("/files/0/columns/5/part/member", "unknown_field"),
        ("/files/0/match_by/0", "not_unique"),
        ("/files/0/match_by/1", "no_column"),
        ("/files/1/object", "unknown_object"),
    ];
    assert_eq!(found, wanted.map(|(at, code)| (at.to_owned(), code.to_owned())));
    let typo = json!({ "files": [{ "upload": upload, "object": "contact", "columns": [{ "column": 0, "field": "x", "colour": 1 }] }] });
    let problem = scene.me.post("/v1/imports", typo).await.expect(422);
    assert_eq!(problem["errors"][0]["pointer"], "/files/0/columns/0/colour");
}

#[tokio::test]
async fn nobody_brings_in_what_they_may_not_write_or_somebody_elses_file() {
    let scene = Scene::new().await;
    let upload = scene.upload("Last Name,Tier\nLovelace,gold\n").await;
    let viewer = scene.me.with_role("viewer").await;
    assert_eq!(viewer.post("/v1/imports", import(&upload)).await.refused(403), "denied");
    assert_eq!(
        viewer.post("/v1/imports/preview", json!({ "files": [{ "upload": upload }] })).await.refused(403),
        "denied"
    );
    // New fields are for administrators.
    let rep = scene.me.with_role("rep").await;
    let mut body = import(&upload);
    let new = json!({ "column": 1, "field": "custom.tier", "new_field": { "type": "text" } });
    body["files"][0]["columns"].as_array_mut().unwrap().push(new);
    assert_eq!(rep.post("/v1/imports", body).await.refused(403), "denied");
    // Another workspace has no such file.
    let other = scene.app.workspace("south").await;
    assert_eq!(other.post("/v1/imports", import(&upload)).await.expect(422)["errors"][0]["code"], "unknown_upload");
}

#[tokio::test]
async fn letters_that_cannot_be_read_fail_the_import_and_none_of_them_is_lost() {
    let scene = Scene::new().await;
    // Behind what is looked at to find the encoding out, of which all is ASCII.
    let note = "x".repeat(400);
    let rows: String = (0..200).map(|number| format!("Person {number},{note}\n")).collect();
    let bytes = [b"Last Name,Note\n", rows.as_bytes(), b"M\xfcller,\n"].concat();
    let upload = scene.upload(bytes).await;
    let job = scene.finished(&scene.me.post("/v1/imports", import(&upload)).await.expect(202)).await;
    assert_eq!((text(&job["state"]), job["counts"]["done"].as_u64()), ("failed".to_owned(), Some(0)));
    assert!(text(&job["error"]).contains("line 202 is no UTF-8"), "{job:#}");
    assert!(scene.all("contacts", "last_name").await.is_empty());

    let mut body = import(&upload);
    body["files"][0]["encoding"] = json!("windows-1252");
    let job = scene.imported(&body).await;
    assert_eq!(job["counts"]["created"], 201);
    scene.app.drain().await;
    let found = scene.me.get("/v1/contacts?last_name=M%C3%BCller").await.expect(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_that_is_put_in_the_place_of_another_ends_the_import() {
    let scene = Scene::new().await;
    let upload = scene.upload("Last Name\nLovelace\n").await;
    let job = scene.me.post("/v1/imports", import(&upload)).await.expect(202);
    upload_as(&scene.app.stack.app().files, &scene.me, &upload, b"Last Name\nBabbage\n".to_vec()).await;
    let job = scene.finished(&job).await;
    assert_eq!((text(&job["state"]), job["counts"]["done"].as_u64()), ("failed".to_owned(), Some(0)));
    assert!(text(&job["error"]).contains("uploaded anew"), "{job:#}");
    assert!(scene.all("contacts", "last_name").await.is_empty());
}
