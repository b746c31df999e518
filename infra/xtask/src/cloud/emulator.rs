//! The emulator: one `ministack` on a free port of the loopback, with its state in the run's folder.

use std::cell::RefCell;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::{child, tools};

/// Where the emulated stack is.
pub(super) const REGION: &str = "us-east-1";
/// The emulator's administrator; not a secret, since nothing outside the loopback can reach it.
const ADMINISTRATOR: &str = "test";

/// A running emulator; dropping it ends it.
#[derive(Debug)]
pub(super) struct Emulator {
    process: RefCell<Option<Child>>,
    port: u16,
    log: PathBuf,
}

impl Emulator {
    /// Starts it and waits until it takes connections.
    ///
    /// # Errors
    /// When it ends by itself or is not there after 60 s.
    pub(super) fn start(folder: &Path) -> anyhow::Result<Self> {
        let program = tools::program(&tools::MINISTACK, "ministack")?;
        // Somebody may take the port between the question and the start: then the next one is tried.
        let mut last = None;
        for _ in 0..3 {
            match Self::start_on(&program, folder, free_port()?) {
                Ok(emulator) => return Ok(emulator),
                Err(error) => last = Some(error),
            }
        }
        Err(last.context("no try was made")?)
    }

    fn start_on(program: &Path, folder: &Path, port: u16) -> anyhow::Result<Self> {
        let log = folder.join("ministack.log");
        let output = std::fs::File::create(&log)?;
        let mut command = child::command(program, folder);
        for name in ["tmp", "state"] {
            std::fs::create_dir_all(folder.join(name))?;
        }
        command
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            // Functions get credentials of their role, and every call of theirs is checked against it.
            .env("AUTH", "true")
            .env("AWS_ENDPOINT_URL", endpoint(port))
            .env("MINISTACK_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", ADMINISTRATOR)
            .env("AWS_SECRET_ACCESS_KEY", ADMINISTRATOR)
            .env("TMPDIR", folder.join("tmp"))
            .env("STATE_DIR", folder.join("state"))
            .env("S3_DATA_DIR", folder.join("state/s3"))
            // Functions inherit this. Their /tmp is the machine's, which no other function and no other run must share:
            // a relative path is in the folder of the function's own package, where the emulator starts it.
            .env("RAPPORT_REPLICA_DIR", "replicas")
            // So do they this: user pools call themselves by addresses at AWS, and answer here.
            .env("RAPPORT_ISSUER_EMULATOR", endpoint(port))
            // Otherwise it opens a port for devices, and looks for containers to tidy up.
            .env("IOT_MTLS_ENABLED", "false")
            .env("DOCKER_HOST", "unix:///nonexistent")
            .stdout(output.try_clone()?)
            .stderr(output);
        let process = command.spawn().context("cannot start ministack")?;
        let emulator = Self { process: RefCell::new(Some(process)), port, log };
        emulator.wait_until_there()?;
        Ok(emulator)
    }

    fn wait_until_there(&self) -> anyhow::Result<()> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        let deadline = Instant::now() + Duration::from_secs(60);
        while Instant::now() < deadline {
            if let Some(process) = self.process.borrow_mut().as_mut()
                && let Some(status) = process.try_wait()?
            {
                bail!("ministack ended by itself: {status}\n{}", self.log_tail(30));
            }
            if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("ministack took no connection on port {} for 60 s\n{}", self.port, self.log_tail(30))
    }

    /// A command that talks to the emulator as its administrator.
    pub(super) fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = child::command(program, folder);
        command
            .env("AWS_ENDPOINT_URL", endpoint(self.port))
            .env("AWS_ACCESS_KEY_ID", ADMINISTRATOR)
            .env("AWS_SECRET_ACCESS_KEY", ADMINISTRATOR)
            .env("AWS_REGION", REGION)
            .env("AWS_DEFAULT_REGION", REGION);
        command
    }

    /// `127.0.0.1:<port>`: where every service of the emulator answers, the deployed API by its Host header.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The last lines of its log.
    pub(super) fn log_tail(&self, lines: usize) -> String {
        child::tail(&std::fs::read_to_string(&self.log).unwrap_or_default(), lines)
    }

    /// Ends it, with the functions that it runs.
    ///
    /// # Errors
    /// When its port still answers afterwards.
    pub(super) fn stop(&self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.borrow_mut().take() {
            let _ = child::end(&mut process);
        }
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        ensure!(
            TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_err(),
            "port {} still answers",
            self.port
        );
        Ok(())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.borrow_mut().take() {
            let _ = child::end(&mut process);
        }
    }
}

fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("no free port on the loopback")?;
    Ok(listener.local_addr()?.port())
}
