//! `cargo xtask sign-in`: whether a client that others have written can sign people in by the development issuer.
//!
//! `tools/sign_in.py` is a web app with the client of `authlib`, and the browser before it. What the standards say is for the library
//! to know; the tests of `infra/local` know what Rapport says besides.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::embedded::Embedded;
use super::{RunFolder, artefacts, child, step, tools};

const APP: &str = include_str!("../../tools/sign_in.py");
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
    let app = folder.join("sign_in.py");
    std::fs::write(&app, APP)?;
    step("sign in, call the API, refresh, sign out", || {
        let mut command = child::command(python, folder);
        // The library asks for TLS, which nobody needs on the way to their own machine.
        command.arg(&app).arg(embedded.issuer()?).env("AUTHLIB_INSECURE_TRANSPORT", "1");
        let outcome = child::run_logged(&mut command, LIMIT, &folder.join("sign-in.log"), TOLD);
        outcome.map(drop).inspect_err(|_| crate::complain(&embedded.log_tail(20)))
    })
}
