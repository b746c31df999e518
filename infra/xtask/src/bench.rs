//! `cargo xtask bench replica`: what Rapport costs in time, measured on release builds of what people run.
//!
//! The work is done by `infra/bench`, which links the embedded stack: linking it here as well would make every other command
//! wait for it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};

/// Where the figures are kept.
const PAGE: &str = "docs/PERFORMANCE.md";
/// What is measured, and what measures it: packages and their binaries.
const BUILT: [(&str, &str); 3] = [("local", "rapport"), ("views", "views"), ("bench", "bench")];

/// Builds and measures: `replica [--check] [--contacts NUMBER] …`.
///
/// # Errors
/// When something does not build, or the program that measures fails: it has said why.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let [what, rest @ ..] = arguments else { bail!("usage: cargo xtask bench replica [--check]") };
    ensure!(what == "replica", "`{what}` is not measured: replica is");
    let mut build = cargo(root);
    build.args(["build", "--release", "--quiet"]);
    for (package, binary) in BUILT {
        build.args(["--package", package, "--bin", binary]);
    }
    ensure!(build.status().context("cargo build")?.success(), "what is to be measured does not build");
    // Not `cargo run`: it would build that one package anew, with fewer features than all together.
    let here = std::env::current_exe()?;
    let target = here.ancestors().nth(2).context("this program is not in <target>/<profile>")?;
    let mut measure = Command::new(target.join("release/bench"));
    measure.current_dir(root).args([what, "--out", PAGE]).args(rest);
    ensure!(measure.status().context("bench")?.success(), "a target was missed, or nothing could be measured");
    Ok(())
}

fn cargo(root: &Path) -> Command {
    let mut command = Command::new("cargo");
    crate::cloud::forget_this_crate(&mut command);
    command.current_dir(root);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_measured_is_refused_before_anything_is_built() {
        for arguments in [&[][..], &["everything".to_owned()][..]] {
            assert!(run(Path::new("/nowhere"), arguments).is_err());
        }
    }
}
