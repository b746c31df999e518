//! All records of an object that look alike, in groups: the list of duplicates.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

use kernel::{Error, Position, Result, Timestamp};
use rusqlite::Transaction;
use rusqlite::params_from_iter;
use serde_json::{Value, json};

use crate::ask::{millis, scope, too_expensive};
use crate::cursor::{Cursor, Key};
use crate::duplicates::{Alike, Reason, Traits, here};
use crate::part::Part;
use crate::prepared::prepare;
use crate::query::MAX_LIMIT;
use crate::replicas::Replica;
use crate::schema::Schema;
use crate::scope::{OWN, Scope};
use crate::shown::{Found, Raw, Shown};
use crate::visible::Visibility;

/// The most records of one group that are answered; [`LookAlikes::count`] says how many there are.
pub const MAX_MEMBERS: usize = 20;
/// After how many bytes of documents a page ends that has a group: more find room in no answer.
const MAX_BYTES: usize = 4 << 20;
/// After how many records the clock is looked at.
const STEPS: usize = 256;

/// Groups of records that look alike, the one with the oldest record first.
#[derive(Debug, Clone, PartialEq)]
pub struct LookAlikeGroups {
    /// The groups.
    pub groups: Vec<LookAlikes>,
    /// Whether there are more after the last of them.
    pub has_more: bool,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
    /// When the question was asked.
    pub as_of: Timestamp,
    /// How long SQLite worked, in milliseconds.
    pub replica_ms: f64,
    /// Where the page could end: after each of its groups.
    ends: Vec<Cursor>,
}

impl LookAlikeGroups {
    /// Where the next page begins if this one ends after some of its groups, at least one, since there is no room for all.
    #[must_use]
    pub fn cursor_after(&self, count: usize) -> Option<String> {
        match self.ends.get(count.saturating_sub(1)) {
            Some(end) if (1..self.ends.len()).contains(&count) => Some(end.encode()),
            _ => self.next_cursor.clone(),
        }
    }
}

/// Some records that have a value in common by which records look alike.
#[derive(Debug, Clone, PartialEq)]
pub struct LookAlikes {
    /// Why, the strongest reason first: what all of them have in common.
    pub reasons: Vec<Reason>,
    /// How many there are.
    pub count: usize,
    /// The first [`MAX_MEMBERS`] of them, the oldest first.
    pub records: Vec<Found>,
}

/// Something that records can have in common.
type Trait = (Reason, String);

/// A group by the numbers of its records, and where it stands among the groups.
struct Group {
    place: Place,
    reasons: Vec<Reason>,
    members: Vec<usize>,
}

/// Where a group stands: by its oldest record, then by the strongest of what its records have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    oldest: String,
    common: Trait,
}

/// A record by its row and its id.
type Member = (i64, String);

/// A group as it was read.
type Read = (Place, Vec<Reason>, usize, Vec<Raw>);

impl Replica {
    /// Groups of records outside the trash that look alike. A record can be in several: alike to one by its email address
    /// and to another by its name. Records that have several values in common are one group with several reasons.
    ///
    /// Pages fit together as long as the oldest records of the groups stay as they are.
    ///
    /// # Errors
    /// Violations at `/limit` (1 to 200); `too_expensive` when looking took too long; `cursor_mismatch` for a cursor of another
    /// list; [`Error::NotFound`] for an object that there is not; [`Error::Unavailable`] when the replica is too far behind.
    pub async fn duplicate_groups(
        &self,
        object: &str,
        visibility: &Visibility,
        limit: u16,
        cursor: Option<&str>,
        position: &Position,
    ) -> Result<LookAlikeGroups> {
        let list = json!(["look_alikes", object, visibility]);
        let cursor = cursor.map(|text| Cursor::decode(text, self.table.workspace_id(), &list)).transpose()?;
        let after = cursor.as_ref().map(Place::read).transpose()?;
        if limit == 0 || limit > MAX_LIMIT {
            return Err(Error::invalid("/limit", "out_of_range", format!("must be from 1 to {MAX_LIMIT}")));
        }
        self.check(|schema| scope(schema, object, visibility).map(drop)).await?;
        let as_of = self.follow(position).await?;
        let started = Instant::now();
        let until = started + self.limits().statement;
        let limit = usize::from(limit);
        let make = |schema: &Schema| Ok(Question::new(&scope(schema, object, visibility)?));
        let run = |transaction: &Transaction<'_>, question: &Question| {
            let read = question.run(transaction, after.as_ref(), limit, until)?;
            Ok(read.map(|read| (read, question.shown.clone())))
        };
        let Some(((read, has_more), shown)) = self.put_bounded(make, run)? else {
            return Err(too_expensive());
        };
        let ends: Vec<Cursor> = read.iter().map(|(place, ..)| place.cursor(self, &list)).collect();
        let next_cursor = ends.last().filter(|_| has_more).map(Cursor::encode);
        let group = |(_, reasons, count, raws): Read| {
            let records = raws.iter().map(|raw| shown.found(raw)).collect::<Result<_>>()?;
            Ok(LookAlikes { reasons, count, records })
        };
        let groups = read.into_iter().map(group).collect::<Result<_>>()?;
        Ok(LookAlikeGroups { groups, has_more, next_cursor, as_of, replica_ms: millis(started), ends })
    }
}

impl Place {
    fn cursor(&self, replica: &Replica, list: &Value) -> Cursor {
        let (reason, value) = &self.common;
        let keys = vec![Key::Integer(*reason as i64), Key::Text(value.clone())];
        Cursor::new(replica.table.workspace_id(), list, keys, self.oldest.clone())
    }

    fn read(cursor: &Cursor) -> Result<Self> {
        let reasons = [Reason::Email, Reason::Phone, Reason::Domain, Reason::NameAndCompany, Reason::Name];
        match cursor.keys.as_slice() {
            [Key::Integer(reason), Key::Text(value)] => {
                let reason = reasons.into_iter().find(|known| *known as i64 == *reason).ok_or_else(Cursor::forged)?;
                Ok(Self { oldest: cursor.id.clone(), common: (reason, value.clone()) })
            }
            _ => Err(Cursor::forged()),
        }
    }
}

/// The question for all look-alikes of an object.
struct Question {
    statement: Part,
    has_company: bool,
    shown: Shown,
}

impl Question {
    fn new(scope: &Scope<'_>) -> Self {
        let traits = Traits::new(scope);
        let select =
            format!("SELECT {OWN}.row, {OWN}.f_id, {} FROM {} {OWN} WHERE ", traits.values(), scope.table.name);
        let mut statement = Part::of(select);
        statement.push(Part::and([here()].into_iter().chain(scope.visible(OWN))));
        Self { statement, has_company: traits.has_company(), shown: Shown::new(scope) }
    }

    /// The groups after a place, and whether there are more; `None`: the time is over.
    fn run(
        &self,
        transaction: &Transaction<'_>,
        after: Option<&Place>,
        limit: usize,
        until: Instant,
    ) -> rusqlite::Result<Option<(Vec<Read>, bool)>> {
        let mut members: Vec<Member> = Vec::new();
        let mut known: HashMap<Trait, Vec<usize>> = HashMap::new();
        let mut select = prepare(transaction, &self.statement.text)?;
        let mut rows = select.query(params_from_iter(&self.statement.values))?;
        while let Some(row) = rows.next()? {
            if members.len().is_multiple_of(STEPS) && Instant::now() > until {
                return Ok(None);
            }
            for common in traits_of(Alike::read(row, 2, self.has_company)?) {
                known.entry(common).or_default().push(members.len());
            }
            members.push((row.get(0)?, row.get(1)?));
        }
        let mut groups = grouped(&members, known);
        groups.sort_unstable_by(|a, b| a.place.cmp(&b.place));
        let mut rest = groups.into_iter().filter(|group| after.is_none_or(|after| group.place > *after));
        let (mut read, mut bytes) = (Vec::new(), 0);
        while read.len() < limit && bytes < MAX_BYTES {
            let Some(group) = rest.next() else { break };
            let raws = group.members.iter().take(MAX_MEMBERS);
            let raws = raws.map(|number| self.shown.read(transaction, members[*number].0));
            let raws = raws.collect::<rusqlite::Result<Vec<Raw>>>()?;
            bytes += raws.iter().map(Raw::bytes).sum::<usize>();
            read.push((group.place, group.reasons, group.members.len(), raws));
        }
        Ok(Some((read, rest.next().is_some())))
    }
}

fn traits_of(alike: Alike) -> Vec<Trait> {
    let several = [(Reason::Email, alike.emails), (Reason::Phone, alike.phones), (Reason::Domain, alike.domains)];
    let several = several.into_iter().flat_map(|(reason, values)| values.into_iter().map(move |value| (reason, value)));
    let named = alike.named.map(|(name, company)| (Reason::NameAndCompany, [name, company].join("\n")));
    let name = alike.name.map(|name| (Reason::Name, name));
    several.chain(named).chain(name).collect()
}

/// Records with the same of something are a group; those that are the same records are one.
fn grouped(members: &[Member], known: HashMap<Trait, Vec<usize>>) -> Vec<Group> {
    let mut by_members: BTreeMap<Vec<usize>, BTreeSet<Trait>> = BTreeMap::new();
    for (common, mut numbers) in known.into_iter().filter(|(_, numbers)| numbers.len() > 1) {
        numbers.sort_unstable_by(|a, b| members[*a].1.cmp(&members[*b].1));
        by_members.entry(numbers).or_default().insert(common);
    }
    let group = |(numbers, common): (Vec<usize>, BTreeSet<Trait>)| {
        let oldest = members[*numbers.first()?].1.clone();
        let mut reasons: Vec<Reason> = common.iter().map(|(reason, _)| *reason).collect();
        reasons.dedup();
        Some(Group { place: Place { oldest, common: common.into_iter().next()? }, reasons, members: numbers })
    };
    by_members.into_iter().filter_map(group).collect()
}
