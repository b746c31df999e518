//! What can go wrong between a client and DynamoDB, on demand.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;
use tokio::sync::Notify;

use crate::connector::{Answer, Exchange, QUERY};

/// A request on its way out.
#[derive(Clone, Debug)]
pub struct Call {
    /// The operation, such as `TransactWriteItems`.
    pub operation: String,
    /// The request, as DynamoDB's JSON; null of a query.
    pub request: Value,
    /// How many requests of this operation there have been, this one included.
    pub number: u64,
}

/// Alters the JSON of an answer.
pub type Alter = Box<dyn FnOnce(&mut Value) + Send>;

/// What becomes of a request.
pub enum Fate {
    /// It is answered as it should be.
    Pass,
    /// It is answered after a while.
    Late(Duration),
    /// It is not carried out and DynamoDB answers this error: a status and a type such as `ThrottlingException`.
    Refuse(u16, &'static str),
    /// It is not carried out; the caller sees a broken connection.
    Cut,
    /// It is carried out, but the caller sees a broken connection: an acknowledgement that was lost.
    Lose,
    /// It is not carried out and never answered: a process that was frozen or killed before it could send.
    Freeze,
    /// It is carried out and never answered: a process that was killed just after.
    Vanish,
    /// It is not carried out; this is the answer, with status 200.
    Answer(Value),
    /// It is carried out and its answer is altered: an index or a read that lags behind, say.
    Alter(Alter),
}

impl fmt::Debug for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("Pass"),
            Self::Late(by) => f.debug_tuple("Late").field(by).finish(),
            Self::Refuse(status, kind) => f.debug_tuple("Refuse").field(status).field(kind).finish(),
            Self::Cut => f.write_str("Cut"),
            Self::Lose => f.write_str("Lose"),
            Self::Freeze => f.write_str("Freeze"),
            Self::Vanish => f.write_str("Vanish"),
            Self::Answer(value) => f.debug_tuple("Answer").field(value).finish(),
            Self::Alter(_) => f.write_str("Alter"),
        }
    }
}

type Hook = Arc<dyn Fn(&Call) -> Fate + Send + Sync>;

#[derive(Default)]
struct State {
    calls: BTreeMap<String, u64>,
    hook: Option<Hook>,
    vanished: Arc<Notify>,
}

/// A transport around another one that counts the calls and decides on each one's fate. Cloning shares counts and hook.
#[derive(Clone)]
pub struct Faults {
    inner: SharedHttpClient,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").field("calls", &self.counts()).finish_non_exhaustive()
    }
}

impl Faults {
    /// Around `inner`; nothing fails until [`Self::hook`] says so.
    #[must_use]
    pub fn new(inner: SharedHttpClient) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// Asks `hook` about every further request. It replaces the one before.
    pub fn hook(&self, hook: impl Fn(&Call) -> Fate + Send + Sync + 'static) {
        self.with(|state| {
            state.hook = Some(Arc::new(hook));
            state.vanished = Arc::default();
        });
    }

    /// Lets everything pass again.
    pub fn heal(&self) {
        self.with(|state| state.hook = None);
    }

    /// Waits until a request was carried out that is never answered ([`Fate::Vanish`]), since there is this hook.
    pub async fn vanished(&self) {
        let vanished = self.with(|state| state.vanished.clone());
        vanished.notified().await;
    }

    /// How many requests of `operation` there were, the failed ones and the SDK's own retries included.
    #[must_use]
    pub fn calls(&self, operation: &str) -> u64 {
        self.with(|state| state.calls.get(operation).copied().unwrap_or(0))
    }

    /// How many requests there were, by operation.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.with(|state| state.calls.clone())
    }

    /// How many requests there were: the round trips.
    #[must_use]
    pub fn round_trips(&self) -> u64 {
        self.with(|state| state.calls.values().sum())
    }

    /// Starts the counts from nothing.
    pub fn reset_counts(&self) {
        self.with(|state| state.calls.clear());
    }

    /// The transport for a client.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut locked(&self.state))
    }
}

impl HttpClient for Faults {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Unreliable { inner, state: self.state.clone() })
    }
}

#[derive(Clone)]
struct Unreliable {
    inner: SharedHttpConnector,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Unreliable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unreliable").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl HttpConnector for Unreliable {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move { connector.carry(request).await })
    }
}

impl Unreliable {
    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let Some(exchange) = Exchange::of(&request) else {
            return self.forward(request).await;
        };
        let (number, hook) = {
            let mut state = locked(&self.state);
            let count = state.calls.entry(exchange.operation.clone()).or_default();
            *count += 1;
            (*count, state.hook.clone())
        };
        let Some(hook) = hook else {
            return self.forward(request).await;
        };
        let sent = serde_json::from_str(&exchange.body).unwrap_or(Value::Null);
        match hook(&Call { operation: exchange.operation, request: sent, number }) {
            Fate::Refuse(status, kind) if exchange.service == QUERY => refused_query(status, kind),
            fate => self.meet(fate, request).await,
        }
    }

    async fn meet(&self, fate: Fate, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        match fate {
            Fate::Pass => self.forward(request).await,
            Fate::Late(by) => {
                tokio::time::sleep(by).await;
                self.forward(request).await
            }
            Fate::Refuse(status, kind) => {
                let body = serde_json::json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "as asked" });
                Answer { status, body: body.to_string() }.into_response()
            }
            Fate::Cut => Err(broken()),
            Fate::Lose => {
                self.forward(request).await?;
                Err(broken())
            }
            Fate::Freeze => std::future::pending().await,
            Fate::Vanish => {
                self.forward(request).await?;
                locked(&self.state).vanished.notify_one();
                std::future::pending().await
            }
            Fate::Answer(value) => Answer { status: 200, body: value.to_string() }.into_response(),
            Fate::Alter(alter) => {
                let response = self.forward(request).await?;
                let status = response.status().as_u16();
                let read = response.body().bytes().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
                let Some(mut value) = read else { return Ok(response) };
                alter(&mut value);
                Answer { status, body: value.to_string() }.into_response()
            }
        }
    }

    async fn forward(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        self.inner.call(request).await
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error as the query protocol says it. Its words name somebody, as SES's do: what is logged must not have them.
fn refused_query(status: u16, code: &str) -> Result<HttpResponse, ConnectorError> {
    let message = "<Message>Not ada@example.com, as asked</Message>";
    let error = format!("<ErrorResponse><Error><Code>{code}</Code>{message}</Error></ErrorResponse>");
    let response = http::Response::builder().status(status).body(SdkBody::from(error));
    let response = response.map_err(|error| ConnectorError::other(error.into(), None))?;
    HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
}

fn broken() -> ConnectorError {
    ConnectorError::io("the connection broke, as asked".into())
}
