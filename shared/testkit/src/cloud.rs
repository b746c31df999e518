//! A bucket and a queue in memory, for tests of what uses S3 and SQS besides the table.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;

use crate::connector::{Answer, Exchange};

/// What a [`Cloud`] holds.
#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    messages: Vec<String>,
    cut: Option<u64>,
    drops_tokens: bool,
}

/// A transport that answers `PutObject`, `GetObject`, `HeadObject`, `DeleteObject`, `ListObjectsV2` and `SendMessage`
/// from memory, and hands everything else to another one. Cloning shares what is in it.
#[derive(Clone)]
pub struct Cloud {
    inner: SharedHttpClient,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud").field("objects", &self.objects()).finish_non_exhaustive()
    }
}

impl Cloud {
    /// An empty bucket and an empty queue in front of `inner`.
    #[must_use]
    pub fn new(inner: SharedHttpClient) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// The keys of all objects, with the bucket's name in front, in order.
    #[must_use]
    pub fn objects(&self) -> Vec<String> {
        self.locked().objects.keys().cloned().collect()
    }

    /// The bytes of an object.
    #[must_use]
    pub fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.locked().objects.get(key).cloned()
    }

    /// Puts an object's bytes, whatever they were: to damage one.
    pub fn put_object(&self, key: &str, bytes: Vec<u8>) {
        self.locked().objects.insert(key.to_owned(), bytes);
    }

    /// Takes all messages out of the queue, in the order in which they were sent.
    #[must_use]
    pub fn take_messages(&self) -> Vec<String> {
        std::mem::take(&mut self.locked().messages)
    }

    /// Breaks the connection after that many more requests to the bucket or the queue; `None` lets everything pass.
    pub fn cut_after(&self, requests: Option<u64>) {
        self.locked().cut = requests;
    }

    /// Takes the client's token out of every transaction. The engine looks at all tokens of the last ten minutes for
    /// each new one, which makes thousands of transactions slow; without it a transaction that is sent again, because
    /// its answer was lost, is carried out again.
    pub fn drop_tokens(&self) {
        self.locked().drops_tokens = true;
    }

    /// The transport for clients.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_cut(&self) -> bool {
        let mut state = self.locked();
        match &mut state.cut {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    fn message(&self, exchange: &Exchange) -> Result<HttpResponse, ConnectorError> {
        let request: Value = serde_json::from_str(&exchange.body).unwrap_or(Value::Null);
        let text = request["MessageBody"].as_str().unwrap_or_default().to_owned();
        let mut state = self.locked();
        state.messages.push(text);
        Answer { status: 200, body: format!("{{\"MessageId\":\"{}\"}}", state.messages.len()) }.into_response()
    }

    fn list(&self, bucket: &str, prefix: &str) -> Result<HttpResponse, ConnectorError> {
        let (state, bucket) = (self.locked(), bucket.trim_end_matches('/'));
        let keys = state.objects.keys().filter_map(|key| key.strip_prefix(bucket)?.strip_prefix('/'));
        let body = listed(bucket, keys.filter(|key| key.starts_with(prefix)));
        let response = http::Response::builder().status(200).body(SdkBody::from(body));
        let response = response.map_err(|error| ConnectorError::other(error.into(), None))?;
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }

    fn file(&self, method: &str, key: String, body: Vec<u8>) -> Result<HttpResponse, ConnectorError> {
        let mut state = self.locked();
        let (status, body) = match method {
            "PUT" => {
                state.objects.insert(key, body);
                (200, Vec::new())
            }
            "DELETE" => {
                state.objects.remove(&key);
                (204, Vec::new())
            }
            "HEAD" => (if state.objects.contains_key(&key) { 200 } else { 404 }, Vec::new()),
            _ => match state.objects.get(&key) {
                Some(bytes) => (200, bytes.clone()),
                None => (404, NO_SUCH_KEY.as_bytes().to_vec()),
            },
        };
        let response = http::Response::builder().status(status).header("etag", "\"0\"").body(SdkBody::from(body));
        let response = response.map_err(|error| ConnectorError::other(error.into(), None))?;
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

/// The XML of a list of objects: `bucket` as it stands in front of their keys.
fn listed<'a>(bucket: &str, keys: impl Iterator<Item = &'a str>) -> String {
    let contents: String = keys.map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
    format!(
        "<?xml version=\"1.0\"?><ListBucketResult><Name>{bucket}</Name><IsTruncated>false</IsTruncated>{contents}\
         </ListBucketResult>"
    )
}

/// What a list of objects asks for: their prefix; `None` when it is no such question.
fn prefix_of(uri: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let members: Vec<&str> = query.split('&').collect();
    members.contains(&"list-type=2").then_some(())?;
    let prefix = members.iter().find_map(|member| member.strip_prefix("prefix=")).unwrap_or_default();
    Some(prefix.replace("%2F", "/"))
}

const NO_SUCH_KEY: &str =
    "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>";

impl HttpClient for Cloud {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Front { cloud: self.clone(), inner })
    }
}

#[derive(Debug)]
struct Front {
    cloud: Cloud,
    inner: SharedHttpConnector,
}

impl HttpConnector for Front {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let exchange = Exchange::of(&request);
        if let Some(exchange) = exchange.as_ref().filter(|exchange| exchange.service.starts_with("DynamoDB")) {
            if exchange.operation == "TransactWriteItems" && self.cloud.locked().drops_tokens {
                *request.body_mut() = SdkBody::from(without_token(&exchange.body));
            }
            let call = self.inner.call(request);
            return HttpConnectorFuture::new(async move {
                breathe().await;
                call.await
            });
        }
        let cloud = self.cloud.clone();
        HttpConnectorFuture::new(async move {
            breathe().await;
            if cloud.is_cut() {
                return Err(ConnectorError::io("the connection broke, as asked".into()));
            }
            match exchange {
                Some(exchange) => cloud.message(&exchange),
                None => {
                    let key = key_of(request.uri());
                    if let Some(prefix) = prefix_of(request.uri()).filter(|_| request.method() == "GET") {
                        return cloud.list(&key, &prefix);
                    }
                    let method = request.method().to_owned();
                    cloud.file(&method, key, bytes_of(request.into_body()).await?)
                }
            }
        })
    }
}

/// A real request takes a moment, in which others work and in which its sender can be killed.
async fn breathe() {
    tokio::task::yield_now().await;
}

/// A request without its token, found as text: parsing thousands of them would cost what this is to save.
fn without_token(body: &str) -> String {
    const MEMBER: &str = "\"ClientRequestToken\":\"";
    let Some(start) = body.find(MEMBER) else { return body.to_owned() };
    let Some(length) = body[start + MEMBER.len()..].find('"') else { return body.to_owned() };
    let (before, after) = (&body[..start], &body[start + MEMBER.len() + length + 1..]);
    match after.strip_prefix(',') {
        Some(after) => [before, after].concat(),
        None => [before.strip_suffix(',').unwrap_or(before), after].concat(),
    }
}

/// Bucket and key of a path-style address.
fn key_of(uri: &str) -> String {
    let path = uri.split_once("://").map_or(uri, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    path.split('?').next().unwrap_or_default().to_owned()
}

/// The bytes of an upload, which may come piece by piece.
async fn bytes_of(body: SdkBody) -> Result<Vec<u8>, ConnectorError> {
    let collected = ByteStream::new(body).collect().await;
    Ok(collected.map_err(|error| ConnectorError::user(error.into()))?.to_vec())
}
