//! What a question may name: the fields of an object's records and those one step away, as one caller sees them.

use kernel::Violations;

use crate::part::Part;
use crate::schema::{Column, ColumnType, Origin, Schema, Table};
use crate::visible::Visibility;

/// What an object's own table is called in every statement.
pub(crate) const OWN: &str = "t";
/// What the table one step away is called in a condition.
const FAR: &str = "far";

/// The records of one object as one caller sees them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) table: &'a Table,
    pub(crate) visibility: &'a Visibility,
}

/// A column that the caller may name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) table: &'a Table,
    pub(crate) column: &'a Column,
    /// Whether it has no value for this caller, whatever is in it.
    is_blank: bool,
}

impl<'a> Seen<'a> {
    /// Its value in a statement in which its table has a name.
    pub(crate) fn value(&self, alias: &str) -> String {
        if self.is_blank { "NULL".to_owned() } else { format!("{alias}.{}", self.column.name) }
    }

    /// The currency of its amount.
    pub(crate) fn currency(&self, alias: &str) -> Option<String> {
        let currency = self.column.currency.as_ref()?;
        Some(if self.is_blank { "NULL".to_owned() } else { format!("{alias}.{currency}") })
    }

    pub(crate) const fn kind(&self) -> &'a ColumnType {
        &self.column.kind
    }

    /// Whether every record has a value in it.
    pub(crate) const fn always(&self) -> bool {
        self.column.always && !self.is_blank
    }
}

/// What a path names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Named<'a> {
    /// A column of the records themselves.
    Own(Seen<'a>),
    /// A column of the records that they refer to.
    Far(Step<'a>, Seen<'a>),
}

impl<'a> Named<'a> {
    pub(crate) const fn seen(&self) -> Seen<'a> {
        match self {
            Self::Own(seen) | Self::Far(_, seen) => *seen,
        }
    }
}

/// One step from a record to the one that it refers to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step<'a> {
    /// The column with the reference.
    pub(crate) by: &'a Column,
    /// The table that it leads to.
    pub(crate) to: &'a Table,
}

impl<'a> Scope<'a> {
    /// `None`: there is no such object.
    pub(crate) fn new(schema: &'a Schema, object: &str, visibility: &'a Visibility) -> Option<Self> {
        Some(Self { schema, table: schema.table(object)?, visibility })
    }

    /// The same of another object.
    pub(crate) const fn over(self, table: &'a Table) -> Self {
        Self { table, ..self }
    }

    /// What a path names.
    pub(crate) fn find(&self, path: &str) -> Option<Named<'a>> {
        if let Some(seen) = self.own(path) {
            return Some(Named::Own(seen));
        }
        let (reference, rest) = split(path)?;
        let by = self.reference(reference)?;
        let ColumnType::Id(object) = &by.kind else { return None };
        let to = self.schema.table(object)?;
        Some(Named::Far(Step { by, to }, self.over(to).own(rest)?))
    }

    /// What a path names, or a violation at `pointer`.
    pub(crate) fn named(&self, path: &str, pointer: &str, violations: &mut Violations) -> Option<Named<'a>> {
        let named = self.find(path);
        if named.is_none() {
            violations.add(pointer, "unknown_field", "is not a field of this object, or of one that it refers to");
        }
        named
    }

    /// A column of the object itself that the caller may name.
    pub(crate) fn own(&self, path: &str) -> Option<Seen<'a>> {
        self.seen(self.table.column(path)?)
    }

    /// The columns that the caller may look for words in.
    pub(crate) fn searched(&self) -> Vec<Seen<'a>> {
        self.table.searched().filter_map(|column| self.seen(column)).collect()
    }

    /// A column, if the caller may know it.
    pub(crate) fn seen(&self, column: &'a Column) -> Option<Seen<'a>> {
        let object = &self.table.object;
        if self.visibility.hides_in(self.schema, object, &column.field) {
            return None;
        }
        Some(Seen { table: self.table, column, is_blank: self.is_blank(column) })
    }

    fn is_blank(&self, column: &Column) -> bool {
        let roll_up = object_of_roll_up(self.table, column);
        let child = roll_up.and_then(|object| self.schema.stored(object));
        child.is_some_and(|child| self.visibility.is_partial(&child.object))
    }

    /// The column by which records refer to others, by its field's path without `_id`.
    fn reference(&self, path: &str) -> Option<&'a Column> {
        let with_id = self.own(&[path, "_id"].concat());
        let bare = || self.own(path).filter(|_| !path.ends_with("_id"));
        let seen = with_id.or_else(bare)?;
        (matches!(seen.kind(), ColumnType::Id(_)) && seen.column.path != "id").then_some(seen.column)
    }

    /// The condition that a row under a name may be seen. `None`: all may.
    pub(crate) fn visible(&self, alias: &str) -> Option<Part> {
        self.visibility.condition(self.schema, self.table, alias)
    }

    /// The condition on records that those which they refer to fit one. `fits_none` says whether having no value fits:
    /// then so does referring to nothing, or to what the caller may not see.
    ///
    /// The far records that fit are listed once, so that it takes one look at each far record, and an index on the
    /// reference finds the near ones.
    pub(crate) fn far(&self, step: &Step<'a>, fits_none: bool, fits: impl FnOnce(&str) -> Part) -> Part {
        let by = format!("{OWN}.{}", step.by.name);
        let mut near =
            Part::of(format!("({by} IS NOT NULL AND {by} IN (SELECT {FAR}.f_id FROM {} {FAR} WHERE ", step.to.name));
        let fits = if fits_none { !fits(FAR) } else { fits(FAR) };
        near.push(Part::and(self.over(step.to).visible(FAR).into_iter().chain([fits])));
        near.push_text("))");
        if fits_none { !near } else { near }
    }
}

/// The object whose records a roll-up's column is about.
fn object_of_roll_up<'a>(table: &'a Table, column: &Column) -> Option<&'a str> {
    match (column.origin, table.object.field(&column.field).map(|field| &field.kind)) {
        (Origin::RollUp, Some(records::FieldType::RollUp(roll_up))) => Some(&roll_up.object),
        _ => None,
    }
}

/// The reference of a path one step away, and what follows it: `company` and `city`, `custom.project` and `custom.budget`.
fn split(path: &str) -> Option<(&str, &str)> {
    let of_company = path.strip_prefix("custom.").map_or(0, |_| "custom.".len());
    let dot = of_company + path.get(of_company..)?.find('.')?;
    Some((path.get(..dot)?, path.get(dot + 1..)?))
}

/// Tables one step away that are read beside an object's own, each once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Joins {
    joined: Vec<String>,
    part: Part,
}

impl Joins {
    /// The name in the statement of the table that a column of it is read from.
    pub(crate) fn alias(&mut self, scope: &Scope<'_>, named: &Named<'_>) -> String {
        let Named::Far(step, _) = named else { return OWN.to_owned() };
        let known = self.joined.iter().position(|name| *name == step.by.name);
        let number = known.unwrap_or(self.joined.len());
        let alias = format!("far{number}");
        if known.is_none() {
            self.joined.push(step.by.name.clone());
            self.part.push_text(&format!(" LEFT JOIN {} {alias} ON ", step.to.name));
            let same = Part::of(format!("{alias}.f_id = {OWN}.{}", step.by.name));
            self.part.push(Part::and(std::iter::once(same).chain(scope.over(step.to).visible(&alias))));
        }
        alias
    }

    /// What follows the object's own table in the statement.
    pub(crate) fn part(&self) -> Part {
        self.part.clone()
    }
}
