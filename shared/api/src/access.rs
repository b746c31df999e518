//! Who calls: from the request's context to a [`Cx`].

use std::sync::Arc;

use auth::{Access, Caller, Credential};
use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use kernel::{Error, Secret};
use lambda_http::request::RequestContext;
use records::Cx;
use table::Meter;

use crate::limits::Ticket;
use crate::observe::RequestId;
use crate::{App, Authorize, Problem};

/// The context of a request that only reads. Writes use [`crate::Write`], which holds one as well.
#[derive(Debug, Clone)]
pub struct Context(pub Cx);

impl FromRequestParts<App> for Context {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let access = access(parts, app).await?;
        let wanted = parts.headers.get("rapport-workspace").and_then(|value| value.to_str().ok());
        let access = match (Caller::choose(&access, wanted), &access.person) {
            // Somebody may have signed in since the gateway was answered: what is refused is looked up once more.
            (Err(_), Some(person)) => auth::of_person(&app.tables, person.clone()).await?,
            _ => access,
        };
        let membership = Caller::choose(&access, wanted)?;
        let caller = Caller { user: membership.user, api_key: access.api_key, workspace: membership.workspace };
        tracing::Span::current().record("workspace.id", caller.workspace.to_string());
        tracing::Span::current().record("user.id", caller.user.to_string());
        let meter = parts.extensions.get::<Meter>().cloned().unwrap_or_default();
        let table = app.tables.workspace(caller.workspace, meter);
        if let Some(ticket) = parts.extensions.get::<Ticket>() {
            app.limits.admit(ticket, &caller, &table, access.rate_limit)?;
        }
        let rights = app.schemas.rights(&table, &app.clock, &access, membership).await?;
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let cx = Cx {
            table,
            caller,
            rights: Arc::new(rights),
            schemas: app.schemas.clone(),
            clock: app.clock.clone(),
            ids: app.ids.clone(),
            request_id,
            job: None,
            quiet: false,
            once: None,
            dry_run: false,
        };
        crate::denied::remember(parts, &cx);
        Ok(Self(cx))
    }
}

/// Whoever has presented a good credential, before a workspace is chosen: also somebody who may enter none yet.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// What the credential gives access to, as the gateway knows it.
    pub access: Access,
    /// The credential.
    pub token: Secret,
    /// The request's id, for events and logs.
    pub request_id: String,
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let access = access(parts, app).await?;
        let token = credential(parts)?.secret().clone();
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        Ok(Self { access, token, request_id })
    }
}

async fn access(parts: &Parts, app: &App) -> Result<Access, Error> {
    match app.authorize {
        Authorize::Gateway => from_gateway(parts),
        Authorize::Inline => {
            let access = auth::authenticate(&app.tables, &credential(parts)?, app.clock.now()).await?;
            access.ok_or(Error::Unauthenticated)
        }
    }
}

fn credential(parts: &Parts) -> Result<Credential, Error> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    header.and_then(Credential::from_header).ok_or(Error::Unauthenticated)
}

/// What the authorizer found out. Only the gateway can put it there: it is no header.
fn from_gateway(parts: &Parts) -> Result<Access, Error> {
    let context = parts.extensions.get::<RequestContext>().and_then(RequestContext::authorizer);
    let access = context.and_then(|context| context.fields.get("access")?.as_str()).ok_or(Error::Unauthenticated)?;
    serde_json::from_str(access).map_err(Error::unreadable("access"))
}
