//! What the table knows of an address: in which workspaces it is somebody's, where it is asked in, where its domain is.

use std::collections::BTreeSet;

use api::App;
use auth::{Membership, Role};
use events::Document;
use kernel::{AnyId, Error, Id, Result, kinds};
use serde::Deserialize;
use serde_json::Value;

use super::address::Verified;
use crate::workspace::domain_of;

/// How many entries of an address are looked at: of each workspace there are three at most.
const MAX_ENTRIES: u16 = 150;

type WorkspaceId = Id<kinds::Workspace>;

#[derive(Debug, Deserialize)]
struct Entry {
    workspace: WorkspaceId,
    user: Option<Id<kinds::User>>,
    invitation: Option<Id<kinds::Invitation>>,
    left: Option<AnyId>,
    role: Option<Role>,
}

/// Where somebody with an address may go.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Where the address is a user's.
    pub(super) users: Vec<Membership>,
    /// Where it is asked in.
    pub(super) invitations: Vec<(WorkspaceId, Id<kinds::Invitation>)>,
    /// Where its domain lets people in, and as what. Not where somebody worked with that address who was let go.
    pub(super) domains: Vec<(WorkspaceId, Role)>,
    /// Whether there may be more of the address than was read.
    pub(super) is_cut: bool,
}

impl Known {
    /// Two reads at once.
    pub(super) async fn of(app: &App, person: &Verified) -> Result<Self> {
        let hash = auth::email_hash(&person.email);
        let domain = domain_of(&person.email).unwrap_or_default();
        let addresses = app.tables.of_email(&hash, MAX_ENTRIES);
        let domains = app.tables.of_domain(&domain, MAX_ENTRIES);
        let (addresses, domains) = tokio::try_join!(addresses, domains)?;
        let (addresses, domains) = (read(addresses)?, read(domains)?);
        let is_user: BTreeSet<WorkspaceId> =
            addresses.iter().filter(|entry| entry.user.is_some()).map(|entry| entry.workspace).collect();
        let has_left: BTreeSet<WorkspaceId> =
            addresses.iter().filter(|entry| entry.left.is_some()).map(|entry| entry.workspace).collect();
        let mut known = Self { is_cut: addresses.len() >= usize::from(MAX_ENTRIES), ..Self::default() };
        for Entry { workspace, user, invitation, .. } in addresses {
            known.users.extend(user.map(|user| Membership::of(workspace, user)));
            known
                .invitations
                .extend(invitation.filter(|_| !is_user.contains(&workspace)).map(|invitation| (workspace, invitation)));
        }
        let is_new = |entry: &Entry| !is_user.contains(&entry.workspace) && !has_left.contains(&entry.workspace);
        let lets_in = domains.into_iter().filter(is_new).filter_map(|entry| Some((entry.workspace, entry.role?)));
        known.domains = lets_in.collect();
        Ok(known)
    }
}

fn read(entries: Vec<Document>) -> Result<Vec<Entry>> {
    let read = |entry| serde_json::from_value(Value::Object(entry)).map_err(Error::unreadable("entry of an address"));
    entries.into_iter().map(read).collect()
}
