//! Cursors: where a page ended, bound to the list it is a page of.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{AnyId, Error, Id, MAX_POSITIONS, Result, Version, kinds};
use rusqlite::types::ValueRef;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::query::Query;

/// The number of the cursors' format.
const FORMAT: u8 = 2;

/// The longest cursor that is looked at, in characters. Four texts of 255 characters of which each is folded to as many
/// as Unicode has it (18) are shorter.
const MAX_CHARS: usize = 64 * 1024;

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    #[serde(rename = "v")]
    format: u8,
    /// What list it belongs to.
    #[serde(rename = "d")]
    digest: String,
    /// The sort values of the page's last record.
    #[serde(rename = "s")]
    pub(crate) keys: Vec<Key>,
    /// That record's id.
    #[serde(rename = "i")]
    pub(crate) id: String,
    /// How far the replica was that answered. The next page is never answered by one that is behind it.
    #[serde(rename = "q")]
    pub(crate) seq: u64,
    /// Records that the replica had read from the table ahead of its journal: whoever answers the next page needs them
    /// too, or a record that has just moved is shown at its old place as well.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ahead: Vec<(AnyId, Version)>,
}

/// A value that a list is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Key {
    /// There is none.
    Null,
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// Any other number, bit by bit: what is written in decimals is not surely read as it was.
    Real(#[serde(with = "bits")] u64),
}

impl Key {
    /// A value as SQLite has it.
    pub(crate) fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number.to_bits()),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Null | ValueRef::Blob(_) => Self::Null,
        }
    }
}

/// The bits of a number, in a list of one text: hex digits.
mod bits {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(bits: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        [format!("{bits:x}")].serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let [text] = <[String; 1]>::deserialize(deserializer)?;
        let bits = u64::from_str_radix(&text, 16).map_err(D::Error::custom)?;
        if f64::from_bits(bits).is_finite() { Ok(bits) } else { Err(D::Error::custom("no number")) }
    }
}

fn mismatch() -> Error {
    Error::malformed("cursor_mismatch", "the cursor does not belong to this list: start again without it")
}

/// A digest over everything that makes a list what it is: whose, of what, which records, in which order.
fn digest(workspace: Id<kinds::Workspace>, list: &Value) -> String {
    let digest = Sha256::digest(json!([workspace, list]).to_string());
    digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// What tells a query's list from every other one.
pub(crate) fn list_of(query: &Query) -> Value {
    let Query { object, filter, search, sort, archived, linked, visibility, .. } = query;
    json!(["list", object, filter, search, sort, archived, linked, visibility])
}

impl Cursor {
    /// The end of a page of a list.
    pub(crate) fn new(workspace: Id<kinds::Workspace>, list: &Value, keys: Vec<Key>, id: String) -> Self {
        Self { format: FORMAT, digest: digest(workspace, list), keys, id, seq: 0, ahead: Vec::new() }
    }

    /// The same, with how far the replica was.
    pub(crate) fn reached(self, seq: u64, ahead: Vec<(AnyId, Version)>) -> Self {
        Self { seq, ahead, ..self }
    }

    /// The same at another record.
    pub(crate) fn at(&self, keys: Vec<Key>, id: String) -> Self {
        Self { keys, id, ..self.clone() }
    }

    /// As the client gets it.
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("texts and numbers always serialise"))
    }

    /// The cursor that the client sent for a list.
    ///
    /// # Errors
    /// `cursor_mismatch` when it is no cursor, or one of another list.
    pub(crate) fn decode(text: &str, workspace: Id<kinds::Workspace>, list: &Value) -> Result<Self> {
        if text.len() > MAX_CHARS {
            return Err(mismatch());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| mismatch())?;
        let cursor: Self = serde_json::from_slice(&bytes).map_err(|_| mismatch())?;
        let is_good = cursor.format == FORMAT
            && cursor.ahead.len() <= MAX_POSITIONS
            && (cursor.id.is_empty() || cursor.id.parse::<AnyId>().is_ok());
        if is_good && cursor.digest == digest(workspace, list) { Ok(cursor) } else { Err(mismatch()) }
    }

    /// What to answer when a cursor says something that no answer has said.
    pub(crate) fn forged() -> Error {
        mismatch()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_key_reads_back_as_it_was(real in any::<f64>(), whole in any::<i64>(), text in ".*") {
            let real = if real.is_finite() { real } else { 0.1 + 0.2 };
            for key in [Key::Null, Key::Integer(whole), Key::Text(text), Key::Real(real.to_bits())] {
                let read: Key = serde_json::from_str(&serde_json::to_string(&key).unwrap()).unwrap();
                prop_assert_eq!(read, key);
            }
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        for text in
            ["1.5", "true", "[]", "[\"zz\"]", "[\"7ff0000000000000\"]", "{}", "18446744073709551615", "[\"1\",\"2\"]"]
        {
            assert!(serde_json::from_str::<Key>(text).is_err(), "{text}");
        }
    }
}
