//! `cargo xtask watch`: README's recipe for `cargo lambda watch`, as a test.
//!
//! The embedded stack is table, queues and files; `cargo lambda watch` runs the functions in processes of their own, behind the
//! routes of `Cargo.toml`. Each function is called once through it: those with routes over HTTP, the others with their sample event.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use super::{RunFolder, artefacts, child, step, tools};

/// A variable that everything inherits that is started here, so that it can be found again.
const MARK: &str = "RAPPORT_WATCH_RUN";
/// How long one answer may take: the first one of a function waits until cargo has found it built.
const PATIENCE: Duration = Duration::from_secs(300);
/// Functions without routes, and the sample of what triggers them.
const SAMPLES: [(&str, &str); 5] = [
    ("authorizer", "authorizer.json"),
    ("journal", "stream-journal.json"),
    ("relay", "stream-relay.json"),
    ("scheduler", "schedule-scheduler.json"),
    ("snapshots", "queue-snapshots.json"),
];

/// Runs the recipe.
///
/// # Errors
/// What did not work, with the end of the log that explains it.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "usage: cargo xtask watch");
    let program = tools::program(&tools::CARGO_LAMBDA, "cargo-lambda")?;
    let built = step("build the functions", || artefacts::build(root))?;
    let folder = RunFolder::new(false)?;
    let run = Run { root, folder: &folder.path };
    let outcome = run.with_rapport(&built.rapport, &program);
    let left = step("stop what was started", || run.stop_what_is_left());
    if outcome.is_err() {
        folder.keep();
        crate::complain(&run.logs());
    }
    outcome.with_context(|| format!("logs are in {}", folder.path.display()))?;
    left
}

/// One run, with its folder.
struct Run<'a> {
    root: &'a Path,
    folder: &'a Path,
}

impl Run<'_> {
    fn with_rapport(&self, rapport: &Path, program: &Path) -> anyhow::Result<()> {
        let mut command = child::command(rapport, self.folder);
        command.args(["--port", "0", "--aws-port", "0", "--seed", "empty"]);
        let mut rapport = self.start("rapport", command)?;
        let outcome = self.with_watch(&mut rapport, program);
        let _ = child::end(&mut rapport);
        outcome
    }

    fn with_watch(&self, rapport: &mut Child, program: &Path) -> anyhow::Result<()> {
        let variables = step("start the embedded stack", || self.variables(rapport))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = child::command(program, self.root);
        command.args(recipe(&std::fs::read_to_string(self.root.join("README.md"))?)?);
        // A port that is free here, and no rebuilding while somebody edits.
        command.args(["--ignore-changes", "--wait", "--invoke-port", &port.to_string()]).envs(&variables);
        let mut watch = self.start("watch", command)?;
        let outcome = self.call(&mut watch, &format!("http://127.0.0.1:{port}"));
        let _ = child::end(&mut watch);
        outcome
    }

    fn start(&self, name: &str, mut command: Command) -> anyhow::Result<Child> {
        let log = File::create(self.log(name))?;
        command.env(MARK, self.folder).stdout(log.try_clone()?).stderr(log);
        command.spawn().with_context(|| format!("cannot start {name}"))
    }

    fn log(&self, name: &str) -> std::path::PathBuf {
        self.folder.join(name).with_extension("log")
    }

    fn logs(&self) -> String {
        let tail = |name| child::tail(&std::fs::read_to_string(self.log(name)).unwrap_or_default(), 40);
        format!("-- rapport\n{}\n-- cargo lambda watch\n{}", tail("rapport"), tail("watch"))
    }

    /// What the embedded stack says that functions need, once it is there.
    fn variables(&self, rapport: &mut Child) -> anyhow::Result<BTreeMap<String, String>> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !std::fs::read_to_string(self.log("rapport"))?.contains("Rapport is running") {
            ensure!(rapport.try_wait()?.is_none(), "rapport ended by itself");
            ensure!(Instant::now() < deadline, "rapport was not there after 60 s");
            std::thread::sleep(Duration::from_millis(100));
        }
        let text = std::fs::read_to_string(self.folder.join(".rapport/aws.env"))?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Ok(pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect())
    }

    fn call(&self, watch: &mut Child, base: &str) -> anyhow::Result<()> {
        let key = std::fs::read_to_string(self.folder.join(".rapport/api-key"))?;
        let caller = Caller::new(base, key.trim());
        step("wait for cargo lambda watch", || caller.wait(watch))?;
        step("identity", || {
            caller.get("/v1/openapi.json", &[])?.expect(200)?;
            let me = caller.get("/v1/me", &[])?.expect(200)?;
            ensure!(me.body["role"] == "admin", "{}", me.body);
            Caller::new(base, "rk_nobody").get("/v1/me", &[])?.expect(401).map(drop)
        })?;
        let made = step("contacts", || {
            let body = json!({ "first_name": "Ada", "last_name": "Watched" });
            let made = caller.send("POST", "/v1/contacts", &[], Some(&body))?.expect(201)?;
            let path = format!("/v1/contacts/{}", made.body["id"].as_str().context("no id")?);
            caller.send("PATCH", &path, &[("if-match", "\"1\"")], Some(&json!({ "city": "Berlin" })))?.expect(200)
        })?;
        step("views", || {
            let id = made.body["id"].as_str().context("no id")?;
            let position = format!("{id}:2");
            let list =
                caller.get("/v1/contacts?city=berlin&count=exact", &[("rapport-position", &position)])?.expect(200)?;
            ensure!(list.body["data"][0]["id"] == id && list.body["count"] == 1, "{}", list.body);
            Ok(())
        })?;
        for (function, file) in SAMPLES {
            step(function, || self.sample(&caller, function, file))?;
        }
        Ok(())
    }

    /// What `cargo lambda invoke` sends, sent.
    fn sample(&self, caller: &Caller, function: &str, file: &str) -> anyhow::Result<()> {
        let event: Value = serde_json::from_str(&std::fs::read_to_string(self.root.join("events").join(file))?)?;
        let path = format!("/2015-03-31/functions/{function}/invocations");
        let answer = caller.send("POST", &path, &[], Some(&event))?.expect(200)?;
        let failed = answer.body["batchItemFailures"].as_array().is_some_and(|failures| !failures.is_empty());
        ensure!(!failed && answer.body.get("errorType").is_none(), "{function} answered {}", answer.body);
        Ok(())
    }

    /// Ends, one by one, processes that carry this run's mark and are still there. The watcher gives its functions process
    /// groups of their own.
    fn stop_what_is_left(&self) -> anyhow::Result<()> {
        for signal in ["-TERM", "-KILL"] {
            let left = self.marked();
            for pid in &left {
                // It may have ended meanwhile, which is what is wanted.
                let _ = Command::new("kill").args([signal, pid]).stderr(Stdio::null()).status();
            }
            let deadline = Instant::now() + Duration::from_secs(5);
            while !self.marked().is_empty() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        let left = self.marked();
        ensure!(left.is_empty(), "processes {} are still there", left.join(", "));
        Ok(())
    }

    /// Processes that inherited the mark, by their id. Only Linux shows it; elsewhere the process groups have to do.
    fn marked(&self) -> Vec<String> {
        let mark = format!("{MARK}={}", self.folder.display());
        let own = std::process::id().to_string();
        let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        pids.filter(|pid| *pid != own && pid.bytes().all(|byte| byte.is_ascii_digit()))
            .filter(|pid| {
                let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
            })
            .collect()
    }
}

/// README's command line, without `cargo` and the comment behind it: the program is called by its path.
fn recipe(readme: &str) -> anyhow::Result<Vec<String>> {
    let line = readme.lines().find(|line| line.starts_with("cargo lambda watch"));
    let line = line.context("README.md has no line that begins with `cargo lambda watch`")?;
    let line = line.split('#').next().unwrap_or_default();
    let words: Vec<String> = line.split_whitespace().skip(1).map(str::to_owned).collect();
    // Without an address it listens on every interface, and the functions take any caller of theirs for the gateway.
    ensure!(line.contains("--invoke-address 127.0.0.1"), "README.md's `cargo lambda watch` must stay on the loopback");
    Ok(words)
}

/// Somebody who calls the functions.
struct Caller {
    agent: ureq::Agent,
    base: String,
    credential: String,
}

/// What came back.
struct Reply {
    request: String,
    status: u16,
    body: Value,
}

impl Reply {
    fn expect(self, status: u16) -> anyhow::Result<Self> {
        ensure!(self.status == status, "{} answered {}, not {status}: {}", self.request, self.status, self.body);
        Ok(self)
    }
}

impl Caller {
    fn new(base: &str, key: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .proxy(None)
            .build()
            .new_agent();
        Self { agent, base: base.to_owned(), credential: format!("Bearer {key}") }
    }

    /// Waits until somebody listens.
    fn wait(&self, watch: &mut Child) -> anyhow::Result<()> {
        let address = self.base.trim_start_matches("http://");
        let deadline = Instant::now() + Duration::from_secs(60);
        while std::net::TcpStream::connect(address).is_err() {
            if let Some(status) = watch.try_wait()? {
                bail!("cargo lambda watch ended by itself: {status}");
            }
            ensure!(Instant::now() < deadline, "cargo lambda watch took no connection for 60 s");
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn get(&self, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Reply> {
        self.send("GET", path, headers, None)
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&Value>) -> anyhow::Result<Reply> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipe_is_the_one_of_the_readme_and_stays_on_the_loopback() {
        let words = recipe(include_str!("../../../../README.md")).unwrap();
        assert_eq!(words[..2], ["lambda", "watch"]);
        assert!(recipe("cargo lambda watch    # --invoke-address 127.0.0.1\n").is_err());
    }
}
