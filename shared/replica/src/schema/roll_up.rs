//! Roll-ups: columns of a record that say something about the records that refer to it.
//!
//! All roll-ups of an object over the same field of another one are worked out together, in one look at that field's
//! index.

use records::{Aggregate, Equals, Field, FieldType, RollUp};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use serde_json::Value;

use super::column::{Column, ColumnType, Origin};
use super::describe::{add, of_type};
use super::digest;
use super::table::{Table, index_by};

/// Records in the trash and those that were merged into another do not count.
const COUNTS: &str = "f_archived_at IS NULL AND f_merged_into IS NULL";

/// The roll-ups of one object over the records that refer to its by one field.
#[derive(Debug, Clone)]
pub(crate) struct RollUps {
    /// The object that has them.
    pub(crate) parent: String,
    /// The object that they are about.
    pub(crate) child: String,
    /// The child's column that refers to the parent, in SQL.
    pub(crate) via: String,
    /// The parent's columns in SQL, and what each of them is worked out by.
    columns: Vec<(String, Expression)>,
    /// The child's columns that are looked at, in SQL.
    reads: Vec<String>,
    /// Works them out for the one record whose id is the first parameter.
    pub(crate) of_one: Statement,
    /// Works them out for every record.
    pub(crate) of_all: Statement,
    /// Lists the ids of records for which they are not what they should be.
    pub(crate) stale: Statement,
}

/// A statement with its values; [`RollUps::of_one`] takes the parent's id before them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) values: Vec<Sql>,
}

impl Statement {
    /// Runs it as it is; answers how many rows it has changed.
    pub(crate) fn execute(&self, connection: &Connection) -> rusqlite::Result<usize> {
        connection.execute(&self.text, params_from_iter(&self.values))
    }
}

/// An aggregate with `?` for each of its values.
#[derive(Debug, Clone)]
struct Expression {
    text: String,
    values: Vec<Sql>,
}

/// One roll-up that can be worked out.
struct Resolved {
    via: String,
    columns: Vec<Column>,
    expressions: Vec<Expression>,
    reads: Vec<String>,
}

/// All columns of an object, its roll-ups among them, and how to work those out. A roll-up that speaks of an object or a
/// field that is not there, or of another roll-up, has no column: definitions come one at a time, and its column comes
/// with the last of them.
pub(super) fn roll_ups(parent: &Table, tables: &[Table]) -> (Vec<Column>, Vec<RollUps>) {
    let mut columns = parent.columns.clone();
    let mut found: Vec<RollUps> = Vec::new();
    for field in parent.object.live() {
        let FieldType::RollUp(roll_up) = &field.kind else { continue };
        let child = tables.iter().find(|table| table.object.name == roll_up.object && !table.object.archived);
        let Some((child, resolved)) = child.and_then(|child| Some((child, resolve(parent, child, field, roll_up)?)))
        else {
            continue;
        };
        let names: Vec<String> = resolved.columns.iter().map(|column| column.name.clone()).collect();
        if !add(&mut columns, resolved.columns) {
            continue;
        }
        let same = |known: &RollUps| known.child == child.object.name && known.via == resolved.via;
        let place = found.iter().position(same).unwrap_or_else(|| {
            found.push(RollUps::new(parent, child, &resolved.via));
            found.len() - 1
        });
        found[place].columns.extend(names.into_iter().zip(resolved.expressions));
        found[place].reads.extend(resolved.reads);
    }
    (columns, found)
}

fn resolve(parent: &Table, child: &Table, field: &Field, roll_up: &RollUp) -> Option<Resolved> {
    let via = child.column(&roll_up.via)?;
    if !via.is_own() || via.kind != ColumnType::Id(parent.object.name.clone()) {
        return None;
    }
    let only = only(child, &roll_up.only)?;
    let value = match &roll_up.field {
        Some(path) => Some(child.column(path).filter(|column| column.is_own())?),
        None => None,
    };
    let (kind, aggregates) = aggregates(roll_up.function, value)?;
    let mut reads: Vec<String> = only.columns.iter().map(|column| column.name.clone()).collect();
    reads.extend(value.iter().flat_map(|column| [Some(&column.name), column.currency.as_ref()]).flatten().cloned());
    let expressions: Vec<Expression> = aggregates.iter().map(|text| only.put_into(text)).collect();
    let looked_at = std::iter::once(via).chain(only.columns.iter().copied()).chain(value);
    let mut says: Vec<&str> = looked_at.flat_map(|column| [column.name.as_str(), column.signature.as_str()]).collect();
    let shown: Vec<String> = expressions.iter().map(|expression| format!("{expression:?}")).collect();
    says.extend(shown.iter().map(String::as_str));
    let columns = of_type(field, kind, Origin::RollUp, &digest(says));
    (columns.len() == expressions.len()).then(|| Resolved { via: via.name.clone(), columns, expressions, reads })
}

/// Which records of those that refer count.
struct Only<'a> {
    columns: Vec<&'a Column>,
    text: String,
    values: Vec<Sql>,
}

fn only<'a>(child: &'a Table, equalities: &[Equals]) -> Option<Only<'a>> {
    let mut only = Only { columns: Vec::new(), text: String::new(), values: Vec::new() };
    for Equals { field, equals } in equalities {
        let column = child.column(field).filter(|column| column.is_own())?;
        let (condition, value) = match (&column.kind, equals) {
            (ColumnType::Money, _) => return None,
            (ColumnType::Set(of), Value::String(text)) => {
                (format!("instr({}, ?) > 0", column.name), Some(Sql::Text(of.member(text))))
            }
            (kind, value) => (format!("{} = ?", column.name), kind.read(value)),
        };
        if !only.text.is_empty() {
            only.text.push_str(" AND ");
        }
        // A value that no record can have.
        only.text.push_str(if value.is_some() { &condition } else { "FALSE" });
        only.values.extend(value);
        only.columns.push(column);
    }
    Some(only)
}

impl Only<'_> {
    /// An aggregate over these records; `@` stands behind each function in it.
    fn put_into(&self, aggregate: &str) -> Expression {
        let filter = if self.text.is_empty() { String::new() } else { format!(" FILTER (WHERE {})", self.text) };
        let values = aggregate.matches('@').flat_map(|_| self.values.iter().cloned()).collect();
        Expression { text: aggregate.replace('@', &filter), values }
    }
}

/// The type of what an aggregate gives, and its expressions: a second one is that of the currency. `@` stands behind
/// each function for the condition on what counts.
///
/// The order of rows must not show in a sum of fractions, so it is rounded to the decimals of what was added. Beyond what
/// a double holds exactly there is no sum of money.
fn aggregates(function: Aggregate, value: Option<&Column>) -> Option<(ColumnType, Vec<String>)> {
    let Some(value) = value else {
        return (function == Aggregate::Count)
            .then(|| (ColumnType::Number { decimals: 0 }, vec!["count(*)@".to_owned()]));
    };
    let x = &value.name;
    let text = match (function, &value.kind) {
        (Aggregate::Count, _) => return Some((ColumnType::Number { decimals: 0 }, vec![format!("count({x})@")])),
        (_, ColumnType::Money) => return Some((ColumnType::Money, of_money(function, value)?)),
        (Aggregate::Sum, ColumnType::Number { decimals: 0 }) => format!("CAST(total({x})@ AS INTEGER)"),
        (Aggregate::Sum, ColumnType::Number { decimals }) => format!("round(total({x})@, {decimals})"),
        (Aggregate::Avg, ColumnType::Number { decimals }) => {
            let text = format!("round(round(total({x})@, {decimals}) / count({x})@, 6)");
            return Some((ColumnType::Number { decimals: 6 }, vec![text]));
        }
        (Aggregate::Min, ColumnType::Number { .. } | ColumnType::Date | ColumnType::Time) => format!("min({x})@"),
        (Aggregate::Max, ColumnType::Number { .. } | ColumnType::Date | ColumnType::Time) => format!("max({x})@"),
        _ => return None,
    };
    Some((value.kind.clone(), vec![text]))
}

fn of_money(function: Aggregate, value: &Column) -> Option<Vec<String>> {
    let (amount, currency) = (&value.name, value.currency.as_ref()?);
    let of_one_currency = format!("count(DISTINCT {currency})@ = 1 AND abs(total({amount})@) <= 9007199254740991");
    let result = match function {
        Aggregate::Sum => format!("CAST(total({amount})@ AS INTEGER)"),
        Aggregate::Avg => format!("CAST(round(total({amount})@ / count({amount})@) AS INTEGER)"),
        Aggregate::Min => format!("min({amount})@"),
        Aggregate::Max => format!("max({amount})@"),
        Aggregate::Count => return None,
    };
    let when = |result: &str| format!("CASE WHEN {of_one_currency} THEN {result} END");
    Some(vec![when(&result), when(&format!("min({currency})@"))])
}

impl RollUps {
    fn new(parent: &Table, child: &Table, via: &str) -> Self {
        Self {
            parent: parent.object.name.clone(),
            child: child.object.name.clone(),
            via: via.to_owned(),
            columns: Vec::new(),
            reads: Vec::new(),
            of_one: Statement::default(),
            of_all: Statement::default(),
            stale: Statement::default(),
        }
    }

    /// Its columns in the parent's table.
    pub(crate) fn columns_in<'a>(&'a self, parent: &'a Table) -> impl Iterator<Item = &'a Column> {
        let is_one = |column: &&Column| self.columns.iter().any(|(name, _)| *name == column.name);
        parent.columns.iter().filter(is_one)
    }

    /// The index that has everything they are worked out from, as its name and the statement that makes it. It takes the
    /// place of the one that only tells who refers to whom.
    pub(super) fn index(&self, child: &Table) -> (String, String) {
        let name = index_by(&child.name, &self.via);
        let mut reads: Vec<&str> = self.reads.iter().map(String::as_str).filter(|read| *read != self.via).collect();
        reads.retain(|read| !["f_archived_at", "f_merged_into"].contains(read));
        reads.sort_unstable();
        reads.dedup();
        let columns: Vec<&str> =
            [self.via.as_str(), "f_archived_at", "f_merged_into"].into_iter().chain(reads).collect();
        let statement = format!("CREATE INDEX {name} ON {} ({})", child.name, columns.join(", "));
        (name, statement)
    }

    /// Writes the statements, once all columns are known.
    pub(super) fn prepare(&mut self, parent: &Table, child: &Table) {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(", ");
        let expressions: Vec<&str> = self.columns.iter().map(|(_, expression)| expression.text.as_str()).collect();
        let values: Vec<Sql> = self.columns.iter().flat_map(|(_, expression)| expression.values.clone()).collect();
        let (parent, child, via) = (&parent.name, &child.name, &self.via);
        let expressions = expressions.join(", ");
        // The values of the expressions are counted from `first` on.
        let fresh = |key: &str, first: usize| {
            let expressions = numbered(&expressions, first);
            format!("SELECT {expressions} FROM {child} AS child WHERE child.{via} = {key} AND {COUNTS}")
        };
        let part = |text: String| Statement { text, values: values.clone() };
        let (one, all) = (fresh("?1", 2), fresh(&format!("{parent}.f_id"), 1));
        self.of_one = part(format!("UPDATE {parent} SET ({names}) = ({one}) WHERE f_id = ?1"));
        self.of_all = part(format!("UPDATE {parent} SET ({names}) = ({all})"));
        self.stale = part(format!("SELECT f_id FROM {parent} WHERE ({names}) IS NOT ({all})"));
    }
}

/// A statement whose values have numbers, counted from one on.
fn numbered(text: &str, from: usize) -> String {
    let mut parts = text.split('?');
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    for (number, part) in parts.enumerate() {
        numbered.push_str(&format!("?{}{part}", from + number));
    }
    numbered
}
