//! How far a client has seen: what a write answers in `Rapport-Position`, and a list takes back.

use std::fmt;
use std::str::FromStr;

use crate::{AnyId, Version};

/// The most pairs that one position carries. A write of more records answers with its job's id instead.
pub const MAX_POSITIONS: usize = 20;

/// The records that a client has written or read, with their versions: `con_0199…:3,con_019a…:1`.
///
/// A list that is asked with a position shows each of these records at this version or a later one. An erased record
/// is named with the version that its removal would have made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position(Vec<(AnyId, Version)>);

/// A text that is not a position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be at most 20 pairs of id:version, separated by commas, as a write answered them")]
pub struct ParsePositionError;

impl Position {
    /// One record at one version.
    #[must_use]
    pub fn of(id: AnyId, version: Version) -> Self {
        Self(vec![(id, version)])
    }

    /// The pairs, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = (AnyId, Version)> {
        self.0.iter().copied()
    }

    /// Whether it names no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(AnyId, Version)> for Position {
    /// These pairs, the first [`MAX_POSITIONS`] of them.
    fn from_iter<I: IntoIterator<Item = (AnyId, Version)>>(pairs: I) -> Self {
        Self(pairs.into_iter().take(MAX_POSITIONS).collect())
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (id, version)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{id}:{version}")?;
        }
        Ok(())
    }
}

impl FromStr for Position {
    type Err = ParsePositionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut pairs = Vec::new();
        for pair in text.split(',') {
            let (id, version) = pair.trim().split_once(':').ok_or(ParsePositionError)?;
            pairs.push((id.parse().map_err(|_| ParsePositionError)?, version.parse().map_err(|_| ParsePositionError)?));
            if pairs.len() > MAX_POSITIONS {
                return Err(ParsePositionError);
            }
        }
        Ok(Self(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Clock, Ids, kinds};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_position_reads_back(versions in proptest::collection::vec(any::<u64>(), 0..=MAX_POSITIONS), seed in any::<u64>()) {
            let ids = Ids::seeded(Clock::manual(), seed);
            let position = Position(versions.into_iter().map(|v| (ids.next::<kinds::Contact>().erase(), v)).collect());
            prop_assert_eq!(position.to_string().parse::<Position>(), Ok(position));
        }

        #[test]
        fn hostile_text_is_refused_without_a_panic(text in ".*") {
            let _ = text.parse::<Position>();
        }
    }

    #[test]
    fn more_than_twenty_pairs_are_refused() {
        let ids = Ids::seeded(Clock::manual(), 1);
        let pairs: Vec<String> = (0..=MAX_POSITIONS).map(|_| format!("{}:1", ids.next::<kinds::Contact>())).collect();
        assert_eq!(pairs.join(",").parse::<Position>(), Err(ParsePositionError));
    }
}
