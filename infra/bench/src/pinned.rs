//! Processes that have one core, as an instance of a function has: a thread that was given one core starts them, and they inherit
//! it. `taskset` before each would be an `exec` and a start of its own, in the time of whatever is measured.

use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

/// The one core.
const CORE: &str = "0";

/// A process to be started, and who waits for it.
struct Order {
    command: Command,
    started: Sender<std::io::Result<(Instant, Child)>>,
}

static STARTER: OnceLock<Sender<Order>> = OnceLock::new();

/// Starts a process on one core, and answers the moment before.
///
/// # Errors
/// When the program is not there, or this system gives nobody a core.
pub(crate) fn spawn(command: Command) -> Result<(Instant, Child)> {
    let starter = match STARTER.get() {
        Some(starter) => starter,
        None => {
            let starter = starter()?;
            STARTER.get_or_init(|| starter)
        }
    };
    let program = command.get_program().to_string_lossy().into_owned();
    let (started, answer) = channel();
    starter.send(Order { command, started }).ok().context("nobody starts processes")?;
    answer.recv().context("nobody starts processes")?.with_context(|| program)
}

/// A thread that has the core and starts what it is told to.
fn starter() -> Result<Sender<Order>> {
    let (orders, queue) = channel();
    let (pinned, is_pinned) = channel();
    std::thread::spawn(move || {
        let outcome = pin_this_thread();
        let is_good = outcome.is_ok();
        let _ = pinned.send(outcome);
        if is_good {
            start_all(&queue);
        }
    });
    is_pinned.recv().context("nobody starts processes")??;
    Ok(orders)
}

fn pin_this_thread() -> Result<()> {
    // `<process>/task/<thread>`
    let here = std::fs::read_link("/proc/thread-self").context("only Linux says which thread this is")?;
    let thread = here.file_name().context("/proc/thread-self")?;
    let told = Command::new("taskset").args(["-c", "-p", CORE]).arg(thread).output();
    let told = told.context("taskset, of util-linux, is needed to give an instance one core")?;
    ensure!(told.status.success(), "taskset: {}", String::from_utf8_lossy(&told.stderr));
    Ok(())
}

fn start_all(queue: &Receiver<Order>) {
    for Order { mut command, started } in queue {
        let before = Instant::now();
        // Whoever asked may have gone.
        let _ = started.send(command.spawn().map(|child| (before, child)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    fn cores_of(process: Child) -> String {
        let told = process.wait_with_output().unwrap();
        let text = String::from_utf8(told.stdout).unwrap();
        text.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap().trim().to_owned()
    }

    #[test]
    fn who_is_started_here_has_one_core_and_this_process_keeps_its_own() {
        let show = || {
            let mut command = Command::new("cat");
            command.arg("/proc/self/status").stdout(Stdio::piped());
            command
        };
        let before = cores_of(show().spawn().unwrap());
        assert_eq!(cores_of(spawn(show()).unwrap().1), CORE);
        assert_eq!(cores_of(show().spawn().unwrap()), before);
        assert!(spawn(Command::new("/nowhere/nothing")).is_err());
    }
}
