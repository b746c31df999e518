//! One hostile request, and what its refusal has to look like.

use std::fmt;

use http::Method;
use serde_json::Value;

use crate::app::{Answer, Caller};

/// What no answer may show: texts of the engines and of this language's own failures.
const INTERNAL: [&str; 10] = [
    "sqlite",
    "rusqlite",
    "no such column",
    "no such table",
    "syntax error",
    "fts5",
    "dynamodb",
    "validationexception",
    "panicked",
    ".rs:",
];

/// A request that has to be refused.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) sort: &'static str,
    method: Method,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    /// The statuses that are right; any refusal if none is named.
    statuses: Vec<u16>,
    /// The problem's code, if only one is right.
    code: Option<&'static str>,
    /// Where one of the violations points, or above that.
    pointer: Option<String>,
    /// Whether the gateway itself may answer, in its own shape.
    by_gateway: bool,
}

impl Case {
    pub(super) fn new(sort: &'static str, method: Method, target: impl Into<String>) -> Self {
        Self {
            sort,
            method,
            target: target.into(),
            headers: Vec::new(),
            body: None,
            statuses: Vec::new(),
            code: None,
            pointer: None,
            by_gateway: false,
        }
    }

    pub(super) fn get(sort: &'static str, target: impl Into<String>) -> Self {
        Self::new(sort, Method::GET, target)
    }

    pub(super) fn post(sort: &'static str, target: impl Into<String>, body: Value) -> Self {
        Self::new(sort, Method::POST, target).json(&body)
    }

    pub(super) fn patch(sort: &'static str, target: impl Into<String>, body: Value) -> Self {
        Self::new(sort, Method::PATCH, target).json(&body)
    }

    pub(super) fn put(sort: &'static str, target: impl Into<String>, body: Value) -> Self {
        Self::new(sort, Method::PUT, target).json(&body)
    }

    pub(super) fn delete(sort: &'static str, target: impl Into<String>) -> Self {
        Self::new(sort, Method::DELETE, target)
    }

    pub(super) fn json(mut self, body: &Value) -> Self {
        self.body = Some(body.to_string().into_bytes());
        self
    }

    pub(super) fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The status that is right.
    pub(super) fn refused(self, status: u16) -> Self {
        self.refused_by(&[status])
    }

    /// The statuses that are right.
    pub(super) fn refused_by(mut self, statuses: &[u16]) -> Self {
        self.statuses = statuses.to_vec();
        self
    }

    /// The problem's code that is right.
    pub(super) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// A 422 with a violation at or below a pointer.
    pub(super) fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self.refused(422)
    }

    /// The gateway may answer before any function is asked.
    pub(super) fn or_by_gateway(mut self) -> Self {
        self.by_gateway = true;
        self
    }

    pub(super) async fn send(&self, caller: &Caller) -> Answer {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        caller.send_bytes(self.method.clone(), &self.target, &headers, self.body.clone()).await
    }

    /// Whether an answer is a refusal as it should be.
    pub(super) fn check(&self, answer: &Answer) -> Result<(), String> {
        let (status, body) = (answer.status.as_u16(), &answer.body);
        let shown = format!("{status} {:.300}", body.to_string());
        if !(400..500).contains(&status) {
            return Err(format!("not refused: {shown}"));
        }
        let text = body.to_string().to_lowercase();
        // What was sent may be told again.
        let sent = format!("{} {}", self.target, String::from_utf8_lossy(self.body.as_deref().unwrap_or_default()));
        let sent = sent.to_lowercase();
        if let Some(internal) = INTERNAL.iter().find(|word| text.contains(**word) && !sent.contains(**word)) {
            return Err(format!("tells of {internal}: {shown}"));
        }
        if self.by_gateway && body.get("message").is_some() {
            return Ok(());
        }
        if !self.statuses.is_empty() && !self.statuses.contains(&status) {
            return Err(format!("not {:?}: {shown}", self.statuses));
        }
        is_problem(answer).map_err(|what| format!("{what}: {shown}"))?;
        let code = body["type"].as_str().unwrap_or_default().trim_start_matches("/problems/");
        if self.code.is_some_and(|wanted| wanted != code) {
            return Err(format!("not {:?}: {shown}", self.code));
        }
        let points = |pointer: &str| {
            body["errors"].as_array().into_iter().flatten().any(|violation| {
                violation["pointer"].as_str().is_some_and(|at| at == pointer || at.starts_with(&format!("{pointer}/")))
            })
        };
        match &self.pointer {
            Some(pointer) if !points(pointer) => Err(format!("no violation at {pointer}: {shown}")),
            _ => Ok(()),
        }
    }
}

/// Whether an answer is a problem with everything that belongs to one (RFC 9457, docs/API.md).
pub(super) fn is_problem(answer: &Answer) -> Result<(), &'static str> {
    let body = &answer.body;
    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
    if kind != Some("application/problem+json") {
        return Err("no problem by its content type");
    }
    let is_code =
        |code: &str| !code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b));
    let kind = body["type"].as_str().and_then(|kind| kind.strip_prefix("/problems/"));
    if !kind.is_some_and(is_code) {
        return Err("no code");
    }
    if body["status"] != answer.status.as_u16() {
        return Err("another status in the body");
    }
    if ["title", "detail", "instance"].iter().any(|name| body[*name].as_str().is_none_or(str::is_empty)) {
        return Err("no title, detail or instance");
    }
    let Some(violations) = body["errors"].as_array() else {
        return if kind == Some("invalid") { Err("invalid, and no word of why") } else { Ok(()) };
    };
    let is_violation = |violation: &Value| {
        let text = |name: &str| violation[name].as_str();
        let pointer = text("pointer").is_some_and(|pointer| pointer.is_empty() || pointer.starts_with('/'));
        pointer && text("code").is_some_and(is_code) && text("detail").is_some_and(|detail| !detail.is_empty())
    };
    if violations.is_empty() || !violations.iter().all(is_violation) {
        return Err("a violation that is none");
    }
    Ok(())
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(self.body.as_deref().unwrap_or_default()).into_owned();
        let headers: Vec<String> = self.headers.iter().map(|(name, value)| format!("{name}: {value:.80}")).collect();
        write!(f, "[{}] {} {:.200} {headers:?} {body:.200}", self.sort, self.method, self.target)
    }
}
