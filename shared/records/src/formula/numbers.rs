//! Numbers as people reckon: in decimals, though they are kept in binary.

/// From here on a number has no more than whole digits among its first 12.
const WHOLE: f64 = 1e12;

/// A finite number as a whole number of powers of ten, as it is shown: 12.5 is 125 times ten to the -1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    /// At most 17 digits, so that its product with an `i64` fits.
    digits: i128,
    exponent: i64,
}

impl Decimal {
    fn of(number: f64) -> Option<Self> {
        let shown = format!("{number:e}");
        let (mantissa, exponent) = shown.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}").parse().ok()?;
        let places = i64::try_from(fraction.len()).ok()?;
        Some(Self { digits, exponent: exponent.parse::<i64>().ok()? - places })
    }

    fn to_number(self) -> Option<f64> {
        let number: f64 = format!("{}e{}", self.digits, self.exponent).parse().ok()?;
        number.is_finite().then_some(number)
    }
}

/// Ten to a power that an `i128` holds.
fn power(exponent: i64) -> Option<i128> {
    10_i128.checked_pow(u32::try_from(exponent).ok()?)
}

/// A quotient rounded half away from zero; `None` when it is none.
fn quotient(numerator: i128, denominator: i128) -> Option<i128> {
    let (whole, rest) = (numerator.checked_div(denominator)?, numerator.checked_rem(denominator)?);
    let (rest, size) = (rest.unsigned_abs(), denominator.unsigned_abs());
    let away = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
    // The rest is less than the size, so this is twice the rest against the size, without overflow.
    if rest >= size - rest { whole.checked_add(away) } else { Some(whole) }
}

/// A result of arithmetic as it is kept: finite, never -0, and rounded to 12 significant digits, though never beyond the
/// decimal point. The 16 digits of binary numbers would show their noise: 0.30000000000000004.
pub(super) fn tidy(number: f64) -> Option<f64> {
    if !number.is_finite() {
        return None;
    }
    let rounded = if number.abs() < WHOLE { format!("{number:.11e}").parse().ok()? } else { number.round() };
    Some(rounded + 0.0)
}

/// A number rounded half away from zero to so many digits after the point; before it when negative.
pub(super) fn round(number: f64, digits: f64) -> Option<f64> {
    let decimal = Decimal::of(number)?;
    let places = digits.trunc().clamp(-1_000.0, 1_000.0) as i64;
    let dropped = -decimal.exponent - places;
    if dropped <= 0 {
        return Some(number);
    }
    let Some(power) = power(dropped) else { return Some(0.0) };
    Decimal { digits: quotient(decimal.digits, power)?, exponent: -places }.to_number()
}

/// What a division leaves over, with the sign of the left side: exact for what has as many digits as people write.
pub(super) fn remainder(left: f64, right: f64) -> f64 {
    let exact = || {
        let (left, right) = (Decimal::of(left)?, Decimal::of(right)?);
        let exponent = left.exponent.min(right.exponent);
        let aligned = |decimal: Decimal| decimal.digits.checked_mul(power(decimal.exponent - exponent)?);
        Decimal { digits: aligned(left)?.checked_rem(aligned(right)?)?, exponent }.to_number()
    };
    exact().unwrap_or(left % right)
}

/// An amount times a number, rounded half away from zero.
pub(super) fn multiplied(amount: i64, factor: f64) -> Option<i64> {
    let decimal = Decimal::of(factor)?;
    let product = i128::from(amount).checked_mul(decimal.digits)?;
    let whole = if decimal.exponent >= 0 {
        // Zero times any power is zero, even one that is too large to be held.
        if product == 0 { 0 } else { product.checked_mul(power(decimal.exponent)?)? }
    } else {
        // Less than 10^36 of so small a unit rounds to nothing when the unit is not even held.
        power(-decimal.exponent).map_or(Some(0), |power| quotient(product, power))?
    };
    whole.try_into().ok()
}

/// An amount divided by a number, rounded half away from zero.
pub(super) fn divided(amount: i64, divisor: f64) -> Option<i64> {
    let decimal = Decimal::of(divisor)?;
    if decimal.digits == 0 {
        return None;
    }
    if amount == 0 {
        return Some(0);
    }
    let whole = if decimal.exponent >= 0 {
        let divisor = power(decimal.exponent).and_then(|power| decimal.digits.checked_mul(power));
        divisor.map_or(Some(0), |divisor| quotient(i128::from(amount), divisor))?
    } else {
        quotient(i128::from(amount).checked_mul(power(-decimal.exponent)?)?, decimal.digits)?
    };
    whole.try_into().ok()
}

/// The number that a text shows: digits with at most one point among them and a sign before them.
pub(super) fn parse(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some(number + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn noise_is_rounded_away_and_whole_numbers_are_kept() {
        assert_eq!(tidy(0.1 + 0.2), Some(0.3));
        assert_eq!(tidy(1e12 + 1.0), Some(1_000_000_000_001.0));
        assert_eq!(tidy(9_007_199_254_740_991.0), Some(9_007_199_254_740_991.0));
        assert_eq!(tidy(-0.0).map(f64::is_sign_positive), Some(true));
        assert_eq!(tidy(f64::NAN), None);
        assert_eq!(tidy(f64::INFINITY), None);
    }

    #[test]
    fn halves_are_rounded_away_from_zero_as_they_are_shown() {
        assert_eq!(round(1.005, 2.0), Some(1.01));
        assert_eq!(round(-2.5, 0.0), Some(-3.0));
        assert_eq!(round(1_250.0, -2.0), Some(1_300.0));
        assert_eq!(round(7.0, -400.0), Some(0.0));
        assert_eq!(round(7.125, 400.0), Some(7.125));
        assert_eq!(round(f64::MAX, -308.0), None);
    }

    #[test]
    fn money_is_multiplied_and_divided_in_decimals() {
        assert_eq!(multiplied(50, 0.29), Some(15));
        assert_eq!(multiplied(-50, 0.29), Some(-15));
        assert_eq!(multiplied(9_223_372_036_854_775_807, 1.0), Some(i64::MAX));
        assert_eq!(multiplied(i64::MAX, 1.1), None);
        assert_eq!(multiplied(0, 1e300), Some(0));
        assert_eq!(multiplied(i64::MAX, 5e-324), Some(0));
        assert_eq!(divided(1_000, 3.0), Some(333));
        assert_eq!(divided(-5, 2.0), Some(-3));
        assert_eq!(divided(1, 0.0), None);
        assert_eq!(divided(1, 1e300), Some(0));
        assert_eq!(divided(1, 1e-300), None);
        assert_eq!(divided(0, 1e-300), Some(0));
    }

    #[test]
    fn a_remainder_has_no_noise() {
        assert_eq!(remainder(5.5, 0.1), 0.0);
        assert_eq!(remainder(-7.0, 3.0), -1.0);
        assert_eq!(remainder(1e300, 7.0), 1e300 % 7.0);
        assert!(remainder(1.0, 0.0).is_nan());
    }

    #[test]
    fn only_plain_numbers_are_read() {
        assert_eq!(parse(" -12.50 "), Some(-12.5));
        for bad in ["", "-", ".5", "5.", "1e3", "inf", "NaN", "1,5", "0x10", "--1", "1.2.3", "١", &"9".repeat(400)] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_the_decimal_that_it_shows(number in any::<f64>().prop_filter("finite", |number| number.is_finite())) {
            prop_assert_eq!(Decimal::of(number).and_then(Decimal::to_number), Some(number));
        }

        #[test]
        fn no_number_breaks_the_arithmetic(amount in any::<i64>(), number in any::<f64>(), digits in any::<f64>()) {
            let _ = (multiplied(amount, number), divided(amount, number), remainder(number, digits));
            prop_assert!(round(number, digits).is_none_or(f64::is_finite));
        }

        #[test]
        fn to_multiply_and_to_divide_undo_each_other(amount in -1_000_000_000_i64..1_000_000_000, factor in 1_u32..1_000_000) {
            let factor = f64::from(factor);
            prop_assert_eq!(multiplied(amount, factor).and_then(|product| divided(product, factor)), Some(amount));
        }
    }
}
