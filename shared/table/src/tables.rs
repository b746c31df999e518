//! Handles to the table: one for the process, one bound to a workspace for each request.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use kernel::{Error, Id, Result, kinds};

use crate::{Key, Keys, Meter};

/// The table, not yet bound to a workspace. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Tables {
    pub(crate) client: Client,
    pub(crate) name: Arc<str>,
}

impl Tables {
    /// The table of a name, reached with the given AWS settings.
    #[must_use]
    pub fn new(clients: &cloud::Clients, name: &str) -> Self {
        let config = Builder::from(clients.config()).build();
        Self { client: Client::from_conf(config), name: Arc::from(name) }
    }

    /// The table as one workspace sees it. Everything that is read or written through it is metered.
    #[must_use]
    pub fn workspace(&self, workspace: Id<kinds::Workspace>, meter: Meter) -> TenantTable {
        TenantTable { tables: self.clone(), workspace, meter }
    }

    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The table's id: a restored table has another one, so that it never meets the snapshots of the table it was made of.
    ///
    /// # Errors
    /// When the table cannot be described.
    pub async fn id(&self) -> Result<String> {
        let answer = self.client.describe_table().table_name(&*self.name).send().await;
        let table = answer.map_err(crate::aws_error::failed)?.table;
        Ok(table.and_then(|table| table.table_id).unwrap_or_default())
    }
}

/// The table as one workspace sees it: no call can reach another workspace's items.
#[derive(Debug, Clone)]
pub struct TenantTable {
    pub(crate) tables: Tables,
    pub(crate) workspace: Id<kinds::Workspace>,
    pub(crate) meter: Meter,
}

impl TenantTable {
    /// The same, metered by another meter.
    #[must_use]
    pub fn metered(&self, meter: Meter) -> Self {
        Self { meter, ..self.clone() }
    }

    /// The workspace it is bound to.
    #[must_use]
    pub const fn workspace_id(&self) -> Id<kinds::Workspace> {
        self.workspace
    }

    /// Builds keys of this workspace.
    #[must_use]
    pub const fn keys(&self) -> Keys {
        Keys::new(self.workspace)
    }

    /// What this request has used of the table.
    #[must_use]
    pub const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Passes if a key is one of this workspace. Keys of another one come only from another workspace's table, so this
    /// is a defect that would show data to strangers.
    pub(crate) fn own(&self, key: &Key) -> Result<()> {
        if crate::workspace_of(&key.pk) == Some(self.workspace) || key.is_entry_of(self.workspace) {
            return Ok(());
        }
        Err(Error::bug("a key of another workspace"))
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.tables.client
    }

    pub(crate) fn name(&self) -> &str {
        &self.tables.name
    }
}
