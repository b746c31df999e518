//! Looking for words: the conditions and ranks that full text search gives.
//!
//! Nothing in a rank is about other records (how often a word occurs, how many have it), so it tells of no record that the
//! caller may not see.

use kernel::Violations;
use rusqlite::types::Value as Sql;

use crate::fold::{count_words, fold, fold_phone, match_text};
use crate::part::Part;
use crate::schema::{ColumnType, SEPARATOR};
use crate::scope::{OWN, Scope, Seen};

/// The longest search, in characters and in words.
const MAX_SEARCH: usize = records::limits::SEARCH_CHARACTERS;
const MAX_SEARCH_WORDS: usize = records::limits::SEARCH_WORDS;

/// Notes a search that is too long.
pub(crate) fn check_search(text: &str, pointer: &str, violations: &mut Violations) -> bool {
    let is_long =
        text.len() > 4 * MAX_SEARCH || text.chars().count() > MAX_SEARCH || count_words(text) > MAX_SEARCH_WORDS;
    if is_long {
        let detail = format!("must have at most {MAX_SEARCH} characters and {MAX_SEARCH_WORDS} words");
        violations.add(pointer, "too_long", detail);
    }
    !is_long
}

/// The condition that every word of a text begins a word in what the caller may search. What is wrong goes to
/// `violations`.
pub(crate) fn search_condition(scope: &Scope<'_>, text: &str, violations: &mut Violations) -> Part {
    if !check_search(text, "/q", violations) {
        return Part::none();
    }
    let wanted = match_text(text);
    wanted.map_or_else(Part::none, |wanted| in_columns(scope, &scope.searched(), &wanted))
}

/// The condition that some columns' words fit a query of FTS5.
pub(crate) fn in_columns(scope: &Scope<'_>, columns: &[Seen<'_>], wanted: &str) -> Part {
    match column_query(columns, wanted) {
        Some(query) => {
            let words = &scope.table.words;
            let text = format!("{OWN}.row IN (SELECT rowid FROM {words} WHERE {words} MATCH ?)");
            Part::new(text, vec![Sql::Text(query)])
        }
        // There is nowhere to look.
        None => Part::none(),
    }
}

/// A query of FTS5 that looks into some columns only; `None` when there are none.
pub(crate) fn column_query(columns: &[Seen<'_>], wanted: &str) -> Option<String> {
    if columns.is_empty() {
        return None;
    }
    let names: Vec<&str> = columns.iter().map(|seen| seen.column.name.as_str()).collect();
    Some(format!("{{{}}} : {wanted}", names.join(" ")))
}

/// How well a record of a list matches: 0 when a field is the text, 1 when one begins with it, 2 when words begin with its
/// words.
pub(crate) fn match_class(scope: &Scope<'_>, text: &str) -> Part {
    let mut exact = Vec::new();
    let mut begins = Vec::new();
    for seen in scope.searched() {
        let value = seen.value(OWN);
        match seen.kind() {
            ColumnType::Set(of) => {
                let wanted = folded(of, text);
                exact.push(held(&value, format!("{SEPARATOR}{wanted}{SEPARATOR}")));
                begins.push(held(&value, format!("{SEPARATOR}{wanted}")));
            }
            kind => {
                let wanted = folded(kind, text);
                exact.push(Part::new(format!("{value} = ?"), vec![Sql::Text(wanted.clone())]));
                begins.push(crate::compare::begins(&value, &wanted));
            }
        }
    }
    let mut class = Part::of("(CASE WHEN ");
    class.push(Part::or(exact));
    class.push_text(" THEN 0 WHEN ");
    class.push(Part::or(begins));
    class.push_text(" THEN 1 ELSE 2 END)");
    class
}

/// A search as a column of a type would hold it.
fn folded(kind: &ColumnType, text: &str) -> String {
    match kind {
        ColumnType::Phone => fold_phone(text),
        _ => fold(text).trim().to_owned(),
    }
}

fn held(value: &str, text: String) -> Part {
    Part::new(format!("instr({value}, ?) > 0"), vec![Sql::Text(text)])
}
