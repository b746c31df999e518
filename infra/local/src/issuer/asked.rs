//! A request to sign somebody in: what it has to say, and where its answer goes (RFC 6749, 7636, 9207; OpenID Connect Core, section 3.1.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::fields::Fields;
use super::loopback;
use super::{CLIENT_ID, SCOPES};

/// Where an app waits for an answer.
#[derive(Clone, Debug)]
pub(super) struct Return {
    to: Url,
    /// The address as the app has written it: it has to name the same one when it comes with the code.
    pub(super) written: String,
    state: Option<String>,
}

/// A request that can be answered by signing somebody in.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) back: Return,
    /// The digest of what the app will have to say when it comes with the code.
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    /// What it asks for and can have, with spaces between.
    pub(super) scope: String,
    /// The email address that the app expects.
    pub(super) hint: Option<String>,
}

/// A request that cannot.
#[derive(Clone, Debug)]
pub(super) enum Refused {
    /// Nobody is sent anywhere: it is not known that the address is one of this client's.
    Here(&'static str),
    /// The app is told.
    There { back: Box<Return>, error: &'static str, why: &'static str },
}

impl Return {
    fn of(fields: &Fields) -> Result<Self, &'static str> {
        if !fields.says("client_id", CLIENT_ID) {
            return Err("The app has to call itself rapport (client_id).");
        }
        let written =
            fields.get("redirect_uri").ok_or("The app does not say where to go afterwards (redirect_uri).")?;
        let to = loopback::address(written).ok_or(
            "The app wants to go on at an address that is not on this machine. Allowed are http://localhost, http://127.0.0.1 and \
             http://[::1], with any port and path (redirect_uri).",
        )?;
        Ok(Self { to, written: written.to_owned(), state: fields.get("state").map(str::to_owned) })
    }

    /// The app's address with an answer.
    pub(super) fn with(&self, issuer: &str, answer: &[(&str, &str)]) -> Url {
        let mut url = self.to.clone();
        url.query_pairs_mut()
            .extend_pairs(answer)
            .extend_pairs(self.state.iter().map(|state| ("state", state)))
            .append_pair("iss", issuer);
        url
    }

    /// Scheme, name and port of the app.
    pub(super) fn origin(&self) -> String {
        self.to.origin().ascii_serialization()
    }

    /// Name and port of the app, to be read.
    pub(super) fn app(&self) -> String {
        self.origin().trim_start_matches("http://").to_owned()
    }
}

impl Asked {
    pub(super) fn of(fields: &Fields) -> Result<Self, Refused> {
        let back = Return::of(fields).map_err(Refused::Here)?;
        match Self::rest(fields, back.clone()) {
            Ok(asked) => Ok(asked),
            Err((error, why)) => Err(Refused::There { back: Box::new(back), error, why }),
        }
    }

    fn rest(fields: &Fields, back: Return) -> Result<Self, (&'static str, &'static str)> {
        if fields.get("request").is_some() {
            return Err(("request_not_supported", "request objects are not supported"));
        }
        if fields.get("request_uri").is_some() {
            return Err(("request_uri_not_supported", "request objects are not supported"));
        }
        match fields.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(("unsupported_response_type", "response_type has to be code")),
            None => return Err(("invalid_request", "response_type is missing")),
        }
        if fields.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(("invalid_request", "response_mode has to be query"));
        }
        let challenge = challenge(fields).map_err(|why| ("invalid_request", why))?;
        let scope = scope(fields.get("scope").unwrap_or_default());
        if !scope.split(' ').any(|word| word == "openid") {
            return Err(("invalid_scope", "scope has to hold openid"));
        }
        prompt(fields.get("prompt").unwrap_or_default())?;
        Ok(Self {
            back,
            challenge,
            nonce: fields.get("nonce").map(str::to_owned),
            scope,
            hint: fields.get("login_hint").map(str::to_owned),
        })
    }
}

fn challenge(fields: &Fields) -> Result<String, &'static str> {
    let challenge = fields.get("code_challenge").ok_or("code_challenge is missing: PKCE is required")?;
    if !fields.says("code_challenge_method", "S256") {
        return Err("code_challenge_method has to be S256");
    }
    let is_digest = URL_SAFE_NO_PAD.decode(challenge).is_ok_and(|bytes| bytes.len() == 32);
    is_digest.then(|| challenge.to_owned()).ok_or("code_challenge is not the base64url of a SHA-256 digest")
}

/// What is asked for and offered, each once. What nobody offers is left out (OpenID Connect Core, section 3.1.2.1).
pub(super) fn scope(asked: &str) -> String {
    let asked: Vec<&str> = asked.split(' ').collect();
    SCOPES.into_iter().filter(|offered| asked.contains(offered)).collect::<Vec<_>>().join(" ")
}

/// People are always asked who they are, so whatever else an app wants them to be asked is done; but that they are not cannot be.
fn prompt(prompt: &str) -> Result<(), (&'static str, &'static str)> {
    let words: Vec<&str> = prompt.split(' ').filter(|word| !word.is_empty()).collect();
    if words.iter().any(|word| !super::PROMPTS.contains(word)) {
        return Err(("invalid_request", "prompt has an unknown value"));
    }
    match words.as_slice() {
        ["none"] => Err(("login_required", "people are always asked who they are here")),
        words if words.contains(&"none") => Err(("invalid_request", "prompt=none stands alone")),
        _ => Ok(()),
    }
}
