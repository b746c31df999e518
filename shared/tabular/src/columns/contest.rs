//! Which of several formats values are written in.

use std::collections::BTreeMap;

/// How often values were read in which way: for each format 0 where it cannot read them, and the same number for formats that
/// read the same.
#[derive(Debug)]
pub(super) struct Contest<const N: usize> {
    seen: BTreeMap<[u8; N], u64>,
}

impl<const N: usize> Default for Contest<N> {
    fn default() -> Self {
        Self { seen: BTreeMap::new() }
    }
}

impl<const N: usize> Contest<N> {
    /// One more value, as each of the formats reads it.
    pub(super) fn add<T: PartialEq>(&mut self, readings: &[Option<T>; N]) {
        if readings.iter().all(Option::is_none) {
            return;
        }
        let mut marks = [0_u8; N];
        for (mark, reading) in marks.iter_mut().zip(readings) {
            if reading.is_some() {
                let first = readings.iter().position(|other| other == reading).unwrap_or_default();
                *mark = u8::try_from(first + 1).unwrap_or(u8::MAX);
            }
        }
        *self.seen.entry(marks).or_default() += 1;
    }

    /// How many values one of the formats reads.
    pub(super) fn fits(&self, format: usize) -> u64 {
        self.count(|marks| mark(marks, format) != 0)
    }

    /// Whether formats that read a value read it as different ones.
    pub(super) fn is_disputed(&self) -> bool {
        self.seen.keys().any(|marks| {
            let mut read = marks.iter().filter(|mark| **mark != 0);
            read.next().is_some_and(|first| read.any(|mark| mark != first))
        })
    }

    /// The format that reads the most values of those that read enough, the first of `order` among equals, and whether it is sure.
    ///
    /// It is, when every other one either fails at a value that this one reads and reads none that this one does not, or reads all
    /// as this one does.
    pub(super) fn winner(&self, order: [usize; N], is_enough: impl Fn(u64) -> bool) -> Option<(usize, bool)> {
        let enough = order.iter().rev().filter(|format| is_enough(self.fits(**format)));
        let winner = *enough.max_by_key(|format| self.fits(**format))?;
        let is_sure = order.iter().filter(|other| **other != winner).all(|other| {
            let only = |one: usize, two: usize| self.count(|marks| mark(marks, one) != 0 && mark(marks, two) == 0);
            let differ = self.count(|marks| mark(marks, *other) != 0 && mark(marks, *other) != mark(marks, winner));
            only(*other, winner) == 0 && (only(winner, *other) > 0 || differ == 0)
        });
        Some((winner, is_sure))
    }

    fn count(&self, is_meant: impl Fn(&[u8; N]) -> bool) -> u64 {
        self.seen.iter().filter(|(marks, _)| is_meant(marks)).map(|(_, count)| count).sum()
    }
}

fn mark<const N: usize>(marks: &[u8; N], format: usize) -> u8 {
    marks.get(format).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn winner(readings: &[[Option<u8>; 2]]) -> Option<(usize, bool)> {
        let mut contest = Contest::default();
        readings.iter().for_each(|readings| contest.add(readings));
        contest.winner([0, 1], |count| count as usize * 2 > readings.len())
    }

    #[test]
    fn one_value_that_only_one_format_reads_decides() {
        assert_eq!(winner(&[[Some(1), Some(2)], [None, Some(3)]]), Some((1, true)));
        assert_eq!(winner(&[[Some(1), Some(2)], [Some(3), None]]), Some((0, true)));
    }

    #[test]
    fn where_nothing_decides_it_is_not_sure() {
        assert_eq!(winner(&[[Some(1), Some(2)]]), Some((0, false)));
        assert_eq!(winner(&[[Some(1), Some(2)], [Some(3), None], [None, Some(3)]]), Some((0, false)));
        assert_eq!(winner(&[[Some(1), Some(1)]]), Some((0, true)));
        assert_eq!(winner(&[[None, None], [None, None], [Some(1), Some(1)]]), None);
    }
}
