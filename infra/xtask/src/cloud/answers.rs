//! The deployed API as a customer sees it: requests with a key, answers with status, headers and JSON.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::stack::Outputs;

/// The API with one credential.
#[derive(Debug, Clone)]
pub(super) struct Api {
    agent: ureq::Agent,
    address: String,
    host: String,
    credential: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    request: String,
    /// The HTTP status.
    pub(super) status: u16,
    headers: ureq::http::HeaderMap,
    /// The body; null when it was empty.
    pub(super) body: Value,
}

impl Api {
    /// The API of a stack with an API key.
    ///
    /// # Errors
    /// None today; a stack whose address is no URL would be one.
    pub(super) fn new(outputs: &Outputs, key: &str) -> anyhow::Result<Self> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(40)))
            .proxy(None)
            .build()
            .new_agent();
        let credential = Some(format!("Bearer {key}"));
        Ok(Self { agent, address: outputs.address.clone(), host: outputs.host.clone(), credential })
    }

    /// The same API without a credential, or with another one.
    pub(super) fn with_credential(&self, credential: Option<&str>) -> Self {
        Self { credential: credential.map(str::to_owned), ..self.clone() }
    }

    /// GET.
    ///
    /// # Errors
    /// When no answer comes; every status is an answer.
    pub(super) fn get(&self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        self.call("GET", path, headers, None)
    }

    /// A request with a JSON body.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> anyhow::Result<Answer> {
        self.call(method, path, headers, Some(body))
    }

    /// A request without a body.
    ///
    /// # Errors
    /// As [`Api::get`].
    pub(super) fn bare(&self, method: &str, path: &str) -> anyhow::Result<Answer> {
        self.call(method, path, &[], None)
    }

    /// The emulator tells APIs apart by the Host header, as AWS does; names under `localhost` do not resolve everywhere.
    fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> anyhow::Result<Answer> {
        let name = format!("{method} {path}");
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("host", &self.host);
        if let Some(credential) = &self.credential {
            request = request.header("authorization", credential);
        }
        for (key, value) in headers {
            request = request.header(*key, *value);
        }
        let response = match body {
            Some(body) => self.agent.run(request.header("content-type", "application/json").body(body.to_string())?),
            None => self.agent.run(request.body(())?),
        };
        let mut response = response.with_context(|| name.clone())?;
        let text = response.body_mut().read_to_string().with_context(|| name.clone())?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).with_context(|| format!("{name} answered no JSON: {text}"))?
        };
        Ok(Answer { request: name, status: response.status().as_u16(), headers: response.headers().clone(), body })
    }
}

impl Answer {
    /// The answer, if its status is this one.
    ///
    /// # Errors
    /// Names the request and what it answered instead.
    pub(super) fn expect(self, status: u16) -> anyhow::Result<Self> {
        ensure!(self.status == status, "{} answered {}, not {status}: {}", self.request, self.status, self.body);
        Ok(self)
    }

    /// As [`Answer::expect`], and a problem document, which every error of the functions is.
    ///
    /// # Errors
    /// Names the request and what it answered instead.
    pub(super) fn expect_problem(self, status: u16) -> anyhow::Result<Self> {
        let answer = self.expect(status)?;
        let kind = answer.header("content-type")?;
        ensure!(kind.starts_with("application/problem+json"), "{} answered {kind}: {}", answer.request, answer.body);
        ensure!(answer.body["status"] == status, "{}: status {status} but {}", answer.request, answer.body);
        Ok(answer)
    }

    /// A header that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn header(&self, name: &str) -> anyhow::Result<&str> {
        let value = self.headers.get(name).with_context(|| format!("{} answered without {name}", self.request))?;
        value.to_str().with_context(|| format!("{}: {name}", self.request))
    }

    /// A text of the body, by JSON pointer.
    ///
    /// # Errors
    /// When it is not there.
    pub(super) fn text(&self, pointer: &str) -> anyhow::Result<&str> {
        let value = self.body.pointer(pointer).and_then(Value::as_str);
        value.with_context(|| format!("{} answered without {pointer}: {}", self.request, self.body))
    }

    /// The ids of a list's rows.
    ///
    /// # Errors
    /// When the body has no `data`.
    pub(super) fn ids(&self) -> anyhow::Result<Vec<&str>> {
        let rows = self.body["data"].as_array();
        let rows = rows.with_context(|| format!("{} answered without data: {}", self.request, self.body))?;
        Ok(rows.iter().filter_map(|row| row["id"].as_str()).collect())
    }
}

/// Asks again until it is so, for what follows from the stream.
///
/// # Errors
/// When it is not so within `limit`, or asking fails.
pub(super) fn eventually(
    what: &str,
    limit: Duration,
    mut ask: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Duration> {
    let started = Instant::now();
    loop {
        if ask()? {
            return Ok(started.elapsed());
        }
        if started.elapsed() > limit {
            bail!("{what}: not so after {} s", limit.as_secs());
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}
