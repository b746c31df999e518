//! What each function is asked. Whoever has a replica is asked what cannot be answered without it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::edits::Edits;
use crate::http::Caller;
use crate::lambda::{http_body, http_event};
use crate::packed;
use crate::quiet::Quiet;
use crate::world::Workspace;

/// The least function.
pub(super) const FLOOR: &str = "hello";
/// How many contacts a job edits, in the small workspace and in the large one: a part of a chunk, and three chunks.
const EDITED: usize = 20;
const EDITED_OF_MANY: usize = 300;
/// A page that is found by looking at every record, and sorted by a field of the company's own.
const SCAN: &str = "/v1/contacts?limit=50&sort=-custom.score&custom.notes.contains=qu";

/// A function, and what it is asked.
pub(super) struct Case {
    /// The name of its binary.
    pub(super) binary: &'static str,
    pub(super) entry: &'static str,
    /// Whether it links a replica.
    pub(super) replica: bool,
    /// The request in words.
    pub(super) what: String,
    /// How many records one request is about, where it works on them one by one.
    pub(super) records: usize,
    asked: Asked,
}

enum Asked {
    /// Through the gateway: a method, a path, and a body in which `NUMBER` stands for the request's number.
    Http(Box<Workspace>, &'static str, String, Option<String>),
    /// An event as it stands, and whether what is answered is good.
    Event(Value, fn(&Value) -> bool),
    /// The message for a job that is begun for it: a bulk edit of contacts that a filter finds.
    Edit(Box<Workspace>, Edits),
    /// The message for a snapshot, whose last one is taken out of this folder before: it is packed anew each time.
    Pack(Box<Workspace>, PathBuf),
}

impl Case {
    /// The binary, and its entry where that is not the only one.
    pub(super) fn name(&self) -> String {
        match (self.binary, self.entry) {
            ("jobs", entry) => format!("jobs, {entry}"),
            (binary, _) => binary.to_owned(),
        }
    }

    /// A request; each has a number. What it needs is made before it is handed out.
    pub(super) fn event(&self, number: usize) -> Result<String> {
        match &self.asked {
            Asked::Edit(workspace, edits) => Ok(job_message(workspace, &edits.begin()?)?.to_string()),
            Asked::Pack(workspace, bucket) => {
                // The first one fetches it.
                let old = if number > 1 { packed::replicas(bucket)? } else { Vec::new() };
                old.iter().try_for_each(std::fs::remove_file)?;
                Ok(snapshot_message(workspace)?.to_string())
            }
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
            Asked::Edit(_, edits) => {
                ensure!(nothing_failed(answer), "{} answered {answer}", self.name());
                edits.check()?;
            }
            Asked::Pack(_, bucket) => {
                let is_packed = nothing_failed(answer) && !packed::replicas(bucket)?.is_empty();
                ensure!(is_packed, "{} answered {answer}", self.name());
            }
        }
        Ok(())
    }
}

/// Every function, the floor first.
///
/// # Errors
/// When what they are asked about cannot be made.
pub(super) fn cases(workspace: &Workspace, stack: &Quiet) -> Result<Vec<Case>> {
    let admin = Caller::new(&stack.base, &workspace.admin);
    admin.post("/v1/schema/objects", &json!({ "name": "x_task", "plural": "x_tasks" }))?;
    let edits = Edits::prepared(admin, EDITED)?;
    stack.settle(workspace.id)?;
    let mut cases = asked_by_people(workspace);
    cases.extend(told_by_aws(workspace, &edits.begin()?)?);
    cases.push(edit(workspace, edits));
    Ok(cases)
}

/// What those that have a replica are asked over a large workspace. Whoever packs it is the last: the others fetch it.
///
/// # Errors
/// As [`cases`].
pub(super) fn large(workspace: &Workspace, stack: &Quiet, data: &Path) -> Result<Vec<Case>> {
    let edits = Edits::prepared(Caller::new(&stack.base, &workspace.admin), EDITED_OF_MANY)?;
    stack.settle(workspace.id)?;
    let (judged, edited) =
        ("/v1/schema/objects/contact/fields/profile?validate=only", "/v1/contacts/bulk?validate=only");
    let scan = r#"{ "filter": { "field": "custom.notes", "op": "contains", "value": "qu" }, "change": { "job_title": "NUMBER" } }"#;
    Ok(vec![
        http(workspace, "views", true, "GET", SCAN, None),
        http(workspace, "schema", true, "PATCH", judged, Some(r#"{ "type": "text" }"#)),
        http(workspace, "jobs", true, "POST", edited, Some(scan)),
        edit(workspace, edits),
        Case {
            binary: "snapshots",
            entry: "worker",
            replica: true,
            what: "a snapshot that is to be packed".to_owned(),
            records: 1,
            asked: Asked::Pack(Box::new(workspace.clone()), packed::bucket(data)),
        },
    ])
}

fn edit(workspace: &Workspace, edits: Edits) -> Case {
    let records = edits.records();
    Case {
        binary: "jobs",
        entry: "worker",
        replica: true,
        what: format!("a bulk edit of {records} contacts by a filter"),
        records,
        asked: Asked::Edit(Box::new(workspace.clone()), edits),
    }
}

/// A request through the gateway.
fn http(
    workspace: &Workspace,
    binary: &'static str,
    replica: bool,
    method: &'static str,
    path: &str,
    body: Option<&str>,
) -> Case {
    Case {
        binary,
        entry: "http",
        replica,
        what: format!("`{method} {path}`"),
        records: 1,
        asked: Asked::Http(Box::new(workspace.clone()), method, path.to_owned(), body.map(str::to_owned)),
    }
}

/// Behind the gateway.
fn asked_by_people(workspace: &Workspace) -> Vec<Case> {
    let http = |binary, replica, method, path, body| http(workspace, binary, replica, method, path, body);
    let contact = r#"{ "first_name": "Robin", "last_name": "Number NUMBER", "city": "Lyon" }"#;
    let task = r#"{ "name": "Number NUMBER" }"#;
    // Whether that costs anybody their value is asked of the records.
    let (judged, field) = ("/v1/schema/objects/contact/fields/batch?validate=only", r#"{ "type": "long_text" }"#);
    let (counted, edited) = (
        "/v1/contacts/bulk?validate=only",
        r#"{ "filter": { "field": "city", "op": "eq", "value": "Oslo" }, "change": { "job_title": "NUMBER" } }"#,
    );
    vec![
        http(FLOOR, false, "GET", "/hello", None),
        http("identity", false, "GET", "/v1/workspace", None),
        http("contacts", false, "POST", "/v1/contacts", Some(contact)),
        http("objects", false, "POST", "/v1/x_tasks", Some(task)),
        http("schema", true, "PATCH", judged, Some(field)),
        http("views", true, "GET", "/v1/contacts?limit=50", None),
        http("jobs", true, "POST", counted, Some(edited)),
        http("privacy", false, "GET", "/v1/audit", None),
    ]
}

/// Behind the authorizer, the stream, queues and the clock.
fn told_by_aws(workspace: &Workspace, job: &str) -> Result<Vec<Case>> {
    let event = |binary, entry, replica, what: &str, event: Value, is_good| Case {
        binary,
        entry,
        replica,
        what: what.to_owned(),
        records: 1,
        asked: Asked::Event(event, is_good),
    };
    let change = sample(include_str!("../../../../events/stream-journal.json"))?;
    let mail = sample(include_str!("../../../../events/queue-mail.json"))?;
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
        event("mail", "worker", false, "an invitation that is gone", mail, nothing_failed),
        event("scheduler", "schedule", false, "a look at what is due", tick, Value::is_null),
        event("snapshots", "worker", true, "a snapshot that is there", snapshot_message(workspace)?, nothing_failed),
    ])
}

fn nothing_failed(answer: &Value) -> bool {
    answer["batchItemFailures"].as_array().is_none_or(Vec::is_empty)
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
