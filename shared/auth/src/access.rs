//! What a good credential gives access to.

use kernel::{Id, kinds};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Role;

/// Somebody whom an issuer knows: a hash of the issuer and of its name for them, in hex.
///
/// The name itself is kept nowhere. It is the issuer's to give out, and with a hash nobody who reads the table can look it up there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Person(String);

impl Person {
    /// Whom an issuer calls by a name (`iss` and `sub` of its tokens).
    #[must_use]
    pub fn of(issuer: &str, subject: &str) -> Self {
        // An issuer is an address and has no zero in it: no two pairs are the same text.
        let digest = Sha256::digest([issuer, "\0", subject].concat());
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The hash.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.0
    }
}

/// The most workspaces that one person can be a member of: the context that the gateway passes on is small.
pub const MAX_MEMBERSHIPS: usize = 50;

/// One workspace that a caller may enter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Which workspace.
    pub workspace: Id<kinds::Workspace>,
    /// Who the caller is there: the person, or the person that a program acts for.
    pub user: Id<kinds::User>,
    /// What the caller may do there.
    pub role: Role,
}

/// The answer to a good credential, passed from the authorizer to the functions through the gateway's context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The program's credential, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Id<kinds::ApiKey>>,
    /// Who signed in, if somebody did: also one who may enter no workspace yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// How many requests a second may be made with it, where that was said of this very credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<u32>,
    /// The workspaces that may be entered, at most [`MAX_MEMBERSHIPS`].
    pub memberships: Vec<Membership>,
}
