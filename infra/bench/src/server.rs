//! The embedded stack's binary, running.

use std::io::{BufRead, BufReader};
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
        let mut child = Command::new(crate::built("rapport")?)
            .args(["--port", "0", "--aws-port", "0", "--seed", "empty", "--data-dir"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let base = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.trim().strip_prefix("API ")?.trim().strip_suffix("/v1")?.to_owned()));
        // Whoever stops reading would stop the writer.
        std::thread::spawn(move || lines.for_each(drop));
        let base = base.context("rapport ended without an address")?;
        let environment = std::fs::read_to_string(data.join("aws.env")).context("aws.env")?;
        let variables = environment.lines().filter_map(|line| line.split_once('='));
        let environment =
            variables.map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned())).collect();
        Ok(Self { child, base, environment })
    }

    /// Where functions find the services.
    ///
    /// # Errors
    /// When it did not say.
    pub(crate) fn endpoint(&self) -> Result<String> {
        let mut of_services = self.environment.iter().filter(|(name, _)| name == "AWS_ENDPOINT_URL");
        Ok(of_services.next().context("no AWS_ENDPOINT_URL")?.1.clone())
    }

    /// The process's id.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
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

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
