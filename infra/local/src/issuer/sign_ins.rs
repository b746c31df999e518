//! Who has signed in, until they sign out: what refresh tokens stand for.
//!
//! A refresh token has two halves. The first one stays the same for the whole sign-in and finds it; the second one is new at each
//! use. Whoever comes with the first half and an older second half has used a token twice, or has stolen it: the sign-in ends
//! (RFC 9700, section 4.14.2). Only digests are kept, so what is in the file lets nobody in.

use std::sync::Arc;

use anyhow::Result;
use kernel::{Ids, Secret, Timestamp};
use rusqlite::{OptionalExtension as _, Row, params};
use subtle::ConstantTimeEq as _;

use super::key::digest;
use super::person::Person;
use crate::state::State;

/// How long somebody stays signed in, in seconds: 30 days, as in a user pool that nobody has changed.
const LONGEST: i64 = 30 * 24 * 3600;
/// How many are kept, the oldest out first.
const MOST: i64 = 1000;

/// A sign-in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SignIn {
    /// Which tokens name it by. No secret.
    pub(super) id: String,
    pub(super) person: Person,
    /// What was granted, with spaces between.
    pub(super) scope: String,
    /// When the person was there, in seconds since 1970.
    pub(super) began: i64,
}

/// What a refresh token is good for.
#[derive(Debug)]
pub(super) enum Refreshed {
    /// It is this one's, and this is the next token.
    Good(SignIn, Secret),
    /// Nothing, or nothing any more.
    Unknown,
    /// More is asked for than was granted. The token stays good.
    TooMuch,
}

/// All of them, in the stack's own file.
#[derive(Clone, Debug)]
pub(super) struct SignIns {
    state: Arc<State>,
    ids: Ids,
}

impl SignIns {
    pub(super) fn new(state: Arc<State>, ids: Ids) -> Self {
        Self { state, ids }
    }

    /// Keeps one, and answers its first refresh token.
    pub(super) fn begin(&self, sign_in: &SignIn, now: Timestamp) -> Result<Secret> {
        let (handle, secret) = (self.ids.secret(), self.ids.secret());
        let mut connection = self.state.lock();
        let transaction = connection.transaction()?;
        let SignIn { id, person, scope, began } = sign_in;
        transaction.execute(
            "INSERT INTO sign_in (id, handle_digest, secret_digest, name, email, scope, began, ends)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                id,
                digest(handle.reveal()),
                digest(secret.reveal()),
                person.name,
                person.email,
                scope,
                began,
                now.as_seconds() + LONGEST
            ],
        )?;
        transaction.execute(
            "DELETE FROM sign_in WHERE ends <= ?1 OR number <= (SELECT max(number) FROM sign_in) - ?2",
            params![now.as_seconds(), MOST],
        )?;
        transaction.commit()?;
        Ok(token(&handle, &secret))
    }

    /// The sign-in of a refresh token with its next one, if it may have what is asked for. A token that was good once ends the sign-in.
    pub(super) fn refresh(&self, presented: &str, asked: &str, now: Timestamp) -> Result<Refreshed> {
        let Some((handle, secret)) = presented.split_once('.') else { return Ok(Refreshed::Unknown) };
        let mut connection = self.state.lock();
        let transaction = connection.transaction()?;
        let found = transaction
            .query_row(
                "SELECT id, name, email, scope, began, secret_digest FROM sign_in WHERE handle_digest = ?1 AND ends > ?2",
                params![digest(handle), now.as_seconds()],
                |row| Ok((sign_in(row)?, row.get::<_, String>(5)?)),
            )
            .optional()?;
        let Some((sign_in, kept)) = found else { return Ok(Refreshed::Unknown) };
        let is_newest = bool::from(kept.as_bytes().ct_eq(digest(secret).as_bytes()));
        let refreshed = if !is_newest {
            transaction.execute("DELETE FROM sign_in WHERE id = ?1", [&sign_in.id])?;
            Refreshed::Unknown
        } else if asked.split_whitespace().any(|word| !sign_in.scope.split(' ').any(|granted| granted == word)) {
            Refreshed::TooMuch
        } else {
            let next = self.ids.secret();
            let digest = digest(next.reveal());
            transaction.execute("UPDATE sign_in SET secret_digest = ?2 WHERE id = ?1", params![sign_in.id, digest])?;
            Refreshed::Good(sign_in, token(&Secret::new(handle), &next))
        };
        transaction.commit()?;
        Ok(refreshed)
    }

    /// A sign-in that has not ended.
    pub(super) fn find(&self, id: &str, now: Timestamp) -> Result<Option<SignIn>> {
        let found = self
            .state
            .lock()
            .query_row(
                "SELECT id, name, email, scope, began FROM sign_in WHERE id = ?1 AND ends > ?2",
                params![id, now.as_seconds()],
                sign_in,
            )
            .optional()?;
        Ok(found)
    }

    /// Ends a sign-in.
    pub(super) fn end(&self, id: &str) -> Result<()> {
        self.state.lock().execute("DELETE FROM sign_in WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Ends the sign-in of a refresh token, also of one that was used.
    pub(super) fn end_by_token(&self, presented: &str) -> Result<()> {
        if let Some((handle, _)) = presented.split_once('.') {
            self.state.lock().execute("DELETE FROM sign_in WHERE handle_digest = ?1", [digest(handle)])?;
        }
        Ok(())
    }
}

fn token(handle: &Secret, secret: &Secret) -> Secret {
    Secret::new(format!("{}.{}", handle.reveal(), secret.reveal()))
}

fn sign_in(row: &Row<'_>) -> rusqlite::Result<SignIn> {
    Ok(SignIn {
        id: row.get(0)?,
        person: Person { name: row.get(1)?, email: row.get(2)? },
        scope: row.get(3)?,
        began: row.get(4)?,
    })
}

#[cfg(test)]
mod tests {
    use kernel::Clock;

    use super::super::person::new_id;
    use super::*;

    fn opened() -> (tempfile::TempDir, SignIns) {
        let folder = tempfile::tempdir().unwrap();
        let sign_ins = open(&folder);
        (folder, sign_ins)
    }

    fn open(folder: &tempfile::TempDir) -> SignIns {
        let state = State::open(&folder.path().join("state.sqlite")).unwrap();
        SignIns::new(Arc::new(state), Ids::new(Clock::System))
    }

    fn somebody() -> SignIn {
        let person = Person::typed("Ada", "ada@example.com").unwrap();
        SignIn { id: new_id(), person, scope: "openid".to_owned(), began: 1 }
    }

    /// The next refresh token, if this one is good.
    fn next(sign_ins: &SignIns, token: &Secret, now: Timestamp) -> Option<(SignIn, Secret)> {
        match sign_ins.refresh(token.reveal(), "", now).unwrap() {
            Refreshed::Good(sign_in, next) => Some((sign_in, next)),
            _ => None,
        }
    }

    #[test]
    fn a_refresh_token_is_good_once_also_after_a_restart() {
        let (folder, sign_ins) = opened();
        let (now, ada) = (Clock::manual().now(), somebody());
        let first = sign_ins.begin(&ada, now).unwrap();
        drop(sign_ins);
        let sign_ins = open(&folder);
        let (found, second) = next(&sign_ins, &first, now).unwrap();
        assert_eq!(found, ada);
        let (_, third) = next(&sign_ins, &second, now).unwrap();
        assert_eq!(next(&sign_ins, &first, now), None);
        assert_eq!(next(&sign_ins, &third, now), None, "the first one, used again, has ended all");
        assert_eq!(sign_ins.find(&ada.id, now).unwrap(), None);
    }

    #[test]
    fn a_sign_in_ends_by_itself_and_when_it_is_told_to() {
        let (_folder, sign_ins) = opened();
        let now = Clock::manual().now();
        let [ada, other] = [somebody(), somebody()];
        let tokens = [&ada, &other].map(|person| sign_ins.begin(person, now).unwrap());
        let later = now.plus_seconds(LONGEST);
        assert_eq!(sign_ins.find(&ada.id, later.plus_seconds(-1)).unwrap(), Some(ada.clone()));
        assert_eq!(sign_ins.find(&ada.id, later).unwrap(), None);
        assert_eq!(next(&sign_ins, &tokens[0], later), None);
        sign_ins.end_by_token("nothing").unwrap();
        sign_ins.end_by_token(tokens[0].reveal()).unwrap();
        assert_eq!(sign_ins.find(&ada.id, now).unwrap(), None);
        assert!(next(&sign_ins, &tokens[1], now).is_some(), "the other one goes on");
        sign_ins.end(&other.id).unwrap();
        assert_eq!(sign_ins.find(&other.id, now).unwrap(), None);
    }

    #[test]
    fn the_file_has_no_token_and_no_more_sign_ins_than_it_may() {
        let (folder, sign_ins) = opened();
        let now = Clock::manual().now();
        let first = somebody();
        let token = sign_ins.begin(&first, now).unwrap();
        for half in token.reveal().split('.') {
            for name in ["state.sqlite", "state.sqlite-wal"] {
                let bytes = std::fs::read(folder.path().join(name)).unwrap();
                assert!(!bytes.windows(half.len()).any(|part| part == half.as_bytes()), "{name}");
            }
        }
        for _ in 1..MOST {
            sign_ins.begin(&somebody(), now).unwrap();
        }
        assert!(sign_ins.find(&first.id, now).unwrap().is_some());
        sign_ins.begin(&somebody(), now).unwrap();
        assert_eq!(sign_ins.find(&first.id, now).unwrap(), None);
    }
}
