//! What needs rights of jobs, of their worker, and of the clock.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::{Scene, newcomer, worked};
use crate::cloud::answers::{Answer, Api, eventually};
use crate::cloud::flows;

/// The errors of a job that there is.
pub(in crate::cloud::rights) fn read_job_errors(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let job = start(&scene.api, &by_id(scene)?)?;
    worked(&scene.api.get(&format!("/v1/jobs/{}/errors", job.text("/id")?), &[])?)
}

pub(in crate::cloud::rights) fn start_job(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.send("POST", BULK, &[], &by_id(scene)?)?)
}

/// How many records there are, asked by the first request about a workspace without a snapshot.
pub(in crate::cloud::rights) fn first_count(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&newcomer(scene)?.send("POST", &dry(BULK), &[], &everything(scene))?)
}

/// The same of an instance that has no replica yet.
pub(in crate::cloud::rights) fn count_by_a_new_instance(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.renew(&scene.jobs)?;
    worked(&scene.api.send("POST", &dry(BULK), &[], &everything(scene))?)
}

/// Each time another value, so that there is something to change.
pub(in crate::cloud::rights) fn change_by_job(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.carried_out(&scene.api, &by_id(scene)?, BULK)
}

/// What goes into the trash gives its email address back.
pub(in crate::cloud::rights) fn archive_by_job(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let contact = flows::create(&scene.api, &format!("job{}@example.com", scene.next()))?;
    scene.carried_out(&scene.api, &json!({"ids": [contact.text("/id")?], "archive": true}), BULK)
}

/// A company under another one: nobody above it may change meanwhile.
pub(in crate::cloud::rights) fn move_by_job(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let company = |name: &str| -> anyhow::Result<String> {
        let made = scene.api.send("POST", "/v1/companies", &[], &json!({"name": name}))?.expect(201)?;
        Ok(made.text("/id")?.to_owned())
    };
    let (above, below) = (company("Above")?, company("Below")?);
    let body = json!({"ids": [below], "change": {"parent_id": above}});
    scene.carried_out(&scene.api, &body, "/v1/companies/bulk")
}

/// A job whose records have to be found by a worker that has no replica yet.
pub(in crate::cloud::rights) fn select_by_a_new_instance(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.renew(&scene.worker)?;
    scene.carried_out(&scene.api, &everything(scene), BULK)
}

/// A file that a job writes.
pub(in crate::cloud::rights) fn export_by_job(scene: &Scene<'_>) -> anyhow::Result<bool> {
    scene.carried_out(&scene.api, &json!({"object": "team", "format": "csv"}), "/v1/exports")
}

pub(in crate::cloud::rights) fn look_for_due_work(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let event = scene.sample("schedule-scheduler.json")?;
    let arguments = json!({"FunctionName": scene.scheduler, "Payload": event.to_string()});
    Ok(scene.stack.ask("lambda", "invoke", &arguments)?.get("FunctionError").is_none())
}

/// Puts a contact with a link into the trash so long ago that it is to be erased, and looks whether it is.
pub(in crate::cloud::rights) fn erase_what_is_due(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let contact = flows::create(&scene.api, &format!("due{}@example.com", scene.next()))?.text("/id")?.to_owned();
    let path = format!("/v1/contacts/{contact}");
    let link = format!("{path}/links/company/{}", scene.company);
    scene.api.send("PUT", &link, &[], &json!({}))?.expect(201)?;
    scene.api.bare("DELETE", &path)?.expect(200)?;
    scene.overdue(&contact)?;
    Ok(look_for_due_work(scene)? && scene.api.get(&path, &[])?.status == 404)
}

/// Where jobs on contacts are started.
const BULK: &str = "/v1/contacts/bulk";

fn dry(path: &str) -> String {
    [path, "?validate=only"].concat()
}

/// About a contact of its own: that of the scene ends in the trash.
fn by_id(scene: &Scene<'_>) -> anyhow::Result<Value> {
    let contact = flows::create(&scene.api, &format!("job{}@example.com", scene.next()))?;
    Ok(json!({"ids": [contact.text("/id")?], "change": {"city": format!("City {}", scene.next())}}))
}

fn everything(scene: &Scene<'_>) -> Value {
    json!({"filter": {}, "change": {"country": format!("Country {}", scene.next())}})
}

fn start(api: &Api, body: &Value) -> anyhow::Result<Answer> {
    api.send("POST", BULK, &[], body)?.expect(202)
}

impl Scene<'_> {
    /// Starts a job and gives its worker the message that the relay sends, which may come twice. Whether it was done.
    fn carried_out(&self, api: &Api, body: &Value, path: &str) -> anyhow::Result<bool> {
        let job = api.send("POST", path, &[], body)?.expect(202)?.text("/id")?.to_owned();
        let workspace = api.get("/v1/workspace", &[])?.expect(200)?.text("/id")?.to_owned();
        let mut event = self.sample("queue-jobs.json")?;
        event["Records"][0]["body"] = json!(json!({"ask": "go_on", "workspace": workspace, "job": job}).to_string());
        if !self.invoke(&self.worker, &event)? {
            return Ok(false);
        }
        let path = format!("/v1/jobs/{job}");
        let mut done = false;
        eventually("the job ends", Duration::from_secs(30), || {
            let job = api.get(&path, &[])?.expect(200)?;
            done = job.body["counts"]["failed"] == 0;
            Ok(job.body["state"] == "done")
        })?;
        Ok(done)
    }

    /// Turns the clock of a record in the trash back: it was put there in 1970, and was due then.
    fn overdue(&self, record: &str) -> anyhow::Result<()> {
        let table = &self.outputs.table;
        let mut question = json!({
            "TableName": table, "FilterExpression": "contains(pk, :record) and attribute_exists(gsi2sk)",
            "ExpressionAttributeValues": { ":record": { "S": record } },
        });
        let mut item = loop {
            let mut answer = self.stack.ask("dynamodb", "scan", &question)?;
            if !answer["Items"][0].is_null() {
                break answer["Items"][0].take();
            }
            ensure!(!answer["LastEvaluatedKey"].is_null(), "{record} is not due at any time");
            question["ExclusiveStartKey"] = answer["LastEvaluatedKey"].take();
        };
        let due = item["gsi2sk"]["S"].as_str().context("a due time that is no text")?;
        let digits = due.find(|character: char| !character.is_ascii_digit()).unwrap_or(due.len());
        item["gsi2sk"]["S"] = json!(["0".repeat(digits).as_str(), &due[digits..]].concat());
        item["archived_at"]["S"] = json!("1970-01-01T00:00:00.000Z");
        self.stack.ask("dynamodb", "put_item", &json!({"TableName": table, "Item": item})).map(drop)
    }
}
