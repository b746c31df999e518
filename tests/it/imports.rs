//! Bringing files in: what is detected, what is written, what is said about what is not, and how it is taken back.

mod again;
mod files;
mod fuzz;
mod killed;
mod linked;
mod maven;
mod mended;
mod private;
mod rows;
mod undone;

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::{Clock, Id, Ids, kinds};
use serde_json::{Value, json};

use crate::app::{App, Caller};
use crate::jobs::killed::message;

/// A workspace that files are brought into.
struct Scene {
    app: Arc<App>,
    me: Caller,
}

impl Scene {
    async fn new() -> Self {
        let app = Arc::new(App::start().await);
        let me = app.workspace("north").await;
        Self { app, me }
    }

    /// Puts a file where an upload puts it, and answers its id.
    async fn upload(&self, bytes: impl Into<Vec<u8>>) -> String {
        upload(&self.app.stack.app().files, &self.me, bytes.into()).await
    }

    /// Carries an import out to its end.
    async fn imported(&self, import: &Value) -> Value {
        let job = self.me.post("/v1/imports", import.clone()).await.expect(202);
        self.finished(&job).await
    }

    async fn finished(&self, job: &Value) -> Value {
        // An import that waits for the replica looks again after a while.
        for _ in 0..200 {
            self.app.drain().await;
            let job = self.me.get(&format!("/v1/jobs/{}", text(&job["id"]))).await.expect(200);
            if !["waiting", "running"].contains(&job["state"].as_str().unwrap()) {
                return job;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the job does not end");
    }

    /// Begins an import and lets its worker write the rows while nothing else is carried: then it waits for its replica to have them.
    async fn begun(&self, import: &Value) -> Value {
        let job = self.me.post("/v1/imports", import.clone()).await.expect(202);
        let directory = tempfile::tempdir().unwrap();
        let app = api::App { replica_dir: directory.path().to_owned(), ..self.app.stack.app() };
        let event = message(&self.me, &job).await;
        loop {
            // More than one turn where the machine is slow.
            let response = Box::pin(jobs::Worker::default().handle(&app, event.clone())).await;
            assert!(response.batch_item_failures.is_empty());
            let job = self.me.get(&format!("/v1/jobs/{}", text(&job["id"]))).await.expect(200);
            assert_eq!(job["state"], "running", "{job:#}");
            if job["counts"]["done"] == job["counts"]["total"] {
                return job;
            }
        }
    }

    async fn undone(&self, job: &Value) -> Value {
        let undo = self.me.post(&format!("/v1/jobs/{}/undo", text(&job["id"])), json!({})).await.expect(202);
        self.finished(&undo).await
    }

    /// What went wrong in a job: line, code, column.
    async fn errors(&self, job: &Value) -> Vec<(u64, String, String)> {
        let page = self.me.get(&format!("/v1/jobs/{}/errors", text(&job["id"]))).await.expect(200);
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = page["data"].as_array().unwrap().iter();
        all.map(|error| (error["line"].as_u64().unwrap_or(0), word(&error["code"]), word(&error["column"]))).collect()
    }

    /// All records of an object outside the trash, by a member that tells them apart.
    async fn all(&self, path: &str, by: &str) -> BTreeMap<String, Value> {
        self.app.drain().await;
        let page = self.me.get(&format!("/v1/{path}?limit=200")).await.expect(200);
        page["data"].as_array().unwrap().iter().map(|record| (text(&record[by]), record.clone())).collect()
    }
}

/// Puts a file where an upload puts it.
pub(crate) async fn upload(files: &cloud::Files, me: &Caller, bytes: Vec<u8>) -> String {
    let id: Id<kinds::Upload> = Ids::new(Clock::System).next();
    upload_as(files, me, &id.to_string(), bytes).await;
    id.to_string()
}

/// The same under an id.
pub(crate) async fn upload_as(files: &cloud::Files, me: &Caller, id: &str, bytes: Vec<u8>) {
    let own = me.get("/v1/me").await.expect(200);
    let key = format!("uploads/{}/{}/{id}", text(&own["workspace"]["id"]), text(&own["user"]["id"]));
    files.put(&key, bytes.into()).await.unwrap();
}

/// The first file that a job has made.
async fn job_file(scene: &Scene, job: &Value) -> String {
    let own = scene.me.get("/v1/me").await.expect(200);
    let key = format!("results/{}/{}/0", text(&own["workspace"]["id"]), text(&job["id"]));
    let bytes = scene.app.stack.app().files.get(&key).await.unwrap().unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The counts of a job: total, done, created, changed, failed.
fn counts(job: &Value) -> [u64; 5] {
    assert_eq!(job["error"], Value::Null, "{job:#}");
    ["total", "done", "created", "changed", "failed"].map(|name| job["counts"][name].as_u64().unwrap_or(0))
}
