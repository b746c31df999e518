//! What a capability is given to work with.

use std::path::PathBuf;

use cloud::{Files, Queues};
use kernel::{Clock, Ids};
use records::Schemas;
use table::Tables;

use crate::{Limits, Notes};

/// Where a request's caller is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorize {
    /// In the gateway's authorizer, which passes on what the credential gives access to.
    Gateway,
    /// In the function itself, by the same look-up: for places without a gateway, such as `cargo lambda watch`.
    Inline,
}

/// Everything that lives as long as the process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub tables: Tables,
    /// The workspaces' schemas.
    pub schemas: Schemas,
    /// Queues to other functions.
    pub queues: Queues,
    /// Files in S3.
    pub files: Files,
    /// The current time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// Whom people sign in at; `None`: only API keys get in.
    pub issuer: Option<auth::Issuer>,
    /// Who may begin a workspace of their own.
    pub sign_up: auth::SignUp,
    /// How many requests callers may make.
    pub limits: Limits,
    /// Where callers are verified.
    pub authorize: Authorize,
    /// What was noted lately of callers.
    pub notes: Notes,
    /// Where replicas are kept on disk.
    pub replica_dir: PathBuf,
}
