//! What an API key is limited to, beyond what its user and its role may do.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What an API key is limited to. Nothing in it gives anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyScope {
    /// Whether it only looks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// The only objects that there are for it, in the singular; `None`: all, and what is not about records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<BTreeSet<String>>,
    /// The only fields that there are for it, by object. Of an object that is not named: all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, BTreeSet<String>>,
}

impl KeyScope {
    /// Whether it limits nothing.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}
