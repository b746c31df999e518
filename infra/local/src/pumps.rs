//! What Lambda's event source mappings do: carrying stream records and messages to functions.

mod queue;
mod schedule;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use self::queue::QueuePump;
use self::stream::StreamPump;
use crate::aws::Aws;
use crate::invoke::Installed;
use crate::state::State;
use crate::template::{Schedule, Template};

/// How long a pump that found nothing goes without looking, in case nobody tells it.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How long a pump rests after its own failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// All pumps. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Pumps {
    streams: Vec<Arc<Mutex<StreamPump>>>,
    pollers: Vec<Arc<Mutex<QueuePump>>>,
    schedules: Vec<Schedule>,
    functions: Installed,
}

/// How a pump treats what failed and waits for another try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pace {
    /// It waits, longer each time.
    Patient,
    /// It tries again at once: somebody wants to see the end.
    Hurried,
}

impl Pumps {
    pub(crate) fn new(template: &Template, aws: &Aws, state: &Arc<State>, table: &str, functions: &Installed) -> Self {
        let stream = |source: &_| {
            let pump = StreamPump::new(Clone::clone(source), aws.clone(), state.clone(), table, functions.clone());
            Arc::new(Mutex::new(pump))
        };
        let poller = |source: &_| {
            Arc::new(Mutex::new(QueuePump::new(Clone::clone(source), aws.queues().clone(), functions.clone())))
        };
        Self {
            streams: template.streams.iter().map(stream).collect(),
            pollers: template.pollers.iter().map(poller).collect(),
            schedules: template.schedules.clone(),
            functions: functions.clone(),
        }
    }

    /// Runs every function that runs by the clock, now.
    pub(crate) async fn run_schedules(&self) {
        for due in &self.schedules {
            schedule::run(due, &self.functions).await;
        }
    }

    /// Carries everything that there is, and what follows from it, until nothing is left to do now. Messages that are
    /// hidden or delayed are not waited for.
    pub(crate) async fn drain(&self) -> Result<()> {
        loop {
            let mut moved = false;
            for pump in &self.streams {
                moved |= pump.lock().await.step(Pace::Hurried).await?;
            }
            for pump in &self.pollers {
                moved |= pump.lock().await.step().await?;
            }
            if !moved {
                return Ok(());
            }
        }
    }

    /// The sequence number up to which every consumer has read the stream; `None` while one has read nothing.
    pub(crate) async fn done(&self) -> Option<String> {
        let mut done = Vec::new();
        for pump in &self.streams {
            done.push(pump.lock().await.done()?);
        }
        done.into_iter().min()
    }

    /// Keeps carrying, in the background.
    pub(crate) fn start(&self, aws: &Aws, tasks: &mut JoinSet<()>) {
        for pump in &self.streams {
            let (pump, aws) = (pump.clone(), aws.clone());
            tasks.spawn(async move {
                loop {
                    let written = aws.written();
                    let moved = pump.lock().await.step(Pace::Patient).await;
                    rest(moved, written).await;
                }
            });
        }
        for due in &self.schedules {
            tasks.spawn(schedule::keep_running(due.clone(), self.functions.clone()));
        }
        for pump in &self.pollers {
            let (pump, queues) = (pump.clone(), aws.queues().clone());
            tasks.spawn(async move {
                loop {
                    let sent = queues.sent();
                    let moved = pump.lock().await.step().await;
                    rest(moved, sent).await;
                }
            });
        }
    }
}

async fn rest(moved: Result<bool>, news: impl Future<Output = ()>) {
    match moved {
        Ok(true) => {}
        Ok(false) => {
            // News or time: both mean looking again.
            let _ = tokio::time::timeout(LOOK_AGAIN, news).await;
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "a pump failed");
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }
}
