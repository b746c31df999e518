//! What became of one item.

use std::cmp::Ordering;
use std::fmt;

use kernel::{Timestamp, Version};
use serde::{Deserialize, Serialize};

use crate::Document;

/// A place in the table's stream: DynamoDB's sequence number, compared as the number it is.
///
/// Within one item a later change always has the larger position. Positions of different items say nothing about order.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamPosition(String);

impl StreamPosition {
    /// From the decimal digits of a sequence number. Leading zeros are dropped, so equal numbers are equal texts.
    #[must_use]
    pub fn new(digits: &str) -> Self {
        Self(digits.trim_start_matches('0').to_owned())
    }

    /// A text of fixed width (40 digits, DynamoDB's longest) that sorts as the number does.
    #[must_use]
    pub fn sortable(&self) -> String {
        format!("{:0>40}", self.0)
    }
}

impl Ord for StreamPosition {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}
impl PartialOrd for StreamPosition {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl fmt::Debug for StreamPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of one queryable item of a workspace.
///
/// | `item` | `kind` | `id` | its document has, besides what the object or the link itself has |
/// |---|---|---|---|
/// | `record` | object | id of the record | `id`, `object`, `version` … |
/// | `link` | label | `<record>/<label>/<other>` | `record`, `object`, `other`, `other_object`, `label`, `direction` (always `out`), `version`, `created_at`, `created_by` |
/// | `share` | object of the record | `<record>/<subject>` | `record`, `object`, `subject`, `level`, `version`, `created_at`, `created_by` |
/// | `config` | part | part | `version` … |
///
/// A record's id is never used again. A link or a share that was removed can be made again, and then begins at version 1
/// anew: its `position` tells which of two changes is the later one, its `version` does so only within one life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What sort of item it is: `record`, `link`, `share` or `config`.
    pub item: String,
    /// The object of a record (`contact`) or of a shared record, the label of a link, the part of a config item.
    pub kind: String,
    /// What tells it from others of its sort: the record's id, the ends of a link, the part of a config item.
    pub id: String,
    /// The item's version; for a removal the version of what was removed.
    pub version: Version,
    /// Where the stream told of it.
    pub position: StreamPosition,
    /// About when it was written.
    pub at: Timestamp,
    /// The item after the change, without keys; `None` when it was removed.
    pub document: Option<Document>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn positions_sort_as_the_numbers_they_are(a in any::<u64>(), b in any::<u64>(), zeros in 0usize..4) {
            let (x, y) = (StreamPosition::new(&format!("{}{a}", "0".repeat(zeros))), StreamPosition::new(&b.to_string()));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.sortable().cmp(&y.sortable()), a.cmp(&b));
        }
    }
}
