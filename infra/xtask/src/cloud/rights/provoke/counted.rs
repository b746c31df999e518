//! What needs the right to count requests. That it may not is no reason to refuse one: only the table tells, which has nothing of
//! a caller whose requests were not counted.

use anyhow::ensure;
use serde_json::{Value, json};

use super::{Scene, newcomer};

pub(in crate::cloud::rights) fn at_identity(scene: &Scene<'_>) -> anyhow::Result<bool> {
    counts(scene, "/v1/limits")
}

pub(in crate::cloud::rights) fn at_contacts(scene: &Scene<'_>) -> anyhow::Result<bool> {
    counts(scene, "/v1/contacts/con_00000000000070008000000000000000/history")
}

pub(in crate::cloud::rights) fn at_objects(scene: &Scene<'_>) -> anyhow::Result<bool> {
    counts(scene, "/v1/x_things/x00_00000000000070008000000000000000/history")
}

pub(in crate::cloud::rights) fn at_jobs(scene: &Scene<'_>) -> anyhow::Result<bool> {
    counts(scene, "/v1/jobs/job_00000000000070008000000000000000/errors")
}

pub(in crate::cloud::rights) fn at_views(scene: &Scene<'_>) -> anyhow::Result<bool> {
    counts(scene, "/v1/contacts/con_00000000000070008000000000000000")
}

pub(in crate::cloud::rights) fn at_schema(scene: &Scene<'_>) -> anyhow::Result<bool> {
    counts(scene, "/v1/schema")
}

pub(in crate::cloud::rights) fn at_privacy(scene: &Scene<'_>) -> anyhow::Result<bool> {
    counts(scene, "/v1/audit/days")
}

/// Whether a first request with a new key is counted. What it is answered is no matter, as long as it is an answer.
fn counts(scene: &Scene<'_>, path: &str) -> anyhow::Result<bool> {
    let before = scene.usages()?;
    let answer = newcomer(scene)?.get(path, &[])?;
    ensure!([200, 404].contains(&answer.status), "{path} answers {}: {}", answer.status, answer.body);
    Ok(scene.usages()? > before)
}

impl Scene<'_> {
    /// How many callers the table knows the requests of.
    fn usages(&self) -> anyhow::Result<usize> {
        let mut question = json!({
            "TableName": self.outputs.table, "FilterExpression": "#item = :usage", "ConsistentRead": true,
            "ExpressionAttributeNames": { "#item": "item" }, "ExpressionAttributeValues": { ":usage": { "S": "usage" } },
        });
        let mut found = 0;
        loop {
            let mut answer = self.stack.ask("dynamodb", "scan", &question)?;
            found += answer["Items"].as_array().map_or(0, Vec::len);
            match answer["LastEvaluatedKey"].take() {
                Value::Null => return Ok(found),
                next => question["ExclusiveStartKey"] = next,
            }
        }
    }
}
