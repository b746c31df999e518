//! Questions at random.

use proptest::prelude::*;
use proptest::sample::select;
use records::Aggregate;
use replica::{
    Archived, Condition, Direction, Filter, GroupBy, GroupKey, GroupSort, Grouping, Measure, Nulls, Op, Sort, Unit,
};
use serde_json::{Value, json};

use super::company::{AMOUNTS, CURRENCIES, DAYS, NUMBERS, TEXTS, TIERS, TIMES, TOPICS};
use super::meaning::{Kind, PATHS, kind};

/// Which of the callers asks.
pub(super) fn viewer() -> impl Strategy<Value = usize> {
    0..5usize
}

pub(super) fn archived() -> impl Strategy<Value = Archived> {
    select(vec![Archived::Any, Archived::Exclude, Archived::Only])
}

/// A value to compare a field with.
fn operand(kind: Kind) -> BoxedStrategy<Value> {
    let texts = |texts: &[&'static str]| select(texts.to_vec()).prop_map(Value::from).boxed();
    match kind {
        Kind::Text => texts(&TEXTS[1..]),
        Kind::Day => texts(&DAYS),
        Kind::Time => texts(&[&DAYS[..2], &TIMES].concat()),
        Kind::Word => texts(&TIERS),
        Kind::Currency => texts(&CURRENCIES),
        Kind::Number => select(NUMBERS.to_vec()).prop_map(Value::from).boxed(),
        Kind::Truth => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Money => {
            let of_currency = (select(AMOUNTS.to_vec()), select(CURRENCIES.to_vec()))
                .prop_map(|(amount, currency)| json!({ "amount": amount, "currency": currency }));
            prop_oneof![select(AMOUNTS.to_vec()).prop_map(Value::from), of_currency].boxed()
        }
        Kind::Several => texts(&["vip", "Strasse", "X", "a@B.co", "ЁЖ"]),
        Kind::Id => unreachable!("is only asked for null"),
    }
}

fn ops(kind: Kind) -> Vec<Op> {
    let equal = [Op::Eq, Op::Ne, Op::In, Op::NotIn, Op::IsNull];
    let ordered = [Op::Lt, Op::Lte, Op::Gt, Op::Gte, Op::Between];
    let of_text = [Op::Contains, Op::StartsWith];
    match kind {
        Kind::Text => Op::ALL.to_vec(),
        Kind::Number | Kind::Money | Kind::Day | Kind::Time => [equal, ordered].concat(),
        Kind::Several => [&equal[..], &of_text[..]].concat(),
        Kind::Truth | Kind::Word | Kind::Currency => equal.to_vec(),
        Kind::Id => vec![Op::IsNull],
    }
}

fn condition() -> impl Strategy<Value = Filter> {
    select(PATHS.to_vec()).prop_flat_map(|(path, kind)| {
        // Words of a multi-select are options, and nothing begins with a part of one.
        let words = path == "custom.topics";
        let ops: Vec<Op> = ops(kind).into_iter().filter(|op| !words || *op != Op::StartsWith).collect();
        let value = match kind {
            Kind::Id => Just(Value::Null).boxed(),
            _ if words => select(TOPICS.to_vec()).prop_map(Value::from).boxed(),
            kind => operand(kind),
        };
        (select(ops), value.clone(), value, any::<bool>()).prop_map(move |(op, one, two, yes)| {
            let value = match op {
                Op::In | Op::NotIn | Op::Between => json!([one, two]),
                Op::IsNull => json!(yes),
                _ => one,
            };
            Filter::Is(Condition::new(path, op, value))
        })
    })
}

pub(super) fn filter() -> impl Strategy<Value = Filter> {
    condition().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(|one| Filter::Not(Box::new(one))),
        ]
    })
}

fn direction() -> impl Strategy<Value = Direction> {
    select(vec![Direction::Ascending, Direction::Descending])
}

pub(super) fn sort() -> impl Strategy<Value = Vec<Sort>> {
    let one = (select(PATHS.to_vec()), direction(), select(vec![Nulls::First, Nulls::Last]))
        .prop_map(|((path, _), direction, nulls)| Sort { nulls, ..Sort::by(path, direction) });
    prop::collection::vec(one, 0..4)
}

fn group_by() -> impl Strategy<Value = GroupBy> {
    let units = vec![Unit::Day, Unit::Week, Unit::Month, Unit::Quarter, Unit::Year];
    (select(PATHS.to_vec()), prop::option::of(select(units))).prop_map(|((path, kind), unit)| GroupBy {
        field: path.to_owned(),
        unit: unit.filter(|_| matches!(kind, Kind::Day | Kind::Time)),
    })
}

fn measure() -> impl Strategy<Value = Measure> {
    let count = Just(Measure { function: Aggregate::Count, field: None });
    let of_field = select(PATHS.to_vec()).prop_flat_map(|(path, kind)| {
        let functions = match kind {
            Kind::Number | Kind::Money => {
                vec![Aggregate::Count, Aggregate::Sum, Aggregate::Avg, Aggregate::Min, Aggregate::Max]
            }
            Kind::Day | Kind::Time => vec![Aggregate::Min, Aggregate::Max],
            _ => vec![Aggregate::Count],
        };
        select(functions).prop_map(move |function| Measure { function, field: Some(path.to_owned()) })
    });
    prop_oneof![count, of_field]
}

pub(super) fn grouping() -> impl Strategy<Value = Grouping> {
    let keys = prop::collection::vec(group_by(), 0..4);
    let measures = prop::collection::vec(measure(), 0..4);
    let sort = prop::option::of((any::<bool>(), any::<u8>(), direction()));
    (filter(), keys, measures, sort, 1u16..30).prop_map(|(filter, group_by, aggregates, sort, limit)| {
        let sort = sort.and_then(|(by_key, index, direction)| {
            let among = if by_key { group_by.len() } else { aggregates.len() };
            let index = usize::from(index).checked_rem(among)?;
            let by = if by_key { GroupKey::Key(index) } else { GroupKey::Measure(index) };
            let is_money = |measure: &Measure| {
                measure.function != Aggregate::Count && measure.field.as_deref().map(kind) == Some(Kind::Money)
            };
            (by_key || !is_money(&aggregates[index])).then_some(GroupSort { by, direction })
        });
        let sort = sort.into_iter().collect();
        Grouping { filter, group_by, aggregates, sort, limit, ..Grouping::new("contact") }
    })
}
