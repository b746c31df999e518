//! The key grammar. The only place that puts a `#` into a key.
//!
//! ```text
//! key  = segment *( "#" segment )
//! pk   = workspace "#" KIND "#" id
//! sk   = "#"                              the record itself
//!      | CHILD "#" sortable               its events, links ...
//! due  = "DUE" "#" shard                  work of every workspace that is due at a time
//! ```

use kernel::{AnyId, Id, Timestamp, kinds};

/// The primary key of one item. Made by [`Keys`], [`api_key`] and [`membership`], or read from an index, and by nothing else.
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

    /// Whether it says that somebody may enter a workspace, or who has an address there: the workspace writes that itself.
    pub(crate) fn is_entry_of(&self, workspace: Id<kinds::Workspace>) -> bool {
        let kind = self.pk.split('#').next();
        let of = self.sk.split('#').next().unwrap_or_default();
        kind.is_some_and(|kind| [PERSON, EMAIL, DOMAIN].contains(&kind)) && of == workspace.to_string()
    }
}

/// What partitions of people begin with.
const PERSON: &str = "PERSON";
/// What partitions of email addresses begin with.
const EMAIL: &str = "EMAIL";
/// What the partitions of mail domains begin with.
const DOMAIN: &str = "DOMAIN";

/// The sort key of a root item: it sorts before letters and digits, and so before every child.
pub const ROOT: &str = "#";

/// How many shards the catalog spreads a day's events over: one partition takes 1,000 write units a second.
pub const EVENT_SHARDS: u128 = 4;

/// How many shards work that is due is spread over. Whoever looks for it asks each of them.
pub const DUE_SHARDS: u32 = 4;

/// Digits of a time in a sort key, in milliseconds: enough for the year 9999.
const TIME_DIGITS: usize = 15;

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

/// The text that a segment encodes.
pub(crate) fn text_of(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    let mut chars = segment.chars();
    while let Some(char) = chars.next() {
        let escaped = if char == '$' { chars.next() } else { None };
        // What `segment` writes behind a `$` is `0` and up to `$`, never less.
        text.push(escaped.and_then(|code| u8::try_from(code).ok()?.checked_sub(b'0')).map_or(char, char::from));
    }
    text
}

/// A time as a segment of fixed width, which sorts as the time does. Everything before 1970 is as early as can be.
fn sortable(at: Timestamp) -> String {
    format!("{:0TIME_DIGITS$}", at.as_millis().max(0))
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

    /// A labelled link of a record to another one, as the item under the first of them.
    #[must_use]
    pub fn link(self, object: &str, record: AnyId, label: &str, other: AnyId) -> Key {
        let sk = join(&["LINK", &segment(label), &other.to_string()]);
        Key { pk: self.record(object, record).pk, sk }
    }

    /// What the sort keys of a record's links begin with: all of them, or those with one label.
    #[must_use]
    pub fn links_prefix(self, label: Option<&str>) -> String {
        match label {
            Some(label) => join(&["LINK", &segment(label), ""]),
            None => join(&["LINK", ""]),
        }
    }

    /// What a record is shared with: `subject` is the id of a user or team, or `everyone`.
    #[must_use]
    pub fn share(self, object: &str, record: AnyId, subject: &str) -> Key {
        Key { pk: self.record(object, record).pk, sk: join(&["SHARE", &segment(subject)]) }
    }

    /// What all share sort keys of a record begin with.
    #[must_use]
    pub const fn shares_prefix(self) -> &'static str {
        "SHARE#"
    }

    /// One of the numbered parts of a record that is too large for one item, such as a job's list of records.
    #[must_use]
    pub fn chunk(self, object: &str, record: AnyId, number: u32) -> Key {
        Key { pk: self.record(object, record).pk, sk: join(&["CHUNK", &format!("{number:010}")]) }
    }

    /// What all chunk sort keys of a record begin with.
    #[must_use]
    pub const fn chunks_prefix(self) -> &'static str {
        "CHUNK#"
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

    /// How far the mail about an event is.
    #[must_use]
    pub fn mail(self, event: Id<kinds::Event>) -> Key {
        Key { pk: self.partition("MAIL", &event.to_string()), sk: ROOT.to_owned() }
    }

    /// The manifest of the snapshots of this workspace's replica, for one replica schema.
    #[must_use]
    pub fn manifest(self, replica_schema: u32) -> Key {
        Key { pk: self.partition("REPLICA", &replica_schema.to_string()), sk: ROOT.to_owned() }
    }

    /// What the events of a day (`2026-11-21`) come to.
    #[must_use]
    pub fn seal(self, day: &str) -> Key {
        Key { pk: join(&[&self.workspace.to_string(), "SEALS"]), sk: segment(day) }
    }

    /// By what some of the events of a sealed day are known again, in numbered parts.
    #[must_use]
    pub fn trace(self, day: &str, number: u32) -> Key {
        Key { pk: self.partition("TRACES", &segment(day)), sk: format!("{number:010}") }
    }

    /// What a caller has used: `subject` is the id of an API key, or of a user.
    #[must_use]
    pub fn usage(self, subject: &str) -> Key {
        Key { pk: self.partition("USAGE", &segment(subject)), sk: ROOT.to_owned() }
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

    /// The catalog's partition of links: each of them once, as the record that it was made from has it.
    #[must_use]
    pub fn link_catalog(self) -> String {
        join(&[&self.workspace.to_string(), "LINK"])
    }

    /// The catalog's partition of shares.
    #[must_use]
    pub fn share_catalog(self) -> String {
        join(&[&self.workspace.to_string(), "SHARE"])
    }

    /// The catalog's partition of a day's events that this event falls into.
    #[must_use]
    pub fn event_catalog(self, at: Timestamp, event: Id<kinds::Event>) -> String {
        self.event_shard(&at.day(), event.uuid().as_u128() % EVENT_SHARDS)
    }

    /// The catalog's partition of one shard of a day's events.
    pub(crate) fn event_shard(self, day: &str, shard: u128) -> String {
        join(&[&self.workspace.to_string(), "EVENT", &segment(day), &shard.to_string()])
    }
}

/// An API key by the hash of its secret. With people's memberships the only key without a workspace, which is unknown
/// until the credential has been looked up.
#[must_use]
pub fn api_key(hash: &str) -> Key {
    Key { pk: join(&["APIKEY", &segment(hash)]), sk: ROOT.to_owned() }
}

/// That a person may enter a workspace. A person is known by a hash of who they are at their issuer, before any workspace is.
#[must_use]
pub fn membership(person: &str, workspace: Id<kinds::Workspace>) -> Key {
    Key { pk: self::person(person), sk: workspace.to_string() }
}

/// Which user of a workspace has an email address. It is known by a hash, before any workspace is.
#[must_use]
pub fn email_entry(hash: &str, workspace: Id<kinds::Workspace>) -> Key {
    Key { pk: email(hash), sk: workspace.to_string() }
}

/// That the owner of an email address is asked into a workspace.
#[must_use]
pub fn email_invited(hash: &str, workspace: Id<kinds::Workspace>) -> Key {
    Key { pk: email(hash), sk: join(&[&workspace.to_string(), "INVITED"]) }
}

/// That the owner of an email address has worked in a workspace, and does no more.
#[must_use]
pub fn email_left(hash: &str, workspace: Id<kinds::Workspace>) -> Key {
    Key { pk: email(hash), sk: join(&[&workspace.to_string(), "LEFT"]) }
}

/// That whoever has an address of a mail domain may come into a workspace. The domain is in small letters.
#[must_use]
pub fn domain_entry(domain: &str, workspace: Id<kinds::Workspace>) -> Key {
    Key { pk: self::domain(domain), sk: workspace.to_string() }
}

/// The partition of a mail domain.
pub(crate) fn domain(domain: &str) -> String {
    join(&[DOMAIN, &segment(domain)])
}

/// The partition of an email address.
pub(crate) fn email(hash: &str) -> String {
    join(&[EMAIL, &segment(hash)])
}

/// The partition of a person's memberships.
pub(crate) fn person(hash: &str) -> String {
    join(&[PERSON, &segment(hash)])
}

/// Where a link or a share stands in its catalog: its record, and what tells it from the record's others.
pub(crate) fn place_in_catalog(child: &Key) -> String {
    let record = child.pk.rsplit('#').next().unwrap_or_default();
    let own = child.sk.split_once('#').map_or("", |(_, own)| own);
    join(&[record, own])
}

/// The partition of `gsi2` that has the due work of a shard, of all workspaces.
pub(crate) fn due_partition(shard: u32) -> String {
    join(&["DUE", &shard.to_string()])
}

/// The partition of `gsi2` that has the days, of all workspaces, that are to be sealed.
pub(crate) fn due_seals() -> String {
    join(&["DUE", "SEALS"])
}

/// The partition of `gsi2` that a record's due work falls into. An id ends in random digits, so shards fill evenly.
pub(crate) fn due_shard(id: AnyId) -> String {
    let last = id.to_string().chars().next_back().and_then(|digit| digit.to_digit(16));
    due_partition(last.unwrap_or(0) % DUE_SHARDS)
}

/// The sort key of a record's due work.
pub(crate) fn due_place(at: Timestamp, id: AnyId) -> String {
    join(&[&sortable(at), &id.to_string()])
}

/// What sorts behind all work that is due at a time or before, and before all that is due later.
pub(crate) fn due_end(at: Timestamp) -> String {
    sortable(at.plus_millis(1))
}

/// When the work with a sort key of `gsi2` is due.
pub(crate) fn due_at(place: &str) -> Option<Timestamp> {
    place.split('#').next()?.parse().ok().and_then(Timestamp::from_millis)
}

/// The record that a partition key names: its workspace, its object and its id.
pub(crate) fn record_of(pk: &str) -> Option<(Id<kinds::Workspace>, String, AnyId)> {
    let [workspace, object, id] = *pk.split('#').collect::<Vec<_>>().as_slice() else { return None };
    Some((workspace.parse().ok()?, text_of(object).to_lowercase(), id.parse().ok()?))
}

/// The day whose seal a key names, and its workspace.
pub(crate) fn day_of(pk: &str, sk: &str) -> Option<(Id<kinds::Workspace>, String)> {
    let (workspace, kind) = pk.split_once('#')?;
    (kind == "SEALS").then_some(())?;
    Some((workspace.parse().ok()?, text_of(sk)))
}

/// What a primary key in the stream belongs to: its workspace, if it names one.
#[must_use]
pub fn workspace_of(pk: &str) -> Option<Id<kinds::Workspace>> {
    pk.split('#').next()?.parse().ok()
}

#[cfg(test)]
mod tests;
