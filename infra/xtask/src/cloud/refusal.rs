//! Proof that an update reaches the roles: deployed with one action less, what needs it is refused, and nothing else. All other
//! actions are taken away without an update (`rights`).

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::json;

use super::answers::{Api, eventually};
use super::stack::{Outputs, Stack};

/// The role that loses a right, and the right.
pub(super) const ROLE: &str = "ContactsRole";
/// The right.
pub(super) const ACTION: &str = "dynamodb:PutItem";

/// Takes the right away, sees a create fail and a read go on, and finds the refusal in the function's log.
///
/// # Errors
/// When the create is not refused, or for another reason, or tells the caller internals.
pub(super) fn prove(stack: &Stack<'_>, outputs: &Outputs, api: &Api) -> anyhow::Result<()> {
    stack.deploy_changed(|template| without(template, ROLE, ACTION))?;

    let body = json!({"last_name": "Refused", "email": "refused@example.com"});
    let refused = api.send("POST", "/v1/contacts", &[], &body)?;
    ensure!(refused.status >= 500, "{ROLE} without {ACTION} still writes: {} {}", refused.status, refused.body);
    let text = refused.body.to_string();
    for internal in ["dynamodb", "AccessDenied", "arn:", "Role"] {
        ensure!(!text.contains(internal), "the answer tells internals: {text}");
    }
    api.get("/v1/contacts/by-nobody", &[])?.expect_problem(404).context("reading must go on")?;

    let group = format!("/rapport/{}/contacts", stack.name());
    eventually("the function's log names the refusal", Duration::from_secs(20), || {
        let events = stack.ask("logs", "filter_log_events", &json!({"logGroupName": group}))?;
        let text = events.to_string();
        Ok(text.contains("not authorized") || text.contains("AccessDenied"))
    })?;
    let held = stack.ask("dynamodb", "describe_table", &json!({"TableName": outputs.table}))?;
    ensure!(held["Table"]["TableStatus"] == "ACTIVE", "the update touched the table: {held}");
    Ok(())
}

/// The template with the line of one action taken out of one role.
fn without(template: &str, role: &str, action: &str) -> anyhow::Result<String> {
    let heading = format!("  {role}:");
    let item = format!("- {action}");
    let mut inside = false;
    let mut removed = 0;
    let mut lines = Vec::new();
    for line in template.lines() {
        if line.starts_with("  ") && !line.starts_with("   ") {
            inside = line == heading;
        }
        if inside && line.trim() == item {
            removed += 1;
        } else {
            lines.push(line);
        }
    }
    ensure!(removed == 1, "{role} has the line `{item}` {removed} times in template.yaml, not once");
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_leaves_only_the_role_that_is_named() {
        let template = "Resources:\n  A:\n    X:\n      - dynamodb:PutItem\n  B:\n    X:\n      - dynamodb:PutItem\n";
        let less = without(template, "B", "dynamodb:PutItem").unwrap();
        assert_eq!(less, "Resources:\n  A:\n    X:\n      - dynamodb:PutItem\n  B:\n    X:\n");
        assert!(without(template, "C", "dynamodb:PutItem").is_err());
    }
}
