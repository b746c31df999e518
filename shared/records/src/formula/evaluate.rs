//! The value of a formula for one record.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

use super::reference::Function;
use super::tree::{Expression, Operator, Part, Step};
use super::{Operand, ValueType, dates, functions, operators, texts};

/// A value that the tree or the record holds, or one that was made; `None` is blank.
type Value<'a> = Option<Cow<'a, Operand>>;

pub(super) struct Evaluation<'a> {
    fields: &'a [(String, ValueType)],
    value_of: &'a dyn Fn(&str) -> Option<Operand>,
    /// What the record answered for each of the fields that was asked for.
    values: Vec<OnceCell<Option<Operand>>>,
    /// Whether a text became too long, which leaves the whole formula blank.
    too_long: Cell<bool>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(fields: &'a [(String, ValueType)], value_of: &'a dyn Fn(&str) -> Option<Operand>) -> Self {
        let values = fields.iter().map(|_| OnceCell::new()).collect();
        Self { fields, value_of, values, too_long: Cell::new(false) }
    }

    /// What the whole formula gives.
    pub(super) fn result(&self, root: &Part) -> Option<Operand> {
        let value = self.value(root).map(Cow::into_owned);
        let value = self.kept(value);
        if self.too_long.get() { None } else { value.map(Cow::into_owned) }
    }

    fn value<'e>(&'e self, part: &'e Part) -> Value<'e> {
        if self.too_long.get() {
            return None;
        }
        match &part.expression {
            Expression::Literal(operand) => Some(Cow::Borrowed(operand)).filter(|_| !part.is_empty_text()),
            Expression::Field(index) => self.field(*index).map(Cow::Borrowed),
            Expression::Not(denied) => boolean(!self.holds(denied)),
            Expression::Negative(operand) => {
                let operand = self.value(operand)?;
                self.kept(operators::negative(&operand))
            }
            Expression::Chain { first, steps } => self.chain(first, steps),
            Expression::Call { function, arguments } => self.call(*function, arguments),
        }
    }

    /// The value of the field at a place among the formula's fields.
    fn field(&self, index: usize) -> Option<&Operand> {
        let (path, value_type) = &self.fields[index];
        let value = self.values[index].get_or_init(|| {
            let value = (self.value_of)(path).filter(|value| value.value_type() == *value_type)?;
            match value {
                Operand::Text(text) if text.is_empty() => None,
                Operand::Number(number) if !number.is_finite() => None,
                Operand::Number(number) => Some(Operand::Number(number + 0.0)),
                Operand::DateTime(_) if dates::civil(&value).is_none() => None,
                value => Some(value),
            }
        });
        value.as_ref()
    }

    fn chain<'e>(&'e self, first: &'e Part, steps: &'e [Step]) -> Value<'e> {
        let mut left = self.value(first);
        for Step { operator, operand, .. } in steps {
            left = match operator {
                Operator::And => boolean(is_true(&left) && self.holds(operand)),
                Operator::Or => boolean(is_true(&left) || self.holds(operand)),
                operator => {
                    let right = self.value(operand);
                    self.kept(operators::apply(*operator, left.as_deref(), right.as_deref()))
                }
            };
        }
        left
    }

    fn call<'e>(&'e self, function: Function, arguments: &'e [Part]) -> Value<'e> {
        match function {
            Function::If => {
                let (condition, branches) = arguments.split_first()?;
                let branch = if self.holds(condition) { branches.first() } else { branches.get(1) };
                self.value(branch?)
            }
            Function::Case => self.case(arguments),
            Function::Coalesce => arguments.iter().find_map(|argument| self.value(argument)),
            Function::And => boolean(arguments.iter().all(|argument| self.holds(argument))),
            Function::Or => boolean(arguments.iter().any(|argument| self.holds(argument))),
            function => {
                let values: Vec<Value<'_>> = arguments.iter().map(|argument| self.value(argument)).collect();
                let values: Vec<Option<&Operand>> = values.iter().map(Option::as_deref).collect();
                self.kept(functions::call(function, &values))
            }
        }
    }

    fn case<'e>(&'e self, arguments: &'e [Part]) -> Value<'e> {
        let (value, branches) = arguments.split_first()?;
        let value = self.value(value);
        let pairs = branches.chunks_exact(2);
        let otherwise = pairs.remainder().first();
        for pair in pairs {
            let when = self.value(&pair[0]);
            if operators::equal(value.as_deref(), when.as_deref()) {
                return self.value(&pair[1]);
            }
        }
        self.value(otherwise?)
    }

    /// Whether a condition is true; a blank one is not.
    fn holds(&self, condition: &Part) -> bool {
        is_true(&self.value(condition))
    }

    /// A value that was made: an empty text is blank, and one that is too long ends the evaluation.
    fn kept<'e>(&self, made: Option<Operand>) -> Value<'e> {
        match made {
            Some(Operand::Text(text)) if text.is_empty() => None,
            Some(Operand::Text(text)) if texts::is_too_long(&text) => {
                self.too_long.set(true);
                None
            }
            made => made.map(Cow::Owned),
        }
    }
}

fn boolean<'e>(boolean: bool) -> Value<'e> {
    Some(Cow::Owned(Operand::Boolean(boolean)))
}

fn is_true(value: &Value<'_>) -> bool {
    matches!(value.as_deref(), Some(Operand::Boolean(true)))
}
