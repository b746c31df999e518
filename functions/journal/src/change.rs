//! From a record of the stream to a change.

use aws_lambda_events::event::dynamodb::EventRecord;
use events::{Change, Document, StreamPosition};
use kernel::{Error, Result, Timestamp};
use serde_dynamo::AttributeValue;
use serde_json::Value;
use table::OWN_ATTRIBUTES;

/// What the stream tells of an item; `None` for items that replicas do not follow.
///
/// # Errors
/// When the record is not what the table's stream sends.
pub(crate) fn change_of(record: EventRecord, now: Timestamp) -> Result<Option<Change>> {
    let told = record.change;
    let removed = told.new_image.is_empty();
    let mut image = if removed { told.old_image } else { told.new_image };
    let sk = text(told.keys.get("sk")).unwrap_or_default();
    let item = text(image.get("item")).unwrap_or_default();
    if !["record", "link", "config"].contains(&item.as_str()) {
        return Ok(None);
    }
    for own in OWN_ATTRIBUTES {
        image.remove(*own);
    }
    let document: Document = serde_dynamo::from_item(image).map_err(Error::bug)?;
    let member = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    let (kind, id) = match item.as_str() {
        "record" => (member("object").unwrap_or_default(), member("id").unwrap_or_default()),
        "config" => (sk.clone(), sk),
        _ => (String::new(), sk),
    };
    let digits = told.sequence_number.ok_or_else(|| Error::bug("a stream record without a sequence number"))?;
    // The stream does not always say when; now is later, which nobody mistakes for an old change.
    let at = Some(told.approximate_creation_date_time.timestamp_millis()).filter(|millis| *millis > 0);
    Ok(Some(Change {
        item,
        kind,
        id,
        version: document.get("version").and_then(Value::as_u64).unwrap_or(0),
        position: StreamPosition::new(&digits),
        at: at.and_then(Timestamp::from_millis).unwrap_or(now),
        document: (!removed).then_some(document),
    }))
}

fn text(value: Option<&AttributeValue>) -> Option<String> {
    match value {
        Some(AttributeValue::S(text)) => Some(text.clone()),
        _ => None,
    }
}
