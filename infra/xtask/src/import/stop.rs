//! A wish to stop, and whether somebody has acted on it.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::outcome::COULD_NOT;

/// How long we wait before we look whether somebody wants to stop.
const SLICE: Duration = Duration::from_millis(100);

/// Whether somebody has asked for an end, and whether that was taken as what it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop {
    asked: Arc<AtomicBool>,
    is_heard: Cell<bool>,
}

impl Stop {
    /// Takes Ctrl-C and a request to terminate as a wish to cancel the job. The second one ends this command at once.
    ///
    /// # Errors
    /// When the system does not let us.
    pub(super) fn on_signals() -> anyhow::Result<Self> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, COULD_NOT.into(), Arc::clone(&stop.asked))?;
            flag::register(signal, Arc::clone(&stop.asked))?;
        }
        Ok(stop)
    }

    /// As if somebody had asked.
    #[cfg(test)]
    pub(super) fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked and nobody has acted on it yet.
    pub(super) fn is_wanted(&self) -> bool {
        self.asked.load(Ordering::Relaxed) && !self.is_heard.get()
    }

    /// Whether somebody has acted on it.
    pub(super) fn is_heard(&self) -> bool {
        self.is_heard.get()
    }

    /// Notes that the wish is acted on: what follows from it is not stopped by it.
    pub(super) fn hear(&self) {
        self.is_heard.set(true);
    }

    /// Waits, but no longer than until somebody asks.
    pub(super) fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            if self.is_wanted() {
                return;
            }
            std::thread::sleep(left.min(SLICE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_stop_ends_a_wait_and_no_wait_after_it_is_heard() {
        let (stop, started) = (Stop::default(), Instant::now());
        stop.wait(Duration::from_millis(1));
        stop.ask();
        stop.wait(Duration::from_secs(600));
        assert!(started.elapsed() < Duration::from_secs(60));
        stop.hear();
        let heard = Instant::now();
        stop.wait(Duration::from_millis(20));
        assert!(heard.elapsed() >= Duration::from_millis(20) && !stop.is_wanted());
    }

    #[test]
    fn a_signal_is_a_wish_to_stop() {
        // Only the flag: the conditional end would end the test.
        let stop = Stop::default();
        flag::register(SIGTERM, Arc::clone(&stop.asked)).unwrap();
        signal_hook::low_level::raise(SIGTERM).unwrap();
        assert!(stop.is_wanted());
    }
}
