//! The real binary, started as people start it, talked to over its port, and killed without a warning.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

/// How long something that follows from a write may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `rapport`, in a folder of the test's own. Killed when the test ends, however it ends.
pub(crate) struct Rapport {
    child: Child,
    /// `http://127.0.0.1:49152`
    pub(crate) base: String,
    key: String,
    agent: ureq::Agent,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: http::HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> String {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no header {name}: {:?}", self.headers));
        value.to_str().unwrap().to_owned()
    }
}

impl Rapport {
    /// Starts it in a folder: its data are in `.rapport` below that.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(binary())
            .args(["--port", "0", "--aws-port", "0"])
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = lines.by_ref().find_map(|line| {
            let line = line.unwrap();
            let address = line.trim().strip_prefix("API ")?.trim().strip_suffix("/v1")?;
            Some(address.to_owned())
        });
        // Whoever stops reading would stop the writer.
        std::thread::spawn(move || lines.for_each(drop));
        let base = base.unwrap_or_else(|| panic!("rapport ended without an address: {:?}", child.wait()));
        let key = std::fs::read_to_string(folder.join(".rapport/api-key")).unwrap().trim().to_owned();
        let agent = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        Self { child, base, key, agent: agent.into() }
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Reply {
        self.try_send(method, path, headers, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// As [`Self::send`], for when it may be killed meanwhile.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Reply, ureq::Error> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let text = body.map(Value::to_string).unwrap_or_default();
        let (parts, mut body) = self.agent.run(request.body(text).unwrap())?.into_parts();
        let text = body.read_to_string()?;
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.send("GET", path, &[], None).expect(200)
    }

    /// All ids of a list, page by page.
    pub(crate) fn ids(&self, list: &str) -> Vec<String> {
        let mut ids = Vec::new();
        let mut page = self.get(&format!("{list}?limit=200"));
        loop {
            ids.extend(page["data"].as_array().unwrap().iter().map(|record| record["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["page"]["next_cursor"].as_str() else { return ids };
            page = self.get(&format!("{list}?limit=200&cursor={next}"));
        }
    }

    /// SIGKILL: nothing is said, nothing is flushed.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The process, to be killed by somebody else.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Rapport {
    fn drop(&mut self) {
        // Both fail when it has been killed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again until the answer is good: what follows from a write follows soon, in another process.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Ok(value) => return value,
            Err(last) => assert!(Instant::now() < deadline, "{what}: {last}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The binary beside this test's own: built with it by `cargo test --workspace`, and here when it is missing or older
/// than what it is made of, as after `cargo test -p tests`.
fn binary() -> PathBuf {
    let executable = std::env::current_exe().unwrap();
    let profile = executable.ancestors().nth(2).expect("tests are in <target>/<profile>/deps");
    let binary = profile.join("rapport");
    if !is_fresh(&binary) {
        let mut build = Command::new(option_env!("CARGO").unwrap_or("cargo"));
        build.args(["build", "--quiet", "--package", "local", "--bin", "rapport", "--target-dir"]);
        build.arg(profile.parent().unwrap()).current_dir(crate::contract::path("."));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "rapport does not build");
    }
    binary
}

fn is_fresh(binary: &Path) -> bool {
    let changed = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    let (Some(made), Ok(sources)) = (changed(binary), std::fs::read_to_string(binary.with_extension("d"))) else {
        return false;
    };
    let sources = sources.split_once(": ").map(|(_, sources)| sources).unwrap_or_default();
    sources.split_whitespace().all(|source| changed(Path::new(source)).unwrap_or_else(SystemTime::now) <= made)
}
