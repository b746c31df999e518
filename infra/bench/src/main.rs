//! What Rapport costs in time and units, measured on the real thing: the embedded stack's binary, functions as Lambda starts
//! them, and the replica's own library. `cargo xtask bench` builds all of them for release and starts this, once a part:
//!
//! - [`functions`]: what each function weighs, how fast it starts, and what it adds to the table's time.
//! - [`operations`]: what each operation takes of the table, in small and large workspaces.
//! - [`stack`]: how much the embedded stack answers.
//! - [`import`]: how fast a file comes in.
//! - [`replica`]: lists, search and cold starts over a large workspace.
//!
//! [`lambda`] plays Lambda's part with processes that are [`pinned`] to one core, [`server`] is the embedded stack's binary and
//! [`quiet`] one that leaves all work to others, [`world`] tells a journal of workspaces, [`crowd`] makes one through the API,
//! [`wire`] is HTTP.

mod applying;
mod cold;
mod crowd;
mod data;
mod definitions;
mod dice;
mod filters;
mod functions;
mod http;
mod import;
mod lambda;
mod line;
mod lists;
mod meter;
mod operations;
mod packed;
mod pages;
mod pinned;
mod plan;
mod questions;
mod quiet;
mod replica;
mod server;
mod stack;
mod stats;
mod wire;
mod world;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use report::Report;

use self::plan::Plan;

/// What can be measured, and how.
type Part = fn(&Plan, &Path) -> Result<Report>;
const PARTS: [(&str, &str, Part); 5] = [
    ("functions", "What each function weighs, starts in and adds", functions::measure),
    ("operations", "What each operation takes of the table", operations::measure),
    ("stack", "How much the embedded stack answers", stack::measure),
    ("import", "How fast a file comes in, and with a server that is killed", import::measure),
    ("replica", "Lists, search and cold starts over a large workspace", replica::measure),
];

fn main() -> ExitCode {
    let arguments = plan::command(&PARTS.map(|(name, about, _)| (name, about))).get_matches();
    let Some((name, arguments)) = arguments.subcommand() else { return ExitCode::from(2) };
    let Some((_, _, part)) = PARTS.iter().find(|(known, ..)| *known == name) else { return ExitCode::from(2) };
    match Plan::of(arguments).and_then(|plan| run(name, *part, &plan)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Measures, tells, and answers whether it ends well.
fn run(name: &str, part: Part, plan: &Plan) -> Result<bool> {
    let folder = tempfile::tempdir()?;
    let report = part(plan, folder.path())?;
    say(&report.figures());
    say(&report.table());
    match &plan.out {
        Some(path) if plan.writes() => {
            report::write(path, name, &report.section())?;
            say(&format!("written to {}", path.display()));
        }
        Some(path) => say(&format!("{} stays as it is: these are not the usual numbers", path.display())),
        None => {}
    }
    Ok(report.is_met() || !plan.check)
}

/// Tells the person at the terminal.
pub(crate) fn say(line: &str) {
    // Nobody is left to be told when this fails.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// The folder that this binary lies in, with those that were built with it.
pub(crate) fn built(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let path = here.parent().context("no folder")?.join(name);
    anyhow::ensure!(path.exists(), "{} is not built: use `cargo xtask bench`", path.display());
    Ok(path)
}
