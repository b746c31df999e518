//! The caller of one request, in one workspace.

use kernel::{Error, Id, Result, kinds};
use serde::{Deserialize, Serialize};

use crate::{Access, Membership};

/// What somebody is in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, users and API keys included.
    Admin,
    /// Reads and writes records.
    Rep,
    /// Reads records.
    Viewer,
}

impl Role {
    /// Every role, from the one that may do most.
    pub const ALL: &[Self] = &[Self::Admin, Self::Rep, Self::Viewer];

    /// The role's word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Rep => "rep",
            Self::Viewer => "viewer",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == word)
    }

    /// The one of two roles that may do less.
    #[must_use]
    pub fn lesser(self, other: Self) -> Self {
        // ALL is in the order of what they may do, the most first.
        let rank = |role| Self::ALL.iter().position(|known| *known == role);
        if rank(self) >= rank(other) { self } else { other }
    }

    /// Whether somebody with this role may do something.
    #[must_use]
    pub const fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::Read => true,
            Permission::Write => matches!(self, Self::Admin | Self::Rep),
            Permission::Administer => matches!(self, Self::Admin),
        }
    }
}

/// What an operation asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Look at records.
    Read,
    /// Create, change, archive and restore records.
    Write,
    /// Erase for good; users, API keys, the workspace itself.
    Administer,
}

/// Who calls, and in which workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person, or the person that a program acts for.
    pub user: Id<kinds::User>,
    /// The program's credential, if it was one.
    pub api_key: Option<Id<kinds::ApiKey>>,
    /// The workspace of this request.
    pub workspace: Id<kinds::Workspace>,
    /// What the caller is there.
    pub role: Role,
}

impl Caller {
    /// The caller in the workspace that `wanted` (the `Rapport-Workspace` header) names, or in the only one there is.
    ///
    /// # Errors
    /// When the wanted workspace is not among the memberships, or when there are several and none was named.
    pub fn choose(access: &Access, wanted: Option<&str>) -> Result<Self> {
        let membership = match (wanted, access.memberships.as_slice()) {
            (Some(wanted), all) => all
                .iter()
                .find(|membership| membership.workspace.to_string() == wanted)
                .ok_or_else(|| Error::denied("the credential gives no access to that workspace"))?,
            (None, [only]) => only,
            (None, []) => return Err(Error::denied("the credential gives access to no workspace")),
            (None, _) => {
                let detail = "the credential gives access to several workspaces: name one in Rapport-Workspace";
                return Err(Error::malformed("workspace_needed", detail));
            }
        };
        let Membership { workspace, user, role } = *membership;
        Ok(Self { user, api_key: access.api_key, workspace, role })
    }

    /// Passes if the caller may do something.
    ///
    /// # Errors
    /// [`Error::Denied`] if not.
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.role.may(permission) {
            return Ok(());
        }
        Err(Error::denied(format!("the role {} may not do this", self.role.as_str())))
    }

    /// Who did it, for an event.
    #[must_use]
    pub fn actor(&self) -> events::Actor {
        events::Actor { user: self.user, api_key: self.api_key }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Clock, Ids};

    fn access(workspaces: &[Id<kinds::Workspace>]) -> Access {
        let user = Ids::seeded(Clock::manual(), 9).next();
        let memberships = workspaces.iter().map(|&workspace| Membership { workspace, user, role: Role::Rep }).collect();
        Access { api_key: None, person: None, rate_limit: None, memberships }
    }

    #[test]
    fn a_header_only_chooses_among_memberships() {
        let ids = Ids::seeded(Clock::manual(), 1);
        let (mine, other, foreign) = (ids.next(), ids.next(), ids.next::<kinds::Workspace>());
        let chosen =
            |workspaces: &[_], wanted: Option<&str>| Caller::choose(&access(workspaces), wanted).map(|c| c.workspace);
        assert_eq!(chosen(&[mine], None).unwrap(), mine);
        assert_eq!(chosen(&[mine, other], Some(&other.to_string())).unwrap(), other);
        assert_eq!(chosen(&[mine, other], None).unwrap_err().code(), "workspace_needed");
        assert_eq!(chosen(&[mine], Some(&foreign.to_string())).unwrap_err().code(), "denied");
        assert_eq!(chosen(&[], None).unwrap_err().code(), "denied");
    }

    #[test]
    fn what_each_role_may_do() {
        let matrix: Vec<String> = Role::ALL
            .iter()
            .map(|role| {
                let may = |permission| if role.may(permission) { "yes" } else { "no " };
                let [read, write, administer] = [Permission::Read, Permission::Write, Permission::Administer].map(may);
                format!("{:6} read {read} write {write} administer {administer}", role.as_str())
            })
            .collect();
        assert_eq!(
            matrix,
            [
                "admin  read yes write yes administer yes",
                "rep    read yes write yes administer no ",
                "viewer read yes write no  administer no ",
            ]
        );
    }
}
