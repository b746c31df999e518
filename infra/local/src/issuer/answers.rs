//! How answers look: JSON that nobody keeps, refusals, and where to go next.

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, REFERRER_POLICY, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use url::Url;

/// A refusal in the shape of RFC 6749, section 5.2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    pub(super) why: &'static str,
    /// How to come instead, if it is the credential that is wrong.
    pub(super) challenge: Option<&'static str>,
}

impl Refusal {
    pub(super) const fn bad(error: &'static str, why: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, why, challenge: None }
    }

    pub(super) fn answer(self) -> Response {
        let mut response = json(self.status, &json!({ "error": self.error, "error_description": self.why }));
        if let Some(challenge) = self.challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

/// An answer that nobody keeps.
pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An answer that says how to come with a credential (RFC 6750, section 3).
pub(super) fn unauthorized(challenge: &'static str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sends a browser on, by GET.
pub(super) fn see(url: &Url) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    // What is parsed as an address is ASCII without spaces.
    if let Ok(location) = HeaderValue::from_str(url.as_str()) {
        response.headers_mut().insert(LOCATION, location);
    }
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Something of the issuer's own is broken.
pub(super) fn failed(error: &anyhow::Error) -> Response {
    tracing::error!(%error, "the issuer failed");
    json(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": "server_error" }))
}
