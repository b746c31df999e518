//! Metrics in the embedded metric format: a line in the log that CloudWatch makes a metric of.
//!
//! Every custom metric that is sent in a month costs 0.30 USD for it, and AWS measures requests, durations, errors and
//! capacity by itself and for nothing. So only what AWS cannot know is sent, without dimensions: each value of a
//! dimension would be a metric of its own.
//!
//! Source: CloudWatch user guide, "Specification: Embedded metric format".

use std::sync::LazyLock;

use kernel::Timestamp;
use serde_json::{Value, json};

/// The namespace of Rapport's metrics.
const NAMESPACE: &str = "Rapport";

/// What a metric is counted in, in CloudWatch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A size.
    Bytes,
    /// A time.
    Milliseconds,
}

/// Whether this is Lambda: elsewhere nobody reads such lines.
static IN_LAMBDA: LazyLock<bool> = LazyLock::new(|| crate::clients::variable("AWS_LAMBDA_FUNCTION_NAME").is_some());

/// Sends one value of a metric. Costs a line of the log and no call.
#[expect(
    clippy::print_stdout,
    reason = "standard output of a function is its log, and the format is a line of its own"
)]
pub fn measure(name: &str, unit: Unit, value: f64, at: Timestamp) {
    if *IN_LAMBDA {
        println!("{}", line(name, unit, value, at));
    }
}

fn line(name: &str, unit: Unit, value: f64, at: Timestamp) -> Value {
    let unit = match unit {
        Unit::Count => "Count",
        Unit::Bytes => "Bytes",
        Unit::Milliseconds => "Milliseconds",
    };
    json!({
        "_aws": {
            "Timestamp": at.as_millis(),
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [[]],
                "Metrics": [{ "Name": name, "Unit": unit }],
            }],
        },
        name: value,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Clock;

    #[test]
    fn a_line_names_its_metric_and_holds_its_value() {
        let line = line("journal_lag_ms", Unit::Milliseconds, 12.0, Clock::manual().now());
        let metrics = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(metrics["Metrics"], json!([{ "Name": "journal_lag_ms", "Unit": "Milliseconds" }]));
        assert_eq!(line["journal_lag_ms"], json!(12.0));
        assert_eq!(line["_aws"]["Timestamp"], json!(1_767_225_600_000_i64));
    }
}
