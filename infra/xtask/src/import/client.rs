//! Requests to the API, and to the addresses at which it has files put and got.
//!
//! What may pass by itself is tried again, so each request is one that can be repeated: a write has an `Idempotency-Key`.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{self, Response};
use ureq::{Agent, Body, SendBody};

use super::arguments::is_local;
use super::pace::Pace;
use super::screen::Screen;

/// How long one answer of the API may take; its gateway waits half of that.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a connection may take, and how long it may stand still while a file passes through it.
const STILL: Duration = Duration::from_secs(60);
/// The longest that a server may have us wait before we try again.
const MAX_WAIT: Duration = Duration::from_secs(60);
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

/// One request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    method: &'static str,
    path: &'a str,
    body: Option<&'a Value>,
    once: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// A question.
    pub(super) const fn get(path: &'a str) -> Self {
        Self { method: "GET", path, body: None, once: None }
    }

    /// A question with a body, which writes nothing.
    pub(super) const fn post(path: &'a str, body: &'a Value) -> Self {
        Self { method: "POST", path, body: Some(body), once: None }
    }

    /// A write that happens once, however often it is sent with this key.
    pub(super) const fn once(path: &'a str, body: &'a Value, key: &'a str) -> Self {
        Self { method: "POST", path, body: Some(body), once: Some(key) }
    }
}

/// Whoever calls the API. It cannot be shown, for it has the key.
pub(super) struct Client {
    agent: Agent,
    base: String,
    credential: String,
    pub(super) pace: Pace,
}

impl Client {
    /// Whoever calls the API at `base` with this key.
    pub(super) fn new(base: &str, key: &str, pace: Pace) -> Self {
        let agent = agent_of(base, |config| config.timeout_global(Some(PATIENCE)));
        Self { agent, base: base.to_owned(), credential: format!("Bearer {key}"), pace }
    }

    /// Where the API is.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The JSON that is answered, tried until it is or would not be.
    ///
    /// # Errors
    /// What was answered instead, the last time.
    pub(super) fn insist(&self, request: &Request<'_>, screen: &mut Screen<'_>) -> Result<Value, Refusal> {
        self.again(screen, |_| self.ask(request))
    }

    /// The JSON that is answered to one try.
    ///
    /// # Errors
    /// What was answered instead.
    pub(super) fn ask(&self, request: &Request<'_>) -> Result<Value, Refusal> {
        let name = format!("{} {}", request.method, request.path);
        let mut sent = http::Request::builder()
            .method(request.method)
            .uri(format!("{}{}", self.base, request.path))
            .header("authorization", &self.credential);
        if let Some(key) = request.once {
            sent = sent.header("idempotency-key", key);
        }
        let unsendable = |error: http::Error| Refusal::Final(None, format!("{name}: {error}"));
        let answer = match request.body {
            Some(body) => {
                let sent = sent.header("content-type", "application/json");
                self.agent.run(sent.body(body.to_string()).map_err(unsendable)?)
            }
            None => self.agent.run(sent.body(()).map_err(unsendable)?),
        };
        let mut answer = answer.map_err(|error| of_connection(&name, &error))?;
        let (status, wait) = (answer.status().as_u16(), wait(&answer));
        let text = answer.body_mut().read_to_string().map_err(|error| of_connection(&name, &error))?;
        let body = serde_json::from_str::<Value>(&text);
        match (status, body) {
            (200..=299, Ok(body)) => Ok(body),
            (200..=299, Err(_)) => Err(Refusal::Final(
                None,
                format!("{name}: what is answered is no JSON. Is that the address of Rapport?"),
            )),
            (_, body) => Err(refused(&name, status, &problem(&body.unwrap_or(Value::Null), &text), wait)),
        }
    }

    /// Puts a file where the API has said, without the key: the address is a credential itself, and is not told.
    ///
    /// # Errors
    /// When the file cannot be read or has become another one, or it is refused.
    pub(super) fn put(
        &self,
        to: &Value,
        file: &Path,
        bytes: u64,
        screen: &mut Screen<'_>,
        on: &mut dyn FnMut(&mut Screen<'_>, u64),
    ) -> Result<(), Refusal> {
        self.again(screen, |screen| put(to, file, bytes, &mut |sent| on(screen, sent)))
    }

    /// Tries until it is answered, or would not be. Whoever wants to stop has it tried once more and at once: what was sent before
    /// may have been done, and is known then.
    pub(super) fn again<T>(
        &self,
        screen: &mut Screen<'_>,
        mut work: impl FnMut(&mut Screen<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut pause = self.pace.pause;
        for tried in 1..self.pace.tries {
            match work(screen) {
                Err(Refusal::Passing(why, after)) => {
                    if tried == 1 {
                        screen.tell(&format!("{why}; trying again"));
                    }
                    screen.stop.wait(after.map_or(pause, |after| after.min(MAX_WAIT)));
                    if screen.must_stop() {
                        break;
                    }
                    pause = pause.saturating_mul(2);
                }
                outcome => return outcome,
            }
        }
        work(screen)
    }
}

/// Opens what is at an address that the API has given, without the key.
///
/// # Errors
/// When it cannot be had.
pub(super) fn open(url: &str, name: &str) -> Result<impl Read + use<>, Refusal> {
    let name = format!("GET {name}");
    let request = http::Request::get(url).body(());
    let request = request.map_err(|_| Refusal::Final(None, format!("{name}: its address is none")))?;
    let answer = for_files(url).run(request).map_err(|error| of_connection(&name, &error))?;
    Ok(good(&name, answer)?.into_body().into_with_config().limit(u64::MAX).reader())
}

fn put(to: &Value, file: &Path, bytes: u64, on: &mut dyn FnMut(u64)) -> Result<(), Refusal> {
    let name = format!("PUT {}", file.display());
    let broken = |why: &dyn fmt::Display| Refusal::Final(None, format!("{name}: {why}"));
    let opened = File::open(file).map_err(|error| broken(&error))?;
    let there = opened.metadata().map_err(|error| broken(&error))?.len();
    if there != bytes {
        return Err(broken(&"the file has changed meanwhile"));
    }
    let (url, method) = (to["url"].as_str().unwrap_or_default(), to["method"].as_str().unwrap_or("PUT"));
    let mut request = http::Request::builder().method(method).uri(url);
    for (header, value) in to["headers"].as_object().into_iter().flatten() {
        request = request.header(header, value.as_str().unwrap_or_default());
    }
    let has_length = request.headers_ref().is_some_and(|headers| headers.contains_key(http::header::CONTENT_LENGTH));
    if !has_length {
        // Without it the file would be sent in pieces of unknown number, which S3 does not take.
        request = request.header(http::header::CONTENT_LENGTH, bytes);
    }
    let mut reading = Counted { from: opened, read: 0, on };
    let request = request.body(SendBody::from_reader(&mut reading));
    let request = request.map_err(|_| broken(&"the address for it is none"))?;
    let answer = for_files(url).run(request).map_err(|error| of_connection(&name, &error))?;
    good(&name, answer).map(drop)
}

/// A file that tells how far it is read.
struct Counted<'a> {
    from: File,
    read: u64,
    on: &'a mut dyn FnMut(u64),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.read += read as u64;
        (self.on)(self.read);
        Ok(read)
    }
}

type Builder = ureq::config::ConfigBuilder<ureq::typestate::AgentScope>;

/// An agent that follows nobody elsewhere, and asks no proxy for this machine.
fn agent_of(address: &str, timeouts: impl FnOnce(Builder) -> Builder) -> Agent {
    let mut config =
        Agent::config_builder().http_status_as_error(false).max_redirects(0).max_redirects_will_error(false);
    if is_local(address) {
        config = config.proxy(None);
    }
    timeouts(config).build().new_agent()
}

/// For files, which take as long as they take but must not stand still.
fn for_files(url: &str) -> Agent {
    agent_of(url, |config| {
        config.timeout_connect(Some(STILL)).timeout_per_read(Some(STILL)).timeout_per_write(Some(STILL))
    })
}

fn of_connection(name: &str, error: &ureq::Error) -> Refusal {
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

fn good(name: &str, mut answer: Response<Body>) -> Result<Response<Body>, Refusal> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let wait = wait(&answer);
    let text = answer.body_mut().read_to_string().unwrap_or_default();
    Err(refused(name, status.as_u16(), &short(&text), wait))
}

fn refused(name: &str, status: u16, why: &str, wait: Option<Duration>) -> Refusal {
    let told = format!("{name} is answered {status}: {why}");
    match status {
        408 | 429 | 500 | 502..=504 => Refusal::Passing(told, wait),
        300..=399 => Refusal::Final(Some(status), format!("{told} (the API has another address)")),
        401 => Refusal::Final(Some(status), format!("{told} (the key is not one of this API, or not any more)")),
        _ => Refusal::Final(Some(status), told),
    }
}

/// How long the server asks us to wait.
fn wait(answer: &Response<Body>) -> Option<Duration> {
    let seconds = answer.headers().get(http::header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What a problem document says, each violation on a line of its own.
fn problem(body: &Value, text: &str) -> String {
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

    #[test]
    fn only_what_may_pass_is_tried_again() {
        let pace = Pace { tries: 3, pause: Duration::ZERO, ..Pace::USUAL };
        let client = Client::new("http://localhost:1", "rk_a", pace);
        let tried = |status: u16| {
            let mut tries = 0;
            let (mut out, mut progress, mut answers) = (Vec::new(), Vec::new(), std::io::empty());
            let mut screen = Screen::new(&mut out, &mut progress, &mut answers);
            let outcome = client.again(&mut screen, |_| {
                tries += 1;
                Err::<(), _>(refused("GET /", status, "", None))
            });
            assert!(outcome.is_err());
            tries
        };
        assert_eq!([429, 500, 503].map(tried), [3, 3, 3]);
        assert_eq!([301, 400, 401, 403, 409, 422, 501].map(tried), [1; 7]);
    }

    #[test]
    fn whoever_wants_to_stop_has_it_tried_once_more_and_no_oftener() {
        let pace = Pace { pause: Duration::from_secs(600), ..Pace::USUAL };
        let client = Client::new("http://localhost:1", "rk_a", pace);
        let (mut out, mut progress, mut answers) = (Vec::new(), Vec::new(), std::io::empty());
        let mut screen = Screen::new(&mut out, &mut progress, &mut answers);
        screen.stop.ask();
        let mut tries = 0;
        let outcome = client.again(&mut screen, |_| {
            tries += 1;
            Err::<(), _>(refused("GET /", 503, "", None))
        });
        assert!(outcome.is_err());
        assert_eq!(tries, 2);
        assert!(
            String::from_utf8(progress).unwrap().ends_with(
                "trying again\ncancelling; once more ends this command at once, and what is begun goes on\n"
            )
        );
    }
}
