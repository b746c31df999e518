//! The embedded stack in a process of its own: `rapport` on free ports, with its data in the folder of the run.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::child;

/// What it says when it is there.
const THERE: &str = "Rapport is running";
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running embedded stack with an empty workspace; dropping it ends it.
#[derive(Debug)]
pub(super) struct Embedded {
    process: RefCell<Child>,
    folder: PathBuf,
}

impl Embedded {
    /// Starts it in a folder, with variables besides those of this process, and waits until it is there.
    ///
    /// # Errors
    /// When it ends by itself or takes too long.
    pub(super) fn start(rapport: &Path, folder: &Path, variables: &[(&str, &OsStr)]) -> anyhow::Result<Self> {
        let log = File::create(log_in(folder))?;
        let mut command = child::command(rapport, folder);
        command.args(["--port", "0", "--aws-port", "0", "--seed", "empty"]).envs(variables.iter().copied());
        command.stdout(log.try_clone()?).stderr(log);
        let process = RefCell::new(command.spawn().context("cannot start rapport")?);
        let embedded = Self { process, folder: folder.to_owned() };
        let deadline = Instant::now() + PATIENCE;
        while !embedded.said()?.contains(THERE) {
            let ended = embedded.process.borrow_mut().try_wait()?;
            ensure!(ended.is_none(), "rapport ended by itself\n{}", embedded.log_tail(20));
            ensure!(Instant::now() < deadline, "rapport was not there after {} s", PATIENCE.as_secs());
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(embedded)
    }

    fn said(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(log_in(&self.folder))?)
    }

    /// The last lines of its log.
    pub(super) fn log_tail(&self, lines: usize) -> String {
        child::tail(&self.said().unwrap_or_default(), lines)
    }

    /// Where its API is: `http://127.0.0.1:<port>`.
    ///
    /// # Errors
    /// When it does not say.
    pub(super) fn base(&self) -> anyhow::Result<String> {
        let said = self.said()?;
        let word = said.split_whitespace().find_map(|word| word.strip_suffix("/v1"));
        Ok(word.with_context(|| format!("rapport does not say where its API is:\n{said}"))?.to_owned())
    }

    /// Who signs people in: `http://localhost:<port>/oidc`.
    ///
    /// # Errors
    /// When it does not say.
    pub(super) fn issuer(&self) -> anyhow::Result<String> {
        let said = self.said()?;
        let word = said.split_whitespace().find(|word| word.ends_with("/oidc"));
        Ok(word.with_context(|| format!("rapport does not say where to sign in:\n{said}"))?.to_owned())
    }

    /// The administrator's API key.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn key(&self) -> anyhow::Result<String> {
        let key = std::fs::read_to_string(self.folder.join(".rapport/api-key")).context("no API key")?;
        Ok(key.trim().to_owned())
    }

    /// What functions in other processes need to know.
    ///
    /// # Errors
    /// When it has not written it down.
    pub(super) fn variables(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let text = std::fs::read_to_string(self.folder.join(".rapport/aws.env")).context("no aws.env")?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Ok(pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect())
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        let _ = child::end(&mut self.process.borrow_mut());
    }
}

fn log_in(folder: &Path) -> PathBuf {
    folder.join("rapport.log")
}
