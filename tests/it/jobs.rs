//! Work on many records: bulk edits, what becomes of them, and how they are taken back.

mod bulk;
mod cancelled;
mod costs;
mod defects;
mod exports;
mod exports_killed;
pub(crate) mod killed;
mod merge;
mod merged_twice;
mod passed_on;
mod reassign;
mod trash;
mod undo;
mod unique;

use serde_json::{Value, json};

use crate::app::{App, Caller};

/// A workspace with some contacts.
struct Scene {
    app: App,
    me: Caller,
    ids: Vec<String>,
}

impl Scene {
    /// Contacts of Berlin and of Bonn, in turns, with an email each.
    async fn with(contacts: usize) -> Self {
        let app = App::start().await;
        let me = app.workspace("north").await;
        let mut ids = Vec::new();
        for number in 0..contacts {
            let city = if number % 2 == 0 { "Berlin" } else { "Bonn" };
            let email = format!("person{number}@example.com");
            let body = json!({ "first_name": format!("Person {number}"), "email": email, "city": city });
            ids.push(text(&me.post("/v1/contacts", body).await.expect(201)["id"]));
        }
        app.drain().await;
        Self { app, me, ids }
    }

    fn path(&self, number: usize) -> String {
        format!("/v1/contacts/{}", self.ids[number])
    }

    /// Starts a bulk edit of contacts and lets it run to its end.
    async fn edited(&self, body: Value) -> Value {
        let job = self.me.post("/v1/contacts/bulk", body).await.expect(202);
        self.finished(&job).await
    }

    /// A job, after all that follows from everything so far.
    async fn finished(&self, job: &Value) -> Value {
        self.app.drain().await;
        self.me.get(&format!("/v1/jobs/{}", text(&job["id"]))).await.expect(200)
    }

    /// Undoes a job and lets that run to its end.
    async fn undone(&self, job: &Value) -> Value {
        let undo = self.me.post(&format!("/v1/jobs/{}/undo", text(&job["id"])), json!({})).await.expect(202);
        self.finished(&undo).await
    }

    /// Every page of what went wrong in a job: record, code and field.
    async fn errors(&self, job: &Value) -> Vec<(String, String, Option<String>)> {
        let path = format!("/v1/jobs/{}/errors", text(&job["id"]));
        let (mut errors, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.me.get(&format!("{path}{cursor}")).await.expect(200);
            let all = page["data"].as_array().unwrap().iter();
            errors.extend(all.map(|e| (text(&e["record"]), text(&e["code"]), e["field"].as_str().map(str::to_owned))));
            match page["page"]["next_cursor"].as_str() {
                Some(next) => cursor = format!("?cursor={next}"),
                None => return errors,
            }
        }
    }

    /// Every contact, the trash included, without what any write changes: by id.
    async fn state(&self) -> Vec<Value> {
        let mut records = Vec::new();
        for id in &self.ids {
            let mut record = self.me.get(&format!("/v1/contacts/{id}")).await.expect(200);
            for own in ["version", "updated_at", "updated_by"] {
                record.as_object_mut().unwrap().remove(own);
            }
            records.push(record);
        }
        records
    }

    async fn count(&self, query: &str) -> u64 {
        self.app.drain().await;
        let page = self.me.get(&format!("/v1/contacts?{query}&count=exact&limit=1")).await.expect(200);
        page["count"].as_u64().unwrap()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The counts of a job: total, done, changed, kept, failed.
fn counts(job: &Value) -> [u64; 5] {
    ["total", "done", "changed", "kept", "failed"].map(|name| job["counts"][name].as_u64().unwrap_or(u64::MAX))
}
