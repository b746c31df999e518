//! Who may read the audit log.

use auth::Capability;
use kernel::Result;
use records::Cx;

/// Passes if the caller may see what everybody has done: all of it, also what happened to records that are private, and to
/// fields that are hidden from others.
///
/// # Errors
/// [`kernel::Error::Denied`] if not.
pub(crate) fn may_audit(cx: &Cx) -> Result<()> {
    cx.require(Capability::ReadAudit)
}
