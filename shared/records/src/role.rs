//! What each role of a workspace may do: the standard ones as they are or as the company has changed them, and its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use auth::{Policy, Role, standard};
use events::Document;

/// What the names of roles' parts of the configuration begin with.
const PARTS: &str = "role.";

/// The part of the configuration that says what a role may do.
#[must_use]
pub fn role_part(role: &Role) -> String {
    [PARTS, role.as_str()].concat()
}

/// The roles of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    policies: BTreeMap<Role, Arc<Policy>>,
}

impl Roles {
    /// The standard roles, and what the company says of them and of its own.
    #[must_use]
    pub fn of(own: BTreeMap<Role, Policy>) -> Self {
        let standard = Role::STANDARD.into_iter().filter_map(|role| Some((role.clone(), standard(&role)?)));
        // What an owner and an administrator may is not for anybody to change.
        let own = own.into_iter().filter(|(role, _)| !role.is_fixed());
        Self { policies: standard.chain(own).map(|(role, policy)| (role, Arc::new(policy))).collect() }
    }

    /// What a role may do; `None` when there is none of that name.
    #[must_use]
    pub fn policy(&self, role: &Role) -> Option<Arc<Policy>> {
        self.policies.get(role).cloned()
    }

    /// Every role with what it may do, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Role, &Arc<Policy>)> {
        self.policies.iter()
    }
}

/// The role that a part of the configuration is about, and what it says. A policy that cannot be read is one of a later release, and
/// allows nothing here.
pub(crate) fn policy_of(part: &str, document: &Document) -> Option<(Role, Policy)> {
    let role = Role::parse(part.strip_prefix(PARTS)?)?;
    let policy = document.get("policy").cloned().and_then(|policy| serde_json::from_value(policy).ok());
    Some((role, policy.unwrap_or_default()))
}
