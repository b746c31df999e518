//! The caller of one request, in one workspace.

use kernel::{Error, Id, Result, kinds};

use crate::{Access, Membership};

/// Who calls, and in which workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person, or the person that a program acts for.
    pub user: Id<kinds::User>,
    /// The program's credential, if it was one.
    pub api_key: Option<Id<kinds::ApiKey>>,
    /// The workspace of this request.
    pub workspace: Id<kinds::Workspace>,
}

impl Caller {
    /// The membership in the workspace that `wanted` (the `Rapport-Workspace` header) names, or the only one there is.
    ///
    /// # Errors
    /// When the wanted workspace is not among the memberships, or when there are several and none was named.
    pub fn choose<'a>(access: &'a Access, wanted: Option<&str>) -> Result<&'a Membership> {
        Ok(match (wanted, access.memberships.as_slice()) {
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
        })
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
        let memberships = workspaces.iter().map(|&workspace| Membership::of(workspace, user)).collect();
        Access { api_key: None, person: None, rate_limit: None, memberships }
    }

    #[test]
    fn a_header_only_chooses_among_memberships() {
        let ids = Ids::seeded(Clock::manual(), 1);
        let (mine, other, foreign) = (ids.next(), ids.next(), ids.next::<kinds::Workspace>());
        let chosen =
            |workspaces: &[_], wanted: Option<&str>| Caller::choose(&access(workspaces), wanted).map(|m| m.workspace);
        assert_eq!(chosen(&[mine], None).unwrap(), mine);
        assert_eq!(chosen(&[mine, other], Some(&other.to_string())).unwrap(), other);
        assert_eq!(chosen(&[mine, other], None).unwrap_err().code(), "workspace_needed");
        assert_eq!(chosen(&[mine], Some(&foreign.to_string())).unwrap_err().code(), "denied");
        assert_eq!(chosen(&[], None).unwrap_err().code(), "denied");
    }
}
