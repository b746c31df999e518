//! Erasure: when a record goes for good, the mails to whoever it was about go too.
//!
//! In AWS there is nothing to do: Rapport keeps no mail that it has sent. The mailbox does, so it is one more consumer of the table's
//! stream, beside those of the template and with a place of its own. The functions know nothing of it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::streams::DynamoDbEventResponse;
use serde_json::Value;

use super::Mailbox;
use crate::filter::Filter;
use crate::invoke::Functions;
use crate::template::{Function, StreamSource, Template};

/// What the mailbox is called among functions and their triggers. No template has this: the names there are of letters and digits.
const NAME: &str = "infra/local: mailbox";
/// Only a record's end. A record in the trash is still there, and so are the mails.
const REMOVALS: &str = r#"{"eventName":["REMOVE"],"dynamodb":{"OldImage":{"item":{"S":["record"]}}}}"#;
/// The most removals at once.
const BATCH: usize = 100;
const TIMEOUT: Duration = Duration::from_secs(60);

/// The template with a trigger by which the mailbox is told of records that are removed.
///
/// # Errors
/// When this file's own filter cannot be read.
pub(crate) fn told_of_removals(mut template: Template) -> Result<Template> {
    let function = Function { artefact: NAME.to_owned(), entry: "stream".to_owned(), timeout: TIMEOUT };
    template.functions.insert(NAME.to_owned(), function);
    template.streams.push(StreamSource {
        id: NAME.to_owned(),
        function: NAME.to_owned(),
        batch: BATCH,
        filters: vec![Filter::parse(REMOVALS)?],
        // Until it has worked: nobody else will do it.
        retries: None,
        bisect: false,
        partial_failures: false,
        failures: None,
    });
    Ok(template)
}

impl Mailbox {
    /// The functions, and what that trigger wakes.
    pub(crate) fn among(&self, functions: Functions) -> Functions {
        let mailbox = self.clone();
        functions.stream(NAME, move |event| {
            let mailbox = mailbox.clone();
            async move {
                tokio::task::spawn_blocking(move || mailbox.forget(&addresses(&event)?)).await??;
                Ok(DynamoDbEventResponse::default())
            }
        })
    }
}

/// Whatever may be an address in the records that are gone, wherever in them it stands.
fn addresses(event: &Event) -> Result<BTreeSet<String>> {
    let mut addresses = BTreeSet::new();
    for record in &event.records {
        collect(&serde_json::to_value(&record.change.old_image)?, &mut addresses);
    }
    Ok(addresses)
}

fn collect(value: &Value, addresses: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.contains('@') => {
            addresses.insert(text.to_ascii_lowercase());
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, addresses)),
        Value::Object(members) => members.values().for_each(|value| collect(value, addresses)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_are_found_wherever_they_stand() {
        let image = json!({
            "item": { "S": "record" }, "email": { "S": "Ada@X.example" }, "name": { "S": "Ada" },
            "emails": { "L": [{ "M": { "email": { "S": "b@x.example" }, "label": { "S": "work" } } }] },
        });
        let event = json!({ "Records": [{
            "awsRegion": "local", "eventID": "1", "eventName": "REMOVE", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "dynamodb": { "ApproximateCreationDateTime": 1, "Keys": {}, "OldImage": image, "SizeBytes": 1 },
        }] });
        let found = addresses(&serde_json::from_value(event).unwrap()).unwrap();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["ada@x.example", "b@x.example"]);
    }
}
