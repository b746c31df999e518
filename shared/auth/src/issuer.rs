//! Whom Rapport trusts to say who somebody is, and what that one says of itself.

use cloud::Web;
use kernel::{Error, Result};
use serde::Deserialize;

/// Where an issuer describes itself (OpenID Connect Discovery 1.0, section 4).
const DESCRIPTION: &str = "/.well-known/openid-configuration";

/// An issuer of tokens: a Cognito user pool, or any other provider of OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// Its identifier, exactly as its tokens have it in `iss`: an `https:` address.
    pub url: String,
    /// What it calls Rapport's own application.
    pub client_id: String,
    /// What its tokens have in `aud`, where it has such a thing; else they must be issued to the application, as Cognito's.
    pub audience: Option<String>,
    /// The emulator that answers in its place; `None`: it is where its identifier says.
    pub emulator: Option<Emulator>,
}

/// An emulator of AWS on this machine. Its user pools call themselves by the addresses that they would have at AWS, where nobody
/// answers for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emulator {
    origin: String,
}

impl Emulator {
    /// The one at an origin: `http://127.0.0.1:4566`. `None` where that is another machine's, or more than an origin.
    #[must_use]
    pub fn at(origin: &str) -> Option<Self> {
        let origin = origin.trim_end_matches('/');
        let is_origin = origin.matches('/').count() == 2 && !origin.contains(['?', '#']);
        (is_origin && is_on_this_machine(origin)).then(|| Self { origin: origin.to_owned() })
    }
}

/// What an issuer says of itself, as far as Rapport needs it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Described {
    /// Its identifier.
    issuer: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where it says who somebody is.
    #[serde(default)]
    pub userinfo_endpoint: Option<String>,
}

impl Issuer {
    /// What it says of itself. One request.
    ///
    /// # Errors
    /// When it does not answer, describes another issuer, or names places that nobody can be sure of.
    pub async fn describe(&self, web: &Web) -> Result<Described> {
        let got = web.get(&[&self.found_at(), DESCRIPTION].concat(), None).await?;
        let described: Option<Described> = serde_json::from_slice(&got.body).ok();
        described.filter(|described| self.is_sound(described)).ok_or_else(|| {
            Error::unavailable(format!("{} does not describe itself as an issuer (status {})", self.url, got.status))
        })
    }

    /// What an app asks for: who somebody is, with their name and address, and to stay signed in, which user pools of Cognito allow
    /// everybody and do not know as a scope.
    #[must_use]
    pub fn scopes(&self) -> &'static [&'static str] {
        match self.url.starts_with("https://cognito-idp.") {
            true => &["openid", "profile", "email"],
            false => &["openid", "profile", "email", "offline_access"],
        }
    }

    /// Where it answers: at its identifier, or under the same path at the emulator. Without a slash at the end.
    fn found_at(&self) -> String {
        let url = self.url.trim_end_matches('/');
        let Some(emulator) = &self.emulator else { return url.to_owned() };
        let path = url.splitn(4, '/').nth(3).map(|path| format!("/{path}"));
        [&emulator.origin, path.as_deref().unwrap_or_default()].concat()
    }

    /// Whether a description is of this issuer, and its places can be trusted as the issuer itself.
    fn is_sound(&self, described: &Described) -> bool {
        let places = std::iter::once(&described.jwks_uri).chain(&described.userinfo_endpoint);
        described.issuer == self.url && places.into_iter().all(|place| self.trusts(place))
    }

    /// Whether an address is as safe as the issuer's own: with TLS, but for an issuer that answers on this machine.
    fn trusts(&self, address: &str) -> bool {
        address.starts_with("https://") || is_on_this_machine(&self.found_at()) && is_on_this_machine(address)
    }
}

/// Whether an address without TLS leads to this very machine.
fn is_on_this_machine(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("http://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    ["localhost", "127.0.0.1", "[::1]"].contains(&name.map_or(host, |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(url: &str) -> Issuer {
        Issuer { url: url.to_owned(), client_id: "rapport".to_owned(), audience: None, emulator: None }
    }

    #[test]
    fn a_description_is_believed_of_the_issuer_alone_and_with_tls() {
        let described = |issuer: &str, keys: &str, people: &str| Described {
            issuer: issuer.to_owned(),
            jwks_uri: keys.to_owned(),
            userinfo_endpoint: Some(people.to_owned()),
        };
        let (away, here) = ("https://id.example", "http://localhost:4000/oidc");
        let cases = [
            (away, away, "https://id.example/keys", "https://people.example/me", true),
            (away, "https://id.example/", "https://id.example/keys", "https://id.example/me", false),
            (away, away, "http://id.example/keys", "https://id.example/me", false),
            (away, away, "https://id.example/keys", "http://localhost/me", false),
            (here, here, "http://localhost:4000/oidc/jwks", "http://127.0.0.1/me", true),
            (here, here, "http://localhost:4000@id.example/jwks", "http://localhost/me", false),
            (here, here, "http://localhost.example/jwks", "http://localhost/me", false),
            (here, here, "http://[::1]:4000/jwks", "http://localhost:x/me", false),
        ];
        for (url, said, keys, people, is_sound) in cases {
            assert_eq!(issuer(url).is_sound(&described(said, keys, people)), is_sound, "{url} {said} {keys} {people}");
        }
    }
    #[test]
    fn only_an_origin_on_this_machine_is_an_emulators() {
        for good in ["http://127.0.0.1:4566", "http://localhost:4566/", "http://[::1]:1", "http://localhost"] {
            assert!(Emulator::at(good).is_some(), "{good}");
        }
        let others =
            ["https://127.0.0.1:4566", "http://id.example", "http://127.0.0.1.example", "http://10.0.0.1:4566"];
        let more =
            ["http://localhost/a", "http://localhost?a", "http://localhost#a", "http://a@localhost", "localhost", ""];
        for bad in others.iter().chain(&more) {
            assert_eq!(Emulator::at(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_emulator_answers_under_the_same_path_and_on_this_machine_alone() {
        let pool = issuer("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc");
        assert_eq!(pool.found_at(), pool.url);
        let emulated = Issuer { emulator: Emulator::at("http://127.0.0.1:4566/"), ..pool.clone() };
        assert_eq!(emulated.found_at(), "http://127.0.0.1:4566/us-east-1_abc");
        assert_eq!(
            Issuer { url: "https://id.example/".to_owned(), ..emulated.clone() }.found_at(),
            "http://127.0.0.1:4566"
        );
        let described = |issuer: &str, keys: &str| Described {
            issuer: issuer.to_owned(),
            jwks_uri: keys.to_owned(),
            userinfo_endpoint: None,
        };
        let local = described(&pool.url, "http://127.0.0.1:4566/us-east-1_abc/.well-known/jwks.json");
        assert!(emulated.is_sound(&local) && !pool.is_sound(&local), "as ever without an emulator");
        assert!(!emulated.is_sound(&described(&pool.url, "http://id.example/jwks")));
        assert!(!emulated.is_sound(&described(&emulated.found_at(), &local.jwks_uri)), "it is known by its identifier");
    }
}
