//! From an `Authorization` header to what it gives access to.

use kernel::{Error, Result, Secret, Timestamp};
use serde_json::Value;
use table::Tables;

use crate::{Access, ApiKey, MAX_MEMBERSHIPS, Person, hash_secret};

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

/// What an API key gives access to; `None` when it is not good, or no API key. One read, none when it cannot be a key at all.
///
/// # Errors
/// When the table does not answer: that says nothing about the credential.
pub async fn authenticate(tables: &Tables, credential: &Credential, now: Timestamp) -> Result<Option<Access>> {
    let Some(hash) = hash_secret(credential.0.reveal()) else { return Ok(None) };
    let Some(document) = tables.api_key(&hash).await? else { return Ok(None) };
    let key: ApiKey = serde_json::from_value(document.into()).map_err(Error::unreadable("API key"))?;
    Ok(key.access(now))
}

/// Where a person may enter: wherever they have become a user. One read.
///
/// # Errors
/// When the table does not answer: that says nothing about the person.
pub async fn of_person(tables: &Tables, person: Person) -> Result<Access> {
    let limit = u16::try_from(MAX_MEMBERSHIPS).map_err(Error::bug)?;
    let entered = tables.memberships(person.hash(), limit).await?;
    let membership =
        |document| serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("membership"));
    let memberships = entered.into_iter().map(membership).collect::<Result<_>>()?;
    Ok(Access { api_key: None, person: Some(person), rate_limit: None, memberships })
}
