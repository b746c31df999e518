//! `cargo xtask openapi`: writes what follows from the capabilities' code: `docs/openapi.json`, `docs/operations.txt`,
//! `docs/permissions.txt`, the route table of `docs/API.md`, the routes of `template.yaml` and of `cargo lambda watch` in `Cargo.toml`, and the samples of domain events in
//! `events/domain/`.
//!
//! The contract test that compares them writes them instead when it is told to: one piece of code knows how.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};

/// Runs the command: with the whole workspace, whose crates are then built as for any other command and not once more.
///
/// # Errors
/// When the tests do not build.
pub(crate) fn run(root: &Path, _: &[String]) -> anyhow::Result<()> {
    let mut command = Command::new("cargo");
    crate::cloud::forget_this_crate(&mut command);
    let status = command
        .current_dir(root)
        .args(["test", "--quiet", "--workspace", "--test", "it", "contract::documents"])
        .env("RAPPORT_WRITE_DOCUMENTS", "1")
        .status()
        .context("cargo test")?;
    ensure!(status.success(), "the documents were not written");
    Ok(())
}
