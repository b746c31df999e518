//! A job from its beginning to its end, whichever that is, or until nothing has moved for too long.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::client::{Client, Request};
use super::progress::{Progress, duration, state};
use super::refusal::Refusal;
use super::screen::Screen;

/// When a job has last moved.
struct Movement {
    seen: Option<[Value; 4]>,
    at: Instant,
}

impl Movement {
    fn new() -> Self {
        Self { seen: None, at: Instant::now() }
    }

    /// Looks at a job, and answers for how long nothing has moved.
    fn look(&mut self, job: &Value) -> Duration {
        let seen = ["state", "version", "updated_at", "counts"].map(|name| job[name].clone());
        if self.seen.as_ref() != Some(&seen) {
            *self = Self { seen: Some(seen), at: Instant::now() };
        }
        self.at.elapsed()
    }
}

/// A job that is finished, in whatever way, as it is then.
///
/// # Errors
/// When it cannot be looked at any more, or stands still: it goes on all the same, if somebody works on it.
pub(super) fn watch(client: &Client, id: &str, screen: &mut Screen<'_>) -> anyhow::Result<Value> {
    let mut progress = Progress::new(client.pace.line, client.pace.still);
    let outcome = until_finished(client, id, screen, &mut progress);
    screen.end_of_drawing();
    outcome
}

fn until_finished(
    client: &Client,
    id: &str,
    screen: &mut Screen<'_>,
    progress: &mut Progress,
) -> anyhow::Result<Value> {
    let path = format!("/v1/jobs/{id}");
    let (mut heard, mut is_cancelled, mut movement) = (Instant::now(), false, Movement::new());
    loop {
        if screen.must_stop() || (screen.was_stopped() && !is_cancelled) {
            cancel(client, &path, screen).with_context(|| format!("{id} goes on: it could not be cancelled"))?;
            is_cancelled = true;
        }
        match client.ask(&Request::get(&path)) {
            Ok(job) => {
                heard = Instant::now();
                let still = movement.look(&job);
                progress.show(&job, still, screen);
                if matches!(state(&job), "done" | "failed" | "cancelled") {
                    return Ok(job);
                }
                if still >= client.pace.given_up {
                    let still = duration(still.as_secs());
                    bail!(
                        "nothing has moved for {still}: {id} goes on once a worker does, and GET {path} says how far it is"
                    );
                }
            }
            // The job does not need us.
            Err(Refusal::Passing(why, _)) if heard.elapsed() < client.pace.silence => {
                progress.show_silence(&why, screen)
            }
            Err(why) => bail!("{id} goes on, but cannot be looked at: {why}"),
        }
        screen.stop.wait(client.pace.look);
    }
}

/// Stops a job. One that was finished meanwhile is as good.
fn cancel(client: &Client, path: &str, screen: &mut Screen<'_>) -> Result<(), Refusal> {
    match client.insist(&Request::post(&format!("{path}/cancel"), &json!({})), screen) {
        Ok(_) | Err(Refusal::Final(Some(409), _)) => Ok(()),
        Err(why) => Err(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_moves_when_anything_of_it_does() {
        let job = |version: u64, done: u64| json!({ "state": "running", "version": version, "updated_at": "a", "counts": { "done": done } });
        let mut movement = Movement::new();
        movement.look(&job(1, 0));
        let pause = Duration::from_millis(5);
        std::thread::sleep(pause);
        assert!(movement.look(&job(1, 0)) >= pause);
        for moved in [job(2, 0), job(2, 1)] {
            let before = Instant::now();
            std::thread::sleep(pause);
            assert!(movement.look(&moved) < before.elapsed());
        }
    }
}
