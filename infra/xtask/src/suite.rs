//! `cargo xtask test`: everything that must be green, in the order in which it fails fastest.
//!
//! Every step runs, so that one run tells everything, except those that need the network, which wait until all else is green. At the end
//! stand the steps with their durations and the totals of the test runner.

mod totals;

use anyhow::{Context, bail};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use totals::Totals;

/// How long all tests together may take: ten times what they take on two cores. (nextest limits each single one as well.)
const LIMIT: Duration = Duration::from_secs(2400);

/// A command of this program.
type Proof = fn(&Path, &[String]) -> anyhow::Result<()>;

/// What runs processes of its own, by tools of other languages: the API against its document, signing in by a client that others
/// have written, README's recipe for one function, and the deployed stack in an emulator.
const PROOFS: [(&str, Proof); 4] = [
    ("openapi document", crate::cloud::conform),
    ("sign-in", crate::cloud::sign_in),
    ("cargo lambda watch", crate::cloud::watch),
    ("deployed", crate::cloud::run),
];

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Green,
    Red(String),
    Skipped(String),
}

/// A step that is over.
#[derive(Debug)]
struct Step {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
}

/// Runs the steps; an error when any is red.
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let cloud = match arguments {
        [] => true,
        [only] if only == "--no-cloud" => false,
        _ => bail!("usage: cargo xtask test [--no-cloud]"),
    };
    let mut totals = Totals::default();
    let mut steps = Vec::new();
    let mut step = |name, work: &mut dyn FnMut() -> Outcome| {
        crate::complain(&format!("\n== {name}"));
        let start = Instant::now();
        let outcome = work();
        steps.push(Step { name, outcome, took: start.elapsed() });
        steps.iter().all(|step| !matches!(step.outcome, Outcome::Red(_)))
    };
    step("format", &mut || cargo(root, &["fmt", "--all", "--check"]));
    step("clippy", &mut || {
        cargo(root, &["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])
    });
    step("tidy", &mut || outcome(crate::tidy::run(root, &[])));
    step("idle bill", &mut || outcome(crate::bench::idle(root)));
    step("licences and duplicates", &mut || deny(root));
    step("documentation", &mut || documentation(root));
    let mut green = step("tests", &mut || tests(root, &mut totals));
    for (name, proof) in PROOFS {
        green = step(name, &mut || match (cloud, green) {
            (false, _) => Outcome::Skipped("--no-cloud".to_owned()),
            (true, false) => Outcome::Skipped("first everything else has to be green".to_owned()),
            (true, true) => outcome(proof(root, &[])),
        });
    }
    report(&steps, &totals)
}

fn outcome(of: anyhow::Result<()>) -> Outcome {
    of.map_or_else(|error| Outcome::Red(format!("{error:#}")), |()| Outcome::Green)
}

fn deny(root: &Path) -> Outcome {
    if !answers(root, &["deny", "--version"]) {
        return Outcome::Skipped("cargo-deny is not installed (`cargo install cargo-deny --locked`)".to_owned());
    }
    cargo(root, &["deny", "check", "bans", "licenses", "sources"])
}

fn documentation(root: &Path) -> Outcome {
    let mut command = command(root, &["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
    command.env("RUSTDOCFLAGS", "--deny warnings");
    finish(command)
}

/// All tests, by nextest where it is installed and by cargo's own runner elsewhere.
fn tests(root: &Path, totals: &mut Totals) -> Outcome {
    let arguments: &[&str] = if answers(root, &["nextest", "--version"]) {
        &["nextest", "run", "--workspace", "--profile", "ci"]
    } else {
        &["test", "--workspace", "--no-fail-fast"]
    };
    let mut command = command(root, arguments);
    // A new snapshot is a failure here, not a file to be looked at later.
    command.env("INSTA_UPDATE", "no").stdout(Stdio::piped()).stderr(Stdio::piped());
    match watched(command, LIMIT, totals) {
        Ok(_) if totals.run == 0 => Outcome::Red("no test ran".to_owned()),
        Ok(true) => Outcome::Green,
        Ok(false) => Outcome::Red(format!("tests failed, or took longer than {} s", LIMIT.as_secs())),
        Err(error) => Outcome::Red(format!("{error:#}")),
    }
}

/// Runs a command, passes on what it says while it says it, and counts the tests. Past the limit it is ended with all that it
/// started.
fn watched(mut command: Command, limit: Duration, totals: &mut Totals) -> anyhow::Result<bool> {
    let mut child = command.process_group(0).spawn().context("cannot run the tests")?;
    let (out, err) = (child.stdout.take().context("no output")?, child.stderr.take().context("no errors")?);
    let deadline = Instant::now() + limit;
    let (from_out, from_err, status) = std::thread::scope(|scope| {
        let out = scope.spawn(|| passed_on(out, std::io::stdout()));
        let err = scope.spawn(|| passed_on(err, std::io::stderr()));
        let status = loop {
            match child.try_wait() {
                Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(100)),
                Ok(None) => break crate::cloud::end(&mut child),
                Ok(Some(status)) => break Ok(status),
                Err(error) => break Err(error),
            }
        };
        (out.join(), err.join(), status)
    });
    totals.add(&from_out.ok().context("reading the output failed")??);
    totals.add(&from_err.ok().context("reading the errors failed")??);
    Ok(status?.success())
}

/// Copies line by line and adds up the totals on the way.
fn passed_on(from: impl Read, mut to: impl Write) -> anyhow::Result<Totals> {
    let mut totals = Totals::default();
    for line in BufReader::new(from).split(b'\n') {
        let mut line = line?;
        totals.read(&String::from_utf8_lossy(&line));
        line.push(b'\n');
        to.write_all(&line)?;
    }
    Ok(totals)
}

fn report(steps: &[Step], totals: &Totals) -> anyhow::Result<()> {
    crate::say("");
    for step in steps {
        let how = match &step.outcome {
            Outcome::Green => "ok".to_owned(),
            Outcome::Red(why) => format!("FAILED: {why}"),
            Outcome::Skipped(why) => format!("skipped: {why}"),
        };
        crate::say(&format!("{:>7.1} s  {:<24} {how}", step.took.as_secs_f64(), step.name));
    }
    crate::say(&totals.to_string());
    let red = steps.iter().filter(|step| matches!(step.outcome, Outcome::Red(_))).map(|step| step.name);
    match red.collect::<Vec<_>>().as_slice() {
        [] => Ok(()),
        names => bail!("failed: {}", names.join(", ")),
    }
}

fn cargo(root: &Path, arguments: &[&str]) -> Outcome {
    finish(command(root, arguments))
}

fn finish(mut command: Command) -> Outcome {
    match command.status() {
        Ok(status) if status.success() => Outcome::Green,
        Ok(status) => Outcome::Red(format!("`{}` ended with {status}", words(&command))),
        Err(error) => Outcome::Red(format!("`{}`: {error}", words(&command))),
    }
}

fn words(command: &Command) -> String {
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once("cargo".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// Whether a subcommand of cargo is installed.
fn answers(root: &Path, arguments: &[&str]) -> bool {
    let mut command = command(root, arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Cargo at the root.
fn command(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root).stdin(Stdio::null());
    crate::cloud::forget_this_crate(&mut command);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(outcome: Outcome) -> Step {
        Step { name: "a step", outcome, took: Duration::from_secs(1) }
    }

    #[test]
    fn one_red_step_makes_the_run_red() {
        let skipped = step(Outcome::Skipped("not installed".to_owned()));
        let red = step(Outcome::Red("two".to_owned()));
        assert!(report(&[step(Outcome::Green), skipped], &Totals::default()).is_ok());
        assert!(report(&[step(Outcome::Green), red], &Totals::default()).is_err());
    }

    #[test]
    fn what_a_runner_says_is_passed_on_and_counted() {
        let said = "Compiling\n     Summary [   1.5s] 3 tests run: 3 passed, 0 skipped\n";
        let mut heard = Vec::new();
        let totals = passed_on(said.as_bytes(), &mut heard).unwrap();
        assert_eq!(String::from_utf8(heard).unwrap(), said);
        assert_eq!(totals.run, 3);
    }

    #[test]
    fn a_runner_that_does_not_end_is_ended() {
        let mut slow = Command::new("sh");
        slow.args(["-c", "sleep 600 & wait"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let passed = watched(slow, Duration::from_millis(200), &mut Totals::default()).unwrap();
        assert!(!passed && started.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn unknown_arguments_are_refused_before_anything_runs() {
        assert!(run(Path::new("/nowhere"), &["--fast".to_owned()]).is_err());
    }
}
