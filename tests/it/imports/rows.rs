//! What rows become.

use serde_json::{Value, json};

use super::{Scene, counts, job_file, text};

#[tokio::test]
async fn files_that_refer_to_each_other_come_in_together() {
    let scene = Scene::new().await;
    let companies = "Name,Parent\nChild Ltd,Mother Inc\nMother Inc,\n";
    let contacts = "First Name,Last Name,Email,Company\nAda,Lovelace,ada@example.com,child ltd\nAlan,Turing,alan@example.com,Mother Inc\n";
    let companies = scene.upload(companies).await;
    let contacts = scene.upload(contacts).await;
    let company = json!({ "upload": companies, "name": "companies.csv", "object": "company", "columns": [
        { "column": "Name", "field": "name" }, { "column": "Parent", "field": "parent_id" },
    ] });
    let contact = json!({ "upload": contacts, "name": "contacts.csv", "object": "contact", "match_by": ["email"], "columns": [
        { "column": "First Name", "field": "first_name" }, { "column": "Last Name", "field": "last_name" },
        { "column": "Email", "field": "email" }, { "column": "Company", "field": "company_id", "by": "name" },
    ] });
    // The ones that refer come first: they wait.
    let job = scene.imported(&json!({ "files": [contact, company] })).await;
    assert_eq!(counts(&job), [4, 4, 4, 4, 0], "{:?}", scene.errors(&job).await);
    let companies = scene.all("companies", "name").await;
    let contacts = scene.all("contacts", "last_name").await;
    assert_eq!(companies["Child Ltd"]["parent_id"], companies["Mother Inc"]["id"]);
    assert_eq!(contacts["Lovelace"]["company_id"], companies["Child Ltd"]["id"]);
    assert_eq!(contacts["Turing"]["company_id"], companies["Mother Inc"]["id"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_row_is_told_and_can_be_mended_and_brought_in_again() {
    let scene = Scene::new().await;
    let rows = "Last Name,Email,Birthday,Notes\n\
        Lovelace,ada@example.com,10.12.1815,\"fine, \"\"quoted\"\"\"\n\
        Babbage,not an email,1791-12-26,=1+1\n\
        ,,,nobody\n\
        Hopper,grace@example.com,31.02.1906,\n\
        Twin,ADA@example.com,,\n";
    let upload = scene.upload(rows).await;
    let mut import = json!({ "files": [{ "upload": upload, "name": "people.csv", "object": "contact", "columns": [
        { "column": "Last Name", "field": "last_name" }, { "column": "Email", "field": "email" },
        { "column": "Birthday", "field": "birthday", "date": "dmy" }, { "column": "Notes", "field": "description" },
    ] }], "dry_run": true });
    let wanted = |job: &Value| (text(&job["state"]), counts(job));
    let tried = scene.imported(&import).await;
    let told = scene.errors(&tried).await;
    assert_eq!(wanted(&tried), ("done".to_owned(), [5, 5, 1, 1, 4]), "{told:?}");
    assert_eq!(scene.all("contacts", "last_name").await.len(), 0);
    assert_eq!(
        scene.me.post(&format!("/v1/jobs/{}/undo", text(&tried["id"])), json!({})).await.refused(409),
        "not_undoable"
    );

    import["dry_run"] = json!(false);
    let job = scene.imported(&import).await;
    let told = scene.errors(&job).await;
    let is = |line: u64, code: &str, column: &str| (line, code.to_owned(), column.to_owned());
    assert_eq!(wanted(&job), ("done".to_owned(), [5, 5, 1, 1, 4]), "{told:?}");
    assert_eq!(
        told,
        [
            is(3, "not_an_email", "Email"),
            is(4, "nothing_known", ""),
            is(5, "not_a_date", "Birthday"),
            is(6, "conflict", "Email"),
        ]
    );
    // The rows that failed, as a file: as they were, with the reason.
    let files = scene.me.get(&format!("/v1/jobs/{}/files", text(&job["id"]))).await.expect(200);
    assert_eq!(files["data"][0]["name"], "people-errors.csv");
    let made = job_file(&scene, &job).await;
    let lines: Vec<&str> = made.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(lines[0], "Last Name,Email,Birthday,Notes,rapport_error");
    assert!(lines[1].starts_with("Babbage,not an email,1791-12-26,'=1+1,Email: "), "{}", lines[1]);
    assert_eq!(lines.len(), 5);
    // Mended, it comes in with the import as it was: the last column means nothing.
    let mended =
        made.replace("not an email", "charles@example.com").replace("31.02.1906", "9.12.1906").replace("ADA@", "twin@");
    import["files"][0]["upload"] = json!(scene.upload(mended).await);
    let job = scene.imported(&import).await;
    assert_eq!(counts(&job), [4, 4, 3, 3, 1]);
    let contacts = scene.all("contacts", "last_name").await;
    assert_eq!(contacts["Babbage"]["description"], "=1+1");
    assert_eq!(contacts["Lovelace"]["description"], "fine, \"quoted\"");
    assert_eq!(contacts["Hopper"]["birthday"], "1906-12-09");
}

#[tokio::test]
async fn an_export_of_another_system_is_understood_as_it_is() {
    let scene = Scene::new().await;
    let owner =
        scene.me.post("/v1/users", json!({ "name": "Olga Owner", "email": "olga@example.com", "role": "rep" })).await;
    let owner = owner.expect(201);
    let rows = "Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lifecycle Stage,Favourite colour\r\n\
        42,Ада,Лавлейс,ada@example.com,+49 30 901820,olga@example.com,Customer,blue\r\n\
        43,Алан,Тьюринг,alan@example.com,+44 20 7946 0958,Olga Owner,Lead,red\r\n\
        44,Грейс,Хоппер,grace@example.com,,,Lead,blue\r\n";
    // As Excel saves it in Russia, with the delimiter that it takes there.
    let russian: Vec<u8> = rows.replace(',', ";").chars().map(windows_1251).collect();
    let upload = scene.upload(russian).await;
    let preview = json!({ "files": [{ "upload": upload, "name": "hubspot.csv" }], "new_fields": true });
    let seen = scene.me.post("/v1/imports/preview", preview).await.expect(200);
    let file = &seen["files"][0];
    assert_eq!(
        [&file["encoding"], &file["delimiter"], &file["system"], &file["object"]],
        [&json!("windows-1251"), &json!(";"), &json!("hubspot"), &json!("contact")]
    );
    let job = scene.imported(&seen["import"]).await;
    assert_eq!(counts(&job), [3, 3, 3, 3, 0], "{:?}\n{:#}", scene.errors(&job).await, seen["import"]);
    let contacts = scene.all("contacts", "email").await;
    let ada = &contacts["ada@example.com"];
    assert_eq!((&ada["last_name"], &ada["phone"]), (&json!("Лавлейс"), &json!("+4930901820")));
    assert_eq!(ada["external_id"], json!({ "source": "hubspot", "key": "42" }));
    assert_eq!((&ada["owner_id"], &contacts["alan@example.com"]["owner_id"]), (&owner["id"], &owner["id"]));
    assert_eq!((&ada["lifecycle_stage"], &ada["custom"]["favourite_colour"]), (&json!("customer"), &json!("blue")));
    // The second time it finds what it has made.
    assert_eq!(counts(&scene.imported(&seen["import"]).await), [3, 3, 0, 0, 0]);
}

#[tokio::test]
async fn a_file_whose_lines_end_as_on_old_machines_is_read_to_its_end() {
    let scene = Scene::new().await;
    let rows: String = (0..1000).map(|number| format!("Person {number}\r")).collect();
    let upload = scene.upload(format!("Name\r{rows}")).await;
    let columns = json!([{ "column": "Name", "field": "last_name" }]);
    let job =
        scene.imported(&json!({ "files": [{ "upload": upload, "object": "contact", "columns": columns }] })).await;
    assert_eq!(counts(&job), [1000, 1000, 1000, 1000, 0]);
    scene.app.drain().await;
    let page = scene.me.get("/v1/contacts?limit=1&count=exact").await.expect(200);
    assert_eq!(page["count"], 1000);
}

#[tokio::test]
async fn records_that_need_what_comes_later_are_made_when_it_is_there() {
    let scene = Scene::new().await;
    scene.me.post("/v1/schema/objects", json!({ "name": "x_project", "plural": "x_projects" })).await.expect(201);
    let client = json!({ "name": "client", "type": "reference", "object": "company", "required": true });
    scene.me.post("/v1/schema/objects/x_project/fields", client).await.expect(201);
    let projects = scene.upload("Name,Client\nBridge,Engines\nTower,Nobody\n").await;
    let companies = scene.upload("Name\nEngines\n").await;
    let project = json!({ "upload": projects, "name": "projects.csv", "object": "x_project", "columns": [
        { "column": 0, "field": "name" }, { "column": 1, "field": "custom.client" },
    ] });
    let company = json!({ "upload": companies, "object": "company", "columns": [{ "column": 0, "field": "name" }] });
    let job = scene.imported(&json!({ "files": [project, company] })).await;
    assert_eq!(counts(&job), [3, 3, 2, 2, 1], "{:?}", scene.errors(&job).await);
    assert_eq!(scene.errors(&job).await, [(3, "reference_not_found".to_owned(), "Client".to_owned())]);
    let projects = scene.all("x_projects", "name").await;
    assert_eq!(projects.keys().collect::<Vec<_>>(), ["Bridge"]);
    assert_eq!(projects["Bridge"]["custom"]["client"], scene.all("companies", "name").await["Engines"]["id"]);
}

/// A letter as a byte of Windows-1251.
fn windows_1251(letter: char) -> u8 {
    match letter {
        'А'..='я' => u8::try_from(u32::from(letter) - 0x410 + 0xc0).unwrap(),
        other => u8::try_from(other).unwrap(),
    }
}

#[tokio::test]
async fn a_row_that_only_makes_records_leaves_alone_what_the_row_before_it_has_made() {
    let scene = Scene::new().await;
    let rows = "Name,Email,City,Birthday\n\
        First,a@example.com,London,\n\
        Second,A@example.com,Paris,\n\
        Wrong,b@example.com,London,2026-99-99\n\
        Right,b@example.com,Paris,\n";
    let upload = scene.upload(rows).await;
    let columns: Vec<Value> = ["last_name", "email", "city", "birthday"]
        .iter()
        .enumerate()
        .map(|(column, field)| json!({ "column": column, "field": field }))
        .collect();
    let file =
        json!({ "upload": upload, "object": "contact", "match_by": ["email"], "mode": "create", "columns": columns });
    let job = scene.imported(&json!({ "files": [file] })).await;
    assert_eq!(counts(&job), [4, 4, 2, 2, 1], "{:?}", scene.errors(&job).await);
    let contacts = scene.all("contacts", "last_name").await;
    assert_eq!(contacts.keys().collect::<Vec<_>>(), ["First", "Right"]);
    assert_eq!(contacts["First"]["version"], 1);
}
