//! The one builder of statements for lists: names come from the schema, values are parameters, and what the caller may see
//! is part of every condition.

use kernel::{Result, Violations};
use rusqlite::types::Value as Sql;

use crate::compare;
use crate::cursor::Cursor;
use crate::filter::Filter;
use crate::order::{Order, after, orders, terms};
use crate::part::Part;
use crate::query::{Archived, Linked, MAX_LIMIT, MAX_SLICE, Query};
use crate::scope::{Joins, OWN, Scope};
use crate::words::{match_class, search_condition};

/// Which records a question is about, apart from what is asked of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Records<'a> {
    pub(crate) filter: &'a Filter,
    pub(crate) search: Option<&'a str>,
    pub(crate) archived: Archived,
    pub(crate) linked: Option<&'a Linked>,
}

impl Records<'_> {
    /// The condition that all of these fit and the caller may see. What is wrong goes to `violations`.
    pub(crate) fn condition(&self, scope: &Scope<'_>, violations: &mut Violations) -> Part {
        let mut conditions = vec![archived(self.archived)];
        if !self.filter.conditions().iter().any(|condition| condition.field == "merged_into") {
            conditions.push(Part::of(format!("{OWN}.f_merged_into IS NULL")));
        }
        conditions.extend(scope.visible(OWN));
        conditions.extend(self.linked.map(|linked| linked_condition(scope, linked)));
        conditions.push(compare::filter(scope, self.filter, violations));
        conditions.extend(self.search.map(|text| search_condition(scope, text, violations)));
        Part::and(conditions)
    }
}

/// The words that are searched for, if there are any.
pub(crate) fn search_of(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// A query that was found to be valid, as statements.
#[derive(Debug, Clone)]
pub(crate) struct Statements {
    table: String,
    joins: Part,
    visible: Part,
    conditions: Part,
    orders: Vec<Order>,
    limit: u16,
}

impl Statements {
    /// # Errors
    /// Every violation of the query at once.
    pub(crate) fn new(scope: &Scope<'_>, query: &Query) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        let most = if query.max_bytes.is_some() { MAX_SLICE } else { MAX_LIMIT };
        if !(1..=most).contains(&query.limit) {
            violations.add("/limit", "out_of_range", format!("must be from 1 to {most}"));
        }
        let search = search_of(query.search.as_deref());
        let records =
            Records { filter: &query.filter, search, archived: query.archived, linked: query.linked.as_ref() };
        let conditions = records.condition(scope, &mut violations);
        let mut joins = Joins::default();
        let mut orders = orders(scope, &query.sort, &mut joins, &mut violations);
        if orders.is_empty() {
            orders = match search {
                Some(text) if violations.is_empty() => {
                    vec![Order::by_rank(match_class(scope, text)), Order::latest("f_updated_at")]
                }
                _ => vec![Order::latest("f_created_at")],
            };
        }
        let visible = scope.visible(OWN).unwrap_or_else(Part::all);
        let table = scope.table.name.clone();
        violations.or(Self { table, joins: joins.part(), visible, conditions, orders, limit: query.limit })
    }

    /// The statement that counts all records that fit.
    pub(crate) fn count(&self) -> Part {
        let mut count = Part::of(format!("SELECT count(*) FROM {} {OWN} WHERE ", self.table));
        count.push(self.conditions.clone());
        count
    }

    /// The statement for the records that were read from the table since a time, and that the journal has not told of:
    /// `id` and `version`, the latest first.
    pub(crate) fn ahead(&self, since_ms: i64) -> Part {
        let mut ahead = Part::new(
            format!(
                "SELECT {OWN}.f_id, {OWN}.f_version FROM {} {OWN} \
                 WHERE {OWN}.position IS NULL AND {OWN}.f_updated_at >= ? AND ",
                self.table
            ),
            vec![Sql::Integer(since_ms)],
        );
        ahead.push(self.visible.clone());
        let most = Sql::Integer(i64::try_from(kernel::MAX_POSITIONS).unwrap_or(i64::MAX));
        ahead.push(Part::new(format!(" ORDER BY {OWN}.f_updated_at DESC LIMIT ?"), vec![most]));
        ahead
    }

    /// The statement for one page: `row`, `id`, then the keys that are sorted by. One record more than the limit shows
    /// whether there are more. It looks at no documents: those of the page are read by their rows.
    ///
    /// # Errors
    /// `cursor_mismatch` when the cursor's values are not of the kinds that this list is sorted by.
    pub(crate) fn page(&self, cursor: Option<&Cursor>) -> Result<Part> {
        let mut page = Part::of(format!("SELECT {OWN}.row, {OWN}.f_id"));
        for (index, order) in self.orders.iter().enumerate() {
            page.push_text(", ");
            page.push(order.value());
            page.push_text(&format!(" AS k{index}"));
        }
        page.push_text(&format!(" FROM {} {OWN}", self.table));
        page.push(self.joins.clone());
        page.push_text(" WHERE ");
        page.push(self.conditions.clone());
        if let Some(cursor) = cursor {
            page.push_text(" AND ");
            page.push(after(&self.orders, cursor)?);
        }
        let tail = format!(" ORDER BY {} LIMIT ?", terms(&self.orders));
        page.push(Part::new(tail, vec![Sql::Integer(i64::from(self.limit) + 1)]));
        Ok(page)
    }
}

fn archived(archived: Archived) -> Part {
    match archived {
        Archived::Exclude => Part::of(format!("{OWN}.f_archived_at IS NULL")),
        Archived::Only => Part::of(format!("{OWN}.f_archived_at IS NOT NULL")),
        Archived::Any => Part::all(),
    }
}

/// The condition that a record is linked with another one, by links from either to the other. With one that the caller
/// may not see nothing is linked.
fn linked_condition(scope: &Scope<'_>, linked: &Linked) -> Part {
    let id = Sql::Text(linked.record.to_string());
    let linked_by = |from: &str, to: &str| {
        let mut part = Part::new(format!("SELECT {to} FROM links WHERE {from} = ?"), vec![id.clone()]);
        if let Some(label) = &linked.label {
            part.push(Part::new(" AND label = ?", vec![Sql::Text(label.clone())]));
        }
        part
    };
    let mut condition = Part::of(format!("{OWN}.f_id IN ("));
    condition.push(linked_by("record", "other"));
    condition.push_text(" UNION ALL ");
    condition.push(linked_by("other", "record"));
    condition.push_text(")");
    // Whoever has a prefix that nothing has was never linked with.
    let Some(table) = scope.schema.of_prefix(linked.record.prefix()) else { return Part::none() };
    let Some(visible) = scope.over(table).visible("one") else { return condition };
    let mut exists = Part::new(format!("EXISTS (SELECT 1 FROM {} one WHERE one.f_id = ? AND ", table.name), vec![id]);
    exists.push(visible);
    exists.push_text(")");
    Part::and([condition, exists])
}
