//! `cargo xtask workspace create`: the first workspace of a deployed table, with an admin's API key.
//!
//! The work is done by the embedded stack's binary, which links the identity library anyway: linking it here as well would
//! make every other command wait for it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// Runs the command: `create --table NAME --name NAME`, with AWS settings from the environment.
///
/// # Errors
/// When the workspace could not be made; the program has said why.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let mut command = Command::new("cargo");
    crate::cloud::forget_this_crate(&mut command);
    let status = command
        .current_dir(root)
        .args(["run", "--quiet", "--package", "local", "--bin", "rapport", "--", "workspace"])
        .args(arguments)
        .status()
        .context("cargo run")?;
    ensure!(status.success(), "no workspace was made");
    Ok(())
}
