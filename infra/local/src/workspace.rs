//! A workspace in a table that is deployed: what an operator does once after the first deployment, and when changes were
//! lost on their way into the journal.

use anyhow::{Context, Result, ensure};
use cloud::Clients;
use identity::{Bootstrapped, FirstUser};
use kernel::{Clock, Id, Ids, kinds};
use table::{JournalEntry, Meter, Tables};

/// Makes a workspace with an administrator and an API key, in the table of a name. AWS settings come from the environment.
///
/// # Errors
/// When a setting is missing, the name or the user is not valid, or the table does not answer.
pub async fn create_workspace(table: &str, name: &str, first: &FirstUser) -> Result<Bootstrapped> {
    let tables = deployed_table(table)?;
    identity::bootstrap(&tables, &Clock::System, &Ids::new(Clock::System), name, first).await.context("the workspace")
}

/// Marks the journal of a workspace as broken, so that every replica builds itself from the table. For an operator who
/// knows that the stream's consumer has lost changes. Answers the mark's number.
///
/// # Errors
/// When the table does not answer, the journal is empty, or others keep appending to it.
pub async fn mark_journal(tables: &Tables, workspace: Id<kinds::Workspace>) -> Result<u64> {
    let table = tables.workspace(workspace, Meter::default());
    for _ in 0..MARK_TRIES {
        let last = table.journal_last().await?;
        ensure!(last > 0, "the journal of {workspace} is empty: replicas are built from the table anyway");
        let entry = JournalEntry { seq: last + 1, at: Clock::System.now(), packed: events::BROKEN.to_vec() };
        if table.journal_append(entry).await? {
            return Ok(last + 1);
        }
    }
    anyhow::bail!("others kept appending to the journal")
}

/// How often marking is tried while a consumer appends.
const MARK_TRIES: u32 = 20;

/// The table of a name, with AWS settings from the environment.
///
/// # Errors
/// When a setting is missing.
pub fn deployed_table(name: &str) -> Result<Tables> {
    Ok(Tables::new(&Clients::from_env()?, name))
}
