//! Who calls: from the request's context to a [`Cx`].

use auth::{Access, Caller, Credential};
use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;
use kernel::Error;
use lambda_http::request::RequestContext;
use records::Cx;
use table::Meter;

use crate::observe::RequestId;
use crate::{App, Authorize, Problem};

/// The context of a request that only reads. Writes use [`crate::Write`], which holds one as well.
#[derive(Debug, Clone)]
pub struct Context(pub Cx);

impl FromRequestParts<App> for Context {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let access = match app.authorize {
            Authorize::Gateway => from_gateway(parts)?,
            Authorize::Inline => from_header(parts, app).await?,
        };
        let wanted = parts.headers.get("rapport-workspace").and_then(|value| value.to_str().ok());
        let caller = Caller::choose(&access, wanted)?;
        tracing::Span::current().record("workspace.id", caller.workspace.to_string());
        tracing::Span::current().record("user.id", caller.user.to_string());
        let meter = parts.extensions.get::<Meter>().cloned().unwrap_or_default();
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let cx = Cx {
            table: app.tables.workspace(caller.workspace, meter),
            caller,
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

/// What the authorizer found out. Only the gateway can put it there: it is no header.
fn from_gateway(parts: &Parts) -> Result<Access, Error> {
    let context = parts.extensions.get::<RequestContext>().and_then(RequestContext::authorizer);
    let access = context.and_then(|context| context.fields.get("access")?.as_str()).ok_or(Error::Unauthenticated)?;
    serde_json::from_str(access).map_err(Error::unreadable("access"))
}

async fn from_header(parts: &Parts, app: &App) -> Result<Access, Error> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credential = header.and_then(Credential::from_header).ok_or(Error::Unauthenticated)?;
    auth::authenticate(&app.tables, &credential, app.clock.now()).await?.ok_or(Error::Unauthenticated)
}
