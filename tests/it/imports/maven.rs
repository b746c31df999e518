//! A real file of companies, which the repository carries no copy of.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::{Scene, counts, text};
use crate::contract::path;

/// Beside the repository, not in it: the file is not ours.
const FILE: &str = "../shared/data/maven/accounts.csv";

/// The import of the file: typed custom fields, parents, external ids from the names.
fn import(upload: &str) -> Value {
    let new = |column: &str, kind: Value| json!({ "column": column, "field": format!("custom.{column}"), "new_field": kind, "new_options": kind["type"] == "select" });
    json!({ "files": [{
        "upload": upload, "name": "accounts.csv", "object": "company", "match_by": ["external_id"],
        "columns": [
            { "column": "account", "field": "name" },
            { "column": "account", "field": "external_id", "source": "maven" },
            new("sector", json!({ "type": "select", "label": "Sector" })),
            new("year_established", json!({ "type": "number" })),
            new("revenue", json!({ "type": "number", "decimals": 2 })),
            new("employees", json!({ "type": "number" })),
            { "column": "office_location", "field": "country" },
            { "column": "subsidiary_of", "field": "parent_id", "by": "external_id", "source": "maven" },
        ],
    }] })
}

#[tokio::test]
async fn companies_come_in_with_their_parents_and_types_and_nothing_changes_the_second_time() {
    let file = path(FILE);
    if !Path::new(&file).exists() {
        eprintln!("{FILE} is not there: nothing is tested");
        return;
    }
    let bytes = std::fs::read(&file).unwrap();
    let scene = Scene::new().await;
    let upload = scene.upload(bytes.clone()).await;
    let preview = json!({ "files": [{ "upload": upload, "name": "accounts.csv" }] });
    let seen = scene.me.post("/v1/imports/preview", preview).await.expect(200);
    assert_eq!((&seen["files"][0]["object"], &seen["files"][0]["delimiter"]), (&json!("company"), &json!(",")));
    let first = scene.imported(&import(&upload)).await;
    assert_eq!(counts(&first), [85, 85, 85, 85, 0], "{:?}", scene.errors(&first).await);

    let companies = scene.all("companies", "name").await;
    assert_eq!(companies.len(), 85);
    let rows: Vec<Vec<&str>> = std::str::from_utf8(&bytes)
        .unwrap()
        .trim_start_matches('\u{feff}')
        .lines()
        .skip(1)
        .map(|line| line.split(',').collect())
        .collect();
    for row in &rows {
        let company = &companies[row[0]];
        assert_eq!(company["external_id"], json!({ "source": "maven", "key": row[0] }));
        assert_eq!(company["custom"]["sector"], row[1]);
        assert_eq!(company["custom"]["year_established"], row[2].parse::<i64>().unwrap());
        assert_eq!(company["custom"]["revenue"].as_f64(), row[3].parse().ok());
        assert_eq!(company["custom"]["employees"], row[4].parse::<i64>().unwrap());
        match row[6].trim() {
            "" => assert_eq!(company["parent_id"], Value::Null),
            parent => assert_eq!(company["parent_id"], companies[parent]["id"], "{}", row[0]),
        }
    }

    check_filter(&scene, &rows).await;

    // Once more: nothing changes, and it says so.
    let again = scene.imported(&import(&upload)).await;
    assert_eq!(counts(&again), [85, 85, 0, 0, 0]);
    assert_eq!(scene.all("companies", "name").await, companies);

    // A changed file changes what is different in it, and nothing else.
    let changed = String::from_utf8(bytes).unwrap().replacen("1100.04,2822", "1200.5,2900", 1);
    let upload = scene.upload(changed).await;
    let third = scene.imported(&import(&upload)).await;
    assert_eq!(counts(&third), [85, 85, 0, 1, 0]);
    let after = scene.all("companies", "name").await;
    let different: Vec<&String> = after.keys().filter(|name| after[*name] != companies[*name]).collect();
    assert_eq!(different, ["Acme Corporation"]);
    assert_eq!(after["Acme Corporation"]["custom"]["revenue"], 1200.5);

    check_undo(&scene, companies, (&first, &third)).await;
}

/// What is asked of the companies is answered as the file says.
async fn check_filter(scene: &Scene, rows: &[Vec<&str>]) {
    let page = scene.me.get("/v1/companies?custom.employees.gte=5000&sort=-custom.revenue").await.expect(200);
    let mut wanted: Vec<(f64, &str)> = rows
        .iter()
        .filter(|row| row[4].parse::<u64>().unwrap() >= 5000)
        .map(|row| (row[3].parse().unwrap(), row[0]))
        .collect();
    wanted.sort_by(|one, other| other.0.total_cmp(&one.0));
    let names: Vec<String> = page["data"].as_array().unwrap().iter().map(|company| text(&company["name"])).collect();
    assert_eq!(names, wanted.iter().map(|(_, name)| (*name).to_owned()).collect::<Vec<_>>());
}

/// The imports are taken back, first the one that changed a company and then all of them.
async fn check_undo(scene: &Scene, companies: BTreeMap<String, Value>, (first, third): (&Value, &Value)) {
    scene.undone(third).await;
    let state = |mut companies: BTreeMap<String, Value>| {
        for company in companies.values_mut() {
            for own in ["version", "updated_at"] {
                company.as_object_mut().unwrap().remove(own);
            }
        }
        companies
    };
    assert_eq!(state(scene.all("companies", "name").await), state(companies));
    let undo = scene.undone(first).await;
    assert_eq!(undo["counts"]["kept"], 1, "somebody has changed Acme since: {undo:#}");
    assert_eq!(scene.all("companies", "name").await.len(), 1);
}
