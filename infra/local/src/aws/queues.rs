//! Queues as SQS keeps them: at least once, hidden while somebody works on a message, dead letters after too many tries.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rusqlite::{Connection, Row, Transaction, params};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use crate::state::{State, millis, now_ms};
use crate::template::Queue;

/// How long a receiver that waits goes without looking, in case a message becomes visible by time alone.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// All queues of the stack. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    state: Arc<State>,
    queues: Arc<BTreeMap<String, Queue>>,
    sent: Arc<Notify>,
}

/// A message as a receiver gets it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    number: i64,
    /// The message's id.
    pub(crate) id: String,
    /// What deletes it, until it is received again.
    pub(crate) receipt: String,
    /// The body.
    pub(crate) body: String,
    /// Message attributes, as the sender gave them.
    pub(crate) attributes: Value,
    /// When it was sent, milliseconds since 1970.
    pub(crate) sent_ms: i64,
    /// When it was first received.
    pub(crate) first_received_ms: i64,
    /// How often it was received.
    pub(crate) receives: u32,
    /// The queue that it died in, for a dead letter.
    pub(crate) dead_letter_source: Option<String>,
}

/// How many messages there are in a queue.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Depth {
    /// Those that can be received.
    pub(crate) visible: u64,
    /// Those that somebody works on.
    pub(crate) in_flight: u64,
    /// Those that are to be received later.
    pub(crate) delayed: u64,
}

impl Queues {
    /// The queues of a template. Messages that were in flight when the process before this one ended are visible again:
    /// nobody is left who works on them.
    pub(crate) fn new(state: Arc<State>, queues: BTreeMap<String, Queue>) -> Result<Self> {
        state.lock().execute("UPDATE message SET visible_ms = 0 WHERE receipt IS NOT NULL", [])?;
        Ok(Self { state, queues: Arc::new(queues), sent: Arc::default() })
    }

    /// A queue's settings, or `None` when there is no such queue.
    pub(crate) fn settings(&self, queue: &str) -> Option<&Queue> {
        self.queues.get(queue)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.queues.keys().map(String::as_str)
    }

    /// Sends a message and answers its id.
    pub(crate) fn send(&self, queue: &str, body: &str, attributes: &Value, delay: Option<Duration>) -> Result<String> {
        let delay = delay.or_else(|| self.settings(queue).map(|settings| settings.delay)).unwrap_or_default();
        let id = uuid::Uuid::new_v4().to_string();
        let now = now_ms();
        self.state.lock().execute(
            "INSERT INTO message (queue, id, body, attributes, sent_ms, visible_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![queue, id, body, attributes.to_string(), now, now + millis(delay)],
        )?;
        self.sent.notify_waiters();
        Ok(id)
    }

    /// At most `most` messages, each hidden from other receivers for `visibility` (or the queue's own).
    pub(crate) fn receive(&self, queue: &str, most: usize, visibility: Option<Duration>) -> Result<Vec<Message>> {
        let Some(settings) = self.settings(queue) else { return Ok(Vec::new()) };
        let now = now_ms();
        let hidden_until = now + millis(visibility.unwrap_or(settings.visibility));
        let mut connection = self.state.lock();
        let transaction = connection.transaction()?;
        expire(&transaction, queue, now - millis(settings.retention))?;
        let mut received = Vec::new();
        while received.len() < most {
            let Some(mut message) = next(&transaction, queue, now)? else { break };
            if let Some((dead_letters, most_receives)) = &settings.dead_letters
                && message.receives >= *most_receives
            {
                bury(&transaction, &message, queue, dead_letters, now)?;
                continue;
            }
            message.receives += 1;
            message.receipt = format!("{}-{}", message.number, uuid::Uuid::new_v4().simple());
            if message.first_received_ms == 0 {
                message.first_received_ms = now;
            }
            transaction.execute(
                "UPDATE message SET receipt = ?2, receives = ?3, first_received_ms = ?4, visible_ms = ?5 WHERE number = ?1",
                params![message.number, message.receipt, message.receives, message.first_received_ms, hidden_until.max(now + 1)],
            )?;
            received.push(message);
        }
        transaction.commit()?;
        if visibility == Some(Duration::ZERO) {
            // A visibility of nothing shows a message without hiding it.
            for message in &received {
                connection
                    .execute("UPDATE message SET visible_ms = ?2 WHERE number = ?1", params![message.number, now])?;
            }
        }
        Ok(received)
    }

    /// As [`Self::receive`], but waits for a message as long as `wait`.
    pub(crate) async fn receive_or_wait(
        &self,
        queue: &str,
        most: usize,
        visibility: Option<Duration>,
        wait: Duration,
    ) -> Result<Vec<Message>> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let sent = self.sent.notified();
            let messages = self.receive(queue, most, visibility)?;
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            if !messages.is_empty() || left.is_zero() {
                return Ok(messages);
            }
            // Whether something was sent or time has passed: look again.
            let _ = tokio::time::timeout(left.min(LOOK_AGAIN), sent).await;
        }
    }

    /// Deletes a message by the receipt of its latest receipt. An outdated receipt deletes nothing and is no error.
    pub(crate) fn delete(&self, queue: &str, receipt: &str) -> Result<()> {
        self.state.lock().execute("DELETE FROM message WHERE queue = ?1 AND receipt = ?2", [queue, receipt])?;
        Ok(())
    }

    /// Hides a message for another while, counted from now; nothing makes it visible at once. Answers whether it is in flight.
    pub(crate) fn change_visibility(&self, queue: &str, receipt: &str, visibility: Duration) -> Result<bool> {
        let now = now_ms();
        let changed = self.state.lock().execute(
            "UPDATE message SET visible_ms = ?3 WHERE queue = ?1 AND receipt = ?2 AND visible_ms > ?4",
            params![queue, receipt, now + millis(visibility), now],
        )?;
        self.sent.notify_waiters();
        Ok(changed > 0)
    }

    pub(crate) fn purge(&self, queue: &str) -> Result<()> {
        self.state.lock().execute("DELETE FROM message WHERE queue = ?1", [queue])?;
        Ok(())
    }

    pub(crate) fn depth(&self, queue: &str) -> Result<Depth> {
        let now = now_ms();
        let count = |connection: &Connection, condition: &str| {
            let sql = format!("SELECT count(*) FROM message WHERE queue = ?1 AND {condition}");
            connection.query_row(&sql, params![queue, now], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
        };
        let connection = self.state.lock();
        Ok(Depth {
            visible: count(&connection, "visible_ms <= ?2")?,
            in_flight: count(&connection, "visible_ms > ?2 AND receipt IS NOT NULL")?,
            delayed: count(&connection, "visible_ms > ?2 AND receipt IS NULL")?,
        })
    }

    /// Waits until something is sent to any queue, from when this was called.
    pub(crate) fn sent(&self) -> Notified<'_> {
        self.sent.notified()
    }
}

fn next(transaction: &Transaction<'_>, queue: &str, now: i64) -> Result<Option<Message>> {
    // One that this very call has received is hidden until after `now`, so it is not found again.
    let mut statement = transaction.prepare_cached(
        "SELECT number, id, body, attributes, sent_ms, first_received_ms, receives, dead_letter_source
         FROM message WHERE queue = ?1 AND visible_ms <= ?2 ORDER BY visible_ms, number LIMIT 1",
    )?;
    let mut rows = statement.query_map(params![queue, now], message)?;
    rows.next().transpose().map_err(Into::into)
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    let attributes: String = row.get(3)?;
    Ok(Message {
        number: row.get(0)?,
        id: row.get(1)?,
        receipt: String::new(),
        body: row.get(2)?,
        attributes: serde_json::from_str(&attributes).unwrap_or_default(),
        sent_ms: row.get(4)?,
        first_received_ms: row.get::<_, Option<i64>>(5)?.unwrap_or(0),
        receives: row.get(6)?,
        dead_letter_source: row.get(7)?,
    })
}

fn expire(transaction: &Transaction<'_>, queue: &str, sent_before: i64) -> Result<()> {
    transaction.execute("DELETE FROM message WHERE queue = ?1 AND sent_ms < ?2", params![queue, sent_before])?;
    Ok(())
}

/// Moves a message to the dead letters. It keeps its id and the time when it was sent.
fn bury(transaction: &Transaction<'_>, message: &Message, queue: &str, dead_letters: &str, now: i64) -> Result<()> {
    transaction.execute(
        "UPDATE message SET queue = ?2, visible_ms = ?3, receipt = NULL, receives = 0, first_received_ms = NULL,
             dead_letter_source = ?4 WHERE number = ?1",
        params![message.number, dead_letters, now, queue],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queues(folder: &std::path::Path) -> Queues {
        let queue = |dead_letters: Option<(&str, u32)>| Queue {
            visibility: Duration::from_secs(30),
            retention: Duration::from_secs(3600),
            delay: Duration::ZERO,
            dead_letters: dead_letters.map(|(name, most)| (name.to_owned(), most)),
        };
        let all = BTreeMap::from([("work".to_owned(), queue(Some(("dead", 2)))), ("dead".to_owned(), queue(None))]);
        Queues::new(Arc::new(State::open(&folder.join("state")).unwrap()), all).unwrap()
    }

    fn send(queues: &Queues, body: &str) {
        queues.send("work", body, &Value::Null, None).unwrap();
    }

    fn bodies(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|message| message.body.as_str()).collect()
    }

    #[test]
    fn a_received_message_is_hidden_until_its_time_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let queues = queues(folder.path());
        send(&queues, "a");
        send(&queues, "b");
        let short = Some(Duration::from_millis(30));
        assert_eq!(bodies(&queues.receive("work", 1, short).unwrap()), ["a"]);
        assert_eq!(bodies(&queues.receive("work", 10, None).unwrap()), ["b"]);
        assert_eq!(queues.depth("work").unwrap(), Depth { visible: 0, in_flight: 2, delayed: 0 });
        std::thread::sleep(Duration::from_millis(40));
        let again = queues.receive("work", 10, None).unwrap();
        assert_eq!(bodies(&again), ["a"]);
        assert_eq!(again[0].receives, 2);
    }

    #[test]
    fn deleting_needs_the_latest_receipt() {
        let folder = tempfile::tempdir().unwrap();
        let queues = queues(folder.path());
        send(&queues, "a");
        let first = queues.receive("work", 1, Some(Duration::from_millis(1))).unwrap();
        std::thread::sleep(Duration::from_millis(5));
        let second = queues.receive("work", 1, None).unwrap();
        queues.delete("work", &first[0].receipt).unwrap();
        assert_eq!(queues.depth("work").unwrap().in_flight, 1);
        queues.delete("work", &second[0].receipt).unwrap();
        assert_eq!(queues.depth("work").unwrap(), Depth::default());
    }

    #[test]
    fn a_message_that_is_never_deleted_ends_among_the_dead_letters() {
        let folder = tempfile::tempdir().unwrap();
        let queues = queues(folder.path());
        send(&queues, "poison");
        for _ in 0..2 {
            let message = queues.receive("work", 1, None).unwrap().remove(0);
            assert!(queues.change_visibility("work", &message.receipt, Duration::ZERO).unwrap());
        }
        assert!(queues.receive("work", 1, None).unwrap().is_empty());
        let dead = queues.receive("dead", 1, None).unwrap();
        assert_eq!(bodies(&dead), ["poison"]);
        assert_eq!(dead[0].dead_letter_source.as_deref(), Some("work"));
    }

    #[test]
    fn a_delayed_message_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let queues = queues(folder.path());
        queues.send("work", "later", &Value::Null, Some(Duration::from_millis(40))).unwrap();
        assert!(queues.receive("work", 1, None).unwrap().is_empty());
        assert_eq!(queues.depth("work").unwrap().delayed, 1);
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(queues.receive("work", 1, None).unwrap().len(), 1);
    }

    #[test]
    fn messages_survive_and_those_in_flight_come_back_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let before = queues(folder.path());
        send(&before, "a");
        before.receive("work", 1, None).unwrap();
        drop(before);
        assert_eq!(bodies(&queues(folder.path()).receive("work", 1, None).unwrap()), ["a"]);
    }

    #[tokio::test]
    async fn a_waiting_receiver_gets_what_is_sent_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let queues = queues(folder.path());
        let waiting = queues.clone();
        let receiver =
            tokio::spawn(async move { waiting.receive_or_wait("work", 1, None, Duration::from_secs(5)).await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        send(&queues, "now");
        let start = tokio::time::Instant::now();
        assert_eq!(bodies(&receiver.await.unwrap().unwrap()), ["now"]);
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}
