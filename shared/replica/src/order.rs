//! The order of a list, and what comes after a place in it.

use kernel::Violations;
use records::FieldType;
use rusqlite::types::Value as Sql;

use crate::cursor::{Cursor, Key};
use crate::part::Part;
use crate::query::{Direction, MAX_SORT, Nulls, Sort};
use crate::schema::{ColumnType, SEPARATOR};
use crate::scope::{Joins, Named, OWN, Scope, Seen};

/// By how many characters of long texts records are sorted: the rest says little, and cursors carry what is sorted by.
const SORTED_CHARS: usize = 200;
/// From how many bytes on a text is taken to be longer than that.
const LONG_BYTES: usize = 400;
/// The most characters of a field that is never sorted by less than all of it.
const SHORT_FIELD: usize = 255;

/// One key that a list is ordered by.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    value: Part,
    descending: bool,
    nulls: Nulls,
    always: bool,
    kind: Kind,
}

/// What sort of value a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Number,
}

/// The order that a query asks for. What is wrong with it goes to `violations`.
pub(crate) fn orders(scope: &Scope<'_>, sort: &[Sort], joins: &mut Joins, violations: &mut Violations) -> Vec<Order> {
    if sort.len() > MAX_SORT {
        violations.add("/sort", "too_many", format!("must name at most {MAX_SORT} fields"));
        return Vec::new();
    }
    let mut one = |sort: &Sort| {
        let named = scope.named(&sort.field, "/sort", violations)?;
        let alias = joins.alias(scope, &named);
        Some(Order::of(&named, &alias, sort))
    };
    sort.iter().filter_map(&mut one).collect()
}

impl Order {
    fn of(named: &Named<'_>, alias: &str, sort: &Sort) -> Self {
        let seen = named.seen();
        let (value, kind) = key(&seen, alias);
        Self {
            value,
            descending: sort.direction == Direction::Descending,
            nulls: sort.nulls,
            always: seen.always() && matches!(named, Named::Own(_)),
            kind,
        }
    }

    /// By a column of every record, the largest first.
    pub(crate) fn latest(column: &str) -> Self {
        let value = Part::of(format!("{OWN}.{column}"));
        Self { value, descending: true, nulls: Nulls::Last, always: true, kind: Kind::Integer }
    }

    /// By a number that an expression gives for every record, the smallest first.
    pub(crate) fn by_rank(value: Part) -> Self {
        Self { value, descending: false, nulls: Nulls::Last, always: true, kind: Kind::Integer }
    }

    /// The value that is sorted by.
    pub(crate) fn value(&self) -> Part {
        self.value.clone()
    }

    /// The term of `ORDER BY` over the value, which the statement calls `name`.
    fn term(&self, name: &str) -> String {
        let direction = if self.descending { "DESC" } else { "ASC" };
        match (self.always, self.nulls) {
            (true, _) => format!("{name} {direction}"),
            (false, Nulls::First) => format!("{name} {direction} NULLS FIRST"),
            (false, Nulls::Last) => format!("{name} {direction} NULLS LAST"),
        }
    }

    fn read(&self, key: &Key) -> kernel::Result<Sql> {
        match (key, self.kind) {
            (Key::Null, _) if !self.always => Ok(Sql::Null),
            (Key::Text(text), Kind::Text) => Ok(Sql::Text(text.clone())),
            (Key::Integer(number), Kind::Integer | Kind::Number) => Ok(Sql::Integer(*number)),
            (Key::Real(bits), Kind::Number) => Ok(Sql::Real(f64::from_bits(*bits))),
            _ => Err(Cursor::forged()),
        }
    }

    /// Records whose value in this key comes after a value; `None`: none can. Never negated, so null may stand for false.
    fn beyond(&self, value: &Sql) -> Option<Part> {
        let with = |tail: &str, values: Vec<Sql>| {
            let mut part = self.value.clone();
            part.push(Part::new(tail, values));
            part
        };
        if *value == Sql::Null {
            return (self.nulls == Nulls::First).then(|| with(" IS NOT NULL", Vec::new()));
        }
        let further = with(if self.descending { " < ?" } else { " > ?" }, vec![value.clone()]);
        if self.always || self.nulls == Nulls::First {
            return Some(further);
        }
        Some(Part::or([further, with(" IS NULL", Vec::new())]))
    }

    /// What all records at or after a value have in common in this key, in a form that an index can be entered by.
    fn reach(&self, value: &Sql) -> Option<Part> {
        if *value == Sql::Null || !self.always {
            return None;
        }
        let mut reach = self.value.clone();
        reach.push(Part::new(if self.descending { " <= ?" } else { " >= ?" }, vec![value.clone()]));
        Some(reach)
    }
}

/// The terms of `ORDER BY`: keys are called `k0`, `k1` and so on, and equal ones are told apart by id, in the direction of
/// the last key, so that one index serves both.
pub(crate) fn terms(orders: &[Order]) -> String {
    let mut terms: Vec<String> =
        orders.iter().enumerate().map(|(index, order)| order.term(&format!("k{index}"))).collect();
    terms.push(format!("{OWN}.f_id {}", if ties_descend(orders) { "DESC" } else { "ASC" }));
    terms.join(", ")
}

fn ties_descend(orders: &[Order]) -> bool {
    orders.last().is_some_and(|order| order.descending)
}

/// What comes after a cursor: further in the first key, or equal there and further in the second …
///
/// # Errors
/// `cursor_mismatch` when the cursor's values are not of the kinds that are sorted by.
pub(crate) fn after(orders: &[Order], cursor: &Cursor) -> kernel::Result<Part> {
    if cursor.keys.len() != orders.len() {
        return Err(Cursor::forged());
    }
    let mut reach = None;
    let mut branches = Vec::new();
    let mut equal: Vec<Part> = Vec::new();
    for (index, (order, key)) in orders.iter().zip(&cursor.keys).enumerate() {
        let value = order.read(key)?;
        if index == 0 {
            reach = order.reach(&value);
        }
        if let Some(beyond) = order.beyond(&value) {
            branches.push(Part::and(equal.iter().cloned().chain([beyond])));
        }
        let mut same = order.value.clone();
        same.push(Part::new(" IS ?", vec![value]));
        equal.push(same);
    }
    let sign = if ties_descend(orders) { "<" } else { ">" };
    equal.push(Part::new(format!("{OWN}.f_id {sign} ?"), vec![Sql::Text(cursor.id.clone())]));
    branches.push(Part::and(equal));
    Ok(Part::and(reach.into_iter().chain([Part::or(branches)])))
}

/// What a column is sorted by.
fn key(seen: &Seen<'_>, alias: &str) -> (Part, Kind) {
    let value = seen.value(alias);
    match seen.kind() {
        ColumnType::Number { .. } => (Part::of(value), Kind::Number),
        ColumnType::Time | ColumnType::Boolean | ColumnType::Money => (Part::of(value), Kind::Integer),
        ColumnType::Select(options) => (place(&value, options), Kind::Integer),
        _ if is_short(seen) => (Part::of(value), Kind::Text),
        _ => {
            let short =
                format!("iif(octet_length({value}) > {LONG_BYTES}, substr({value}, 1, {SORTED_CHARS}), {value})");
            (Part::of(short), Kind::Text)
        }
    }
}

/// The place of a word among the options: where it stands in the text of all of them.
fn place(value: &str, options: &[String]) -> Part {
    let mut all = String::from(SEPARATOR);
    for option in options {
        all.push_str(option);
        all.push(SEPARATOR);
    }
    let code = u32::from(SEPARATOR);
    Part::new(format!("nullif(instr(?, char({code}) || {value} || char({code})), 0)"), vec![Sql::Text(all)])
}

/// Whether a column's texts are short by its description.
fn is_short(seen: &Seen<'_>) -> bool {
    match seen.kind() {
        ColumnType::Text => match seen.table.object.field(&seen.column.field).map(|field| &field.kind) {
            Some(FieldType::Text { max }) => *max <= SHORT_FIELD,
            Some(FieldType::Email {} | FieldType::Domain {} | FieldType::ExternalId {}) => true,
            _ => false,
        },
        ColumnType::Set(_) => false,
        _ => true,
    }
}
