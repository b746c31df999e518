//! The key grammar. The only place that puts a `#` into a key.
//!
//! ```text
//! key  = segment *( "#" segment )
//! pk   = workspace "#" KIND "#" id
//! sk   = "#"                              the record itself
//!      | CHILD "#" sortable               its events, links ...
//! ```

use kernel::{AnyId, Id, Timestamp, kinds};

/// The primary key of one item. Made by [`Keys`] and [`api_key`] and by nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    /// The partition key.
    #[must_use]
    pub fn pk(&self) -> &str {
        &self.pk
    }

    /// The sort key.
    #[must_use]
    pub fn sk(&self) -> &str {
        &self.sk
    }
}

/// The sort key of a root item: it sorts before letters and digits, and so before every child.
pub const ROOT: &str = "#";

/// How many shards the catalog spreads a day's events over: one partition takes 1,000 write units a second.
pub const EVENT_SHARDS: u128 = 4;

/// Encodes a text as one segment of a key, keeping order.
///
/// Encoded texts compare as the texts themselves do, and the separator sorts before everything that a segment can hold,
/// so keys compare segment by segment.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for char in text.chars() {
        // Everything up to `$` (0x24) becomes `$` and a character that keeps the order among them.
        match u8::try_from(char) {
            Ok(byte @ 0..=b'$') => encoded.extend(['$', char::from(b'0' + byte)]),
            _ => encoded.push(char),
        }
    }
    encoded
}

fn join(segments: &[&str]) -> String {
    segments.join("#")
}

/// Builds the keys of one workspace. Every key it makes starts with that workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys {
    workspace: Id<kinds::Workspace>,
}

impl Keys {
    pub(crate) const fn new(workspace: Id<kinds::Workspace>) -> Self {
        Self { workspace }
    }

    fn partition(self, kind: &str, id: &str) -> String {
        join(&[&self.workspace.to_string(), kind, id])
    }

    /// A record of an object, such as `contact`.
    #[must_use]
    pub fn record(self, object: &str, id: AnyId) -> Key {
        Key { pk: self.partition(&segment(&object.to_uppercase()), &id.to_string()), sk: ROOT.to_owned() }
    }

    /// An event of a record.
    #[must_use]
    pub fn event(self, object: &str, record: AnyId, event: Id<kinds::Event>) -> Key {
        let sk = join(&["EVENT", &event.to_string()]);
        Key { pk: self.record(object, record).pk, sk }
    }

    /// What all event sort keys of a record begin with.
    #[must_use]
    pub const fn events_prefix(self) -> &'static str {
        "EVENT#"
    }

    /// The guard of a unique value: `field` is `object.field`, the value is already normalised.
    #[must_use]
    pub fn unique(self, field: &str, normalised: &str) -> Key {
        let value = join(&[&segment(field), &segment(normalised)]);
        Key { pk: self.partition("UNIQUE", &value), sk: ROOT.to_owned() }
    }

    /// One part of the workspace's configuration.
    #[must_use]
    pub fn config(self, part: &str) -> Key {
        Key { pk: join(&[&self.workspace.to_string(), "CONFIG"]), sk: segment(part) }
    }

    /// The journal's entry with a number.
    #[must_use]
    pub fn journal(self, seq: u64) -> Key {
        Key { pk: join(&[&self.workspace.to_string(), "JOURNAL"]), sk: format!("{seq:020}") }
    }

    /// The answer to a request that carried an idempotency key.
    #[must_use]
    pub fn once(self, hash: &str) -> Key {
        Key { pk: self.partition("ONCE", &segment(hash)), sk: ROOT.to_owned() }
    }

    /// The manifest of the snapshots of this workspace's replica, for one replica schema.
    #[must_use]
    pub fn manifest(self, replica_schema: u32) -> Key {
        Key { pk: self.partition("REPLICA", &replica_schema.to_string()), sk: ROOT.to_owned() }
    }

    /// What a workspace keeps of one of its API keys, to list and to revoke it.
    #[must_use]
    pub fn api_key_entry(self, id: Id<kinds::ApiKey>) -> Key {
        Key { pk: join(&[&self.workspace.to_string(), "APIKEYS"]), sk: id.to_string() }
    }

    /// The catalog's partition of an object: every record of it, by id.
    #[must_use]
    pub fn catalog(self, object: &str) -> String {
        join(&[&self.workspace.to_string(), &segment(&object.to_uppercase())])
    }

    /// The catalog's partition of a day's events that this event falls into.
    #[must_use]
    pub fn event_catalog(self, at: Timestamp, event: Id<kinds::Event>) -> String {
        let shard = (event.uuid().as_u128() % EVENT_SHARDS).to_string();
        join(&[&self.workspace.to_string(), "EVENT", &at.day(), &shard])
    }
}

/// An API key by the hash of its secret. With users' memberships the only key without a workspace, which is unknown
/// until the credential has been looked up.
#[must_use]
pub fn api_key(hash: &str) -> Key {
    Key { pk: join(&["APIKEY", &segment(hash)]), sk: ROOT.to_owned() }
}

/// What a primary key in the stream belongs to: its workspace, if it names one.
#[must_use]
pub fn workspace_of(pk: &str) -> Option<Id<kinds::Workspace>> {
    pk.split('#').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{Clock, Ids};
    use proptest::prelude::*;

    #[test]
    fn the_keys_are_spelled_like_this() {
        let clock = Clock::manual();
        let ids = Ids::seeded(clock.clone(), 1);
        let keys = Keys::new(ids.next());
        let contact = ids.next::<kinds::Contact>().erase();
        let event = ids.next();
        let show = |key: Key| format!("{} / {}", key.pk, key.sk);
        insta::assert_snapshot!(
            [
                show(keys.record("contact", contact)),
                show(keys.event("contact", contact, event)),
                show(keys.unique("contact.email", "ada@example.com")),
                show(keys.config("workspace")),
                show(keys.journal(42)),
                show(keys.once("0af1")),
                show(keys.manifest(1)),
                show(api_key("0af1")),
                keys.catalog("contact"),
                keys.event_catalog(clock.now(), event),
            ]
            .join("\n"),
            @r"
        wsp_019b76daa8007838a5822a6f9e62da21#CONTACT#con_019b76daa800732daabf88729cb43995 / #
        wsp_019b76daa8007838a5822a6f9e62da21#CONTACT#con_019b76daa800732daabf88729cb43995 / EVENT#evt_019b76daa8007c7694ecfd7b0b623b80
        wsp_019b76daa8007838a5822a6f9e62da21#UNIQUE#contact.email#ada@example.com / #
        wsp_019b76daa8007838a5822a6f9e62da21#CONFIG / workspace
        wsp_019b76daa8007838a5822a6f9e62da21#JOURNAL / 00000000000000000042
        wsp_019b76daa8007838a5822a6f9e62da21#ONCE#0af1 / #
        wsp_019b76daa8007838a5822a6f9e62da21#REPLICA#1 / #
        APIKEY#0af1 / #
        wsp_019b76daa8007838a5822a6f9e62da21#CONTACT
        wsp_019b76daa8007838a5822a6f9e62da21#EVENT#2026-01-01#0
        "
        );
    }

    #[test]
    fn a_key_names_its_workspace_only_if_it_has_one() {
        let ids = Ids::seeded(Clock::manual(), 1);
        let workspace = ids.next();
        assert_eq!(workspace_of(&Keys::new(workspace).config("workspace").pk), Some(workspace));
        assert_eq!(workspace_of(&api_key("0af1").pk), None);
    }

    proptest! {
        #[test]
        fn encoding_keeps_order_and_never_holds_a_separator(a in "\\PC*|[ -%]{0,6}", b in "\\PC*|[ -%]{0,6}") {
            prop_assert_eq!(segment(&a).cmp(&segment(&b)), a.cmp(&b));
            prop_assert!(!segment(&a).contains('#'));
        }

        #[test]
        fn keys_compare_segment_by_segment(a in "[ -%a]{0,4}", b in "[ -%a]{0,4}", c in "[ -%a]{0,4}", d in "[ -%a]{0,4}") {
            let key = |x: &str, y: &str| join(&[&segment(x), &segment(y)]);
            prop_assert_eq!(key(&a, &b).cmp(&key(&c, &d)), (&a, &b).cmp(&(&c, &d)));
        }

        #[test]
        fn different_values_never_share_a_guard(a in ".{0,12}", b in ".{0,12}", c in ".{0,12}", d in ".{0,12}") {
            let keys = Keys::new(Ids::seeded(Clock::manual(), 1).next());
            prop_assert_eq!(keys.unique(&a, &b) == keys.unique(&c, &d), (a, b) == (c, d));
        }
    }
}
