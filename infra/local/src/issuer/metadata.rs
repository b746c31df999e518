//! What clients read first (OpenID Connect Discovery; RFC 8414; RFC 9207). It says what is true, and nothing else.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::{Issuer, PROMPTS, SCOPES, answers};

/// Every claim that a token or `userinfo` can have.
const CLAIMS: [&str; 14] = [
    "iss",
    "sub",
    "aud",
    "client_id",
    "iat",
    "exp",
    "auth_time",
    "nonce",
    "at_hash",
    "jti",
    "origin_jti",
    "name",
    "email",
    "email_verified",
];

/// `GET`: where everything is, and what is offered.
pub(super) async fn metadata(State(issuer): State<Issuer>) -> Response {
    answers::json(StatusCode::OK, &of(issuer.url()))
}

/// `GET`: what signatures are verified with.
pub(super) async fn keys(State(issuer): State<Issuer>) -> Response {
    answers::json(StatusCode::OK, &issuer.0.key.public())
}

fn of(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "revocation_endpoint": format!("{issuer}/revoke"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "prompt_values_supported": PROMPTS,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "claims_supported": CLAIMS,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        // It would be true by default.
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    })
}
