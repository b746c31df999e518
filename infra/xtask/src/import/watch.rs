//! A job from its beginning to its end, whichever that is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::client::{Client, Refusal, Request};
use super::outcome::COULD_NOT;
use super::progress::{Progress, state};
use super::screen::Screen;

/// How long we wait before we look whether somebody wants to stop.
const SLICE: Duration = Duration::from_millis(100);

/// Whether somebody has asked for an end.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Takes Ctrl-C and a request to terminate as a wish to cancel the job. The second one ends this command at once.
    ///
    /// # Errors
    /// When the system does not let us.
    pub(super) fn on_signals() -> anyhow::Result<Self> {
        let stop = Self::default();
        for signal in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(signal, COULD_NOT.into(), Arc::clone(&stop.0))?;
            flag::register(signal, Arc::clone(&stop.0))?;
        }
        Ok(stop)
    }

    /// As if somebody had asked.
    #[cfg(test)]
    pub(super) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits, but no longer than until somebody asks.
    fn wait(&self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            if self.is_asked() {
                return;
            }
            std::thread::sleep(left.min(SLICE));
        }
    }
}

/// A job that is finished, in whatever way, as it is then.
///
/// # Errors
/// When it cannot be looked at any more: it goes on all the same.
pub(super) fn watch(client: &Client, id: &str, stop: &Stop, screen: &mut Screen<'_>) -> anyhow::Result<Value> {
    let mut progress = Progress::new(client.pace.line);
    let outcome = until_finished(client, id, stop, screen, &mut progress);
    progress.end(screen);
    outcome
}

fn until_finished(
    client: &Client,
    id: &str,
    stop: &Stop,
    screen: &mut Screen<'_>,
    progress: &mut Progress,
) -> anyhow::Result<Value> {
    let path = format!("/v1/jobs/{id}");
    let (mut heard, mut is_cancelled) = (Instant::now(), false);
    loop {
        if stop.is_asked() && !is_cancelled {
            progress.end(screen);
            screen.tell("cancelling; once more ends this command at once, and the job goes on");
            cancel(client, &path).with_context(|| format!("{id} goes on: it could not be cancelled"))?;
            is_cancelled = true;
        }
        match client.ask(&Request::get(&path)) {
            Ok(job) => {
                heard = Instant::now();
                progress.show(&job, screen);
                if matches!(state(&job), "done" | "failed" | "cancelled") {
                    return Ok(job);
                }
            }
            // The job does not need us.
            Err(Refusal::Passing(why, _)) if heard.elapsed() < client.pace.silence => {
                progress.show_silence(&why, screen)
            }
            Err(why) => bail!("{id} goes on, but cannot be looked at: {why}"),
        }
        if is_cancelled {
            // Nobody is listened to any more: that must not become a loop without a pause.
            std::thread::sleep(client.pace.look);
        } else {
            stop.wait(client.pace.look);
        }
    }
}

/// Stops a job. One that was finished meanwhile is as good.
fn cancel(client: &Client, path: &str) -> Result<(), Refusal> {
    match client.insist(&Request::post(&format!("{path}/cancel"), &json!({}))) {
        Ok(_) | Err(Refusal::Final(Some(409), _)) => Ok(()),
        Err(why) => Err(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_stop_ends_a_wait() {
        let (stop, started) = (Stop::default(), Instant::now());
        stop.wait(Duration::from_millis(1));
        stop.ask();
        stop.wait(Duration::from_secs(600));
        assert!(started.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_signal_is_a_wish_to_stop() {
        // Only the flag: the conditional end would end the test.
        let stop = Stop::default();
        flag::register(SIGTERM, Arc::clone(&stop.0)).unwrap();
        signal_hook::low_level::raise(SIGTERM).unwrap();
        assert!(stop.is_asked());
    }
}
