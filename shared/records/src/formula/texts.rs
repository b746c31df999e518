//! Texts: how values are shown in them, and how they are put together without becoming larger than they may be.

use std::borrow::Cow;

use super::{MAX_TEXT, Operand};
use crate::minor_digits;

/// A text of more bytes has more than [`MAX_TEXT`] characters, since none of them has more than four.
const MAX_BYTES: usize = 4 * MAX_TEXT;

/// Whether a text has more characters than a formula may make.
pub(super) fn is_too_long(text: &str) -> bool {
    text.len() > MAX_TEXT && text.chars().nth(MAX_TEXT).is_some()
}

/// A value as people read it.
pub(super) fn show(operand: &Operand) -> Cow<'_, str> {
    match operand {
        Operand::Text(text) => Cow::Borrowed(text),
        Operand::Number(number) => Cow::Owned(number.to_string()),
        Operand::Money { amount, currency } => Cow::Owned(show_money(*amount, currency)),
        Operand::Boolean(boolean) => Cow::Borrowed(if *boolean { "true" } else { "false" }),
        Operand::Date(date) => Cow::Owned(date.to_string()),
        Operand::DateTime(time) => Cow::Owned(time.to_string()),
    }
}

/// An amount in minor units as people read it: `12.50 EUR`.
#[must_use]
pub fn show_money(amount: i64, currency: &str) -> String {
    let decimals = usize::from(minor_digits(currency));
    let sign = if amount < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", amount.unsigned_abs(), width = decimals + 1);
    let (whole, minor) = digits.split_at(digits.len() - decimals);
    let point = if decimals == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{minor} {currency}")
}

/// Values as one text; blanks are empty. Ends early once it is too long.
pub(super) fn join<'a>(operands: impl IntoIterator<Item = Option<&'a Operand>>) -> String {
    let mut joined = String::new();
    for operand in operands.into_iter().flatten() {
        joined.push_str(&show(operand));
        if joined.len() > MAX_BYTES {
            break;
        }
    }
    joined
}

/// A text with `new` in every place of `old`. Ends early once it is too long.
pub(super) fn replace(text: &str, old: &str, new: &str) -> String {
    if old.is_empty() {
        return text.to_owned();
    }
    let mut replaced = String::new();
    let mut end = 0;
    for (at, _) in text.match_indices(old) {
        replaced.push_str(&text[end..at]);
        replaced.push_str(new);
        end = at + old.len();
        if replaced.len() > MAX_BYTES {
            return replaced;
        }
    }
    replaced.push_str(&text[end..]);
    replaced
}

/// So many characters from a place on; the first is at 0.
pub(super) fn part(text: &str, start: f64, count: f64) -> String {
    // A cast holds at the ends of its type: nothing begins before the first character or is shorter than empty.
    text.chars().skip(start.trunc() as usize).take(count.trunc() as usize).collect()
}

/// The last so many characters.
pub(super) fn last(text: &str, count: f64) -> String {
    let length = text.chars().count();
    text.chars().skip(length.saturating_sub(count.trunc() as usize)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_shown_with_the_decimals_of_its_currency() {
        assert_eq!(show_money(1_250, "EUR"), "12.50 EUR");
        assert_eq!(show_money(-5, "USD"), "-0.05 USD");
        assert_eq!(show_money(1_250, "JPY"), "1250 JPY");
        assert_eq!(show_money(1, "KWD"), "0.001 KWD");
        assert_eq!(show_money(i64::MIN, "EUR"), "-92233720368547758.08 EUR");
    }

    #[test]
    fn what_would_blow_up_ends_early() {
        let long = "x".repeat(400_000);
        assert!(replace(&long, "x", &long).len() <= 2 * long.len());
        let operand = Operand::Text(long.clone());
        assert!(join(vec![Some(&operand); 400]).len() <= 2 * long.len());
        assert!(is_too_long(&replace(&long, "x", &long)));
    }

    #[test]
    fn texts_are_measured_in_characters() {
        assert!(!is_too_long(&"я".repeat(MAX_TEXT)));
        assert!(is_too_long(&"я".repeat(MAX_TEXT + 1)));
        assert_eq!(part("Übergrößenträger", 1.0, 3.9), "ber");
        assert_eq!(last("Ada 🦀", 1.0), "🦀");
        assert_eq!(last("Ada", f64::MAX), "Ada");
        assert_eq!(part("Ada", -1e300, -1.0), "");
    }
}
