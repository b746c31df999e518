//! `cargo xtask sign-in`: whether a client that others have written can sign people in by the development issuer.
//!
//! `tools/web_app.py` is a web app with the client of `authlib`, and the browser before it; `tools/sign_in.py` uses it. What the standards
//! say is for the library to know; the tests of `infra/local` know what Rapport says besides. A deployed stack's user pool is asked the
//! same way (`people`).

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::embedded::Embedded;
use super::{RunFolder, artefacts, child, step, tools};

const APP: &str = include_str!("../../tools/web_app.py");
const STORY: &str = include_str!("../../tools/sign_in.py");
/// How long all of it may take; it takes seconds.
const LIMIT: Duration = Duration::from_secs(120);
/// How much of a failure is told.
const TOLD: usize = 60;

/// Runs it.
///
/// # Errors
/// What is not as the client expects it.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "usage: cargo xtask sign-in");
    let python = tools::program(&tools::AUTHLIB, "python")?;
    let built = step("build the embedded stack", || artefacts::build(root))?;
    let folder = RunFolder::new(false)?;
    let outcome = sign_in(&python, &built.rapport, &folder.path);
    if outcome.is_err() {
        folder.keep();
    }
    outcome.with_context(|| format!("logs are in {}", folder.path.display()))
}

fn sign_in(python: &Path, rapport: &Path, folder: &Path) -> anyhow::Result<()> {
    let embedded = step("start the embedded stack", || Embedded::start(rapport, folder, &[]))?;
    step("sign in, call the API, refresh, sign out", || {
        let outcome = tell(python, &folder.join("sign-in"), STORY, embedded.issuer()?.as_ref());
        outcome.map(drop).inspect_err(|_| crate::complain(&embedded.log_tail(20)))
    })
}

/// Runs a story with the web app in a folder of its own, where its log stays. Answers what it has printed.
///
/// # Errors
/// With the end of what it wrote.
pub(super) fn tell(python: &Path, folder: &Path, story: &str, argument: &OsStr) -> anyhow::Result<String> {
    std::fs::create_dir(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    std::fs::write(folder.join("web_app.py"), APP)?;
    std::fs::write(folder.join("story.py"), story)?;
    let mut command = child::command(python, folder);
    // The library asks for TLS, which nobody needs on the way to their own machine.
    command.arg("story.py").arg(argument).env("AUTHLIB_INSECURE_TRANSPORT", "1");
    child::run_logged(&mut command, LIMIT, &folder.join("story.log"), TOLD)
}
