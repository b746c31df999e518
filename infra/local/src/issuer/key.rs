//! What tokens are signed with: one key on the curve P-256, made at the first start and kept in the data directory.
//!
//! A token is what RFC 7515 calls the compact form: header, claims and signature, each as base64url. Reading is for tokens of this
//! issuer alone, so that it knows one algorithm and one key.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::first;

/// The key's file in the data directory.
const KEY_FILE: &str = "issuer-key";

/// What a token is for, as its header says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// RFC 9068 gives them a type of their own, so that no other token passes for one.
    Access,
    Id,
}

impl Kind {
    const fn header(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Id => "JWT",
        }
    }
}

/// The key with its name.
#[derive(Debug)]
pub(super) struct Key {
    pair: EcdsaKeyPair,
    random: SystemRandom,
    /// What tokens name it by: its RFC 7638 thumbprint.
    id: String,
}

impl Key {
    /// The key that is kept, or one made now.
    pub(super) fn kept_in(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join(KEY_FILE);
        let random = SystemRandom::new();
        let document = match first::kept(&path) {
            Some(text) => STANDARD.decode(text).with_context(|| format!("{} is not a key", path.display()))?,
            None => {
                let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
                    .map_err(|_| anyhow!("no key could be made"))?;
                first::keep(&path, &STANDARD.encode(made.as_ref()))
                    .with_context(|| format!("cannot write {}", path.display()))?;
                made.as_ref().to_vec()
            }
        };
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &document, &random)
            .map_err(|error| anyhow!("{} is not a key: {error}", path.display()))?;
        let (x, y) = coordinates(&pair);
        // The members that RFC 7638 asks for, in its order and without spaces.
        let id = digest(&format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
        Ok(Self { pair, random, id })
    }

    /// The public half as a JSON Web Key Set.
    pub(super) fn public(&self) -> Value {
        let (x, y) = coordinates(&self.pair);
        json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.id, "use": "sig", "alg": "ES256" },
        ] })
    }

    /// A token.
    pub(super) fn sign(&self, kind: Kind, claims: &Value) -> Result<String> {
        let header = json!({ "alg": "ES256", "kid": self.id, "typ": kind.header() });
        let text = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = self.pair.sign(&self.random, text.as_bytes()).map_err(|_| anyhow!("signing failed"))?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token of this kind that this key has signed, whatever they say.
    pub(super) fn read(&self, kind: Kind, token: &str) -> Option<Map<String, Value>> {
        let (text, signature) = token.rsplit_once('.')?;
        let (header, claims) = text.split_once('.')?;
        let header = object(header)?;
        if header.get("alg")? != "ES256" || header.get("typ")? != kind.header() || header.get("kid")? != &self.id {
            return None;
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key());
        public.verify(text.as_bytes(), &signature).ok()?;
        object(claims)
    }
}

/// The SHA-256 digest of a text as base64url.
pub(super) fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// What an ID token says about the access token beside it.
pub(super) fn half_digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..16])
}

fn coordinates(pair: &EcdsaKeyPair) -> (String, String) {
    // An uncompressed point: a byte that says so, then both coordinates.
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn object(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_for_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let first = Key::kept_in(folder.path()).unwrap();
        let again = Key::kept_in(folder.path()).unwrap();
        assert_eq!(first.public(), again.public());
        let mode = std::fs::metadata(folder.path().join(KEY_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = tempfile::tempdir().unwrap();
        assert_ne!(first.public(), Key::kept_in(other.path()).unwrap().public());
    }

    #[test]
    fn a_token_is_read_as_what_it_is_and_only_as_it_was_signed() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::kept_in(folder.path()).unwrap();
        let token = key.sign(Kind::Access, &json!({ "sub": "a" })).unwrap();
        assert_eq!(key.read(Kind::Access, &token).unwrap()["sub"], "a");
        assert_eq!(key.read(Kind::Id, &token), None, "an access token is no ID token");
        let parts: Vec<&str> = token.split('.').collect();
        let other = encoded(&json!({ "sub": "b" }));
        let unsigned = encoded(&json!({ "alg": "none", "typ": "at+jwt", "kid": key.id }));
        for forged in [
            format!("{}.{other}.{}", parts[0], parts[2]),
            format!("{unsigned}.{}.", parts[1]),
            format!("{unsigned}.{}.{}", parts[1], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{token}.x"),
            String::new(),
        ] {
            assert_eq!(key.read(Kind::Access, &forged), None, "{forged}");
        }
        let stranger = tempfile::tempdir().unwrap();
        assert_eq!(Key::kept_in(stranger.path()).unwrap().read(Kind::Access, &token), None);
    }
}
