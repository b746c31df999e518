//! How long to wait before trying again.

use std::time::Duration;

/// The first wait at the longest, in milliseconds; it doubles from try to try.
const FIRST_MS: u64 = 10;
/// No wait is longer than this, in milliseconds.
const LONGEST_MS: u64 = 500;

/// A random wait before the try after try number `tries` (from 1), of "full jitter": anything up to a bound that doubles
/// from try to try. Those who met once would meet again if they waited equally long.
///
/// Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (2015).
#[must_use]
pub fn backoff(tries: u32) -> Duration {
    let bound = FIRST_MS.saturating_mul(1 << tries.min(16)).min(LONGEST_MS);
    // Without random numbers everybody waits for the longest time, which is slow and still right.
    let random = getrandom::u64().unwrap_or(u64::MAX);
    Duration::from_millis(random % (bound + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_with_the_tries_and_stay_below_the_longest() {
        let longest = |tries| (0..200).map(|_| backoff(tries).as_millis()).max().unwrap_or(0);
        assert!(longest(1) <= 20);
        assert!(longest(3) > 20 && longest(3) <= 80);
        assert!((250..=500).contains(&longest(60)));
    }
}
