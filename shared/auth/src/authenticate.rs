//! From an `Authorization` header to what it gives access to.

use events::Document;
use kernel::{Error, Id, Result, Secret, Timestamp, kinds};
use serde::Deserialize;
use serde_json::Value;
use table::{Meter, Tables};

use crate::{Access, ApiKey, MAX_MEMBERSHIPS, Membership, Person, Role, hash_secret};

/// A credential as it was presented.
#[derive(Debug, Clone)]
pub struct Credential(Secret);

impl Credential {
    /// The credential in an `Authorization: Bearer …` header (RFC 6750). The scheme's name has no case.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Self(Secret::new(token.trim())))
    }

    /// The credential itself, to be checked by whoever has issued it.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.0
    }
}

/// What an API key gives access to; `None` when it is not good, or no API key. Two reads, none when it cannot be a key at all.
///
/// A key is never more than the user that it acts for: it ends with the user, and its role is the lesser of the two.
///
/// # Errors
/// When the table does not answer: that says nothing about the credential.
pub async fn authenticate(tables: &Tables, credential: &Credential, now: Timestamp) -> Result<Option<Access>> {
    let Some(hash) = hash_secret(credential.0.reveal()) else { return Ok(None) };
    let Some(document) = tables.api_key(&hash).await? else { return Ok(None) };
    let key: ApiKey = serde_json::from_value(document.into()).map_err(Error::unreadable("API key"))?;
    let Some(mut access) = key.access(now) else { return Ok(None) };
    let table = tables.workspace(key.workspace, Meter::default());
    let user = table.get(&table.keys().record("user", key.user.erase())).await?;
    let Some(role) = user.as_ref().map(role).transpose()?.flatten() else { return Ok(None) };
    for membership in &mut access.memberships {
        membership.role = membership.role.lesser(role);
    }
    Ok(Some(access))
}

/// Where a person may enter: wherever they have become a user and are one still. Two round trips, one for somebody who is none
/// anywhere.
///
/// # Errors
/// When the table does not answer: that says nothing about the person.
pub async fn of_person(tables: &Tables, person: Person) -> Result<Access> {
    let limit = u16::try_from(MAX_MEMBERSHIPS).map_err(Error::bug)?;
    let entered = tables.memberships(person.hash(), limit).await?;
    let entered: Vec<Entered> = entered
        .into_iter()
        .map(|document| serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("membership")))
        .collect::<Result<_>>()?;
    let users: Vec<_> = entered.iter().map(|Entered { workspace, user }| (*workspace, *user)).collect();
    let users = tables.users(&users).await?;
    let mut memberships = Vec::new();
    for (Entered { workspace, user }, document) in entered.into_iter().zip(users) {
        if let Some(role) = document.as_ref().map(role).transpose()?.flatten() {
            memberships.push(Membership { workspace, user, role });
        }
    }
    Ok(Access { api_key: None, person: Some(person), rate_limit: None, memberships })
}

/// That a person has become a user, as it is kept.
#[derive(Debug, Deserialize)]
struct Entered {
    workspace: Id<kinds::Workspace>,
    user: Id<kinds::User>,
}

/// What a user may do; `None` for one who is in the trash, and may enter no more.
fn role(user: &Document) -> Result<Option<Role>> {
    if user.contains_key("archived_at") {
        return Ok(None);
    }
    let role = user.get("role").and_then(Value::as_str).and_then(Role::parse);
    role.map(Some).ok_or_else(|| Error::bug("a user without a role"))
}
