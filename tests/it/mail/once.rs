//! Once in effect: messages that come twice, workers that are killed, a post that does not take anything.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};
use cloud::{Clients, Mail};
use events::MailRequest;
use kernel::{Clock, Id, Ids, kinds};
use mail::{LEASE_MILLIS, Worker};
use serde_json::json;
use table::Tables;
use testkit::{Fate, Faults};

use super::{Post, header, long_ago};

/// An invitation and a worker of its own, with faults between it and the world, and a clock that a test moves.
struct Rig {
    post: Post,
    faults: Faults,
    clock: Clock,
    event: Id<kinds::Event>,
    batch: SqsEvent,
}

impl Rig {
    async fn new() -> Self {
        let post = Post::start().await;
        let end = long_ago().plus_seconds(24 * 3600);
        let invitation = post.invite(json!({ "good_until": end, "name": "Ada Lovelace" })).await;
        let (event, workspace) = (post.ids.next(), post.workspace);
        let request = MailRequest::Invitation { workspace, invitation, event, by: post.by };
        let faults = Faults::new(post.stack.parts().http.clone());
        Self { post, faults, clock: Clock::manual(), event, batch: batch(&request) }
    }

    fn worker_from(&self, from: &str) -> Worker {
        let clients = Clients::in_process(self.faults.http_client());
        let (tables, ids) = (Tables::new(&clients, local::TABLE), Ids::new(self.clock.clone()));
        Worker::new(tables, Mail::new(&clients, from, ""), self.clock.clone(), ids, "")
    }

    /// Gives the message to a new worker. Whether it was through with it.
    async fn deliver(&self) -> bool {
        let worker = self.worker_from("rapport@x.example");
        worker.handle(self.batch.clone()).await.batch_item_failures.is_empty()
    }

    async fn state(&self) -> Option<String> {
        let table = self.post.table();
        let claim = table.get(&table.keys().mail(self.event)).await.unwrap()?;
        Some(claim["state"].as_str().unwrap().to_owned())
    }

    async fn sent(&self) -> usize {
        self.post.mails().await.len()
    }
}

fn batch(request: &MailRequest) -> SqsEvent {
    let mut message = SqsMessage::default();
    message.message_id = Some("one".to_owned());
    message.body = Some(serde_json::to_string(request).unwrap());
    let mut batch = SqsEvent::default();
    batch.records = vec![message];
    batch
}

#[tokio::test]
async fn a_message_that_comes_again_sends_nothing() {
    let rig = Rig::new().await;
    assert!(rig.deliver().await);
    assert_eq!((rig.sent().await, rig.state().await.as_deref()), (1, Some("sent")));
    let first = rig.faults.counts();
    let expected = [("BatchGetItem", 1), ("PutItem", 2), ("SendRawEmail", 1)];
    assert_eq!(first.iter().map(|(name, count)| (name.as_str(), *count)).collect::<Vec<_>>(), expected);
    rig.faults.reset_counts();
    rig.clock.advance_millis(10 * LEASE_MILLIS);
    assert!(rig.deliver().await);
    assert_eq!((rig.sent().await, rig.faults.round_trips()), (1, 1));
}

#[tokio::test]
async fn two_workers_with_one_message_send_one_mail() {
    let rig = Rig::new().await;
    let (one, two) = tokio::join!(rig.deliver(), rig.deliver());
    assert!(one || two, "one of them is through, the other may have to come again");
    assert_eq!(rig.sent().await, 1);
    assert!(rig.deliver().await);
    assert_eq!(rig.sent().await, 1);
}

#[tokio::test]
async fn a_busy_post_is_tried_again_and_the_mail_goes_out_once() {
    let rig = Rig::new().await;
    for fate in [|| Fate::Refuse(400, "Throttling"), || Fate::Refuse(503, "ServiceUnavailable"), || Fate::Cut] {
        rig.faults.reset_counts();
        rig.faults.hook(move |call| if call.operation == "SendRawEmail" { fate() } else { Fate::Pass });
        assert!(!rig.deliver().await);
        assert_eq!((rig.faults.calls("SendRawEmail"), rig.state().await.as_deref()), (1, Some("waiting")));
    }
    rig.faults.heal();
    assert!(rig.deliver().await, "it need not wait for the lease of whoever has failed");
    assert_eq!((rig.sent().await, rig.state().await.as_deref()), (1, Some("sent")));
}

#[tokio::test]
async fn what_the_operator_has_to_mend_waits_for_that() {
    let rig = Rig::new().await;
    for code in ["AccessDenied", "MailFromDomainNotVerifiedException", "AccountSendingPausedException"] {
        rig.faults
            .hook(move |call| if call.operation == "SendRawEmail" { Fate::Refuse(400, code) } else { Fate::Pass });
        assert!(!rig.deliver().await, "{code}");
    }
    rig.faults.heal();
    assert!(rig.deliver().await);
    assert_eq!(rig.sent().await, 1);
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_says_whom_a_mail_is_to_whatever_comes_of_it() {
    let rig = Rig::new().await;
    let again = Rig::new().await;
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_ansi(false);
    let guard = tracing::subscriber::set_default(lines.with_writer(move || writer.clone()).finish());
    let fates = [
        || Fate::Answer(json!({ "to": "ada@example.com" })),
        || Fate::Refuse(503, "ServiceUnavailable"),
        || Fate::Refuse(400, "AccessDenied"),
        || Fate::Cut,
        || Fate::Pass,
    ];
    for fate in fates {
        rig.faults.hook(move |call| if call.operation == "SendRawEmail" { fate() } else { Fate::Pass });
        rig.deliver().await;
    }
    again.faults.hook(|call| match call.operation.as_str() {
        "SendRawEmail" => Fate::Refuse(400, "MessageRejected"),
        _ => Fate::Pass,
    });
    assert!(again.deliver().await);
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for outcome in ["a mail was not sent", "ServiceUnavailable", "AccessDenied", "Sent {", "Refused {"] {
        assert!(log.contains(outcome), "{outcome} in {log}");
    }
    // Not "ada" alone, which is hexadecimal too.
    let names = ["ada@", "lovelace", "example.com"];
    let named: Vec<&str> =
        log.lines().filter(|line| names.iter().any(|name| line.to_lowercase().contains(name))).collect();
    assert_eq!(named, Vec::<&str>::new());
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_not_tried_again() {
    let rig = Rig::new().await;
    rig.faults.hook(|call| match call.operation.as_str() {
        "SendRawEmail" => Fate::Refuse(400, "MessageRejected"),
        _ => Fate::Pass,
    });
    assert!(rig.deliver().await);
    assert_eq!(rig.state().await.as_deref(), Some("refused"));
    rig.faults.heal();
    assert!(rig.deliver().await);
    assert_eq!(rig.sent().await, 0);
}

#[tokio::test]
async fn a_worker_that_is_killed_before_it_sends_is_made_up_for_after_its_lease() {
    let rig = Rig::new().await;
    rig.faults.hook(|call| if call.operation == "SendRawEmail" { Fate::Freeze } else { Fate::Pass });
    let killed = tokio::time::timeout(Duration::from_millis(300), rig.deliver()).await;
    assert!(killed.is_err());
    rig.faults.heal();
    assert_eq!((rig.sent().await, rig.state().await.as_deref()), (0, Some("sending")));
    rig.clock.advance_millis(LEASE_MILLIS - 1);
    assert!(!rig.deliver().await, "somebody may still be sending it");
    assert_eq!(rig.sent().await, 0);
    rig.clock.advance_millis(1);
    assert!(rig.deliver().await);
    assert_eq!((rig.sent().await, rig.state().await.as_deref()), (1, Some("sent")));
}

#[tokio::test]
async fn the_one_window_is_between_the_post_and_the_note_and_the_message_id_stays_the_same() {
    let rig = Rig::new().await;
    rig.faults.hook(|call| if call.operation == "SendRawEmail" { Fate::Vanish } else { Fate::Pass });
    let killed = tokio::time::timeout(Duration::from_millis(300), rig.deliver()).await;
    assert!(killed.is_err());
    rig.faults.heal();
    assert_eq!((rig.sent().await, rig.state().await.as_deref()), (1, Some("sending")));
    rig.clock.advance_millis(LEASE_MILLIS);
    assert!(rig.deliver().await);
    let mails = rig.post.mails().await;
    let expected = format!("<{}@x.example>", rig.event);
    assert_eq!(mails.iter().map(|mail| header(mail, "Message-ID")).collect::<Vec<_>>(), [expected.as_str(); 2]);
}

#[tokio::test]
async fn a_note_that_cannot_be_written_sends_nothing_twice() {
    let rig = Rig::new().await;
    let puts = Arc::new(AtomicUsize::new(0));
    rig.faults.hook(move |call| {
        let is_note = call.operation == "PutItem" && puts.fetch_add(1, SeqCst) > 0;
        if is_note { Fate::Refuse(400, "ValidationException") } else { Fate::Pass }
    });
    assert!(rig.deliver().await, "it was sent, so the message must not come again");
    assert_eq!(rig.sent().await, 1);
}

#[tokio::test]
async fn a_lost_answer_to_the_claim_is_no_other_worker() {
    let rig = Rig::new().await;
    rig.faults.hook(|call| if call.operation == "PutItem" && call.number == 1 { Fate::Lose } else { Fate::Pass });
    assert!(rig.deliver().await);
    assert_eq!((rig.sent().await, rig.state().await.as_deref()), (1, Some("sent")));
}

#[tokio::test]
async fn without_a_sender_nothing_is_read_sent_or_claimed() {
    let rig = Rig::new().await;
    let response = rig.worker_from("").handle(rig.batch.clone()).await;
    assert!(response.batch_item_failures.is_empty());
    assert_eq!((rig.faults.round_trips(), rig.sent().await, rig.state().await), (0, 0, None));
}

#[tokio::test]
async fn what_is_no_request_fails_alone() {
    let rig = Rig::new().await;
    let mut batch = rig.batch.clone();
    for (id, body) in [("two", "{}"), ("three", "not json")] {
        let mut message = SqsMessage::default();
        (message.message_id, message.body) = (Some(id.to_owned()), Some(body.to_owned()));
        batch.records.push(message);
    }
    let response = rig.worker_from("rapport@x.example").handle(batch).await;
    let mut failed: Vec<_> = response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
    failed.sort();
    assert_eq!(failed, ["three", "two"]);
    assert_eq!(rig.sent().await, 1);
}
