//! AWS in this process: DynamoDB, SQS, S3 and SES, as far as Rapport uses them.
//!
//! The same handlers answer the functions in this process, whose SDK clients reach them without a socket, and anybody
//! who speaks to the AWS port: `cargo lambda watch`, the AWS command line. Signatures are not looked at.

mod expire;
pub(crate) mod files;
pub(crate) mod queues;
mod ses;
pub(crate) mod sqs;

use std::sync::Arc;

use anyhow::Result;
use aws_smithy_runtime_api::client::http::{HttpConnectorFuture, SharedHttpClient};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use axum::body::Body;
use axum::extract::State;
use http::{Request, Response, StatusCode};
use testkit::{Answer, Engine, Exchange};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use self::files::Files;
use self::queues::Queues;
use crate::mailbox::Mailbox;
use crate::template::Expiration;

/// The largest request of the AWS JSON and query protocols, in bytes: a batch of DynamoDB, or a mail.
const LARGEST: usize = 16 * 1024 * 1024;

/// The services. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Aws {
    engine: Engine,
    queues: Queues,
    files: Files,
    mailbox: Mailbox,
    /// Where queue URLs point.
    endpoint: Arc<str>,
    written: Arc<Notify>,
}

impl Aws {
    pub(crate) fn new(engine: Engine, queues: Queues, files: Files, mailbox: Mailbox, endpoint: &str) -> Self {
        Self { engine, queues, files, mailbox, endpoint: endpoint.into(), written: Arc::default() }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    pub(crate) fn queues(&self) -> &Queues {
        &self.queues
    }

    /// Makes a bucket, if it is not there.
    pub(crate) fn create_bucket(&self, name: &str) -> Result<()> {
        self.files.create_bucket(name)
    }

    /// Removes what is older in a bucket than its rules say.
    pub(crate) fn expire(&self, bucket: &str, rules: &[Expiration]) -> Result<usize> {
        self.files.expire(bucket, rules)
    }

    /// Answers who has an address of a file that was signed for them.
    pub(crate) async fn answer_signed(&self, request: Request<Body>) -> axum::response::Response {
        self.files.answer_signed(request).await
    }

    /// The URL of a queue.
    pub(crate) fn queue_url(&self, name: &str) -> String {
        sqs::url(&self.endpoint, name)
    }

    /// Waits until something is written to a table, from when this was called.
    pub(crate) fn written(&self) -> Notified<'_> {
        self.written.notified()
    }

    /// Answers a request. What is put into a file is never in memory as a whole.
    async fn answer(&self, request: Request<Body>) -> Response<SdkBody> {
        let (parts, body) = request.into_parts();
        let Some(target) = parts.headers.get("x-amz-target") else {
            if ses::is_meant(&parts) {
                return match axum::body::to_bytes(body, LARGEST).await {
                    Ok(body) => ses::answer(&self.mailbox, &body),
                    Err(_) => plain(StatusCode::PAYLOAD_TOO_LARGE, "too large for a request of the AWS query protocol"),
                };
            }
            return self.files.answer(Request::from_parts(parts, body)).await;
        };
        let Ok(body) = axum::body::to_bytes(body, LARGEST).await else {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "too large for a request of the AWS JSON protocol");
        };
        let Some(exchange) = target.to_str().ok().and_then(|target| Exchange::parse(target, &body)) else {
            return plain(StatusCode::BAD_REQUEST, "not a request of the AWS JSON protocol");
        };
        let answer = match exchange.service.as_str() {
            "AmazonSQS" => sqs::answer(&self.queues, &self.endpoint, &exchange.operation, &exchange.body).await,
            service if service.starts_with("DynamoDB") => self.table(exchange).await,
            _ => Answer { status: 400, body: r#"{"__type":"UnknownOperationException"}"#.to_owned() },
        };
        json(answer)
    }

    async fn table(&self, exchange: Exchange) -> Answer {
        let writes = ["Put", "Update", "Delete", "BatchWrite", "TransactWrite"];
        let writes = writes.iter().any(|start| exchange.operation.starts_with(start));
        let engine = self.engine.clone();
        let work = move || engine.dispatch(&exchange.operation, &exchange.body);
        let answer = match tokio::task::spawn_blocking(work).await {
            Ok((status, body)) => Answer { status, body },
            Err(error) => {
                tracing::error!(%error, "the DynamoDB engine failed");
                Answer { status: 500, body: r#"{"__type":"InternalServerError"}"#.to_owned() }
            }
        };
        if writes && answer.status == 200 {
            self.written.notify_waiters();
        }
        answer
    }

    /// The transport of SDK clients in this process.
    pub(crate) fn http_client(&self) -> SharedHttpClient {
        let aws = self.clone();
        testkit::in_process(move |request| {
            let aws = aws.clone();
            HttpConnectorFuture::new(async move { aws.exchange(request).await })
        })
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let response = self.answer(request.map(Body::new)).await;
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }

    /// What the AWS port serves.
    pub(crate) fn router(&self) -> axum::Router {
        axum::Router::new().fallback(on_the_port).with_state(self.clone())
    }
}

async fn on_the_port(State(aws): State<Aws>, request: Request<Body>) -> axum::response::Response {
    // Nothing is asked for here, so nobody may come by way of a browser: a page cannot send this Host, nor hide its Origin.
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_this_machine(host) || request.headers().contains_key(http::header::ORIGIN) {
        return plain(StatusCode::FORBIDDEN, "the AWS port serves programs on this machine only").map(Body::new);
    }
    aws.answer(request).await.map(Body::new)
}

/// Whether a `Host` header names this machine, with any port.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["localhost", "127.0.0.1", "[::1]"].contains(&name)
}

fn plain(status: StatusCode, text: &'static str) -> Response<SdkBody> {
    let mut response = Response::new(SdkBody::from(text));
    *response.status_mut() = status;
    response
}

fn json(answer: Answer) -> Response<SdkBody> {
    let code = serde_json::from_str::<serde_json::Value>(&answer.body).ok().filter(|_| answer.status >= 400);
    let code = code.and_then(|body| body["code"].as_str().and_then(|code| format!("{code};Sender").parse().ok()));
    let mut response = Response::new(SdkBody::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/x-amz-json-1.0"));
    if let Ok(id) = uuid::Uuid::new_v4().to_string().parse() {
        headers.insert("x-amzn-requestid", id);
    }
    if let Some(code) = code {
        headers.insert("x-amzn-query-error", code);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn only_names_of_this_machine_are_served() {
        for host in ["localhost", "localhost:4566", "127.0.0.1:4566", "[::1]:4566", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example:4566", "127.0.0.1.evil.example"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
