//! The engine as the AWS SDK sees it.

#![cfg(test)]

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, KeysAndAttributes, Put, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use testkit::{Engine, Execution, Fate, Faults};

const TABLE: &str = "rapport";

fn client(http: SharedHttpClient) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
        .endpoint_url("http://in.process")
        .http_client(http)
        .build();
    Client::from_conf(config)
}

fn engine() -> Engine {
    let engine = Engine::memory().unwrap();
    engine.create_table(TABLE).unwrap();
    engine
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn item(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk)), ("item".to_owned(), text("record"))])
}

fn put(pk: &str, sk: &str) -> TransactWriteItem {
    let put = Put::builder()
        .table_name(TABLE)
        .set_item(Some(item(pk, sk)))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .unwrap();
    TransactWriteItem::builder().put(put).build()
}

#[tokio::test]
async fn making_the_table_twice_is_fine() {
    let engine = engine();
    engine.create_table(TABLE).unwrap();
}

#[tokio::test]
async fn a_cancelled_transaction_names_its_reasons_by_position_and_shows_the_item_in_the_way() {
    let client = client(engine().http_client());
    client.transact_write_items().transact_items(put("w#CONTACT#con_1", "#")).send().await.unwrap();
    let check = ConditionCheck::builder()
        .table_name(TABLE)
        .set_key(Some(HashMap::from([("pk".to_owned(), text("w#CONFIG")), ("sk".to_owned(), text("#"))])))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .unwrap();
    let error = client
        .transact_write_items()
        .transact_items(TransactWriteItem::builder().condition_check(check).build())
        .transact_items(put("w#CONTACT#con_1", "#"))
        .transact_items(put("w#CONTACT#con_2", "#"))
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else { panic!("{error:?}") };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().map(|r| r.code().unwrap_or_default()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "None"]);
    let in_the_way = cancelled.cancellation_reasons()[1].item().unwrap();
    assert_eq!(in_the_way["item"], text("record"));
    let missing = client.get_item().table_name(TABLE).set_key(Some(key("w#CONTACT#con_2"))).send().await.unwrap();
    assert!(missing.item.is_none(), "a cancelled transaction writes nothing");
}

fn key(pk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text("#"))])
}

#[test]
fn a_transaction_that_is_sent_again_with_its_token_is_carried_out_once() {
    let engine = engine();
    // As text: who sends a request again sends the same one.
    let send = |pk: &str, token: &str| {
        let item = json!({ "pk": { "S": pk }, "sk": { "S": "#" }, "item": { "S": "record" } });
        let put = json!({ "TableName": TABLE, "Item": item, "ConditionExpression": "attribute_not_exists(pk)" });
        let body = json!({ "TransactItems": [{ "Put": put }], "ClientRequestToken": token });
        let (status, answer) = engine.dispatch("TransactWriteItems", &body.to_string());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let kind = answer["__type"].as_str().and_then(|kind| kind.split('#').next_back());
        (status, kind.unwrap_or_default().to_owned())
    };
    let done = (200, String::new());
    assert_eq!([send("w#CONTACT#con_1", "a"), send("w#CONTACT#con_1", "a")], [done.clone(), done]);
    assert_eq!(send("w#CONTACT#con_2", "a"), (400, "IdempotentParameterMismatchException".to_owned()));
    assert_eq!(send("w#CONTACT#con_1", "b"), (400, "TransactionCanceledException".to_owned()));
}

#[tokio::test]
async fn an_error_arrives_with_its_type() {
    let client = client(engine().http_client());
    let error = client.get_item().table_name("elsewhere").set_key(Some(key("a"))).send().await.unwrap_err();
    assert!(error.into_service_error().is_resource_not_found_exception());
    let error = client.get_item().table_name(TABLE).key("pk", text("a")).send().await.unwrap_err();
    let error = error.into_service_error();
    assert_eq!(error.meta().code(), Some("ValidationException"), "{error:?}");
}

#[tokio::test]
async fn indexes_hold_the_keys_of_items_that_carry_theirs() {
    let client = client(engine().http_client());
    for (id, indexed) in [("con_1", true), ("con_2", false), ("con_3", true)] {
        let mut item = item(&format!("w#CONTACT#{id}"), "#");
        if indexed {
            item.insert("gsi1pk".to_owned(), text("w#CONTACT"));
            item.insert("gsi1sk".to_owned(), text(id));
        }
        client.put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
    }
    let answer = client
        .query()
        .table_name(TABLE)
        .index_name("gsi1")
        .key_condition_expression("gsi1pk = :w")
        .expression_attribute_values(":w", text("w#CONTACT"))
        .scan_index_forward(false)
        .send()
        .await
        .unwrap();
    let found: Vec<_> = answer.items().iter().map(|i| i["gsi1sk"].as_s().unwrap().as_str()).collect();
    assert_eq!(found, ["con_3", "con_1"]);
    assert!(!answer.items()[0].contains_key("item"), "keys only");
}

#[tokio::test]
async fn capacity_is_reported_as_dynamodb_counts_it() {
    let client = client(engine().http_client());
    let answer = client
        .transact_write_items()
        .transact_items(put("w#CONTACT#con_1", "#"))
        .transact_items(put("w#UNIQUE#contact.email#a", "#"))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.consumed_capacity()[0].capacity_units(), Some(4.0), "two small items, twice one unit each");

    let strong = client.get_item().table_name(TABLE).set_key(Some(key("w#CONTACT#con_1"))).consistent_read(true);
    let answer = strong.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
    assert_eq!(answer.consumed_capacity().unwrap().capacity_units(), Some(1.0));

    let nothing = client
        .query()
        .table_name(TABLE)
        .key_condition_expression("pk = :pk AND sk > :sk")
        .expression_attribute_values(":pk", text("w#JOURNAL"))
        .expression_attribute_values(":sk", text("0"))
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let answer = nothing.send().await.unwrap();
    assert_eq!(answer.consumed_capacity().unwrap().capacity_units(), Some(0.5), "an empty query is half a unit");

    let both = KeysAndAttributes::builder().keys(key("w#CONTACT#con_1")).keys(key("w#UNIQUE#contact.email#a"));
    let batch = client
        .batch_get_item()
        .request_items(TABLE, both.build().unwrap())
        .return_consumed_capacity(ReturnConsumedCapacity::Total);
    let answer = batch.send().await.unwrap();
    assert_eq!(answer.responses().unwrap()[TABLE].len(), 2);
    assert_eq!(answer.consumed_capacity()[0].capacity_units(), Some(1.0));

    let mut indexed = item("w#CONTACT#con_9", "#");
    indexed.insert("gsi1pk".to_owned(), text("w#CONTACT"));
    indexed.insert("gsi1sk".to_owned(), text("con_9"));
    let answer = client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(indexed))
        .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
        .send()
        .await
        .unwrap();
    let capacity = answer.consumed_capacity().unwrap();
    assert_eq!(capacity.capacity_units(), Some(2.0), "one for the table, one for the catalog");
}

#[tokio::test]
async fn the_stream_tells_what_happened_in_order_and_who_expired_it() {
    let engine = engine();
    let client = client(engine.http_client());
    let send = |item| client.put_item().table_name(TABLE).set_item(Some(item)).send();
    send(item("w#CONTACT#con_1", "#")).await.unwrap();
    let mut changed = item("w#CONTACT#con_1", "#");
    changed.insert("version".to_owned(), AttributeValue::N("2".to_owned()));
    send(changed).await.unwrap();
    let mut expired = item("w#ONCE#1", "#");
    expired.insert("expires_at".to_owned(), AttributeValue::N("1700000000".to_owned()));
    send(expired).await.unwrap();
    assert_eq!(engine.sweep_ttl().unwrap(), 1);

    let records = engine.stream(TABLE).read(None, 100).unwrap();
    let names: Vec<_> = records.iter().map(|r| r.event_name.as_str()).collect();
    assert_eq!(names, ["INSERT", "MODIFY", "INSERT", "REMOVE"]);
    let version: serde_dynamo::AttributeValue = records[1].change.new_image.inner()["version"].clone();
    assert_eq!(version, serde_dynamo::AttributeValue::N("2".to_owned()));
    assert!(records[1].change.old_image.inner().contains_key("pk"));
    let identity = records[3].user_identity.as_ref().unwrap();
    assert_eq!((identity.type_.as_str(), identity.principal_id.as_str()), ("Service", "dynamodb.amazonaws.com"));
    assert!(records[..3].iter().all(|r| r.user_identity.is_none()));
    assert!(records.iter().all(|r| r.change.approximate_creation_date_time.timestamp() > 1_700_000_000));

    let after = records[1].change.sequence_number.clone();
    let rest = engine.stream(TABLE).read(after.as_deref(), 1).unwrap();
    assert_eq!(rest, records[2..3]);
    let numbers: Vec<_> = records.iter().map(|r| r.change.sequence_number.clone().unwrap()).collect();
    assert!(numbers.is_sorted(), "sequence numbers are compared as text");
}

#[tokio::test]
async fn reading_all_goes_past_the_most_that_one_read_gives() {
    let engine = engine();
    for n in 0..1050 {
        let body =
            serde_json::json!({ "TableName": TABLE, "Item": { "pk": { "S": format!("p{n}") }, "sk": { "S": "#" } } });
        assert_eq!(engine.dispatch("PutItem", &body.to_string()).0, 200);
    }
    assert_eq!(engine.stream(TABLE).read(None, 5000).unwrap().len(), 1000);
    assert_eq!(engine.stream(TABLE).read_all(None).unwrap().len(), 1050);
}

#[tokio::test]
async fn a_file_keeps_items_stream_and_sequence_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.sqlite");
    let engine = Engine::open(&path).unwrap();
    engine.create_table(TABLE).unwrap();
    let first = client(engine.http_client_on(Execution::BlockingThreads));
    first.put_item().table_name(TABLE).set_item(Some(item("a", "#"))).send().await.unwrap();
    drop((first, engine));

    let engine = Engine::open(&path).unwrap();
    engine.create_table(TABLE).unwrap();
    let again = client(engine.http_client());
    assert!(again.get_item().table_name(TABLE).set_key(Some(key("a"))).send().await.unwrap().item.is_some());
    again.put_item().table_name(TABLE).set_item(Some(item("b", "#"))).send().await.unwrap();
    let records = engine.stream(TABLE).read(None, 10).unwrap();
    assert_eq!(records.len(), 2);
    assert!(records[0].change.sequence_number < records[1].change.sequence_number);
    let first = records[0].change.sequence_number.as_deref().unwrap();
    assert_eq!(engine.trim_stream(TABLE, Duration::from_secs(86_400), first).unwrap(), 0, "too young");
    assert_eq!(engine.trim_stream(TABLE, Duration::ZERO, first).unwrap(), 1);
    assert_eq!(engine.stream(TABLE).read(None, 10).unwrap(), records[1..]);
}

#[tokio::test]
async fn faults_count_refuse_lose_and_alter() {
    let engine = engine();
    let faults = Faults::new(engine.http_client());
    let client = client(faults.http_client());
    faults.hook(|call| match (call.operation.as_str(), call.number) {
        ("PutItem", 1) => Fate::Refuse(400, "ThrottlingException"),
        ("PutItem", 2) => Fate::Lose,
        ("GetItem", 1) => Fate::Alter(Box::new(|answer| {
            answer.as_object_mut().unwrap().remove("Item");
        })),
        _ => Fate::Pass,
    });
    client.put_item().table_name(TABLE).set_item(Some(item("a", "#"))).send().await.unwrap();
    assert_eq!(
        faults.calls("PutItem"),
        3,
        "throttled, acknowledgement lost, then answered: the SDK tries again by itself"
    );
    let read = || client.get_item().table_name(TABLE).set_key(Some(key("a"))).send();
    assert!(read().await.unwrap().item.is_none(), "a read that lags behind");
    assert!(read().await.unwrap().item.is_some());
    assert_eq!(faults.round_trips(), 5);
    faults.reset_counts();
    assert_eq!(faults.round_trips(), 0);
}

#[tokio::test]
async fn a_killed_writer_has_written_or_not_but_never_learns() {
    let engine = engine();
    let faults = Faults::new(engine.http_client());
    let client = client(faults.http_client());
    faults.hook(|call| match call.request["Item"]["pk"]["S"].as_str() {
        Some("before") => Fate::Freeze,
        Some("after") => Fate::Vanish,
        _ => Fate::Pass,
    });
    for pk in ["before", "after"] {
        let write = client.put_item().table_name(TABLE).set_item(Some(item(pk, "#"))).send();
        assert!(tokio::time::timeout(Duration::from_millis(50), write).await.is_err());
    }
    faults.heal();
    let exists =
        async |pk| client.get_item().table_name(TABLE).set_key(Some(key(pk))).send().await.unwrap().item.is_some();
    assert!(!exists("before").await);
    assert!(exists("after").await);
}
