//! Snapshots: a replica's file, packed, in S3, and the manifest that says which one counts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use events::{SnapshotReason, SnapshotRequest};
use kernel::{AnyId, Error, Result, Version};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use table::Manifest;

use crate::database::{Database, is_whole};
use crate::obtain::{Draft, is_too_old};
use crate::replicas::Replica;
use crate::schema::REPLICA_SCHEMA;
use crate::state::state;

/// With fewer changes than this since the last snapshot a new one is not worth its upload.
const WORTH: u64 = 500;
/// zstd's own default: a replica shrinks to a fifth, and higher levels gain little for much time.
const LEVEL: i32 = 3;

/// What became of a request for a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snapshotted {
    /// There is a new one, with everything up to a journal entry.
    Made {
        /// The number of the last entry in it.
        seq: u64,
        /// The size of its object in bytes.
        bytes: u64,
    },
    /// The present one is good enough.
    Fresh,
    /// Somebody else was faster.
    Lost,
}

/// A replica's file, packed into another one.
struct Packed {
    /// The number of the last entry in it.
    seq: u64,
    /// The schema of its tables.
    fingerprint: String,
    /// Its rows by kind.
    rows: BTreeMap<String, u64>,
    file: Draft,
    bytes: u64,
    sha256: [u8; 32],
}

/// Writes into a file, and knows what it has written. A replica grows with its workspace, and memory must not.
struct Measured {
    file: File,
    bytes: u64,
    digest: Sha256,
}

impl Write for Measured {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.digest.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// A digest as text.
pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Counts the rows of a file: of every object's records, and of what every file has besides.
fn count(connection: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    let select = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 't_*' AND name NOT GLOB '*$*'";
    let tables = connection.prepare(select)?.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let own = ["links", "shares", "config", "unknown", "gone"].map(str::to_owned);
    let mut rows = BTreeMap::new();
    for table in tables.into_iter().chain(own) {
        let count: i64 = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        let kind = table.strip_prefix("t_").unwrap_or(&table).to_owned();
        rows.insert(kind, u64::try_from(count).unwrap_or(0));
    }
    Ok(rows)
}

impl Replica {
    /// Makes a snapshot if one is worth it, and moves the manifest to it. Safe to ask twice, and at the same time.
    ///
    /// After an erasure it is always worth it, the erased record is not in it even if the journal does not tell of it
    /// yet, and no older snapshot stays.
    ///
    /// # Errors
    /// When the table or the bucket does not answer. Nothing has changed then that the next try would not put right.
    pub async fn snapshot(&self, request: &SnapshotRequest) -> Result<Snapshotted> {
        self.snapshot_for(std::slice::from_ref(request)).await
    }

    /// One snapshot for all requests of this workspace, as [`Self::snapshot`].
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn snapshot_for(&self, requests: &[SnapshotRequest]) -> Result<Snapshotted> {
        let erased = requests.iter().any(|request| request.reason == SnapshotReason::Erased);
        let before = self.table.manifest(REPLICA_SCHEMA).await?;
        self.catch_up().await?;
        if erased {
            self.forget(requests).await?;
        } else if self.is_fresh(before.as_ref()).await? {
            return Ok(Snapshotted::Fresh);
        }
        let packed = self.pack().await?;
        let manifest = self.publish(&packed, before.as_ref(), erased).await?;
        let Some(manifest) = manifest else { return Ok(Snapshotted::Lost) };
        self.note_snapshot(manifest.seq)?;
        if erased {
            self.delete_all_but(&manifest.object).await?;
        } else if let Some(old) = before.and_then(|before| before.previous) {
            // The last one may still be on its way to somebody; the one before it is not.
            self.replicas.inner.files.delete(&old).await?;
        }
        Ok(Snapshotted::Made { seq: manifest.seq, bytes: manifest.bytes })
    }

    /// Sees to it that erased records are not in the file.
    async fn forget(&self, requests: &[SnapshotRequest]) -> Result<()> {
        let erased = requests.iter().filter(|request| request.reason == SnapshotReason::Erased);
        let records: Option<Vec<AnyId>> = erased.map(|request| request.record).collect();
        match records {
            // No version is that high, so the table is asked whether the records are still there.
            Some(records) => self.ensure_all(records.into_iter().map(|record| (record, Version::MAX))).await,
            None => {
                let _turn = self.store.turn.lock().await;
                let built = self.build().await?;
                self.store.replace(Some(built));
                Ok(())
            }
        }
    }

    /// Whether the present snapshot is good enough: near to the journal's end, with the tables that everybody has by now,
    /// and of use to somebody who has no file.
    /// A manifest outlives its object where a table has moved to another stack, and where nobody wrote for long.
    async fn is_fresh(&self, manifest: Option<&Manifest>) -> Result<bool> {
        let Some(manifest) = manifest else { return Ok(false) };
        let database = self.database()?;
        let state = database.state()?;
        let is_same = manifest.fingerprint == database.schema().fingerprint;
        let is_near = state.seq <= manifest.seq || (state.since_seq == manifest.seq && state.since < WORTH);
        let is_young = !is_too_old(manifest.at.as_millis(), self.clock.now());
        Ok(is_same && is_near && is_young && self.replicas.inner.files.exists(&manifest.object).await?)
    }

    async fn pack(&self) -> Result<Packed> {
        let source = self.replicas.source().await?;
        let directory = self.replicas.directory(source)?;
        let path = self.replicas.new_path(&directory, self.table.workspace_id(), &self.clock);
        let copy = Draft::new(path.with_extension("packing"));
        pack(&*self.database()?, &copy, Draft::new(path.with_extension("zst.packing")))
    }

    /// Uploads, then moves the manifest by compare-and-set. `None`: somebody else has moved it.
    async fn publish(&self, packed: &Packed, before: Option<&Manifest>, erased: bool) -> Result<Option<Manifest>> {
        let files = &self.replicas.inner.files;
        let (seq, rows) = (packed.seq, packed.rows.clone());
        let prefix = self.replicas.prefix(&self.table).await?;
        let object = format!("{prefix}{REPLICA_SCHEMA}/{seq:020}-{}.sqlite.zst", random());
        let seen = before.map_or(0, |manifest| manifest.version);
        let manifest = Manifest {
            version: seen + 1,
            object,
            previous: before.filter(|_| !erased).map(|manifest| manifest.object.clone()),
            seq,
            at: self.clock.now(),
            fingerprint: packed.fingerprint.clone(),
            rows,
            sha256: hex(&packed.sha256),
            bytes: packed.bytes,
        };
        files.put_file(&manifest.object, packed.file.path(), &packed.sha256).await?;
        if self.table.move_manifest(REPLICA_SCHEMA, &manifest, seen).await? {
            return Ok(Some(manifest));
        }
        files.delete(&manifest.object).await?;
        Ok(None)
    }

    /// Counts changes anew from a snapshot on.
    fn note_snapshot(&self, seq: u64) -> Result<()> {
        self.store.asked.store(0, std::sync::atomic::Ordering::Relaxed);
        let seq = i64::try_from(seq).map_err(Error::bug)?;
        self.database()?.write(|writer| {
            // Entries that were applied meanwhile are few: counting them as none asks a little later.
            writer.transaction.execute("UPDATE state SET since = 0, since_seq = ?", [seq]).map(drop)
        })
    }
}

/// Packs what is in a replica now, by a copy, into a file.
fn pack(database: &Database, copy: &Draft, file: Draft) -> Result<Packed> {
    let path = copy.path();
    let text = path.to_str().ok_or_else(|| Error::bug("a replica's path is not text"))?;
    database.scrub()?;
    database.with_writer(|connection| connection.execute("VACUUM INTO ?", [text]).map(drop))?;
    let sqlite = |error: rusqlite::Error| Error::unavailable(error);
    let copy = Connection::open(path).map_err(sqlite)?;
    copy.execute("UPDATE state SET since = 0, since_seq = seq", []).map_err(sqlite)?;
    // A change of mode writes the whole file to the disk before anybody can go on: it is made here as well.
    copy.pragma_update(None, "journal_mode", "WAL").map_err(sqlite)?;
    // Here, where nobody waits, so that whoever starts from it need not.
    if !is_whole(&copy).map_err(sqlite)? {
        return Err(Error::unavailable("a copy of a replica is not whole"));
    }
    let seq = state(&copy).map_err(sqlite)?.seq;
    let fingerprint = copy.query_row("SELECT fingerprint FROM state", [], |row| row.get(0)).map_err(sqlite)?;
    let rows = count(&copy).map_err(sqlite)?;
    copy.close().map_err(|(_, error)| sqlite(error))?;
    let Measured { bytes, digest, .. } = pack_file(path, file.path()).map_err(Error::unavailable)?;
    Ok(Packed { seq, fingerprint, rows, file, bytes, sha256: digest.finalize().into() })
}

fn pack_file(from: &Path, to: &Path) -> std::io::Result<Measured> {
    let measured = Measured { file: File::create_new(to)?, bytes: 0, digest: Sha256::new() };
    let mut encoder = zstd::stream::write::Encoder::new(measured, LEVEL)?;
    encoder.include_checksum(true)?;
    std::io::copy(&mut File::open(from)?, &mut encoder)?;
    encoder.finish()
}

/// Keeps two snapshots of the same entry apart.
fn random() -> String {
    kernel::Ids::new(kernel::Clock::System).salt()
}
