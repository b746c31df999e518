//! In whose name a job is worked on, and with which rights: those that whoever has started it has now.

use api::App;
use auth::{Access, ApiKey, Caller, Capability, Membership};
use kernel::{Error, Result};
use records::{Cx, Job, JobKind, Rights};
use serde_json::Value;
use table::TenantTable;

/// The context in which a job is worked on. No round trip while the configuration is known, one where a program has started it; none for
/// what has to follow whatever becomes of whoever has brought it about: a merge that was made, a change of the schema.
///
/// # Errors
/// [`Error::Denied`] when whoever has started the job may do nothing any more.
pub(crate) async fn context(app: &App, table: &TenantTable, job: &Job) -> Result<Cx> {
    let user = job.common.created_by;
    let in_the_name = |rights| {
        let caller = Caller { user, api_key: job.api_key, workspace: table.workspace_id() };
        let cx = Cx::new(caller, rights, table.clone(), app.schemas.clone(), app.clock.clone(), app.ids.clone());
        Ok(Cx { job: Some(job.id()?), ..cx })
    };
    if matches!(job.kind, JobKind::Merge | JobKind::MakeUnique) {
        return in_the_name(Rights::everything(user));
    }
    let access = access(app, table, job).await?;
    let membership = access.memberships.first().ok_or_else(no_access)?;
    let rights = app.schemas.rights(table, &app.clock, &access, membership).await.map_err(|error| match error {
        Error::Unauthenticated | Error::Denied { .. } => no_access(),
        error => error,
    })?;
    // Who was less then is not more now.
    let roles = app.schemas.roles(table, &app.clock).await?;
    let rights = rights.within(roles.policy(&job.role).unwrap_or_default());
    if job.kind == JobKind::Reassign {
        rights.require(Capability::ManageUsers)?;
        return in_the_name(Rights::everything(user));
    }
    in_the_name(rights)
}

fn no_access() -> Error {
    Error::denied("whoever has started this job has no access any more")
}

/// What the credential that a job was started with gives access to now.
async fn access(app: &App, table: &TenantTable, job: &Job) -> Result<Access> {
    let Some(id) = job.api_key else {
        let memberships = vec![Membership::of(table.workspace_id(), job.common.created_by)];
        return Ok(Access { api_key: None, person: None, rate_limit: None, memberships });
    };
    let entry = table.get(&table.keys().api_key_entry(id)).await?;
    let key = entry.and_then(|entry| serde_json::from_value::<ApiKey>(Value::Object(entry)).ok());
    key.and_then(|key| key.access(app.clock.now()))
        .ok_or_else(|| Error::denied("the API key that has started this job is no longer good"))
}
