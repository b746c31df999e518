//! What needs rights to read the audit log, and to seal it.

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::jobs::{export_by_job, look_for_due_work};
use super::{Scene, worked};

/// Events of days: the catalogue names them, and a batch reads them.
pub(in super::super) fn read_audit(scene: &Scene<'_>) -> anyhow::Result<bool> {
    worked(&scene.api.get("/v1/audit", &[])?)
}

/// Events of one record, which lie under its key.
pub(in super::super) fn read_audit_of_record(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let contact = scene.contact.rsplit('/').next().context("a contact without an id")?;
    worked(&scene.api.get(&format!("/v1/audit?record={contact}"), &[])?)
}

/// Who takes it away is noted; again after ten seconds, and until then by another key.
pub(in super::super) fn take_audit_away(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let key = json!({"name": format!("auditor {}", scene.next()), "role": "admin"});
    let key = scene.api.send("POST", "/v1/api_keys", &[], &key)?.expect(201)?.text("/secret")?.to_owned();
    let api = scene.api.with_credential(Some(&format!("Bearer {key}")));
    // One line of JSON is JSON.
    worked(&api.get("/v1/audit/jsonl?limit=1", &[])?)
}

/// A day of the scene's workspace that was to be sealed in 1970.
pub(in super::super) fn seal_a_day(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let days = scene.api.get("/v1/audit?limit=1", &[])?.expect(200)?;
    let day = days.text("/data/0/at")?.get(..10).context("an event without a day")?.to_owned();
    let text = |value: &str| json!({ "S": value });
    let key = json!({ "pk": text(&[&scene.workspace, "SEALS"].join("#")), "sk": text(&day) });
    let mut item = key.clone();
    item["item"] = text("seal");
    item["day"] = text(&day);
    item["version"] = json!({ "N": "1" });
    item["gsi2pk"] = text(&["DUE", "SEALS"].join("#"));
    item["gsi2sk"] = text(&[&"0".repeat(15), scene.workspace.as_str()].join("#"));
    let table = &scene.outputs.table;
    scene.stack.ask("dynamodb", "put_item", &json!({"TableName": table, "Item": item}))?;
    if !look_for_due_work(scene)? {
        return Ok(false);
    }
    let question = json!({"TableName": table, "Key": key, "ConsistentRead": true});
    let answer = scene.stack.ask("dynamodb", "get_item", &question)?;
    Ok(answer["Item"].get("sealed_at").is_some())
}

/// An export that has a team, which the worker is told was erased.
pub(in super::super) fn forget_an_export(scene: &Scene<'_>) -> anyhow::Result<bool> {
    ensure!(export_by_job(scene)?, "no export");
    let mut event = scene.sample("queue-jobs.json")?;
    let message =
        json!({"ask": "forget", "workspace": scene.workspace, "record": scene.team, "at": "2026-01-01T00:00:00.000Z"});
    event["Records"][0]["body"] = json!(message.to_string());
    scene.invoke(&scene.worker, &event)
}
