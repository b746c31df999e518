//! Asking over HTTP, as one caller.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Long enough for a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody with a credential.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    agent: ureq::Agent,
    base: String,
    secret: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) body: Value,
    /// From the request to the last byte, in milliseconds.
    pub(crate) millis: f64,
    timing: String,
}

impl Answer {
    /// What `Server-Timing` says: a duration in milliseconds or a count.
    ///
    /// # Errors
    /// When it does not say it.
    pub(crate) fn timing(&self, name: &str) -> Result<f64> {
        let metric = self.timing.split(", ").find(|metric| metric.split(';').next() == Some(name));
        let value = metric.and_then(|metric| metric.split_once('=')).map(|(_, value)| value.trim_matches('"'));
        value.and_then(|value| value.parse().ok()).with_context(|| format!("no {name} in {}", self.timing))
    }

    /// How many records a list answered.
    pub(crate) fn len(&self) -> usize {
        self.body["data"].as_array().map_or(0, Vec::len)
    }

    pub(crate) fn next_cursor(&self) -> Option<&str> {
        self.body["page"]["next_cursor"].as_str()
    }
}

impl Caller {
    pub(crate) fn new(base: &str, secret: &str) -> Self {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        Self { agent: agent.into(), base: base.to_owned(), secret: secret.to_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer> {
        let request = self.agent.get(format!("{}{path}", self.base)).header("authorization", self.bearer());
        answered(path, || request.call())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let request = self.agent.post(format!("{}{path}", self.base)).header("authorization", self.bearer());
        let request = request.header("content-type", "application/json");
        answered(path, || request.send(body.to_string()))
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        let request = self.agent.patch(format!("{}{path}", self.base)).header("authorization", self.bearer());
        let request = request.header("content-type", "application/json");
        answered(path, || request.send(body.to_string()))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.secret)
    }
}

type Sent = Result<ureq::http::Response<ureq::Body>, ureq::Error>;

/// Sends, and reads what comes back. Everything but success is an error: whoever measures refusals measures nothing.
fn answered(path: &str, send: impl FnOnce() -> Sent) -> Result<Answer> {
    let started = Instant::now();
    let (parts, mut body) = send().with_context(|| path.to_owned())?.into_parts();
    let text = body.with_config().limit(64 * 1024 * 1024).read_to_string()?;
    let millis = started.elapsed().as_secs_f64() * 1000.0;
    ensure!(parts.status.is_success(), "{path}: {} {text}", parts.status);
    let timing =
        parts.headers.get("server-timing").and_then(|timing| timing.to_str().ok()).unwrap_or_default().to_owned();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? };
    Ok(Answer { body, millis, timing })
}
