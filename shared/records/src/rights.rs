//! What a caller may do: their role, what their credential is limited to, and who works with them.
//!
//! Everything is known without a question to the table, so authorization costs a warm request nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use auth::{Action, Capability, FieldAccess, KeyScope, Policy, Role, Scope};
use kernel::{Error, Id, Result, kinds};
use sha2::{Digest, Sha256};

use crate::hidden::Hidden;
use crate::roster::Roster;
use crate::{Governed, Object};

type UserId = Id<kinds::User>;

/// What a caller may do in a workspace.
#[derive(Debug, Clone)]
pub struct Rights {
    user: UserId,
    role: Role,
    /// All of them have to allow a thing: the user's role, and that of the credential.
    policies: Vec<Arc<Policy>>,
    scope: KeyScope,
    roster: Arc<Roster>,
    colleagues: OnceLock<BTreeSet<UserId>>,
}

impl Rights {
    /// Those that some policies leave to a user.
    pub(crate) fn new(
        user: UserId,
        role: Role,
        policies: Vec<Arc<Policy>>,
        scope: KeyScope,
        roster: Arc<Roster>,
    ) -> Self {
        Self { user, role, policies, scope, roster, colleagues: OnceLock::new() }
    }

    /// Those of somebody who works on the table itself: an operator, or a worker whom nobody has to allow anything.
    #[must_use]
    pub fn everything(user: UserId) -> Self {
        Self::new(user, Role::OWNER, Vec::new(), KeyScope::default(), Arc::default())
    }

    /// These rights as far as another policy allows as well.
    #[must_use]
    pub fn within(mut self, policy: Arc<Policy>) -> Self {
        self.policies.push(policy);
        self
    }

    /// The user's role. A credential may be limited to less.
    #[must_use]
    pub const fn role(&self) -> &Role {
        &self.role
    }

    /// Whose records an action is allowed on.
    #[must_use]
    pub fn scope(&self, object: &Object, action: Action) -> Scope {
        if self.scope.objects.as_ref().is_some_and(|only| !only.contains(&object.name)) {
            return Scope::None;
        }
        if self.scope.read_only && !matches!(action, Action::Read | Action::Export) {
            return Scope::None;
        }
        let granted = match object.governed {
            Governed::Roles => {
                let granted = self.policies.iter().map(|policy| policy.grants(&object.name).scope(action)).min();
                granted.unwrap_or(Scope::All)
            }
            Governed::Everybody => Scope::All,
            Governed::By(_) if action == Action::Read => Scope::All,
            Governed::By(capability) if self.may(capability) => Scope::All,
            Governed::By(_) => Scope::None,
        };
        // Whoever makes a private record for somebody else does not see it from then on.
        match object.private && action != Action::Create && !self.may(Capability::SeePrivate) {
            true => granted.min(Scope::Own),
            false => granted,
        }
    }

    /// Whether what belongs to somebody, or to nobody, is within a scope.
    #[must_use]
    pub fn includes(&self, scope: Scope, owner: Option<UserId>) -> bool {
        match scope {
            Scope::None => false,
            Scope::All => true,
            Scope::Own => owner == Some(self.user),
            Scope::Team => owner.is_some_and(|owner| self.colleagues().contains(&owner)),
        }
    }

    /// Whose records are those of the caller's team, the caller's own among them.
    #[must_use]
    pub fn colleagues(&self) -> &BTreeSet<UserId> {
        self.colleagues.get_or_init(|| self.roster.colleagues(self.user))
    }

    /// With whom a record is shared that is shared with the caller: the caller, their teams, everyone.
    #[must_use]
    pub fn subjects(&self) -> Vec<String> {
        let teams = self.roster.teams_of(self.user).into_iter().map(|team| team.to_string());
        [self.user.to_string(), crate::access::EVERYONE.to_owned()].into_iter().chain(teams).collect()
    }

    /// Who works in the workspace, as far as is known here.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Whether a switch is on.
    #[must_use]
    pub fn may(&self, capability: Capability) -> bool {
        // A credential for some objects is for nothing that is about all of them, and one that looks changes nothing.
        let is_within = self.scope.objects.is_none() && (!self.scope.read_only || capability == Capability::ReadAudit);
        // Who makes users, roles, keys or fields gets at what is hidden from them.
        let manages = matches!(
            capability,
            Capability::ManageUsers
                | Capability::ManageRoles
                | Capability::ManageApiKeys
                | Capability::ManageWorkspace
                | Capability::ManageSchema
        );
        let is_within = is_within && (!manages || self.scope.fields.is_empty());
        let looks = self.scope.objects.is_none() && capability == Capability::SeePrivate;
        (is_within || looks) && self.policies.iter().all(|policy| policy.has(capability))
    }

    /// Passes if a switch is on.
    ///
    /// # Errors
    /// [`Error::Denied`] if not.
    pub fn require(&self, capability: Capability) -> Result<()> {
        match self.may(capability) {
            true => Ok(()),
            false => Err(Error::denied(format!("this takes a role that may {}", spoken(capability.as_str())))),
        }
    }

    /// Passes if an action is allowed on any records of an object.
    ///
    /// # Errors
    /// [`Error::Denied`] if not.
    pub fn require_any(&self, object: &Object, action: Action) -> Result<()> {
        match self.scope(object, action) {
            Scope::None => Err(denied(object, action)),
            _ => Ok(()),
        }
    }

    /// Whether all that a policy allows is allowed here: nobody gives away more than they have.
    #[must_use]
    pub fn covers(&self, policy: &Policy) -> bool {
        let is_limited = self.scope.read_only || self.scope.objects.is_some() || !self.scope.fields.is_empty();
        !is_limited && self.policies.iter().all(|own| own.covers(policy))
    }

    /// Whether they are all that the user has: the credential is limited to nothing less.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let is_own_role = self.roster.member(self.user).is_none_or(|member| member.role == self.role);
        let (own, limits) = self.policies.split_first().map_or((None, &[][..]), |(own, limits)| (Some(own), limits));
        let limits_nothing = own.is_none_or(|own| limits.iter().all(|limit| limit.covers(own)));
        is_own_role && limits_nothing && self.scope.is_everything()
    }

    /// A digest of all that is allowed: equal ones allow the same.
    #[must_use]
    pub fn digest(&self) -> String {
        let policies: Vec<&Policy> = self.policies.iter().map(|policy| &**policy).collect();
        let text = serde_json::json!([policies, self.scope]).to_string();
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The fields that are hidden from the caller.
    #[must_use]
    pub fn hidden(&self) -> Hidden {
        let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (object, path, _) in self.limits().filter(|(_, _, access)| *access == FieldAccess::Hidden) {
            named.entry(object.to_owned()).or_default().insert(path.to_owned());
        }
        Hidden { named, only: self.scope.fields.clone() }
    }

    /// Whether the caller may write a field that they see.
    #[must_use]
    pub fn writes(&self, object: &str, path: &str) -> bool {
        !self.limits().any(|(of, limited, _)| of == object && limited == path)
    }

    /// An object as the caller writes it: there are no fields that are hidden, and those that may only be read are locked.
    #[must_use]
    pub fn as_written<'a>(&self, object: &'a Object) -> Cow<'a, Object> {
        let hidden = self.hidden();
        let is_limited = self.limits().any(|(of, ..)| of == object.name) || hidden.only.contains_key(&object.name);
        if !is_limited {
            return Cow::Borrowed(object);
        }
        let mut object = object.clone();
        let is_hidden: Vec<bool> =
            object.fields.iter().map(|field| hidden.hides_by(&|_| None, &object, &field.path)).collect();
        let name = object.name.clone();
        for (field, is_hidden) in object.fields.iter_mut().zip(is_hidden) {
            field.archived |= is_hidden;
            field.locked = !self.writes(&name, &field.path);
        }
        Cow::Owned(object)
    }

    /// What policies say of fields that may not be written.
    fn limits(&self) -> impl Iterator<Item = (&str, &str, FieldAccess)> {
        self.policies.iter().flat_map(|policy| &policy.fields).flat_map(|(object, fields)| {
            let limited = fields.iter().filter(|(_, access)| **access != FieldAccess::Write);
            limited.map(move |(path, access)| (object.as_str(), path.as_str(), *access))
        })
    }
}

/// Why an action is not allowed.
pub(crate) fn denied(object: &Object, action: Action) -> Error {
    let action = match action {
        Action::Read => "read",
        Action::Create => "create",
        Action::Update => "change",
        Action::Archive => "archive or restore",
        Action::Export => "export",
        Action::Merge => "merge",
    };
    Error::denied(format!("this takes a role that may {action} {}", object.plural))
}

fn spoken(word: &str) -> String {
    word.replace('_', " ")
}
