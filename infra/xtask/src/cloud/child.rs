//! Child processes with a time limit, in a process group of their own so that what they start ends with them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

const POLL: Duration = Duration::from_millis(50);

/// What cargo tells of the crate that it runs, this one, by how the names begin.
const OF_THIS_CRATE: [&str; 7] = [
    "CARGO_PKG_",
    "CARGO_MANIFEST_",
    "CARGO_BIN_",
    "CARGO_CRATE_",
    "CARGO_CFG_",
    "CARGO_FEATURE_",
    "CARGO_PRIMARY_PACKAGE",
];

/// A command in `folder`, away from the terminal's signals and input, and unable to reach anybody's real account: only
/// credentials that are given to it explicitly exist. A cargo among its children finds built what the tests have built.
pub(super) fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = tied_to_us(program.as_ref());
    forget(&mut command, &OF_THIS_CRATE);
    forget(&mut command, &["AWS_"]);
    command
        .current_dir(folder)
        .stdin(Stdio::null())
        .process_group(0)
        .env_remove("PYTHONHOME")
        .env_remove("PYTHONPATH")
        .env_remove("VIRTUAL_ENV")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("SAM_CLI_TELEMETRY", "0")
        .env("NO_PROXY", "localhost,127.0.0.1");
    command
}

/// Takes what cargo tells of this crate out of a command's environment: build scripts watch some of those variables (that of
/// `ring` does), and everything that depends on them would be compiled again.
pub(crate) fn forget_this_crate(command: &mut Command) {
    forget(command, &OF_THIS_CRATE);
}

fn forget(command: &mut Command, starts: &[&str]) {
    for (name, _) in std::env::vars_os() {
        if starts.iter().any(|start| name.to_string_lossy().starts_with(start)) {
            command.env_remove(name);
        }
    }
}

/// Where the machine has `setpriv` (Linux), the kernel ends the child when this process dies, however it dies.
fn tied_to_us(program: &OsStr) -> Command {
    static SETPRIV: OnceLock<bool> = OnceLock::new();
    let works = || Command::new("setpriv").args(["--pdeathsig", "TERM", "--", "true"]).output();
    if *SETPRIV.get_or_init(|| works().is_ok_and(|output| output.status.success())) {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Runs to the end and gives what it wrote (both streams, in their order).
///
/// # Errors
/// When it cannot start, takes longer than `limit` (it is ended then, with all that it started), or says that it failed; the
/// message ends with the last lines of what it wrote.
pub(super) fn run(command: &mut Command, limit: Duration) -> anyhow::Result<String> {
    run_into(tempfile()?, command, limit, 60)
}

/// [`run`] with all that it wrote in a file, and an error that ends with so many lines of it.
///
/// # Errors
/// As [`run`], and when the file cannot be made.
pub(super) fn run_logged(command: &mut Command, limit: Duration, log: &Path, lines: usize) -> anyhow::Result<String> {
    let log = File::options().read(true).write(true).create_new(true).open(log);
    run_into(log.context("cannot make the log")?, command, limit, lines)
}

fn run_into(mut output: File, command: &mut Command, limit: Duration, lines: usize) -> anyhow::Result<String> {
    command.stdout(output.try_clone()?).stderr(output.try_clone()?);
    let mut child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if Instant::now() > deadline {
            let _ = end(&mut child);
            break None;
        }
        std::thread::sleep(POLL);
    };
    let mut written = Vec::new();
    output.rewind()?;
    output.read_to_end(&mut written)?;
    let written = String::from_utf8_lossy(&written).into_owned();
    match status {
        Some(status) if status.success() => Ok(written),
        Some(status) => bail!("{status}\n{}", tail(&written, lines)),
        None => bail!("not done after {} s\n{}", limit.as_secs(), tail(&written, lines)),
    }
}

/// Ends a child's process group: asks, waits up to 10 s, then insists.
///
/// # Errors
/// When its status cannot be had, which most callers do not need.
pub(crate) fn end(child: &mut Child) -> std::io::Result<ExitStatus> {
    signal(child, "TERM");
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        if !matches!(child.try_wait(), Ok(None)) {
            break;
        }
        std::thread::sleep(POLL);
    }
    // Also when the leader is gone: what it started may still be there.
    signal(child, "KILL");
    child.wait()
}

/// `kill` the program and not the system call, since the house forbids unsafe code.
fn signal(child: &Child, name: &str) {
    let _ = Command::new("kill")
        .arg(format!("-{name}"))
        .arg("--")
        .arg(format!("-{}", child.id()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// The last `lines` lines.
pub(super) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// A file without a name: a pipe would block a child that writes more than we read.
fn tempfile() -> anyhow::Result<File> {
    let path = std::env::temp_dir().join(format!("rapport-xtask-{}-{}", std::process::id(), unique()));
    let file = File::options().create_new(true).read(true).write(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

fn unique() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_fails_tells_its_last_words() {
        let mut failing = command("sh", Path::new("/"));
        failing.args(["-c", "echo first; echo last >&2; exit 3"]);
        let error = run(&mut failing, Duration::from_secs(10)).unwrap_err().to_string();
        assert!(error.contains("last") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_child_hears_nothing_of_this_crate_and_of_accounts() {
        // Cargo and nextest set these for this very test.
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
        let said = run(command("env", Path::new("/")).arg("-0"), Duration::from_secs(10)).unwrap();
        let names: Vec<&str> = said.split('\0').filter_map(|line| Some(line.split_once('=')?.0)).collect();
        assert!(!names.iter().any(|name| OF_THIS_CRATE.iter().any(|start| name.starts_with(start))), "{names:?}");
        let ours = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"];
        assert!(names.iter().all(|name| !name.starts_with("AWS_") || ours.contains(name)), "{names:?}");
    }

    #[test]
    fn a_child_that_takes_too_long_is_ended_with_all_it_started() {
        let mut slow = command("sh", Path::new("/"));
        slow.args(["-c", "sleep 600 & echo $!; wait"]);
        let error = run(&mut slow, Duration::from_millis(300)).unwrap_err().to_string();
        let grandchild = error.lines().last().expect("it wrote the id of what it started").trim().to_owned();
        let alive = Command::new("kill").args(["-0", &grandchild]).stderr(Stdio::null()).status().unwrap();
        let state = std::fs::read_to_string(format!("/proc/{grandchild}/stat")).unwrap_or_default();
        assert!(!alive.success() || state.contains(" Z "), "process {grandchild} is still there");
    }
}
