//! What a good credential gives access to.

use kernel::{Id, kinds};
use serde::{Deserialize, Serialize};

use crate::Role;

/// The most workspaces that one person can be a member of: the context that the gateway passes on is small.
pub const MAX_MEMBERSHIPS: usize = 50;

/// One workspace that a caller may enter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Which workspace.
    pub workspace: Id<kinds::Workspace>,
    /// What the caller may do there.
    pub role: Role,
}

/// The answer to a good credential, passed from the authorizer to the functions through the gateway's context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The person, or the person that a program acts for.
    pub user: Id<kinds::User>,
    /// The program's credential, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Id<kinds::ApiKey>>,
    /// The workspaces that may be entered, at most [`MAX_MEMBERSHIPS`].
    pub memberships: Vec<Membership>,
}
