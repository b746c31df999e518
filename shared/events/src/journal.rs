//! How changes are packed into journal entries: JSON, compressed with zstd.

use std::io::Read;

use crate::Change;

/// The largest entry, in compressed bytes. An item of the table may have 400 KB, keys and the other attributes included.
pub const MAX_ENTRY_BYTES: usize = 300 * 1024;

/// The most that an entry may unpack to: far above what one batch of the stream holds, far below what hurts.
const MAX_UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

/// Level 3 is zstd's own default: on entries of a few KB, higher ones cost time and save almost nothing.
const LEVEL: i32 = 3;

/// An entry that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not zstd, or longer than an entry can be.
    #[error("a journal entry cannot be unpacked")]
    Unpack(#[source] std::io::Error),
    /// Not the JSON of changes.
    #[error("a journal entry is not a list of changes")]
    Parse(#[source] serde_json::Error),
}

/// Packs changes, in order, into as few entries as the size limit allows.
///
/// A single change that is larger than an entry becomes an entry of its own and is refused by the table; records are
/// kept far smaller than that when they are written.
#[must_use]
pub fn encode(changes: &[Change]) -> Vec<Vec<u8>> {
    if changes.is_empty() {
        return Vec::new();
    }
    let json = serde_json::to_vec(changes).expect("a change holds strings, numbers and JSON values only");
    let packed = zstd::bulk::compress(&json, LEVEL).expect("compressing into memory has no way to fail");
    if packed.len() <= MAX_ENTRY_BYTES || changes.len() == 1 {
        return vec![packed];
    }
    let (first, second) = changes.split_at(changes.len() / 2);
    let mut entries = encode(first);
    entries.extend(encode(second));
    entries
}

/// What an entry holds instead of packed changes when changes before it were lost: whoever reads it builds its replica
/// from the table. It is no zstd frame, so it cannot be mistaken.
pub const BROKEN: &[u8] = b"broken";

/// Unpacks one entry.
///
/// # Errors
/// When the bytes are not what [`encode`] makes.
pub fn decode(packed: &[u8]) -> Result<Vec<Change>, DecodeError> {
    // Read as a stream: the buffer grows with what is there, not with what could be.
    let mut json = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(packed).map_err(DecodeError::Unpack)?;
    decoder.take(MAX_UNPACKED_BYTES).read_to_end(&mut json).map_err(DecodeError::Unpack)?;
    serde_json::from_slice(&json).map_err(DecodeError::Parse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamPosition;
    use kernel::Clock;
    use proptest::prelude::*;
    use serde_json::json;

    fn change(number: u64, text: &str) -> Change {
        Change {
            item: "record".to_owned(),
            kind: "contact".to_owned(),
            id: format!("con_{number}"),
            version: number,
            position: StreamPosition::new(&number.to_string()),
            at: Clock::manual().now(),
            document: json!({ "text": text }).as_object().cloned(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn changes_read_back_in_order(texts in proptest::collection::vec(".{0,40}", 0..40)) {
            let changes: Vec<Change> = texts.iter().zip(1..).map(|(text, number)| change(number, text)).collect();
            let read: Vec<Change> = encode(&changes).iter().flat_map(|entry| decode(entry).unwrap()).collect();
            prop_assert_eq!(read, changes);
        }
    }

    #[test]
    fn what_does_not_fit_one_entry_is_split() {
        // Hex of a counter through a hash compresses badly, as real text of many people would.
        let noise = |seed: u64| -> String {
            use sha2::{Digest, Sha256};
            (0..400u64)
                .flat_map(|block| Sha256::digest((seed * 1000 + block).to_be_bytes()).to_vec())
                .map(|byte| format!("{byte:02x}"))
                .collect()
        };
        let changes: Vec<Change> = (1..=60).map(|number| change(number, &noise(number))).collect();
        let entries = encode(&changes);
        assert!(entries.len() > 1);
        assert!(entries.iter().all(|entry| entry.len() <= MAX_ENTRY_BYTES));
        let read: Vec<Change> = entries.iter().flat_map(|entry| decode(entry).unwrap()).collect();
        assert_eq!(read, changes);
    }

    #[test]
    fn bytes_that_are_no_entry_are_an_error() {
        assert!(decode(b"not zstd").is_err());
        assert!(decode(BROKEN).is_err());
    }
}
