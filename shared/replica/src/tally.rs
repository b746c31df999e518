//! What is counted of a group while its records are looked through. The order of records never shows in it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use kernel::Timestamp;
use records::Aggregate;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use crate::axis::{Key, Sortable};
use crate::query::Direction;
use crate::schema::ColumnType;

/// The largest amount of money that is answered: what a double still holds exactly.
const MAX_AMOUNT: i128 = 9_007_199_254_740_991;
/// To how many decimals a mean is rounded.
const DECIMALS: f64 = 1e6;
/// The largest number, in its smallest decimal, that is added up. Formulas give larger ones; as many of these as there can
/// be have a sum that is exact.
const MAX_ADDED: f64 = 1e28;

/// What is known of the values of one field, or of the records themselves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    count: u64,
    /// The sum of numbers in their smallest decimal, so that it is exact.
    sum: i128,
    /// Whether there is a number that is too large to be added up: then there is no sum, whatever the others are.
    is_beyond: bool,
    least: Option<Key>,
    greatest: Option<Key>,
    of_money: BTreeMap<String, Amounts>,
}

/// What is known of amounts of one currency.
#[derive(Debug, Clone, Copy)]
struct Amounts {
    count: i128,
    sum: i128,
    least: i64,
    greatest: i64,
}

impl Tally {
    /// Takes over the value of a row in the column `at`; without a type, the row itself.
    pub(crate) fn add(&mut self, kind: Option<&ColumnType>, row: &Row<'_>, at: usize) -> rusqlite::Result<()> {
        let Some(kind) = kind else {
            self.count += 1;
            return Ok(());
        };
        let value = row.get_ref(at)?;
        if value == ValueRef::Null {
            return Ok(());
        }
        match (kind, value) {
            (ColumnType::Money, ValueRef::Integer(amount)) => {
                if let ValueRef::Text(currency) = row.get_ref(at + 1)? {
                    self.add_money(&String::from_utf8_lossy(currency), amount);
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "numbers of records are within what a double holds exactly")]
            (ColumnType::Number { decimals }, ValueRef::Integer(number)) => {
                self.sum += i128::from(number) * 10i128.pow(u32::from(*decimals));
                self.bound(Key::Number(Sortable::of(number as f64)));
            }
            (ColumnType::Number { decimals }, ValueRef::Real(number)) => {
                let scaled = (number * 10f64.powi(i32::from(*decimals))).round();
                if scaled.abs() > MAX_ADDED {
                    self.is_beyond = true;
                } else {
                    #[expect(clippy::cast_possible_truncation, reason = "looked at a line above")]
                    let scaled = scaled as i128;
                    self.sum += scaled;
                }
                self.bound(Key::Number(Sortable::of(number)));
            }
            (ColumnType::Time, ValueRef::Integer(millis)) => self.bound(Key::Integer(millis)),
            (ColumnType::Date, ValueRef::Text(date)) => {
                self.bound(Key::Text(String::from_utf8_lossy(date).into_owned()));
            }
            _ => {}
        }
        self.count += 1;
        Ok(())
    }

    fn bound(&mut self, key: Key) {
        if self.least.as_ref().is_none_or(|least| key < *least) {
            self.least = Some(key.clone());
        }
        if self.greatest.as_ref().is_none_or(|greatest| key > *greatest) {
            self.greatest = Some(key);
        }
    }

    fn add_money(&mut self, currency: &str, amount: i64) {
        let one = Amounts { count: 1, sum: i128::from(amount), least: amount, greatest: amount };
        match self.of_money.get_mut(currency) {
            Some(known) => {
                known.count += 1;
                known.sum += one.sum;
                known.least = known.least.min(amount);
                known.greatest = known.greatest.max(amount);
            }
            None => drop(self.of_money.insert(currency.to_owned(), one)),
        }
    }

    /// What groups are sorted by; null for money.
    pub(crate) fn rank(&self, function: Aggregate, kind: Option<&ColumnType>) -> Key {
        let number = |value: Value| value.as_f64().map_or(Key::Null, |number| Key::Number(Sortable::of(number)));
        match function {
            Aggregate::Min => self.least.clone().unwrap_or(Key::Null),
            Aggregate::Max => self.greatest.clone().unwrap_or(Key::Null),
            _ => number(self.answered(function, kind)),
        }
    }

    /// What a function makes of the values.
    pub(crate) fn answered(&self, function: Aggregate, kind: Option<&ColumnType>) -> Value {
        match (function, kind) {
            (Aggregate::Count, _) => json!(self.count),
            (_, Some(ColumnType::Money)) => {
                let amount = |(currency, amounts): (&String, &Amounts)| {
                    let amount = amounts.answered(function);
                    json!({ "amount": amount, "currency": currency })
                };
                self.of_money.iter().map(amount).collect()
            }
            (Aggregate::Sum | Aggregate::Avg, Some(ColumnType::Number { .. })) if self.is_beyond => Value::Null,
            (Aggregate::Sum, Some(ColumnType::Number { decimals })) => self.summed(*decimals),
            (Aggregate::Avg, Some(ColumnType::Number { decimals })) if self.count > 0 => crate::number::answered(
                (self.scaled(*decimals) / as_float(i128::from(self.count)) * DECIMALS).round() / DECIMALS,
            ),
            (Aggregate::Min, _) => bounded(self.least.as_ref()),
            (Aggregate::Max, _) => bounded(self.greatest.as_ref()),
            _ => Value::Null,
        }
    }

    fn summed(&self, decimals: u8) -> Value {
        let one = 10i128.pow(u32::from(decimals));
        match i64::try_from(self.sum / one) {
            Ok(whole) if self.sum % one == 0 => json!(whole),
            _ => crate::number::answered(self.scaled(decimals)),
        }
    }

    fn scaled(&self, decimals: u8) -> f64 {
        as_float(self.sum) / 10f64.powi(i32::from(decimals))
    }
}

#[expect(clippy::cast_precision_loss, reason = "the nearest double is what is answered")]
const fn as_float(number: i128) -> f64 {
    number as f64
}

impl Amounts {
    /// In minor units; `None` beyond what is answered exactly.
    fn answered(&self, function: Aggregate) -> Option<i64> {
        let amount = match function {
            Aggregate::Sum | Aggregate::Count => self.sum,
            Aggregate::Avg => half_away_from_zero(self.sum, self.count),
            Aggregate::Min => i128::from(self.least),
            Aggregate::Max => i128::from(self.greatest),
        };
        if (-MAX_AMOUNT..=MAX_AMOUNT).contains(&amount) { i64::try_from(amount).ok() } else { None }
    }
}

/// A quotient rounded half away from zero, as formulas round money.
const fn half_away_from_zero(sum: i128, count: i128) -> i128 {
    (2 * sum + sum.signum() * count) / (2 * count)
}

fn bounded(key: Option<&Key>) -> Value {
    match key {
        Some(Key::Number(number)) => crate::number::answered(number.number()),
        Some(Key::Integer(millis)) => json!(Timestamp::from_millis(*millis)),
        Some(Key::Text(date)) => json!(date),
        Some(Key::Money(..) | Key::Null) | None => Value::Null,
    }
}

/// The order of two values in a direction; no value comes last in both.
pub(crate) fn ordering(a: &Key, b: &Key, direction: Direction) -> Ordering {
    match (a, b, direction) {
        (Key::Null, _, _) | (_, Key::Null, _) | (_, _, Direction::Ascending) => a.cmp(b),
        (_, _, Direction::Descending) => b.cmp(a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_of_money_is_rounded_half_away_from_zero() {
        for (sum, count, wanted) in [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (-4, 3, -1), (0, 7, 0), (6, 3, 2)] {
            assert_eq!(half_away_from_zero(sum, count), wanted, "{sum}/{count}");
        }
    }

    #[test]
    fn no_value_comes_last_in_both_directions() {
        for direction in [Direction::Ascending, Direction::Descending] {
            assert_eq!(ordering(&Key::Null, &Key::Integer(1), direction), Ordering::Greater);
        }
        assert_eq!(ordering(&Key::Integer(1), &Key::Integer(2), Direction::Descending), Ordering::Greater);
    }
}
