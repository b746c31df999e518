//! Statements of questions: those that are asked again and again stay prepared, those that somebody asks once do not.

use std::ops::{Deref, DerefMut};

use rusqlite::{CachedStatement, Connection, Result, Statement};

/// The longest statement that a connection keeps prepared, in bytes. Every list without a long filter is shorter; a longer
/// one is one caller's own, and prepared it takes several times as much memory as its text.
const KEPT: usize = 8_192;

/// A statement that is ready to run.
pub(crate) enum Prepared<'a> {
    /// The connection keeps it for the next time.
    Kept(CachedStatement<'a>),
    /// It goes when this goes.
    Once(Statement<'a>),
}

/// Prepares the statement of a question.
pub(crate) fn prepare<'a>(connection: &'a Connection, text: &str) -> Result<Prepared<'a>> {
    if text.len() > KEPT {
        connection.prepare(text).map(Prepared::Once)
    } else {
        connection.prepare_cached(text).map(Prepared::Kept)
    }
}

impl<'a> Deref for Prepared<'a> {
    type Target = Statement<'a>;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Kept(statement) => statement,
            Self::Once(statement) => statement,
        }
    }
}

impl DerefMut for Prepared<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Kept(statement) => statement,
            Self::Once(statement) => statement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::StatementStatus;

    /// How often a statement has run since it was prepared, when it runs for the third time.
    fn runs(connection: &Connection, text: &str) -> i32 {
        for _ in 0..2 {
            prepare(connection, text).unwrap().query_row([], |_| Ok(())).unwrap();
        }
        connection.prepare_cached(text).unwrap().get_status(StatementStatus::Run)
    }

    #[test]
    fn a_statement_of_many_kilobytes_is_not_kept() {
        let connection = Connection::open_in_memory().unwrap();
        assert_eq!(runs(&connection, "SELECT 1"), 2);
        assert_eq!(runs(&connection, &format!("SELECT 1 WHERE TRUE{}", " AND TRUE".repeat(KEPT / 9))), 0);
    }
}
