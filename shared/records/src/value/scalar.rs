//! Numbers, money, days and moments, web addresses.

use jiff::civil::Date;
use kernel::Timestamp;
use serde_json::{Value, json};

use super::{Parsed, Refusal, refuse, unknown_members};

/// The largest number that is kept: below it a double tells every hundredth apart.
const MAX_NUMBER: f64 = 1e13;
/// The largest amount of money, in minor units: below it a double, which many clients count with, is exact.
const MAX_AMOUNT: i64 = 9_007_199_254_740_991;
/// The longest web address, in characters.
pub(super) const MAX_URL: usize = 2_000;

/// The currencies in use (ISO 4217), by their codes.
pub const CURRENCIES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF \
    CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS \
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR \
    MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS \
    SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

/// Whether a code is one of a currency.
#[must_use]
pub fn is_currency(code: &str) -> bool {
    code.len() == 3 && CURRENCIES.split_ascii_whitespace().any(|known| known == code)
}

/// How many decimals the minor unit of a currency stands for (ISO 4217, list one).
#[must_use]
pub fn minor_digits(currency: &str) -> u8 {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// A number rounded to its decimals. Whole numbers are kept without a point, so that equal numbers are equal texts.
pub(super) fn rounded(number: f64, decimals: u8) -> Option<Value> {
    let scale = 10f64.powi(i32::from(decimals.min(6)));
    let rounded = (number * scale).round() / scale;
    if !rounded.is_finite() || rounded.abs() > MAX_NUMBER {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 1e13, which i64 holds exactly")]
    let whole = rounded as i64;
    Some(if rounded.fract() == 0.0 { json!(whole) } else { json!(rounded) })
}

pub(super) fn number(value: &Value, decimals: u8, min: Option<f64>, max: Option<f64>) -> Parsed {
    let Some(given) = value.as_f64().filter(|_| value.is_number()) else {
        return refuse("wrong_type", "must be a number or null");
    };
    let Some(kept) = rounded(given, decimals) else {
        return refuse("out_of_range", "must be between -10000000000000 and 10000000000000");
    };
    let number = kept.as_f64().unwrap_or_default();
    match (min.filter(|min| number < *min), max.filter(|max| number > *max)) {
        (Some(min), _) => refuse("out_of_range", format!("must be at least {min}")),
        (_, Some(max)) => refuse("out_of_range", format!("must be at most {max}")),
        _ => Ok(Some(kept)),
    }
}

pub(super) fn money(value: &Value) -> Parsed {
    let form = "must be an amount in minor units and a currency, such as { \"amount\": 1250, \"currency\": \"USD\" }";
    let Value::Object(members) = value else { return refuse("wrong_type", form) };
    if !unknown_members(members, &["amount", "currency"]).is_empty() {
        return refuse("unknown_field", form);
    }
    let amount = members.get("amount").and_then(whole).ok_or(("wrong_type", form.to_owned()))?;
    let Some(Value::String(currency)) = members.get("currency") else { return refuse("wrong_type", form) };
    if amount.abs() > MAX_AMOUNT {
        return refuse("out_of_range", format!("must have an amount between -{MAX_AMOUNT} and {MAX_AMOUNT}"));
    }
    if !is_currency(currency) {
        return refuse("unknown_currency", "must have a currency by its code of three letters, such as EUR");
    }
    Ok(Some(json!({ "amount": amount, "currency": currency })))
}

/// A whole number, also one that was written with a point.
fn whole(value: &Value) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within what a double holds exactly")]
    let from_float =
        |number: f64| (number.fract() == 0.0 && number.abs() <= MAX_AMOUNT as f64).then_some(number as i64);
    value.as_i64().or_else(|| from_float(value.as_f64()?))
}

/// A day of the years 0000 to 9999, `2026-11-21`.
#[must_use]
pub fn parse_date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if shaped { text.parse().ok() } else { None }
}

pub(super) fn date(line: &str) -> Result<String, Refusal> {
    match parse_date(line) {
        Some(date) => Ok(date.to_string()),
        None => refuse("not_a_date", "must be a day such as 2026-11-21"),
    }
}

pub(super) fn datetime(line: &str) -> Result<String, Refusal> {
    match line.parse::<Timestamp>() {
        Ok(time) => Ok(time.to_string()),
        Err(error) => refuse("not_a_time", error.to_string()),
    }
}

pub(super) fn url(line: &str) -> Result<String, Refusal> {
    let form = "must be a web address such as https://example.com/page";
    let url = url::Url::parse(line).map_err(|_| ("not_a_url", form.to_owned()))?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    if !is_web || !url.username().is_empty() || url.password().is_some() || url.as_str().len() > MAX_URL {
        return refuse("not_a_url", form);
    }
    Ok(url.into())
}

/// The domain that a text names: a bare one, or that of a web address.
pub(super) fn domain(line: &str) -> Result<String, Refusal> {
    let form = "must be a domain such as example.com";
    let address = if line.contains("://") { line.to_owned() } else { ["https://", line].concat() };
    let url = url::Url::parse(&address).map_err(|_| ("not_a_domain", form.to_owned()))?;
    let host = url.domain().filter(|_| matches!(url.scheme(), "http" | "https")).unwrap_or_default();
    let host = host.strip_prefix("www.").unwrap_or(host).trim_end_matches('.');
    let is_good = host.contains('.')
        && host.len() <= 253
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
    if is_good { Ok(host.to_owned()) } else { refuse("not_a_domain", form) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_rounded_to_their_decimals() {
        assert_eq!(number(&json!(1.0), 2, None, None), Ok(Some(json!(1))));
        assert_eq!(number(&json!(1.239), 2, None, None), Ok(Some(json!(1.24))));
        assert_eq!(number(&json!(7.0), 0, None, None), Ok(Some(json!(7))));
        assert_eq!(number(&json!("7"), 0, None, None).unwrap_err().0, "wrong_type");
        assert_eq!(number(&json!(1e300), 0, None, None).unwrap_err().0, "out_of_range");
        assert_eq!(number(&json!(5), 0, Some(6.0), None).unwrap_err().0, "out_of_range");
        assert_eq!(number(&json!(5), 0, None, Some(4.0)).unwrap_err().0, "out_of_range");
    }

    #[test]
    fn money_needs_whole_minor_units_and_a_known_currency() {
        assert_eq!(
            money(&json!({ "amount": 1250.0, "currency": "USD" })),
            Ok(Some(json!({ "amount": 1250, "currency": "USD" })))
        );
        let code = |value: Value| money(&value).unwrap_err().0;
        assert_eq!(code(json!({ "amount": 12.5, "currency": "USD" })), "wrong_type");
        assert_eq!(code(json!({ "amount": 1, "currency": "usd" })), "unknown_currency");
        assert_eq!(code(json!({ "amount": 1, "currency": "USD", "x": 1 })), "unknown_field");
        assert_eq!(code(json!(7)), "wrong_type");
    }

    #[test]
    fn a_domain_is_the_same_however_it_is_written() {
        for text in ["example.com", "EXAMPLE.com", "www.example.com", "https://www.Example.com/about?x=1"] {
            assert_eq!(domain(text), Ok("example.com".to_owned()), "{text}");
        }
        assert_eq!(domain("пример.рф"), Ok("xn--e1afmkfd.xn--p1ai".to_owned()));
        for bad in ["", "localhost", "ftp://example.com", "exa mple.com", "-x.com", "127.0.0.1"] {
            assert!(domain(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_web_addresses_without_credentials_are_kept() {
        assert_eq!(url("HTTPS://Example.com"), Ok("https://example.com/".to_owned()));
        for bad in
            ["javascript:alert(1)", "data:text/html,x", "https://u:p@example.com", "example.com", "//x", "http://"]
        {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn days_that_are_none_are_refused() {
        assert!(date("2028-02-29").is_ok());
        for bad in ["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", "20260101", "2026-01-01T00:00:00Z"] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_was_kept_is_kept_again_unchanged(text in ".{0,30}", float in any::<f64>(), decimals in 0u8..7) {
            for parse in [url, domain, date, datetime] {
                if let Ok(kept) = parse(&text) {
                    prop_assert_eq!(parse(&kept), Ok(kept));
                }
            }
            if let Ok(Some(kept)) = number(&json!(float), decimals, None, None) {
                prop_assert_eq!(number(&kept, decimals, None, None), Ok(Some(kept)));
            }
        }
    }
}
