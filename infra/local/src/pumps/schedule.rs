//! One function that runs by the clock.

use aws_lambda_events::event::cloudwatch_events::CloudWatchEvent;

use crate::invoke::Installed;
use crate::template::Schedule;

/// Runs a function for ever, each time after its time has passed. A run that fails is told of and not repeated: the next
/// one is due anyway.
pub(super) async fn keep_running(schedule: Schedule, functions: Installed) {
    loop {
        tokio::time::sleep(schedule.every).await;
        run(&schedule, &functions).await;
    }
}

/// Runs a function once.
pub(super) async fn run(schedule: &Schedule, functions: &Installed) {
    let mut event = CloudWatchEvent::default();
    event.source = Some("aws.scheduler".to_owned());
    event.detail_type = Some("Scheduled Event".to_owned());
    event.resources = vec![schedule.id.clone()];
    if let Err(failure) = functions.schedule(&schedule.function, event).await {
        tracing::error!(function = schedule.function, error = %failure, "a scheduled run failed");
    }
}
