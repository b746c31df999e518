//! One caller of the embedded stack with one connection that stays open, which costs the machine next to nothing.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::wire::{Connection, header};

/// How long somebody asks again who is told to.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection with a credential.
#[derive(Debug)]
pub(crate) struct Line {
    connection: Connection,
    /// The headers of every request.
    headers: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// From the first byte that was sent to the last one that came, in milliseconds.
    pub(crate) millis: f64,
    head: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| String::from_utf8_lossy(&self.body).into_owned())
    }

    /// What `Server-Timing` says: a duration in milliseconds or a count.
    ///
    /// # Errors
    /// When it does not say it.
    pub(crate) fn timing(&self, name: &str) -> Result<f64> {
        let timing = header(&self.head, "server-timing").unwrap_or_default();
        let metric = timing.split(", ").find(|metric| metric.split(';').next() == Some(name));
        let value = metric.and_then(|metric| metric.split_once('=')).map(|(_, value)| value.trim_matches('"'));
        value.and_then(|value| value.parse().ok()).with_context(|| format!("no {name} in {timing}"))
    }

    /// After how long to ask again, where it cannot be answered yet.
    fn retry_after(&self) -> Option<Duration> {
        let seconds = header(&self.head, "retry-after").filter(|_| self.status == 503)?;
        seconds.parse().ok().map(Duration::from_secs)
    }
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub(crate) fn to(base: &str, secret: &str) -> Result<Self> {
        let address = base.strip_prefix("http://").context("an address without TLS")?;
        let connection = Connection::new(TcpStream::connect(address)?)?;
        let headers =
            format!("host: {address}\r\nauthorization: Bearer {secret}\r\ncontent-type: application/json\r\n");
        Ok(Self { connection, headers })
    }

    /// Asks, and waits for the answer, whatever it is.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(crate) fn ask(&mut self, method: &str, target: &str, body: &str) -> Result<Reply> {
        let length = body.len();
        let message = format!("{method} {target} HTTP/1.1\r\n{}content-length: {length}\r\n\r\n{body}", self.headers);
        let started = Instant::now();
        self.connection.writer().write_all(message.as_bytes())?;
        let answer = self.connection.read()?;
        let millis = started.elapsed().as_secs_f64() * 1000.0;
        let status = answer.head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("a status")?;
        Ok(Reply { status, body: answer.body, millis, head: answer.head })
    }

    /// The same, where everything but success is an error. Who is told to come again later does: a replica is made in the background
    /// once it is far behind.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) fn wanted(&mut self, method: &str, target: &str, body: &str) -> Result<Reply> {
        let begun = Instant::now();
        let mut reply = self.ask(method, target, body)?;
        while let Some(wait) = reply.retry_after().filter(|_| begun.elapsed() < PATIENCE) {
            std::thread::sleep(wait);
            reply = self.ask(method, target, body)?;
        }
        let is_success = (200..300).contains(&reply.status);
        ensure!(is_success, "{method} {target}: {} {}", reply.status, String::from_utf8_lossy(&reply.body));
        Ok(reply)
    }
}
