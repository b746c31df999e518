//! Tokens: for a code with what proves that it is the app's own, or for the refresh token of before.

use anyhow::Result;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{Request, StatusCode};
use serde_json::{Map, Value, json};
use subtle::ConstantTimeEq as _;

use super::answers::{self, Refusal};
use super::asked::scope;
use super::authorize::Grant;
use super::fields::Fields;
use super::key::{Kind, digest, half_digest};
use super::person::new_id;
use super::sign_ins::{Refreshed, SignIn};
use super::{CLIENT_ID, Issuer};

/// How long an access token and an ID token are good, in seconds.
const LIFETIME: i64 = 3600;

/// What `code_verifier` may be made of, besides letters and digits (RFC 7636, section 4.1).
const UNRESERVED: &str = "-._~";

const UNKNOWN_CODE: Refusal = Refusal::bad("invalid_grant", "the code is not known, was used, or is too old");
const OTHER_REQUEST: Refusal = Refusal::bad("invalid_grant", "the code was asked for by another request");
const UNKNOWN_REFRESH: Refusal =
    Refusal::bad("invalid_grant", "the refresh token is not known, was used, or has ended");

/// `POST`: tokens, or why not.
pub(super) async fn token(State(issuer): State<Issuer>, request: Request<Body>) -> Response {
    match client_form(request).await {
        Ok(fields) => match issuer.exchange(&fields) {
            Ok(Ok(tokens)) => answers::json(StatusCode::OK, &tokens),
            Ok(Err(refusal)) => refusal.answer(),
            Err(error) => answers::failed(&error),
        },
        Err(refusal) => refusal.answer(),
    }
}

/// The form of a client that calls itself by the one name there is. It has no secret, so it may not come with one.
pub(super) async fn client_form(request: Request<Body>) -> Result<Fields, Refusal> {
    let has_credential = request.headers().contains_key(AUTHORIZATION);
    let fields = Fields::of_form(request).await.map_err(|error| Refusal::bad("invalid_request", error.why()))?;
    let unknown = |why| Refusal { status: StatusCode::UNAUTHORIZED, ..Refusal::bad("invalid_client", why) };
    if has_credential {
        let challenge = Some("Basic realm=\"clients have no secret here\"");
        return Err(Refusal { challenge, ..unknown("clients have no secret here") });
    }
    if fields.says("client_id", CLIENT_ID) { Ok(fields) } else { Err(unknown("client_id is not known")) }
}

impl Issuer {
    fn exchange(&self, fields: &Fields) -> Result<Result<Value, Refusal>> {
        match fields.get("grant_type") {
            Some("authorization_code") => self.by_code(fields),
            Some("refresh_token") => self.by_refresh_token(fields),
            Some(_) => {
                Ok(Err(Refusal::bad("unsupported_grant_type", "grant_type has to be one of those in the metadata")))
            }
            None => Ok(Err(Refusal::bad("invalid_request", "grant_type is missing"))),
        }
    }

    fn by_code(&self, fields: &Fields) -> Result<Result<Value, Refusal>> {
        let Some(code) = fields.get("code") else {
            return Ok(Err(Refusal::bad("invalid_request", "code is missing")));
        };
        let Some(verifier) = fields.get("code_verifier").filter(|verifier| is_verifier(verifier)) else {
            return Ok(Err(Refusal::bad("invalid_request", "code_verifier is missing, or is none")));
        };
        // Whatever else is wrong, a code is tried once.
        let Some(grant) = self.0.codes.take(code, self.now()) else {
            if let Some(begun) = self.0.used_codes.take(code, self.now()) {
                // Two have the code, so one has stolen it: neither keeps anything (RFC 6749, section 4.1.2).
                self.0.sign_ins.end(&begun)?;
            }
            return Ok(Err(UNKNOWN_CODE));
        };
        if !fields.says("redirect_uri", &grant.asked.back.written) || !is_of(verifier, &grant) {
            return Ok(Err(OTHER_REQUEST));
        }
        let Grant { asked, person, at } = &grant;
        let sign_in = SignIn { id: new_id(), person: person.clone(), scope: asked.scope.clone(), began: *at };
        let tokens = self.begin(&sign_in, asked.nonce.as_deref())?;
        self.0.used_codes.put(kernel::Secret::new(code), sign_in.id, self.now());
        Ok(Ok(tokens))
    }

    /// The first tokens of somebody who has just signed in.
    pub(super) fn begin(&self, sign_in: &SignIn, nonce: Option<&str>) -> Result<Value> {
        let refresh = self.0.sign_ins.begin(sign_in, self.now())?;
        self.tokens(sign_in, &sign_in.scope, nonce, refresh.reveal())
    }

    fn by_refresh_token(&self, fields: &Fields) -> Result<Result<Value, Refusal>> {
        let Some(presented) = fields.get("refresh_token") else {
            return Ok(Err(Refusal::bad("invalid_request", "refresh_token is missing")));
        };
        let asked = fields.get("scope").unwrap_or_default();
        let (sign_in, refresh) = match self.0.sign_ins.refresh(presented, asked, self.now())? {
            Refreshed::Good(sign_in, refresh) => (sign_in, refresh),
            Refreshed::Unknown => return Ok(Err(UNKNOWN_REFRESH)),
            Refreshed::TooMuch => return Ok(Err(Refusal::bad("invalid_scope", "scope has more than was granted"))),
        };
        // Less than was granted can be had, for these tokens alone; but who somebody is belongs to all of them.
        let scope = if asked.is_empty() { sign_in.scope.clone() } else { scope(&format!("openid {asked}")) };
        self.tokens(&sign_in, &scope, None, refresh.reveal()).map(Ok)
    }

    /// All tokens. There is always a refresh token, whether or not `offline_access` was asked for: a user pool gives one with each
    /// sign-in and does not know that scope, and an app must not need another request there than here.
    fn tokens(&self, sign_in: &SignIn, scope: &str, nonce: Option<&str>, refresh: &str) -> Result<Value> {
        let now = self.now().as_seconds();
        let access = self.0.key.sign(Kind::Access, &self.access_claims(sign_in, scope, now))?;
        let mut claims = self.about(sign_in, scope);
        let of_this_token = json!({
            "iss": self.url(), "aud": CLIENT_ID, "token_use": "id", "origin_jti": sign_in.id,
            "iat": now, "exp": now + LIFETIME, "auth_time": sign_in.began, "at_hash": half_digest(&access),
        });
        claims.extend(of_this_token.as_object().cloned().unwrap_or_default());
        if let Some(nonce) = nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        let id = self.0.key.sign(Kind::Id, &Value::Object(claims))?;
        Ok(json!({
            "access_token": access, "token_type": "Bearer", "expires_in": LIFETIME,
            "id_token": id, "refresh_token": refresh, "scope": scope,
        }))
    }

    /// What a user pool's access token says: for which client, and for no audience.
    fn access_claims(&self, sign_in: &SignIn, scope: &str, now: i64) -> Value {
        json!({
            "iss": self.url(), "sub": sign_in.person.subject(), "client_id": CLIENT_ID, "scope": scope, "token_use": "access",
            "jti": new_id(), "origin_jti": sign_in.id, "iat": now, "exp": now + LIFETIME, "auth_time": sign_in.began,
        })
    }

    /// Who somebody is, as far as the scope says that an app may know.
    pub(super) fn about(&self, sign_in: &SignIn, scope: &str) -> Map<String, Value> {
        let mut claims = Map::from_iter([("sub".to_owned(), json!(sign_in.person.subject()))]);
        let may = |word: &str| scope.split(' ').any(|granted| granted == word);
        if may("profile") {
            claims.insert("name".to_owned(), json!(sign_in.person.name));
        }
        if may("email") {
            claims.insert("email".to_owned(), json!(sign_in.person.email));
            claims.insert("email_verified".to_owned(), json!(true));
        }
        claims
    }

    /// The sign-in and the scope of an access token that is good now, and whose owner has not signed out.
    pub(super) fn signed_in(&self, access_token: &str) -> Result<Option<(SignIn, String)>> {
        let Some(claims) = self.0.key.read(Kind::Access, access_token) else { return Ok(None) };
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_good = text("iss") == self.url() && text("token_use") == "access";
        let ends = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
        if !is_good || ends <= self.now().as_seconds() {
            return Ok(None);
        }
        let found = self.0.sign_ins.find(text("origin_jti"), self.now())?;
        Ok(found.map(|sign_in| (sign_in, text("scope").to_owned())))
    }
}

fn is_verifier(text: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || UNRESERVED.contains(character);
    (43..=128).contains(&text.len()) && text.chars().all(is_part)
}

fn is_of(verifier: &str, grant: &Grant) -> bool {
    digest(verifier).as_bytes().ct_eq(grant.asked.challenge.as_bytes()).into()
}
