//! How patient the command is.

use std::time::Duration;

/// How long to wait between tries and between looks: tests have no time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How often something is tried.
    pub(super) tries: u32,
    /// Before the second try; each further one waits twice as long.
    pub(super) pause: Duration,
    /// Between two looks at a job.
    pub(super) look: Duration,
    /// Between two lines where nothing can be drawn.
    pub(super) line: Duration,
    /// For how long a job is looked for that does not answer.
    pub(super) silence: Duration,
    /// How long nothing of a job may have moved before that is said, and before it is watched no more: a worker that was killed
    /// is missed after twelve minutes.
    pub(super) still: Duration,
    pub(super) given_up: Duration,
}

impl Pace {
    /// That of people.
    pub(super) const USUAL: Self = Self {
        tries: 7,
        pause: Duration::from_millis(500),
        look: Duration::from_secs(1),
        line: Duration::from_secs(10),
        silence: Duration::from_secs(300),
        still: Duration::from_secs(30),
        given_up: Duration::from_secs(1_800),
    };
}
