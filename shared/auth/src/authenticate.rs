//! From an `Authorization` header to what it gives access to.

use kernel::{Error, Result, Secret, Timestamp};
use table::Tables;

use crate::{Access, ApiKey, hash_secret};

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

/// What a credential gives access to; `None` when it is not good. One read, none when it cannot be a key at all.
///
/// # Errors
/// When the table does not answer: that says nothing about the credential.
pub async fn authenticate(tables: &Tables, credential: &Credential, now: Timestamp) -> Result<Option<Access>> {
    let Some(hash) = hash_secret(credential.0.reveal()) else { return Ok(None) };
    let Some(document) = tables.api_key(&hash).await? else { return Ok(None) };
    let key: ApiKey = serde_json::from_value(document.into()).map_err(Error::unreadable("API key"))?;
    Ok(key.access(now))
}
