//! Why the records have to be looked at before a field is changed, and what they can have against it.

use api::{Problem, Result};
use kernel::Error;
use records::FieldType;
use serde_json::json;

use crate::effect::Effect;
use crate::field::Question;
use crate::judge::TOO_MANY_RECORDS;

/// Why the records have to be asked.
#[derive(Debug)]
pub(crate) struct Needs {
    /// Values may be lost.
    loss: bool,
    /// Values must not be there at all.
    empty: bool,
    /// Values must differ.
    unique: bool,
    /// Everything is to be told.
    all: bool,
}

impl Needs {
    pub(crate) fn of(question: &Question, accept_loss: bool, dry_run: bool) -> Self {
        let (before, after) = (&question.before, &question.after);
        let changes_type = before.kind.word() != after.kind.word();
        let rounds = matches!(
            (&before.kind, &after.kind),
            (FieldType::Number { decimals: before, .. }, FieldType::Number { decimals: after, .. }) if after < before
        );
        let refers = before.kind.refers_to() != after.kind.refers_to();
        let becomes_unique = after.unique && !before.unique;
        let differs = before.kind != after.kind || (after.required && !before.required) || becomes_unique;
        Self {
            loss: !accept_loss && (changes_type || rounds || !question.left_out.is_empty()),
            // An id is kept as text, whatever it names: only the definition says of which object it must be.
            empty: refers && after.kind.refers_to().is_some(),
            // The job that guards the values finds those that are there twice as well, only later.
            unique: becomes_unique && !accept_loss,
            all: dry_run && differs,
        }
    }

    pub(crate) const fn is_any(&self) -> bool {
        self.loss || self.empty || self.unique || self.all
    }

    /// An error of looking at the records, with what can be done about it.
    pub(crate) fn explain(&self, error: Error, accept_loss: bool) -> Error {
        let Error::WrongState { code: code @ TOO_MANY_RECORDS, detail } = error else { return error };
        let advice = if self.empty {
            "make a field of its own for the other object"
        } else if accept_loss {
            "what is not only tried is done without looking"
        } else {
            "accept_loss=true makes the change without looking"
        };
        Error::WrongState { code, detail: format!("{detail}: {advice}") }
    }

    pub(crate) fn refuse(&self, effect: &Effect, accept_loss: bool) -> Result<()> {
        let (with_value, lost) = (effect.with_value, effect.lost);
        let (code, detail) = if self.empty && with_value > 0 {
            let detail = format!("{with_value} records have a value: what they refer to cannot become something else");
            ("has_values", detail)
        } else if self.unique && effect.not_unique > 0 {
            let detail = format!("{} records have a value that another one has: change those first", effect.not_unique);
            ("not_unique", detail)
        } else if lost > 0 && !accept_loss {
            let detail = format!(
                "{lost} of {with_value} records would lose their value: change those first, or send accept_loss=true"
            );
            ("would_lose_values", detail)
        } else {
            return Ok(());
        };
        Err(Problem::from(Error::WrongState { code, detail }).with("effect", json!(effect)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use records::Field;

    fn needs(before: FieldType, after: FieldType, accept_loss: bool, dry_run: bool) -> Needs {
        let before = Field::new("size", before, "How large.");
        let mut after = Field::new("size", after, "How large.");
        after.unique = before.kind == after.kind;
        let question = Question { before, after, left_out: Vec::new(), given: BTreeSet::new() };
        Needs::of(&question, accept_loss, dry_run)
    }

    fn advice(needs: &Needs, accept_loss: bool) -> String {
        let error = Error::WrongState { code: TOO_MANY_RECORDS, detail: "too many".to_owned() };
        needs.explain(error, accept_loss).to_string()
    }

    #[test]
    fn what_can_be_done_without_looking_is_done_so_when_it_is_asked_for() {
        let text = || FieldType::text(9);
        let refers = |object: &str| FieldType::Reference { object: object.to_owned(), acyclic: false };
        let unique = needs(text(), text(), false, false);
        assert!(unique.is_any() && advice(&unique, false).contains("accept_loss=true"));
        assert!(!needs(text(), text(), true, false).is_any());
        let tried = needs(text(), text(), true, true);
        assert!(tried.is_any() && !advice(&tried, true).contains("accept_loss=true"));
        for accept_loss in [false, true] {
            let other = needs(refers("company"), refers("contact"), accept_loss, false);
            assert!(other.is_any() && !advice(&other, accept_loss).contains("accept_loss"));
        }
    }
}
