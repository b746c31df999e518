//! What has to be answered, by what is printed.

use super::printed::{Permissions, Reaches};
use super::rows::Need;

/// Whose a record is that a request names, seen from the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    /// The caller's.
    Own,
    /// Somebody's of the same team.
    Team,
    /// Somebody else's.
    Other,
    /// Somebody else's, shared with everyone to read.
    SharedToRead,
    /// The same to write.
    SharedToWrite,
    /// Of another workspace.
    Foreign,
}

/// What has to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Allowed,
    /// 403.
    Denied,
    /// 404, or as if there was no such record.
    Unseen,
}

/// One caller's part of the permissions.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) permissions: &'a Permissions,
    pub(crate) role: &'a str,
}

impl Judge<'_> {
    fn may(&self, capability: &str) -> bool {
        self.permissions.roles[self.role].capabilities.contains(capability)
    }

    /// Whose records an action is allowed on.
    fn scope(&self, object: &str, action: &str) -> Reaches {
        let (by, is_private) = &self.permissions.objects[object];
        let granted = match by.as_str() {
            "everybody" => Reaches::All,
            "roles" => {
                let grants = &self.permissions.roles[self.role].grants;
                let grants = grants.get(object).unwrap_or_else(|| &grants["*"]);
                if action == "create" { grants["create"] } else { grants[action].min(grants["read"]) }
            }
            capability if action == "read" || self.may(capability) => Reaches::All,
            _ => Reaches::None,
        };
        match *is_private && action != "create" && !self.may("see_private") {
            true => granted.min(Reaches::Own),
            false => granted,
        }
    }

    fn includes(scope: Reaches, whose: Whose) -> bool {
        match whose {
            Whose::Own => scope >= Reaches::Own,
            Whose::Team => scope >= Reaches::Team,
            Whose::Other | Whose::SharedToRead | Whose::SharedToWrite => scope == Reaches::All,
            Whose::Foreign => false,
        }
    }

    /// What an action on one record comes to.
    fn one(&self, object: &str, action: &str, whose: Whose) -> Verdict {
        let action = if action == "upsert" { "update" } else { action };
        let (read, wanted) = (self.scope(object, "read"), self.scope(object, action));
        let is_shared = matches!(whose, Whose::SharedToRead | Whose::SharedToWrite) && read != Reaches::None;
        let is_given = is_shared && (whose == Whose::SharedToWrite || ["read", "export"].contains(&action));
        let is_seen = Self::includes(read, whose) || is_shared;
        if !is_seen {
            return Verdict::Unseen;
        }
        match Self::includes(wanted, whose) || is_given && wanted != Reaches::None {
            true => Verdict::Allowed,
            false => Verdict::Denied,
        }
    }

    /// What a request comes to: what a role lacks altogether counts before what a record says.
    pub(crate) fn judge(&self, needs: &[Need], this: Whose, other: Whose) -> Verdict {
        let lacks = |need: &Need| match need {
            // Everybody who asks here has a key.
            Need::Person => true,
            Need::May(capability) => !self.may(capability),
            Need::Some(action, object) => self.scope(object, action) == Reaches::None,
            // Whoever may make some may ask for a value that nobody has yet.
            Need::This(action, object) if action == "upsert" => {
                self.scope(object, "create") == Reaches::None && self.scope(object, "update") == Reaches::None
            }
            Need::This(action, object) if action != "read" => self.scope(object, action) == Reaches::None,
            Need::Create(object) => !Self::includes(self.scope(object, "create"), this),
            _ => false,
        };
        if needs.iter().any(lacks) {
            return Verdict::Denied;
        }
        let one = |need: &Need| match need {
            Need::This(action, object) => self.one(object, action, this),
            Need::Other(action, object) => self.one(object, action, other),
            Need::Started if this != Whose::Own => Verdict::Denied,
            _ => Verdict::Allowed,
        };
        let first = needs.iter().map(one).find(|verdict| *verdict != Verdict::Allowed);
        first.unwrap_or(Verdict::Allowed)
    }
}
