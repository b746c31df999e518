//! Schemas of workspaces, kept for a minute by each process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{Clock, Error, Id, Result, Timestamp, kinds};
use table::TenantTable;

use crate::settings::KnownSettings;
use crate::{Definition, Schema};

/// For how long a schema is used without asking again, in milliseconds.
pub const SCHEMA_MS: i64 = 60_000;
/// How many workspaces' schemas a process keeps.
pub(crate) const MAX_KEPT: usize = 200;

/// The schemas that a process has read. Cheap to clone.
///
/// Others may change a schema meanwhile, so for [`SCHEMA_MS`] a process may accept what was allowed before. What it would
/// refuse it must not refuse on the word of an old schema: [`Schemas::refreshed`] reads it again.
#[derive(Debug, Clone, Default)]
pub struct Schemas {
    kept: Arc<Mutex<HashMap<Id<kinds::Workspace>, Kept>>>,
    /// What else of the configuration every process keeps for a minute.
    pub(crate) settings: KnownSettings,
}

#[derive(Debug, Clone)]
struct Kept {
    schema: Arc<Schema>,
    read_at: Timestamp,
}

impl Schemas {
    fn locked(&self) -> MutexGuard<'_, HashMap<Id<kinds::Workspace>, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The schema of a table's workspace. No round trip while it is fresh, otherwise one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn of(&self, table: &TenantTable, clock: &Clock) -> Result<Arc<Schema>> {
        let now = clock.now();
        let kept = self.locked().get(&table.workspace_id()).cloned();
        match kept.filter(|kept| now.as_millis() - kept.read_at.as_millis() < SCHEMA_MS) {
            Some(kept) => Ok(kept.schema),
            None => self.read(table, now).await,
        }
    }

    /// The schema as it was after a moment. No round trip when the one that is known was read later, otherwise one.
    ///
    /// What was written at a moment can have values of fields that a schema of before knows nothing of.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn after(&self, table: &TenantTable, clock: &Clock, moment: Timestamp) -> Result<Arc<Schema>> {
        let kept = self.locked().get(&table.workspace_id()).cloned();
        match kept.filter(|kept| kept.read_at > moment) {
            Some(kept) => Ok(kept.schema),
            None => self.read(table, clock.now()).await,
        }
    }

    /// The schema, read again if the one that was used is older than this moment. `None` when nothing has changed in it:
    /// what was refused stays refused.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn refreshed(&self, table: &TenantTable, clock: &Clock, used: &Schema) -> Result<Option<Arc<Schema>>> {
        let now = clock.now();
        let schema = self.read(table, now).await?;
        Ok((schema.versions() != used.versions()).then_some(schema))
    }

    /// Forgets a workspace's schema and settings, which were just changed here.
    pub fn forget(&self, workspace: Id<kinds::Workspace>) {
        self.locked().remove(&workspace);
        self.settings.forget(workspace);
    }

    async fn read(&self, table: &TenantTable, now: Timestamp) -> Result<Arc<Schema>> {
        let documents = table.config(Definition::PARTS).await?;
        let definitions: Vec<Definition> = documents.into_iter().map(Definition::read).collect::<Result<_>>()?;
        let schema = if definitions.is_empty() { Schema::built_in() } else { Arc::new(Schema::of(definitions)) };
        let mut kept = self.locked();
        if kept.len() >= MAX_KEPT {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.read_at.as_millis()).map(|(id, _)| *id);
            oldest.map(|id| kept.remove(&id));
        }
        kept.insert(table.workspace_id(), Kept { schema: schema.clone(), read_at: now });
        Ok(schema)
    }
}

/// Whether an old schema can have been the reason for a refusal: then it must not stand before a newer one was asked.
#[must_use]
pub fn depends_on_schema(error: &Error) -> bool {
    match error {
        Error::Invalid(_) => true,
        Error::NotFound { what } => ["object", "unique field"].contains(&what.as_ref()),
        Error::WrongState { code, .. } => *code == "unique_pending",
        _ => false,
    }
}
