//! Snapshots: replicas of workspaces, packed, for instances that have none yet.
//!
//! | access pattern | cost |
//! |---|---|
//! | manifest, journal, upload, manifest by compare-and-set | a handful of reads, one write of the manifest, one object |
//! | no snapshot yet | the catalog, and every record once |
//!
//! Owns the objects under `replicas/` in the bucket, and their manifests. Events in: snapshot requests, from readers that
//! had much to catch up and from erasures. Asking twice makes one snapshot; after an erasure no older one stays.
//! Never writes business data.

use api::App;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use events::{SnapshotReason, SnapshotRequest};
use kernel::{Error, Result};
use replica::{Limits, Replicas, Snapshotted};
use table::Meter;

/// How often a snapshot after an erasure is tried when somebody else makes one at the same time: theirs may have begun
/// before the erasure.
const ERASED_TRIES: u32 = 3;

/// Makes the snapshots that a batch asks for. A message that failed comes again, and in the end goes to the dead letters.
pub async fn handle(app: &App, batch: SqsEvent) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    let replicas = replicas(app);
    for message in batch.records {
        let id = message.message_id.clone().unwrap_or_default();
        // Boxed: the futures of the SDK's calls inside are large.
        if let Err(error) = Box::pin(carry_out(app, &replicas, &message)).await {
            tracing::error!(message.id = id, error.code = error.code(), error.cause = ?error, "a snapshot was not made");
            response.add_failure(id);
        }
    }
    response
}

/// Replicas in files of their own: a worker on the same machine as readers does not share theirs.
fn replicas(app: &App) -> Replicas {
    let directory = app.replica_dir.join("snapshots");
    let (tables, files, queues) = (app.tables.clone(), app.files.clone(), app.queues.clone());
    Replicas::new(directory, tables, files, queues, views::objects(), Limits::worker())
}

async fn carry_out(app: &App, replicas: &Replicas, message: &SqsMessage) -> Result<()> {
    let body = message.body.as_deref().unwrap_or_default();
    let request: SnapshotRequest =
        serde_json::from_str(body).map_err(|error| Error::malformed("bad_message", error.to_string()))?;
    let table = app.tables.workspace(request.workspace, Meter::default());
    let replica = replicas.open(&table, &app.clock).await?;
    let mut made = replica.snapshot(&request).await?;
    let mut tries = 1;
    while made == Snapshotted::Lost && request.reason == SnapshotReason::Erased && tries < ERASED_TRIES {
        made = replica.snapshot(&request).await?;
        tries += 1;
    }
    if made == Snapshotted::Lost && request.reason == SnapshotReason::Erased {
        return Err(Error::unavailable("others kept moving the manifest"));
    }
    tracing::info!(workspace.id = %request.workspace, reason = ?request.reason, ?made, "snapshot");
    Ok(())
}
