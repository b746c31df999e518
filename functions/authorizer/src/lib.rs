//! From a credential to what it gives access to, once a minute and credential at most: the gateway keeps the answer.
//!
//! | access pattern | key condition |
//! |---|---|
//! | an API key by the hash of its secret | `APIKEY#hash`, strongly consistent, one read |
//! | where a person may enter, and as whom | `PERSON#hash`, all of it, strongly consistent, one read |
//!
//! A person's credential is an access token of the configured issuer ([`auth::Issuer`]), whose keys each instance reads for itself.
//! A bad credential passes with `denied` in the context and the function answers 401 with a problem, because the gateway
//! itself could only say 403. Never reads a workspace's data and never writes.

mod people;
mod signatures;
mod token;

use auth::{Access, Credential, Person};
use aws_lambda_events::event::apigw::{
    ApiGatewayV2CustomAuthorizerSimpleResponse as Response, ApiGatewayV2CustomAuthorizerV2Request as Request,
};
use kernel::{Clock, Result};
use serde_json::{Value, json};
use table::Tables;

pub use people::People;

/// What the gateway asks.
#[derive(Debug, Clone)]
pub struct Authorizer {
    tables: Tables,
    clock: Clock,
    /// Where people come from; `None`: only programs get in.
    people: Option<People>,
}

impl Authorizer {
    /// One that lets in API keys and, if there is an issuer, the people whom it knows.
    #[must_use]
    pub const fn new(tables: Tables, clock: Clock, people: Option<People>) -> Self {
        Self { tables, clock, people }
    }

    /// Answers the gateway. The context has `access`, a JSON text of [`auth::Access`], or `denied`.
    ///
    /// # Errors
    /// When the table or the issuer does not answer, which says nothing about the credential: the gateway answers 500 and keeps
    /// nothing.
    pub async fn authorize(&self, request: &Request) -> Result<Response> {
        let source = request.identity_source.as_ref().and_then(|sources| sources.first().map(String::as_str));
        let header = source.or_else(|| request.headers.get("authorization").and_then(|value| value.to_str().ok()));
        let access = match header.and_then(Credential::from_header) {
            Some(credential) => self.access(&credential).await?,
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

    async fn access(&self, credential: &Credential) -> Result<Option<Access>> {
        let now = self.clock.now();
        let token = credential.secret().reveal();
        let Some(people) = self.people.as_ref().filter(|_| token::is_token(token)) else {
            return auth::authenticate(&self.tables, credential, now).await;
        };
        let Some(subject) = people.subject(token, now).await? else { return Ok(None) };
        let person = Person::of(&people.issuer().url, &subject);
        auth::of_person(&self.tables, person).await.map(Some)
    }
}
