//! From a credential to what it gives access to, once a minute and credential at most: the gateway keeps the answer.
//!
//! | access pattern | key condition |
//! |---|---|
//! | an API key by the hash of its secret | `APIKEY#hash`, strongly consistent, one read |
//!
//! A bad credential passes with `denied` in the context and the function answers 401 with a problem, because the gateway
//! itself could only say 403. Never reads a workspace's data and never writes.

use auth::Credential;
use aws_lambda_events::event::apigw::{
    ApiGatewayV2CustomAuthorizerSimpleResponse as Response, ApiGatewayV2CustomAuthorizerV2Request as Request,
};
use kernel::{Clock, Result};
use serde_json::{Value, json};
use table::Tables;

/// Answers the gateway. The context has `access`, a JSON text of [`auth::Access`], or `denied`.
///
/// # Errors
/// When the table does not answer, which says nothing about the credential: the gateway answers 500 and keeps nothing.
pub async fn authorize(tables: &Tables, clock: &Clock, request: &Request) -> Result<Response> {
    let source = request.identity_source.as_ref().and_then(|sources| sources.first().map(String::as_str));
    let header = source.or_else(|| request.headers.get("authorization").and_then(|value| value.to_str().ok()));
    let access = match header.and_then(Credential::from_header) {
        Some(credential) => auth::authenticate(tables, &credential, clock.now()).await?,
        None => None,
    };
    let context = match access {
        // A text and not an object: the gateway would turn numbers and lists in it into texts of its own making.
        Some(access) => json!({ "access": serde_json::to_string(&access).map_err(kernel::Error::bug)? }),
        None => json!({ "denied": "true" }),
    };
    let mut response: Response<Value> = Response::default();
    response.is_authorized = true;
    response.context = context;
    Ok(response)
}
