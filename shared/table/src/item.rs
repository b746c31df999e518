//! Items of the table as JSON documents.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use events::Document;
use kernel::{Error, Result};

use crate::Key;

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Attributes that place an item and say what it is. They are the table's own and never part of a document.
pub const OWN_ATTRIBUTES: &[&str] =
    &["pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "item", "schema", "expires_at"];

/// What sort of thing an item is, in its attribute `item`. Event filters of the template match on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A contact, a user …
    Record,
    /// A labelled link, as one of the two linked records has it.
    Link,
    /// Whom a record is shared with.
    Share,
    /// A part of a record that is too large for one item.
    Chunk,
    /// What happened to a record.
    Event,
    /// What the events of a day come to.
    Seal,
    /// By what single events of a sealed day are known again.
    Trace,
    /// Who holds a unique value.
    Guard,
    /// A part of the workspace's configuration.
    Config,
    /// An entry of the journal.
    Journal,
    /// An answer kept for a repeated request.
    Once,
    /// How far the mail about an event is.
    Mail,
    /// Where the newest snapshot of a replica is.
    Manifest,
    /// An API key by its hash.
    ApiKey,
    /// That a person may enter a workspace.
    Membership,
    /// What somebody has used, and how much of it may still be used.
    Usage,
}

impl Sort {
    /// The text in the attribute `item`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Link => "link",
            Self::Share => "share",
            Self::Chunk => "chunk",
            Self::Event => "event",
            Self::Seal => "seal",
            Self::Trace => "trace",
            Self::Guard => "guard",
            Self::Config => "config",
            Self::Journal => "journal",
            Self::Once => "once",
            Self::Mail => "mail",
            Self::Manifest => "manifest",
            Self::ApiKey => "api_key",
            Self::Membership => "membership",
            Self::Usage => "usage",
        }
    }
}

/// The number of the shape that items are written in. Readers upgrade older ones as they read them.
pub const SCHEMA: u32 = 1;

pub(crate) fn key_item(key: &Key) -> Item {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

/// An item of a sort at a key, with a document's members as attributes.
pub(crate) fn to_item(key: &Key, sort: Sort, document: &Document) -> Result<Item> {
    let mut item: Item = serde_dynamo::aws_sdk_dynamodb_1::to_item(document).map_err(Error::bug)?;
    // A document says nothing about where it is: a member of such a name would not read back either.
    for own in OWN_ATTRIBUTES {
        item.remove(*own);
    }
    item.extend(key_item(key));
    item.insert("item".to_owned(), AttributeValue::S(sort.as_str().to_owned()));
    item.insert("schema".to_owned(), AttributeValue::N(SCHEMA.to_string()));
    Ok(item)
}

/// The document in an item, without the table's own attributes.
pub(crate) fn to_document(mut item: Item) -> Result<Document> {
    for own in OWN_ATTRIBUTES {
        item.remove(*own);
    }
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(Error::bug)
}
