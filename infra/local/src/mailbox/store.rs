//! What was sent, in a file of its own that only its owner may read.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use kernel::{Clock, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

/// How many mails are kept, the oldest out first.
const MOST: i64 = 1000;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mail (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL,
        at INTEGER NOT NULL,
        source TEXT NOT NULL,
        recipients TEXT NOT NULL,
        raw BLOB NOT NULL
    );
";

/// The mails. Cloning shares them.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    connection: Arc<Mutex<Connection>>,
}

/// A mail on its way in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    /// The sender's address.
    pub(crate) source: &'a str,
    /// The recipients' addresses.
    pub(crate) to: &'a [&'a str],
    /// The whole message.
    pub(crate) raw: &'a [u8],
}

/// A mail that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) number: i64,
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) source: String,
    pub(super) to: Vec<String>,
    pub(super) raw: Vec<u8>,
}

impl Mailbox {
    /// Opens the file, or makes it. What SQLite puts beside it has the same rights.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        drop(file.with_context(|| format!("cannot write {}", path.display()))?);
        let connection = Connection::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        // What is forgotten is overwritten, not only given up.
        connection.pragma_update(None, "secure_delete", true)?;
        connection
            .execute_batch(SCHEMA)
            .with_context(|| format!("{} is not a file of this program", path.display()))?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a mail, and answers the id under which it was taken.
    pub(crate) fn keep(&self, mail: &Incoming<'_>) -> Result<String> {
        let id = uuid::Uuid::new_v4().to_string();
        let to = serde_json::to_string(mail.to)?;
        let mut connection = self.lock();
        let transaction = connection.transaction()?;
        transaction.execute(
            "INSERT INTO mail (id, at, source, recipients, raw) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, Clock::System.now().as_millis(), mail.source, to, mail.raw],
        )?;
        transaction.execute("DELETE FROM mail WHERE number <= (SELECT max(number) FROM mail) - ?1", [MOST])?;
        transaction.commit()?;
        Ok(id)
    }

    /// Forgets the mails to any of these addresses, which are in small letters. Nothing of them is left in the file.
    pub(super) fn forget(&self, addresses: &BTreeSet<String>) -> Result<()> {
        if addresses.is_empty() {
            return Ok(());
        }
        let addresses = serde_json::to_string(addresses)?;
        self.remove(
            "DELETE FROM mail WHERE EXISTS (SELECT 1 FROM json_each(recipients) WHERE lower(value) IN (SELECT value FROM json_each(?1)))",
            &[&addresses],
        )
    }

    /// Forgets all mails.
    pub(super) fn empty(&self) -> Result<()> {
        self.remove("DELETE FROM mail", &[])
    }

    fn remove(&self, statement: &str, values: &[&dyn ToSql]) -> Result<()> {
        let connection = self.lock();
        if connection.execute(statement, values)? > 0 {
            // The log beside the file has the mails too. Somebody else who reads the file may hold it, but there is nobody else.
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        }
        Ok(())
    }

    /// The newest mails, at most so many, the newest first.
    pub(super) fn newest(&self, most: u32) -> Result<Vec<Kept>> {
        let connection = self.lock();
        let mut statement = connection
            .prepare_cached("SELECT number, id, at, source, recipients, raw FROM mail ORDER BY number DESC LIMIT ?1")?;
        let mails = statement.query_map([most], kept)?.collect::<rusqlite::Result<_>>()?;
        Ok(mails)
    }

    /// A mail by its number.
    pub(super) fn find(&self, number: i64) -> Result<Option<Kept>> {
        let question = "SELECT number, id, at, source, recipients, raw FROM mail WHERE number = ?1";
        Ok(self.lock().query_row(question, [number], kept).optional()?)
    }
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let to: String = row.get(4)?;
    Ok(Kept {
        number: row.get(0)?,
        id: row.get(1)?,
        at: Timestamp::from_millis(row.get(2)?).unwrap_or_else(|| Clock::System.now()),
        source: row.get(3)?,
        to: serde_json::from_str(&to).unwrap_or_default(),
        raw: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn keep(mailbox: &Mailbox, raw: &str) -> String {
        mailbox.keep(&Incoming { source: "a@x.example", to: &["b@x.example"], raw: raw.as_bytes() }).unwrap()
    }

    #[test]
    fn mails_survive_a_restart_and_are_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mailbox.sqlite");
        let mailbox = Mailbox::open(&path).unwrap();
        let ids = ["one", "two"].map(|raw| keep(&mailbox, raw));
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
        }
        // As after a kill: nothing is closed.
        std::mem::forget(mailbox);
        let mails = Mailbox::open(&path).unwrap().newest(10).unwrap();
        assert_eq!(mails.iter().map(|mail| mail.id.as_str()).collect::<Vec<_>>(), [&ids[1], &ids[0]]);
        assert_eq!((mails[0].raw.as_slice(), mails[0].to.as_slice()), (&b"two"[..], &["b@x.example".to_owned()][..]));
    }

    #[test]
    fn nothing_is_left_of_what_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(&folder.path().join("mailbox.sqlite")).unwrap();
        let send = |to: &[&str], raw: &str| {
            mailbox.keep(&Incoming { source: "a@x.example", to, raw: raw.as_bytes() }).unwrap();
        };
        let long = "a line of Ada's own. ".repeat(1000);
        send(&["b@x.example", "Ada@X.example"], &long);
        send(&["ada@x.example.org"], "to somebody else");
        mailbox.forget(&BTreeSet::new()).unwrap();
        mailbox.forget(&["nobody@x.example", "ada@x.example"].map(str::to_owned).into()).unwrap();
        let left: Vec<_> = mailbox.newest(10).unwrap().into_iter().map(|mail| mail.raw).collect();
        assert_eq!(left, [b"to somebody else"]);
        let holds = |text: &str| {
            let files =
                std::fs::read_dir(folder.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
            files.into_iter().any(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        };
        assert!(holds("ada@x.example.org") && !holds("Ada@X.example") && !holds("a line of Ada's own"));
        mailbox.empty().unwrap();
        assert!(mailbox.newest(10).unwrap().is_empty() && !holds("ada@x.example.org"));
    }

    #[test]
    fn the_oldest_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Mailbox::open(&folder.path().join("mailbox.sqlite")).unwrap();
        for number in 0..=MOST {
            keep(&mailbox, &number.to_string());
        }
        let mails = mailbox.newest(u32::MAX).unwrap();
        assert_eq!((mails.len() as i64, mails.last().unwrap().raw.as_slice()), (MOST, &b"1"[..]));
        assert_eq!(mailbox.find(1).unwrap(), None);
    }
}
