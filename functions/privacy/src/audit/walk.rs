//! Going through events, newest first, with a bound on how much one request looks at.

use std::collections::{BTreeSet, HashMap};

use api::Room;
use events::{Document, Event};
use kernel::{AnyId, Error, Id, Result, kinds};
use records::Cx;
use serde_json::Value;
use table::Key;

use super::asked::{Asked, Cursor};
use super::told::{Reader, Told};
use crate::calendar::{begin_of, moved};

/// The most events that one request looks at.
const MAX_EXAMINED: usize = 1_000;
/// The most days that one request looks at.
const MAX_DAYS: usize = 31;
/// How many events are read at once: as many as one batch takes.
const BATCH: u16 = 100;
/// Where events lie that happened to nobody's record: what somebody was denied, what was handed out to them.
pub(super) const BESIDE: &str = "audit";

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) events: Vec<Told>,
    /// Where to go on, if there may be more.
    pub(super) next: Option<String>,
}

/// The events that are asked for, as many as are wanted and have room.
///
/// # Errors
/// When the table does not answer.
pub(super) async fn walk(cx: &Cx, asked: &Asked) -> Result<Walked> {
    let reader = Reader::of(cx).await?;
    let (room, last) = (Room::new(), asked.cursor.clone());
    let mut collected = Collected { asked, reader, room, examined: 0, events: Vec::new(), last };
    match asked.record {
        Some(record) => of_record(cx, record, &mut collected).await,
        None => of_days(cx, &mut collected).await,
    }
    .map(|next| Walked { events: collected.events, next: next.map(|cursor| cursor.to_string()) })
}

/// What was found so far.
struct Collected<'a> {
    asked: &'a Asked,
    reader: Reader,
    room: Room,
    examined: usize,
    events: Vec<Told>,
    /// The last event that needs not be looked at again.
    last: Option<Cursor>,
}

impl Collected<'_> {
    /// Takes the next event. `false`: there is no room for it, and it is the first one of the next page.
    fn take(&mut self, event: Event) -> bool {
        let place = Cursor { day: event.at.day(), behind: Some(event.id) };
        if self.asked.has(&event) {
            let event = self.reader.told(event);
            let is_full = self.events.len() == self.asked.limit || !self.room.take([&super::shown::event(&event)]);
            // One that is larger than an answer is answered alone: nothing is left out.
            if is_full && !self.events.is_empty() {
                return false;
            }
            self.events.push(event);
        }
        self.examined += 1;
        self.last = Some(place);
        true
    }

    /// How many events are worth reading at once: no more than are wanted where every one is.
    fn batch(&self) -> u16 {
        let is_filtered = self.asked.who.is_some() || self.asked.action.is_some();
        let left = self.asked.limit + 1 - self.events.len();
        if is_filtered { BATCH } else { u16::try_from(left).unwrap_or(BATCH).min(BATCH) }
    }

    const fn is_tired(&self) -> bool {
        self.examined >= MAX_EXAMINED
    }
}

/// Events of days. Answers where to go on.
async fn of_days(cx: &Cx, collected: &mut Collected<'_>) -> Result<Option<Cursor>> {
    let asked = collected.asked;
    let start = asked.cursor.clone().unwrap_or_else(|| Cursor { day: asked.to.clone(), behind: None });
    let known = Known::of(cx, &asked.from, &start.day).await?;
    let (mut day, mut behind) = (start.day, start.behind);
    for _ in 0..MAX_DAYS {
        while known.may_have_some(&day) {
            if collected.is_tired() {
                return Ok(Some(Cursor { day, behind }));
            }
            let page = cx.table.events_of_day(&day, behind, collected.batch(), true).await?;
            behind = page.events.last().map(|(id, _)| *id).or(behind);
            let keys: Vec<Key> = page.events.into_iter().map(|(_, key)| key).collect();
            for event in read(cx, &keys).await? {
                if !collected.take(event) {
                    return Ok(collected.last.clone());
                }
            }
            if !page.more {
                break;
            }
        }
        if day == asked.from {
            return Ok(None);
        }
        (day, behind) = (moved(&day, -1)?, None);
    }
    Ok(Some(Cursor { day, behind }))
}

/// Which days can have events: those that have a seal, closed or open, and those behind the last closed one, whose events may be
/// on their way to it. Whoever closes one looks at every day before it.
struct Known {
    days: BTreeSet<String>,
    closed: Option<String>,
}

impl Known {
    async fn of(cx: &Cx, from: &str, to: &str) -> Result<Self> {
        let seals = cx.table.seals(from, to, 400, false).await?;
        let closed = seals.iter().filter(|seal| seal.sealed_at.is_some()).map(|seal| seal.day.clone()).max();
        Ok(Self { days: seals.into_iter().map(|seal| seal.day).collect(), closed })
    }

    fn may_have_some(&self, day: &str) -> bool {
        self.days.contains(day) || self.closed.as_deref().is_none_or(|closed| closed < day)
    }
}

/// Events of one record. Answers where to go on.
async fn of_record(cx: &Cx, record: AnyId, collected: &mut Collected<'_>) -> Result<Option<Cursor>> {
    let asked = collected.asked;
    let objects = objects_of(cx, record).await?;
    // Ids begin with the time at which they were made.
    let end = first_id(&moved(&asked.to, 1)?)?;
    let mut behind = Some(asked.cursor.as_ref().map_or(Some(end), |cursor| cursor.behind).unwrap_or(end));
    while !collected.is_tired() {
        let page = page_of_record(cx, &objects, record, behind, collected.batch()).await?;
        behind = page.last().map(|event| event.id);
        if page.is_empty() {
            return Ok(None);
        }
        for event in page {
            if event.at.day() < asked.from {
                return Ok(None);
            }
            // An id may be made some moments after the time that its event says.
            if event.at.day() <= asked.to && !collected.take(event) {
                return Ok(collected.last.clone());
            }
        }
    }
    Ok(collected.last.clone())
}

/// The newest events of a record behind an id, of all objects that it could be of, none if there are no more.
async fn page_of_record(
    cx: &Cx,
    objects: &[String],
    record: AnyId,
    behind: Option<Id<kinds::Event>>,
    limit: u16,
) -> Result<Vec<Event>> {
    let keys = cx.table.keys();
    let (mut events, mut ends) = (Vec::new(), Vec::new());
    for object in objects {
        let parent = keys.record(object, record);
        let after = behind.map(|event| keys.event(object, record, event).sk().to_owned());
        let page = cx.table.children(&parent, keys.events_prefix(), after.as_deref(), limit, true).await?;
        let found: Vec<Event> = page.documents.into_iter().map(parse).collect::<Result<_>>()?;
        ends.extend(page.next.and(found.last()).map(|event| event.id));
        events.extend(found);
    }
    // Behind the end of one of them the other ones are not known to be the next.
    let end = ends.into_iter().max();
    events.retain(|event| end.is_none_or(|end| event.id >= end));
    events.sort_by_key(|event| std::cmp::Reverse(event.id));
    Ok(events)
}

/// The objects under whose keys events of a record can lie.
async fn objects_of(cx: &Cx, record: AnyId) -> Result<Vec<String>> {
    let prefix = record.prefix();
    let built_in = kinds::ALL.iter().find(|(known, _)| *known == prefix.as_str()).map(|(_, name)| *name);
    Ok(match built_in {
        // What a role may do, and how records are described, has no id of its own.
        Some("workspace") => ["workspace", "schema", "role"].map(str::to_owned).into(),
        Some("user") => vec!["user".to_owned(), BESIDE.to_owned()],
        Some(name) => vec![name.to_owned()],
        None => cx.schema().await?.of_prefix(prefix).map(|object| object.name.clone()).into_iter().collect(),
    })
}

/// What sorts before all ids that are made on a day and after.
fn first_id(day: &str) -> Result<Id<kinds::Event>> {
    // A request takes its time before it makes ids, and may make them on the next day.
    let millis = u64::try_from(begin_of(day)?.plus_seconds(3_600).as_millis()).unwrap_or(0);
    format!("evt_{millis:012x}70008000000000000000").parse().map_err(Error::bug)
}

/// Events by their keys, in their order. One round trip for 100.
async fn read(cx: &Cx, keys: &[Key]) -> Result<Vec<Event>> {
    let mut found: HashMap<Key, Document> = cx.table.get_each(keys).await?;
    keys.iter().filter_map(|key| found.remove(key)).map(parse).collect()
}

fn parse(document: Document) -> Result<Event> {
    serde_json::from_value(Value::Object(document)).map_err(Error::unreadable("event"))
}
