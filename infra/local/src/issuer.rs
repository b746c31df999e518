//! The development issuer: an OpenID provider that lets anybody be anybody, for web apps and clients on this machine.
//!
//! Rapport keeps no passwords; in production a user pool or any other issuer says who somebody is. Here that is this one, at the path
//! `/oidc` of the port for people: the authorization code flow with PKCE, for one public client whose addresses are on this machine.
//! It asks for no proof of who somebody is, so it is only there while the stack listens on the loopback address, answers no other
//! name of the machine (a page of elsewhere can make its own name lead here), and sends nobody to another machine.
//!
//! It keeps its key in the file `issuer-key`, and who has signed in beside the rest of the stack's own state. Pages that are open and
//! codes that were not used yet are in memory: after a restart one goes back to the app and begins anew.

mod answers;
mod asked;
mod authorize;
mod ending;
mod fields;
mod key;
mod loopback;
mod metadata;
mod page;
mod person;
mod sign_ins;
#[cfg(test)]
mod tests;
mod token;
mod userinfo;
mod waiting;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use axum::Router;
use axum::body::Body;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use kernel::{Clock, Ids, Timestamp};

use self::authorize::Grant;
use self::key::Key;
pub(crate) use self::page::escaped;
pub use self::person::subject;
use self::person::{Person, new_id};
use self::sign_ins::{SignIn, SignIns};
use self::waiting::Waiting;
use crate::aws::is_this_machine;
use crate::state::State;

/// The one client there is. It has no secret.
const CLIENT_ID: &str = "rapport";
/// What can be asked for, in the order in which it is granted.
const SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];
/// What an app can want people to be asked.
const PROMPTS: [&str; 4] = ["none", "login", "consent", "select_account"];
/// How many pages may be open at once, and for how long, in seconds.
const PAGES: (usize, i64) = (256, 600);
/// How many codes may be about, and for how long, in seconds.
const CODES: (usize, i64) = (256, 60);
/// How long it is remembered that a code was used, in seconds: somebody else may come with it.
const USED: (usize, i64) = (256, 600);

/// The issuer. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Issuer(Arc<Desk>);

#[derive(Debug)]
struct Desk {
    url: String,
    key: Key,
    state: Arc<State>,
    sign_ins: SignIns,
    open: Waiting<asked::Asked>,
    codes: Waiting<Grant>,
    used_codes: Waiting<String>,
    clock: Clock,
    ids: Ids,
}

/// What somebody has who has signed in.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// For `Authorization: Bearer`.
    pub access: kernel::Secret,
    /// Who it is, for the app.
    pub id: kernel::Secret,
    /// For the next tokens, once.
    pub refresh: kernel::Secret,
}

impl Issuer {
    /// The one client there is: any app on this machine.
    pub const CLIENT_ID: &str = CLIENT_ID;

    /// The issuer behind a port, if that is for this machine alone: `localhost` has to lead to it, and nothing else.
    pub(crate) fn behind(host: IpAddr, port: Option<u16>, data_dir: &Path, state: &Arc<State>) -> Result<Option<Self>> {
        is_localhost(host).then(|| Self::new(port, data_dir, state, Clock::System)).transpose()
    }

    fn new(port: Option<u16>, data_dir: &Path, state: &Arc<State>, clock: Clock) -> Result<Self> {
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let ids = Ids::new(clock.clone());
        Ok(Self(Arc::new(Desk {
            url: format!("http://localhost{port}/oidc"),
            key: Key::kept_in(data_dir)?,
            state: Arc::clone(state),
            sign_ins: SignIns::new(Arc::clone(state), ids.clone()),
            open: Waiting::new(PAGES.0, PAGES.1),
            codes: Waiting::new(CODES.0, CODES.1),
            used_codes: Waiting::new(USED.0, USED.1),
            clock,
            ids,
        })))
    }

    /// What tokens say that it is (`iss`), and below which everything is: `http://localhost:4000/oidc`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// What its signatures are verified with: a JSON Web Key Set, as it is at `/oidc/jwks`.
    #[must_use]
    pub fn jwks(&self) -> String {
        self.0.key.public().to_string()
    }

    /// Signs somebody in without a page, with every scope: for tests.
    ///
    /// # Errors
    /// When that is no name or no email address, or what is kept cannot be written.
    pub fn sign_in(&self, name: &str, email: &str) -> Result<Tokens> {
        let person = Person::typed(name, email).map_err(|wrong| anyhow!(wrong))?;
        let sign_in = SignIn { id: new_id(), person, scope: SCOPES.join(" "), began: self.now().as_seconds() };
        let tokens = self.begin(&sign_in, None)?;
        let token = |name: &str| tokens[name].as_str().map(kernel::Secret::new).context(name.to_owned());
        Ok(Tokens { access: token("access_token")?, id: token("id_token")?, refresh: token("refresh_token")? })
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// What the port for people serves of it.
    pub(crate) fn router(&self) -> Router {
        // What apps ask for by themselves, from their own pages.
        let asked_by_apps = Router::new()
            .route("/oidc/.well-known/openid-configuration", get(metadata::metadata))
            // Where RFC 8414 puts it.
            .route("/.well-known/oauth-authorization-server/oidc", get(metadata::metadata))
            .route("/oidc/jwks", get(metadata::keys))
            .route("/oidc/token", post(token::token))
            .route("/oidc/userinfo", get(userinfo::userinfo).post(userinfo::userinfo))
            .route("/oidc/revoke", post(ending::revoke))
            .layer(from_fn(shared_with_apps));
        let seen_by_people = Router::new()
            .route("/oidc/authorize", get(authorize::ask).post(authorize::choose))
            .route("/oidc/logout", get(ending::logout).post(ending::logout));
        asked_by_apps.merge(seen_by_people).layer(from_fn(only_here)).with_state(self.clone())
    }
}

/// Whether a port at this address is for this machine alone, and `localhost` leads to it.
pub(crate) fn is_localhost(host: IpAddr) -> bool {
    [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].contains(&host)
}

/// Answers this machine only, by its own names.
pub(crate) async fn only_here(request: Request<Body>, next: Next) -> Response {
    let host = loopback::sent(request.headers(), &HOST).unwrap_or_default();
    let mut response = if is_this_machine(host) {
        next.run(request).await
    } else {
        forbidden("this is for people on this machine, at http://localhost")
    };
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Answers pages of this machine, and no others (CORS).
async fn shared_with_apps(request: Request<Body>, next: Next) -> Response {
    let sent = request.headers();
    let Some(origin) = sent.get(ORIGIN).cloned() else { return varying(next.run(request).await) };
    if !loopback::sent(sent, &ORIGIN).is_some_and(loopback::is_origin) {
        return varying(forbidden("this is for apps on this machine"));
    }
    let is_preflight = request.method() == Method::OPTIONS && sent.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight { preflight() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("www-authenticate"));
    varying(response)
}

fn preflight() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.headers_mut() = HeaderMap::from_iter([
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
    ]);
    response
}

fn varying(mut response: Response) -> Response {
    response.headers_mut().insert(VARY, HeaderValue::from_static("origin"));
    response
}

fn forbidden(why: &'static str) -> Response {
    let mut response = Response::new(Body::from(why));
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}
