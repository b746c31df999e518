//! API keys: `rk_` and 64 hex digits, shown once, stored as a hash.

use kernel::{Id, Ids, Secret, Timestamp, kinds};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Access, KeyScope, Membership, Role};

const PREFIX: &str = "rk_";
const HEX_DIGITS: usize = 64;

/// What is kept of an API key. Its secret is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id, which may be shown.
    pub id: Id<kinds::ApiKey>,
    /// 1 at creation, one more at each change.
    pub version: u64,
    /// The workspace it opens.
    pub workspace: Id<kinds::Workspace>,
    /// The user it acts for.
    pub user: Id<kinds::User>,
    /// The most that it may do: its user may do less.
    pub role: Role,
    /// What else it is limited to.
    #[serde(default, skip_serializing_if = "KeyScope::is_everything")]
    pub scope: KeyScope,
    /// What people call it.
    pub name: String,
    /// The first characters of the secret, so that people recognise it.
    pub begins_with: String,
    /// How many requests a second may be made with it; without it as many as with any key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops being good by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_until: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// What it gives access to at a time: nothing when it is revoked or past its time.
    #[must_use]
    pub fn access(&self, now: Timestamp) -> Option<Access> {
        let good = self.revoked_at.is_none() && self.good_until.is_none_or(|end| now < end);
        let membership = Membership {
            role: Some(self.role.clone()),
            scope: self.scope.clone(),
            ..Membership::of(self.workspace, self.user)
        };
        good.then(|| Access {
            api_key: Some(self.id),
            person: None,
            rate_limit: self.rate_limit,
            memberships: vec![membership],
        })
    }
}

/// A new secret.
#[must_use]
pub fn new_secret(ids: &Ids) -> Secret {
    Secret::new(format!("{PREFIX}{}", ids.secret().reveal()))
}

/// The hash that a secret is stored and found by; `None` when the text cannot be a secret.
///
/// A single SHA-256 is enough: the secret is 256 random bits, which no amount of guessing finds. The look-up by hash
/// also leaves nothing to learn from how long a comparison takes.
#[must_use]
pub fn hash_secret(secret: &str) -> Option<String> {
    let hex = secret.strip_prefix(PREFIX)?;
    let canonical = hex.len() == HEX_DIGITS && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    canonical.then(|| Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Clock;
    use proptest::prelude::*;

    #[test]
    fn a_new_secret_has_a_hash_and_hides_from_debug() {
        let secret = new_secret(&Ids::new(Clock::System));
        let hash = hash_secret(secret.reveal()).unwrap();
        assert_eq!(hash.len(), 64);
        assert!(!secret.reveal().contains(&hash));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn a_key_is_good_until_it_is_revoked_or_its_time_is_over() {
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 3);
        let now = clock.now();
        let key = ApiKey {
            id: ids.next(),
            version: 1,
            workspace: ids.next(),
            user: ids.next(),
            role: Role::REP,
            scope: KeyScope::default(),
            name: "import".to_owned(),
            begins_with: "rk_01".to_owned(),
            rate_limit: Some(7),
            created_at: now,
            good_until: Some(now.plus_seconds(60)),
            revoked_at: None,
        };
        assert_eq!(key.access(now).and_then(|access| access.rate_limit), Some(7));
        assert!(key.access(now.plus_seconds(60)).is_none());
        assert!(ApiKey { revoked_at: Some(now), ..key }.access(now).is_none());
    }

    proptest! {
        #[test]
        fn hostile_text_is_no_secret(text in "(rk_)?.{0,80}") {
            if hash_secret(&text).is_some() {
                prop_assert_eq!(text.len(), PREFIX.len() + HEX_DIGITS);
            }
        }
    }
}
