//! Imports that are taken back, and those that are cancelled on the way.

use serde_json::{Value, json};

use super::{Scene, counts, text};

#[tokio::test]
async fn an_import_is_taken_back_but_for_what_people_have_changed_since() {
    let scene = Scene::new().await;
    let known = scene
        .me
        .post("/v1/contacts", json!({ "last_name": "Known", "email": "known@example.com", "tags": ["old"] }))
        .await
        .expect(201);
    let rows = "Last Name,Email,Tags,City\nNew,new@example.com,a; b,Bonn\nKnown,known@example.com,old; fresh,Berlin\nTouched,touched@example.com,,Bonn\n";
    let upload = scene.upload(rows).await;
    let import = json!({ "files": [{ "upload": upload, "name": "people.csv", "object": "contact", "match_by": ["email"], "columns": [
        { "column": 0, "field": "last_name" }, { "column": 1, "field": "email" }, { "column": 2, "field": "tags" },
        { "column": 3, "field": "city" },
    ] }], "automations": "skip" });
    let job = scene.imported(&import).await;
    assert_eq!(counts(&job), [3, 3, 2, 3, 0]);
    let contacts = scene.all("contacts", "last_name").await;
    assert_eq!(contacts["Known"]["tags"], json!(["old", "fresh"]));
    let touched = format!("/v1/contacts/{}", text(&contacts["Touched"]["id"]));
    scene.me.patch(&touched, json!({ "city": "Hamburg" })).await.expect(200);
    // Whoever reacts to events is told which ones nothing is to follow from.
    let quiet = scene
        .app
        .items()
        .into_iter()
        .filter(|item| item.contains("contact.created") && item.contains("\"quiet\":{\"BOOL\":true}"));
    assert_eq!(quiet.count(), 2);

    let undo = scene.undone(&job).await;
    assert_eq!((undo["counts"]["changed"].as_u64(), undo["counts"]["kept"].as_u64()), (Some(2), Some(1)), "{undo:#}");
    let left = scene.all("contacts", "last_name").await;
    assert_eq!(left.keys().collect::<Vec<_>>(), ["Known", "Touched"]);
    assert_eq!((&left["Known"]["tags"], &left["Known"]["city"]), (&known["tags"], &known["city"]));
    // The undo is taken back as well.
    scene.undone(&undo).await;
    assert_eq!(scene.all("contacts", "last_name").await.len(), 3);
}

/// Rows of contacts in batches of three: each has so much beside what is read that no more fit into one.
fn large(rows: &[(&str, &str)]) -> String {
    let note = "x".repeat(700_000);
    let row = |(name, city): &(&str, &str)| format!("{name},{name}@example.com,{city},{note}\n");
    rows.iter().map(row).fold("Name,Email,City,Note\n".to_owned(), |file, row| file + &row)
}

#[tokio::test]
async fn a_record_that_two_batches_were_about_is_counted_once() {
    let scene = Scene::new().await;
    for name in ["known", "touched"] {
        let body = json!({ "last_name": name, "email": format!("{name}@example.com") });
        scene.me.post("/v1/contacts", body).await.expect(201);
    }
    let rows = [("known", "Bonn"), ("touched", "Bonn"), ("other", "Bonn"), ("known", "Ulm"), ("touched", "Ulm")];
    let upload = scene.upload(large(&rows)).await;
    let columns = json!([
        { "column": 0, "field": "last_name" }, { "column": 1, "field": "email" }, { "column": 2, "field": "city" },
    ]);
    let file = json!({ "upload": upload, "object": "contact", "match_by": ["email"], "columns": columns });
    let job = scene.imported(&json!({ "files": [file] })).await;
    assert_eq!(counts(&job), [5, 5, 1, 5, 0]);
    let touched = format!("/v1/contacts/{}", text(&scene.all("contacts", "last_name").await["touched"]["id"]));
    scene.me.patch(&touched, json!({ "city": "Jena" })).await.expect(200);
    let undo = scene.undone(&job).await;
    let counted = ["changed", "kept", "failed"].map(|name| undo["counts"][name].as_u64().unwrap_or(0));
    assert_eq!((counted, scene.errors(&undo).await.len()), ([2, 1, 0], 1), "{undo:#}");
    let left = scene.all("contacts", "last_name").await;
    assert_eq!((&left["known"]["city"], &left["touched"]["city"]), (&Value::Null, &json!("Jena")));
}

#[tokio::test]
async fn rows_that_were_refused_are_no_failure_of_the_undo_nor_of_its_undo() {
    let scene = Scene::new().await;
    let rows = "Name,Email\nGood,good@example.com\nBad,no email\n";
    let upload = scene.upload(rows).await;
    let columns = json!([{ "column": 0, "field": "last_name" }, { "column": 1, "field": "email" }]);
    let job =
        scene.imported(&json!({ "files": [{ "upload": upload, "object": "contact", "columns": columns }] })).await;
    assert_eq!(counts(&job), [2, 2, 1, 1, 1]);
    let undo = scene.undone(&job).await;
    let redo = scene.undone(&undo).await;
    for job in [&undo, &redo, &scene.undone(&redo).await] {
        let counted = ["changed", "failed"].map(|name| job["counts"][name].as_u64().unwrap_or(0));
        assert_eq!((counted, scene.errors(job).await.len()), ([1, 0], 0), "{job:#}");
    }
}

#[tokio::test]
async fn a_unique_value_that_one_row_gave_up_and_another_took_goes_back() {
    let scene = Scene::new().await;
    let unique = json!({ "name": "seat", "type": "text", "unique": true });
    scene.me.post("/v1/schema/objects/contact/fields", unique).await.expect(201);
    let mut ids = Vec::new();
    for (name, seat) in [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")] {
        let body = json!({ "last_name": name, "email": format!("{name}@example.com"), "custom": { "seat": seat } });
        ids.push(text(&scene.me.post("/v1/contacts", body).await.expect(201)["id"]));
    }
    // Each moves to the seat that the one before it has left: in one batch, and across two.
    let note = "x".repeat(900_000);
    let rows = [("d", "9"), ("c", "4"), ("b", "3"), ("a", "2")];
    let row = |(name, seat): &(&str, &str)| format!("{name}@example.com,{seat},{note}\n");
    let file: String = rows.iter().map(row).collect();
    let upload = scene.upload(format!("Email,Seat,Note\n{file}")).await;
    let columns = json!([{ "column": 0, "field": "email" }, { "column": 1, "field": "custom.seat" }]);
    let file = json!({ "upload": upload, "object": "contact", "match_by": ["email"], "columns": columns });
    let job = scene.imported(&json!({ "files": [file] })).await;
    assert_eq!(counts(&job), [4, 4, 0, 4, 0], "{:?}", scene.errors(&job).await);
    let undo = scene.undone(&job).await;
    let counted = ["changed", "failed"].map(|name| undo["counts"][name].as_u64().unwrap_or(0));
    assert_eq!(counted, [4, 0], "{:?}", scene.errors(&undo).await);
    let contacts = scene.all("contacts", "last_name").await;
    let seats: Vec<_> = contacts.values().map(|contact| text(&contact["custom"]["seat"])).collect();
    assert_eq!(seats, ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn what_a_row_took_goes_back_to_whoever_gave_it_up_more_than_a_hundred_rows_before() {
    let scene = Scene::new().await;
    let import = async |rows: &[(usize, String)]| {
        let row = |(number, email): &(usize, String)| format!("Person {number},{number},{email}\n");
        let file: String = rows.iter().map(row).collect();
        let upload = scene.upload(format!("Name,Key,Email\n{file}")).await;
        let columns = json!([
            { "column": 0, "field": "last_name" }, { "column": 1, "field": "external_id", "source": "crm" },
            { "column": 2, "field": "email" },
        ]);
        let file = json!({ "upload": upload, "object": "contact", "match_by": ["external_id"], "columns": columns });
        scene.imported(&json!({ "files": [file] })).await
    };
    let own = |number: usize| (number, format!("p{number}@example.com"));
    let made = import(&(0..150).map(own).collect::<Vec<_>>()).await;
    assert_eq!(counts(&made), [150, 150, 150, 150, 0]);
    let before = scene.all("contacts", "id").await;
    let number = |record: &Value| text(&record["external_id"]["key"]).parse::<usize>().unwrap();
    let first = number(before.first_key_value().unwrap().1);
    let last = number(before.last_key_value().unwrap().1);
    // The one with the last id gives its email up, and far behind it the one with the first id takes that.
    let mut rows: Vec<_> = (0..150).filter(|number| ![first, last].contains(number)).map(own).collect();
    rows.insert(0, (last, "new@example.com".to_owned()));
    rows.insert(120, (first, own(last).1));
    let job = import(&rows).await;
    assert_eq!(counts(&job), [150, 150, 0, 2, 0], "{:?}", scene.errors(&job).await);
    let undo = scene.undone(&job).await;
    let counted = ["changed", "failed"].map(|name| undo["counts"][name].as_u64().unwrap_or(0));
    assert_eq!(counted, [2, 0], "{:?}", scene.errors(&undo).await);
    let after = scene.all("contacts", "id").await;
    assert!(before.iter().all(|(id, record)| record["email"] == after[id]["email"]));
}
