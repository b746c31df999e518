//! API Gateway's part: from HTTP on a port to functions, and back.
//!
//! What only the gateway can answer (no credential, no route, too large, too slow) has the gateway's own shape here
//! as there: `{"message": "..."}`.

mod authorize;
mod cors;
mod event;
mod files;
mod routes;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::encodings::Body;
use aws_lambda_events::event::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use axum::extract::{ConnectInfo, State};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE};
use http::{HeaderMap, Request, Response, StatusCode, request};

use self::authorize::{Authorizers, Refused};
pub(crate) use self::files::SignedFiles;
use self::routes::Routes;
use crate::invoke::{Failure, Installed};
use crate::template::{Cors, Template};

/// The largest request, in bytes. A function's own limit for its event is lower.
const LARGEST_REQUEST: usize = 10 * 1024 * 1024;
/// The largest event and the largest answer of a function, in bytes.
const LARGEST_PAYLOAD: usize = 6 * 1024 * 1024;
/// How long an HTTP API waits for a function.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The HTTP API. Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    routes: Arc<Routes>,
    cors: Option<Arc<Cors>>,
    authorizers: Authorizers,
    functions: Installed,
}

impl Gateway {
    pub(crate) fn new(template: &Template, functions: Installed) -> Self {
        Self {
            routes: Arc::new(Routes::new(template.routes.clone())),
            cors: template.cors.clone().map(Arc::new),
            authorizers: Authorizers::new(template.authorizer.clone()),
            functions,
        }
    }

    /// Makes the authorizer be asked again about everybody.
    pub(crate) fn forget_callers(&self) {
        self.authorizers.forget();
    }

    /// What the port serves.
    pub(crate) fn router(&self) -> axum::Router {
        axum::Router::new().fallback(on_the_port).with_state(self.clone())
    }

    async fn answer(&self, request: Request<axum::body::Body>, from: IpAddr) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let request_id = uuid::Uuid::new_v4().to_string();
        let mut response = match &self.cors {
            Some(cors) if cors::is_preflight(&parts) => preflight(cors, &parts.headers),
            _ => self.route(&parts, body, from, &request_id).await,
        };
        let headers = response.headers_mut();
        if let Some(cors) = &self.cors
            && !cors::is_preflight(&parts)
        {
            cors::decorate(cors, &parts.headers, headers);
        }
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            headers.insert(HeaderName::from_static("apigw-requestid"), id);
        }
        response
    }

    async fn route(
        &self,
        parts: &request::Parts,
        body: axum::body::Body,
        from: IpAddr,
        request_id: &str,
    ) -> Response<Bytes> {
        let Some(found) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let Ok(body) = axum::body::to_bytes(body, LARGEST_REQUEST).await else {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        };
        let Ok(mut event) = event::request(parts, &body, &found, from, request_id) else {
            return message(StatusCode::BAD_REQUEST, "Bad Request");
        };
        if event.body.as_ref().is_some_and(|body| body.len() > LARGEST_PAYLOAD) {
            return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
        }
        if found.route.authorized {
            match self.authorizers.authorize(&self.functions, &mut event).await {
                Ok(()) => {}
                Err(Refused::Unauthorized) => return message(StatusCode::UNAUTHORIZED, "Unauthorized"),
                Err(Refused::Forbidden) => return message(StatusCode::FORBIDDEN, "Forbidden"),
                Err(Refused::Failed) => return message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            }
        }
        self.invoke(&found.route.function, event).await
    }

    async fn invoke(&self, function: &str, event: ApiGatewayV2httpRequest) -> Response<Bytes> {
        match tokio::time::timeout(LONGEST_WAIT, self.functions.http(function, event)).await {
            Ok(Ok(answer)) => from_function(answer),
            Ok(Err(failure)) => {
                tracing::error!(function, error = %failure, "a function failed");
                let status = match failure {
                    Failure::Timeout(_) => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                };
                message(
                    status,
                    if status == StatusCode::SERVICE_UNAVAILABLE {
                        "Service Unavailable"
                    } else {
                        "Internal Server Error"
                    },
                )
            }
            Err(_) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        }
    }
}

async fn on_the_port(State(gateway): State<Gateway>, request: Request<axum::body::Body>) -> axum::response::Response {
    let from = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |info| info.0.ip());
    gateway.answer(request, from).await.map(axum::body::Body::from)
}

fn preflight(cors: &Cors, headers: &HeaderMap) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    *response.headers_mut() = cors::preflight(cors, headers);
    response
}

/// An answer of the gateway's own.
fn message(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(serde_json::json!({ "message": text }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn from_function(answer: ApiGatewayV2httpResponse) -> Response<Bytes> {
    let failed = || message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    let Some(status) = u16::try_from(answer.status_code).ok().and_then(|status| StatusCode::from_u16(status).ok())
    else {
        return failed();
    };
    let body = match answer.body {
        None | Some(Body::Empty) => Bytes::new(),
        Some(Body::Text(text)) if answer.is_base64_encoded => {
            use base64::Engine as _;
            match base64::engine::general_purpose::STANDARD.decode(text) {
                Ok(bytes) => Bytes::from(bytes),
                Err(_) => return failed(),
            }
        }
        Some(Body::Text(text)) => Bytes::from(text),
        Some(Body::Binary(bytes)) => Bytes::from(bytes),
        Some(_) => return failed(),
    };
    if body.len() > LARGEST_PAYLOAD {
        return failed();
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in answer.headers.iter().filter(|(name, _)| *name != http::header::CONTENT_LENGTH) {
        headers.append(name.clone(), value.clone());
    }
    for cookie in answer.cookies {
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(SET_COOKIE, cookie);
        }
    }
    response
}
