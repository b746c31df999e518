//! Whether a commit would go through, without writing anything: the dry run.

use kernel::Result;

use crate::{Changes, Committed, Key, Refused, TenantTable};

impl TenantTable {
    /// Judges the conditions of a commit by what is stored now, in the order in which a commit tells of them. Writes
    /// nothing, and reads everything that they are about in one round trip, after that of the kept answer where there is a key.
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
        let conditional = || changes.actions.iter().filter_map(|action| Some((action, action.condition()?)));
        let keys: Vec<Key> = conditional().map(|(action, _)| action.key().clone()).collect();
        let mut stored = self.read_each(&keys).await?;
        for (action, condition) in conditional() {
            let stored = stored.remove(action.key());
            if !condition.holds(stored.as_ref()) {
                return Err(action.refusal(stored));
            }
        }
        Ok(Committed)
    }
}
