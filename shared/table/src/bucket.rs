//! A bucket that fills with time, told by one number: the moment at which it will be full again.
//!
//! Who takes from it moves that moment on, and time alone fills it: nobody has to write while nothing is taken. The same
//! arithmetic is used for the bucket of one instance, in memory, and for the one that all instances share, in the table.

use kernel::Timestamp;

/// The time that a quota is of, and for which a lease is good, in milliseconds.
pub const PERIOD_MS: i64 = 10_000;

const NS_PER_MS: i64 = 1_000_000;
const PERIOD_NS: i64 = PERIOD_MS * NS_PER_MS;

/// How many requests somebody may make: so many a second in the long run, and those of ten seconds at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate(u32);

impl Rate {
    /// The most that can be said, a second.
    pub const MAX: u32 = 1_000_000;

    /// So many a second, from 1 to [`Rate::MAX`].
    #[must_use]
    pub const fn of(per_second: u32) -> Option<Self> {
        if per_second >= 1 && per_second <= Self::MAX { Some(Self(per_second)) } else { None }
    }

    /// How many a second.
    #[must_use]
    pub const fn per_second(self) -> u32 {
        self.0
    }

    /// How many in [`PERIOD_MS`], and at once.
    #[must_use]
    pub const fn quota(self) -> u32 {
        self.0 * 10
    }

    /// How many nanoseconds it takes until one more may be made.
    const fn cost_ns(self) -> i64 {
        1_000_000_000 / self.0 as i64
    }

    /// How long it takes until so many more may be made.
    pub(crate) const fn costs_ns(self, requests: i64) -> i64 {
        self.cost_ns().saturating_mul(requests)
    }
}

/// A bucket of [`Rate::quota`] requests. The default is full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When it is full again, in nanoseconds since 1970.
    pub(crate) full_at_ns: i64,
}

/// A time in nanoseconds since 1970.
pub(crate) const fn nanos(at: Timestamp) -> i64 {
    at.as_millis().saturating_mul(NS_PER_MS)
}

impl Bucket {
    /// How many requests are in it.
    #[must_use]
    pub fn left(self, rate: Rate, now: Timestamp) -> u32 {
        let missing = self.full_at_ns.saturating_sub(nanos(now)).max(0);
        let left = PERIOD_NS.saturating_sub(missing).max(0) / rate.cost_ns();
        u32::try_from(left).unwrap_or(u32::MAX).min(rate.quota())
    }

    /// The same with so many requests less: more than are in it have to be waited for.
    #[must_use]
    pub fn less(self, rate: Rate, now: Timestamp, requests: u32) -> Self {
        Self { full_at_ns: self.full_at_ns.max(nanos(now)).saturating_add(rate.costs_ns(i64::from(requests))) }
    }

    /// The same, full so many nanoseconds later.
    pub(crate) const fn later(self, ns: i64) -> Self {
        Self { full_at_ns: self.full_at_ns.saturating_add(ns) }
    }

    /// Milliseconds until so many requests are in it; 0 when they are.
    #[must_use]
    pub fn wait_ms(self, rate: Rate, now: Timestamp, requests: u32) -> i64 {
        let after = self.less(rate, now, requests).full_at_ns;
        let missing = after.saturating_sub(nanos(now)).saturating_sub(PERIOD_NS).max(0);
        // Rounded up: whoever waits so long finds them.
        missing.saturating_add(NS_PER_MS - 1) / NS_PER_MS
    }

    /// The latest moment at which it may be full again, for so many nanoseconds still to fit in.
    pub(crate) const fn latest_ns(now: Timestamp, more_ns: i64) -> i64 {
        nanos(now).saturating_add(PERIOD_NS).saturating_sub(more_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Clock;
    use proptest::prelude::*;

    fn rate(per_second: u32) -> Rate {
        Rate::of(per_second).unwrap()
    }

    #[test]
    fn a_full_bucket_has_the_requests_of_ten_seconds_whatever_the_rate() {
        let now = Clock::manual().now();
        for per_second in [1, 2, 3, 7, 50, 333, 999, 1_000, 999_999, Rate::MAX] {
            assert_eq!(Bucket::default().left(rate(per_second), now), per_second * 10);
        }
        assert_eq!((Rate::of(0), Rate::of(Rate::MAX + 1)), (None, None));
    }

    proptest! {
        #[test]
        fn whoever_waits_as_long_as_is_said_finds_so_many(
            per_second in 1..2_000u32, taken in 0..50_000u32, wanted in 1..20u32, passed in 0..20_000i64,
        ) {
            let (start, rate) = (Clock::manual().now(), rate(per_second));
            let wanted = wanted.min(rate.quota());
            let bucket = Bucket::default().less(rate, start, taken);
            let now = start.plus_millis(passed);
            let wait = bucket.wait_ms(rate, now, wanted);
            prop_assert!(bucket.left(rate, now.plus_millis(wait)) >= wanted);
            prop_assert!(wait == 0 || bucket.left(rate, now.plus_millis(wait - 1)) < wanted);
        }

        #[test]
        fn any_numbers_are_survived(full_at_ns in any::<i64>(), requests in any::<u32>(), millis in any::<i64>()) {
            let bucket = Bucket { full_at_ns };
            if let (Some(now), rate) = (Timestamp::from_millis(millis), rate(7)) {
                prop_assert!(bucket.less(rate, now, requests).left(rate, now) <= rate.quota());
                prop_assert!(bucket.wait_ms(rate, now, 1) >= 0);
            }
        }
    }
}
