//! Numbers as people write them.

use serde::{Deserialize, Serialize};

use super::Decimal;

/// The signs that digits are grouped by besides the point or the comma: blanks, those that do not break, apostrophes.
const BLANKS: [char; 6] = [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '’'];
/// What a minus looks like.
const MINUS: [char; 2] = ['-', '\u{2212}'];

/// Which sign parts a number's whole from its fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NumberFormat {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

impl NumberFormat {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Point, Self::Comma];

    /// Its word: `point`, `comma`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::Comma => "comma",
        }
    }

    /// The format of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    fn point(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    fn group(self) -> char {
        match self {
            Self::Point => ',',
            Self::Comma => '.',
        }
    }
}

/// Reads a number: `1,234.56`, `-5`, `5-`, `(5)` for minus five, `12 %` for twelve, `1.5E+3`.
///
/// Digits may be grouped by the format's sign, by blanks or by apostrophes, always by the same one, in threes (in India in twos but
/// for the last three): `1,5` is no number of the format `Point`.
#[must_use]
pub fn read_decimal(text: &str, format: NumberFormat) -> Option<Decimal> {
    let text = text.trim();
    let text = text.strip_suffix('%').map_or(text, str::trim_end);
    signed(text, |text| unsigned(text, format))
}

/// Takes a sign off, wherever it stands, and reads the rest.
pub(super) fn signed(text: &str, read: impl Fn(&str) -> Option<Decimal>) -> Option<Decimal> {
    if let Some(text) = text.strip_prefix('(') {
        return read(text.strip_suffix(')')?.trim()).map(Decimal::negated);
    }
    if let Some(text) = text.strip_prefix(MINUS).or_else(|| text.strip_suffix(MINUS)) {
        return read(text.trim()).map(Decimal::negated);
    }
    read(text.strip_prefix('+').map_or(text, str::trim_start))
}

fn unsigned(text: &str, format: NumberFormat) -> Option<Decimal> {
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent_of(exponent)?),
        None => (text, 0),
    };
    let (whole, part) = number.split_once(format.point()).unwrap_or((number, ""));
    if !part.bytes().all(|byte| byte.is_ascii_digit()) || (whole.is_empty() && part.is_empty()) {
        return None;
    }
    if whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return Decimal::of_digits(false, whole, part, exponent);
    }
    Decimal::of_digits(false, &ungrouped(whole, format)?, part, exponent)
}

fn exponent_of(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !(1..=3).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The digits of a whole number that is written in groups.
fn ungrouped(whole: &str, format: NumberFormat) -> Option<String> {
    let sign = whole.chars().find(|char| !char.is_ascii_digit())?;
    if sign != format.group() && !BLANKS.contains(&sign) {
        return None;
    }
    let groups: Vec<&str> = whole.split(sign).collect();
    let (last, rest) = groups.split_last()?;
    let (first, middle) = rest.split_first()?;
    let are_digits = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    let in_threes = (1..=3).contains(&first.len()) && middle.iter().all(|group| group.len() == 3);
    let in_twos = (1..=2).contains(&first.len()) && middle.iter().all(|group| group.len() == 2);
    // Nobody groups a number that begins with 0: it is a phone number or a key.
    let is_grouped = last.len() == 3 && (in_threes || in_twos) && !first.starts_with('0');
    (are_digits && is_grouped).then(|| groups.concat())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, format: NumberFormat) -> Option<String> {
        read_decimal(text, format).map(|decimal| decimal.to_string())
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for (text, number) in [
            ("0", "0"),
            (" 5 ", "5"),
            ("-5", "-5"),
            ("−5", "-5"),
            ("5-", "-5"),
            ("+5", "5"),
            ("(5.50)", "-5.5"),
            ("-0.00", "0"),
            ("(0)", "0"),
            (".5", "0.5"),
            ("5.", "5"),
            ("007", "7"),
            ("1,234.56", "1234.56"),
            ("12,34,567.8", "1234567.8"),
            ("1 234 567", "1234567"),
            ("1\u{a0}234.5", "1234.5"),
            ("1\u{202f}234", "1234"),
            ("1'234.50", "1234.5"),
            ("12 %", "12"),
            ("1.5E+3", "1500"),
            ("15e-1", "1.5"),
            ("1e-38", "0.00000000000000000000000000000000000001"),
            ("0e999", "0"),
            ("99999999999999999999999999999999999999", "99999999999999999999999999999999999999"),
        ] {
            assert_eq!(read(text, NumberFormat::Point).as_deref(), Some(number), "{text}");
        }
        for (text, number) in [("1.234,56", "1234.56"), ("1,5", "1.5"), ("1.234", "1234"), ("-1 234,5", "-1234.5")] {
            assert_eq!(read(text, NumberFormat::Comma).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_not_read() {
        for text in [
            "",
            " ",
            "-",
            "()",
            "(-5)",
            "(5",
            "--5",
            "-5-",
            ".",
            "1,2",
            "1,23,4",
            "1,2345",
            ",123",
            "1,234 567",
            "0,123",
            "030 123",
            "1.2.3",
            "1.5,000",
            "1e",
            "1e5000",
            "1e60",
            "e5",
            "5 apples",
            "٥",
            "NaN",
            "inf",
            "1_000",
            "999999999999999999999999999999999999999",
            "1e-39",
        ] {
            assert_eq!(read(text, NumberFormat::Point), None, "{text}");
        }
        for text in ["1.5", "1,234.56", "12.34"] {
            assert_eq!(read(text, NumberFormat::Comma), None, "{text}");
        }
    }

    #[test]
    fn money_is_counted_in_whole_minor_units() {
        let units = |text: &str, decimals| read_decimal(text, NumberFormat::Point).unwrap().in_minor_units(decimals);
        assert_eq!(units("12.50", 2), Some(1250));
        assert_eq!(units("-12.5", 2), Some(-1250));
        assert_eq!(units("12.505", 2), None);
        assert_eq!(units("12.500", 2), Some(1250));
        assert_eq!(units("12", 0), Some(12));
        assert_eq!(units("12.1", 0), None);
        assert_eq!(units("92233720368547758.07", 2), Some(i64::MAX));
        assert_eq!(units("-92233720368547758.08", 2), Some(i64::MIN));
        assert_eq!(units("92233720368547758.08", 2), None);
        assert_eq!(units("1", 255), None);
        assert_eq!(units("0", 3), Some(0));
    }

    #[test]
    fn words_of_formats_come_back() {
        for format in NumberFormat::ALL {
            assert_eq!(NumberFormat::parse(format.as_str()), Some(format));
            assert_eq!(serde_json::to_value(format).unwrap(), format.as_str());
        }
    }

    proptest! {
        #[test]
        fn a_number_comes_back_as_it_is_written(number in any::<f64>(), units in any::<i64>()) {
            let text = format!("{number:.6}");
            if let Some(decimal) = read_decimal(&text, NumberFormat::Point) {
                prop_assert_eq!(decimal.to_f64(), text.parse::<f64>().unwrap());
                prop_assert_eq!(read_decimal(&decimal.to_string(), NumberFormat::Point), Some(decimal));
            }
            let text = format!("{units}e-2");
            prop_assert_eq!(read_decimal(&text, NumberFormat::Comma).unwrap().in_minor_units(2), Some(units));
        }

        #[test]
        fn groups_do_not_change_a_number(number in 0..i64::MAX, cents in 0..100_u8) {
            let digits = number.to_string();
            let grouped: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
            let plain = read_decimal(&format!("{digits}.{cents:02}"), NumberFormat::Point);
            prop_assert!(plain.is_some());
            for (group, format, point) in
                [(",", NumberFormat::Point, "."), (".", NumberFormat::Comma, ","), ("\u{a0}", NumberFormat::Comma, ",")]
            {
                let text = format!("{}{point}{cents:02}", grouped.join(group));
                prop_assert_eq!(read_decimal(&text, format), plain, "{}", text);
            }
        }
    }
}
