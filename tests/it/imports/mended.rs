//! The rows that failed, as files that people mend and bring in again.

use serde_json::{Value, json};

use super::{Scene, counts, job_file};

#[tokio::test]
async fn a_row_with_more_cells_than_headers_is_not_written() {
    let scene = Scene::new().await;
    let rows = "Id,Name,City,Country\n1,Acme, Inc.,Berlin,Germany\n2,Beta,Bonn,Germany,, \n3,Gamma\n";
    let upload = scene.upload(rows).await;
    let columns = json!([{ "column": 1, "field": "name" }, { "column": 2, "field": "city" }, { "column": 3, "field": "country" }]);
    let file = json!({ "upload": upload, "object": "company", "columns": columns });
    let job = scene.imported(&json!({ "files": [file] })).await;
    assert_eq!(counts(&job), [3, 3, 2, 2, 1]);
    assert_eq!(scene.errors(&job).await, [(2, "too_many_cells".to_owned(), String::new())]);
    assert_eq!(scene.all("companies", "name").await.keys().collect::<Vec<_>>(), ["Beta", "Gamma"]);
    // Nothing of the row is left out of the file that is to be mended.
    let errors = job_file(&scene, &job).await;
    let row = errors.lines().nth(1).unwrap();
    assert!(row.starts_with("1,Acme, Inc.,Berlin,") && row.ends_with(",Germany"), "{row}");
}

/// The import of a file as a preview proposes it, with fields for what is not known.
async fn proposed(scene: &Scene, bytes: impl Into<Vec<u8>>) -> Value {
    let upload = scene.upload(bytes).await;
    let asked =
        json!({ "files": [{ "upload": upload, "name": "people.csv", "object": "contact" }], "new_fields": true });
    scene.me.post("/v1/imports/preview", asked).await.expect(200)["import"].take()
}

#[tokio::test]
async fn rows_that_fail_again_have_one_reason_and_it_is_no_field() {
    let scene = Scene::new().await;
    let rows =
        "Last Name,Email,Favourite\nBabbage,not an email,tea and cake\nLovelace,ada@example.com,coffee and cake\n";
    let first = scene.imported(&proposed(&scene, rows).await).await;
    assert_eq!(counts(&first)[4], 1);
    let errors = job_file(&scene, &first).await;
    let again = proposed(&scene, errors).await;
    let columns = again["files"][0]["columns"].as_array().unwrap();
    let fields: Vec<&Value> = columns.iter().map(|column| &column["field"]).collect();
    assert_eq!(fields, ["last_name", "email", "custom.favourite"]);
    let second = scene.imported(&again).await;
    assert_eq!(counts(&second), [1, 1, 0, 0, 1]);
    let errors = job_file(&scene, &second).await;
    let mut lines = errors.trim_start_matches('\u{feff}').lines();
    assert_eq!(lines.next(), Some("Last Name,Email,Favourite,rapport_error"));
    let row = lines.next().unwrap();
    assert_eq!(row.matches("Email: ").count(), 1, "{row}");
}

#[tokio::test]
async fn headers_that_are_mostly_blank_are_headers_in_the_file_of_what_failed() {
    let scene = Scene::new().await;
    let errors = "\u{feff}Name,,,,rapport_error\r\nAda,b,c,d,no such day\r\n";
    let asked = json!({ "files": [{ "upload": scene.upload(errors).await, "object": "contact" }] });
    let seen = scene.me.post("/v1/imports/preview", asked).await.expect(200);
    assert_eq!(
        (&seen["files"][0]["header_row"], &seen["files"][0]["rows"][0][0]),
        (&json!(0), &json!("Ada")),
        "{seen:#}"
    );
}

#[tokio::test]
async fn there_is_no_file_where_no_row_can_come_again() {
    let scene = Scene::new().await;
    let contacts = scene.upload("Name,Company\nLovelace,Nobody\n").await;
    let companies = scene.upload("Name\nEngines\n").await;
    let job = scene
        .imported(&json!({ "files": [
            { "upload": contacts, "object": "contact", "columns": [
                { "column": 0, "field": "last_name" }, { "column": 1, "field": "company_id", "by": "name" },
            ] },
            { "upload": companies, "object": "company", "columns": [{ "column": 0, "field": "name" }] },
        ] }))
        .await;
    assert_eq!(counts(&job), [2, 2, 2, 2, 1]);
    let files = scene.me.get(&format!("/v1/jobs/{}/files", job["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(files["data"], json!([]));
}

#[tokio::test]
async fn as_many_columns_as_a_file_may_have_come_back_with_the_reason_beside_them() {
    let scene = Scene::new().await;
    let wide =
        |columns: usize, first: &str| (1..columns).fold(first.to_owned(), |row, number| format!("{row},{number}"));
    let file =
        |upload: &str| json!({ "upload": upload, "object": "contact", "columns": [{ "column": 0, "field": "email" }] });
    let import = |upload: &str| json!({ "files": [file(upload)] });
    let upload = scene.upload(format!("{}\n{}\n", wide(500, "Email"), wide(500, "no email"))).await;
    let job = scene.imported(&import(&upload)).await;
    assert_eq!(counts(&job), [1, 1, 0, 0, 1]);
    let mended = job_file(&scene, &job).await.replace("no email", "ada@example.com");
    let job = scene.imported(&import(&scene.upload(mended).await)).await;
    assert_eq!(counts(&job), [1, 1, 1, 1, 0], "{:?}", scene.errors(&job).await);
    let upload = scene.upload(format!("{}\n", wide(501, "Email"))).await;
    let problem = scene.me.post("/v1/imports", import(&upload)).await.expect(422);
    assert_eq!(problem["errors"][0]["code"], "too_many_columns", "{problem:#}");
}

#[tokio::test]
async fn a_row_that_nothing_tells_from_another_one_does_not_come_again_once_it_is_written() {
    let scene = Scene::new().await;
    let contacts = scene.upload("Name,Email,Company\nLovelace,,Nobody\nHopper,grace@example.com,Nobody\n").await;
    let companies = scene.upload("Name\nEngines\n").await;
    let job = scene
        .imported(&json!({ "files": [
            { "upload": contacts, "object": "contact", "match_by": ["email"], "columns": [
                { "column": 0, "field": "last_name" }, { "column": 1, "field": "email" },
                { "column": 2, "field": "company_id", "by": "name" },
            ] },
            { "upload": companies, "object": "company", "columns": [{ "column": 0, "field": "name" }] },
        ] }))
        .await;
    assert_eq!(counts(&job), [3, 3, 3, 3, 2], "{:?}", scene.errors(&job).await);
    let errors = job_file(&scene, &job).await;
    let rows: Vec<&str> = errors.lines().skip(1).filter_map(|row| row.split(',').next()).collect();
    assert_eq!(rows, ["Hopper"]);
}
