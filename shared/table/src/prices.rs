//! What requests cost at list prices, for the figures that users see. `infra/prices.toml` has all prices; a test of `infra/bill`
//! compares these with it.

/// A request to the HTTP API, in millionths of a US dollar (<https://aws.amazon.com/api-gateway/pricing/>).
const API_REQUEST_MICROS: f64 = 1.0;
/// An invocation of a function (<https://aws.amazon.com/lambda/pricing/>). How long it runs is not in the figure: at 512 MB some
/// 7 millionths a second.
const FUNCTION_REQUEST_MICROS: f64 = 0.2;
/// A read unit, on demand (<https://aws.amazon.com/dynamodb/pricing/on-demand/>).
const READ_UNIT_MICROS: f64 = 0.125;
/// A write unit, on demand (the same page).
const WRITE_UNIT_MICROS: f64 = 0.625;

/// What so many requests with so many units cost, in millionths of a US dollar.
pub(crate) fn micros(requests: u64, read_units: f64, write_units: f64) -> u64 {
    let requests = requests as f64 * (API_REQUEST_MICROS + FUNCTION_REQUEST_MICROS);
    let sum = requests + read_units * READ_UNIT_MICROS + write_units * WRITE_UNIT_MICROS;
    // Never negative; from a float so large that it has no fraction it is held at the largest number.
    sum.round() as u64
}
