//! The SDK's transport, answered in this process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use crate::engine::{Engine, Execution};

/// The header that names the operation in the AWS JSON protocols, as `DynamoDB_20120810.PutItem`.
const TARGET: &str = "x-amz-target";

/// Numbers the answers, for logs.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// One request of the AWS JSON protocol, or of the query protocol that SES speaks: what a handler in this process needs to answer it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// The service's part of the target, such as `DynamoDB_20120810`, `DynamoDBStreams_20120810` or `AmazonSQS`; [`QUERY`] of a
    /// query.
    pub service: String,
    /// The operation, such as `PutItem`.
    pub operation: String,
    /// The body, JSON; a form of a query.
    pub body: String,
}

/// The service of a request of the query protocol, which does not name it.
pub const QUERY: &str = "Query";

impl Exchange {
    /// The exchange that a target header and a body make, or `None` when that is not this protocol.
    #[must_use]
    pub fn parse(target: &str, body: &[u8]) -> Option<Self> {
        let (service, operation) = target.split_once('.')?;
        let body = std::str::from_utf8(body).ok()?.to_owned();
        Some(Self { service: service.to_owned(), operation: operation.to_owned(), body })
    }

    /// The exchange in a request of the SDK, or `None` when it is of another protocol.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let (headers, body) = (request.headers(), request.body().bytes()?);
        match headers.get(TARGET) {
            Some(target) => Self::parse(target, body),
            None => Self::query(headers.get("content-type")?, body),
        }
    }

    /// The exchange in a form whose first field is the operation, as the SDK writes it.
    fn query(media: &str, body: &[u8]) -> Option<Self> {
        let body = std::str::from_utf8(body).ok().filter(|_| media == "application/x-www-form-urlencoded")?;
        let operation = body.strip_prefix("Action=")?.split('&').next()?.to_owned();
        Some(Self { service: QUERY.to_owned(), operation, body: body.to_owned() })
    }
}

/// An answer: HTTP status and JSON.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, JSON.
    pub body: String,
}

impl Answer {
    /// As the SDK receives it.
    ///
    /// # Errors
    /// When the status is not one of HTTP.
    pub fn into_response(self) -> Result<HttpResponse, ConnectorError> {
        let mut response = http::Response::builder()
            .status(self.status)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amzn-requestid", format!("local-{}", REQUESTS.fetch_add(1, Ordering::Relaxed)));
        if self.status >= 400
            && let Ok(value) = serde_json::from_str::<serde_json::Value>(&self.body)
            && let Some(kind) = value.get("__type").and_then(serde_json::Value::as_str)
        {
            response = response.header("x-amzn-errortype", kind);
        }
        let response =
            response.body(SdkBody::from(self.body)).map_err(|error| ConnectorError::other(error.into(), None))?;
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

/// What answers requests of the SDK in this process: a function from request to a future answer.
type Requests = dyn Fn(HttpRequest) -> HttpConnectorFuture + Send + Sync;

struct InProcess(Arc<Requests>);

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

impl HttpConnector for InProcess {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        (self.0)(request)
    }
}

/// A transport that hands every request to `requests`.
pub fn in_process(requests: impl Fn(HttpRequest) -> HttpConnectorFuture + Send + Sync + 'static) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(InProcess(Arc::new(requests)));
    http_client_fn(move |_settings, _components| connector.clone())
}

pub(crate) fn client(engine: Engine, execution: Execution) -> SharedHttpClient {
    in_process(move |request| {
        let engine = engine.clone();
        HttpConnectorFuture::new(async move {
            let Some(exchange) = Exchange::of(&request).filter(|e| e.service.starts_with("DynamoDB")) else {
                return Err(ConnectorError::user(
                    "the DynamoDB engine in this process answers nothing but DynamoDB".into(),
                ));
            };
            let work = move || engine.dispatch(&exchange.operation, &exchange.body);
            let (status, body) = match execution {
                Execution::Inline => work(),
                Execution::BlockingThreads => tokio::task::spawn_blocking(work)
                    .await
                    .map_err(|error| ConnectorError::other(error.into(), None))?,
            };
            Answer { status, body }.into_response()
        })
    })
}
