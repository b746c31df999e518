//! What Rapport costs in time, measured on the real thing: the embedded stack's binary, the function `views` as Lambda
//! starts it, and the replica's own library. `cargo xtask bench` builds all of them for release and starts this.
//!
//! 1. [`world`] makes two workspaces in a data directory, one with a hundredth of the records of the other.
//! 2. [`lists`], [`pages`] and [`questions`] ask the running binary over HTTP; [`cold`] starts `views` as Lambda does.
//! 3. [`applying`] times what happens inside a request when others have written.
//! 4. [`report`] says what was wanted, what was seen, and on which machine.

mod applying;
mod cold;
mod data;
mod definitions;
mod dice;
mod filters;
mod http;
mod lists;
mod machine;
mod pages;
mod questions;
mod report;
mod server;
mod stats;
mod world;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use self::report::Report;
use self::server::Server;
use self::world::{Sizes, World};

/// What a run is to do.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The records of the large workspace. The small one has a hundredth.
    pub(crate) sizes: Sizes,
    /// How many pages are sampled.
    pub(crate) pages: usize,
    /// How many cold starts.
    pub(crate) starts: usize,
    pub(crate) seed: u64,
}

fn main() -> ExitCode {
    let arguments = command().get_matches();
    let Some(("replica", arguments)) = arguments.subcommand() else { return ExitCode::from(2) };
    match run(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn command() -> Command {
    let number = |name: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("NUMBER")
            .default_value(default)
            .value_parser(value_parser!(usize))
            .help(help)
    };
    let replica = Command::new("replica")
        .about("Lists, search and cold starts over a large workspace")
        .arg(number("contacts", "100000", "Contacts of the large workspace"))
        .arg(number("companies", "20000", "Companies of the large workspace"))
        .arg(number("pages", "600", "How many pages of lists are sampled"))
        .arg(number("starts", "21", "How many cold starts"))
        .arg(number("seed", "1", "What the records and the sample follow from"))
        .arg(
            Arg::new("out")
                .long("out")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("Where the figures are written as a page; nowhere if nobody says"),
        )
        .arg(Arg::new("check").long("check").action(ArgAction::SetTrue).help("End with 1 when a target is missed"));
    Command::new("bench").about("What Rapport costs in time").subcommand_required(true).subcommand(replica)
}

/// Measures, tells, and answers whether it ends well.
fn run(arguments: &ArgMatches) -> Result<bool> {
    let number = |name: &str| arguments.get_one::<usize>(name).copied().with_context(|| name.to_owned());
    let plan = Plan {
        sizes: Sizes { contacts: number("contacts")?, companies: number("companies")? },
        pages: number("pages")?,
        starts: number("starts")?,
        seed: number("seed")? as u64,
    };
    let folder = tempfile::tempdir()?;
    let report = measure(&plan, folder.path())?;
    say(&report.table());
    if let Some(path) = arguments.get_one::<PathBuf>("out") {
        std::fs::write(path, report.page()).with_context(|| path.display().to_string())?;
        say(&format!("written to {}", path.display()));
    }
    Ok(report.is_met() || !arguments.get_flag("check"))
}

fn measure(plan: &Plan, folder: &Path) -> Result<Report> {
    let mut report = Report::new(plan);
    let data = folder.join("data");
    let world = World::make(plan, &data, &mut report)?;
    let server = Server::start(&data)?;
    say("asking for lists");
    lists::measure(&world, &server, &mut report)?;
    pages::measure(plan, &world, &server, &mut report)?;
    say("asking other questions");
    questions::measure(&world, &server, &mut report)?;
    say("starting anew");
    cold::measure(plan, &world, &server, folder, &mut report)?;
    server.stop()?;
    say("applying changes");
    applying::measure(&world, &data, folder, &mut report)?;
    Ok(report)
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
