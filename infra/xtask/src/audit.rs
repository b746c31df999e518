//! `cargo xtask audit verify`: whether the audit log of a workspace is what it was when its days were sealed.
//!
//! The work is done by the embedded stack's binary, as for `workspace create`.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};

const USAGE: &str = "\
cargo xtask audit verify --workspace wsp_… [--table NAME] [--endpoint URL] [--from DAY] [--to DAY]

Reads every event of those days (all, if nobody says), and tells the first one of each day that was changed, taken away or put in.

  --workspace ID    whose events
  --table NAME      the table of a deployed stack (its output TableName), with AWS settings from the environment; without it the
                    one of `cargo dev`, which has to be running
  --endpoint URL    where the table is, if that is not AWS itself
  --data-dir DIR    where `cargo dev` keeps everything; .rapport if nobody says
  --from, --to DAY  the first and the last day in UTC, 2026-11-21

Ends with 0 if everything is as it was, 1 if something is not, 2 if that could not be found out.";

/// What the program ends with when something is wrong.
const WRONG: i32 = 1;

/// Runs the command and answers how it ended.
pub(crate) fn run(root: &Path, arguments: &[String]) -> ExitCode {
    match verify(root, arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            crate::complain(&format!("error: {error:#}"));
            ExitCode::from(2)
        }
    }
}

/// Whether nothing is wrong.
fn verify(root: &Path, arguments: &[String]) -> anyhow::Result<bool> {
    let asked = Asked::parse(arguments)?;
    let mut command = Command::new("cargo");
    crate::cloud::forget_this_crate(&mut command);
    command.current_dir(root).args([
        "run",
        "--quiet",
        "--package",
        "local",
        "--bin",
        "rapport",
        "--",
        "audit",
        "verify",
    ]);
    command.args(&asked.passed);
    if asked.table.is_none() {
        let file = root.join(&asked.data_dir).join("aws.env");
        let text = std::fs::read_to_string(&file);
        let text = text.with_context(|| format!("no --table, and no {}: is `cargo dev` running?", file.display()))?;
        let settings: Vec<_> = text.lines().filter_map(|line| line.split_once('=')).collect();
        let table = settings.iter().find(|(name, _)| *name == "RAPPORT_TABLE").context("no table in aws.env")?.1;
        command.args(["--table", table]).envs(settings);
    }
    command.envs(asked.endpoint.map(|url| ("AWS_ENDPOINT_URL", url)));
    let status = command.status().context("cargo run")?;
    ensure!(matches!(status.code(), Some(0 | WRONG)), "the log could not be verified");
    Ok(status.success())
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    /// What the program is given as it is.
    passed: Vec<String>,
    table: Option<String>,
    endpoint: Option<String>,
    data_dir: String,
}

impl Asked {
    fn parse(arguments: &[String]) -> anyhow::Result<Self> {
        let mut asked = Self { passed: Vec::new(), table: None, endpoint: None, data_dir: ".rapport".to_owned() };
        ensure!(arguments.first().is_some_and(|verb| verb == "verify"), "{USAGE}");
        let (mut rest, mut has_workspace) = (arguments.iter().skip(1), false);
        while let Some(name) = rest.next() {
            let value = rest.next().with_context(|| USAGE.to_owned())?.clone();
            match name.as_str() {
                "--endpoint" => asked.endpoint = Some(value),
                "--data-dir" => asked.data_dir = value,
                "--table" | "--workspace" | "--from" | "--to" => {
                    asked.passed.extend([name.clone(), value.clone()]);
                    has_workspace |= name == "--workspace";
                    asked.table = asked.table.or_else(|| (name == "--table").then_some(value));
                }
                _ => anyhow::bail!("no option {name}\n\n{USAGE}"),
            }
        }
        ensure!(has_workspace, "{USAGE}");
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> anyhow::Result<Asked> {
        Asked::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_asked_for_is_passed_on() {
        let asked = parse("verify --workspace wsp_1 --from 2026-01-01 --endpoint http://localhost:4566").unwrap();
        assert_eq!(asked.passed.join(" "), "--workspace wsp_1 --from 2026-01-01");
        assert_eq!((asked.table, asked.endpoint.as_deref()), (None, Some("http://localhost:4566")));
        assert_eq!(parse("verify --workspace wsp_1 --table t").unwrap().table.as_deref(), Some("t"));
        for wrong in ["", "check", "verify", "verify --workspace", "verify --workspace w --days 3"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
