//! SQS on the wire: the operations that Rapport's functions and its operators use, in the AWS JSON protocol.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Map, Value, json};
use testkit::Answer;

use super::queues::{Message, Queues};

/// The account in URLs and ARNs, as of emulators everywhere.
pub(crate) const ACCOUNT: &str = "000000000000";
/// The region in ARNs.
pub(crate) const REGION: &str = "local";
/// The most messages of one call.
const MOST: u64 = 10;
/// The longest wait for a message, in seconds.
const LONGEST_WAIT: u64 = 20;

/// The ARN of a queue.
pub(crate) fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
}

/// A refusal: the type of the error, the code of the older protocol, and a message.
struct Refusal(&'static str, &'static str, String);

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a queue failed");
        Self("InternalFailure", "InternalFailure", "the queue's file failed".to_owned())
    }
}

type Reply = Result<Value, Refusal>;

/// Answers one operation.
pub(crate) async fn answer(queues: &Queues, endpoint: &str, operation: &str, body: &str) -> Answer {
    let request = serde_json::from_str(body).unwrap_or(Value::Null);
    match run(queues, endpoint, operation, &request).await {
        Ok(value) => Answer { status: 200, body: value.to_string() },
        Err(Refusal(kind, code, message)) => {
            let status = if kind == "InternalFailure" { 500 } else { 400 };
            let body = json!({ "__type": format!("com.amazonaws.sqs#{kind}"), "message": message, "code": code });
            Answer { status, body: body.to_string() }
        }
    }
}

async fn run(queues: &Queues, endpoint: &str, operation: &str, request: &Value) -> Reply {
    match operation {
        "GetQueueUrl" => {
            let name = request["QueueName"].as_str().unwrap_or_default();
            known(queues, name)?;
            Ok(json!({ "QueueUrl": url(endpoint, name) }))
        }
        "ListQueues" => {
            let prefix = request["QueueNamePrefix"].as_str().unwrap_or_default();
            let urls: Vec<_> =
                queues.names().filter(|name| name.starts_with(prefix)).map(|name| url(endpoint, name)).collect();
            Ok(json!({ "QueueUrls": urls }))
        }
        "SendMessage" => send(queues, named(queues, request)?, request),
        "SendMessageBatch" => batch(request, |entry| send(queues, named(queues, request)?, entry)),
        "ReceiveMessage" => receive(queues, named(queues, request)?, request).await,
        "DeleteMessage" => delete(queues, named(queues, request)?, request),
        "DeleteMessageBatch" => batch(request, |entry| delete(queues, named(queues, request)?, entry)),
        "ChangeMessageVisibility" => change_visibility(queues, named(queues, request)?, request),
        "ChangeMessageVisibilityBatch" => {
            batch(request, |entry| change_visibility(queues, named(queues, request)?, entry))
        }
        "GetQueueAttributes" => attributes(queues, named(queues, request)?, request),
        "PurgeQueue" => {
            queues.purge(named(queues, request)?)?;
            Ok(json!({}))
        }
        other => Err(Refusal(
            "UnsupportedOperation",
            "AWS.SimpleQueueService.UnsupportedOperation",
            format!("{other} is not done here"),
        )),
    }
}

/// The URL of a queue.
pub(crate) fn url(endpoint: &str, queue: &str) -> String {
    format!("{endpoint}/{ACCOUNT}/{queue}")
}

/// The queue that a request's `QueueUrl` names.
fn named<'a>(queues: &Queues, request: &'a Value) -> Result<&'a str, Refusal> {
    let name = request["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or_default();
    known(queues, name)?;
    Ok(name)
}

fn known(queues: &Queues, name: &str) -> Result<(), Refusal> {
    match queues.settings(name) {
        Some(_) => Ok(()),
        None => Err(Refusal(
            "QueueDoesNotExist",
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist.".to_owned(),
        )),
    }
}

fn invalid(message: &str) -> Refusal {
    Refusal("InvalidParameterValue", "InvalidParameterValue", message.to_owned())
}

fn send(queues: &Queues, queue: &str, request: &Value) -> Reply {
    let body = request["MessageBody"].as_str().filter(|body| !body.is_empty());
    let body =
        body.ok_or_else(|| Refusal("MissingParameter", "MissingParameter", "MessageBody is needed.".to_owned()))?;
    if body.len() > 1_048_576 {
        return Err(invalid("One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."));
    }
    let delay = request["DelaySeconds"].as_u64();
    if delay.is_some_and(|seconds| seconds > 900) {
        return Err(invalid(
            "Value for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        ));
    }
    let attributes = &request["MessageAttributes"];
    let id = queues.send(queue, body, attributes, delay.map(Duration::from_secs))?;
    let mut answer = json!({ "MessageId": id, "MD5OfMessageBody": md5(body.as_bytes()) });
    if let Some(attributes) = attributes.as_object().filter(|attributes| !attributes.is_empty()) {
        answer["MD5OfMessageAttributes"] = json!(md5_of_attributes(attributes));
    }
    Ok(answer)
}

async fn receive(queues: &Queues, queue: &str, request: &Value) -> Reply {
    let most = request["MaxNumberOfMessages"].as_u64().unwrap_or(1);
    if !(1..=MOST).contains(&most) {
        return Err(invalid(
            "Value for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ));
    }
    let wait = request["WaitTimeSeconds"].as_u64().unwrap_or(0).min(LONGEST_WAIT);
    let visibility = request["VisibilityTimeout"].as_u64().map(Duration::from_secs);
    let most = usize::try_from(most).unwrap_or(1);
    let messages = queues.receive_or_wait(queue, most, visibility, Duration::from_secs(wait)).await?;
    if messages.is_empty() {
        return Ok(json!({}));
    }
    let wanted =
        names(&request["MessageSystemAttributeNames"]).chain(names(&request["AttributeNames"])).collect::<Vec<_>>();
    Ok(json!({ "Messages": messages.iter().map(|message| on_the_wire(message, &wanted)).collect::<Vec<_>>() }))
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str)
}

fn on_the_wire(message: &Message, wanted: &[&str]) -> Value {
    let mut wire = json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "MD5OfBody": md5(message.body.as_bytes()),
    });
    let mut system = system_attributes(message);
    if !wanted.contains(&"All") {
        system.retain(|name, _| wanted.contains(&name.as_str()));
    }
    if !system.is_empty() {
        wire["Attributes"] = Value::Object(system);
    }
    if let Some(attributes) = message.attributes.as_object().filter(|attributes| !attributes.is_empty()) {
        wire["MessageAttributes"] = message.attributes.clone();
        wire["MD5OfMessageAttributes"] = json!(md5_of_attributes(attributes));
    }
    wire
}

/// What SQS says about a message besides its content, all of it text.
pub(crate) fn system_attributes(message: &Message) -> Map<String, Value> {
    let mut attributes = Map::new();
    attributes.insert("SenderId".to_owned(), json!("local"));
    attributes.insert("SentTimestamp".to_owned(), json!(message.sent_ms.to_string()));
    attributes.insert("ApproximateReceiveCount".to_owned(), json!(message.receives.to_string()));
    attributes.insert("ApproximateFirstReceiveTimestamp".to_owned(), json!(message.first_received_ms.to_string()));
    if let Some(source) = &message.dead_letter_source {
        attributes.insert("DeadLetterQueueSourceArn".to_owned(), json!(arn(source)));
    }
    attributes
}

fn delete(queues: &Queues, queue: &str, request: &Value) -> Reply {
    queues.delete(queue, receipt(request)?)?;
    Ok(json!({}))
}

fn change_visibility(queues: &Queues, queue: &str, request: &Value) -> Reply {
    let seconds = request["VisibilityTimeout"].as_u64().filter(|seconds| *seconds <= 43_200);
    let seconds = seconds.ok_or_else(|| invalid("VisibilityTimeout must be between 0 and 43200."))?;
    if queues.change_visibility(queue, receipt(request)?, Duration::from_secs(seconds))? {
        Ok(json!({}))
    } else {
        Err(Refusal(
            "MessageNotInflight",
            "AWS.SimpleQueueService.MessageNotInflight",
            "The message is not in flight.".to_owned(),
        ))
    }
}

fn receipt(request: &Value) -> Result<&str, Refusal> {
    let receipt = request["ReceiptHandle"].as_str().filter(|receipt| !receipt.is_empty());
    receipt.ok_or_else(|| {
        Refusal("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", "A ReceiptHandle is needed.".to_owned())
    })
}

fn attributes(queues: &Queues, queue: &str, request: &Value) -> Reply {
    let depth = queues.depth(queue)?;
    let Some(settings) = queues.settings(queue) else { return Ok(json!({})) };
    let mut all = Map::new();
    let mut add = |name: &str, value: String| all.insert(name.to_owned(), json!(value));
    add("QueueArn", arn(queue));
    add("ApproximateNumberOfMessages", depth.visible.to_string());
    add("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string());
    add("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string());
    add("VisibilityTimeout", settings.visibility.as_secs().to_string());
    add("MessageRetentionPeriod", settings.retention.as_secs().to_string());
    add("DelaySeconds", settings.delay.as_secs().to_string());
    if let Some((target, most)) = &settings.dead_letters {
        add("RedrivePolicy", json!({ "deadLetterTargetArn": arn(target), "maxReceiveCount": most }).to_string());
    }
    let wanted: Vec<_> = names(&request["AttributeNames"]).collect();
    if !wanted.contains(&"All") {
        all.retain(|name, _| wanted.contains(&name.as_str()));
    }
    Ok(if all.is_empty() { json!({}) } else { json!({ "Attributes": all }) })
}

/// Does the same for each entry and says which went well.
fn batch(request: &Value, one: impl Fn(&Value) -> Reply) -> Reply {
    let entries = request["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if entries.is_empty() {
        return Err(Refusal(
            "EmptyBatchRequest",
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "There are no entries.".to_owned(),
        ));
    }
    if entries.len() as u64 > MOST {
        return Err(Refusal(
            "TooManyEntriesInBatchRequest",
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            "A batch has at most 10 entries.".to_owned(),
        ));
    }
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        match one(entry) {
            Ok(mut answer) => {
                answer["Id"] = entry["Id"].clone();
                done.push(answer);
            }
            Err(Refusal("QueueDoesNotExist", code, message)) => {
                return Err(Refusal("QueueDoesNotExist", code, message));
            }
            Err(Refusal(_, code, message)) => {
                failed.push(json!({ "Id": entry["Id"], "Code": code, "Message": message, "SenderFault": true }));
            }
        }
    }
    Ok(json!({ "Successful": done, "Failed": failed }))
}

fn md5(bytes: &[u8]) -> String {
    format!("{:x}", md5::compute(bytes))
}

/// The digest of message attributes: by name, each part with its length before it.
fn md5_of_attributes(attributes: &Map<String, Value>) -> String {
    use base64::Engine as _;
    let mut sorted: Vec<_> = attributes.iter().collect();
    sorted.sort_by_key(|(name, _)| name.as_str());
    let mut bytes = Vec::new();
    for (name, attribute) in sorted {
        let text = attribute["StringValue"].as_str();
        let binary =
            attribute["BinaryValue"].as_str().and_then(|b| base64::engine::general_purpose::STANDARD.decode(b).ok());
        with_length(&mut bytes, name.as_bytes());
        with_length(&mut bytes, attribute["DataType"].as_str().unwrap_or_default().as_bytes());
        bytes.push(if text.is_some() { 1 } else { 2 });
        with_length(&mut bytes, text.map(|text| text.as_bytes().to_vec()).or(binary).unwrap_or_default().as_slice());
    }
    md5(&bytes)
}

fn with_length(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(part);
}
