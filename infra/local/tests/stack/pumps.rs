//! Streams and queues, carried to functions.

use local::{Config, Stack, TABLE};
use serde_json::{Value, json};

use crate::functions::{Seen, stack};

fn put(stack: &Stack, pk: &str, item: &str) {
    let request =
        json!({ "TableName": TABLE, "Item": { "pk": { "S": pk }, "sk": { "S": "#" }, "item": { "S": item } } });
    assert_eq!(stack.engine().dispatch("PutItem", &request.to_string()).0, 200);
}

fn remove(stack: &Stack, pk: &str) {
    let request = json!({ "TableName": TABLE, "Key": { "pk": { "S": pk }, "sk": { "S": "#" } } });
    assert_eq!(stack.engine().dispatch("DeleteItem", &request.to_string()).0, 200);
}

async fn quiet(folder: &std::path::Path, seen: &Seen) -> Stack {
    stack(&Config::quiet(folder), seen).await
}

/// The messages of a queue, by way of the SDK's client.
async fn messages(stack: &Stack, queue: &str) -> Vec<Value> {
    let client = crate::aws::in_process(stack);
    let url = client.get_queue_url().queue_name(queue).send().await.unwrap().queue_url.unwrap();
    let answer = client.receive_message().queue_url(url).max_number_of_messages(10).send().await.unwrap();
    answer
        .messages()
        .iter()
        .map(|message| serde_json::from_str(message.body().unwrap()).unwrap_or(Value::Null))
        .collect()
}

#[tokio::test]
async fn a_consumer_gets_what_its_filters_let_through_in_order_removals_too() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    let stack = quiet(folder.path(), &seen).await;
    put(&stack, "a", "record");
    put(&stack, "j", "journal");
    put(&stack, "b", "link");
    put(&stack, "a", "record");
    remove(&stack, "b");
    remove(&stack, "j");
    stack.drain().await.unwrap();
    let expected = ["journal INSERT a", "journal INSERT b", "journal REMOVE b"];
    let all = seen.all();
    let journal: Vec<_> = all.iter().filter(|seen| seen.starts_with("journal") && !seen.contains("MODIFY")).collect();
    assert_eq!(journal, expected);
}

#[tokio::test]
async fn a_consumer_goes_on_where_it_was_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    let first = quiet(folder.path(), &seen).await;
    put(&first, "a", "record");
    first.drain().await.unwrap();
    put(&first, "b", "record");
    first.stop().await;
    let second = quiet(folder.path(), &seen).await;
    second.drain().await.unwrap();
    assert_eq!(seen.all(), ["journal INSERT a", "journal INSERT b"]);
}

#[tokio::test]
async fn a_record_that_fails_once_comes_again_and_those_before_it_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    let stack = quiet(folder.path(), &seen).await;
    for pk in ["a", "once", "b"] {
        put(&stack, pk, "record");
    }
    stack.drain().await.unwrap();
    assert_eq!(seen.all(), ["journal INSERT a", "journal INSERT once", "journal INSERT once", "journal INSERT b"]);
}

#[tokio::test]
async fn a_record_that_always_fails_is_given_up_alone_and_its_place_is_told() {
    for poison in ["poison", "crash"] {
        let folder = tempfile::tempdir().unwrap();
        let seen = Seen::default();
        let stack = quiet(folder.path(), &seen).await;
        for pk in ["a", "b", poison, "c", "d"] {
            put(&stack, pk, "event");
        }
        stack.drain().await.unwrap();
        assert_eq!(seen.count("relay INSERT c"), 1, "{poison}: {:?}", seen.all());
        assert_eq!(seen.count("relay INSERT d"), 1);
        assert!(seen.count(&format!("relay INSERT {poison}")) > 100, "tried as often as the template says");
        let told = messages(&stack, "StreamFailures").await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["DDBStreamBatchInfo"]["batchSize"], 1);
        let records = stack.engine().stream(TABLE).read(None, 10).unwrap();
        let at = records[2].change.sequence_number.clone().unwrap();
        assert_eq!(told[0]["DDBStreamBatchInfo"]["startSequenceNumber"], json!(at));
        assert!(!told[0].to_string().contains(poison), "no data leaves by this way");
    }
}

#[tokio::test]
async fn a_consumer_that_gives_nothing_up_is_said_to_be_stuck() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    let stack = quiet(folder.path(), &seen).await;
    for pk in ["a", "poison", "b"] {
        put(&stack, pk, "record");
    }
    let error = stack.drain().await.unwrap_err();
    assert!(error.to_string().contains("JournalStream"), "{error:#}");
    assert_eq!(seen.count("journal INSERT b"), 0, "nothing overtakes it");
    assert!(messages(&stack, "StreamFailures").await.is_empty());
}

#[tokio::test]
async fn a_worker_gets_messages_and_keeps_only_those_that_failed() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    let stack = quiet(folder.path(), &seen).await;
    let client = crate::aws::in_process(&stack);
    let url = client.get_queue_url().queue_name("SnapshotsQueue").send().await.unwrap().queue_url.unwrap();
    for body in ["good", "bad", "slow"] {
        client.send_message().queue_url(&url).message_body(body).send().await.unwrap();
    }
    stack.drain().await.unwrap();
    assert_eq!(seen.all(), ["worker good", "worker bad", "worker slow"]);
    let names = [aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessagesNotVisible];
    let left =
        client.get_queue_attributes().queue_url(&url).set_attribute_names(Some(names.to_vec())).send().await.unwrap();
    assert_eq!(left.attributes().unwrap()[&names[0]], "1");
}

#[tokio::test]
async fn in_the_background_things_happen_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Seen::default();
    let stack = stack(&Config { port: None, aws_port: None, ..Config::new(folder.path()) }, &seen).await;
    put(&stack, "a", "record");
    let start = std::time::Instant::now();
    while seen.all().is_empty() {
        assert!(start.elapsed().as_secs() < 5, "nothing happened");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    stack.stop().await;
}
