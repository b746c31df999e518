//! Messages between functions, as JSON bodies in queues.

use kernel::{AnyId, Id, Timestamp, Version, kinds};
use serde::{Deserialize, Serialize};

use crate::Actor;

/// Why a snapshot is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotReason {
    /// A reader had to apply many changes, or found no snapshot at all.
    Behind,
    /// A record was erased: older snapshots still hold it and have to go.
    Erased,
}

/// A record that was erased, whose files are to go as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forget {
    /// Whose it was.
    pub workspace: Id<kinds::Workspace>,
    /// Which one.
    pub record: AnyId,
    /// When.
    pub at: Timestamp,
    /// Whether files of before were looked through: then it is about those that were being written then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// The last job whose files were looked through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<Id<kinds::Job>>,
}

/// Asks the worker of jobs for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum JobRequest {
    /// To go on with a job: it was created, or there is more of it to do.
    GoOn {
        /// Whose job.
        workspace: Id<kinds::Workspace>,
        /// Which one.
        job: Id<kinds::Job>,
        /// The job's version when the sender last saw it. Who gets the message again and finds a later one knows that the job has got
        /// on, and that it is not the job which stops its workers.
        #[serde(default)]
        version: Version,
    },
    /// To start what a change of the schema has to have done, if it has to have anything done.
    SettleSchema {
        /// Whose schema.
        workspace: Id<kinds::Workspace>,
        /// Who has changed it.
        by: Actor,
    },
    /// To remove the files that an erased record was or is in.
    Forget(Forget),
}

/// Asks the worker of mail for a mail. It is sent once for an event, however often it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mail")]
pub enum MailRequest {
    /// To tell somebody that they are asked into a workspace.
    Invitation {
        /// Into which one.
        workspace: Id<kinds::Workspace>,
        /// Who is asked, and for how long, is in this.
        invitation: Id<kinds::Invitation>,
        /// What has happened: the invitation was made, or is to be sent again.
        event: Id<kinds::Event>,
        /// Who has asked for it: the mail is in their name.
        by: Id<kinds::User>,
    },
}

/// Asks for a new snapshot of a workspace's replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRequest {
    /// Whose replica.
    pub workspace: Id<kinds::Workspace>,
    /// Why.
    pub reason: SnapshotReason,
    /// The record that was erased: the new snapshot must lack it, even while the journal is behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<AnyId>,
}
