//! What unique values are compared by.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use crate::FieldType;

/// What parts source and key of an external id in a path.
const PARTS: char = ':';

/// The longest text that stands in a key as it is, in bytes. Escaped it may be twice as long, and a key has 2,048 at most.
const MAX_IN_KEY: usize = 900;

/// What a unique value is compared by: emails without regard to case, everything else as it is kept, and long texts by their
/// digest. Two values are the same if and only if these texts are.
#[must_use]
pub fn normalised(kind: &FieldType, value: &str) -> String {
    let text = match kind {
        FieldType::Email {} => value.trim().nfkc().collect::<String>().to_lowercase(),
        _ => value.to_owned(),
    };
    if text.len() <= MAX_IN_KEY {
        return text;
    }
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A kept value as the text that [`normalised`] takes; `None` for what cannot be unique.
pub(crate) fn as_text(kind: &FieldType, value: &Value) -> Option<String> {
    match (kind, value) {
        (FieldType::ExternalId {}, Value::Object(id)) => {
            Some([id.get("source")?.as_str()?, id.get("key")?.as_str()?].join(":"))
        }
        (_, Value::String(text)) => Some(text.clone()),
        (_, Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// The value that a path says in `…/by/external_id/hubspot:42`.
#[must_use]
pub fn parse_external_id(text: &str) -> Option<Value> {
    let (source, key) = text.split_once(PARTS)?;
    Some(json!({ "source": source, "key": key }))
}

impl FieldType {
    /// Whether values of this type can be unique.
    #[must_use]
    pub const fn can_be_unique(&self) -> bool {
        matches!(
            self,
            Self::Text { .. }
                | Self::Number { .. }
                | Self::Email {}
                | Self::Phone {}
                | Self::Url {}
                | Self::Domain {}
                | Self::Date {}
                | Self::User {}
                | Self::Reference { .. }
                | Self::ExternalId {}
        )
    }
}
