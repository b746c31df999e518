//! Invoking functions in this process, within the time that the template gives them.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_lambda_events::event::apigw::{
    ApiGatewayV2CustomAuthorizerSimpleResponse, ApiGatewayV2CustomAuthorizerV2Request, ApiGatewayV2httpRequest,
    ApiGatewayV2httpResponse,
};
use aws_lambda_events::event::cloudwatch_events::CloudWatchEvent;
use aws_lambda_events::event::dynamodb;
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use aws_lambda_events::streams::DynamoDbEventResponse;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent};
use serde_json::Value;
use tower::Service;

use crate::template::{Function, Template};

/// What an authorizer answers.
pub type Verdict = ApiGatewayV2CustomAuthorizerSimpleResponse<Value>;

type Answer<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;
type Entry<E, T> = Arc<dyn Fn(E) -> Answer<T> + Send + Sync>;

/// What a function of the template is, in this process.
#[derive(Clone)]
pub(crate) enum Code {
    Http(axum::Router),
    Authorizer(Entry<ApiGatewayV2CustomAuthorizerV2Request, Verdict>),
    Stream(Entry<dynamodb::Event, DynamoDbEventResponse>),
    Worker(Entry<SqsEvent, SqsBatchResponse>),
    Schedule(Entry<CloudWatchEvent, ()>),
}

/// The code behind the template's functions: which artefact and entry point is which library's.
#[derive(Clone, Default)]
pub struct Functions {
    code: BTreeMap<(String, String), Code>,
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.code.keys()).finish()
    }
}

impl Functions {
    /// No functions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `artefact` answers HTTP requests (entry `http`).
    #[must_use]
    pub fn http(self, artefact: &str, router: axum::Router) -> Self {
        self.with(artefact, "http", Code::Http(router))
    }

    /// `artefact` checks credentials (entry `authorizer`).
    #[must_use]
    pub fn authorizer<F: Future<Output = Result<Verdict>> + Send + 'static>(
        self,
        artefact: &str,
        code: impl Fn(ApiGatewayV2CustomAuthorizerV2Request) -> F + Send + Sync + 'static,
    ) -> Self {
        self.with(artefact, "authorizer", Code::Authorizer(Arc::new(move |event| Box::pin(code(event)))))
    }

    /// `artefact` reads the table's stream (entry `stream`).
    #[must_use]
    pub fn stream<F: Future<Output = Result<DynamoDbEventResponse>> + Send + 'static>(
        self,
        artefact: &str,
        code: impl Fn(dynamodb::Event) -> F + Send + Sync + 'static,
    ) -> Self {
        self.with(artefact, "stream", Code::Stream(Arc::new(move |event| Box::pin(code(event)))))
    }

    /// `artefact` works off a queue (entry `worker`).
    #[must_use]
    pub fn worker<F: Future<Output = Result<SqsBatchResponse>> + Send + 'static>(
        self,
        artefact: &str,
        code: impl Fn(SqsEvent) -> F + Send + Sync + 'static,
    ) -> Self {
        self.with(artefact, "worker", Code::Worker(Arc::new(move |event| Box::pin(code(event)))))
    }

    /// `artefact` runs by the clock (entry `schedule`).
    #[must_use]
    pub fn schedule<F: Future<Output = Result<()>> + Send + 'static>(
        self,
        artefact: &str,
        code: impl Fn(CloudWatchEvent) -> F + Send + Sync + 'static,
    ) -> Self {
        self.with(artefact, "schedule", Code::Schedule(Arc::new(move |event| Box::pin(code(event)))))
    }

    fn with(mut self, artefact: &str, entry: &str, code: Code) -> Self {
        self.code.insert((artefact.to_owned(), entry.to_owned()), code);
        self
    }
}

/// How an invocation can fail.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the function took longer than its {0:?}")]
    Timeout(Duration),
    #[error("the function failed: {0:#}")]
    Error(anyhow::Error),
    #[error("the function panicked")]
    Panic,
    #[error("the function has no entry point of this kind")]
    Kind,
}

/// The functions of a template with their code.
#[derive(Clone)]
pub(crate) struct Installed {
    functions: Arc<BTreeMap<String, (Function, Code)>>,
}

impl fmt::Debug for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.functions.keys()).finish()
    }
}

impl Installed {
    /// # Errors
    /// When a function of the template has no code here.
    pub(crate) fn new(template: &Template, functions: &Functions) -> Result<Self> {
        let mut installed = BTreeMap::new();
        for (id, function) in &template.functions {
            let key = (function.artefact.clone(), function.entry.clone());
            let code = functions.code.get(&key).with_context(|| {
                format!(
                    "template.yaml has {id} ({} of {}), which infra/local/src/functions.rs does not know",
                    key.1, key.0
                )
            })?;
            installed.insert(id.clone(), (function.clone(), code.clone()));
        }
        Ok(Self { functions: Arc::new(installed) })
    }

    fn code(&self, id: &str) -> Result<(&Function, &Code), Failure> {
        self.functions.get(id).map(|(function, code)| (function, code)).ok_or(Failure::Kind)
    }

    pub(crate) async fn http(
        &self,
        id: &str,
        event: ApiGatewayV2httpRequest,
    ) -> Result<ApiGatewayV2httpResponse, Failure> {
        let (function, Code::Http(router)) = self.code(id)? else { return Err(Failure::Kind) };
        let router = router.clone();
        within(function.timeout, async move {
            // The very conversion that the function does in Lambda, both ways. The adapter cannot change threads, so it is
            // gone before anything is waited for; a router is always ready to be called.
            let mut context = lambda_http::Context::default();
            context.request_id = event.request_context.request_id.clone().unwrap_or_default();
            let event = LambdaEvent::new(LambdaRequest::ApiGatewayV2(event), context);
            let answer = {
                let mut adapter = Adapter::from(router);
                adapter.call(event)
            };
            let answer = answer.await;
            let value = serde_json::to_value(answer.unwrap_or_else(|never| match never {}))?;
            Ok(serde_json::from_value(value)?)
        })
        .await
    }

    pub(crate) async fn authorizer(
        &self,
        id: &str,
        event: ApiGatewayV2CustomAuthorizerV2Request,
    ) -> Result<Verdict, Failure> {
        let (function, Code::Authorizer(code)) = self.code(id)? else { return Err(Failure::Kind) };
        within(function.timeout, code(event)).await
    }

    pub(crate) async fn stream(&self, id: &str, event: dynamodb::Event) -> Result<DynamoDbEventResponse, Failure> {
        let (function, Code::Stream(code)) = self.code(id)? else { return Err(Failure::Kind) };
        within(function.timeout, code(event)).await
    }

    pub(crate) async fn schedule(&self, id: &str, event: CloudWatchEvent) -> Result<(), Failure> {
        let (function, Code::Schedule(code)) = self.code(id)? else { return Err(Failure::Kind) };
        within(function.timeout, code(event)).await
    }

    pub(crate) async fn worker(&self, id: &str, event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
        let (function, Code::Worker(code)) = self.code(id)? else { return Err(Failure::Kind) };
        within(function.timeout, code(event)).await
    }
}

/// Runs an invocation on a task of its own, so that its panic is its own and a caller that goes away does not stop it,
/// as in Lambda.
async fn within<T: Send + 'static>(
    time: Duration,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T, Failure> {
    let mut task = tokio::spawn(work);
    match tokio::time::timeout(time, &mut task).await {
        Ok(Ok(Ok(answer))) => Ok(answer),
        Ok(Ok(Err(error))) => Err(Failure::Error(error)),
        Ok(Err(_)) => Err(Failure::Panic),
        Err(_) => {
            task.abort();
            Err(Failure::Timeout(time))
        }
    }
}
