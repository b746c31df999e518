//! Formulas: whether they can be read among the fields of their object, and whether one uses itself.

use std::cell::RefCell;
use std::collections::BTreeSet;

use records::formula::{Formula, FormulaError, ValueType};
use records::{FieldType, Object, value_type};

use super::{Flaw, flaw};

/// What is wrong with the formula at a path.
pub(super) fn flaw_of(object: &Object, path: &str, expression: &str) -> Option<Flaw> {
    if object.formula(path).is_some() {
        return None;
    }
    if uses_itself(object, path) {
        return Some(flaw("expression", "cycle", "must not use itself, by way of other formulas neither"));
    }
    let type_of = |path: &str| value_type(object, object.field(path)?);
    let FormulaError { code, message, position } = Formula::parse(expression, &type_of).err()?;
    Some(flaw("expression", code, format!("{message} (at character {})", position + 1)))
}

/// Whether a formula is among those that it uses, over any number of steps.
fn uses_itself(object: &Object, path: &str) -> bool {
    let (mut seen, mut waiting) = (BTreeSet::new(), used(object, path));
    while let Some(next) = waiting.pop() {
        if next == path {
            return true;
        }
        if seen.insert(next.clone()) {
            waiting.extend(used(object, &next));
        }
    }
    false
}

/// The paths that a formula names, whatever their types are.
fn used(object: &Object, path: &str) -> Vec<String> {
    let Some(FieldType::Formula { expression }) = object.field(path).map(|field| &field.kind) else {
        return Vec::new();
    };
    let asked = RefCell::new(Vec::new());
    let note = |path: &str| {
        asked.borrow_mut().push(path.to_owned());
        Some(ValueType::Text)
    };
    // Every field is asked for before types are looked at, so that they do not fit does not matter here.
    drop(Formula::parse(expression, &note));
    asked.into_inner()
}
