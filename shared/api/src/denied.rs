//! What callers have tried and may not do: each attempt is an event `user.denied`, or is counted in one.
//!
//! It says who, which operation, and which record where the path names one; never what was sent. A credential that is none names
//! nobody and no workspace, and one that has no such workspace nobody in it: those are in the log and in its metrics, and nowhere
//! else.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode};
use kernel::AnyId;
use records::Cx;
use serde_json::{Value, json};

use crate::{App, Note, Operation, Problem};

/// The key of events that happened to nobody's record.
const OBJECT: &str = "audit";
const NAME: &str = "user.denied";

/// The ids of operations, by method and path.
#[derive(Debug, Clone)]
pub(crate) struct Operations(Arc<HashMap<(Method, String), String>>);

impl Operations {
    pub(crate) fn of(operations: &[Operation]) -> Self {
        let by_path = |one: &Operation| ((one.method.clone(), one.path.clone()), one.id.clone());
        Self(Arc::new(operations.iter().map(by_path).collect()))
    }
}

/// An extension of a request: who calls, as soon as that is known.
#[derive(Debug, Clone, Default)]
struct Caller(Arc<OnceLock<Cx>>);

/// An extension of a response: a part of what was asked for was denied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InPart;

/// Remembers who calls, for the case that they are denied what they ask for.
pub(crate) fn remember(parts: &Parts, cx: &Cx) {
    if let Some(caller) = parts.extensions.get::<Caller>() {
        // A request has one caller, however often it is asked who that is.
        drop(caller.0.set(cx.clone()));
    }
}

/// What is known of a request before it is answered.
pub(crate) struct Denial {
    caller: Caller,
    operation: String,
    record: Option<AnyId>,
}

impl Denial {
    pub(crate) fn watch(request: &mut Request, operations: &Operations, route: Option<&str>) -> Self {
        let caller = Caller::default();
        request.extensions_mut().insert(caller.clone());
        let route = route.unwrap_or_default();
        let known = operations.0.get(&(request.method().clone(), route.to_owned()));
        let pairs = route.split('/').zip(request.uri().path().split('/'));
        let id = pairs.filter(|(name, _)| *name == "{id}").find_map(|(_, id)| id.parse().ok());
        Self { caller, operation: known.cloned().unwrap_or_default(), record: id }
    }

    /// Whether an answer denies what was asked for, or a part of it.
    pub(crate) fn is_told_by(response: &Response) -> bool {
        let problem = response.extensions().get::<Problem>();
        problem.is_some_and(|problem| problem.status == StatusCode::FORBIDDEN)
            || response.extensions().get::<InPart>().is_some()
    }

    /// Notes that the caller was denied it, if they were; and what others were before, if that is only counted so far.
    pub(crate) async fn note(self, app: &App, is_denied: bool) {
        if is_denied {
            // Boxed, as what follows is: few requests come to it, and all of them would carry it along.
            Box::pin(self.write(app)).await;
        }
        app.notes.catch_up(app.clock.now()).await;
    }

    async fn write(self, app: &App) {
        let Some(cx) = self.caller.0.get() else {
            tracing::warn!(operation = self.operation, "somebody was denied who is nobody here");
            return;
        };
        tracing::warn!(operation = self.operation, user.id = %cx.caller.user, "somebody was denied something");
        let about = vec![("operation", json!(self.operation))];
        let together = Some(vec![("operation", Value::Null)]);
        let note = Note { object: OBJECT, name: NAME, record: cx.caller.user.erase(), version: 0, about, together };
        if let Err(error) = app.notes.note(cx, &self.operation, note, self.record).await {
            // It stays denied. That it could not be noted is what an alarm on the log tells of.
            tracing::error!(error.code = error.code(), error.cause = ?error, "a denied attempt could not be noted");
        }
    }
}
