//! What a good credential gives access to.

use kernel::{Id, kinds};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{KeyScope, Role};

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

/// What a normalised email address is known by where no workspace is known yet: a hash of it, in hex.
///
/// No address can be read out of the index that people are found by.
#[must_use]
pub fn email_hash(normalised: &str) -> String {
    Sha256::digest(["email\0", normalised].concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The most workspaces that one person can be a member of: the context that the gateway passes on is small.
pub const MAX_MEMBERSHIPS: usize = 50;

/// One workspace that a caller may enter.
///
/// What the user may do there is not in it: whoever answers knows that from the workspace's own configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Which workspace.
    pub workspace: Id<kinds::Workspace>,
    /// Who the caller is there: the person, or the person that a program acts for.
    pub user: Id<kinds::User>,
    /// The most that the credential may do, whatever its user may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// What else the credential is limited to.
    #[serde(default, skip_serializing_if = "KeyScope::is_everything")]
    pub scope: KeyScope,
}

impl Membership {
    /// That of a user, with all that the user may do.
    #[must_use]
    pub fn of(workspace: Id<kinds::Workspace>, user: Id<kinds::User>) -> Self {
        Self { workspace, user, role: None, scope: KeyScope::default() }
    }
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
