//! Which type a formula gives, if the types of its parts fit each other.

use super::operators::{self, takes};
use super::reference::Function;
use super::shape::{Accepts, Gives};
use super::tree::{COMPARISON, Expression, Part, Step};
use super::{FormulaError, ValueType};

/// The type of a part, of whose fields the types are known.
pub(super) fn check(part: &Part, fields: &[(String, ValueType)]) -> Result<ValueType, FormulaError> {
    match &part.expression {
        Expression::Literal(operand) => Ok(operand.value_type()),
        Expression::Field(index) => Ok(fields[*index].1),
        Expression::Not(denied) => of(denied, fields, &[ValueType::Boolean]),
        Expression::Negative(operand) => of(operand, fields, &[ValueType::Number, ValueType::Money]),
        Expression::Chain { first, steps } => chain(first, steps, fields),
        Expression::Call { function, arguments } => call(part.position, *function, arguments, fields),
    }
}

/// The type of a part that must have one of these.
fn of(part: &Part, fields: &[(String, ValueType)], accepted: &[ValueType]) -> Result<ValueType, FormulaError> {
    let given = check(part, fields)?;
    if accepted.contains(&given) {
        return Ok(given);
    }
    let names: Vec<&str> = accepted.iter().map(|accepted| accepted.name()).collect();
    let message = format!("must be {}, not {given}", names.join(" or "));
    Err(FormulaError::new("wrong_type", part.position, message))
}

fn chain(first: &Part, steps: &[Step], fields: &[(String, ValueType)]) -> Result<ValueType, FormulaError> {
    let mut left = check(first, fields)?;
    for step in steps {
        let right = check(&step.operand, fields)?;
        if step.operator.level() == COMPARISON {
            not_with_blank(first)?;
            not_with_blank(&step.operand)?;
        }
        left = operators::result(step.operator, left, right).ok_or_else(|| {
            let message = format!("{}, not {left} and {right}", takes(step.operator));
            FormulaError::new("wrong_type", step.position, message)
        })?;
    }
    Ok(left)
}

fn call(
    position: usize,
    function: Function,
    arguments: &[Part],
    fields: &[(String, ValueType)],
) -> Result<ValueType, FormulaError> {
    let Some((places, gives)) = function.places(arguments.len()) else {
        let message = format!("it is used as {}", function.reference().signature);
        return Err(FormulaError::new("wrong_number_of_arguments", position, message));
    };
    let (mut alike, mut matching) = (None, None);
    for (argument, accepts) in arguments.iter().zip(places) {
        let given = of(argument, fields, accepts.types())?;
        let first = match accepts {
            Accepts::OneOf(_) => given,
            Accepts::Alike(_) => *alike.get_or_insert(given),
            Accepts::Matching(_) => {
                not_with_blank(argument)?;
                *matching.get_or_insert(given)
            }
        };
        if given != first {
            let message = format!("must be {first} like the one before, not {given}");
            return Err(FormulaError::new("wrong_type", argument.position, message));
        }
    }
    Ok(match gives {
        Gives::Always(result) => result,
        Gives::Alike => alike.expect("what gives the type of its arguments has one that it must be given"),
    })
}

/// Who compares with `""` means to ask whether something is blank, and would be told no always.
fn not_with_blank(part: &Part) -> Result<(), FormulaError> {
    if part.is_empty_text() {
        let message = "an empty text is blank, and a comparison with that is false always; ask is_blank(…)";
        return Err(FormulaError::new("compares_with_blank", part.position, message));
    }
    Ok(())
}
