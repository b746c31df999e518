//! What needs rights of the worker of mail.

use anyhow::Context as _;
use serde_json::json;

use super::Scene;

/// An invitation that is gone: the worker looks for it, and has nothing to send.
pub(in crate::cloud::rights) fn look_at_invitation(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let number = scene.next();
    asked(scene, number)
}

/// One that is there, past the API: the worker takes the claim to send its mail. What SES says then is another matter.
pub(in crate::cloud::rights) fn claim_mail(scene: &Scene<'_>) -> anyhow::Result<bool> {
    let number = scene.next();
    let text = |value: &str| json!({ "S": value });
    // No sort of item that the stream's consumers know.
    let item = json!({
        "pk": text(&format!("{}#INVITATION#{}", scene.workspace, invitation(number))), "sk": text("#"), "item": text("provoked"),
        "email": text("success@simulator.amazonses.com"), "state": text("open"), "good_until": text("9999-01-01T00:00:00.000Z"),
    });
    let table = &scene.outputs.table;
    scene.stack.ask("dynamodb", "put_item", &json!({ "TableName": table, "Item": item }))?;
    asked(scene, number)?;
    let key = json!({ "pk": text(&format!("{}#MAIL#{}", scene.workspace, event(number))), "sk": text("#") });
    let claim = scene.stack.ask("dynamodb", "get_item", &json!({ "TableName": table, "Key": key }))?;
    Ok(claim["Item"]["claimed_by"]["S"].is_string())
}

/// Asks the worker for the mail about an invitation. Whether it was through with it.
fn asked(scene: &Scene<'_>, number: u32) -> anyhow::Result<bool> {
    let by = scene.user.rsplit('/').next().context("a path without an id")?;
    let body = json!({
        "mail": "invitation", "workspace": scene.workspace, "invitation": invitation(number), "event": event(number), "by": by,
    });
    let mut message = scene.sample("queue-mail.json")?;
    message["Records"][0]["body"] = json!(body.to_string());
    scene.invoke(&scene.mail, &message)
}

fn invitation(number: u32) -> String {
    format!("inv_019b76daa800700080000000{number:08x}")
}

fn event(number: u32) -> String {
    format!("evt_019b76daa800700080000000{number:08x}")
}
