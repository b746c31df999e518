//! Snapshots: a replica's file, packed, in S3, and the manifest that says which one counts.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use events::{SnapshotReason, SnapshotRequest};
use kernel::{AnyId, Error, Result, Version};
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest, Sha256};
use table::Manifest;

use crate::database::{Database, remove_file, state};
use crate::obtain::is_too_old;
use crate::replicas::Replica;
use crate::schema::REPLICA_SCHEMA;

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

/// What a file holds, to compare with what it should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) seq: u64,
    pub(crate) rows: BTreeMap<String, u64>,
    pub(crate) checksums: BTreeMap<String, String>,
}

impl Contents {
    /// Whether a file is the one that a manifest describes.
    pub(crate) fn agrees(&self, manifest: &Manifest) -> bool {
        self.seq == manifest.seq && self.rows == manifest.rows && self.checksums == manifest.checksums
    }
}

/// Counts and digests the rows of a file that nobody has open, by kind: every table of records, and the removals.
pub(crate) fn contents(path: &Path) -> rusqlite::Result<Contents> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let mut contents = Contents { seq: state(&connection)?.seq, rows: BTreeMap::new(), checksums: BTreeMap::new() };
    let mut select = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 't_*' AND sql LIKE '%doc TEXT%' ORDER BY name",
    )?;
    let tables: Vec<String> = select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for table in tables {
        let sql = format!("SELECT f_id, f_version, coalesce(position, ''), doc FROM {table} ORDER BY f_id");
        contents.add(&connection, table.trim_start_matches("t_"), &sql)?;
    }
    contents.add(&connection, "gone", "SELECT id, version, coalesce(position, ''), kind FROM gone ORDER BY id")?;
    Ok(contents)
}

impl Contents {
    fn add(&mut self, connection: &Connection, kind: &str, sql: &str) -> rusqlite::Result<()> {
        let mut hash = Sha256::new();
        let mut count = 0;
        let mut select = connection.prepare(sql)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (id, version, position, rest): (String, i64, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            for text in [&id, &version.to_string(), &position, &rest] {
                hash.update((text.len() as u64).to_be_bytes());
                hash.update(text);
            }
            count += 1;
        }
        self.rows.insert(kind.to_owned(), count);
        self.checksums.insert(kind.to_owned(), hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        Ok(())
    }
}

/// Packed, and what was packed.
struct Packed {
    contents: Contents,
    bytes: Bytes,
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

    /// Whether the present snapshot is good enough: near to the journal's end, and of use to somebody who has no file.
    /// A manifest outlives its object where a table has moved to another stack, and where nobody wrote for long.
    async fn is_fresh(&self, manifest: Option<&Manifest>) -> Result<bool> {
        let Some(manifest) = manifest else { return Ok(false) };
        let state = self.database()?.state()?;
        let is_near = state.seq <= manifest.seq || (state.since_seq == manifest.seq && state.since < WORTH);
        let is_young = !is_too_old(manifest.at.as_millis(), self.clock.now());
        Ok(is_near && is_young && self.replicas.inner.files.exists(&manifest.object).await?)
    }

    async fn pack(&self) -> Result<Packed> {
        let source = self.replicas.source().await?;
        let directory = self.replicas.directory(source)?;
        let path = self.replicas.new_path(&directory, self.table.workspace_id(), &self.clock).with_extension("packing");
        let packed = pack_into(&*self.database()?, &path);
        remove_file(&path);
        packed
    }

    /// Uploads, then moves the manifest by compare-and-set. `None`: somebody else has moved it.
    async fn publish(&self, packed: &Packed, before: Option<&Manifest>, erased: bool) -> Result<Option<Manifest>> {
        let files = &self.replicas.inner.files;
        let Contents { seq, rows, checksums } = packed.contents.clone();
        let prefix = self.replicas.prefix(&self.table).await?;
        let object = format!("{prefix}{REPLICA_SCHEMA}/{seq:020}-{}.sqlite.zst", random());
        let seen = before.map_or(0, |manifest| manifest.version);
        let manifest = Manifest {
            version: seen + 1,
            object,
            previous: before.filter(|_| !erased).map(|manifest| manifest.object.clone()),
            seq,
            at: self.clock.now(),
            rows,
            checksums,
            bytes: packed.bytes.len() as u64,
        };
        files.put(&manifest.object, packed.bytes.clone()).await?;
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

fn pack_into(database: &Database, path: &Path) -> Result<Packed> {
    let text = path.to_str().ok_or_else(|| Error::bug("a replica's path is not text"))?;
    database.scrub()?;
    database.with_writer(|connection| connection.execute("VACUUM INTO ?", [text]).map(drop))?;
    let sqlite = |error: rusqlite::Error| Error::unavailable(error);
    let copy = Connection::open(path).map_err(sqlite)?;
    copy.execute("UPDATE state SET since = 0, since_seq = seq", []).map_err(sqlite)?;
    copy.close().map_err(|(_, error)| sqlite(error))?;
    let contents = contents(path).map_err(sqlite)?;
    let bytes = pack_file(path).map_err(Error::unavailable)?;
    Ok(Packed { contents, bytes: bytes.into() })
}

fn pack_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), LEVEL)?;
    encoder.include_checksum(true)?;
    std::io::copy(&mut std::fs::File::open(path)?, &mut encoder)?;
    encoder.finish()
}

/// Keeps two snapshots of the same entry apart.
fn random() -> String {
    kernel::Ids::new(kernel::Clock::System).salt()
}
