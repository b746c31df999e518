//! Why the API, or who keeps its files, has not answered as wished, in words for people; and whether that may pass.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use ureq::Body;
use ureq::http::{self, Response};

/// How much of an unexpected answer is told, in characters.
const TOLD: usize = 300;
/// How many of an answer's violations are told.
const VIOLATIONS: usize = 20;

/// Why there is no good answer.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It may pass by itself; after so long, if the server says so.
    Passing(String, Option<Duration>),
    /// It would be the same again: the status, if there was one, and why.
    Final(Option<u16>, String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Passing(why, _) | Self::Final(_, why)) = self;
        formatter.write_str(why)
    }
}

impl std::error::Error for Refusal {}

pub(super) fn of_connection(name: &str, error: &ureq::Error) -> Refusal {
    let why = format!("{name}: {error}");
    match error {
        // A certificate that is not good, for one.
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => Refusal::Final(None, why),
        ureq::Error::Io(_)
        | ureq::Error::Timeout(_)
        | ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::Protocol(_) => Refusal::Passing(why, None),
        _ => Refusal::Final(None, why),
    }
}

pub(super) fn good(name: &str, mut answer: Response<Body>) -> Result<Response<Body>, Refusal> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let wait = wait(&answer);
    let text = answer.body_mut().read_to_string().unwrap_or_default();
    Err(refused(name, status.as_u16(), &short(&text), wait))
}

pub(super) fn refused(name: &str, status: u16, why: &str, wait: Option<Duration>) -> Refusal {
    let told = format!("{name} is answered {status}: {why}");
    match status {
        408 | 429 | 500 | 502..=504 => Refusal::Passing(told, wait),
        300..=399 => Refusal::Final(Some(status), format!("{told} (the API has another address)")),
        401 => Refusal::Final(Some(status), format!("{told} (the key is not one of this API, or not any more)")),
        _ => Refusal::Final(Some(status), told),
    }
}

/// How long the server asks us to wait.
pub(super) fn wait(answer: &Response<Body>) -> Option<Duration> {
    let seconds = answer.headers().get(http::header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What a problem document says, each violation on a line of its own.
pub(super) fn problem(body: &Value, text: &str) -> String {
    let Some(detail) = body["detail"].as_str().or_else(|| body["title"].as_str()) else { return short(text) };
    let violations = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let word = |violation: &Value, name: &str| violation[name].as_str().unwrap_or_default().to_owned();
    let lines = violations
        .iter()
        .take(VIOLATIONS)
        .map(|violation| format!("\n  {}: {}", word(violation, "pointer"), word(violation, "detail")));
    let more = match violations.len().saturating_sub(VIOLATIONS) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    [short(detail), lines.collect(), more].concat()
}

fn short(text: &str) -> String {
    text.trim().chars().take(TOLD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_problem_is_told_with_all_that_is_wrong() {
        let body = json!({ "detail": "the input is not valid", "errors": [{ "pointer": "/files/0/object", "detail": "is no object" }] });
        assert_eq!(problem(&body, ""), "the input is not valid\n  /files/0/object: is no object");
        assert_eq!(problem(&Value::Null, " <h1>Bad gateway</h1> "), "<h1>Bad gateway</h1>");
        let many = json!({ "detail": "no", "errors": vec![json!({ "pointer": "/a", "detail": "b" }); 23] });
        assert!(problem(&many, "").ends_with("and 3 more"));
    }

    #[test]
    fn a_certificate_that_is_not_good_does_not_become_better() {
        let refused = |kind| of_connection("GET /", &ureq::Error::Io(std::io::Error::new(kind, "bad certificate")));
        assert!(matches!(refused(std::io::ErrorKind::InvalidData), Refusal::Final(None, _)));
        assert!(matches!(refused(std::io::ErrorKind::ConnectionReset), Refusal::Passing(_, None)));
    }
}
