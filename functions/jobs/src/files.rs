//! Files that jobs make.

use kernel::{Id, kinds};
use serde::{Deserialize, Serialize};

/// A file that a job has made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) bytes: u64,
}

/// Where a file lies in the bucket.
pub(crate) fn key(workspace: Id<kinds::Workspace>, job: Id<kinds::Job>, name: &str) -> String {
    format!("results/{workspace}/{job}/{name}")
}
