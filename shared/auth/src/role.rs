//! Roles, by their names. What a role may do is a [`crate::Policy`].

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a role: one of the standard ones, or one of a company's own, which begins with `x_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Role(Cow<'static, str>);

/// What the names of a company's own roles begin with, so that no later standard role collides.
const CUSTOM: &str = "x_";
/// The most characters in a name.
const MAX_NAME: usize = 40;

impl Role {
    /// Everything, and the only one who makes and unmakes owners.
    pub const OWNER: Self = Self(Cow::Borrowed("owner"));
    /// Everything but owners.
    pub const ADMIN: Self = Self(Cow::Borrowed("admin"));
    /// All records, and whatever is done with many of them.
    pub const MANAGER: Self = Self(Cow::Borrowed("manager"));
    /// Sells: reads and writes records, takes away their own.
    pub const REP: Self = Self(Cow::Borrowed("rep"));
    /// Works with contacts and companies, many at a time.
    pub const MARKETING: Self = Self(Cow::Borrowed("marketing"));
    /// Serves: reads and writes records, takes none away.
    pub const SUPPORT: Self = Self(Cow::Borrowed("support"));
    /// Reads records.
    pub const VIEWER: Self = Self(Cow::Borrowed("viewer"));

    /// The standard roles, from the one that may do most.
    pub const STANDARD: [Self; 7] =
        [Self::OWNER, Self::ADMIN, Self::MANAGER, Self::REP, Self::MARKETING, Self::SUPPORT, Self::VIEWER];

    /// Its name in JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The role of a name. Whether a company has one of its own of that name is for the company's configuration to say.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(standard) = Self::STANDARD.into_iter().find(|role| role.as_str() == name) {
            return Some(standard);
        }
        let rest = name.strip_prefix(CUSTOM)?;
        let is_name = rest.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let begins = rest.starts_with(|first: char| first.is_ascii_lowercase());
        (is_name && begins && name.len() <= MAX_NAME).then(|| Self(Cow::Owned(name.to_owned())))
    }

    /// Whether it is one of a company's own.
    #[must_use]
    pub fn is_custom(&self) -> bool {
        self.0.starts_with(CUSTOM)
    }

    /// Whether what it may do cannot be changed: nobody may lock everybody out.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        [Self::OWNER, Self::ADMIN].contains(self)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Role {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name).ok_or("not the name of a role")
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.0.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_standard_or_a_companys_own() {
        for role in Role::STANDARD {
            assert_eq!(Role::parse(role.as_str()), Some(role.clone()));
            assert!(!role.is_custom());
        }
        assert!(Role::parse("x_partner").unwrap().is_custom());
        for wrong in ["", "x_", "x_1", "x__a", "x_Partner", "god", "Admin", "x_a b", &format!("x_{}", "a".repeat(39))] {
            assert_eq!(Role::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_read_as_it_was_written(name in ".{0,50}") {
            if let Some(role) = Role::parse(&name) {
                prop_assert_eq!(role.as_str(), &name);
                let json = serde_json::to_string(&role).unwrap();
                prop_assert_eq!(serde_json::from_str::<Role>(&json).unwrap(), role);
            }
        }
    }
}
