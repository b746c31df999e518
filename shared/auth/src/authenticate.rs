//! From an `Authorization` header to what it gives access to.

use kernel::{Error, Result, Secret, Timestamp};
use table::{Meter, Tables};

use crate::{Access, ApiKey, Role, hash_secret};

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
}

/// What a credential gives access to; `None` when it is not good. Two reads, none when it cannot be a key at all.
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
    let Some(user) = user.filter(|user| !user.contains_key("archived_at")) else { return Ok(None) };
    let role = user.get("role").and_then(serde_json::Value::as_str).and_then(Role::parse);
    let role = role.ok_or_else(|| Error::bug("a user without a role"))?;
    for membership in &mut access.memberships {
        membership.role = membership.role.lesser(role);
    }
    Ok(Some(access))
}
