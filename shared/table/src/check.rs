//! Whether a commit would go through, without writing anything: the dry run.

use kernel::Result;

use crate::{Changes, Committed, Refused, TenantTable};

impl TenantTable {
    /// Judges the conditions of a commit by what is stored now, in the order in which a commit tells of them. Writes
    /// nothing; one read a condition, and none after the first that does not hold.
    ///
    /// # Errors
    /// Why nothing would be written.
    pub async fn check(&self, changes: &Changes) -> Result<Committed, Refused> {
        self.admit(changes)?;
        if let Some((once, _)) = &changes.once
            && let Some(kept) = self.kept_answer(once, once.now()).await?
        {
            return Err(Refused::Repeated(kept));
        }
        for action in &changes.actions {
            let Some(condition) = action.condition() else { continue };
            let stored = self.read(action.key()).await?;
            if !condition.holds(stored.as_ref()) {
                return Err(action.refusal(stored));
            }
        }
        Ok(Committed)
    }
}
