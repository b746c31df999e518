//! How far a job is, in a line: written over the one before on a terminal, and told now and then elsewhere.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::screen::Screen;

/// How many characters the bar has.
const BAR: u64 = 24;

/// What is shown of a job while it is at work.
pub(super) struct Progress {
    every: Duration,
    told: Option<(Instant, String)>,
    last: String,
}

impl Progress {
    /// With a line every so often where nothing can be drawn.
    pub(super) const fn new(every: Duration) -> Self {
        Self { every, told: None, last: String::new() }
    }

    /// Shows how far a job is.
    pub(super) fn show(&mut self, job: &Value, screen: &mut Screen<'_>) {
        self.show_line(line(job), state(job), screen);
    }

    /// Shows that nothing is known at the moment.
    pub(super) fn show_silence(&mut self, why: &str, screen: &mut Screen<'_>) {
        self.show_line(format!("no answer at the moment: {why}"), "silent", screen);
    }

    /// Ends the line, if one was drawn.
    pub(super) fn end(&mut self, screen: &mut Screen<'_>) {
        if screen.can_draw && !std::mem::take(&mut self.last).is_empty() {
            screen.end_of_drawing();
        }
    }

    fn show_line(&mut self, line: String, state: &str, screen: &mut Screen<'_>) {
        if line == self.last {
            return;
        }
        if screen.can_draw {
            screen.draw(&line);
        } else {
            let is_due = self.told.as_ref().is_none_or(|(at, told)| told != state || at.elapsed() >= self.every);
            if is_due {
                screen.tell(&line);
                self.told = Some((Instant::now(), state.to_owned()));
            }
        }
        self.last = line;
    }
}

/// A job's state.
pub(super) fn state(job: &Value) -> &str {
    job["state"].as_str().unwrap_or_default()
}

/// One of a job's counts.
pub(super) fn count(job: &Value, name: &str) -> u64 {
    job["counts"][name].as_u64().unwrap_or_default()
}

fn line(job: &Value) -> String {
    let (done, total) = (count(job, "done"), job["counts"]["total"].as_u64());
    match (state(job), total) {
        ("waiting", _) => "waiting for a worker".to_owned(),
        ("running", None) if done == 0 => "looking through what there is to do".to_owned(),
        ("running", None) => [format!("{} done", grouped(done)), rest(job)].concat(),
        (_, Some(total)) => {
            let of = total.max(1);
            let full = BAR * done.min(of) / of;
            let bar: String = (0..BAR).map(|at| if at < full { '#' } else { '-' }).collect();
            let percent = 100 * done.min(of) / of;
            let counts = format!("[{bar}] {percent:>3} %  {} of {}", grouped(done), grouped(total));
            let finishing = if state(job) == "running" && done >= total { ", finishing" } else { "" };
            [counts, finishing.to_owned(), rest(job)].concat()
        }
        (other, None) => other.to_owned(),
    }
}

/// What failed, how fast it goes, and how long it still takes.
fn rest(job: &Value) -> String {
    let mut rest = String::new();
    if count(job, "failed") > 0 {
        rest += &format!(", {} failed", grouped(count(job, "failed")));
    }
    if state(job) != "running" {
        return rest;
    }
    if let Some(rate) = job["rate"].as_f64().filter(|rate| *rate > 0.0) {
        rest += &format!(", {rate:.0}/s");
    }
    if let Some(seconds) = job["remaining_seconds"].as_u64() {
        rest += &format!(", {} left", duration(seconds));
    }
    rest
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Seconds as people say them.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Bytes as people say them.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{}.{} KB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn running(counts: &Value) -> Value {
        json!({ "state": "running", "counts": counts, "rate": 812.4, "remaining_seconds": 71 })
    }

    #[test]
    fn the_line_says_how_far_how_fast_and_how_long() {
        let job = running(&json!({ "total": 100_000, "done": 42_000, "failed": 7 }));
        let expected = "[##########--------------]  42 %  42,000 of 100,000, 7 failed, 812/s, 1 min 11 s left";
        assert_eq!(line(&job), expected);
    }

    #[test]
    fn the_line_says_what_is_known_at_the_beginning_and_at_the_end() {
        assert_eq!(line(&json!({ "state": "waiting", "counts": { "done": 0 } })), "waiting for a worker");
        assert_eq!(line(&json!({ "state": "running", "counts": {} })), "looking through what there is to do");
        let unknown = running(&json!({ "total": null, "done": 1_200 }));
        assert_eq!(line(&unknown), "1,200 done, 812/s, 1 min 11 s left");
        let finishing = line(&running(&json!({ "total": 5, "done": 5 })));
        assert!(finishing.starts_with("[########################] 100 %  5 of 5, finishing"), "{finishing}");
        let done = json!({ "state": "done", "counts": { "total": 5, "done": 5 }, "rate": 2.0 });
        assert_eq!(line(&done), "[########################] 100 %  5 of 5");
        // More than was expected fills the bar and does not pass it.
        let more = line(&running(&json!({ "total": 0, "done": 9 })));
        assert!(more.starts_with("[########################] 100 %  9 of 0"), "{more}");
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 59, 60, 3_599, 7_260].map(duration), ["0 s", "59 s", "1 min 0 s", "59 min 59 s", "2 h 1 min"]);
        assert_eq!([999, 1_000, 2_150_000].map(size), ["999 bytes", "1.0 KB", "2.1 MB"]);
    }

    fn shown(can_draw: bool, every: Duration) -> String {
        let (mut out, mut progress, mut answers) = (Vec::new(), Vec::new(), std::io::empty());
        let mut screen =
            Screen { out: &mut out, progress: &mut progress, answers: &mut answers, can_ask: false, can_draw };
        let mut showing = Progress::new(every);
        for done in [1, 1, 2, 3] {
            showing.show(&json!({ "state": "running", "counts": { "done": done } }), &mut screen);
        }
        showing.show(&json!({ "state": "cancelled", "counts": {} }), &mut screen);
        showing.end(&mut screen);
        String::from_utf8(progress).unwrap()
    }

    #[test]
    fn a_terminal_has_one_line_and_a_log_has_few() {
        assert_eq!(shown(true, Duration::ZERO), "\r1 done\x1b[K\r2 done\x1b[K\r3 done\x1b[K\rcancelled\x1b[K\n");
        assert_eq!(shown(false, Duration::from_secs(3_600)), "1 done\ncancelled\n");
        assert_eq!(shown(false, Duration::ZERO), "1 done\n2 done\n3 done\ncancelled\n");
    }
}
