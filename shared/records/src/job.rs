//! Jobs: work on many records, as a record of its own that workers go on with until it is finished.

use std::collections::BTreeMap;

use auth::Role;
use events::{Document, FieldChange};
use kernel::{AnyId, Error, Id, Result, Timestamp, kinds};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use table::{Changes, TenantTable};

use crate::record::Common;
use crate::trash::job_due;
use crate::write::event_at;
use crate::{Cx, Schema, render};

/// What jobs are called where objects are named.
pub const JOB: &str = "job";

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Changes, archives or restores many records as somebody has asked for.
    BulkEdit,
    /// Points everything that refers to merged records to the one that is left.
    Merge,
    /// Brings rows of files in.
    Import,
    /// Takes back what another job has done.
    Undo,
    /// Guards the values of a field that has become unique.
    MakeUnique,
    /// Writes what somebody sees into files.
    Export,
    /// Gives everything that is one user's to another.
    Reassign,
}

impl JobKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::BulkEdit, Self::Merge, Self::Import, Self::Export, Self::Undo, Self::MakeUnique, Self::Reassign];

    /// Its word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BulkEdit => "bulk_edit",
            Self::Merge => "merge",
            Self::Import => "import",
            Self::Undo => "undo",
            Self::MakeUnique => "make_unique",
            Self::Export => "export",
            Self::Reassign => "reassign",
        }
    }

    /// Whether another job can take back what one of this kind has done.
    #[must_use]
    pub const fn can_be_undone(self) -> bool {
        !matches!(self, Self::MakeUnique | Self::Export)
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// No worker has begun it.
    Waiting,
    /// A worker has begun it.
    Running,
    /// Everything is done; single records may have failed.
    Done,
    /// It could not go on.
    Failed,
    /// Somebody has stopped it. What was done stays done.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// Its word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether no worker goes on with it.
    #[must_use]
    pub const fn is_finished(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// How many records a job has to do with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// All of them, as soon as that is known.
    #[serde(default)]
    pub total: Option<u64>,
    /// Those that it is done with.
    #[serde(default)]
    pub done: u64,
    /// Of those: that it has changed.
    #[serde(default)]
    pub changed: u64,
    /// Of those that it has changed: that it has made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// Of those: in which it has left something as somebody has made it since.
    #[serde(default)]
    pub kept: u64,
    /// Of those: that it could not change.
    #[serde(default)]
    pub failed: u64,
}

/// A job as it is stored: what everybody may see of it, and what its workers need to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// What every record has.
    #[serde(flatten)]
    pub common: Common,
    /// What it does.
    pub kind: JobKind,
    /// How far it is.
    pub state: JobState,
    /// The object in the singular whose records it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The record that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<AnyId>,
    /// What was asked for.
    #[serde(default)]
    pub input: Document,
    /// How many records it has to do with.
    #[serde(default)]
    pub counts: Counts,
    /// How many records it does in a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// How many seconds it still needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_seconds: Option<u64>,
    /// When a worker has begun it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it was finished, in whatever way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The job that it takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Id<kinds::Job>>,
    /// The job that takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_by: Option<Id<kinds::Job>>,
    /// What whoever has started it was allowed to do then. It never does more, and less when they may do less by now. Not
    /// answered.
    pub role: Role,
    /// A digest of all that whoever has started it was allowed to do then ([`crate::Rights::digest`]). Not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<String>,
    /// The credential that it was started with, if that was a program's. Not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Id<kinds::ApiKey>>,
    /// Where its workers are. Theirs alone, and not answered.
    #[serde(default)]
    pub place: Document,
}

impl Job {
    /// A job of the caller's that waits for a worker.
    #[must_use]
    pub fn new(cx: &Cx, kind: JobKind, of: Option<&str>, about: Option<AnyId>, input: Document) -> Self {
        let (now, user) = (cx.clock.now(), cx.caller.user);
        let common = Common {
            id: cx.ids.next::<kinds::Job>().erase(),
            object: JOB.to_owned(),
            version: 1,
            created_at: now,
            created_by: user,
            updated_at: now,
            updated_by: user,
            owner_id: Some(user),
            archived_at: None,
            merged_into: None,
        };
        Self {
            common,
            kind,
            state: JobState::Waiting,
            of: of.map(str::to_owned),
            about,
            input,
            counts: Counts::default(),
            rate: None,
            remaining_seconds: None,
            started_at: None,
            finished_at: None,
            error: None,
            undoes: None,
            undone_by: None,
            role: cx.rights.role().clone(),
            rights: Some(cx.rights.digest()),
            api_key: cx.caller.api_key,
            place: Document::new(),
        }
    }

    /// Its id.
    ///
    /// # Errors
    /// [`Error::Bug`] when it is stored under an id that is no job's.
    pub fn id(&self) -> Result<Id<kinds::Job>> {
        self.common.id.of().ok_or_else(|| Error::bug("a job whose id is not a job's"))
    }

    /// Reads a stored job.
    ///
    /// # Errors
    /// [`Error::Bug`] when it is none.
    pub fn read(document: Document) -> Result<Self> {
        serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("job"))
    }

    /// The job as it is stored.
    ///
    /// # Errors
    /// None that can be met: every member serialises.
    pub fn document(&self) -> Result<Document> {
        let Value::Object(mut document) = serde_json::to_value(self).map_err(Error::bug)? else {
            return Err(Error::bug("a job serialised as no object"));
        };
        document.retain(|_, value| !value.is_null());
        Ok(document)
    }

    /// The job as it is answered.
    ///
    /// # Errors
    /// None that can be met: every member serialises.
    pub fn rendered(&self, schema: &Schema) -> Result<Document> {
        let object = schema.object(JOB).ok_or_else(|| Error::bug("a schema without jobs"))?;
        Ok(render(object, &self.document()?))
    }

    /// Adds a new job to what a transaction writes, with the event that wakes its worker: whoever does what the job is to
    /// follow up on writes both at once, so no job is ever lost.
    ///
    /// # Errors
    /// None that can be met: every member serialises.
    pub fn create(&self, cx: &Cx, changes: &mut Changes) -> Result<()> {
        changes.create_record(cx.table.keys(), JOB, self.common.id, self.document()?);
        let new = [("kind", json!(self.kind)), ("state", json!(self.state))];
        let new = new.map(|(name, after)| (name.to_owned(), FieldChange { before: Value::Null, after }));
        self.tell(cx, changes, "created", new.into())
    }

    /// Adds the job's next version to what a transaction writes, and an event where its state is another. Once it is finished
    /// it is due to be erased [`crate::JOB_DAYS`] after the last of them.
    ///
    /// # Errors
    /// None that can be met: every member serialises.
    pub fn replace(&mut self, cx: &Cx, before: &Self, changes: &mut Changes) -> Result<()> {
        let seen = before.common.version;
        self.common.version = seen + 1;
        self.common.updated_at = cx.clock.now();
        self.common.updated_by = cx.caller.user;
        let due = job_due(self.state, &self.common);
        changes.replace_due_record(cx.table.keys(), JOB, self.common.id, self.document()?, seen, due);
        let mut changed = BTreeMap::new();
        let mut compare = |name: &str, before: Value, after: Value| {
            if before != after {
                changed.insert(name.to_owned(), FieldChange { before, after });
            }
        };
        compare("undone_by", json!(before.undone_by), json!(self.undone_by));
        if before.state == self.state {
            return if changed.is_empty() { Ok(()) } else { self.tell(cx, changes, "undone", changed) };
        }
        compare("state", json!(before.state), json!(self.state));
        compare("counts", json!(before.counts), json!(self.counts));
        let verb = match self.state {
            JobState::Waiting | JobState::Running => "started",
            JobState::Done => "finished",
            JobState::Failed => "failed",
            JobState::Cancelled => "cancelled",
        };
        self.tell(cx, changes, verb, changed)
    }

    fn tell(&self, cx: &Cx, changes: &mut Changes, verb: &str, changed: BTreeMap<String, FieldChange>) -> Result<()> {
        let event = event_at(cx, JOB, verb, &self.common, self.common.updated_at, changed);
        changes.event(cx.table.keys(), JOB, &event, cx.once.as_ref())
    }

    /// A job as it is stored now, whoever asks: for workers. One round trip.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(table: &TenantTable, id: Id<kinds::Job>) -> Result<Option<Self>> {
        let document = table.get(&table.keys().record(JOB, id.erase())).await?;
        document.map(Self::read).transpose()
    }
}
