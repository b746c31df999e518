//! What a commit writes under a record: links, shares, chunks.

use events::Document;
use kernel::{AnyId, Error, Version};

use super::action::{Action, Indexed, Seen};
use crate::item::Sort;
use crate::key::place_in_catalog;
use crate::link::Direction;
use crate::{Changes, Keys, Link, Share};

impl Changes {
    /// Makes a link or, when it was read and so has a version, writes its next version: both of its items, and the
    /// catalog's entry. Refused as [`crate::Refused::Exists`] when there is such a link, from whichever of the two it
    /// was made, and as [`crate::Refused::Stale`] when it is not the one that was read.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the label is empty or too long, or a record would be linked to itself.
    pub fn link(&mut self, keys: Keys, link: &Link) -> Result<(), Error> {
        link.check()?;
        for direction in Direction::BOTH {
            let (key, document) = (link.key(keys, direction), link.document(direction)?);
            let indexed = match direction {
                Direction::Out => Indexed::in_catalog(keys.link_catalog(), place_in_catalog(&key)),
                Direction::In => Indexed::default(),
            };
            let sort = Sort::Link;
            self.push(match link.version {
                0 => Action::Create { key, sort, document, indexed },
                seen => Action::Replace { key, sort, document, indexed, seen: Seen::link(seen, direction) },
            });
        }
        Ok(())
    }

    /// Removes a link that was read: both of its items. Refused as [`crate::Refused::Stale`] when it has changed since.
    pub fn unlink(&mut self, keys: Keys, link: &Link) {
        for direction in Direction::BOTH {
            let (key, seen) = (link.key(keys, direction), Seen::link(link.version, direction));
            self.push(Action::Remove { key, seen });
        }
    }

    /// Shares a record with a user, a team or everyone or, when the share was read and so has a version, writes its next
    /// version. Refused as [`crate::Refused::Exists`] when it is shared with them already, and as
    /// [`crate::Refused::Stale`] when the share is not the one that was read.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the subject is empty or too long.
    pub fn share(&mut self, keys: Keys, share: &Share) -> Result<(), Error> {
        share.check()?;
        let (key, document, sort) = (share.key(keys), share.document()?, Sort::Share);
        let indexed = Indexed::in_catalog(keys.share_catalog(), place_in_catalog(&key));
        self.push(match share.version {
            0 => Action::Create { key, sort, document, indexed },
            seen => Action::Replace { key, sort, document, indexed, seen: Seen::version(seen) },
        });
        Ok(())
    }

    /// Takes back a share that was read. Refused as [`crate::Refused::Stale`] when it has changed since.
    pub fn unshare(&mut self, keys: Keys, share: &Share) {
        self.push(Action::Remove { key: share.key(keys), seen: Seen::version(share.version) });
    }

    /// A new chunk of a record. Neither the journal nor the catalog knows of it: whoever removes the record removes its
    /// chunks. It says its number and, where the document says none, version 1: what it takes to remove it.
    pub fn create_chunk(&mut self, keys: Keys, object: &str, record: AnyId, number: u32, document: Document) {
        self.create(keys.chunk(object, record, number), Sort::Chunk, numbered(document, number));
    }

    /// The next version of a chunk whose version `seen` was read.
    pub fn replace_chunk(
        &mut self,
        keys: Keys,
        object: &str,
        record: AnyId,
        number: u32,
        document: Document,
        seen: Version,
    ) {
        self.replace(keys.chunk(object, record, number), Sort::Chunk, numbered(document, number), seen);
    }

    /// A chunk whose version `seen` was read goes for good.
    pub fn remove_chunk(&mut self, keys: Keys, object: &str, record: AnyId, number: u32, seen: Version) {
        self.push(Action::Remove { key: keys.chunk(object, record, number), seen: Seen::version(seen) });
    }
}

/// A chunk that says which one it is.
fn numbered(mut document: Document, number: u32) -> Document {
    document.insert("number".to_owned(), number.into());
    document.entry("version").or_insert_with(|| 1.into());
    document
}
