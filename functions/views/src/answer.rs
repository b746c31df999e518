//! What the replica's questions are answered with.

use api::ReplicaTime;
use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

/// An answer, and how long the replica took for it in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Answered<T = Value> {
    pub(crate) body: T,
    pub(crate) replica_ms: f64,
}

impl<T: Serialize> IntoResponse for Answered<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        response.extensions_mut().insert(ReplicaTime(self.replica_ms));
        response
    }
}
