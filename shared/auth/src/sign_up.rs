//! Who may begin a workspace of their own.

use std::collections::BTreeSet;

/// Who may begin a workspace of their own, once they have signed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SignUp {
    /// Nobody: workspaces are made by operators, and people come in by invitations.
    #[default]
    Closed,
    /// Everybody whom the issuer knows.
    Open,
    /// Whoever has an address of one of these mail domains, in small letters.
    Domains(BTreeSet<String>),
}

impl SignUp {
    /// What a setting says: `open`, domains with commas between them, or nothing and `closed` for nobody.
    #[must_use]
    pub fn parse(setting: &str) -> Self {
        match setting.trim() {
            "" | "closed" => Self::Closed,
            "open" => Self::Open,
            domains => Self::Domains(
                domains
                    .split(',')
                    .map(|domain| domain.trim().to_ascii_lowercase())
                    .filter(|domain| !domain.is_empty())
                    .collect(),
            ),
        }
    }

    /// Its word for apps.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Domains(_) => "domains",
        }
    }

    /// Whether whoever has an address of a domain may.
    #[must_use]
    pub fn admits(&self, domain: &str) -> bool {
        match self {
            Self::Closed => false,
            Self::Open => true,
            Self::Domains(domains) => domains.contains(domain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_says_nothing_lets_nobody_begin() {
        for (setting, domain, admits) in [
            ("", "example.com", false),
            ("closed", "example.com", false),
            ("open", "example.com", true),
            ("Example.com, example.org", "example.org", true),
            ("Example.com, example.org", "example.com", true),
            ("example.com", "sub.example.com", false),
            ("example.com", "", false),
            ("example.com,", "", false),
        ] {
            assert_eq!(SignUp::parse(setting).admits(domain), admits, "{setting:?} {domain:?}");
        }
    }
}
