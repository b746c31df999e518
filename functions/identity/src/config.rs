//! What a client has to know before anybody has signed in.

use api::{App, Operation, Result, Routes, Shape};
use axum::Json;
use axum::extract::State;
use axum::routing::get;
use http::Method;
use serde_json::{Value, json};

use crate::workspace;

pub(crate) fn routes() -> Routes {
    let sign_in = json!({
        "title": "SignInConfig",
        "type": ["object", "null"],
        "description": "Where people sign in (OpenID Connect, authorization code with PKCE); null: only API keys come in.",
        "required": ["issuer", "client_id", "audience", "scopes"],
        "properties": {
            "issuer": { "type": "string", "description": "Below it is `/.well-known/openid-configuration`.", "examples": ["https://id.example.com"] },
            "client_id": { "type": "string", "examples": ["rapport"] },
            "audience": { "type": ["string", "null"], "description": "What to ask tokens for, where the issuer wants to know." },
            "scopes": { "type": "array", "items": { "type": "string" } },
        },
    });
    let shape = Shape::Schema(json!({
        "title": "Config",
        "type": "object",
        "required": ["sign_in", "sign_up"],
        "properties": {
            "sign_in": sign_in,
            "sign_up": {
                "enum": ["closed", "open", "domains"],
                "description": "Who may begin a workspace: nobody, everybody who signs in, or who has an address of certain domains.",
            },
        },
    }));
    let operation =
        Operation::new(Method::GET, "/v1/config", "read_config", "What an app needs to know to sign people in");
    Routes::new().add(operation.public().answers(200, shape), get(read)).tagged(workspace::TAG)
}

async fn read(State(app): State<App>) -> Result<Json<Value>> {
    let sign_in = app.issuer.as_ref().map(|issuer| {
        json!({
            "issuer": issuer.url,
            "client_id": issuer.client_id,
            "audience": issuer.audience,
            "scopes": issuer.scopes(),
        })
    });
    Ok(Json(json!({ "sign_in": sign_in, "sign_up": app.sign_up.as_str() })))
}
