//! The functions' binaries, where `template.yaml` expects them: `target/lambda/<artefact>/bootstrap`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::child;

/// What was built.
#[derive(Debug)]
pub(super) struct Built {
    /// The functions' artefacts, each once.
    pub(super) names: Vec<String>,
    /// The binary that an operator makes workspaces with.
    pub(super) rapport: PathBuf,
}

/// Builds every artefact that the template names, and `rapport`.
///
/// With the dev profile, and all in one call, so that the dependencies are the ones that the tests have compiled already. Only
/// `cargo lambda build --release` makes what is deployed for customers; what differs is speed and size.
///
/// # Errors
/// When the build fails, or `strip` is missing.
pub(super) fn build(root: &Path) -> anyhow::Result<Built> {
    let names = named_in(&std::fs::read_to_string(root.join("template.yaml"))?);
    ensure!(!names.is_empty(), "template.yaml names no `CodeUri: target/lambda/<artefact>/`");
    let mut cargo = cargo(root);
    // Everything at once and not the functions alone: fewer crates chosen would mean other features of shared dependencies,
    // and so compiling those anew. The embedded stack's binary, which makes workspaces, is among them.
    cargo.args(["build", "--locked", "--workspace", "--bins"]);
    child::run(&mut cargo, Duration::from_secs(2400)).context("cargo build")?;

    let built = target_folder(root)?.join("debug");
    for name in &names {
        let folder = root.join("target/lambda").join(name);
        std::fs::create_dir_all(&folder)?;
        // A debug binary is mostly symbols, and the emulator keeps every package in memory.
        let mut strip = child::command("strip", root);
        strip.arg("-o").arg(folder.join("bootstrap")).arg(built.join(name));
        child::run(&mut strip, Duration::from_secs(60)).with_context(|| format!("strip {name} (package binutils)"))?;
    }
    Ok(Built { names: names.into_iter().collect(), rapport: built.join("rapport") })
}

/// What the template's `Architecture` parameter must be for binaries of this machine.
pub(super) fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }
}

/// The artefacts that a template names, without repetition: several functions may share one.
fn named_in(template: &str) -> BTreeSet<String> {
    template
        .lines()
        .filter_map(|line| line.trim().strip_prefix("CodeUri: target/lambda/"))
        .map(|rest| rest.trim_end_matches('/').to_owned())
        .collect()
}

/// Where cargo puts what it builds: asked of cargo, which knows `CARGO_TARGET_DIR` and every configuration file.
fn target_folder(root: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = cargo(root);
    cargo.args(["metadata", "--no-deps", "--format-version", "1", "--quiet"]);
    let written = child::run(&mut cargo, Duration::from_secs(60)).context("cargo metadata")?;
    // Warnings may come first; the document is the line that begins with a brace.
    let line = written.lines().find(|line| line.starts_with('{')).context("cargo metadata wrote no document")?;
    let document: serde_json::Value = serde_json::from_str(line)?;
    let folder = document["target_directory"].as_str().context("cargo metadata names no target_directory")?;
    Ok(PathBuf::from(folder))
}

/// The cargo that runs this command.
fn cargo(root: &Path) -> std::process::Command {
    child::command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artefact_of_two_functions_is_built_once() {
        let template = "  A:\n      CodeUri: target/lambda/views/\n  B:\n      CodeUri: target/lambda/views/\n  C:\n      CodeUri: target/lambda/journal/\n";
        assert_eq!(named_in(template).into_iter().collect::<Vec<_>>(), ["journal", "views"]);
    }
}
