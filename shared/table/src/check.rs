//! Whether a commit would go through, without writing anything: the dry run.

use events::Document;
use kernel::{AnyId, Result, Version};

use crate::changes::Action;
use crate::{Changes, Committed, Key, Refused, TenantTable};

impl TenantTable {
    /// Checks the conditions of a commit against what is stored now. Writes nothing; one read a condition.
    ///
    /// # Errors
    /// Why nothing would be written.
    pub async fn check(&self, changes: &Changes) -> Result<Committed, Refused> {
        if let Some((once, _)) = &changes.once
            && let Some(kept) = self.kept_answer(once, once.now()).await?
        {
            return Err(Refused::Repeated(kept));
        }
        for action in &changes.actions {
            let Some(key) = condition_key(action) else { continue };
            let stored = self.get(key).await?;
            if let Some(refused) = refusal(action, stored) {
                return Err(refused);
            }
        }
        Ok(Committed)
    }
}

const fn condition_key(action: &Action) -> Option<&Key> {
    match action {
        Action::Replace { key, .. } | Action::Remove { key, .. } | Action::Take { key, .. } => Some(key),
        // A new id cannot be taken, a foreign guard is never released, and the rest has no condition.
        Action::Create { .. } | Action::Release { .. } | Action::Append { .. } | Action::Forget { .. } => None,
    }
}

fn refusal(action: &Action, stored: Option<Document>) -> Option<Refused> {
    let version = |document: &Document| document.get("version").and_then(serde_json::Value::as_u64);
    match action {
        Action::Replace { seen, .. } | Action::Remove { seen, .. } => {
            let current: Option<Version> = stored.as_ref().and_then(version);
            (current != Some(*seen)).then_some(Refused::Stale(stored))
        }
        Action::Take { field, holder, .. } => {
            let held_by = stored.as_ref().and_then(|guard| guard.get("holder")?.as_str()?.parse::<AnyId>().ok());
            let taken = stored.is_some() && held_by != Some(*holder);
            taken.then(|| Refused::Taken { field: field.clone(), holder: held_by })
        }
        Action::Create { .. } | Action::Release { .. } | Action::Append { .. } | Action::Forget { .. } => None,
    }
}
