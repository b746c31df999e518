//! What becomes of stored values when their field becomes something else.

use serde_json::Value;

use super::coerce;
use crate::FieldType;

/// What becomes of one stored value.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It cannot be read now either, so there is nothing to lose.
    Nothing,
    /// It is read as this from then on.
    Kept(Value),
    /// It cannot be read any more, or not all of it: decimals, the time of a day, one of several words.
    Lost,
}

/// What becomes of a stored value when its field's type changes. Nothing is written: it stays as it is, is read by what the
/// field has become, and is back if the field is changed back.
#[must_use]
pub fn fate(before: &FieldType, after: &FieldType, stored: &Value) -> Fate {
    let Some(was) = coerce(before, stored) else { return Fate::Nothing };
    // Read from what is stored, as every reader will, and not from what the old type made of it.
    let Some(is) = coerce(after, stored) else { return Fate::Lost };
    let lost = match (&was, &is) {
        (Value::Number(was), Value::Number(is)) => was != is,
        (Value::Array(was), Value::Array(is)) => is.len() < distinct(was, after),
        _ => matches!((before, after), (FieldType::DateTime {}, FieldType::Date {})) && !is_midnight(&was),
    };
    if lost { Fate::Lost } else { Fate::Kept(is) }
}

/// How many words are left when those that have become one count once.
fn distinct(words: &[Value], kind: &FieldType) -> usize {
    let place = |word: &&Value| {
        kind.options().into_iter().flatten().find(|option| Some(option.value.as_str()) == word.as_str())
    };
    let mut seen: Vec<&str> = Vec::new();
    for word in words {
        let word =
            place(&word).and_then(|option| option.replaced_by.as_deref()).or_else(|| word.as_str()).unwrap_or_default();
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen.len()
}

fn is_midnight(time: &Value) -> bool {
    time.as_str().is_some_and(|time| time.ends_with("T00:00:00.000Z"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Choice;
    use serde_json::json;

    const fn number(decimals: u8) -> FieldType {
        FieldType::Number { decimals, min: None, max: None }
    }

    #[test]
    fn a_value_is_kept_if_all_of_it_can_be_read() {
        let kept = |before: FieldType, after: FieldType, stored: Value| match fate(&before, &after, &stored) {
            Fate::Kept(value) => value,
            other => panic!("{other:?}"),
        };
        assert_eq!(kept(FieldType::text(9), number(2), json!("12.50")), json!(12.5));
        assert_eq!(kept(number(2), FieldType::text(9), json!(7)), json!("7"));
        assert_eq!(kept(number(2), number(0), json!(7)), json!(7));
        assert_eq!(
            kept(FieldType::text(9), FieldType::text(2), json!("long")),
            json!("long"),
            "bounds bind new values"
        );
        assert_eq!(
            kept(FieldType::DateTime {}, FieldType::Date {}, json!("2026-11-21T00:00:00.000Z")),
            json!("2026-11-21")
        );
        assert_eq!(kept(FieldType::text(9), FieldType::select(&["gold"]), json!("Gold")), json!("gold"));
    }

    #[test]
    fn what_loses_a_part_is_lost() {
        let words =
            |words: &[&str]| FieldType::MultiSelect { options: words.iter().map(|word| Choice::new(word)).collect() };
        for (before, after, stored) in [
            (FieldType::text(9), number(2), json!("twelve")),
            (number(2), number(1), json!(1.25)),
            (FieldType::DateTime {}, FieldType::Date {}, json!("2026-11-21T10:00:00.000Z")),
            (words(&["a", "b"]), words(&["a"]), json!(["a", "b"])),
            (words(&["a", "b"]), FieldType::select(&["a", "b"]), json!(["a", "b"])),
            (FieldType::Money {}, number(2), json!({ "amount": 5, "currency": "EUR" })),
        ] {
            assert_eq!(fate(&before, &after, &stored), Fate::Lost, "{stored}");
        }
    }

    #[test]
    fn words_that_become_one_are_not_lost() {
        let old = Choice { archived: true, replaced_by: Some("b".to_owned()), ..Choice::new("a") };
        let before = FieldType::MultiSelect { options: vec![Choice::new("a"), Choice::new("b")] };
        let after = FieldType::MultiSelect { options: vec![old, Choice::new("b")] };
        assert_eq!(fate(&before, &after, &json!(["a", "b"])), Fate::Kept(json!(["b"])));
    }

    #[test]
    fn what_could_not_be_read_before_is_no_loss() {
        assert_eq!(fate(&number(0), &FieldType::Boolean {}, &json!("twelve")), Fate::Nothing);
    }
}
