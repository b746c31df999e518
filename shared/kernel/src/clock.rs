//! Where the current time comes from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::Timestamp;

/// 2026-01-01T00:00:00Z, where a manual clock starts.
const MANUAL_START_MS: i64 = 1_767_225_600_000;

/// The current time: the machine's, or one that a test moves by hand.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// Milliseconds since the epoch, moved by [`Clock::advance_millis`].
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands still at the start of 2026 until it is moved.
    #[must_use]
    pub fn manual() -> Self {
        Self::Manual(Arc::new(AtomicI64::new(MANUAL_START_MS)))
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
            Self::System => jiff::Timestamp::now().into(),
            Self::Manual(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst))
                .expect("a manual clock is moved in steps of a test's length"),
        }
    }

    /// Moves a manual clock; does nothing to the machine's.
    pub fn advance_millis(&self, by: i64) {
        if let Self::Manual(millis) = self {
            millis.fetch_add(by, Ordering::SeqCst);
        }
    }
}
