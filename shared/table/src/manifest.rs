//! Where the newest snapshot of a workspace's replica is.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use kernel::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::TenantTable;
use crate::item::{Sort, to_item};

/// The manifest of a replica's snapshots, for one replica schema: two releases side by side never fight over it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Goes up by one with each snapshot. What compare-and-set compares.
    pub version: u64,
    /// The snapshot's object in S3.
    pub object: String,
    /// The snapshot before it, which a slow reader may still be fetching.
    #[serde(default)]
    pub previous: Option<String>,
    /// The number of the last journal entry that the snapshot holds.
    pub seq: u64,
    /// When it was made.
    pub at: Timestamp,
    /// Says of which schema the tables in it are. Whoever has another one makes them anew from the documents.
    #[serde(default)]
    pub fingerprint: String,
    /// Rows by kind.
    pub rows: BTreeMap<String, u64>,
    /// SHA-256 of the object's bytes, in hex.
    pub sha256: String,
    /// Size of the object in S3, in bytes.
    pub bytes: u64,
}

impl TenantTable {
    /// The manifest for a replica schema. Strongly consistent, one read.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn manifest(&self, replica_schema: u32) -> Result<Option<Manifest>> {
        let document = self.get(&self.keys().manifest(replica_schema)).await?;
        document
            .map(|document| serde_json::from_value(document.into()).map_err(Error::unreadable("manifest")))
            .transpose()
    }

    /// Moves the manifest to a new snapshot if nobody else has moved it since version `seen` was read (0: there was
    /// none). `false`: somebody has, and nothing was written. `manifest.object` must be a name that nobody else uses.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn move_manifest(&self, replica_schema: u32, manifest: &Manifest, seen: u64) -> Result<bool> {
        let value = serde_json::to_value(manifest).map_err(Error::bug)?;
        let document = value.as_object().cloned().unwrap_or_default();
        let item = to_item(&self.keys().manifest(replica_schema), Sort::Manifest, &document)?;
        let condition = "attribute_not_exists(pk) or version = :seen";
        if self.put_if(item, condition, Some(AttributeValue::N(seen.to_string()))).await? {
            return Ok(true);
        }
        // The SDK sends again what was not answered: it may be our own first attempt that stands in the way.
        let stored = self.manifest(replica_schema).await?;
        Ok(stored.is_some_and(|stored| stored.object == manifest.object))
    }
}
