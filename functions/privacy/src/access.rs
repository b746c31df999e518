//! Who may read the audit log.

use auth::Capability;
use kernel::Result;
use records::Cx;

/// Passes if the caller may see what everybody has done: to every record, also to private ones and to those that their role does not
/// reach. What is hidden from them is left out of it.
///
/// # Errors
/// [`kernel::Error::Denied`] if not.
pub(crate) fn may_audit(cx: &Cx) -> Result<()> {
    cx.require(Capability::ReadAudit)
}
