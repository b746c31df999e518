//! Saved views: where one is read from, what it asks, and what is told of it when it cannot be asked any more.

use events::Document;
use kernel::{Error, Id, Position, Result, Violations, kinds};
use records::{Cx, Object};
use serde_json::Value;

use crate::asked::{Asked, Place};
use crate::filter::Condition;
use crate::replicas::Replica;
use crate::visible::Visibility;

/// What is wrong with the view that a request names.
fn wrong(code: &'static str, detail: &str) -> Error {
    Error::invalid("/view", code, detail)
}

/// A view as the table has it, strongly consistent: for what cannot be asked again a moment later.
///
/// # Errors
/// `unknown_record` at `/view` when the caller sees no such view.
pub async fn read_view(cx: &Cx, id: Id<kinds::View>) -> Result<Document> {
    match records::load(cx, &*cx.object("view").await?, id.erase()).await {
        Err(Error::NotFound { .. } | Error::Merged { .. }) => {
            Err(wrong("unknown_record", "must be a view that you can see"))
        }
        other => Ok(other?.document()),
    }
}

impl Replica {
    /// A view as the replica has it, or as the table does where it was just written.
    ///
    /// # Errors
    /// As [`read_view`]; [`Error::Unavailable`] when the replica is too far behind.
    pub async fn view(&self, cx: &Cx, id: Id<kinds::View>, position: &Position) -> Result<Document> {
        let known = self.documents(&[id.erase()], &Visibility::of_caller(cx), position).await?.into_iter().next();
        match known {
            Some(document) => Ok(document),
            None => read_view(cx, id).await,
        }
    }
}

impl Asked {
    /// What a view asks of records of an object.
    ///
    /// # Errors
    /// Violations at `/view` for a view that is in the trash or one of other records, and below it for a question that is
    /// none.
    pub fn of_view(view: &Document, object: &Object) -> Result<Self> {
        if view.get("archived_at").is_some_and(|at| !at.is_null()) {
            return Err(wrong("unknown_record", "is in the trash"));
        }
        if view.get("of").and_then(Value::as_str) != Some(object.name.as_str()) {
            return Err(wrong("wrong_object", "is a view of other records"));
        }
        match view.get("query").and_then(Value::as_object) {
            Some(query) => Self::from_body(query, Place::APPLIED).map_err(Error::from),
            None => Ok(Self::default()),
        }
    }

    /// A refusal of what this asks as a view and `own` within it, with the names of the view's fields: whoever asks may
    /// never have seen them.
    #[must_use]
    pub fn explain(&self, own: &Self, error: Error) -> Error {
        let Error::Invalid(violations) = error else { return error };
        let conditions: Vec<&Condition> = self.filters.iter().flat_map(|filter| filter.conditions()).collect();
        let mut explained = Violations::new();
        for violation in violations.iter() {
            let (mut at, mut detail) = (violation.pointer.clone(), violation.detail.clone());
            if let Some(rest) = at.strip_prefix("/sort").filter(|_| own.sort.is_none() && self.sort.is_some()) {
                let index: Option<usize> = rest.trim_start_matches('/').parse().ok();
                let sorts = self.sort.as_deref().unwrap_or_default();
                let named = index.and_then(|index| sorts.get(index)).map_or(sorts, std::slice::from_ref);
                let names: Vec<&str> = named.iter().map(|sort| sort.field.as_str()).collect();
                detail = format!("{}: {detail}", names.join(", "));
                at = [Place::APPLIED.at, &at].concat();
            }
            let is_at = |condition: &&&Condition| {
                at.strip_prefix(condition.pointer.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            if let Some(condition) = conditions.iter().find(is_at) {
                detail = format!("{}: {detail}", condition.field);
            }
            explained.add(at, violation.code, detail);
        }
        Error::Invalid(explained)
    }
}
