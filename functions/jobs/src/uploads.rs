//! Files that people upload.

use kernel::{Id, kinds};

/// Where a file lies in the bucket.
pub(crate) fn key(workspace: Id<kinds::Workspace>, user: Id<kinds::User>, upload: Id<kinds::Upload>) -> String {
    format!("uploads/{workspace}/{user}/{upload}")
}
