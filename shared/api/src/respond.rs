//! Answers.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use kernel::{AnyId, MAX_POSITIONS, Position, Version};
use records::Written;
use serde::Serialize;
use serde_json::{Value, json};

/// The answer to a write: the record with `ETag`, `Rapport-Position` and, for a new one or a job that was started, `Location`.
#[must_use]
pub fn written(plural: &str, written: Written, dry_run: bool) -> Response {
    let status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::OK);
    let mut response = match written.document {
        Some(document) => (status, Json(document)).into_response(),
        None => status.into_response(),
    };
    // A dry run has made nothing that could be asked for.
    if !dry_run {
        set(&mut response, "rapport-position", &Position::of(written.id, written.version).to_string());
        if [StatusCode::CREATED, StatusCode::ACCEPTED].contains(&status) {
            set(&mut response, "location", &format!("/v1/{plural}/{}", written.id));
        }
        if status != StatusCode::NO_CONTENT {
            etag(&mut response, written.version);
        }
    }
    if written.replayed {
        set(&mut response, "idempotency-replayed", "true");
    }
    response
}

/// The answer to a write that leaves the record itself as it was: what was written beside it, if anything is left of that.
#[must_use]
pub(crate) fn written_beside(written: Written) -> Response {
    let status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::OK);
    let mut response = match written.document {
        Some(document) => (status, Json(document)).into_response(),
        None => status.into_response(),
    };
    if written.replayed {
        set(&mut response, "idempotency-replayed", "true");
    }
    response
}

/// Notes in the answer to a write of several records how far a client has seen that sends it back: as many of them as a
/// position carries.
pub(crate) fn note_position(response: &mut Response, seen: impl IntoIterator<Item = (AnyId, Version)>) {
    let position: Position = seen.into_iter().take(MAX_POSITIONS).collect();
    if !position.is_empty() {
        set(response, "rapport-position", &position.to_string());
    }
}

/// What an answer says of the end of a page: `page`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PageEnd {
    has_more: bool,
    next_cursor: Option<String>,
}

impl PageEnd {
    /// A page that another one follows, if there is a cursor for it.
    #[must_use]
    pub const fn before(next_cursor: Option<String>) -> Self {
        Self { has_more: next_cursor.is_some(), next_cursor }
    }
}

/// A page of things: `data` and `page`.
#[must_use]
pub fn page(data: Vec<Value>, next_cursor: Option<String>) -> Value {
    let mut body = json!({ "page": PageEnd::before(next_cursor) });
    // Moved: the macro would copy all of it.
    body["data"] = Value::Array(data);
    body
}

/// Notes a record's version as the answer's strong `ETag` (RFC 9110).
pub fn etag(response: &mut Response, version: Version) {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
}

pub(crate) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
