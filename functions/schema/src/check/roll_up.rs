//! Roll-ups: which records they are made of, and whether that can be counted or summed.

use records::formula::ValueType;
use records::{Aggregate, Object, RollUp, Schema, value_type};

use super::{Flaw, comparable, flaw};

/// What is wrong with a roll-up of an object.
pub(super) fn flaws(schema: &Schema, object: &Object, roll_up: &RollUp) -> Vec<Flaw> {
    let Some(child) = schema.object(&roll_up.object) else {
        return vec![flaw("object", "unknown_object", "must be an object of this workspace")];
    };
    let mut flaws = Vec::new();
    let via = child.field(&roll_up.via).and_then(|field| field.kind.refers_to());
    if via != Some(object.name.as_str()) {
        let detail = format!("must be the path of a field of {} that refers to {}", child.name, object.name);
        flaws.push(flaw("via", "unknown_field", detail));
    }
    flaws.extend(field_flaw(child, roll_up));
    for condition in &roll_up.only {
        let fits = child.field(&condition.field).is_some_and(|field| comparable(field, &condition.equals));
        if !fits {
            let detail = format!("must be equalities of stored fields of {} with values as they are kept", child.name);
            flaws.push(flaw("only", "bad_condition", detail));
        }
    }
    flaws
}

fn field_flaw(child: &Object, roll_up: &RollUp) -> Option<Flaw> {
    let Some(path) = &roll_up.field else {
        let needs = roll_up.function != Aggregate::Count;
        return needs.then(|| flaw("field", "required", "must be the path of the field that it is made of"));
    };
    let kind = child.field(path).and_then(|field| value_type(child, field));
    let (fits, wanted) = match roll_up.function {
        Aggregate::Count => return Some(flaw("field", "not_for_count", "is not for count, which counts records")),
        Aggregate::Sum | Aggregate::Avg => {
            (matches!(kind, Some(ValueType::Number | ValueType::Money)), "numbers or amounts of money")
        }
        Aggregate::Min | Aggregate::Max => (
            matches!(kind, Some(ValueType::Number | ValueType::Money | ValueType::Date | ValueType::DateTime)),
            "numbers, amounts of money, days or moments",
        ),
    };
    let detail = || format!("must be the path of a field of {} that has {wanted}", child.name);
    (!fits).then(|| flaw("field", "wrong_type", detail()))
}
