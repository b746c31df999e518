//! The context of one request: always the first parameter, always called `cx`.

use auth::Caller;
use kernel::{Clock, Ids, Result};
use table::{Changes, Committed, Once, Refused, TenantTable};

/// What a use case needs to know of its request.
#[derive(Debug, Clone)]
pub struct Cx {
    /// Who calls.
    pub caller: Caller,
    /// The table, bound to the caller's workspace.
    pub table: TenantTable,
    /// The current time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// The request's id, for events and logs.
    pub request_id: String,
    /// Set when the request carried an idempotency key.
    pub once: Option<Once>,
    /// Whether only to say what would happen.
    pub dry_run: bool,
}

impl Cx {
    /// Writes everything in one transaction or, in a dry run, only checks whether it could.
    ///
    /// # Errors
    /// Why nothing was written.
    pub async fn commit(&self, changes: &Changes) -> Result<Committed, Refused> {
        if self.dry_run { self.table.check(changes).await } else { self.table.commit(changes).await }
    }
}
