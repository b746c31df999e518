//! Queues: asking other functions for work.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use kernel::{Error, Result};
use serde::Serialize;

use crate::Clients;

/// The queues that Rapport sends to.
#[derive(Debug, Clone)]
pub struct Queues {
    client: Client,
    snapshots: String,
}

impl Queues {
    /// `snapshots` is the URL of the queue that the snapshot worker reads; empty where the function never sends.
    #[must_use]
    pub fn new(clients: &Clients, snapshots: &str) -> Self {
        Self { client: Client::new(clients.config()), snapshots: snapshots.to_owned() }
    }

    /// Asks the snapshot worker. At least once: the worker is idempotent.
    ///
    /// # Errors
    /// When the queue does not take the message.
    pub async fn ask_snapshot<M: Serialize>(&self, message: &M) -> Result<()> {
        let body = serde_json::to_string(message).map_err(Error::bug)?;
        let sent = self.client.send_message().queue_url(&self.snapshots).message_body(body).send().await;
        sent.map(|_| ()).map_err(|error| Error::unavailable(DisplayErrorContext(error).to_string()))
    }
}
