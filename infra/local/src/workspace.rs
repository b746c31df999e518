//! A workspace in a table that is deployed: what an operator does once after the first deployment.

use anyhow::{Context, Result};
use cloud::Clients;
use identity::{Bootstrapped, FirstUser};
use kernel::{Clock, Ids};
use table::Tables;

/// Makes a workspace with an administrator and an API key, in the table of a name. AWS settings come from the environment.
///
/// # Errors
/// When a setting is missing, the name or the user is not valid, or the table does not answer.
pub async fn create_workspace(table: &str, name: &str, first: &FirstUser) -> Result<Bootstrapped> {
    let tables = Tables::new(&Clients::from_env()?, table);
    identity::bootstrap(&tables, &Clock::System, &Ids::new(Clock::System), name, first).await.context("the workspace")
}
