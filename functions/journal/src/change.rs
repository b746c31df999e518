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
    if !["record", "link", "share", "config"].contains(&item.as_str()) {
        return Ok(None);
    }
    // A link is two items that say the same. Replicas keep it once, as the record that it was made from has it, so the
    // other one would only make every journal longer. An item never changes its direction.
    if item == "link" && text(image.get("direction")).as_deref() == Some("in") {
        return Ok(None);
    }
    for own in OWN_ATTRIBUTES {
        image.remove(*own);
    }
    let document: Document = serde_dynamo::from_item(image).map_err(Error::bug)?;
    let member = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let child = |names: &[&str]| names.iter().map(|name| member(name)).collect::<Vec<_>>().join("/");
    let (kind, id) = match item.as_str() {
        "record" => (member("object"), member("id")),
        "link" => (member("label"), child(&["record", "label", "other"])),
        "share" => (member("object"), child(&["record", "subject"])),
        _ => (sk.clone(), sk),
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
