//! Logs: JSON lines that CloudWatch can search.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::variable;

/// Sends logs to standard output as JSON, one object a line, with the fields of the request's span in it.
///
/// Does nothing when logs are set up already. The filter is `RAPPORT_LOG`: a level, and levels of targets
/// (`info,contacts=debug`); `info` if nobody says. There are no filters by spans and fields: they would bring a regular
/// expression engine into every function.
pub fn init_logs() {
    let filter: Option<Targets> = variable("RAPPORT_LOG").and_then(|filter| filter.parse().ok());
    let filter = filter.unwrap_or_else(|| Targets::new().with_default(tracing_subscriber::filter::LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_span_events(FmtSpan::NONE)
        // CloudWatch knows when a line came; the SDKs' targets are what one filters by.
        .without_time();
    // Fails only when there is a subscriber already, and then that one is wanted.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}
