//! What a request costs: capacity units and round trips, summed over every call to the table.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::ConsumedCapacity;

/// What one request has used of the table so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Used {
    /// Read capacity units: 1 is a strongly consistent read of 4 KB, an eventually consistent one costs half.
    pub read_units: f64,
    /// Write capacity units: 1 is a write of 1 KB, in a transaction 2.
    pub write_units: f64,
    /// Calls that went to the table one after another or side by side.
    pub round_trips: u32,
}

/// Sums what one request uses. Clones share the sum.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Used>>);

impl Meter {
    /// What was used so far.
    #[must_use]
    pub fn used(&self) -> Used {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read(&self, capacity: &[ConsumedCapacity]) {
        self.add(units(capacity), 0.0);
    }

    pub(crate) fn write(&self, capacity: &[ConsumedCapacity]) {
        // A transaction reports both; a failed condition has reported neither.
        let written: f64 = capacity.iter().filter_map(|c| c.write_capacity_units().or(c.capacity_units())).sum();
        self.add(0.0, written);
    }

    fn add(&self, read: f64, written: f64) {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.read_units += read;
        used.write_units += written;
        used.round_trips += 1;
    }
}

fn units(capacity: &[ConsumedCapacity]) -> f64 {
    capacity.iter().filter_map(ConsumedCapacity::capacity_units).sum()
}
