//! Whether the events of days are still what was sealed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use events::{Chain, Document, Entry, Event, Fingerprint};
use kernel::{AnyId, Error, Id, Result, Timestamp, kinds};
use serde_json::Value;
use table::{Key, Seal, TenantTable};

use super::difference::{Difference, first_difference};
use crate::calendar::{ENDS, first_day, moved};

/// How many events are read at once.
const BATCH: u16 = 100;
/// How many hours late a seal may be: the scheduler runs once an hour, and takes its turns.
const LATE_HOURS: i64 = 24;

/// What is wrong with a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// Who, when or which record of an event was changed, or the digest of what it says.
    Changed(Id<kinds::Event>),
    /// What an event says is not what was sealed.
    Payload(Id<kinds::Event>),
    /// What an event says is gone, although its record was not erased.
    Emptied(Id<kinds::Event>),
    /// An event was put in after the day was sealed.
    Added(Id<kinds::Event>),
    /// An event is missing behind this one; `None`: the first of the day.
    Removed(Option<Id<kinds::Event>>),
    /// The seal is not the one that was written: the events come to something else, and each is as its trace says.
    Seal,
    /// The seal does not go on from what the day before comes to: one of the two was changed, or a day between them is missing.
    Unlinked,
    /// There are events and no seal, though the day is over for long.
    Unsealed,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed(event) => write!(f, "changed: {event} is not the event that was sealed"),
            Self::Payload(event) => write!(f, "changed: {event} says something else than its digest does"),
            Self::Emptied(event) => write!(f, "changed: {event} was emptied, and its record was not erased"),
            Self::Added(event) => write!(f, "added: {event} was not there when the day was sealed"),
            Self::Removed(Some(event)) => write!(f, "removed: an event behind {event} is missing"),
            Self::Removed(None) => f.write_str("removed: the first event of the day is missing"),
            Self::Seal => f.write_str("changed: the seal is not what the events come to"),
            Self::Unlinked => f.write_str("changed: the seal does not go on from the day before"),
            Self::Unsealed => f.write_str("not sealed: the day is over for long"),
        }
    }
}

/// What was found of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The day in UTC.
    pub day: String,
    /// How many events it has.
    pub events: u64,
    /// How many of them were emptied by erasures.
    pub erased: u64,
    /// What it comes to, where it is sealed.
    pub head: Option<Fingerprint>,
    /// What is wrong with it, the first of each sort.
    pub wrong: Vec<Wrong>,
}

/// What was found in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many days have events.
    pub days: u64,
    /// How many events they have.
    pub events: u64,
    /// On how many days something is wrong.
    pub wrong: u64,
}

/// Goes through the events of days, both ends included, and tells of each that has some, or should.
///
/// Without an end: from the day
/// that the workspace was made on, and up to today. Reads every event once, and writes nothing.
///
/// # Errors
/// When the table does not answer.
pub async fn verify(
    table: &TenantTable,
    now: Timestamp,
    from: Option<&str>,
    to: Option<&str>,
    mut tell: impl FnMut(Told),
) -> Result<Verdict> {
    let seals = all_seals(table).await?;
    let first = first_day(table.workspace_id()).min(seals.keys().next().cloned().unwrap_or_else(|| now.day()));
    let (from, to) = (from.map_or(first, str::to_owned), to.map_or_else(|| now.day(), str::to_owned));
    let mut before: Option<&Seal> = closed(&seals).rfind(|seal| seal.day < from);
    let (mut day, mut verdict) = (from, Verdict::default());
    while day <= to {
        let seal = seals.get(&day).filter(|seal| seal.sealed_at.is_some());
        let read = read(table, &day).await?;
        if seal.is_some() || !read.entries.is_empty() {
            let mut wrong = read.wrong;
            match seal {
                Some(seal) => wrong.extend(compare(table, seal, before, &read.entries).await?),
                None => wrong.extend(is_late(&day, now).then_some(Wrong::Unsealed)),
            }
            verdict.days += 1;
            verdict.events += read.entries.len() as u64;
            verdict.wrong += u64::from(!wrong.is_empty());
            let (events, head) = (read.entries.len() as u64, seal.and_then(|seal| seal.chain).map(|chain| chain.head));
            tell(Told { day: day.clone(), events, erased: read.erased, head, wrong });
        }
        before = seal.or(before);
        day = moved(&day, 1)?;
    }
    Ok(verdict)
}

fn closed(seals: &BTreeMap<String, Seal>) -> impl DoubleEndedIterator<Item = &Seal> {
    seals.values().filter(|seal| seal.sealed_at.is_some())
}

fn is_late(day: &str, now: Timestamp) -> bool {
    Seal::due(day).is_none_or(|due| due.plus_seconds(LATE_HOURS * 3_600) < now)
}

async fn all_seals(table: &TenantTable) -> Result<BTreeMap<String, Seal>> {
    let (mut all, mut from) = (BTreeMap::new(), ENDS[0].to_owned());
    loop {
        let page = table.seals(&from, ENDS[1], 500, false).await?;
        let Some(last) = page.last() else { return Ok(all) };
        from = moved(&last.day, 1)?;
        all.extend(page.into_iter().map(|seal| (seal.day.clone(), seal)));
    }
}

/// What is wrong with a sealed day, if anything is.
async fn compare(
    table: &TenantTable,
    seal: &Seal,
    before: Option<&Seal>,
    found: &[(Id<kinds::Event>, Fingerprint)],
) -> Result<Vec<Wrong>> {
    let mut wrong = Vec::new();
    let head = before.and_then(|before| before.chain).map(|chain| chain.head);
    if seal.before != head || seal.day_before.as_ref() != before.map(|before| &before.day) {
        wrong.push(Wrong::Unlinked);
    }
    // From what the seal itself goes on from, so that what is wrong with one day is not told of all that follow it.
    let mut chain = Chain::begin(table.workspace_id(), &seal.day, seal.before);
    found.iter().for_each(|(_, entry)| chain.add(entry));
    if seal.chain != Some(chain) {
        let traces = table.traces(&seal.day, seal.traces).await?;
        wrong.push(match first_difference(&traces, found) {
            Difference::Changed(event) => Wrong::Changed(event),
            Difference::Added(event) => Wrong::Added(event),
            Difference::Removed(event) => Wrong::Removed(event),
            Difference::Nowhere => Wrong::Seal,
        });
    } else if chain.count == 0 {
        // Nobody notes a day on which nothing happened.
        wrong.push(Wrong::Removed(None));
    }
    Ok(wrong)
}

/// What the events of a day are.
struct Read {
    entries: Vec<(Id<kinds::Event>, Fingerprint)>,
    erased: u64,
    wrong: Vec<Wrong>,
}

async fn read(table: &TenantTable, day: &str) -> Result<Read> {
    let mut read = Read { entries: Vec::new(), erased: 0, wrong: Vec::new() };
    let (mut payload, mut emptied) = (None, None);
    let mut behind = None;
    loop {
        let page = table.events_of_day(day, behind, BATCH, false).await?;
        let keys: Vec<Key> = page.events.into_iter().map(|(_, key)| key).collect();
        let events = events(table, &keys).await?;
        for event in &events {
            read.entries.push((event.id, Entry::from(event).fingerprint()));
            read.erased += u64::from(event.salt.is_none());
            if event.is_intact() == Some(false) {
                payload.get_or_insert(Wrong::Payload(event.id));
            }
        }
        if emptied.is_none() {
            emptied = wrongly_emptied(table, &events).await?.map(Wrong::Emptied);
        }
        behind = events.last().map(|event| event.id).or(behind);
        if !page.more {
            break;
        }
    }
    read.wrong = payload.into_iter().chain(emptied).collect();
    Ok(read)
}

/// The first event that was emptied although its record is there. What somebody became part of keeps its other events: of the
/// merge nothing is left but which records it was about.
async fn wrongly_emptied(table: &TenantTable, events: &[Event]) -> Result<Option<Id<kinds::Event>>> {
    let emptied: Vec<&Event> = events.iter().filter(|event| event.salt.is_none() && event.changes.is_empty()).collect();
    let key = |event: &Event| {
        let object = event.name.split_once('.').map_or("", |(object, _)| object);
        table.keys().record(object, event.record)
    };
    let wanted: BTreeMap<AnyId, Key> = emptied.iter().map(|event| (event.record, key(event))).collect();
    let there = table.get_many(&wanted.into_values().collect::<Vec<_>>()).await?;
    let there: BTreeSet<&str> = there.iter().filter_map(|document| document.get("id")?.as_str()).collect();
    Ok(emptied.into_iter().find(|event| there.contains(event.record.to_string().as_str())).map(|event| event.id))
}

/// Events by their keys, in the order of those.
async fn events(table: &TenantTable, keys: &[Key]) -> Result<Vec<Event>> {
    let mut found: HashMap<Key, Document> = table.get_each(keys).await?;
    let parse = |document: Document| serde_json::from_value(Value::Object(document));
    let found = keys.iter().filter_map(|key| found.remove(key)).map(parse);
    found.collect::<Result<_, _>>().map_err(Error::unreadable("event"))
}
