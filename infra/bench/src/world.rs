//! Two workspaces in a data directory of the embedded stack: a large one and one with a hundredth of its records.
//!
//! Users, fields and permissions are made through the API. Records are not written to the table, which takes minutes, but
//! told of in the workspace's journal, as the table's stream would have told of them: lists are answered from the journal and
//! from snapshots alone. The snapshot is the worker's own: it catches up with the journal, packs, and uploads.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use events::{Change, Document, SnapshotReason, SnapshotRequest};
use identity::FirstUser;
use kernel::{AnyId, Clock, Id, Ids, kinds};
use local::{Config, Stack};
use records::{Definition, Object, Schema};
use replica::REPLICA_SCHEMA;
use serde_json::{Value, json};
use table::{JournalEntry, Meter, TenantTable};

use crate::data::Maker;
use crate::definitions::{of_companies, of_contacts};
use crate::http::Caller;
use crate::plan::Plan;
use report::Report;

/// How many users own the records.
const OWNERS: usize = 20;
/// How many changes an entry of the journal tells of at most: as many as a batch of the stream has.
const BATCH: usize = 1000;
/// How many records of each object questions are made from.
const SAMPLES: usize = 2_000;

/// How many records a workspace has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) contacts: usize,
    pub(crate) companies: usize,
}

impl Sizes {
    /// Those of the small workspace.
    pub(crate) const fn small(self) -> Self {
        Self { contacts: self.contacts.div_ceil(100), companies: self.companies.div_ceil(100) }
    }
}

/// Both workspaces.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) small: Workspace,
    pub(crate) large: Workspace,
}

/// One workspace.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    pub(crate) id: Id<kinds::Workspace>,
    /// Its administrator, who owns one of twenty records.
    pub(crate) user: Id<kinds::User>,
    pub(crate) sizes: Sizes,
    /// The secret of an administrator's key.
    pub(crate) admin: String,
    /// The secret of a key of the same user that may not see what others own.
    pub(crate) rep: String,
    pub(crate) contacts: Sort,
    pub(crate) companies: Sort,
}

/// Records of one object.
#[derive(Debug, Clone)]
pub(crate) struct Sort {
    pub(crate) object: Arc<Object>,
    /// Some of them, as they are stored.
    pub(crate) samples: Vec<Document>,
}

impl World {
    /// Makes a single workspace.
    ///
    /// # Errors
    /// When anything is refused.
    pub(crate) fn one(name: &str, seed: u64, sizes: Sizes, data: &Path) -> Result<Workspace> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let stack = Stack::start(&Config { background: false, ..Config::new(data) }).await?;
            let made = Box::pin(workspace(&stack, name, seed, sizes, &mut Vec::new())).await?;
            stack.stop().await;
            Ok(made)
        })
    }

    /// Makes them, and notes what they weigh.
    ///
    /// # Errors
    /// When anything is refused.
    pub(crate) fn make(plan: &Plan, data: &Path, report: &mut Report) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let mut rows = Vec::new();
        let world = runtime.block_on(async {
            let stack = Stack::start(&Config { background: false, ..Config::new(data) }).await?;
            let small = Box::pin(workspace(&stack, "small", plan.seed, plan.sizes.small(), &mut rows)).await?;
            let large = Box::pin(workspace(&stack, "large", plan.seed, plan.sizes, &mut rows)).await?;
            stack.stop().await;
            anyhow::Ok(Self { small, large })
        })?;
        let text = "Users, custom fields and permissions were made through the API. The records were not written to the table one \
                    by one: the workspace's journal tells of them, as the table's stream would have made it tell, in entries of \
                    up to 1,000 changes. The worker `snapshots` then caught up with the journal, packed the replica and put it \
                    into the embedded S3 with its manifest. Everything below is answered from that.";
        let columns = ["workspace", "contacts", "companies", "entries of the journal", "snapshot, packed", "making it"];
        report.part("The data", text, &columns, rows);
        Ok(world)
    }
}

async fn workspace(
    stack: &Stack,
    name: &str,
    seed: u64,
    sizes: Sizes,
    rows: &mut Vec<Vec<String>>,
) -> Result<Workspace> {
    crate::say(&format!("making the {name} workspace: {} contacts, {} companies", sizes.contacts, sizes.companies));
    let app = stack.app();
    let first = FirstUser { name: "Robin Admin".to_owned(), email: format!("robin@{name}.example") };
    let made = identity::bootstrap(&app.tables, &Clock::System, &Ids::new(Clock::System), name, &first).await?;
    let base = stack.base_url().context("the stack has no port")?;
    let admin = Caller::new(&base, made.secret.reveal());
    let (rep, owners) = tokio::task::block_in_place(|| configure(&admin, made.user))?;
    stack.drain().await?;
    let table = app.tables.workspace(made.workspace, Meter::default());
    // A replica that is there follows the journal; one made later would be made from the table, which has no records.
    snapshot(stack, made.workspace).await?;
    let definitions: Vec<Definition> =
        table.config(Definition::PARTS).await?.into_iter().map(Definition::read).collect::<Result<_, _>>()?;
    let schema = Schema::of(definitions);
    let object = |name: &str| schema.object(name).cloned().with_context(|| format!("no object {name}"));
    let (contact, company) = (object("contact")?, object("company")?);
    let mut journal = Journal { table: &table, batch: Vec::new(), entries: 0 };
    let mut maker = Maker::new(seed, sizes.contacts + sizes.companies, &owners);
    let mut companies: Vec<AnyId> = Vec::with_capacity(sizes.companies);
    let (mut some_contacts, mut some_companies) = (Samples::of(sizes.contacts), Samples::of(sizes.companies));
    for number in 0..sizes.companies {
        let record = maker.company(&company, number)?;
        companies.push(record.common.id);
        some_companies.keep(number, || record.document());
        journal.tell(maker.told(&record, Clock::System.now())).await?;
    }
    for number in 0..sizes.contacts {
        let record = maker.contact(&contact, number, &companies)?;
        some_contacts.keep(number, || record.document());
        journal.tell(maker.told(&record, Clock::System.now())).await?;
    }
    journal.append().await?;
    let entries = journal.entries;
    let (weight, seconds) = measured_snapshot(stack, &table, made.workspace, sizes).await?;
    rows.push(vec![
        name.to_owned(),
        sizes.contacts.to_string(),
        sizes.companies.to_string(),
        entries.to_string(),
        weight,
        seconds,
    ]);
    Ok(Workspace {
        id: made.workspace,
        user: made.user,
        sizes,
        admin: made.secret.reveal().to_owned(),
        rep,
        contacts: Sort { object: contact, samples: some_contacts.kept },
        companies: Sort { object: company, samples: some_companies.kept },
    })
}

/// Colleagues, fields and permissions, through the API. Gives the secret of a key that sees its own records only, and who
/// owns records.
fn configure(admin: &Caller, user: Id<kinds::User>) -> Result<(String, Vec<Id<kinds::User>>)> {
    let text = |answer: &Value, name: &str| answer[name].as_str().map(str::to_owned).with_context(|| name.to_owned());
    let key = admin.post("/v1/api_keys", &json!({ "name": "rep", "role": "rep" }))?.body;
    let mut owners = vec![user];
    for number in 1..OWNERS {
        let colleague =
            json!({ "name": format!("Colleague {number}"), "email": format!("c{number}@example.com"), "role": "rep" });
        owners.push(text(&admin.post("/v1/users", &colleague)?.body, "id")?.parse()?);
    }
    for (object, fields) in [("contact", of_contacts()), ("company", of_companies())] {
        for field in &fields {
            admin.post(&format!("/v1/schema/objects/{object}/fields"), field)?;
        }
    }
    admin.patch("/v1/schema/objects/contact", &json!({ "private": true }))?;
    Ok((text(&key, "secret")?, owners))
}

/// Lets the worker make a snapshot.
///
/// # Errors
/// When the stack fails.
pub(crate) async fn snapshot(stack: &Stack, workspace: Id<kinds::Workspace>) -> Result<()> {
    let request = SnapshotRequest { workspace, reason: SnapshotReason::Behind, record: None };
    stack.app().queues.ask_snapshot(&request).await?;
    stack.drain().await
}

/// Makes the snapshot of all records: what it weighs, and how long it took.
async fn measured_snapshot(
    stack: &Stack,
    table: &TenantTable,
    workspace: Id<kinds::Workspace>,
    sizes: Sizes,
) -> Result<(String, String)> {
    let started = Instant::now();
    snapshot(stack, workspace).await?;
    let seconds = started.elapsed().as_secs_f64();
    let manifest = table.manifest(REPLICA_SCHEMA).await?.context("there is no snapshot")?;
    ensure!(manifest.rows.get("contact") == Some(&(sizes.contacts as u64)), "the snapshot holds {:?}", manifest.rows);
    let megabytes = manifest.bytes as f64 / 1_000_000.0;
    Ok((format!("{megabytes:.1} MB"), format!("{seconds:.1} s")))
}

/// A workspace's journal that is being written.
struct Journal<'a> {
    table: &'a TenantTable,
    batch: Vec<Change>,
    entries: usize,
}

impl Journal<'_> {
    async fn tell(&mut self, change: Change) -> Result<()> {
        self.batch.push(change);
        if self.batch.len() == BATCH {
            self.append().await?;
        }
        Ok(())
    }

    async fn append(&mut self) -> Result<()> {
        self.entries += append(self.table, &std::mem::take(&mut self.batch)).await?;
        Ok(())
    }
}

/// Appends changes to a journal as the stream's consumer does, and answers how many entries they took.
///
/// # Errors
/// When somebody else appends at the same time.
pub(crate) async fn append(table: &TenantTable, changes: &[Change]) -> Result<usize> {
    let mut entries = 0;
    for packed in events::encode(changes) {
        let seq = table.journal_last().await? + 1;
        let is_next = table.journal_append(JournalEntry { seq, at: Clock::System.now(), packed }).await?;
        ensure!(is_next, "somebody else appends to the journal");
        entries += 1;
    }
    Ok(entries)
}

/// Some of many, evenly.
struct Samples {
    every: usize,
    kept: Vec<Document>,
}

impl Samples {
    fn of(many: usize) -> Self {
        Self { every: many.div_ceil(SAMPLES).max(1), kept: Vec::new() }
    }

    fn keep(&mut self, number: usize, document: impl FnOnce() -> Document) {
        if number.is_multiple_of(self.every) {
            self.kept.push(document());
        }
    }
}
