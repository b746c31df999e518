//! The services, through the AWS SDK: inside of the process and by the AWS port.

use aws_credential_types::Credentials;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_sqs::config::{BehaviorVersion, Region};
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName, SendMessageBatchRequestEntry};
use local::{BUCKET, Config, Stack, TABLE};

use crate::functions::{Seen, stack};

fn credentials() -> Credentials {
    Credentials::new("local", "local", None, None, "tests")
}

/// A client for the queues of this process.
pub(crate) fn in_process(stack: &Stack) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .credentials_provider(credentials())
        .endpoint_url("http://in-process.invalid")
        .http_client(stack.parts().http.clone())
        .build();
    aws_sdk_sqs::Client::from_conf(config)
}

async fn started() -> (tempfile::TempDir, Stack) {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { background: false, ..Config::new(folder.path()) };
    let stack = stack(&config, &Seen::default()).await;
    (folder, stack)
}

fn http() -> aws_smithy_runtime_api::client::http::SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

/// A client by the port, and the URL of a queue.
async fn queue_by_the_port(stack: &Stack) -> (aws_sdk_sqs::Client, String) {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .credentials_provider(credentials())
        .endpoint_url(stack.aws_url().unwrap())
        .http_client(http())
        .build();
    let client = aws_sdk_sqs::Client::from_conf(config);
    let url = client.get_queue_url().queue_name("SnapshotsQueue").send().await.unwrap().queue_url.unwrap();
    assert!(url.starts_with(&stack.aws_url().unwrap()), "{url}");
    (client, url)
}

#[tokio::test]
async fn messages_arrive_by_the_port_as_they_were_sent() {
    let (_folder, stack) = started().await;
    let (client, url) = queue_by_the_port(&stack).await;
    let kind = MessageAttributeValue::builder().data_type("String").string_value("x").build().unwrap();
    let message = client.send_message().queue_url(&url).message_body("hello").message_attributes("kind", kind);
    let sent = message.send().await.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("5d41402abc4b2a76b9719d911017c592"));
    let entry = |id: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(id).build().unwrap();
    let batch = client.send_message_batch().queue_url(&url).entries(entry("one")).entries(entry("two"));
    assert_eq!(batch.send().await.unwrap().successful().len(), 2);

    let request = client.receive_message().queue_url(&url).max_number_of_messages(10).wait_time_seconds(1);
    let request =
        request.message_system_attribute_names(MessageSystemAttributeName::All).message_attribute_names("All");
    let received = request.send().await.unwrap();
    let bodies: Vec<_> = received.messages().iter().map(|message| message.body().unwrap()).collect();
    assert_eq!(bodies, ["hello", "one", "two"]);
    let first = &received.messages()[0];
    assert_eq!(first.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(first.message_attributes().unwrap()["kind"].string_value(), Some("x"));
    assert_eq!(first.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount], "1");
    stack.stop().await;
}

#[tokio::test]
async fn messages_are_given_back_deleted_and_purged_by_the_port() {
    let (_folder, stack) = started().await;
    let (client, url) = queue_by_the_port(&stack).await;
    let error = client.get_queue_url().queue_name("Nothing").send().await.unwrap_err();
    assert!(error.into_service_error().is_queue_does_not_exist());
    for body in ["a", "b"] {
        client.send_message().queue_url(&url).message_body(body).send().await.unwrap();
    }
    let received = client.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
    let receipt = |at: usize| received.messages()[at].receipt_handle().unwrap();
    let give_back = client.change_message_visibility().queue_url(&url).receipt_handle(receipt(0)).visibility_timeout(0);
    give_back.send().await.unwrap();
    client.delete_message().queue_url(&url).receipt_handle(receipt(1)).send().await.unwrap();
    let again = client.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
    let bodies: Vec<_> = again.messages().iter().map(|message| message.body().unwrap()).collect();
    assert_eq!(bodies, ["a"]);
    client.purge_queue().queue_url(&url).send().await.unwrap();
    assert!(client.receive_message().queue_url(&url).send().await.unwrap().messages().is_empty());
    stack.stop().await;
}

fn files(endpoint: &str, http: aws_smithy_runtime_api::client::http::SharedHttpClient) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .credentials_provider(credentials())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .http_client(http)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

#[tokio::test]
async fn files_in_the_process_and_by_the_port() {
    let (_folder, stack) = started().await;
    let inside = files("http://in-process.invalid", stack.parts().http.clone());
    let outside = files(&stack.aws_url().unwrap(), http());
    for (writer, reader) in [(&inside, &outside), (&outside, &inside)] {
        let content: Vec<u8> = (0..3_000_000u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let key = "replicas/1/ws_1/table.zst";
        writer.put_object().bucket(BUCKET).key(key).body(ByteStream::from(content.clone())).send().await.unwrap();
        let read = reader.get_object().bucket(BUCKET).key(key).send().await.unwrap();
        assert_eq!(read.body.collect().await.unwrap().to_vec(), content);
        writer.delete_object().bucket(BUCKET).key(key).send().await.unwrap();
        let missing = reader.get_object().bucket(BUCKET).key(key).send().await.unwrap_err();
        assert!(missing.as_service_error().unwrap().is_no_such_key(), "{missing:?}");
    }
    stack.stop().await;
}

#[tokio::test]
async fn the_table_by_the_port() {
    let (_folder, stack) = started().await;
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .credentials_provider(credentials())
        .endpoint_url(stack.aws_url().unwrap())
        .http_client(http())
        .build();
    let client = aws_sdk_dynamodb::Client::from_conf(config);
    let table = client.describe_table().table_name(TABLE).send().await.unwrap();
    assert_eq!(table.table().unwrap().global_secondary_indexes().len(), 2);
    stack.stop().await;
}
