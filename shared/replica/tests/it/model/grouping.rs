//! What groups and their aggregates mean, in plain Rust.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use events::Document;
use kernel::Timestamp;
use records::Aggregate;
use replica::{Direction, GroupBy, GroupKey, Grouping, Measure, Unit, fold};
use serde_json::{Value, json};

use super::company::{TIERS, TOPICS};
use super::meaning::{Kind, Meant, Model, kind, stored};

/// A key: what it is sorted by, and what it is answered as. No value comes last.
type Key = (bool, String, f64, String);

/// The groups that there should be, all of them in their order.
pub(super) fn expected(model: &Model<'_>, grouping: &Grouping) -> Vec<(Vec<Value>, Vec<Value>)> {
    let mut groups: BTreeMap<Vec<String>, (Vec<Key>, Vec<&Document>)> = BTreeMap::new();
    if grouping.group_by.is_empty() {
        groups.insert(Vec::new(), (Vec::new(), Vec::new()));
    }
    for document in model.fitting("contact", &grouping.filter, grouping.archived) {
        let mut all: Vec<Vec<Key>> = vec![Vec::new()];
        for by in &grouping.group_by {
            let keys = keys(model, document, by);
            all = all
                .iter()
                .flat_map(|one| keys.iter().map(|key| [&one[..], std::slice::from_ref(key)].concat()))
                .collect();
        }
        for keys in all {
            let name = keys.iter().map(|key| format!("{key:?}")).collect();
            groups.entry(name).or_insert_with(|| (keys, Vec::new())).1.push(document);
        }
    }
    let mut rows: Vec<_> = groups
        .into_values()
        .map(|(keys, members)| {
            let values: Vec<Value> =
                grouping.aggregates.iter().map(|measure| measured(model, measure, &members)).collect();
            let answered: Vec<Value> =
                grouping.group_by.iter().zip(&keys).map(|(by, key)| answered(model, by, key, &members)).collect();
            (keys, answered, values)
        })
        .collect();
    rows.sort_by(|a, b| {
        let sorted = grouping.sort.first().map_or(Ordering::Equal, |sort| match sort.by {
            GroupKey::Key(index) => compare(&a.0[index], &b.0[index], sort.direction),
            GroupKey::Measure(index) => compare(&rank(&a.2[index]), &rank(&b.2[index]), sort.direction),
        });
        let keys = || a.0.iter().zip(&b.0).map(|(a, b)| compare(a, b, Direction::Ascending));
        sorted.then_with(|| keys().find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal))
    });
    rows.into_iter().map(|(_, keys, values)| (keys, values)).collect()
}

fn compare(a: &Key, b: &Key, direction: Direction) -> Ordering {
    let ordering = a.partial_cmp(b).unwrap();
    if a.0 || b.0 || direction == Direction::Ascending { ordering } else { ordering.reverse() }
}

fn rank(value: &Value) -> Key {
    match value {
        Value::Null => (true, String::new(), 0.0, String::new()),
        Value::String(text) => (false, String::new(), 0.0, text.clone()),
        number => (false, String::new(), number.as_f64().unwrap(), String::new()),
    }
}

fn keys(model: &Model<'_>, document: &Document, by: &GroupBy) -> Vec<Key> {
    let text = |text: &str| {
        let words: &[&str] = if by.field == "custom.topics" { &TOPICS } else { &TIERS };
        let is_word = kind(&by.field) == Kind::Word || by.field == "custom.topics";
        match words.iter().position(|word| is_word && *word == text) {
            Some(place) => (false, String::new(), place as f64, text.to_owned()),
            None => (false, String::new(), 0.0, text.to_owned()),
        }
    };
    match model.value(document, &by.field) {
        Meant::Nothing => vec![(true, String::new(), 0.0, String::new())],
        Meant::Several(mut words) => {
            words.sort();
            words.dedup();
            words.iter().map(|word| text(word)).collect()
        }
        Meant::Money(amount, currency) => vec![(false, currency, amount as f64, String::new())],
        Meant::Number(number) => match by.unit {
            Some(unit) => vec![text(&first_day(unit, number as i64))],
            None => vec![(false, String::new(), number, String::new())],
        },
        Meant::Text(word) => match by.unit {
            Some(unit) => {
                let time: Timestamp = format!("{word}T00:00:00Z").parse().unwrap();
                vec![text(&first_day(unit, time.as_millis()))]
            }
            None => vec![text(&word)],
        },
    }
}

/// By going back day by day: slow, and obviously right.
fn first_day(unit: Unit, millis: i64) -> String {
    let mut time = Timestamp::from_millis(millis).unwrap();
    let is_first = |time: Timestamp| {
        let day = time.day();
        match unit {
            Unit::Day => true,
            // 2026-01-05 was a Monday.
            Unit::Week => {
                let monday: Timestamp = "2026-01-05T00:00:00Z".parse().unwrap();
                (time.as_millis().div_euclid(86_400_000) - monday.as_millis() / 86_400_000).rem_euclid(7) == 0
            }
            Unit::Month => day.ends_with("-01"),
            Unit::Quarter => ["-01-01", "-04-01", "-07-01", "-10-01"].iter().any(|first| day.ends_with(first)),
            Unit::Year => day.ends_with("-01-01"),
        }
    };
    while !is_first(time) {
        time = time.plus_millis(-86_400_000);
    }
    time.day()
}

fn answered(model: &Model<'_>, by: &GroupBy, key: &Key, members: &[&Document]) -> Value {
    let (is_null, currency, number, text) = key;
    if *is_null {
        return Value::Null;
    }
    match kind(&by.field) {
        _ if by.unit.is_some() => json!(text),
        Kind::Money => json!({ "amount": *number as i64, "currency": currency }),
        Kind::Truth => json!(*number != 0.0),
        Kind::Time => json!(Timestamp::from_millis(*number as i64)),
        Kind::Number if number.fract() == 0.0 => json!(*number as i64),
        Kind::Number => json!(number),
        Kind::Text | Kind::Several if by.field != "custom.topics" => {
            let oldest = members.iter().min_by_key(|document| document["id"].as_str()).unwrap();
            let (far, path) = model.at(oldest, &by.field).unwrap();
            written(far, path, text)
        }
        _ => json!(text),
    }
}

/// How a folded text is written in a document.
fn written(document: &Document, path: &str, folded: &str) -> Value {
    if path == "emails.email" {
        return document["emails"][0]["email"].clone();
    }
    match stored(document, path).unwrap() {
        Value::Array(words) => words.iter().find(|word| fold(word.as_str().unwrap()) == folded).unwrap().clone(),
        text => text.clone(),
    }
}

fn measured(model: &Model<'_>, measure: &Measure, members: &[&Document]) -> Value {
    let Some(path) = &measure.field else { return json!(members.len()) };
    let values: Vec<Meant> =
        members.iter().map(|document| model.value(document, path)).filter(|value| *value != Meant::Nothing).collect();
    if measure.function == Aggregate::Count {
        return json!(values.len());
    }
    let numbers: Vec<f64> = values
        .iter()
        .filter_map(|value| if let Meant::Number(number) = value { Some(*number) } else { None })
        .collect();
    match kind(path) {
        Kind::Money => of_money(measure.function, &values),
        Kind::Day => {
            let mut days: Vec<&String> =
                values.iter().filter_map(|value| if let Meant::Text(day) = value { Some(day) } else { None }).collect();
            days.sort();
            json!(if measure.function == Aggregate::Min { days.first() } else { days.last() })
        }
        Kind::Time => {
            let time = |millis: f64| json!(Timestamp::from_millis(millis as i64));
            bound(measure.function, &numbers).map_or(Value::Null, time)
        }
        _ => {
            let hundredths: i128 = numbers.iter().map(|number| (number * 1e6).round() as i128).sum();
            match measure.function {
                Aggregate::Sum => number(hundredths as f64 / 1e6),
                Aggregate::Avg if numbers.is_empty() => Value::Null,
                Aggregate::Avg => number((hundredths as f64 / 1e6 / numbers.len() as f64 * 1e6).round() / 1e6),
                function => bound(function, &numbers).map_or(Value::Null, number),
            }
        }
    }
}

fn bound(function: Aggregate, numbers: &[f64]) -> Option<f64> {
    let pick = if function == Aggregate::Min { f64::min } else { f64::max };
    numbers.iter().copied().reduce(pick)
}

fn number(number: f64) -> Value {
    if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
}

fn of_money(function: Aggregate, values: &[Meant]) -> Value {
    let mut amounts: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for value in values {
        if let Meant::Money(amount, currency) = value {
            amounts.entry(currency).or_default().push(*amount);
        }
    }
    let made = |amounts: &[i64]| {
        let sum: i64 = amounts.iter().sum();
        match function {
            Aggregate::Avg => (sum as f64 / amounts.len() as f64).round() as i64,
            Aggregate::Min => *amounts.iter().min().unwrap(),
            Aggregate::Max => *amounts.iter().max().unwrap(),
            _ => sum,
        }
    };
    amounts.iter().map(|(currency, amounts)| json!({ "amount": made(amounts), "currency": currency })).collect()
}
