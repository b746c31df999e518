//! Mails: by the AWS port as any client sends them, and Rapport's own while SES is out of order.

use std::net::{IpAddr, Ipv4Addr};

use aws_credential_types::Credentials;
use aws_sdk_ses::config::{BehaviorVersion, Region};
use aws_sdk_ses::error::ProvideErrorMetadata as _;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use aws_sdk_sqs::types::QueueAttributeName;
use axum::body::Body;
use axum::http::Request;
use events::MailRequest;
use kernel::{Clock, Id, Ids, kinds};
use local::{Config, Stack};
use serde_json::{Value, json};
use table::{Changes, Meter, Sort};
use testkit::{Fate, Faults};
use tower::ServiceExt as _;

use crate::aws::in_process;
use crate::functions::{Seen, stack};

const RAW: &str = "From: a@x.example\r\nTo: b@x.example\r\nSubject: Hello\r\n\r\nHow are you?\r\n";

/// What the mailbox says to programs.
async fn mails(stack: &Stack) -> Vec<Value> {
    let request = Request::get("/mailbox.json").header("host", "localhost").body(Body::empty()).unwrap();
    let body = stack.router().oneshot(request).await.unwrap().into_body();
    serde_json::from_slice(&axum::body::to_bytes(body, usize::MAX).await.unwrap()).unwrap()
}

fn client(stack: &Stack) -> aws_sdk_ses::Client {
    let config = aws_sdk_ses::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
        .endpoint_url(stack.aws_url().unwrap())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_ses::Client::from_conf(config)
}

#[tokio::test]
async fn mails_by_the_port_are_in_the_mailbox() {
    let folder = tempfile::tempdir().unwrap();
    let stack = stack(&Config { background: false, ..Config::new(folder.path()) }, &Seen::default()).await;
    let client = client(&stack);
    let send = async |to: &str| {
        let message = RawMessage::builder().data(Blob::new(RAW)).build().unwrap();
        client.send_raw_email().source("a@x.example").destinations(to).raw_message(message).send().await
    };
    let sent = send("b@x.example").await.unwrap();
    for (to, words) in [
        ("nobody", "Missing final '@domain'"),
        ("b@x example", "Domain contains illegal character"),
        ("b c@x.example", "Local address contains control or whitespace"),
    ] {
        let error = send(to).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Some("InvalidParameterValue"), Some(words)));
    }
    let other = client.verify_email_identity().email_address("a@x.example").send().await.unwrap_err();
    assert_eq!(other.code(), Some("InvalidAction"));
    let mails = mails(&stack).await;
    assert_eq!(mails.len(), 1, "{mails:#?}");
    let parts = ["id", "subject", "text", "source"].map(|name| mails[0][name].as_str().unwrap());
    assert_eq!(parts, [sent.message_id(), "Hello", "How are you?\n", "a@x.example"]);
    stack.stop().await;
}

#[tokio::test]
async fn a_stack_that_other_machines_can_reach_has_no_mailbox_page() {
    let folder = tempfile::tempdir().unwrap();
    for (host, is_there) in [(Ipv4Addr::UNSPECIFIED, false), (Ipv4Addr::LOCALHOST, true)] {
        // A quiet stack has no port, so nothing is opened to anybody here.
        let config = Config { host: IpAddr::V4(host), ..Config::quiet(folder.path()) };
        let stack = stack(&config, &Seen::default()).await;
        for path in ["/mailbox", "/mailbox.json"] {
            let request = Request::get(path).header("host", "localhost").body(Body::empty()).unwrap();
            let status = stack.router().oneshot(request).await.unwrap().status();
            assert_eq!(status == 200, is_there, "{host} {path}: {status}");
        }
        stack.stop().await;
    }
}

/// An open invitation in the table, and the request for its mail.
async fn request(stack: &Stack) -> String {
    let request = Request::get("/v1/workspace").header("host", "localhost");
    let request = request.header("authorization", format!("Bearer {}", stack.api_key())).body(Body::empty()).unwrap();
    let body = stack.router().oneshot(request).await.unwrap().into_body();
    let body: Value = serde_json::from_slice(&axum::body::to_bytes(body, usize::MAX).await.unwrap()).unwrap();
    let workspace: Id<kinds::Workspace> = body["id"].as_str().unwrap().parse().unwrap();
    let ids = Ids::new(Clock::System);
    let (invitation, event, by) = (ids.next::<kinds::Invitation>(), ids.next(), ids.next());
    let table = stack.app().tables.workspace(workspace, Meter::default());
    let document = json!({
        "id": invitation, "object": "invitation", "version": 1, "email": "ada@example.com", "state": "open",
        "good_until": Clock::System.now().plus_seconds(3600),
    });
    let mut changes = Changes::new();
    let key = table.keys().record("invitation", invitation.erase());
    changes.create(key, Sort::Record, document.as_object().cloned().unwrap());
    table.commit(&changes).await.unwrap();
    serde_json::to_string(&MailRequest::Invitation { workspace, invitation, event, by }).unwrap()
}

async fn dead(stack: &Stack) -> String {
    let url = "http://in-process.invalid/000000000000/MailDeadLetters";
    let question = in_process(stack).get_queue_attributes().queue_url(url);
    let answer = question.attribute_names(QueueAttributeName::ApproximateNumberOfMessages).send().await.unwrap();
    answer.attributes().unwrap()[&QueueAttributeName::ApproximateNumberOfMessages].clone()
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_ends_among_the_dead_letters_and_goes_out_once_it_is_sent_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut tries, mut message) = (0, String::new());
    for round in 0..12 {
        // A start makes what was hidden visible, as its time does.
        let (faults, config) = (std::cell::OnceCell::new(), Config::quiet(folder.path()));
        let started = Stack::start_behind(&config, |http| faults.get_or_init(|| Faults::new(http)).http_client());
        let (stack, faults) = (started.await.unwrap(), faults.get().unwrap());
        faults.hook(|call| match call.operation.as_str() {
            "SendRawEmail" => Fate::Refuse(503, "ServiceUnavailable"),
            _ => Fate::Pass,
        });
        let queue = in_process(&stack);
        let url = "http://in-process.invalid/000000000000/MailQueue";
        if round == 0 {
            message = request(&stack).await;
            queue.send_message().queue_url(url).message_body(&message).send().await.unwrap();
        }
        stack.drain().await.unwrap();
        tries += faults.calls("SendRawEmail");
        if round == 11 {
            assert_eq!((tries, dead(&stack).await.as_str()), (10, "1"));
            assert_eq!(mails(&stack).await, Vec::<Value>::new());
            faults.heal();
            queue.send_message().queue_url(url).message_body(&message).send().await.unwrap();
            stack.drain().await.unwrap();
            assert_eq!(mails(&stack).await.len(), 1);
        }
        stack.stop().await;
    }
}
