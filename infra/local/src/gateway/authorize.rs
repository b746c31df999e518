//! Asking the authorizer, and remembering its answer for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lambda_events::event::apigw::{ApiGatewayRequestAuthorizer, ApiGatewayV2httpRequest};

use super::event;
use crate::invoke::{Installed, Verdict};
use crate::template::Authorizer;

/// What stands between a request and its function.
#[derive(Debug)]
pub(crate) enum Refused {
    /// There is no credential.
    Unauthorized,
    /// The authorizer said no.
    Forbidden,
    /// The authorizer failed.
    Failed,
}

/// The authorizer with its cache. Cloning shares the cache.
#[derive(Clone, Debug)]
pub(crate) struct Authorizers {
    authorizer: Option<Authorizer>,
    cache: Arc<Mutex<HashMap<String, (Instant, Verdict)>>>,
}

impl Authorizers {
    pub(crate) fn new(authorizer: Option<Authorizer>) -> Self {
        Self { authorizer, cache: Arc::default() }
    }

    /// Forgets all answers.
    pub(crate) fn forget(&self) {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Puts who the caller is into the event.
    pub(crate) async fn authorize(
        &self,
        functions: &Installed,
        event: &mut ApiGatewayV2httpRequest,
    ) -> Result<(), Refused> {
        let Some(authorizer) = &self.authorizer else { return Err(Refused::Failed) };
        let credential =
            event.headers.get(&authorizer.header).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if credential.is_empty() {
            return Err(Refused::Unauthorized);
        }
        let credential = credential.to_owned();
        let verdict = match self.remembered(&credential, authorizer.ttl) {
            Some(verdict) => verdict,
            None => {
                let asked = functions.authorizer(&authorizer.function, event::for_authorizer(event, &credential)).await;
                let verdict = asked.map_err(|error| {
                    tracing::error!(function = authorizer.function, %error, "the authorizer failed");
                    Refused::Failed
                })?;
                self.remember(credential, &verdict, authorizer.ttl);
                verdict
            }
        };
        if !verdict.is_authorized {
            return Err(Refused::Forbidden);
        }
        let mut caller = ApiGatewayRequestAuthorizer::default();
        if let serde_json::Value::Object(context) = verdict.context {
            caller.fields = context.into_iter().collect();
        }
        event.request_context.authorizer = Some(caller);
        Ok(())
    }

    fn remembered(&self, credential: &str, ttl: Duration) -> Option<Verdict> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let (when, verdict) = cache.get(credential)?;
        (when.elapsed() < ttl).then(|| verdict.clone())
    }

    fn remember(&self, credential: String, verdict: &Verdict, ttl: Duration) {
        if ttl.is_zero() {
            return;
        }
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.retain(|_, (when, _)| when.elapsed() < ttl);
        cache.insert(credential, (Instant::now(), verdict.clone()));
    }
}
