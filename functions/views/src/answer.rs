//! What the replica's questions are answered with.

use api::ReplicaTime;
use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

/// An answer, and how long the replica took for it in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) body: Value,
    pub(crate) replica_ms: f64,
}

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        response.extensions_mut().insert(ReplicaTime(self.replica_ms));
        response
    }
}
