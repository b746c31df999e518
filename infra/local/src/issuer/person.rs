//! Who signs in: nobody proves anything here, so anybody may be anybody.

use anyhow::Result;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::demo_users::{ADMINISTRATOR, COLLEAGUES, DemoUser};
use crate::seed;
use crate::state::State;

/// The longest name, in characters.
const LONGEST_NAME: usize = 200;

/// Somebody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Person {
    pub(super) name: String,
    /// In lower case, since that is what tells people apart.
    pub(super) email: String,
}

impl Person {
    /// From what was typed, or what is wrong with it.
    pub(super) fn typed(name: &str, email: &str) -> Result<Self, &'static str> {
        let email = records::parse_email(email).ok_or("That is not an email address.")?.to_lowercase();
        let name = name.trim();
        if name.is_empty() {
            return Err("A name is missing.");
        }
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err("That is no name: too long, or more than one line.");
        }
        Ok(Self { name: name.to_owned(), email })
    }

    pub(super) fn subject(&self) -> String {
        subject(&self.email)
    }
}

impl From<DemoUser> for Person {
    fn from(user: DemoUser) -> Self {
        Self { name: user.name.to_owned(), email: user.email.to_owned() }
    }
}

/// What tokens of the development issuer call the owner of an email address (`sub`): always the same, and nothing to read.
#[must_use]
pub fn subject(email: &str) -> String {
    let digest = Sha256::new().chain_update(b"rapport development issuer\n").chain_update(email.trim().to_lowercase());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.finalize()[..16]);
    // A UUID, as user pools have: of the version that is for bytes of one's own.
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// The users that are there to be signed in as.
pub(super) fn listed(state: &State) -> Result<Vec<DemoUser>> {
    let colleagues = if seed::has_colleagues(state)? { &COLLEAGUES[..] } else { &[] };
    Ok(std::iter::once(&ADMINISTRATOR).chain(colleagues).copied().collect())
}

/// A new name for a sign-in, which is no secret.
pub(super) fn new_id() -> String {
    Uuid::new_v4().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_follows_from_the_address_alone() {
        assert_eq!(subject("Robin.Admin@example.com "), subject("robin.admin@EXAMPLE.com"));
        assert_ne!(subject("robin.admin@example.com"), subject("robin.admin@example.org"));
        // Data of others may hold it: it must not change.
        assert_eq!(subject("robin.admin@example.com"), "57e2b409-c9d6-8e17-a6d3-ac1952d6a552");
    }

    #[test]
    fn what_is_typed_has_to_be_a_name_and_an_address() {
        let person = Person::typed(" Ada Lovelace ", " Ada@Example.COM ").unwrap();
        assert_eq!((person.name.as_str(), person.email.as_str()), ("Ada Lovelace", "ada@example.com"));
        for (name, email) in [("", "ada@example.com"), ("Ada", "ada"), ("Ada", ""), ("A\nB", "ada@example.com")] {
            assert!(Person::typed(name, email).is_err(), "{name:?} {email:?}");
        }
        assert!(Person::typed(&"a".repeat(201), "ada@example.com").is_err());
    }
}
