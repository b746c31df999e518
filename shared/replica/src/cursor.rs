//! Cursors: where a page ended, bound to the list it is a page of.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{AnyId, Error, Id, MAX_POSITIONS, Result, Version, kinds};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::query::Query;

/// The number of the cursors' format.
const FORMAT: u8 = 1;

/// The longest cursor that is looked at, in characters: the longest that is made is far shorter.
const MAX_CHARS: usize = 16 * 1024;

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
    pub(crate) values: Vec<Value>,
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

fn mismatch() -> Error {
    Error::malformed("cursor_mismatch", "the cursor does not belong to this list: start again without it")
}

/// A digest over everything that makes a list what it is: whose, of what, which records, in which order.
fn digest(workspace: Id<kinds::Workspace>, query: &Query) -> String {
    let list =
        json!([workspace, query.object, query.filter, query.search, query.sort, query.archived, query.visibility,]);
    let digest = Sha256::digest(list.to_string());
    digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

impl Cursor {
    /// The end of a page of a list.
    pub(crate) fn new(workspace: Id<kinds::Workspace>, query: &Query, values: Vec<Value>, id: String) -> Self {
        Self { format: FORMAT, digest: digest(workspace, query), values, id, seq: 0, ahead: Vec::new() }
    }

    /// The same, with how far the replica was.
    pub(crate) fn reached(self, seq: u64, ahead: Vec<(AnyId, Version)>) -> Self {
        Self { seq, ahead, ..self }
    }

    /// As the client gets it.
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).expect("texts and numbers always serialise"))
    }

    /// The cursor that the client sent for a list.
    ///
    /// # Errors
    /// `cursor_mismatch` when it is no cursor, or one of another list.
    pub(crate) fn decode(text: &str, workspace: Id<kinds::Workspace>, query: &Query) -> Result<Self> {
        if text.len() > MAX_CHARS {
            return Err(mismatch());
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| mismatch())?;
        let cursor: Self = serde_json::from_slice(&bytes).map_err(|_| mismatch())?;
        let is_good = cursor.format == FORMAT && cursor.ahead.len() <= MAX_POSITIONS;
        if is_good && cursor.digest == digest(workspace, query) { Ok(cursor) } else { Err(mismatch()) }
    }

    /// What to answer when a cursor says something that no answer has said.
    pub(crate) fn forged() -> Error {
        mismatch()
    }
}
