//! Which email address a person has, as their issuer says.

use auth::{Issuer, Person};
use cloud::Web;
use kernel::{Error, Result, Secret};
use records::{FieldType, coerce, normalised};
use serde::Deserialize;
use serde_json::{Value, json};

/// Why nobody is signed in.
const NOT_VERIFIED: &str = "your identity provider does not say that your email address is yours";

/// What an issuer says of the owner of a token (OpenID Connect Core 1.0, section 5.1).
#[derive(Debug, Deserialize)]
struct About {
    sub: String,
    email: Option<String>,
    /// Cognito says it as a text.
    email_verified: Option<Value>,
    name: Option<String>,
}

/// Somebody with an address that is theirs.
#[derive(Debug)]
pub(crate) struct Verified {
    /// Normalised.
    pub(crate) email: String,
    /// What their issuer calls them, in one line.
    pub(crate) name: Option<String>,
}

/// Asks the issuer of a token who its owner is. Two requests, or one where its endpoints are known.
///
/// # Errors
/// [`Error::Denied`] for an address that nobody has verified, [`Error::Unauthenticated`] for a token of somebody else.
pub(crate) async fn verified(issuer: &Issuer, person: &Person, token: &Secret) -> Result<Verified> {
    let web = Web::of(&issuer.url);
    let described = issuer.describe(&web).await?;
    let endpoint =
        described.userinfo_endpoint.ok_or_else(|| Error::unavailable("the issuer tells nothing of people"))?;
    let got = web.get(&endpoint, Some(token)).await?;
    match got.status {
        200 => {}
        401 | 403 => return Err(Error::Unauthenticated),
        status => return Err(Error::unavailable(format!("the issuer answers {status} to who somebody is"))),
    }
    let about: About = serde_json::from_slice(&got.body).map_err(Error::unreadable("answer of the issuer"))?;
    about.of(issuer, person)
}

impl About {
    /// The address of a person, if it is theirs.
    fn of(self, issuer: &Issuer, person: &Person) -> Result<Verified> {
        if Person::of(&issuer.url, &self.sub) != *person {
            return Err(Error::Unauthenticated);
        }
        let is_verified = [Some(json!(true)), Some(json!("true"))].contains(&self.email_verified);
        let email = self.email.filter(|_| is_verified).map(Value::String);
        let email = email.as_ref().and_then(|email| coerce(&FieldType::Email {}, email));
        let email = email.as_ref().and_then(Value::as_str).ok_or_else(|| Error::denied(NOT_VERIFIED))?;
        let name = self.name.map(|name| name.split_whitespace().collect::<Vec<_>>().join(" "));
        let name = name.filter(|name| !name.is_empty() && !name.chars().any(char::is_control));
        let name = name.map(|name| name.chars().take(MAX_NAME).collect());
        Ok(Verified { email: normalised(&FieldType::Email {}, email), name })
    }
}

/// The most characters of a user's name.
const MAX_NAME: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_was_verified_is_somebodys() {
        let url = "https://id.example.com".to_owned();
        let issuer = Issuer { url, client_id: "rapport".to_owned(), audience: None, emulator: None };
        let person = Person::of(&issuer.url, "ada");
        let said = |about: Value| serde_json::from_value::<About>(about).unwrap().of(&issuer, &person);
        for verified in [json!(true), json!("true")] {
            let about =
                json!({ "sub": "ada", "email": "Ada@Example.com", "email_verified": verified, "name": " Ada\t L " });
            let known = said(about).unwrap();
            assert_eq!((known.email.as_str(), known.name.as_deref()), ("ada@example.com", Some("Ada L")));
        }
        for unproven in [
            json!({ "sub": "ada", "email": "ada@example.com", "email_verified": false }),
            json!({ "sub": "ada", "email": "ada@example.com", "email_verified": "false" }),
            json!({ "sub": "ada", "email": "ada@example.com" }),
            json!({ "sub": "ada", "email_verified": true }),
            json!({ "sub": "ada", "email": "not an address", "email_verified": true }),
        ] {
            assert!(matches!(said(unproven.clone()), Err(Error::Denied { .. })), "{unproven}");
        }
        let another = json!({ "sub": "eve", "email": "ada@example.com", "email_verified": true });
        assert!(matches!(said(another), Err(Error::Unauthenticated)));
    }
}
