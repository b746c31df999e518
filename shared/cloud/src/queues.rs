//! Queues: asking other functions for work.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use kernel::{Error, Result};
use serde::Serialize;

use crate::Clients;
use crate::lazy::{Lazy, lazy};

/// The longest delay that SQS knows, in seconds.
const MAX_DELAY: i32 = 900;

/// The queues that Rapport sends to.
#[derive(Debug, Clone)]
pub struct Queues {
    client: Lazy<Client>,
    snapshots: String,
    jobs: String,
    mail: String,
}

impl Queues {
    /// `snapshots` is the URL of the queue that the snapshot worker reads; empty where the function never sends.
    #[must_use]
    pub fn new(clients: &Clients, snapshots: &str) -> Self {
        let config = clients.config().clone();
        let (jobs, mail) = (String::new(), String::new());
        Self { client: lazy(move || Client::new(&config)), snapshots: snapshots.to_owned(), jobs, mail }
    }

    /// These queues and the one that the worker of jobs reads, by its URL; empty where the function never sends to it.
    #[must_use]
    pub fn with_jobs(mut self, jobs: &str) -> Self {
        jobs.clone_into(&mut self.jobs);
        self
    }

    /// These queues and the one that the worker of mail reads, by its URL; empty where the function never sends to it.
    #[must_use]
    pub fn with_mail(mut self, mail: &str) -> Self {
        mail.clone_into(&mut self.mail);
        self
    }

    /// Asks the snapshot worker. At least once: the worker is idempotent.
    ///
    /// # Errors
    /// When the queue does not take the message.
    pub async fn ask_snapshot<M: Serialize>(&self, message: &M) -> Result<()> {
        self.send(&self.snapshots, message, Duration::ZERO).await
    }

    /// Asks the worker of jobs, after a while of at most 15 minutes. At least once: the worker is idempotent.
    ///
    /// # Errors
    /// When the queue does not take the message.
    pub async fn ask_job<M: Serialize>(&self, message: &M, after: Duration) -> Result<()> {
        self.send(&self.jobs, message, after).await
    }

    /// Asks the worker of mail. At least once: the worker sends a mail once for an event.
    ///
    /// # Errors
    /// When the queue does not take the message.
    pub async fn ask_mail<M: Serialize>(&self, message: &M) -> Result<()> {
        self.send(&self.mail, message, Duration::ZERO).await
    }

    async fn send<M: Serialize>(&self, queue: &str, message: &M, after: Duration) -> Result<()> {
        let body = serde_json::to_string(message).map_err(Error::bug)?;
        let seconds = i32::try_from(after.as_secs_f64().ceil() as u64).unwrap_or(MAX_DELAY).min(MAX_DELAY);
        let delay = (seconds > 0).then_some(seconds);
        let sent = self.client.send_message().queue_url(queue).message_body(body).set_delay_seconds(delay).send().await;
        sent.map(|_| ()).map_err(|error| Error::unavailable(DisplayErrorContext(error).to_string()))
    }
}
