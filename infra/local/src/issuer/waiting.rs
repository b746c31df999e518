//! What waits for its one use, for a while and in memory: sign-in pages that are open, codes that were handed out.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use kernel::{Secret, Timestamp};

/// So many of one sort, the oldest out first.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    most: usize,
    seconds: i64,
    entries: Mutex<VecDeque<Entry<T>>>,
}

#[derive(Debug)]
struct Entry<T> {
    name: Secret,
    until: Timestamp,
    what: T,
}

impl<T> Waiting<T> {
    /// At most so many at once, each for so many seconds.
    pub(super) fn new(most: usize, seconds: i64) -> Self {
        Self { most, seconds, entries: Mutex::default() }
    }

    /// Keeps something under a name that nobody can guess.
    pub(super) fn put(&self, name: Secret, what: T, now: Timestamp) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.until > now);
        while entries.len() >= self.most {
            entries.pop_front();
        }
        entries.push_back(Entry { name, until: now.plus_seconds(self.seconds), what });
    }

    /// Takes what is kept under a name, which ends it.
    pub(super) fn take(&self, name: &str, now: Timestamp) -> Option<T> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| entry.until > now);
        let at = entries.iter().position(|entry| entry.name.reveal() == name)?;
        entries.remove(at).map(|entry| entry.what)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Clock;

    use super::*;

    #[test]
    fn what_waits_is_taken_once_and_in_time() {
        let clock = Clock::manual();
        let waiting = Waiting::new(2, 60);
        waiting.put(Secret::new("a"), 1, clock.now());
        assert_eq!((waiting.take("b", clock.now()), waiting.take("a", clock.now())), (None, Some(1)));
        assert_eq!(waiting.take("a", clock.now()), None);
        waiting.put(Secret::new("a"), 1, clock.now());
        clock.advance_millis(59_999);
        waiting.put(Secret::new("b"), 2, clock.now());
        clock.advance_millis(1);
        assert_eq!((waiting.take("a", clock.now()), waiting.take("b", clock.now())), (None, Some(2)));
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let clock = Clock::manual();
        let waiting = Waiting::new(2, 60);
        for name in ["a", "b", "c"] {
            waiting.put(Secret::new(name), name, clock.now());
        }
        let left = ["a", "b", "c"].map(|name| waiting.take(name, clock.now()));
        assert_eq!(left, [None, Some("b"), Some("c")]);
    }
}
