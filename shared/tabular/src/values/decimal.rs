//! Exact numbers.

use std::fmt;

/// A number as it was written, exactly: up to 38 digits.
///
/// `1.50` and `1.5` are the same number and are written `1.5`; there is no minus zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    is_negative: bool,
    /// All its digits. The last of them is not 0 where `decimals` is not.
    digits: u128,
    /// How many of them stand behind the point.
    decimals: u8,
}

/// The most digits behind the point. No more than 38 of them fit the digits there can be.
const MAX_DECIMALS: usize = 38;

impl Decimal {
    /// Of digits before and behind the point and a power of ten. `None` when it has too many digits.
    pub(super) fn of_digits(is_negative: bool, whole: &str, part: &str, exponent: i32) -> Option<Self> {
        let part = part.trim_end_matches('0');
        let mut digits: u128 = 0;
        for digit in whole.chars().chain(part.chars()) {
            digits = digits.checked_mul(10)?.checked_add(u128::from(digit.to_digit(10)?))?;
        }
        let mut decimals = i32::try_from(part.len()).ok()?.checked_sub(exponent)?;
        while decimals < 0 && digits != 0 {
            digits = digits.checked_mul(10)?;
            decimals += 1;
        }
        while decimals > 0 && digits.is_multiple_of(10) {
            digits /= 10;
            // Of zero, all its digits.
            decimals = if digits == 0 { 0 } else { decimals - 1 };
        }
        let decimals = usize::try_from(decimals.max(0)).ok().filter(|decimals| *decimals <= MAX_DECIMALS)?;
        Some(Self { is_negative: is_negative && digits != 0, digits, decimals: u8::try_from(decimals).ok()? })
    }

    /// The nearest number that a double can hold.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        // Parsing rounds once; a division would round twice.
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// How many hundredths it is, if `decimals` is 2; thousandths, if it is 3. `None` when that is no whole number, or more than 64
    /// bits hold.
    #[must_use]
    pub fn in_minor_units(self, decimals: u8) -> Option<i64> {
        let zeros = decimals.checked_sub(self.decimals)?;
        let units = self.digits.checked_mul(10_u128.checked_pow(u32::from(zeros))?)?;
        let units = i128::try_from(units).ok()?;
        i64::try_from(if self.is_negative { -units } else { units }).ok()
    }

    /// Whether nothing stands behind its point.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.decimals == 0
    }

    /// The same with the other sign.
    pub(super) fn negated(self) -> Self {
        Self { is_negative: !self.is_negative && self.digits != 0, ..self }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.is_negative { "-" } else { "" };
        if self.decimals == 0 {
            return write!(f, "{sign}{}", self.digits);
        }
        // At least one digit before the point.
        let digits = format!("{:0>width$}", self.digits, width = usize::from(self.decimals) + 1);
        let (whole, part) =
            digits.split_at_checked(digits.len() - usize::from(self.decimals)).unwrap_or(("0", &digits));
        write!(f, "{sign}{whole}.{part}")
    }
}
