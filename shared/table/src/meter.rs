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
        // A condition that failed has reported nothing. A transaction says how much of its units was written (with what
        // its checks of unwritten items cost) and how much was read: all of it, when it is sent again and was carried
        // out before.
        let read: f64 = capacity.iter().filter_map(ConsumedCapacity::read_capacity_units).sum();
        let written = |c: &ConsumedCapacity| {
            let rest = || Some(c.capacity_units()? - c.read_capacity_units().unwrap_or(0.0));
            c.write_capacity_units().or_else(rest)
        };
        self.add(read, capacity.iter().filter_map(written).sum());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn used(capacity: ConsumedCapacity) -> (f64, f64, u32) {
        let meter = Meter::default();
        meter.write(&[capacity]);
        let Used { read_units, write_units, round_trips } = meter.used();
        (read_units, write_units, round_trips)
    }

    #[test]
    fn what_a_transaction_read_is_not_counted_as_written() {
        let capacity = || ConsumedCapacity::builder().capacity_units(6.0);
        assert_eq!(used(capacity().build()), (0.0, 6.0, 1));
        assert_eq!(used(capacity().write_capacity_units(6.0).build()), (0.0, 6.0, 1));
        assert_eq!(used(capacity().write_capacity_units(4.0).read_capacity_units(2.0).build()), (2.0, 4.0, 1));
        assert_eq!(used(capacity().read_capacity_units(6.0).build()), (6.0, 0.0, 1));
    }
}
