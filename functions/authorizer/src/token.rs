//! Whether an access token is one: signed by the issuer, for Rapport, now.
//!
//! Nothing here asks anybody: the issuer's keys are given. What a token must be is in RFC 9068 and, for a Cognito user pool, in "Verifying
//! JSON web tokens" of its developer guide. An ID token (OpenID Connect Core 1.0, section 2) is no access token: it is addressed
//! to the application that somebody signs in to, and says nothing of what that may do.

use auth::Issuer;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use kernel::Timestamp;
use serde::Deserialize;

use crate::signatures::{ALGORITHMS, install};

/// How far the issuer's clock and this one may be apart, in seconds.
const SKEW: f64 = 60.0;
/// The longest token that is looked at, in bytes: more than the gateway lets through in one header.
const MAX_BYTES: usize = 16 * 1024;
/// The longest name of a person at the issuer, in bytes (OpenID Connect Core 1.0, section 2).
const MAX_SUBJECT: usize = 255;

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// It names a key that is not among those given: the issuer may have a new one.
    UnknownKey,
    /// It is not good whatever the issuer's keys are by now, or those given say so.
    Bad,
}

/// What a token says.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    aud: Option<Audience>,
    client_id: Option<String>,
    azp: Option<String>,
    token_use: Option<String>,
    nonce: Option<serde_json::Value>,
}

/// Whom a token is for: one or several (RFC 7519, section 4.1.3).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn has(&self, wanted: &str) -> bool {
        match self {
            Self::One(one) => one == wanted,
            Self::Several(several) => several.iter().any(|one| one == wanted),
        }
    }
}

/// Whether a text has the form of a token: three parts, of which the first is JSON in base64. Others are not sent to be checked.
pub(crate) fn is_token(text: &str) -> bool {
    text.len() <= MAX_BYTES && text.starts_with("ey") && text.split('.').count() == 3
}

/// Whose a token is, by the issuer's keys.
///
/// # Errors
/// Why it is nobody's.
pub(crate) fn subject(token: &str, keys: &[Jwk], issuer: &Issuer, now: Timestamp) -> Result<String, Rejected> {
    install();
    let header = decode_header(token).map_err(|_| Rejected::Bad)?;
    // What must be understood and is not (RFC 7515, section 4.1.11), and what can be checked only by a secret or not at all.
    if header.crit.is_some() || !ALGORITHMS.contains(&header.alg) {
        return Err(Rejected::Bad);
    }
    let key = match &header.kid {
        Some(kid) => keys.iter().find(|key| key.common.key_id.as_ref() == Some(kid)).ok_or(Rejected::UnknownKey)?,
        // An issuer with a single key need not name it.
        None => <&[Jwk; 1]>::try_from(keys).map(|[only]| only).map_err(|_| Rejected::Bad)?,
    };
    let is_for_signing = key.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let is_of_algorithm = key.common.key_algorithm.is_none_or(|named| named == header.alg.into());
    if !is_for_signing || !is_of_algorithm {
        return Err(Rejected::Bad);
    }
    let key = DecodingKey::from_jwk(key).map_err(|_| Rejected::Bad)?;
    let claims = decode::<Claims>(token, &key, &signature_only(&header)).map_err(|_| Rejected::Bad)?.claims;
    if is_good(&claims, issuer, now) { Ok(claims.sub) } else { Err(Rejected::Bad) }
}

/// What the library is to look at: the signature. The rest is judged by this process's own clock, below.
fn signature_only(header: &jsonwebtoken::Header) -> Validation {
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

fn is_good(claims: &Claims, issuer: &Issuer, now: Timestamp) -> bool {
    let now = now.as_millis() as f64 / 1000.0;
    let is_now = claims.exp > now - SKEW && claims.nbf.is_none_or(|begin| begin < now + SKEW);
    let is_somebody = (1..=MAX_SUBJECT).contains(&claims.sub.len());
    claims.iss == issuer.url && is_somebody && is_now && is_for_access(claims) && is_for_us(claims, issuer)
}

/// Whether it is no ID token, as far as it says. A nonce is what an application has asked an ID token to repeat.
fn is_for_access(claims: &Claims) -> bool {
    claims.nonce.is_none() && claims.token_use.as_deref().is_none_or(|purpose| purpose == "access")
}

/// Whether it was issued for Rapport: for its audience where the issuer has one, else to its application. What is addressed to
/// the application itself is an ID token.
fn is_for_us(claims: &Claims, issuer: &Issuer) -> bool {
    let is_for = |wanted: &str| claims.aud.as_ref().is_some_and(|audience| audience.has(wanted));
    match &issuer.audience {
        Some(audience) => is_for(audience),
        None => {
            let client = claims.client_id.as_ref().or(claims.azp.as_ref());
            client == Some(&issuer.client_id) && !is_for(&issuer.client_id)
        }
    }
}

#[cfg(test)]
mod tests;
