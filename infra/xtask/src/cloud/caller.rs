//! Requests to what runs on this machine, and their answers.

use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

/// How long one answer may take: the first one of a function under `cargo lambda watch` waits until cargo has found it built.
const PATIENCE: Duration = Duration::from_secs(300);

/// Somebody who calls with a credential.
pub(super) struct Caller {
    agent: ureq::Agent,
    base: String,
    credential: String,
}

/// What came back.
pub(super) struct Reply {
    request: String,
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Reply {
    /// This answer, if its status is the expected one.
    ///
    /// # Errors
    /// With what was answered instead.
    pub(super) fn expect(self, status: u16) -> anyhow::Result<Self> {
        ensure!(self.status == status, "{} answered {}, not {status}: {}", self.request, self.status, self.body);
        Ok(self)
    }
}

impl Caller {
    /// A caller with an API key of what answers at `base`.
    pub(super) fn new(base: &str, key: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None)
            .build()
            .new_agent();
        Self { agent, base: base.to_owned(), credential: format!("Bearer {key}") }
    }

    /// The same with another API key.
    pub(super) fn with_key(&self, key: &str) -> Self {
        Self::new(&self.base, key)
    }

    /// Waits until a process listens.
    ///
    /// # Errors
    /// When it ends by itself or takes too long.
    pub(super) fn wait(&self, process: &mut Child) -> anyhow::Result<()> {
        let address = self.base.trim_start_matches("http://");
        let deadline = Instant::now() + Duration::from_secs(60);
        while std::net::TcpStream::connect(address).is_err() {
            if let Some(status) = process.try_wait()? {
                bail!("what should answer ended by itself: {status}");
            }
            ensure!(Instant::now() < deadline, "nobody took a connection at {address} for 60 s");
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Asks.
    ///
    /// # Errors
    /// When nothing is answered.
    pub(super) fn get(&self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Reply> {
        self.send("GET", path, headers, None)
    }

    /// Sends a request, with a body if there is one.
    ///
    /// # Errors
    /// When nothing is answered.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> anyhow::Result<Reply> {
        let name = format!("{method} {path}");
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", &self.credential)
            .header("content-type", "application/json");
        for (key, value) in headers {
            request = request.header(*key, *value);
        }
        let sent = match body {
            Some(body) => self.agent.run(request.body(body.to_string())?),
            None => self.agent.run(request.body(())?),
        };
        let mut response = sent.with_context(|| name.clone())?;
        let text = response.body_mut().read_to_string().with_context(|| name.clone())?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Reply { request: name, status: response.status().as_u16(), body })
    }
}
