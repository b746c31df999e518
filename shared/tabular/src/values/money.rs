//! Amounts of money.

use super::number::signed;
use super::{Decimal, NumberFormat, read_decimal};

/// Signs of currencies, the longer ones first. The dollar is taken for that of the United States and the yen for Japan's,
/// where nothing says otherwise.
const SIGNS: [(&str, &str); 19] = [
    ("US$", "USD"),
    ("A$", "AUD"),
    ("C$", "CAD"),
    ("R$", "BRL"),
    ("HK$", "HKD"),
    ("NZ$", "NZD"),
    ("$", "USD"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₽", "RUB"),
    ("руб.", "RUB"),
    ("₹", "INR"),
    ("₴", "UAH"),
    ("₺", "TRY"),
    ("₩", "KRW"),
    ("₪", "ILS"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
];

/// Reads an amount, and its currency as the three letters of ISO 4217 if it is there: `$1,234.50`, `1.234,50 €`, `EUR 12`,
/// `-£5`, `(12.00 USD)`, `12`.
///
/// Any three capital letters may be a currency; which ones are is for the caller to know.
#[must_use]
pub fn read_money(text: &str, format: NumberFormat) -> Option<(Decimal, Option<&str>)> {
    let text = text.trim();
    if let Some(amount) = read_decimal(text, format) {
        // A percentage is no money.
        return (!text.ends_with('%')).then_some((amount, None));
    }
    // What is in parentheses or behind a sign may have the currency in it too.
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        return with_currency(inner.trim(), format).map(|(amount, currency)| (amount.negated(), currency));
    }
    if let Some(rest) = text.strip_prefix(['-', '\u{2212}']) {
        return with_currency(rest.trim(), format).map(|(amount, currency)| (amount.negated(), currency));
    }
    with_currency(text, format).or_else(|| {
        let (number, currency) = take_currency(text)?;
        Some((signed(number, |text| unsigned(text, format))?, Some(currency)))
    })
}

/// An amount without a sign, and its currency.
fn with_currency(text: &str, format: NumberFormat) -> Option<(Decimal, Option<&str>)> {
    let (number, currency) = take_currency(text)?;
    Some((unsigned(number, format)?, Some(currency)))
}

fn unsigned(text: &str, format: NumberFormat) -> Option<Decimal> {
    let is_bare = text.starts_with(|char: char| char.is_ascii_digit() || matches!(char, '.' | ','))
        && !text.ends_with(['-', '\u{2212}', '%']);
    if is_bare { read_decimal(text, format) } else { None }
}

/// What is left without the currency before or behind it.
fn take_currency(text: &str) -> Option<(&str, &str)> {
    for (sign, code) in SIGNS {
        if let Some(rest) = text.strip_prefix(sign).or_else(|| text.strip_suffix(sign)) {
            return Some((rest.trim(), code));
        }
    }
    let is_code = |code: &str| code.bytes().all(|byte| byte.is_ascii_uppercase());
    if let Some((code, rest)) = text.split_at_checked(3).filter(|(code, _)| is_code(code)) {
        return Some((rest.trim(), code));
    }
    let (rest, code) = text.split_at_checked(text.len().checked_sub(3)?).filter(|(_, code)| is_code(code))?;
    Some((rest.trim(), code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, format: NumberFormat) -> Option<(String, Option<&str>)> {
        read_money(text, format).map(|(amount, currency)| (amount.to_string(), currency))
    }

    #[test]
    fn amounts_are_read_with_their_currencies() {
        for (text, amount, currency) in [
            ("12.50", "12.5", None),
            ("$1,234.50", "1234.5", Some("USD")),
            ("-$5", "-5", Some("USD")),
            ("$-5", "-5", Some("USD")),
            ("$ (5)", "-5", Some("USD")),
            ("($5)", "-5", Some("USD")),
            ("(5)", "-5", None),
            ("5 €", "5", Some("EUR")),
            ("-5.25 €", "-5.25", Some("EUR")),
            ("£5", "5", Some("GBP")),
            ("¥500", "500", Some("JPY")),
            ("500 ₽", "500", Some("RUB")),
            ("₹12,34,567", "1234567", Some("INR")),
            ("USD 5", "5", Some("USD")),
            ("5CHF", "5", Some("CHF")),
            ("US$5", "5", Some("USD")),
            ("A$5", "5", Some("AUD")),
            ("(12.00 USD)", "-12", Some("USD")),
        ] {
            assert_eq!(read(text, NumberFormat::Point), Some((amount.to_owned(), currency)), "{text}");
        }
        assert_eq!(read("1.234,50 €", NumberFormat::Comma), Some(("1234.5".to_owned(), Some("EUR"))));
    }

    #[test]
    fn what_is_no_amount_is_not_read() {
        for text in [
            "", "$", "USD", "€ €", "$5€", "5 pcs", "-$-5", "($-5)", "$5%", "5 %", "$ five", "USD EUR", "Ж", "жук",
            "$(5",
        ] {
            assert_eq!(read(text, NumberFormat::Point), None, "{text}");
        }
    }
}
