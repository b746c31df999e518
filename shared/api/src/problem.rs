//! Errors as `application/problem+json` (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kernel::Error;
use serde_json::{Map, Value, json};

use crate::room::MAX_ANSWER_BYTES;

/// Members that can be as long as the body of the request, or as a record.
const LONG: [&str; 2] = ["errors", "conflicts"];

/// An error on its way to the client. `observe` writes its body, since only it knows the request's id.
#[derive(Debug, Clone)]
pub struct Problem {
    pub(crate) status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: Box<str>,
    members: Map<String, Value>,
    retry_after: Option<u32>,
    /// Where to look instead.
    location: Option<Box<str>>,
    /// For the log only.
    cause: Option<Box<str>>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (status, title) = classify(&error);
        let mut problem = Self {
            status,
            code: error.code(),
            title,
            detail: error.to_string().into(),
            members: Map::new(),
            retry_after: None,
            location: None,
            cause: None,
        };
        match error {
            Error::Invalid(violations) => {
                problem.members.insert("errors".to_owned(), json!(violations));
            }
            Error::Conflict { field } => {
                problem.members.insert(
                    "errors".to_owned(),
                    json!([{
                        "pointer": kernel::path_pointer(&field), "code": "taken", "detail": "is taken by another record",
                    }]),
                );
            }
            Error::Stale(conflicting) => {
                let fields: Vec<&String> = conflicting.fields.keys().collect();
                if !fields.is_empty() {
                    let names: Vec<&str> = fields.iter().map(|name| name.as_str()).collect();
                    problem.detail = format!("somebody else has changed {} meanwhile", names.join(", ")).into();
                }
                problem.members.insert("current_version".to_owned(), json!(conflicting.version));
                problem.members.insert("conflicts".to_owned(), Value::Object(conflicting.fields));
            }
            Error::Merged { into, plural } => {
                problem.members.insert("merged_into".to_owned(), json!(into));
                problem.location = Some(format!("/v1/{plural}/{into}").into());
            }
            Error::TooMany { retry_after } | Error::RateLimited { retry_after, .. } => {
                problem.retry_after = Some(retry_after);
            }
            Error::Unavailable { retry_after, source } => {
                problem.retry_after = Some(retry_after);
                problem.cause = Some(source.to_string().into());
            }
            Error::Bug { source } => problem.cause = Some(source.to_string().into()),
            Error::Malformed { .. }
            | Error::Unauthenticated
            | Error::Denied { .. }
            | Error::NotFound { .. }
            | Error::WrongState { .. }
            | Error::KeyReused
            | Error::TooLarge { .. }
            | Error::UnsupportedMedia { .. }
            | Error::MethodNotAllowed => {}
        }
        problem
    }
}

const fn classify(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "The input is not valid"),
        Error::Malformed { .. } => (StatusCode::BAD_REQUEST, "The request cannot be read"),
        Error::Unauthenticated => (StatusCode::UNAUTHORIZED, "Sign in first"),
        Error::Denied { .. } => (StatusCode::FORBIDDEN, "Not permitted"),
        Error::NotFound { .. } => (StatusCode::NOT_FOUND, "Not found"),
        Error::Merged { .. } => (StatusCode::PERMANENT_REDIRECT, "Merged into another record"),
        Error::Conflict { .. } => (StatusCode::CONFLICT, "A unique value is taken"),
        Error::WrongState { .. } => (StatusCode::CONFLICT, "Not possible in this state"),
        Error::Stale(_) => (StatusCode::PRECONDITION_FAILED, "Changed meanwhile"),
        Error::KeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "The idempotency key was used before"),
        Error::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
        Error::UnsupportedMedia { .. } => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body's format is not understood"),
        Error::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Not a method of this path"),
        Error::TooMany { .. } | Error::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Error::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "Not available at the moment"),
        Error::Bug { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "An internal error"),
    }
}

impl Problem {
    /// The sentence for people: of the first violation, where there are some.
    #[must_use]
    pub fn detail(&self) -> &str {
        let first = self.members.get("errors").and_then(|errors| errors.get(0)?.get("detail")?.as_str());
        first.unwrap_or(&self.detail)
    }

    /// This problem with one more member, for what programs need to know of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// What is asked for is there, and what is asked with it needs all the room of the answer.
    pub(crate) fn no_room() -> Self {
        let problem = Self::from(Error::TooLarge { limit_bytes: MAX_ANSWER_BYTES });
        let detail = "the answer has no room for this record: read it by itself".into();
        Self { title: "The answer is too large", detail, ..problem }
    }

    /// This problem without what can be long in it.
    pub(crate) fn shortened(mut self) -> Self {
        self.members.retain(|name, _| !LONG.contains(&name.as_str()));
        self
    }

    /// Logs what must not be answered.
    pub(crate) fn log(&self) {
        match &self.cause {
            Some(cause) if self.status == StatusCode::INTERNAL_SERVER_ERROR => {
                tracing::error!(error.code = self.code, error.cause = cause, "request failed");
            }
            Some(cause) => tracing::warn!(error.code = self.code, error.cause = cause, "request failed"),
            None => tracing::debug!(error.code = self.code, "request refused"),
        }
    }

    pub(crate) fn body(&self, request_id: &str) -> Vec<u8> {
        self.shown(request_id).to_string().into_bytes()
    }

    /// Its body.
    pub(crate) fn shown(&self, request_id: &str) -> Value {
        let mut body = Map::from_iter([
            ("type".to_owned(), json!(format!("/problems/{}", self.code))),
            ("title".to_owned(), json!(self.title)),
            ("status".to_owned(), json!(self.status.as_u16())),
            ("detail".to_owned(), json!(self.detail)),
            ("instance".to_owned(), json!(request_id)),
        ]);
        body.extend(self.members.clone());
        Value::Object(body)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(location) = self.location.as_deref().and_then(|location| HeaderValue::from_str(location).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Conflicting, Violations};

    fn shown(error: Error) -> String {
        let problem = Problem::from(error);
        String::from_utf8(problem.body("req_1")).unwrap()
    }

    #[test]
    fn every_code_has_its_problem() {
        let violations = Violations::one("/email", "not_an_email", "must be an email address");
        let fields = json!({ "city": "Bremen" }).as_object().cloned().unwrap();
        let errors = [
            Error::Invalid(violations),
            Error::malformed("bad_json", "the body is not JSON"),
            Error::Unauthenticated,
            Error::denied("the role viewer may not do this"),
            Error::not_found("contact"),
            Error::Conflict { field: "email".to_owned() },
            Error::WrongState { code: "archived", detail: "this contact is in the trash".to_owned() },
            Error::Stale(Box::new(Conflicting { version: 4, fields })),
            Error::KeyReused,
            Error::TooLarge { limit_bytes: 10 },
            Error::UnsupportedMedia { expected: "application/json" },
            Error::MethodNotAllowed,
            Error::TooMany { retry_after: 3 },
            Error::RateLimited { retry_after: 3, quota: 500, window: 10 },
            Error::unavailable("secret cause"),
            Error::bug("secret cause"),
        ];
        let shown: Vec<String> = errors.into_iter().map(shown).collect();
        assert!(shown.iter().all(|body| !body.contains("secret")), "a cause must never be answered");
        insta::assert_snapshot!(shown.join("\n"));
    }
}
