//! Who the owner of an access token is (OpenID Connect Core, section 5.3; RFC 6750).

use axum::extract::State;
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::loopback::sent;
use super::{Issuer, answers};

/// `GET` and `POST`: what the token's scope lets an app know.
pub(super) async fn userinfo(State(issuer): State<Issuer>, headers: HeaderMap) -> Response {
    let credential = sent(&headers, &AUTHORIZATION).and_then(|credential| credential.split_once(' '));
    let Some((_, token)) = credential.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return answers::unauthorized("Bearer");
    };
    match issuer.signed_in(token) {
        Ok(Some((sign_in, scope))) => answers::json(StatusCode::OK, &Value::Object(issuer.about(&sign_in, &scope))),
        Ok(None) => answers::unauthorized(
            "Bearer error=\"invalid_token\", error_description=\"the token is not good, too old, or signed out\"",
        ),
        Err(error) => answers::failed(&error),
    }
}
