//! `cargo xtask bench`: what Rapport costs in time, units and money, as sections of `docs/PERFORMANCE.md`.
//!
//! What has to be measured is measured by `infra/bench` on release builds of what people run; it links the embedded stack, and
//! linking that here as well would make every other command wait for it. The bill is computed here, from the template.

mod bill;

pub(crate) use bill::idle;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};

/// Where the figures are kept.
const PAGE: &str = "docs/PERFORMANCE.md";
const USAGE: &str = "usage: cargo xtask bench [functions|operations|stack|import|bill|replica|all] [--check]";
/// What measures, and what every part needs: packages and their binaries.
const BUILT: [(&str, &str); 2] = [("local", "rapport"), ("bench", "bench")];

/// Measures one part, or all: `[PART] [--check] …`.
///
/// # Errors
/// When something does not build, or the program that measures fails: it has said why.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let (part, rest) = match arguments {
        [part, rest @ ..] if !part.starts_with("--") => (part.as_str(), rest),
        rest => ("all", rest),
    };
    if part != "all" {
        ensure!(report::PARTS.contains(&part), "`{part}` is not measured\n{USAGE}");
        return one(root, part, rest);
    }
    ensure!(rest.iter().all(|argument| argument == "--check"), "{USAGE}");
    let mut missed = Vec::new();
    for part in report::PARTS {
        crate::complain(&format!("\n== {part}"));
        if let Err(error) = one(root, part, rest) {
            crate::complain(&format!("error: {error:#}"));
            missed.push(part);
        }
    }
    match missed.as_slice() {
        [] => Ok(()),
        parts => bail!("not as it should be: {}", parts.join(", ")),
    }
}

fn one(root: &Path, part: &str, arguments: &[String]) -> anyhow::Result<()> {
    if part == "bill" {
        return bill::run(root, arguments);
    }
    let mut build = cargo(root);
    build.args(["build", "--release", "--quiet"]);
    for (package, binary) in BUILT {
        build.args(["--package", package, "--bin", binary]);
    }
    for function in functions(root, part)? {
        build.args(["--package", &function, "--bin", &function]);
    }
    ensure!(build.status().context("cargo build")?.success(), "what is to be measured does not build");
    // Not `cargo run`: it would build that one package anew, with fewer features than all together.
    let here = std::env::current_exe()?;
    let target = here.ancestors().nth(2).context("this program is not in <target>/<profile>")?;
    let mut measure = Command::new(target.join("release/bench"));
    measure.current_dir(root).args([part, "--out", PAGE]).args(arguments);
    ensure!(measure.status().context("bench")?.success(), "a target was missed, or nothing could be measured");
    Ok(())
}

/// The functions that a part starts: all of them, and the floor, or the one that answers lists.
fn functions(root: &Path, part: &str) -> anyhow::Result<Vec<String>> {
    let mut names = vec!["views".to_owned()];
    if part == "functions" {
        let folders = std::fs::read_dir(root.join("functions"))?;
        names = folders
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<anyhow::Result<_>>()?;
        names.push("hello".to_owned());
        names.sort();
    }
    Ok(names)
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
        for arguments in [&["everything".to_owned()][..], &["all".to_owned(), "--contacts".to_owned()][..]] {
            assert!(run(Path::new("/nowhere"), arguments).is_err());
        }
    }

    #[test]
    fn the_floor_and_every_function_are_measured() {
        let names = functions(&crate::root(), "functions").unwrap();
        assert!(
            ["authorizer", "hello", "views"].iter().all(|name| names.iter().any(|known| known == name)),
            "{names:?}"
        );
    }
}
