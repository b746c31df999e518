//! What a company makes of Rapport: objects and fields of its own, changed while records are there.

mod built_in;
mod caches;
mod definitions;
mod document;
mod guards;
mod judged;
mod records;
mod values;

use serde_json::{Value, json};

use crate::app::{Answer, App, Caller};

/// A workspace with an object of its own, `x_project`.
struct Projects {
    app: App,
    me: Caller,
}

impl Projects {
    async fn start() -> Self {
        let app = App::start().await;
        let me = app.workspace("north").await;
        let object =
            json!({ "name": "x_project", "plural": "x_projects", "label": "Project", "label_plural": "Projects" });
        me.post("/v1/schema/objects", object).await.expect(201);
        Self { app, me }
    }

    /// Makes a field of projects.
    async fn field(&self, field: Value) -> Value {
        self.me.post("/v1/schema/objects/x_project/fields", field).await.expect(201)
    }

    /// Changes a field of projects.
    async fn change(&self, field: &str, query: &str, patch: Value) -> Answer {
        self.me.patch(&format!("/v1/schema/objects/x_project/fields/{field}{query}"), patch).await
    }

    /// Makes a project, and answers its path.
    async fn project(&self, name: &str, custom: Value) -> String {
        let made = self.me.post("/v1/x_projects", json!({ "name": name, "custom": custom })).await.expect(201);
        format!("/v1/x_projects/{}", made["id"].as_str().unwrap())
    }

    async fn custom(&self, path: &str) -> Value {
        self.me.get(path).await.expect(200)["custom"].clone()
    }
}

/// The field of a described object at a path.
#[track_caller]
fn field_of<'a>(object: &'a Value, path: &str) -> &'a Value {
    let fields = object["fields"].as_array().unwrap();
    fields.iter().find(|field| field["path"] == path).unwrap_or_else(|| panic!("no {path} in {fields:?}"))
}

/// Pointers and codes of everything that was wrong.
#[track_caller]
fn wrong(answer: Answer) -> Vec<String> {
    let body = answer.expect(422);
    let errors = body["errors"].as_array().unwrap();
    errors
        .iter()
        .map(|error| format!("{} {}", error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect()
}
