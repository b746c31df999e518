//! A question about groups, planned: which columns are looked at, and what becomes of them.

use std::collections::HashMap;
use std::time::Instant;

use kernel::{Error, Result, Violations};
use records::Aggregate;
use rusqlite::{Row, Transaction, params_from_iter};

use crate::aggregate::{Group, GroupKey, GroupSort, Grouping, MAX_GROUPS, MAX_KEYS, MAX_MEASURES, Measure};
use crate::ask::too_expensive;
use crate::axis::Axis;
use crate::part::Part;
use crate::prepared::prepare;
use crate::schema::ColumnType;
use crate::scope::{Joins, Named, OWN, Scope};
use crate::spelling::{Spelling, oldest};
use crate::sql::{Records, search_of};
use crate::tally::{Tally, ordering};

/// The most groups that are told apart to answer one question. More are no overview, and take the memory of everybody.
const MAX_TOLD_APART: usize = 50_000;
/// After how many records the clock is looked at.
const STEPS: usize = 256;

/// A question about groups that was found to be valid.
pub(crate) struct Plan {
    statement: Part,
    keys: Vec<KeyPlan>,
    measures: Vec<MeasurePlan>,
    sort: Vec<GroupSort>,
}

/// A field that groups are made by.
struct KeyPlan {
    axis: Axis,
    /// How the groups' texts are spelled in documents, if they are kept folded.
    spelling: Option<Spelling>,
    at: usize,
}

/// What is to be known of groups.
struct MeasurePlan {
    function: Aggregate,
    /// The type of the values that are looked at; none for the number of records.
    kind: Option<ColumnType>,
    at: usize,
}

/// A group while records are looked through.
struct Counted {
    places: [u32; MAX_KEYS],
    tallies: Vec<Tally>,
    /// The oldest record of the group.
    oldest: Option<String>,
}

impl Plan {
    /// # Errors
    /// Every violation at once.
    pub(crate) fn new(scope: &Scope<'_>, grouping: &Grouping) -> Result<Self, Violations> {
        let mut violations = Violations::new();
        if grouping.limit == 0 || grouping.limit > MAX_GROUPS {
            violations.add("/limit", "out_of_range", format!("must be from 1 to {MAX_GROUPS}"));
        }
        let search = search_of(grouping.search.as_deref());
        let records =
            Records { filter: &grouping.filter, search, archived: grouping.archived, linked: grouping.linked.as_ref() };
        let conditions = records.condition(scope, &mut violations);
        let mut columns = Columns { joins: Joins::default(), values: vec![format!("{OWN}.f_id")] };
        let keys = keys(scope, grouping, &mut columns, &mut violations);
        let measures = measures(scope, grouping, &mut columns, &mut violations);
        check_sort(grouping, &measures, &mut violations);
        let mut statement = Part::of(format!("SELECT {} FROM {} {OWN}", columns.values.join(", "), scope.table.name));
        statement.push(columns.joins.part());
        statement.push_text(" WHERE ");
        statement.push(conditions);
        violations.or(Self { statement, keys, measures, sort: grouping.sort.clone() })
    }

    /// Looks through the records; answers the first groups, and whether there are more.
    pub(crate) fn run(
        &self,
        transaction: &Transaction<'_>,
        limit: usize,
        until: Instant,
    ) -> rusqlite::Result<Result<(Vec<Group>, bool)>> {
        let mut axes: Vec<Axis> = self.keys.iter().map(|key| key.axis.clone()).collect();
        let groups = match self.count(transaction, &mut axes, until)? {
            Ok(groups) => groups,
            Err(error) => return Ok(Err(error)),
        };
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_unstable_by(|a, b| self.compare(&axes, &groups[*a], &groups[*b]));
        let has_more = order.len() > limit;
        let rows = order.into_iter().take(limit).map(|place| self.answered(transaction, &axes, &groups[place]));
        Ok(Ok((rows.collect::<rusqlite::Result<_>>()?, has_more)))
    }

    fn count(
        &self,
        transaction: &Transaction<'_>,
        axes: &mut [Axis],
        until: Instant,
    ) -> rusqlite::Result<Result<Vec<Counted>>> {
        let mut groups: Vec<Counted> = Vec::new();
        let mut known: HashMap<[u32; MAX_KEYS], usize> = HashMap::new();
        if self.keys.is_empty() {
            known.insert([0; MAX_KEYS], 0);
            groups.push(self.counted([0; MAX_KEYS]));
        }
        let spells = self.keys.iter().any(|key| key.spelling.is_some());
        let mut select = prepare(transaction, &self.statement.text)?;
        let mut rows = select.query(params_from_iter(&self.statement.values))?;
        let mut steps = 0;
        while let Some(row) = rows.next()? {
            for places in self.places(axes, row)? {
                let place = *known.entry(places).or_insert_with(|| {
                    groups.push(self.counted(places));
                    groups.len() - 1
                });
                self.tally(&mut groups[place], row, spells)?;
                steps += 1;
                if groups.len() > MAX_TOLD_APART {
                    return Ok(Err(too_many()));
                }
                if steps % STEPS == 0 && Instant::now() > until {
                    return Ok(Err(too_expensive()));
                }
            }
        }
        Ok(Ok(groups))
    }

    fn counted(&self, places: [u32; MAX_KEYS]) -> Counted {
        Counted { places, tallies: self.measures.iter().map(|_| Tally::default()).collect(), oldest: None }
    }

    /// The groups that a record is in: one for each combination of its values.
    fn places(&self, axes: &mut [Axis], row: &Row<'_>) -> rusqlite::Result<Vec<[u32; MAX_KEYS]>> {
        let mut all = vec![[0; MAX_KEYS]];
        for (index, (axis, plan)) in axes.iter_mut().zip(&self.keys).enumerate() {
            let places = axis.places(row, plan.at)?;
            if let [place] = places {
                all.iter_mut().for_each(|one| one[index] = *place);
                continue;
            }
            let with = |one: &[u32; MAX_KEYS], place: &u32| {
                let mut one = *one;
                one[index] = *place;
                one
            };
            all = all.iter().flat_map(|one| places.iter().map(move |place| with(one, place))).collect();
        }
        Ok(all)
    }

    fn tally(&self, group: &mut Counted, row: &Row<'_>, spells: bool) -> rusqlite::Result<()> {
        for (plan, tally) in self.measures.iter().zip(&mut group.tallies) {
            tally.add(plan.kind.as_ref(), row, plan.at)?;
        }
        if spells {
            oldest(&mut group.oldest, row.get_ref(0)?.as_str()?);
        }
        Ok(())
    }

    fn compare(&self, axes: &[Axis], a: &Counted, b: &Counted) -> std::cmp::Ordering {
        let by_key = |index: usize, direction| {
            let key = |group: &Counted| axes[index].key(group.places[index]);
            ordering(key(a), key(b), direction)
        };
        let by_measure = |index: usize, direction| {
            let plan = &self.measures[index];
            let rank = |group: &Counted| group.tallies[index].rank(plan.function, plan.kind.as_ref());
            ordering(&rank(a), &rank(b), direction)
        };
        let sorted = self.sort.iter().map(|sort| match sort.by {
            GroupKey::Key(index) => by_key(index, sort.direction),
            GroupKey::Measure(index) => by_measure(index, sort.direction),
        });
        let keys = (0..self.keys.len()).map(|index| by_key(index, crate::query::Direction::Ascending));
        sorted.chain(keys).find(|ordering| ordering.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    }

    fn answered(&self, transaction: &Transaction<'_>, axes: &[Axis], group: &Counted) -> rusqlite::Result<Group> {
        let mut keys = Vec::with_capacity(self.keys.len());
        for (index, plan) in self.keys.iter().enumerate() {
            let (axis, key) = (&axes[index], axes[index].key(group.places[index]));
            let spelled = match (&plan.spelling, &group.oldest, key.text()) {
                (Some(spelling), Some(id), Some(text)) => spelling.of(transaction, id, text)?,
                _ => None,
            };
            keys.push(spelled.map_or_else(|| axis.answered(key), serde_json::Value::from));
        }
        let values = self.measures.iter().zip(&group.tallies);
        let values = values.map(|(plan, tally)| tally.answered(plan.function, plan.kind.as_ref())).collect();
        Ok(Group { keys, values })
    }
}

fn too_many() -> Error {
    let detail = format!("makes more than {MAX_TOLD_APART} groups: ask for longer periods, or of fewer records");
    Error::invalid("/group_by", "too_many", detail)
}

/// The columns that a statement reads, and the tables that they are in.
struct Columns {
    joins: Joins,
    values: Vec<String>,
}

impl Columns {
    /// Reads a column too, and the currency of an amount right after it; answers its place.
    fn add(&mut self, scope: &Scope<'_>, named: &Named<'_>) -> usize {
        let (seen, alias, at) = (named.seen(), self.joins.alias(scope, named), self.values.len());
        self.values.push(seen.value(&alias));
        self.values.extend(seen.currency(&alias));
        at
    }
}

fn keys(scope: &Scope<'_>, grouping: &Grouping, columns: &mut Columns, violations: &mut Violations) -> Vec<KeyPlan> {
    if grouping.group_by.len() > MAX_KEYS {
        violations.add("/group_by", "too_many", format!("must name at most {MAX_KEYS} fields"));
        return Vec::new();
    }
    let mut plans = Vec::new();
    for (index, by) in grouping.group_by.iter().enumerate() {
        let pointer = format!("/group_by/{index}");
        let Some(named) = scope.named(&by.field, &pointer, violations) else { continue };
        let kind = named.seen().kind();
        let is_time = matches!(kind, ColumnType::Date | ColumnType::Time);
        if by.unit.is_some() && !is_time {
            violations.add(pointer, "unsupported_unit", "is no day or time, so it has no periods");
            continue;
        }
        let spelling = Spelling::new(&named, scope);
        plans.push(KeyPlan { axis: Axis::new(kind, by.unit), spelling, at: columns.add(scope, &named) });
    }
    plans
}

fn measures(
    scope: &Scope<'_>,
    grouping: &Grouping,
    columns: &mut Columns,
    violations: &mut Violations,
) -> Vec<MeasurePlan> {
    if grouping.aggregates.len() > MAX_MEASURES {
        violations.add("/aggregates", "too_many", format!("must be at most {MAX_MEASURES}"));
        return Vec::new();
    }
    let mut plans = Vec::new();
    for (index, Measure { function, field }) in grouping.aggregates.iter().enumerate() {
        let pointer = format!("/aggregates/{index}");
        let Some(path) = field else {
            if *function != Aggregate::Count {
                violations.add(pointer, "required", "must name a field: only records are counted without one");
            }
            plans.push(MeasurePlan { function: *function, kind: None, at: 0 });
            continue;
        };
        let Some(named) = scope.named(path, &pointer, violations) else { continue };
        let kind = named.seen().kind().clone();
        if !knows(*function, &kind) {
            violations.add(pointer, "unsupported_function", "cannot be made of values of this type");
        }
        plans.push(MeasurePlan { function: *function, at: columns.add(scope, &named), kind: Some(kind) });
    }
    plans
}

/// Whether a function can be made of values of a type.
const fn knows(function: Aggregate, kind: &ColumnType) -> bool {
    match function {
        Aggregate::Count => true,
        Aggregate::Sum | Aggregate::Avg => matches!(kind, ColumnType::Number { .. } | ColumnType::Money),
        Aggregate::Min | Aggregate::Max => {
            matches!(kind, ColumnType::Number { .. } | ColumnType::Money | ColumnType::Date | ColumnType::Time)
        }
    }
}

fn check_sort(grouping: &Grouping, measures: &[MeasurePlan], violations: &mut Violations) {
    if grouping.sort.len() > MAX_KEYS + 1 {
        violations.add("/sort", "too_many", format!("must be at most {}", MAX_KEYS + 1));
    }
    for (index, sort) in grouping.sort.iter().enumerate().take(MAX_KEYS + 1) {
        let pointer = format!("/sort/{index}");
        let is_there = match sort.by {
            GroupKey::Key(key) => key < grouping.group_by.len(),
            GroupKey::Measure(measure) => measure < grouping.aggregates.len(),
        };
        if !is_there {
            violations.add(pointer, "unknown_field", "is not among what is asked for");
            continue;
        }
        let GroupKey::Measure(measure) = sort.by else { continue };
        let plan = measures.get(measure).filter(|plan| plan.function != Aggregate::Count);
        if plan.is_some_and(|plan| plan.kind == Some(ColumnType::Money)) {
            violations.add(pointer, "unsupported_sort", "is money, of which there may be several currencies");
        }
    }
}
