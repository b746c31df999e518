//! In whose name a job is worked on, and with which rights: those that whoever has started it has now.

use api::App;
use auth::{ApiKey, Caller, Role};
use events::Document;
use kernel::{Error, Result};
use records::{Cx, Job, JobKind};
use serde_json::Value;
use table::TenantTable;

/// The context in which a job is worked on. One round trip, none for what has to follow whatever becomes of whoever has
/// brought it about: a merge that was made, a change of the schema.
///
/// # Errors
/// [`Error::Denied`] when whoever has started the job may do nothing any more.
pub(crate) async fn context(app: &App, table: &TenantTable, job: &Job) -> Result<Cx> {
    let user = job.common.created_by;
    let in_the_name = |role| {
        let caller = Caller { user, api_key: job.api_key, workspace: table.workspace_id(), role };
        let cx = Cx::new(caller, table.clone(), app.schemas.clone(), app.clock.clone(), app.ids.clone());
        Ok(Cx { job: Some(job.id()?), ..cx })
    };
    if matches!(job.kind, JobKind::Merge | JobKind::MakeUnique) {
        return in_the_name(Role::Admin);
    }
    let keys = table.keys();
    let mut wanted = vec![keys.record("user", user.erase())];
    wanted.extend(job.api_key.map(|key| keys.api_key_entry(key)));
    let found = table.get_many(&wanted).await?;
    let now_role = role_of(&found, user.erase().to_string().as_str())?;
    check_key(app, job, &found)?;
    in_the_name(job.role.lesser(now_role))
}

/// What a user is now.
fn role_of(found: &[Document], user: &str) -> Result<Role> {
    let is_user = |document: &&Document| document.get("id").and_then(Value::as_str) == Some(user);
    let user = found.iter().find(is_user).filter(|user| !user.contains_key("archived_at"));
    let role = user.and_then(|user| user.get("role")?.as_str()).and_then(Role::parse);
    role.ok_or_else(|| Error::denied("whoever has started this job has no access any more"))
}

/// Passes if the credential that a program has used is still good, or none was used.
fn check_key(app: &App, job: &Job, found: &[Document]) -> Result<()> {
    let Some(id) = job.api_key else { return Ok(()) };
    let keys =
        found.iter().filter_map(|document| serde_json::from_value::<ApiKey>(Value::Object(document.clone())).ok());
    let is_good = |key: &ApiKey| key.id == id && key.access(app.clock.now()).is_some();
    if keys.into_iter().any(|key| is_good(&key)) {
        return Ok(());
    }
    Err(Error::denied("the API key that has started this job is no longer good"))
}
