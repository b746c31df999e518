//! What a reader is told of an event: who did what to which record and when, and what changed as far as they may know it.

use std::sync::Arc;

use events::Event;
use kernel::Result;
use records::{COMMON_FIELDS, Cx, Hidden, Object, Schema};

/// An event as somebody is told of it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) event: Event,
    /// Whether something that changed is left out, since it tells of fields that are hidden from the reader, or may.
    pub(super) withheld: bool,
}

/// Events that say nothing of what is in a record.
const OF_NO_FIELD: [&str; 4] = ["user.denied", "user.signed_in", "audit.exported", "job.fetched"];
/// What changes at a record that is no field of it.
const BESIDE_FIELDS: [&str; 2] = ["link", "share"];
/// Objects whose fields hold conditions on fields of others, and values of them.
const WITH_CONDITIONS: [&str; 2] = ["job", "view"];

/// Somebody who reads the audit log.
pub(super) struct Reader {
    hidden: Hidden,
    schema: Arc<Schema>,
}

impl Reader {
    /// No round trip: what somebody may do has come with the schema.
    pub(super) async fn of(cx: &Cx) -> Result<Self> {
        Ok(Self { hidden: cx.rights.hidden(), schema: cx.schema().await? })
    }

    /// An event without what the reader may not know. What is not known to be harmless is left out.
    pub(super) fn told(&self, mut event: Event) -> Told {
        if self.hidden.is_nothing() {
            return Told { event, withheld: false };
        }
        let noun = event.name.split_once('.').map_or("", |(noun, _)| noun);
        let knows_all = noun == "workspace" || OF_NO_FIELD.contains(&event.name.as_str());
        let object = self.schema.all().find(|object| object.name == noun);
        let object = object.filter(|object| !WITH_CONDITIONS.contains(&object.name.as_str()));
        let was = event.changes.len();
        event.changes.retain(|path, _| knows_all || object.is_some_and(|object| self.may_know(object, path)));
        Told { withheld: event.changes.len() < was, event }
    }

    fn may_know(&self, object: &Object, path: &str) -> bool {
        let is_field = object.field(path).is_some() || COMMON_FIELDS.contains(&path);
        BESIDE_FIELDS.contains(&path) || (is_field && !self.hidden.hides(&self.schema, object, path))
    }
}
