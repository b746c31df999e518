//! Real people of a real file, made by a script through the API of the real binary.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::contract::path;
use crate::process::{Rapport, eventually};

/// Beside the repository, not in it: the file is not ours.
const FILE: &str = "../shared/data/maven/sales_teams.csv";

/// Name and office of everybody in the file.
fn people(file: &Path) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(file).unwrap();
    let rows = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    rows.map(|row| {
        let columns: Vec<&str> = row.trim().split(',').collect();
        (columns[0].to_owned(), columns[2].to_owned())
    })
    .collect()
}

/// Runs the script and gives the last line that it says.
fn run_script(file: &Path, base: &str, folder: &Path) -> String {
    let key = std::fs::read_to_string(folder.join(".rapport/api-key")).unwrap();
    let mut command = Command::new("python3");
    command.arg(path("tests/sales_teams.py")).arg(file).args([base, key.trim()]);
    let output = command.env("NO_PROXY", "127.0.0.1").output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.trim().lines().last().unwrap_or_default().to_owned()
}

/// How many contacts a list counts.
fn count(rapport: &Rapport, query: &str) -> u64 {
    rapport.get(&format!("/v1/contacts?limit=1&count=exact{query}"))["count"].as_u64().unwrap()
}

/// Everybody is listed by office, and by the beginning of a name.
fn are_listed(rapport: &Rapport, people: &[(String, String)]) {
    eventually("everybody is listed", || match count(rapport, "") {
        all if all == people.len() as u64 => Ok(()),
        other => Err(format!("{other} of {}", people.len())),
    });
    let mut offices: BTreeMap<&str, u64> = BTreeMap::new();
    for (_, office) in people {
        *offices.entry(office).or_default() += 1;
    }
    assert!(offices.len() > 1);
    for (office, expected) in offices {
        assert_eq!(count(rapport, &format!("&city={office}")), expected, "{office}");
    }
    let prefix = "sn";
    let begins = |name: &str| name.split(' ').any(|word| word.to_lowercase().starts_with(prefix));
    let expected = people.iter().filter(|(name, _)| begins(name)).count() as u64;
    assert!(expected > 0);
    assert_eq!(count(rapport, &format!("&q={prefix}")), expected, "names that begin with {prefix}");
}

/// One is changed; somebody who has seen the version before is told what has changed since. Gives the contact's path.
fn one_is_changed(rapport: &Rapport) -> String {
    let found = rapport.get("/v1/contacts?q=anna%20snelling");
    let path = format!("/v1/contacts/{}", found["data"][0]["id"].as_str().unwrap());
    let seen = rapport.send("GET", &path, &[], None).header("etag");
    let change = |body: Value| rapport.send("PATCH", &path, &[("if-match", &seen)], Some(&body));
    change(json!({ "city": "East", "phone": "+49 30 901820" })).expect(200);
    let stale = change(json!({ "city": "West", "last_name": "Smith" })).expect(412);
    assert_eq!(stale["conflicts"], json!({ "city": "East" }), "what both wanted to change");
    assert!(stale["detail"].as_str().unwrap().contains("city"), "{stale:#}");
    path
}

#[test]
fn the_sales_teams_are_made_listed_found_changed_and_survive_a_kill() {
    let file = path(FILE);
    if !file.exists() {
        println!("skipped: there is no {}", file.display());
        return;
    }
    let people = people(&file);
    assert_eq!(people.len(), 35);
    let folder = tempfile::tempdir().unwrap();
    let rapport = Rapport::start(folder.path(), &["--seed", "empty"]);
    assert_eq!(run_script(&file, &rapport.base, folder.path()), "35 people: 35 made, 0 there already");
    assert_eq!(run_script(&file, &rapport.base, folder.path()), "35 people: 0 made, 35 there already");
    are_listed(&rapport, &people);
    let changed = one_is_changed(&rapport);
    let history = rapport.get(&format!("{changed}/history"));
    rapport.kill();

    let again = Rapport::start(folder.path(), &["--seed", "empty"]);
    let names: Vec<&Value> = history["data"].as_array().unwrap().iter().map(|event| &event["name"]).collect();
    assert_eq!(names, ["contact.changed", "contact.created"]);
    assert_eq!(history["data"][0]["changes"]["city"], json!({ "before": "Central", "after": "East" }));
    assert_eq!(again.get(&format!("{changed}/history")), history);
    let moved: Vec<(String, String)> = people
        .into_iter()
        .map(|(name, office)| if name == "Anna Snelling" { (name, "East".to_owned()) } else { (name, office) })
        .collect();
    eventually("the change is listed", || {
        match again.get("/v1/contacts?q=anna%20snelling")["data"][0]["city"].as_str() {
            Some("East") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    are_listed(&again, &moved);
}
