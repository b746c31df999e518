//! What several measurements say together.

/// Measurements in milliseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Millis(Vec<f64>);

impl Millis {
    pub(crate) fn add(&mut self, millis: f64) {
        let place = self.0.partition_point(|known| *known < millis);
        self.0.insert(place, millis);
    }

    /// Many at once.
    pub(crate) fn of(mut measured: Vec<f64>) -> Self {
        measured.sort_by(f64::total_cmp);
        Self(measured)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The least value that so many of a hundred do not exceed; 0 when nothing was measured.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or(0.0)
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    pub(crate) fn max(&self) -> f64 {
        self.percentile(100)
    }
}

impl FromIterator<f64> for Millis {
    fn from_iter<T: IntoIterator<Item = f64>>(measured: T) -> Self {
        let mut millis = Self::default();
        measured.into_iter().for_each(|measured| millis.add(measured));
        millis
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let millis: Millis = [9.0, 1.0, 5.0, 3.0].into_iter().collect();
        assert_eq!([millis.percentile(25), millis.median(), millis.percentile(95), millis.max()], [1.0, 3.0, 9.0, 9.0]);
        assert_eq!((millis.count(), Millis::default().median()), (4, 0.0));
    }
}
