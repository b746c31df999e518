//! What operators take, what they give, and how.

use std::cmp::Ordering;

use serde::Serialize;

use super::tree::Operator;
use super::{Operand, ValueType, dates, numbers, texts};

/// An operator, or several of one meaning, as it is told to users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OperatorReference {
    /// Its spellings, with a blank between them.
    pub name: &'static str,
    /// What it takes and gives.
    pub signature: &'static str,
    /// A sentence for people.
    pub help: &'static str,
}

/// The operators, those that bind most tightly first.
#[must_use]
pub const fn operators() -> &'static [OperatorReference] {
    const OPERATORS: &[OperatorReference] = &[
        operator("-", "-number, -money", "The negative."),
        operator("!", "!boolean -> boolean", "The opposite; binds tightly."),
        operator("*", "number * number, money * number", "The product; money is rounded half away from zero."),
        operator("/", "number / number, money / number, money / money -> number", "The quotient; by zero it is blank."),
        operator("%", "number % number", "What a division leaves over, with the sign of the left side."),
        operator("+", "number + number, money + money, date + days", "The sum; of two currencies it is blank."),
        operator("-", "number - number, money - money, date - days, date - date -> days", "The difference."),
        operator("&", "value & value -> text", "The texts joined; blank counts as empty."),
        operator("= ==", "value = value -> boolean", "Whether both are the same; false with a blank."),
        operator("!= <>", "value != value -> boolean", "Whether both differ; false with a blank."),
        operator("< <= > >=", "value < value -> boolean", "Which comes first; false with a blank."),
        operator("not", "not boolean -> boolean", "The opposite; binds more loosely than comparisons."),
        operator("and &&", "boolean and boolean -> boolean", "Whether both are true; blank counts as false."),
        operator("or ||", "boolean or boolean -> boolean", "Whether one is true; blank counts as false."),
    ];
    OPERATORS
}

const fn operator(name: &'static str, signature: &'static str, help: &'static str) -> OperatorReference {
    OperatorReference { name, signature, help }
}

/// The type that an operator gives; `None` where it does not take these.
pub(super) fn result(operator: Operator, left: ValueType, right: ValueType) -> Option<ValueType> {
    use Operator as O;
    use ValueType::{Boolean, Date, DateTime, Money, Number, Text};
    match (operator, left, right) {
        (O::And | O::Or, Boolean, Boolean) => Some(Boolean),
        (O::Equal | O::NotEqual, left, right) if left == right => Some(Boolean),
        (O::Less | O::LessOrEqual | O::Greater | O::GreaterOrEqual, left, right)
            if left == right && left != Boolean =>
        {
            Some(Boolean)
        }
        (O::Join, _, _) => Some(Text),
        (O::Add | O::Subtract | O::Multiply | O::Divide | O::Remainder, Number, Number)
        | (O::Divide, Money, Money)
        | (O::Subtract, Date, Date)
        | (O::Subtract, DateTime, DateTime) => Some(Number),
        (O::Add | O::Subtract, Money, Money)
        | (O::Multiply | O::Divide, Money, Number)
        | (O::Multiply, Number, Money) => Some(Money),
        (O::Add | O::Subtract, when @ (Date | DateTime), Number) | (O::Add, Number, when @ (Date | DateTime)) => {
            Some(when)
        }
        _ => None,
    }
}

/// The beginning of a sentence that says what an operator takes.
pub(super) const fn takes(operator: Operator) -> &'static str {
    match operator {
        Operator::And | Operator::Or => "must stand between two booleans",
        Operator::Equal | Operator::NotEqual => "compares two values of one type",
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            "compares two values of one type other than boolean"
        }
        Operator::Join => "joins any two values",
        Operator::Add => "adds numbers, money, or days to a date (and `&` joins texts)",
        Operator::Subtract => "subtracts numbers, money, dates, or days from a date",
        Operator::Multiply => "multiplies numbers, or money by a number",
        Operator::Divide => "divides numbers, money by a number, or money by money",
        Operator::Remainder => "must stand between two numbers",
    }
}

/// What an operator gives, other than `and` and `or`, which need not look at both sides.
pub(super) fn apply(operator: Operator, left: Option<&Operand>, right: Option<&Operand>) -> Option<Operand> {
    let ordered = |holds: fn(Ordering) -> bool| {
        Some(Operand::Boolean(left.zip(right).and_then(|(left, right)| order(left, right)).is_some_and(holds)))
    };
    match operator {
        Operator::Join => Some(Operand::Text(texts::join([left, right]))),
        Operator::Equal => Some(Operand::Boolean(equal(left, right))),
        Operator::NotEqual => Some(Operand::Boolean(left.zip(right).is_some_and(|(left, right)| left != right))),
        Operator::Less => ordered(Ordering::is_lt),
        Operator::LessOrEqual => ordered(Ordering::is_le),
        Operator::Greater => ordered(Ordering::is_gt),
        Operator::GreaterOrEqual => ordered(Ordering::is_ge),
        Operator::And | Operator::Or => None,
        Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Remainder => {
            arithmetic(operator, left?, right?)
        }
    }
}

/// Whether both are there and the same.
pub(super) fn equal(left: Option<&Operand>, right: Option<&Operand>) -> bool {
    left.is_some() && left == right
}

/// Which of two values of one type comes first; `None` for amounts in two currencies.
pub(super) fn order(left: &Operand, right: &Operand) -> Option<Ordering> {
    match (left, right) {
        (Operand::Text(left), Operand::Text(right)) => Some(left.cmp(right)),
        (Operand::Number(left), Operand::Number(right)) => left.partial_cmp(right),
        (Operand::Money { amount: left, currency }, Operand::Money { amount: right, currency: other }) => {
            (currency == other).then(|| left.cmp(right))
        }
        (Operand::Date(left), Operand::Date(right)) => Some(left.cmp(right)),
        (Operand::DateTime(left), Operand::DateTime(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// The negative of a number or an amount.
pub(super) fn negative(operand: &Operand) -> Option<Operand> {
    match operand {
        Operand::Number(number) => numbers::tidy(-number).map(Operand::Number),
        Operand::Money { amount, currency } => money(amount.checked_neg(), currency),
        _ => None,
    }
}

fn arithmetic(operator: Operator, left: &Operand, right: &Operand) -> Option<Operand> {
    use Operand::{Date, DateTime, Money, Number};
    match (operator, left, right) {
        (_, Number(left), Number(right)) => calculate(operator, *left, *right).map(Number),
        (_, Money { amount: left, currency }, Money { amount: right, currency: other }) => {
            if currency != other {
                return None;
            }
            match operator {
                Operator::Add => money(left.checked_add(*right), currency),
                Operator::Subtract => money(left.checked_sub(*right), currency),
                Operator::Divide => calculate(operator, *left as f64, *right as f64).map(Number),
                _ => None,
            }
        }
        (Operator::Multiply, Money { amount, currency }, Number(factor))
        | (Operator::Multiply, Number(factor), Money { amount, currency }) => {
            money(numbers::multiplied(*amount, *factor), currency)
        }
        (Operator::Divide, Money { amount, currency }, Number(divisor)) => {
            money(numbers::divided(*amount, *divisor), currency)
        }
        (Operator::Add, when @ (Date(_) | DateTime(_)), Number(days))
        | (Operator::Add, Number(days), when @ (Date(_) | DateTime(_))) => dates::add_days(when, *days),
        (Operator::Subtract, when, Number(days)) => dates::add_days(when, -days),
        (Operator::Subtract, later, earlier) => dates::days_between(earlier, later).map(Number),
        _ => None,
    }
}

fn calculate(operator: Operator, left: f64, right: f64) -> Option<f64> {
    let result = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => numbers::remainder(left, right),
        _ => return None,
    };
    numbers::tidy(result)
}

fn money(amount: Option<i64>, currency: &str) -> Option<Operand> {
    Some(Operand::Money { amount: amount?, currency: currency.to_owned() })
}
