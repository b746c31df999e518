//! Tokens as issuers make them, and as nobody should.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kernel::Clock;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://id.example/pool";

/// A key that only these tests use: `ring` makes none of this sort.
const RSA: &str = include_str!("rsa-2048.base64");

enum Secret {
    Point(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

/// Somebody who signs tokens.
struct Signer {
    alg: &'static str,
    secret: Secret,
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Signer {
    fn es256() -> Self {
        Self::on_curve("ES256", &ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    fn on_curve(alg: &'static str, how: &'static ring::signature::EcdsaSigningAlgorithm) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(how, &random).unwrap();
        Self { alg, secret: Secret::Point(EcdsaKeyPair::from_pkcs8(how, pkcs8.as_ref(), &random).unwrap()) }
    }

    fn ed25519() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self { alg: "EdDSA", secret: Secret::Edwards(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap()) }
    }

    fn rsa(alg: &'static str, how: &'static dyn RsaEncoding) -> Self {
        let pkcs8 = STANDARD.decode(RSA.split_whitespace().collect::<String>()).unwrap();
        Self { alg, secret: Secret::Rsa(RsaKeyPair::from_pkcs8(&pkcs8).unwrap(), how) }
    }

    /// The key that others know it by.
    fn key(&self, kid: &str) -> Value {
        let key = match &self.secret {
            Secret::Point(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "crv": curve, "x": base64(x), "y": base64(y) })
            }
            Secret::Edwards(pair) => json!({ "kty": "OKP", "crv": "Ed25519", "x": base64(pair.public_key()) }),
            Secret::Rsa(pair, _) => {
                let RsaPublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                json!({ "kty": "RSA", "n": base64(n), "e": base64(e) })
            }
        };
        let mut key = key;
        (key["kid"], key["use"]) = (json!(kid), json!("sig"));
        key
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.secret {
            Secret::Point(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Secret::Edwards(pair) => pair.sign(message).as_ref().to_vec(),
            Secret::Rsa(pair, how) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*how, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    fn token(&self, kid: &str, claims: &Value) -> String {
        self.signed(&json!({ "alg": self.alg, "typ": "at+jwt", "kid": kid }), claims)
    }

    fn signed(&self, header: &Value, claims: &Value) -> String {
        let message = [base64(header.to_string()), base64(claims.to_string())].join(".");
        let signature = self.sign(message.as_bytes());
        [message, base64(signature)].join(".")
    }
}

fn seconds() -> i64 {
    Clock::manual().now().as_millis() / 1000
}

fn issuer(audience: Option<&str>) -> Issuer {
    let audience = audience.map(str::to_owned);
    Issuer { url: ISSUER.to_owned(), client_id: "rapport".to_owned(), audience, emulator: None }
}

/// What an access token of a user pool says.
fn claims() -> Value {
    let now = seconds();
    json!({ "iss": ISSUER, "sub": "b1946ac9", "client_id": "rapport", "token_use": "access", "scope": "openid",
        "iat": now, "exp": now + 3600, "jti": "1" })
}

fn with(changes: Value) -> Value {
    let mut claims = claims();
    let members = claims.as_object_mut().unwrap();
    for (name, value) in changes.as_object().cloned().unwrap() {
        let _ = if value.is_null() { members.remove(&name) } else { members.insert(name, value) };
    }
    claims
}

fn asked(token: &str, keys: &[Value], issuer: &Issuer) -> Result<String, Rejected> {
    let keys: Vec<Jwk> = keys.iter().map(|key| serde_json::from_value(key.clone()).unwrap()).collect();
    subject(token, &keys, issuer, Clock::manual().now())
}

#[test]
fn a_token_of_the_issuer_is_its_subjects_by_every_algorithm() {
    let signers = [
        Signer::es256(),
        Signer::on_curve("ES384", &ECDSA_P384_SHA384_FIXED_SIGNING),
        Signer::ed25519(),
        Signer::rsa("RS256", &RSA_PKCS1_SHA256),
        Signer::rsa("RS512", &RSA_PKCS1_SHA512),
        Signer::rsa("PS256", &RSA_PSS_SHA256),
    ];
    for signer in signers {
        let keys = [Signer::es256().key("old"), signer.key("new")];
        let token = signer.token("new", &claims());
        assert!(is_token(&token));
        assert_eq!(asked(&token, &keys, &issuer(None)), Ok("b1946ac9".to_owned()), "{}", signer.alg);
    }
}

#[test]
fn only_what_is_issued_for_rapport_by_its_issuer_and_good_now_lets_in() {
    let signer = Signer::es256();
    let now = seconds();
    let of = |claims: &Value, audience: Option<&str>| {
        asked(&signer.token("1", claims), &[signer.key("1")], &issuer(audience)).is_ok()
    };
    let good = [
        (json!({ "exp": now - 59 }), None),
        (json!({ "exp": now as f64 + 0.5 }), None),
        (json!({ "nbf": now + 59 }), None),
        (json!({ "client_id": null, "azp": "rapport", "token_use": null }), None),
        (json!({ "aud": "account" }), None),
        (json!({ "aud": ["other", "https://api.example"], "client_id": "mobile" }), Some("https://api.example")),
        (json!({ "aud": "https://api.example", "client_id": null }), Some("https://api.example")),
    ];
    for (changes, audience) in good {
        assert!(of(&with(changes.clone()), audience), "{changes}");
    }
    let bad = [
        (json!({ "iss": "https://id.example" }), None),
        (json!({ "iss": "https://id.example/pool/" }), None),
        (json!({ "iss": null }), None),
        (json!({ "exp": now - 60 }), None),
        (json!({ "exp": null }), None),
        (json!({ "exp": "tomorrow" }), None),
        (json!({ "nbf": now + 60 }), None),
        (json!({ "client_id": "another" }), None),
        (json!({ "client_id": null }), None),
        (json!({ "client_id": "another", "azp": "rapport" }), None),
        (json!({ "sub": null }), None),
        (json!({ "sub": "" }), None),
        (json!({ "sub": "s".repeat(256) }), None),
        (json!({ "aud": "another" }), Some("https://api.example")),
        (json!({ "aud": ["rapport"] }), Some("https://api.example")),
        (json!({}), Some("https://api.example")),
        // ID tokens: addressed to the application, made for a sign-in, or said to be one.
        (json!({ "aud": "rapport", "azp": "rapport" }), None),
        (json!({ "nonce": "n" }), None),
        (json!({ "token_use": "id" }), None),
    ];
    for (changes, audience) in bad {
        assert!(!of(&with(changes.clone()), audience), "{changes}");
    }
}

#[test]
fn a_signature_is_the_named_keys_by_the_algorithm_that_is_its_own() {
    let (signer, stranger) = (Signer::es256(), Signer::es256());
    let rsa = Signer::rsa("RS256", &RSA_PKCS1_SHA256);
    let keys = [signer.key("1"), rsa.key("2")];
    let of = |token: &str| asked(token, &keys, &issuer(None));
    assert_eq!(of(&stranger.token("1", &claims())), Err(Rejected::Bad));
    assert_eq!(of(&signer.token("3", &claims())), Err(Rejected::UnknownKey));
    assert_eq!(of(&signer.token("2", &claims())), Err(Rejected::Bad), "a point's signature and a modulus");
    // Which of the two made it is not said; with a single key it needs not be.
    let unnamed = signer.signed(&json!({ "alg": "ES256" }), &claims());
    assert_eq!(of(&unnamed), Err(Rejected::Bad));
    assert!(asked(&unnamed, &keys[..1], &issuer(None)).is_ok());
    let critical = signer.signed(&json!({ "alg": "ES256", "kid": "1", "crit": ["b64"], "b64": false }), &claims());
    assert_eq!(of(&critical), Err(Rejected::Bad));
    let key = |member: &str, value: &str| {
        let mut key = signer.key("1");
        key[member] = json!(value);
        asked(&signer.token("1", &claims()), &[key], &issuer(None))
    };
    assert_eq!(key("use", "enc"), Err(Rejected::Bad));
    assert_eq!(key("alg", "ES384"), Err(Rejected::Bad));
    assert!(key("alg", "ES256").is_ok());
}

#[test]
fn what_no_public_key_has_signed_lets_nobody_in() {
    let signer = Signer::rsa("RS256", &RSA_PKCS1_SHA256);
    let keys = [signer.key("1")];
    let of = |token: &str| asked(token, &keys, &issuer(None));
    let parts =
        |alg: &str| [base64(json!({ "alg": alg, "kid": "1" }).to_string()), base64(claims().to_string())].join(".");
    for alg in ["none", "None", "NONE", ""] {
        assert_eq!(of(&[&parts(alg), "."].concat()), Err(Rejected::Bad), "{alg}");
        assert_eq!(of(&[&parts(alg), ".", &base64("x")].concat()), Err(Rejected::Bad), "{alg}");
    }
    // The public key as a shared secret: everybody has it.
    let message = parts("HS256");
    let secrets = [keys[0]["n"].as_str().unwrap().as_bytes().to_vec(), keys[0].to_string().into_bytes()];
    for secret in secrets {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
        let tag = ring::hmac::sign(&key, message.as_bytes());
        assert_eq!(of(&[&message, ".", &base64(tag)].concat()), Err(Rejected::Bad));
    }
    let shared = json!({ "kty": "oct", "k": base64("secret"), "kid": "1" });
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"secret");
    let tag = ring::hmac::sign(&key, message.as_bytes());
    assert_eq!(asked(&[&message, ".", &base64(tag)].concat(), &[shared], &issuer(None)), Err(Rejected::Bad));
}

#[test]
fn a_token_that_was_changed_anywhere_is_nobodys() {
    let signer = Signer::ed25519();
    let token = signer.token("1", &claims());
    for place in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'Q' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        if changed != token {
            assert!(asked(&changed, &[signer.key("1")], &issuer(None)).is_err(), "{place}");
        }
    }
}

proptest! {
    #[test]
    fn hostile_text_is_nobodys(header in ".{0,60}", claims in ".{0,60}", end in ".{0,40}") {
        let signer = Signer::ed25519();
        let keys = [signer.key("1")];
        let token = [base64(header), base64(claims), end].join(".");
        prop_assert!(asked(&token, &keys, &issuer(None)).is_err());
    }

    #[test]
    fn what_is_no_token_is_not_looked_at(text in "(rk_|ey)?[a-zA-Z0-9._-]{0,90}") {
        if is_token(&text) {
            prop_assert!(text.starts_with("ey") && text.matches('.').count() == 2);
        }
        prop_assert!(!is_token(&["rk_", &text].concat()));
    }
}
