//! The parts of a workspace's configuration, read with one question.

use events::Document;
use serde_json::json;
use table::{Changes, Sort, TenantTable};

use crate::bench::Bench;

async fn configure(table: &TenantTable, parts: &[(&str, &str)]) {
    for (part, padding) in parts {
        let document = json!({ "version": 1, "part": "something else", "padding": padding });
        let mut changes = Changes::new();
        changes.create(table.keys().config(part), Sort::Config, document.as_object().cloned().unwrap());
        table.commit(&changes).await.unwrap();
    }
}

fn parts(documents: &[Document]) -> Vec<&str> {
    documents.iter().map(|document| document["part"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn parts_are_found_by_the_beginning_of_their_names() {
    let bench = Bench::new();
    let (table, other) = (bench.workspace(), bench.workspace());
    let names = ["object.x_b", "object.contact", "objects", "role.rep", "object.x a#b", "workspace"];
    configure(&table, &names.map(|name| (name, ""))).await;
    configure(&other, &[("object.x_theirs", "")]).await;
    let found = table.config("object.").await.unwrap();
    assert_eq!(parts(&found), ["object.contact", "object.x a#b", "object.x_b"]);
    assert_eq!(found[0]["version"], 1);
    assert_eq!(parts(&table.config("role.").await.unwrap()), ["role.rep"]);
    assert_eq!(table.config("pipeline.").await.unwrap(), []);
    assert_eq!(table.config("").await.unwrap().len(), names.len());
}

#[tokio::test]
async fn a_configuration_of_more_than_a_page_is_read_to_its_end() {
    let bench = Bench::new();
    let table = bench.workspace();
    let names: Vec<String> = (0..12).map(|number| format!("object.x_{number:02}")).collect();
    let padding = "x".repeat(200_000);
    configure(&table, &names.iter().map(|name| (name.as_str(), padding.as_str())).collect::<Vec<_>>()).await;
    let before = table.meter().used().round_trips;
    let found = table.config("object.").await.unwrap();
    assert!(table.meter().used().round_trips > before + 1, "a page has a megabyte");
    assert_eq!(parts(&found), names);
}
