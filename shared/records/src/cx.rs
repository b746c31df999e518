//! The context of one request: always the first parameter, always called `cx`.

use std::sync::Arc;

use auth::{Caller, Capability};
use kernel::{Clock, Error, Id, Ids, Result, kinds};
use table::{Changes, Committed, Once, Refused, TenantTable};

use crate::{Object, Rights, Schema, Schemas};

/// What a use case needs to know of its request.
#[derive(Debug, Clone)]
pub struct Cx {
    /// Who calls.
    pub caller: Caller,
    /// What the caller may do.
    pub rights: Arc<Rights>,
    /// The table, bound to the caller's workspace.
    pub table: TenantTable,
    /// The schemas that this process knows.
    pub schemas: Schemas,
    /// The current time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// The request's id, for events and logs.
    pub request_id: String,
    /// The job that this is part of, for events.
    pub job: Option<Id<kinds::Job>>,
    /// Whether nothing is to follow by rules from what is written ([`events::Event::quiet`]).
    pub quiet: bool,
    /// Set when the request carried an idempotency key.
    pub once: Option<Once>,
    /// Whether only to say what would happen.
    pub dry_run: bool,
}

impl Cx {
    /// A context that no request has brought about: an operator's, a worker's.
    #[must_use]
    pub fn new(caller: Caller, rights: Rights, table: TenantTable, schemas: Schemas, clock: Clock, ids: Ids) -> Self {
        let request_id = ids.next::<kinds::Request>().to_string();
        let rights = Arc::new(rights);
        Self {
            caller,
            rights,
            table,
            schemas,
            clock,
            ids,
            request_id,
            job: None,
            quiet: false,
            once: None,
            dry_run: false,
        }
    }

    /// The same with all rights, still in the caller's name: for what follows from what the caller was allowed to do,
    /// also where it leads to records that they do not reach.
    #[must_use]
    pub fn as_admin(&self) -> Self {
        let mut cx = self.clone();
        cx.rights = Arc::new(Rights::everything(cx.caller.user));
        cx
    }

    /// Passes if the caller may do something that is not about single records.
    ///
    /// # Errors
    /// [`Error::Denied`] if not.
    pub fn require(&self, capability: Capability) -> Result<()> {
        self.rights.require(capability)
    }

    /// The workspace's schema. No round trip while this process has a fresh one.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn schema(&self) -> Result<Arc<Schema>> {
        self.schemas.of(&self.table, &self.clock).await
    }

    /// An object of the workspace's schema by its name in the singular.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn object(&self, name: &str) -> Result<Arc<Object>> {
        let schema = self.schema().await?;
        schema.object(name).cloned().ok_or_else(|| Error::not_found("object"))
    }

    /// Writes everything in one transaction or, in a dry run, only checks whether it could.
    ///
    /// # Errors
    /// Why nothing was written.
    pub async fn commit(&self, changes: &Changes) -> Result<Committed, Refused> {
        if self.dry_run { self.table.check(changes).await } else { self.table.commit(changes).await }
    }
}
