//! The issuer without a socket, at a time that stands still.

mod flow;
mod refusals;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use kernel::Clock;
use serde_json::Value;
use tower::ServiceExt as _;

use super::key::digest;
use super::{CLIENT_ID, Issuer};
use crate::state::State;

const HOST: &str = "localhost:4000";
const HERE: &str = "http://localhost:4000";
const APP: &str = "http://localhost:5173/signed/in";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters~";

/// An issuer with its folder, which stays when it is opened again.
struct Desk {
    issuer: Issuer,
    clock: Clock,
    folder: Arc<tempfile::TempDir>,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.body))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// A parameter of the address that the answer leads to.
    fn led_with(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(self.header("location")).ok()?;
        url.query_pairs().find(|pair| pair.0 == name).map(|pair| pair.1.into_owned())
    }

    #[track_caller]
    fn refused(&self, status: u16, error: &str) {
        assert_eq!((self.status, self.json()["error"].as_str()), (status, Some(error)), "{}", self.body);
        assert_eq!(self.header("cache-control"), "no-store");
    }

    #[track_caller]
    fn transaction(&self) -> String {
        let (_, rest) =
            self.body.split_once("name=\"transaction\" value=\"").unwrap_or_else(|| panic!("{}", self.body));
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Desk {
    fn new() -> Self {
        Self::at(Arc::new(tempfile::tempdir().unwrap()), Clock::manual())
    }

    fn at(folder: Arc<tempfile::TempDir>, clock: Clock) -> Self {
        let state = Arc::new(State::open(&folder.path().join("state.sqlite")).unwrap());
        let issuer = Issuer::new(Some(4000), folder.path(), &state, clock.clone()).unwrap();
        Self { issuer, clock, folder }
    }

    /// The same after a restart.
    fn again(self) -> Self {
        let Self { issuer, clock, folder } = self;
        drop(issuer);
        Self::at(folder, clock)
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let (path, body) = match method {
            "GET" if !fields.is_empty() => (format!("{path}?{form}"), String::new()),
            _ => (path.to_owned(), form),
        };
        let mut request = Request::builder().method(method).uri(path);
        if method == "POST" {
            request = request.header("content-type", "application/x-www-form-urlencoded");
        }
        if !headers.iter().any(|header| header.0 == "host") {
            request = request.header("host", HOST);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let (parts, body) = self.issuer.router().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], &[]).await
    }

    /// Asks for the page, with some parameters changed; one without a value is left out.
    async fn ask(&self, changes: &[(&str, &str)]) -> Answer {
        let challenge = digest(VERIFIER);
        let usual = [
            ("response_type", "code"),
            ("client_id", CLIENT_ID),
            ("redirect_uri", APP),
            ("scope", "openid profile email"),
            ("state", "a state"),
            ("nonce", "a nonce"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let kept = usual.iter().filter(|(name, _)| !changes.iter().any(|change| change.0 == *name));
        let fields: Vec<_> = kept.chain(changes).filter(|field| !field.1.is_empty()).copied().collect();
        self.send("GET", "/oidc/authorize", &[], &fields).await
    }

    /// Chooses as a browser does.
    async fn choose(&self, fields: &[(&str, &str)]) -> Answer {
        self.send("POST", "/oidc/authorize", &[("origin", HERE), ("sec-fetch-site", "same-origin")], fields).await
    }

    /// A code for Ada.
    async fn code(&self) -> String {
        let transaction = self.ask(&[]).await.transaction();
        let answer = self
            .choose(&[("transaction", &transaction), ("name", "Ada Lovelace"), ("email", "Ada@lovelace.example")])
            .await;
        answer.led_with("code").unwrap_or_else(|| panic!("{} {}", answer.status, answer.body))
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Answer {
        let client = [("client_id", CLIENT_ID)];
        let fields: Vec<_> = client.iter().chain(fields).copied().collect();
        self.send("POST", "/oidc/token", &[("origin", "http://localhost:5173")], &fields).await
    }

    async fn exchange(&self, code: &str) -> Answer {
        let grant = ("grant_type", "authorization_code");
        self.token(&[grant, ("code", code), ("code_verifier", VERIFIER), ("redirect_uri", APP)]).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn tokens(&self) -> Value {
        self.exchange(&self.code().await).await.json()
    }

    async fn userinfo(&self, access: &str) -> Answer {
        let bearer = format!("Bearer {access}");
        self.send("GET", "/oidc/userinfo", &[("authorization", &bearer)], &[]).await
    }
}

/// The text of a member.
#[track_caller]
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}
