//! Numbers as they are answered.

use serde_json::Value;

/// Up to here a double tells every whole number from the next.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A number without a point where it is whole; `null` for what is none.
pub(crate) fn answered(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within what a double holds exactly")]
        let whole = number as i64;
        return Value::from(whole);
    }
    Value::from(number)
}
