//! `cargo xtask watch`: README's recipe for `cargo lambda watch`, as a test.
//!
//! The embedded stack is table, queues and files; `cargo lambda watch` runs the functions in processes of their own, behind the
//! routes of `Cargo.toml`. Each function is called once through it: those with routes over HTTP, the others with their sample event.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::caller::Caller;
use super::embedded::Embedded;
use super::{RunFolder, artefacts, child, step, tools};

/// A variable that everything inherits that is started here, so that it can be found again.
const MARK: &str = "RAPPORT_WATCH_RUN";
/// Functions without routes, and the sample of what triggers them.
const SAMPLES: [(&str, &str); 6] = [
    ("authorizer", "authorizer.json"),
    ("journal", "stream-journal.json"),
    ("mail", "queue-mail.json"),
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
        let start = || Embedded::start(rapport, self.folder, &[(MARK, self.folder.as_os_str())]);
        let embedded = step("start the embedded stack", start)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = child::command(program, self.root);
        command.args(recipe(&std::fs::read_to_string(self.root.join("README.md"))?)?);
        // A port that is free here, and no rebuilding while somebody edits.
        command.args(["--ignore-changes", "--wait", "--invoke-port", &port.to_string()]).envs(embedded.variables()?);
        let log = File::create(self.log())?;
        command.env(MARK, self.folder).stdout(log.try_clone()?).stderr(log);
        let mut watch = command.spawn().context("cannot start cargo lambda watch")?;
        let caller = Caller::new(&format!("http://127.0.0.1:{port}"), &embedded.key()?);
        let outcome = self.call(&mut watch, &caller);
        let _ = child::end(&mut watch);
        if outcome.is_err() {
            let watched = child::tail(&std::fs::read_to_string(self.log()).unwrap_or_default(), 40);
            crate::complain(&format!("-- rapport\n{}\n-- cargo lambda watch\n{watched}", embedded.log_tail(40)));
        }
        outcome
    }

    fn log(&self) -> PathBuf {
        self.folder.join("watch.log")
    }

    fn call(&self, watch: &mut Child, caller: &Caller) -> anyhow::Result<()> {
        step("wait for cargo lambda watch", || caller.wait(watch))?;
        step("identity", || {
            caller.get("/v1/openapi.json", &[])?.expect(200)?;
            let me = caller.get("/v1/me", &[])?.expect(200)?;
            ensure!(me.body["role"] == "owner", "{}", me.body);
            caller.with_key("rk_nobody").get("/v1/me", &[])?.expect(401).map(drop)
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
        step("schema", || {
            let object = json!({ "name": "x_bridge", "plural": "x_bridges" });
            caller.send("POST", "/v1/schema/objects", &[], Some(&object))?.expect(201).map(drop)
        })?;
        step("objects", || {
            let bridge = json!({ "name": "Oberbaum" });
            caller.send("POST", "/v1/x_bridges", &[], Some(&bridge))?.expect(201).map(drop)
        })?;
        step("jobs", || {
            let bulk = json!({ "ids": [made.body["id"]], "change": { "city": "Potsdam" } });
            caller.send("POST", "/v1/contacts/bulk", &[], Some(&bulk))?.expect(202).map(drop)
        })?;
        for (function, file) in SAMPLES {
            step(function, || self.sample(caller, function, file))?;
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
