//! Two workspaces that differ only in what somebody may not know: to everything that they ask they are answered the same.

mod questions;
mod told;
mod world;

use http::Method;
use serde_json::json;

use self::questions::{Question, about_field, audit, general, imports, writes_that_are_made};
use self::told::Told;
use self::world::{Secret, World, hidden};
use crate::app::Answer;

/// What a path is called that leads nowhere.
const NOWHERE: &str = "custom.hid_none";

/// Two workspaces with other secrets, and what is told in them.
struct Both([(World, Told); 2]);

impl Both {
    async fn start() -> Self {
        let world = async |secret| (World::start(secret).await, Told::default());
        Self([world(Secret::One).await, world(Secret::Another).await])
    }

    /// Asks the same in both, and gives what was told in the first if it is the same.
    async fn ask(&mut self, question: impl Fn(&World) -> Question) -> String {
        let mut told = Vec::new();
        for (world, scribe) in &mut self.0 {
            let question = question(world);
            let answer = asked(world, &question).await;
            assert!(answer.status.as_u16() < 500, "{question:?}: {:#}", answer.body);
            told.push((question, scribe.note(&answer)));
        }
        let [(question, one), (_, another)] = <[_; 2]>::try_from(told).unwrap();
        assert_eq!(one, another, "{question:?} tells of a secret");
        one
    }

    async fn drain(&self) {
        for (world, _) in &self.0 {
            world.app.drain().await;
        }
    }
}

async fn asked(world: &World, question: &Question) -> Answer {
    let Question { method, target, headers, body } = question;
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.ask_with(&world.blind, method.clone(), target, &headers, body.clone()).await
}

#[tokio::test]
async fn a_hidden_field_is_as_if_there_was_none() {
    let mut both = Both::start().await;
    for (path, value) in hidden() {
        for number in 0..about_field(&both.0[0].0, path, &value).len() {
            let told = both.ask(|world| about_field(world, path, &value).swap_remove(number)).await;
            // What built-in fields there are, everybody knows.
            if path.starts_with("custom.") {
                let unknown = both.ask(|world| about_field(world, NOWHERE, &value).swap_remove(number)).await;
                let at = |told: &str, path: &str| told.replace(path.trim_start_matches("custom."), "@");
                let question = about_field(&both.0[0].0, path, &value).swap_remove(number);
                assert_eq!(at(&told, path), at(&unknown, NOWHERE), "{question:?} tells that there is such a field");
            }
        }
    }
}

#[tokio::test]
async fn what_nobody_asks_for_by_name_is_not_told_either() {
    let mut both = Both::start().await;
    for number in 0..general(&both.0[0].0).len() {
        let told = both.ask(|world| general(world).swap_remove(number)).await;
        let question = general(&both.0[0].0).swap_remove(number);
        assert!(!told.contains("hid_"), "{question:?} names a hidden field: {told}");
    }
    for number in 0..writes_that_are_made(&both.0[0].0).len() {
        both.ask(|world| writes_that_are_made(world).swap_remove(number)).await;
        both.drain().await;
    }
    jobs(&mut both).await;
}

#[tokio::test]
async fn the_audit_log_tells_what_was_done_and_nothing_that_is_hidden() {
    let mut both = Both::start().await;
    logged(&mut both).await;
    for number in 0..writes_that_are_made(&both.0[0].0).len() {
        both.ask(|world| writes_that_are_made(world).swap_remove(number)).await;
        both.drain().await;
    }
    logged(&mut both).await;
}

async fn logged(both: &mut Both) {
    for number in 0..audit(&both.0[0].0).len() {
        let told = both.ask(|world| audit(world).swap_remove(number)).await;
        let question = audit(&both.0[0].0).swap_remove(number);
        assert!(!told.contains("hid_"), "{question:?} names a hidden field: {told}");
        assert!(told.starts_with("200"), "{question:?}: {told}");
    }
    for (world, _) in &both.0 {
        let told = asked(world, &questions::of_record(&world.seen[0])).await.expect(200)["data"].clone();
        let created = told.as_array().unwrap().iter().find(|event| event["name"] == "contact.created").unwrap();
        assert_eq!((&created["withheld"], &created["changes"]["city"]["after"]), (&json!(true), &json!("Berlin")));
    }
}

/// What jobs tell that were started by then.
async fn jobs(both: &mut Both) {
    both.ask(|_| questions::jobs()).await;
    let mut listed = json!(null);
    for (world, _) in &both.0 {
        listed = asked(world, &questions::jobs()).await.expect(200);
    }
    let kinds: Vec<&str> = listed["data"].as_array().unwrap().iter().filter_map(|job| job["kind"].as_str()).collect();
    assert!(kinds.contains(&"bulk_edit") && kinds.contains(&"merge"), "{kinds:?}");
    for number in 0..kinds.len() {
        for path in ["", "/errors", "/history", "/files"] {
            let told = of_job(both, number, &Method::GET, path).await;
            assert!(!told.contains("hid_"), "{told}");
        }
        of_job(both, number, &Method::POST, "/undo").await;
        both.drain().await;
    }
    both.ask(|_| questions::jobs()).await;
}

/// Asks something of a job by its place in the list, which is the same in both.
async fn of_job(both: &mut Both, number: usize, method: &Method, path: &str) -> String {
    let mut ids = std::collections::HashMap::new();
    for (world, _) in &both.0 {
        let listed = asked(world, &questions::jobs()).await.expect(200);
        ids.insert(world.app.stack.data_dir().to_owned(), listed["data"][number]["id"].as_str().unwrap().to_owned());
    }
    both.ask(|world| questions::of_job(&ids[world.app.stack.data_dir()], method, path)).await
}

#[tokio::test]
async fn an_export_has_what_the_caller_sees_and_nothing_else() {
    let both = Both::start().await;
    for (format, object) in [("csv", "contact"), ("jsonl", "contact"), ("csv", "company"), ("jsonl", "company")] {
        let mut files = Vec::new();
        for (world, _) in &both.0 {
            let body = json!({ "object": object, "format": format });
            let job = world.ask(&world.blind, Method::POST, "/v1/exports", Some(body)).await.expect(202);
            world.app.drain().await;
            let key = format!("results/{}/{}/0", world.workspace, job["id"].as_str().unwrap());
            let file = world.app.stack.app().files.get(&key).await.unwrap().unwrap();
            files.push(String::from_utf8(file.to_vec()).unwrap());
        }
        assert_eq!(files[0], files[1], "{format} of {object}");
        assert!(files[0].lines().count() >= 2 && !files[0].contains("hid_"), "{}", files[0]);
    }
}

#[tokio::test]
async fn a_file_with_a_column_for_a_hidden_field_is_brought_as_if_there_was_none() {
    let mut both = Both::start().await;
    for (path, value) in hidden().into_iter().filter(|(path, _)| path.starts_with("custom.")) {
        let cell = value.as_str().map_or_else(|| "7".to_owned(), str::to_owned);
        let upload = format!("upl_{:032x}", 7);
        for (world, _) in &both.0 {
            let key = format!("uploads/{}/{}/{upload}", world.workspace, world.user);
            let rows = format!("Name,Hidden\nAda0,{cell}\n");
            world.app.stack.app().files.put(&key, rows.into_bytes().into()).await.unwrap();
        }
        for number in 0..imports(&upload, path).len() {
            let told = both.ask(|_| imports(&upload, path).swap_remove(number)).await;
            let unknown = both.ask(|_| imports(&upload, NOWHERE).swap_remove(number)).await;
            let at = |told: &str, path: &str| told.replace(path.trim_start_matches("custom."), "@");
            assert_eq!(at(&told, path), at(&unknown, NOWHERE), "{:?}", imports(&upload, path)[number]);
        }
    }
}
