//! The one builder of statements: names come from the schema, values are parameters, and what the caller may see is
//! part of every condition.

use kernel::Violations;
use rusqlite::types::Value as Sql;

use crate::cursor::Cursor;
use crate::fold::{count_words, fold, fold_phone, match_text};
use crate::query::{Archived, Direction, Filter, MAX_LIMIT, Query, Rows, Visibility};
use crate::schema::{Column, ColumnType, Table};
use crate::value::comparison;

/// The most conditions of one filter, and how deep they may nest: SQLite's own limits are far above.
const MAX_CONDITIONS: usize = 100;
const MAX_DEPTH: usize = 10;
/// The most fields that one list is sorted by.
const MAX_SORT: usize = 4;
/// The longest search, in characters and in words.
const MAX_SEARCH: usize = 200;
const MAX_SEARCH_WORDS: usize = 12;

/// A piece of a statement with its parameters, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Part {
    pub(crate) text: String,
    pub(crate) values: Vec<Sql>,
}

impl Part {
    pub(crate) fn new(text: impl Into<String>, values: Vec<Sql>) -> Self {
        Self { text: text.into(), values }
    }

    fn push(&mut self, other: Self) {
        self.text.push_str(&other.text);
        self.values.extend(other.values);
    }

    fn joined(parts: Vec<Self>, separator: &str, none: &str) -> Self {
        if parts.is_empty() {
            return Self::new(none, Vec::new());
        }
        let mut all = Self::new("(", Vec::new());
        for (index, part) in parts.into_iter().enumerate() {
            all.text.push_str(if index == 0 { "" } else { separator });
            all.push(part);
        }
        all.text.push(')');
        all
    }
}

/// One key that a list is ordered by.
#[derive(Debug, Clone)]
struct Order {
    value: Part,
    descending: bool,
    always: bool,
    integer: bool,
}

/// A query that was found to be valid, as statements.
#[derive(Debug, Clone)]
pub(crate) struct Statements {
    from: String,
    visible: Part,
    conditions: Part,
    order: Vec<Order>,
    limit: u16,
}

/// What a statement may refer to.
struct Seen<'a> {
    table: &'a Table,
    visibility: &'a Visibility,
}

impl<'a> Seen<'a> {
    fn column(&self, field: &str) -> Option<&'a Column> {
        let hidden = self.visibility.hidden.iter().any(|name| name == field);
        self.table.column(field).filter(|_| !hidden)
    }

    fn searched(&self) -> Vec<&'a Column> {
        self.table.searched().filter(|column| self.column(&column.field).is_some()).collect()
    }
}

impl Statements {
    /// # Errors
    /// Every violation of the query at once.
    pub(crate) fn new(table: &Table, query: &Query) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        let seen = Seen { table, visibility: &query.visibility };
        if query.limit == 0 || query.limit > MAX_LIMIT {
            violations.add("/limit", "out_of_range", format!("must be from 1 to {MAX_LIMIT}"));
        }
        let mut left = MAX_CONDITIONS;
        let filter = condition(&seen, &query.filter, 0, &mut left, &mut violations);
        let search = query.search.as_deref().filter(|text| !text.trim().is_empty());
        let found = search.map(|text| search_condition(&seen, text, &mut violations));
        let order = order(&seen, query, search, &mut violations);
        let conditions = [visible(&query.visibility), archived(query.archived), filter].into_iter().chain(found);
        let conditions = Part::joined(conditions.collect(), " AND ", "TRUE");
        let (from, visible) = (table.name.clone(), visible(&query.visibility));
        let statements = Self { from, visible, conditions, order, limit: query.limit };
        violations.or(statements)
    }

    /// The statement that counts all records that fit.
    pub(crate) fn count(&self) -> Part {
        Part::new(
            format!("SELECT count(*) FROM {} WHERE {}", self.from, self.conditions.text),
            self.conditions.values.clone(),
        )
    }

    /// The statement for the records that were read from the table since a time, and that the journal has not told of:
    /// `id` and `version`, the latest first.
    pub(crate) fn ahead(&self, since_ms: i64) -> Part {
        let Self { from, visible, .. } = self;
        let text = format!(
            "SELECT f_id, f_version FROM {from} WHERE position IS NULL AND f_updated_at >= ? AND {} \
             ORDER BY f_updated_at DESC LIMIT ?",
            visible.text
        );
        let mut values = vec![Sql::Integer(since_ms)];
        values.extend(visible.values.iter().cloned());
        values.push(Sql::Integer(kernel::MAX_POSITIONS as i64));
        Part::new(text, values)
    }

    /// The statement for one page: `doc`, `id`, then the sort values. One record more than the limit shows whether there
    /// are more.
    ///
    /// # Errors
    /// `cursor_mismatch` when the cursor's values are not of the kinds that this list is sorted by.
    pub(crate) fn page(&self, after: Option<&Cursor>) -> kernel::Result<Part> {
        let mut page = Part::new("SELECT doc, f_id", Vec::new());
        for (index, order) in self.order.iter().enumerate() {
            page.text.push_str(", ");
            page.push(order.value.clone());
            page.text.push_str(&format!(" AS k{index}"));
        }
        page.push(Part::new(format!(" FROM {} WHERE ", self.from), Vec::new()));
        page.push(self.conditions.clone());
        if let Some(cursor) = after {
            page.text.push_str(" AND ");
            page.push(self.after(cursor)?);
        }
        page.text.push_str(" ORDER BY ");
        for (index, order) in self.order.iter().enumerate() {
            if !order.always {
                page.text.push_str(&format!("k{index} IS NULL, "));
            }
            page.text.push_str(&format!("k{index} {}, ", if order.descending { "DESC" } else { "ASC" }));
        }
        page.text.push_str(if self.ties_descend() { "f_id DESC" } else { "f_id ASC" });
        page.push(Part::new(" LIMIT ?", vec![Sql::Integer(i64::from(self.limit) + 1)]));
        Ok(page)
    }

    /// Equal sort values: by id, in the direction of the last sort key, so that one index serves both.
    fn ties_descend(&self) -> bool {
        self.order.last().is_some_and(|order| order.descending)
    }

    /// What comes after a cursor: larger in the first key, or equal there and larger in the second …
    fn after(&self, cursor: &Cursor) -> kernel::Result<Part> {
        if cursor.values.len() != self.order.len() {
            return Err(Cursor::forged());
        }
        let mut branches = Vec::new();
        let mut equal: Vec<Part> = Vec::new();
        for (order, value) in self.order.iter().zip(&cursor.values) {
            let value = order.read(value)?;
            if let Some(beyond) = order.beyond(&value) {
                branches.push(Part::joined(equal.iter().cloned().chain([beyond]).collect(), " AND ", "TRUE"));
            }
            let mut same = order.value.clone();
            same.push(Part::new(" IS ?", vec![value]));
            equal.push(same);
        }
        let sign = if self.ties_descend() { "<" } else { ">" };
        equal.push(Part::new(format!("f_id {sign} ?"), vec![Sql::Text(cursor.id.clone())]));
        branches.push(Part::joined(equal, " AND ", "TRUE"));
        Ok(Part::joined(branches, " OR ", "TRUE"))
    }
}

impl Order {
    fn of(column: &Column, direction: Direction) -> Self {
        Self {
            value: Part::new(column.name.clone(), Vec::new()),
            descending: direction == Direction::Descending,
            always: column.always,
            integer: matches!(column.kind, ColumnType::Number { .. } | ColumnType::Time),
        }
    }

    fn read(&self, value: &serde_json::Value) -> kernel::Result<Sql> {
        match value {
            serde_json::Value::Null if !self.always => Ok(Sql::Null),
            serde_json::Value::String(text) if !self.integer => Ok(Sql::Text(text.clone())),
            serde_json::Value::Number(number) if self.integer => {
                number.as_i64().map(Sql::Integer).ok_or_else(Cursor::forged)
            }
            _ => Err(Cursor::forged()),
        }
    }

    /// Records whose value in this key comes after a value; nothing comes after having none.
    fn beyond(&self, value: &Sql) -> Option<Part> {
        if *value == Sql::Null {
            return None;
        }
        let mut beyond = Part::new("(", Vec::new());
        beyond.push(self.value.clone());
        beyond.push(Part::new(if self.descending { " < ?" } else { " > ?" }, vec![value.clone()]));
        if !self.always {
            beyond.text.push_str(" OR ");
            beyond.push(self.value.clone());
            beyond.text.push_str(" IS NULL");
        }
        beyond.text.push(')');
        Some(beyond)
    }
}

fn visible(visibility: &Visibility) -> Part {
    match visibility.rows {
        Rows::All => Part::new("TRUE", Vec::new()),
        Rows::OwnedBy(user) => Part::new("f_owner_id IS ?", vec![Sql::Text(user.to_string())]),
    }
}

fn archived(archived: Archived) -> Part {
    let text = match archived {
        Archived::Exclude => "f_archived_at IS NULL",
        Archived::Only => "f_archived_at IS NOT NULL",
        Archived::Any => "TRUE",
    };
    Part::new(text, Vec::new())
}

fn condition(seen: &Seen<'_>, filter: &Filter, depth: usize, left: &mut usize, violations: &mut Violations) -> Part {
    if *left == 0 || depth > MAX_DEPTH {
        let detail = format!("must have at most {MAX_CONDITIONS} conditions, nested at most {MAX_DEPTH} deep");
        if !violations.iter().any(|violation| violation.pointer == "/filter") {
            violations.add("/filter", "too_many", detail);
        }
        return Part::default();
    }
    *left -= 1;
    match filter {
        Filter::And(all) => Part::joined(
            all.iter().map(|one| condition(seen, one, depth + 1, left, violations)).collect(),
            " AND ",
            "TRUE",
        ),
        Filter::Or(all) => Part::joined(
            all.iter().map(|one| condition(seen, one, depth + 1, left, violations)).collect(),
            " OR ",
            "FALSE",
        ),
        Filter::Not(one) => {
            let mut not = Part::new("NOT ", Vec::new());
            not.push(Part::joined(vec![condition(seen, one, depth + 1, left, violations)], "", "TRUE"));
            not
        }
        Filter::Is(one) => {
            let Some(column) = seen.column(&one.field) else {
                violations.add(one.pointer.clone(), "unknown_field", "is not a field of this object");
                return Part::default();
            };
            comparison(column, one, violations)
        }
    }
}

fn search_condition(seen: &Seen<'_>, text: &str, violations: &mut Violations) -> Part {
    if text.chars().count() > MAX_SEARCH || count_words(text) > MAX_SEARCH_WORDS {
        let detail = format!("must have at most {MAX_SEARCH} characters and {MAX_SEARCH_WORDS} words");
        violations.add("/q", "too_long", detail);
    }
    let columns: Vec<&str> = seen.searched().iter().map(|column| column.name.as_str()).collect();
    match match_text(text) {
        Some(wanted) if !columns.is_empty() => {
            let query = format!("{{{}}} : {wanted}", columns.join(" "));
            let text = format!("row IN (SELECT rowid FROM {words} WHERE {words} MATCH ?)", words = seen.table.words);
            Part::new(text, vec![Sql::Text(query)])
        }
        // Nothing to look for, or nowhere to look.
        _ => Part::new("FALSE", Vec::new()),
    }
}

fn order(seen: &Seen<'_>, query: &Query, search: Option<&str>, violations: &mut Violations) -> Vec<Order> {
    if query.sort.len() > MAX_SORT {
        violations.add("/sort", "too_many", format!("must name at most {MAX_SORT} fields"));
    }
    let mut order = Vec::new();
    for (field, direction) in &query.sort {
        match seen.column(field) {
            Some(column) => order.push(Order::of(column, *direction)),
            None => violations.add("/sort", "unknown_field", "names something that is not a field of this object"),
        }
    }
    if order.is_empty() {
        let newest = match search {
            Some(text) => {
                order.push(match_class(seen, text));
                "updated_at"
            }
            None => "created_at",
        };
        order.extend(seen.table.column(newest).map(|column| Order::of(column, Direction::Descending)));
    }
    order
}

/// How well a record matches: 0 when a field is the text, 1 when one begins with it, 2 when words begin with its words.
/// Nothing about other records is in it, so it tells of no record that the caller may not see.
fn match_class(seen: &Seen<'_>, text: &str) -> Order {
    let mut exact = Vec::new();
    let mut begins = Vec::new();
    for column in seen.searched() {
        let folded = if column.kind == ColumnType::Phone { fold_phone(text) } else { fold(text).trim().to_owned() };
        let name = &column.name;
        exact.push(Part::new(format!("coalesce({name} = ?, 0)"), vec![Sql::Text(folded.clone())]));
        // Everything that begins with a text lies between it and itself with the last character there is behind it.
        let last = format!("{folded}{}", char::MAX);
        let text = format!("coalesce({name} >= ? AND {name} < ?, 0)");
        begins.push(Part::new(text, vec![Sql::Text(folded), Sql::Text(last)]));
    }
    let mut class = Part::new("(CASE WHEN ", Vec::new());
    class.push(Part::joined(exact, " OR ", "FALSE"));
    class.text.push_str(" THEN 0 WHEN ");
    class.push(Part::joined(begins, " OR ", "FALSE"));
    class.text.push_str(" THEN 1 ELSE 2 END)");
    Order { value: class, descending: false, always: true, integer: true }
}
