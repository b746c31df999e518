//! Comparisons of fields as pieces of SQL.
//!
//! Every one of them is true or false and never null, so `not` is the exact opposite; and none hides its column in a
//! function where an index could find the records.

use kernel::Violations;
use rusqlite::types::Value as Sql;

use crate::filter::{Condition, Filter, MAX_CONDITIONS, MAX_DEPTH, MAX_FILTER_VALUES, Op, too_many};
use crate::part::Part;
use crate::schema::ColumnType;
use crate::scope::{Named, OWN, Scope, Seen};
use crate::value::{Operand, Refusal, parse, parse_all, refused, yes};

/// A filter as a condition on the records of a scope. What is wrong with it goes to `violations`.
///
/// A view's filter and that of whoever asks by it are held together by an `and` that neither has: it counts for nothing, and
/// both have room. Each of them was held to the limits of one when it was read.
pub(crate) fn filter(scope: &Scope<'_>, filter: &Filter, violations: &mut Violations) -> Part {
    let mut left = Left { conditions: MAX_CONDITIONS, values: MAX_FILTER_VALUES };
    match filter {
        Filter::And(parts) => {
            // How many values there are is what it costs, whoever has said them.
            left.conditions *= 2;
            Part::and(parts.iter().map(|part| condition(scope, part, 0, &mut left, violations)))
        }
        one => condition(scope, one, 0, &mut left, violations),
    }
}

/// How much more a filter may have.
struct Left {
    conditions: usize,
    values: usize,
}

fn condition(scope: &Scope<'_>, filter: &Filter, depth: usize, left: &mut Left, violations: &mut Violations) -> Part {
    if left.conditions == 0 || depth > MAX_DEPTH {
        too_many("/filter", violations);
        return Part::none();
    }
    left.conditions -= 1;
    let mut all = |filters: &[Filter]| -> Vec<Part> {
        filters.iter().map(|one| condition(scope, one, depth + 1, left, violations)).collect()
    };
    match filter {
        Filter::And(filters) => Part::and(all(filters)),
        Filter::Or(filters) => Part::or(all(filters)),
        Filter::Not(one) => !condition(scope, one, depth + 1, left, violations),
        Filter::Is(one) => comparison(scope, one, left, violations),
    }
}

/// One condition.
fn comparison(scope: &Scope<'_>, condition: &Condition, left: &mut Left, violations: &mut Violations) -> Part {
    let Some(named) = scope.named(&condition.field, &condition.at("field"), violations) else { return Part::none() };
    let kind = named.seen().kind();
    if !knows(kind, condition.op) {
        let detail = format!("cannot be compared by {}", condition.op.as_str());
        violations.add(condition.at("op"), "unsupported_op", detail);
        return Part::none();
    }
    let test = match Test::parse(scope, kind, condition) {
        Ok(test) => test,
        Err((code, detail)) => {
            violations.add(condition.at("value"), code, detail);
            return Part::none();
        }
    };
    let Some(values) = left.values.checked_sub(test.operands.len()) else {
        too_many("/filter", violations);
        return Part::none();
    };
    left.values = values;
    match named {
        Named::Own(seen) => test.on(&Subject::new(&seen, OWN)),
        Named::Far(step, seen) => scope.far(&step, test.fits_none(), |alias| test.on(&Subject::new(&seen, alias))),
    }
}

/// Whether values of a type can be compared that way.
fn knows(kind: &ColumnType, op: Op) -> bool {
    match op {
        Op::Eq | Op::Ne | Op::In | Op::NotIn | Op::IsNull => true,
        Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::Between => matches!(
            kind,
            ColumnType::Text
                | ColumnType::Phone
                | ColumnType::Number { .. }
                | ColumnType::Time
                | ColumnType::Date
                | ColumnType::Money
        ),
        Op::Contains => matches!(kind, ColumnType::Text | ColumnType::Phone | ColumnType::Set(_)),
        Op::StartsWith => match kind {
            ColumnType::Set(of) => matches!(**of, ColumnType::Text | ColumnType::Phone),
            kind => matches!(kind, ColumnType::Text | ColumnType::Phone),
        },
    }
}

/// What a value is asked, apart from whose value it is.
struct Test<'a> {
    op: Op,
    kind: &'a ColumnType,
    operands: Vec<Operand>,
    yes: bool,
}

/// A value in a statement.
struct Subject {
    value: String,
    currency: Option<String>,
}

impl Subject {
    fn new(seen: &Seen<'_>, alias: &str) -> Self {
        Self { value: seen.value(alias), currency: seen.currency(alias) }
    }
}

impl<'a> Test<'a> {
    fn parse(scope: &Scope<'_>, kind: &'a ColumnType, condition: &Condition) -> Result<Self, Refusal> {
        let Condition { op, value, .. } = condition;
        let mut test = Self { op: *op, kind, operands: Vec::new(), yes: true };
        match op {
            Op::IsNull => test.yes = yes(value)?,
            Op::In | Op::NotIn => test.operands = parse_all(kind, scope.schema, value)?,
            Op::Between => {
                test.operands = parse_all(kind, scope.schema, value)?;
                if test.operands.len() != 2 {
                    return refused("invalid_type", "must be two values, from and to");
                }
            }
            _ => test.operands = vec![parse(kind, scope.schema, value)?],
        }
        Ok(test)
    }

    /// Whether having no value passes.
    const fn fits_none(&self) -> bool {
        match self.op {
            Op::Ne | Op::NotIn => true,
            Op::IsNull => self.yes,
            _ => false,
        }
    }

    /// The condition that a value passes.
    fn on(&self, subject: &Subject) -> Part {
        let value = &subject.value;
        match (self.op, self.operands.as_slice()) {
            (Op::IsNull, _) => Part::of(format!("{value} IS {}NULL", if self.yes { "" } else { "NOT " })),
            (Op::Between, [from, to]) => Part::and([relation(subject, ">=", from), relation(subject, "<=", to)]),
            (Op::Ne | Op::NotIn, operands) => !self.is_one_of(subject, operands),
            (Op::Lt, [operand]) => relation(subject, "<", operand),
            (Op::Lte, [operand]) => relation(subject, "<=", operand),
            (Op::Gt, [operand]) => relation(subject, ">", operand),
            (Op::Gte, [operand]) => relation(subject, ">=", operand),
            (Op::Contains | Op::StartsWith, [Operand::Point(Sql::Text(text))]) => self.part_of(value, text),
            (_, operands) => self.is_one_of(subject, operands),
        }
    }

    fn is_one_of(&self, subject: &Subject, operands: &[Operand]) -> Part {
        if let ColumnType::Set(of) = self.kind {
            let has = |operand: &Operand| match operand {
                Operand::Point(Sql::Text(text)) => holds(&subject.value, of.member(text)),
                _ => Part::none(),
            };
            return Part::or(operands.iter().map(has));
        }
        let points: Option<Vec<Sql>> = operands
            .iter()
            .map(|operand| match operand {
                Operand::Point(point) => Some(point.clone()),
                _ => None,
            })
            .collect();
        let value = &subject.value;
        match points {
            Some(points) if points.len() == 1 => Part::new(format!("{value} IS ?"), points),
            Some(points) => {
                let marks = vec!["?"; points.len()].join(", ");
                Part::new(format!("({value} IS NOT NULL AND {value} IN ({marks}))"), points)
            }
            None => Part::or(operands.iter().map(|operand| relation(subject, "IS", operand))),
        }
    }

    /// Whether a text is in a value, or at its beginning.
    fn part_of(&self, value: &str, text: &str) -> Part {
        match (self.op, self.kind) {
            (Op::Contains, ColumnType::Set(of)) => holds(value, of.member(text)),
            (_, ColumnType::Set(_)) => holds(value, format!("{}{text}", crate::schema::SEPARATOR)),
            (Op::Contains, _) => holds(value, text.to_owned()),
            _ => begins(value, text),
        }
    }
}

/// Whether a text holds another one.
fn holds(value: &str, text: String) -> Part {
    Part::new(format!("({value} IS NOT NULL AND instr({value}, ?) > 0)"), vec![Sql::Text(text)])
}

/// Whether a text begins with another one. What does is not before it in order, which an index or a short look tells.
pub(crate) fn begins(value: &str, text: &str) -> Part {
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    Part::new(
        format!("({value} IS NOT NULL AND {value} >= ? AND substr({value}, 1, ?) = ?)"),
        vec![Sql::Text(text.to_owned()), Sql::Integer(length), Sql::Text(text.to_owned())],
    )
}

/// `<`, `<=`, `>`, `>=` or `IS` between a value and one other.
fn relation(subject: &Subject, sign: &str, operand: &Operand) -> Part {
    let value = &subject.value;
    let compared = |sign: &str, with: Sql| Part::new(format!("({value} IS NOT NULL AND {value} {sign} ?)"), vec![with]);
    match operand {
        Operand::Point(point) => compared(sign, point.clone()),
        Operand::Day(first, next) => match sign {
            "<" | ">=" => compared(sign, Sql::Integer(*first)),
            "<=" => compared("<", Sql::Integer(*next)),
            ">" => compared(">=", Sql::Integer(*next)),
            _ => Part::and([compared(">=", Sql::Integer(*first)), compared("<", Sql::Integer(*next))]),
        },
        Operand::Amount(amount, None) => compared(sign, Sql::Integer(*amount)),
        Operand::Amount(amount, Some(code)) => match &subject.currency {
            Some(currency) => Part::and([
                Part::new(format!("{currency} IS ?"), vec![Sql::Text(code.clone())]),
                compared(sign, Sql::Integer(*amount)),
            ]),
            None => Part::none(),
        },
    }
}
