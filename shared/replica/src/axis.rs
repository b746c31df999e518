//! The values that groups are made by, each told apart from the others by a small number.

use std::collections::HashMap;

use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use crate::period::{Unit, date_of, day_of_millis};
use crate::schema::{ColumnType, SEPARATOR};

/// One value that groups are made by. In order as people expect them, no value last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    /// A text, a word, an id, a day.
    Text(String),
    /// A whole number, a moment, a truth, the place of a word among options.
    Integer(i64),
    /// Any number, in a form that sorts as numbers do.
    Number(Sortable),
    /// An amount, within its currency.
    Money(String, i64),
    /// There is none.
    Null,
}

impl Key {
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A number as bits that sort as numbers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sortable(u64);

impl Sortable {
    const SIGN: u64 = 1 << 63;

    pub(crate) fn of(number: f64) -> Self {
        // Zero has two signs and is one number.
        let bits = if number == 0.0 { 0 } else { number.to_bits() };
        Self(if bits & Self::SIGN == 0 { bits | Self::SIGN } else { !bits })
    }

    pub(crate) fn number(self) -> f64 {
        f64::from_bits(if self.0 & Self::SIGN == 0 { !self.0 } else { self.0 & !Self::SIGN })
    }
}

/// A field that groups are made by, with the values that were found in it.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    kind: ColumnType,
    unit: Option<Unit>,
    keys: Vec<Key>,
    places: HashMap<Key, u32>,
    /// The places of what is in the column as it is: several for a set.
    of_text: HashMap<String, Vec<u32>>,
    of_number: HashMap<i64, Vec<u32>>,
    last: Vec<u32>,
}

impl Axis {
    pub(crate) fn new(kind: &ColumnType, unit: Option<Unit>) -> Self {
        Self {
            kind: kind.clone(),
            unit,
            keys: Vec::new(),
            places: HashMap::new(),
            of_text: HashMap::new(),
            of_number: HashMap::new(),
            last: Vec::new(),
        }
    }

    /// The value at a place.
    pub(crate) fn key(&self, place: u32) -> &Key {
        usize::try_from(place).ok().and_then(|place| self.keys.get(place)).unwrap_or(&Key::Null)
    }

    /// The places of the values that a row has in the column `at`: at least one, that of no value.
    pub(crate) fn places(&mut self, row: &Row<'_>, at: usize) -> rusqlite::Result<&[u32]> {
        let value = row.get_ref(at)?;
        if self.kind == ColumnType::Money {
            let key = match (value, row.get_ref(at + 1)?) {
                (ValueRef::Integer(amount), ValueRef::Text(currency)) => {
                    Key::Money(String::from_utf8_lossy(currency).into_owned(), amount)
                }
                _ => Key::Null,
            };
            return Ok(self.only(key));
        }
        Ok(match value {
            ValueRef::Text(text) => {
                let text = String::from_utf8_lossy(text);
                if !self.of_text.contains_key(&*text) {
                    let places = self.keys_of(&text).into_iter().map(|key| self.place(key)).collect();
                    self.of_text.insert(text.clone().into_owned(), places);
                }
                &self.of_text[&*text]
            }
            ValueRef::Integer(number) => {
                let number = if self.unit.is_some() { day_of_millis(number) } else { number };
                if !self.of_number.contains_key(&number) {
                    let place = self.place(self.key_of(number));
                    self.of_number.insert(number, vec![place]);
                }
                &self.of_number[&number]
            }
            ValueRef::Real(number) => self.only(Key::Number(Sortable::of(number))),
            ValueRef::Null | ValueRef::Blob(_) => self.only(Key::Null),
        })
    }

    fn only(&mut self, key: Key) -> &[u32] {
        self.last = vec![self.place(key)];
        &self.last
    }

    fn place(&mut self, key: Key) -> u32 {
        let next = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        *self.places.entry(key).or_insert_with_key(|key| {
            self.keys.push(key.clone());
            next
        })
    }

    /// What a text of the column says.
    fn keys_of(&self, text: &str) -> Vec<Key> {
        match &self.kind {
            ColumnType::Set(of) => {
                let mut keys: Vec<Key> =
                    text.split(SEPARATOR).filter(|member| !member.is_empty()).map(|member| word(of, member)).collect();
                keys.sort_unstable();
                keys.dedup();
                if keys.is_empty() { vec![Key::Null] } else { keys }
            }
            ColumnType::Date => match (self.unit, records::parse_date(text)) {
                (Some(unit), Some(day)) => vec![Key::Text(unit.first_day(day))],
                _ => vec![Key::Text(text.to_owned())],
            },
            kind => vec![word(kind, text)],
        }
    }

    /// What a whole number of the column says, or the number of a day.
    fn key_of(&self, number: i64) -> Key {
        match (&self.kind, self.unit) {
            (_, Some(unit)) => Key::Text(unit.first_day(date_of(number))),
            #[expect(clippy::cast_precision_loss, reason = "numbers of records are within what a double holds exactly")]
            (ColumnType::Number { .. }, None) => Key::Number(Sortable::of(number as f64)),
            _ => Key::Integer(number),
        }
    }

    /// A value as it is answered.
    pub(crate) fn answered(&self, key: &Key) -> Value {
        let kind = if let ColumnType::Set(of) = &self.kind { of } else { &self.kind };
        match (kind, key) {
            (ColumnType::Select(options), Key::Integer(place)) => {
                let option = usize::try_from(*place).ok().and_then(|place| options.get(place));
                json!(option)
            }
            (ColumnType::Boolean, Key::Integer(truth)) => json!(*truth != 0),
            (ColumnType::Time, Key::Integer(millis)) => json!(kernel::Timestamp::from_millis(*millis)),
            (_, Key::Integer(number)) => json!(number),
            (_, Key::Text(text)) => json!(text),
            (_, Key::Number(number)) => crate::number::answered(number.number()),
            (_, Key::Money(currency, amount)) => json!({ "amount": amount, "currency": currency }),
            (_, Key::Null) => Value::Null,
        }
    }
}

/// A word: of a select field its place among the options, so that groups come in that order.
fn word(kind: &ColumnType, text: &str) -> Key {
    let place = match kind {
        ColumnType::Select(options) => options.iter().position(|option| option == text),
        _ => None,
    };
    place.and_then(|place| i64::try_from(place).ok()).map_or_else(|| Key::Text(text.to_owned()), Key::Integer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bits_sort_as_their_numbers_do(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(Sortable::of(a).cmp(&Sortable::of(b)), a.partial_cmp(&b).unwrap());
            prop_assert_eq!(Sortable::of(a).number(), a);
        }
    }
}
