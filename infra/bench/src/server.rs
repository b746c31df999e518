//! The embedded stack's binary, running.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

/// `rapport` over a data directory, as people start it. Ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// `http://127.0.0.1:49152`
    pub(crate) base: String,
    /// What functions in processes of their own need to know, as name and value.
    pub(crate) environment: Vec<(String, String)>,
}

impl Server {
    /// Starts it and waits until it takes requests.
    ///
    /// # Errors
    /// When it is not built, or ends by itself.
    pub(crate) fn start(data: &Path) -> Result<Self> {
        Self::of(command(data)?, data)
    }

    /// The same, where somebody listens to what is logged by these targets; the other lines go where they always do.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub(crate) fn overheard(data: &Path, targets: &str, takes: impl Fn(&str) -> bool + Send + 'static) -> Result<Self> {
        let mut command = command(data)?;
        command.env("RAPPORT_LOG", targets).env("NO_COLOR", "1").stderr(Stdio::piped());
        let mut server = Self::of(command, data)?;
        let log = BufReader::new(server.child.stderr.take().context("no log")?).lines();
        std::thread::spawn(move || {
            let others = log.map_while(Result::ok).filter(|line| !takes(line));
            // Nobody is left to be told when this fails.
            others.for_each(|line| drop(writeln!(std::io::stderr(), "{line}")));
        });
        Ok(server)
    }

    fn of(mut command: Command, data: &Path) -> Result<Self> {
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let base = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.trim().strip_prefix("API ")?.trim().strip_suffix("/v1")?.to_owned()));
        // Whoever stops reading would stop the writer.
        std::thread::spawn(move || lines.for_each(drop));
        let base = base.context("rapport ended without an address")?;
        Ok(Self { child, base, environment: environment(data)? })
    }

    /// The process's id.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// What it has computed since it started, in milliseconds.
    ///
    /// # Errors
    /// When it has ended.
    pub(crate) fn computed_ms(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Behind the name, which may hold anything, in hundredths of a second: Linux says so to every program.
        let (_, fields) = stat.rsplit_once(") ").context("stat")?;
        let ticks = fields.split(' ').skip(11).take(2).map(|ticks| Ok(ticks.parse::<f64>()?)).sum::<Result<f64>>()?;
        Ok(ticks * 10.0)
    }

    /// Asks it to end, and waits for that: whoever opens its data next must be alone with them.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub(crate) fn stop(mut self) -> Result<()> {
        // `kill` the program and not the system call, since the house forbids unsafe code.
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        if asked.is_ok_and(|status| status.success()) {
            for _ in 0..100 {
                if self.child.try_wait()?.is_some() {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        Ok(())
    }
}

fn command(data: &Path) -> Result<Command> {
    let mut command = Command::new(crate::built("rapport")?);
    command.args(["--port", "0", "--aws-port", "0", "--seed", "empty", "--data-dir"]).arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    Ok(command)
}

/// What functions in processes of their own need to know of the stack over a data directory, as name and value.
///
/// # Errors
/// When it has not said.
pub(crate) fn environment(data: &Path) -> Result<Vec<(String, String)>> {
    let said = std::fs::read_to_string(data.join("aws.env")).context("aws.env")?;
    let variables = said.lines().filter_map(|line| line.split_once('='));
    Ok(variables.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect())
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
