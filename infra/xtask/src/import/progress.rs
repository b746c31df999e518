//! How far a job is, in a line: written over the one before on a terminal, and told now and then elsewhere.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::screen::Screen;

/// How many characters the bar has.
const BAR: u64 = 24;

/// What is shown of a job while it is at work.
pub(super) struct Progress {
    every: Duration,
    still: Duration,
    told: Option<(Instant, String)>,
    last: String,
}

impl Progress {
    /// With a line every so often where nothing can be drawn, and another one when nothing has moved for as long as `still`.
    pub(super) const fn new(every: Duration, still: Duration) -> Self {
        Self { every, still, told: None, last: String::new() }
    }

    /// Shows how far a job is, of which nothing has moved for so long.
    pub(super) fn show(&mut self, job: &Value, still: Duration, screen: &mut Screen<'_>) {
        let is_at_work = matches!(state(job), "waiting" | "running");
        if is_at_work && still >= self.still {
            self.show_line(line_of_still(job, still), "still", screen);
        } else {
            self.show_line(line(job), state(job), screen);
        }
    }

    /// Shows that nothing is known at the moment.
    pub(super) fn show_silence(&mut self, why: &str, screen: &mut Screen<'_>) {
        self.show_line(format!("no answer at the moment: {why}"), "silent", screen);
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

/// How far a job is of which nothing moves: how fast it was says nothing any more.
fn line_of_still(job: &Value, still: Duration) -> String {
    let mut at_rest = job.clone();
    for name in ["rate", "remaining_seconds"] {
        at_rest[name] = Value::Null;
    }
    let still = duration(still.as_secs());
    format!("{}; nothing has moved for {still}; it waits or stands still", line(&at_rest))
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

    /// What is shown of a job, look by look: how far it is, and for how many seconds nothing has moved.
    fn shown(can_draw: bool, every: Duration, looks: &[(u64, u64)]) -> String {
        let (mut out, mut progress, mut answers) = (Vec::new(), Vec::new(), std::io::empty());
        let mut screen = Screen::new(&mut out, &mut progress, &mut answers);
        screen.can_draw = can_draw;
        let mut showing = Progress::new(every, Duration::from_secs(30));
        for (done, still) in looks {
            let job = json!({ "state": "running", "counts": { "done": done }, "rate": 3.0, "remaining_seconds": 9 });
            showing.show(&job, Duration::from_secs(*still), &mut screen);
        }
        showing.show(&json!({ "state": "cancelled", "counts": {} }), Duration::from_secs(99), &mut screen);
        screen.end_of_drawing();
        String::from_utf8(progress).unwrap()
    }

    #[test]
    fn a_terminal_has_one_line_and_a_log_has_few() {
        let looks = [(1, 0), (1, 0), (2, 0), (3, 0)];
        let drawn = |done: u64| format!("\r{done} done, 3/s, 9 s left\x1b[K");
        let all = [drawn(1), drawn(2), drawn(3), "\rcancelled\x1b[K\n".to_owned()].concat();
        assert_eq!(shown(true, Duration::ZERO, &looks), all);
        assert_eq!(shown(false, Duration::from_secs(3_600), &looks), "1 done, 3/s, 9 s left\ncancelled\n");
        let told = "1 done, 3/s, 9 s left\n2 done, 3/s, 9 s left\n3 done, 3/s, 9 s left\ncancelled\n";
        assert_eq!(shown(false, Duration::ZERO, &looks), told);
    }

    #[test]
    fn a_job_that_stands_still_is_not_said_to_run() {
        let still = |seconds: &str| format!("1 done; nothing has moved for {seconds}; it waits or stands still\n");
        let told = shown(false, Duration::ZERO, &[(1, 0), (1, 29), (1, 30), (1, 72), (2, 0)]);
        let (first, last) = ("1 done, 3/s, 9 s left\n", "2 done, 3/s, 9 s left\ncancelled\n");
        assert_eq!(told, [first, &still("30 s"), &still("1 min 12 s"), last].concat());
        let seldom = shown(false, Duration::from_secs(3_600), &[(1, 0), (1, 30), (1, 72)]);
        assert_eq!(seldom, [first, &still("30 s"), "cancelled\n"].concat());
        let waiting = line_of_still(&json!({ "state": "waiting" }), Duration::from_secs(31));
        assert_eq!(waiting, "waiting for a worker; nothing has moved for 31 s; it waits or stands still");
    }
}
