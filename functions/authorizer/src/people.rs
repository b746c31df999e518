//! People, by the tokens of their issuer.
//!
//! The issuer's keys are kept by each instance for an hour. A token that names another key has them read again, since issuers
//! change keys without notice, but not more often than every ten seconds: anybody can make up names of keys.

use std::sync::{Arc, Mutex, PoisonError};

use auth::Issuer;
use cloud::Web;
use jsonwebtoken::jwk::Jwk;
use kernel::{Error, Result, Timestamp};
use serde_json::Value;

use crate::token::{Rejected, subject};

/// For how long keys are used without asking, in milliseconds.
const FRESH_MS: i64 = 3_600_000;
/// For how long they are used while the issuer does not answer.
const STALE_MS: i64 = 24 * FRESH_MS;
/// How often a token with an unknown key makes them be read.
const AGAIN_MS: i64 = 10_000;

/// Where people come from. Cheap to clone.
#[derive(Debug, Clone)]
pub struct People {
    issuer: Arc<Issuer>,
    web: Web,
    known: Arc<Mutex<Option<Known>>>,
}

/// The keys that an instance has read.
#[derive(Debug, Clone)]
struct Known {
    keys: Arc<[Jwk]>,
    read_at: Timestamp,
}

impl Known {
    const fn age_ms(&self, now: Timestamp) -> i64 {
        now.as_millis() - self.read_at.as_millis()
    }
}

impl People {
    /// Those whom an issuer knows.
    #[must_use]
    pub fn of(issuer: Issuer) -> Self {
        let web = Web::of(&issuer.url);
        Self { issuer: Arc::new(issuer), web, known: Arc::default() }
    }

    /// The issuer.
    pub(crate) fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Whose a token is; `None` when it is not good. No request while the keys are known and fresh, else two.
    ///
    /// # Errors
    /// When the issuer does not answer and its keys are not known: that says nothing about the token.
    pub(crate) async fn subject(&self, token: &str, now: Timestamp) -> Result<Option<String>> {
        let known = self.fresh(now).await?;
        match subject(token, &known.keys, &self.issuer, now) {
            Ok(subject) => Ok(Some(subject)),
            Err(Rejected::UnknownKey) if known.age_ms(now) >= AGAIN_MS => {
                let newer = self.read(now).await?;
                Ok(subject(token, &newer.keys, &self.issuer, now).ok())
            }
            Err(_) => Ok(None),
        }
    }

    async fn fresh(&self, now: Timestamp) -> Result<Known> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(known) if known.age_ms(now) < FRESH_MS => Ok(known),
            Some(known) if known.age_ms(now) < STALE_MS => Ok(self.read(now).await.unwrap_or(known)),
            _ => self.read(now).await,
        }
    }

    async fn read(&self, now: Timestamp) -> Result<Known> {
        let described = self.issuer.describe(&self.web).await?;
        let got = self.web.get(&described.jwks_uri, None).await?;
        let keys = keys(&got.body)
            .ok_or_else(|| Error::unavailable(format!("{} has no keys (status {})", described.jwks_uri, got.status)))?;
        let known = Known { keys, read_at: now };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known)
    }
}

/// The keys of a set (RFC 7517, section 5), without those of a sort that is not known here.
fn keys(body: &[u8]) -> Option<Arc<[Jwk]>> {
    let set: Value = serde_json::from_slice(body).ok()?;
    let keys = set.get("keys")?.as_array()?;
    Some(keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect())
}
