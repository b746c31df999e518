//! Snapshots: replicas of workspaces, packed, for instances that have none yet.
//!
//! | access pattern | cost |
//! |---|---|
//! | manifest, journal, upload, manifest by compare-and-set | a handful of reads, one write of the manifest, one object |
//! | no snapshot yet | the catalog, and every record once |
//! | an erasure | the journal since the record was made, a write for each entry that shows it, the objects' list |
//!
//! Owns the objects under `replicas/` in the bucket, and their manifests. Events in: snapshot requests, from readers that
//! had much to catch up and from erasures. Asking twice makes one snapshot; after an erasure no older one stays, and the
//! journal has no image of the record. Never writes business data.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use api::App;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use events::{SnapshotReason, SnapshotRequest};
use kernel::{AnyId, Error, Id, Result, kinds};
use replica::{Limits, Replicas, Snapshotted, forget_in_journal};
use table::{Meter, TenantTable};

/// How often a snapshot after an erasure is tried when somebody else makes one at the same time: theirs may have begun
/// before the erasure.
const ERASED_TRIES: u32 = 3;
/// How often, and how far apart, the journal is asked whether it tells of an erasure, which it does within a second or
/// two. Then the message comes again.
const JOURNAL_TRIES: u32 = 4;
const JOURNAL_PAUSE: Duration = Duration::from_millis(1500);

/// Makes the snapshots that a batch asks for, without remembering anything between batches.
pub async fn handle(app: &App, batch: SqsEvent) -> SqsBatchResponse {
    Snapshots::default().handle(app, batch).await
}

/// Makes snapshots, and keeps the files that they are made from.
#[derive(Debug, Default)]
pub struct Snapshots {
    replicas: OnceLock<Replicas>,
}

/// What a batch asks of one workspace.
#[derive(Default)]
struct Group {
    messages: Vec<String>,
    requests: Vec<SnapshotRequest>,
}

impl Snapshots {
    /// Makes the snapshots that a batch asks for, one for each workspace. Messages that failed come again, and in the
    /// end go to the dead letters.
    pub async fn handle(&self, app: &App, batch: SqsEvent) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for (workspace, group) in grouped(batch.records, &mut response) {
            // Boxed: the futures of the SDK's calls inside are large.
            if let Err(error) = Box::pin(self.carry_out(app, workspace, &group.requests)).await {
                tracing::error!(workspace.id = %workspace, error.code = error.code(), error.cause = ?error, "a snapshot was not made");
                group.messages.into_iter().for_each(|id| response.add_failure(id));
            }
        }
        response
    }

    /// Replicas in files of their own: a worker on the same machine as readers does not share theirs.
    fn replicas(&self, app: &App) -> &Replicas {
        self.replicas.get_or_init(|| {
            let directory = app.replica_dir.join("snapshots");
            let (tables, files, queues) = (app.tables.clone(), app.files.clone(), app.queues.clone());
            Replicas::new(directory, tables, files, queues, Limits::worker())
        })
    }

    async fn carry_out(&self, app: &App, workspace: Id<kinds::Workspace>, requests: &[SnapshotRequest]) -> Result<()> {
        let replicas = self.replicas(app);
        let table = app.tables.workspace(workspace, Meter::default());
        let only_erased = requests.iter().all(|request| request.reason == SnapshotReason::Erased);
        let erased: Vec<AnyId> = requests
            .iter()
            .filter(|request| request.reason == SnapshotReason::Erased)
            .filter_map(|request| request.record)
            .collect();
        let is_told = told(&table, &erased).await?;
        let made = if only_erased && !replicas.has_snapshots(&table).await? {
            // Nobody had a snapshot, so none holds what was erased.
            None
        } else {
            Some(snapshot(app, replicas, &table, requests).await?)
        };
        tracing::info!(workspace.id = %workspace, requests = requests.len(), erased = erased.len(), ?made, "snapshot");
        if is_told { Ok(()) } else { Err(Error::unavailable("the journal does not tell of an erasure yet")) }
    }
}

/// Takes erased records out of the journal, as soon as it tells of their removal: no image of them follows that.
async fn told(table: &TenantTable, erased: &[AnyId]) -> Result<bool> {
    for _ in 1..JOURNAL_TRIES {
        if forget_in_journal(table, erased).await? {
            return Ok(true);
        }
        tokio::time::sleep(JOURNAL_PAUSE).await;
    }
    forget_in_journal(table, erased).await
}

async fn snapshot(
    app: &App,
    replicas: &Replicas,
    table: &TenantTable,
    requests: &[SnapshotRequest],
) -> Result<Snapshotted> {
    let has_erasure = requests.iter().any(|request| request.reason == SnapshotReason::Erased);
    let replica = replicas.open(table, &app.clock).await?;
    for _ in 0..ERASED_TRIES {
        let made = replica.snapshot_for(requests).await?;
        if made != Snapshotted::Lost || !has_erasure {
            return Ok(made);
        }
    }
    Err(Error::unavailable("others kept moving the manifest"))
}

/// The requests of a batch by workspace. What cannot be read has failed.
fn grouped(records: Vec<SqsMessage>, response: &mut SqsBatchResponse) -> BTreeMap<Id<kinds::Workspace>, Group> {
    let mut groups: BTreeMap<_, Group> = BTreeMap::new();
    for message in records {
        let id = message.message_id.unwrap_or_default();
        match serde_json::from_str::<SnapshotRequest>(message.body.as_deref().unwrap_or_default()) {
            Ok(request) => {
                let group = groups.entry(request.workspace).or_default();
                group.messages.push(id);
                group.requests.push(request);
            }
            Err(error) => {
                tracing::error!(message.id = id, %error, "a message is no snapshot request");
                response.add_failure(id);
            }
        }
    }
    groups
}
