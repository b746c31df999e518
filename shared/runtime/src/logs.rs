//! Logs: JSON lines that CloudWatch can search.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::settings::variable;

/// Sends logs to standard output as JSON, one object a line, with the fields of the request's span in it. Does nothing
/// when logs are set up already. The filter is `RAPPORT_LOG`, `info` if nobody says.
pub fn init_logs() {
    let filter = variable("RAPPORT_LOG").unwrap_or_else(|| "info".to_owned());
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // Fails only when there is a subscriber already, and then that one is wanted.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_span_events(FmtSpan::NONE)
        .with_env_filter(filter)
        // CloudWatch knows when a line came; the SDKs' targets are what one filters by.
        .without_time()
        .try_init();
}
