//! What each function is asked.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::http::Caller;
use crate::lambda::{http_body, http_event};
use crate::server::Server;
use crate::world::Workspace;

/// The least function.
pub(super) const FLOOR: &str = "hello";

/// A function, and what it is asked.
pub(super) struct Case {
    /// The name of its binary.
    pub(super) binary: &'static str,
    pub(super) entry: &'static str,
    /// Whether it links a replica.
    pub(super) replica: bool,
    /// The request in words.
    pub(super) what: String,
    asked: Asked,
}

enum Asked {
    /// Through the gateway: a method, a path, and a body in which `NUMBER` stands for the request's number.
    Http(Box<Workspace>, &'static str, String, Option<String>),
    /// An event as it stands, and whether what is answered is good.
    Event(Value, fn(&Value) -> bool),
}

impl Case {
    /// The binary, and its entry where that is not the only one.
    pub(super) fn name(&self) -> String {
        match (self.binary, self.entry) {
            ("jobs", entry) => format!("jobs, {entry}"),
            (binary, _) => binary.to_owned(),
        }
    }

    /// A request; each has a number.
    pub(super) fn event(&self, number: usize) -> Result<String> {
        match &self.asked {
            Asked::Event(event, _) => Ok(event.to_string()),
            Asked::Http(workspace, method, path, body) => {
                let body = body.as_ref().map(|body| serde_json::from_str(&body.replace("NUMBER", &number.to_string())));
                http_event(workspace, method, path, body.transpose()?.as_ref())
            }
        }
    }

    /// Whether an answer is what was asked for.
    pub(super) fn check(&self, answer: &Value) -> Result<()> {
        match &self.asked {
            Asked::Http(..) if self.binary == FLOOR => ensure!(answer["statusCode"] == 200, "{answer}"),
            Asked::Http(..) => drop(http_body(answer).with_context(|| self.name())?),
            Asked::Event(_, is_good) => ensure!(is_good(answer), "{} answered {answer}", self.name()),
        }
        Ok(())
    }
}

/// Every function, the floor first.
///
/// # Errors
/// When what they are asked about cannot be made.
pub(super) fn cases(workspace: &Workspace, server: &Server) -> Result<Vec<Case>> {
    let admin = Caller::new(&server.base, &workspace.admin);
    admin.post("/v1/schema/objects", &json!({ "name": "x_task", "plural": "x_tasks" }))?;
    let contact = admin.post("/v1/contacts", &json!({ "last_name": "Sample" }))?.body;
    let job = admin.post("/v1/contacts/bulk", &json!({ "ids": [contact["id"]], "archive": true }))?.body;
    let job = job["id"].as_str().context("the job's id")?;
    Ok(asked_by_people(workspace, job).into_iter().chain(told_by_aws(workspace, job)?).collect())
}

/// Behind the gateway.
fn asked_by_people(workspace: &Workspace, job: &str) -> Vec<Case> {
    let http = |binary, replica, method, path: String, body: Option<&str>| Case {
        binary,
        entry: "http",
        replica,
        what: format!("`{method} {}`", path.replace(job, "{id}")),
        asked: Asked::Http(Box::new(workspace.clone()), method, path, body.map(str::to_owned)),
    };
    let contact = r#"{ "first_name": "Robin", "last_name": "Number NUMBER", "city": "Lyon" }"#;
    let task = r#"{ "name": "Number NUMBER" }"#;
    vec![
        http(FLOOR, false, "GET", "/hello".to_owned(), None),
        http("identity", false, "GET", "/v1/workspace".to_owned(), None),
        http("contacts", false, "POST", "/v1/contacts".to_owned(), Some(contact)),
        http("objects", false, "POST", "/v1/x_tasks".to_owned(), Some(task)),
        http("schema", true, "GET", "/v1/schema".to_owned(), None),
        http("views", true, "GET", "/v1/contacts?limit=50".to_owned(), None),
        http("jobs", true, "GET", format!("/v1/jobs/{job}/errors"), None),
    ]
}

/// Behind the authorizer, the stream, queues and the clock.
fn told_by_aws(workspace: &Workspace, job: &str) -> Result<Vec<Case>> {
    let event = |binary, entry, replica, what: &str, event: Value, is_good| Case {
        binary,
        entry,
        replica,
        what: what.to_owned(),
        asked: Asked::Event(event, is_good),
    };
    let nothing_failed = |answer: &Value| answer["batchItemFailures"].as_array().is_none_or(Vec::is_empty);
    let change = sample(include_str!("../../../../events/stream-journal.json"))?;
    let tick = sample(include_str!("../../../../events/schedule-scheduler.json"))?;
    Ok(vec![
        event("authorizer", "authorizer", false, "an API key", key(workspace)?, |answer| {
            answer["isAuthorized"] == true && answer["context"]["access"].is_string()
        }),
        event("journal", "stream", false, "a change", change, nothing_failed),
        event(
            "relay",
            "stream",
            false,
            "an event for the worker of jobs",
            job_created(workspace, job)?,
            nothing_failed,
        ),
        event("scheduler", "schedule", false, "a look at what is due", tick, Value::is_null),
        event("jobs", "worker", true, "a job that is done", job_message(workspace, job)?, nothing_failed),
        event("snapshots", "worker", true, "a snapshot that is there", snapshot_message(workspace)?, nothing_failed),
    ])
}

fn sample(text: &str) -> Result<Value> {
    Ok(serde_json::from_str(text)?)
}

fn key(workspace: &Workspace) -> Result<Value> {
    let mut event = sample(include_str!("../../../../events/authorizer.json"))?;
    let bearer = format!("Bearer {}", workspace.admin);
    event["identitySource"] = json!([bearer]);
    event["headers"]["authorization"] = json!(bearer);
    Ok(event)
}

fn job_created(workspace: &Workspace, job: &str) -> Result<Value> {
    let mut event = sample(include_str!("../../../../events/stream-relay.json"))?;
    let record = event["Records"].as_array_mut().and_then(|records| records.first_mut()).context("Records")?;
    record["dynamodb"]["NewImage"]["name"]["S"] = json!("job.created");
    record["dynamodb"]["NewImage"]["workspace"]["S"] = json!(workspace.id);
    record["dynamodb"]["NewImage"]["record"]["S"] = json!(job);
    let first = record.clone();
    event["Records"] = json!([first]);
    Ok(event)
}

fn job_message(workspace: &Workspace, job: &str) -> Result<Value> {
    let mut event = sample(include_str!("../../../../events/queue-jobs.json"))?;
    let body = json!({ "ask": "go_on", "workspace": workspace.id, "job": job });
    event["Records"][0]["body"] = json!(body.to_string());
    Ok(event)
}

fn snapshot_message(workspace: &Workspace) -> Result<Value> {
    let mut event = sample(include_str!("../../../../events/queue-snapshots.json"))?;
    let mut first = event["Records"][0].take();
    first["body"] = json!(json!({ "workspace": workspace.id, "reason": "behind" }).to_string());
    event["Records"] = json!([first]);
    Ok(event)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_function_is_asked() {
        let text: String = include_str!("cases.rs").split_whitespace().collect();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let asked = [format!("http(\"{name}\""), format!("event(\"{name}\"")];
            assert!(asked.iter().any(|asked| text.contains(asked)), "{name} is not measured");
        }
    }
}
