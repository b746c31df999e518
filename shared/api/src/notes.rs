//! What happens often and is noted seldom: that somebody was denied something, or was handed something out. The first time is
//! noted at once; what follows within some seconds is counted, and noted together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use events::{Event, FieldChange};
use kernel::{AnyId, Error, Id, Result, Timestamp, Version, kinds};
use records::Cx;
use serde_json::{Value, json};
use table::{Changes, Meter, Refused};

/// For how long what happens again is only counted.
const PAUSE_MS: i64 = 10_000;
/// How many records a note names: of those that follow it is only known how many times it happened.
const MAX_RECORDS: usize = 20;
/// How many callers and things a process keeps in mind. Beyond them nothing is only counted.
const MAX_KNOWN: usize = 10_000;
/// How many different things of one caller are noted one by one within that time, where a note says what is said of all others.
const MAX_APART: usize = 8;

/// An event of something that changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// Under the key of which object it lies: where it is found besides its day.
    pub object: &'static str,
    /// What happened, in the past tense.
    pub name: &'static str,
    /// To which record.
    pub record: AnyId,
    /// That record's version, 0 where it is not at hand.
    pub version: Version,
    /// What else is said of it.
    pub about: Vec<(&'static str, Value)>,
    /// What is said instead, once the caller has done eight such things within some seconds: the others are noted
    /// together, so that nobody fills the table by trying everything. `None`: each is noted, whoever does it was allowed to.
    pub together: Option<Vec<(&'static str, Value)>>,
}

/// What things are called that are noted together: no operation and no id.
const TOGETHER: &str = "*";

/// Who does what.
type Known = (Id<kinds::Workspace>, Id<kinds::User>, Option<Id<kinds::ApiKey>>, &'static str, String);

/// What has happened since it was noted.
#[derive(Debug)]
struct Since {
    noted: Timestamp,
    times: u64,
    records: BTreeSet<AnyId>,
    /// The last one, which is noted for all of them.
    last: Option<(Cx, Note)>,
}

/// Notes of a process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Notes(Arc<Mutex<BTreeMap<Known, Since>>>);

impl Notes {
    /// Notes that something happened, or counts it if the caller has done the very same (`what`) within the last ten seconds.
    /// One round trip at most. `touched` is a record that it was about.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn note(&self, cx: &Cx, what: &str, mut note: Note, touched: Option<AnyId>) -> Result<()> {
        let now = cx.clock.now();
        let mut known = (cx.caller.workspace, cx.caller.user, cx.caller.api_key, note.name, what.to_owned());
        if self.has_many_beside(&known)
            && let Some(together) = note.together.take()
        {
            note.about = together;
            TOGETHER.clone_into(&mut known.4);
        }
        let Some((times, records)) = self.count(known, (cx, &note), touched, now) else { return Ok(()) };
        write(cx, &note, times, &records).await
    }

    /// Whether the caller has lately done as many other such things as are noted one by one.
    fn has_many_beside(&self, known: &Known) -> bool {
        let all = self.locked();
        let (workspace, user, key, name, _) = known;
        let first = (*workspace, *user, *key, *name, String::new());
        let theirs = all.range(first..).map(|(one, _)| one);
        let theirs = theirs.take_while(|one| (one.0, one.1, one.2, one.3) == (*workspace, *user, *key, *name));
        !all.contains_key(known) && theirs.filter(|one| one.4 != TOGETHER).take(MAX_APART).count() == MAX_APART
    }

    /// How often it has happened by now and with which records; `None` while it is only counted.
    fn count(
        &self,
        known: Known,
        (cx, note): (&Cx, &Note),
        touched: Option<AnyId>,
        now: Timestamp,
    ) -> Option<(u64, BTreeSet<AnyId>)> {
        let mut all = self.locked();
        let fresh = || Since { noted: now.plus_millis(-PAUSE_MS), times: 0, records: BTreeSet::new(), last: None };
        if all.len() >= MAX_KNOWN && !all.contains_key(&known) {
            return Some((1, touched.into_iter().collect()));
        }
        let since = all.entry(known).or_insert_with(fresh);
        since.times += 1;
        since.records.extend(touched.filter(|_| since.records.len() < MAX_RECORDS));
        if now.as_millis() - since.noted.as_millis() < PAUSE_MS {
            since.last = Some((cx.clone(), note.clone()));
            return None;
        }
        let noted = (since.times, std::mem::take(&mut since.records));
        *since = Since { noted: now, ..fresh() };
        Some(noted)
    }

    /// Notes what was only counted and has been so for long enough, and forgets what has not happened again.
    pub(crate) async fn catch_up(&self, now: Timestamp) {
        for (cx, note, times, records) in self.overdue(now) {
            // Not what this request has cost.
            let cx = Cx { table: cx.table.metered(Meter::default()), ..cx };
            if let Err(error) = Box::pin(write(&cx, &note, times, &records)).await {
                tracing::error!(error.code = error.code(), error.cause = ?error, times, "what was counted could not be noted");
            }
        }
    }

    fn overdue(&self, now: Timestamp) -> Vec<(Cx, Note, u64, BTreeSet<AnyId>)> {
        let mut overdue = Vec::new();
        self.locked().retain(|_, since| {
            let is_over = now.as_millis() - since.noted.as_millis() >= PAUSE_MS;
            if let Some((cx, note)) = since.last.take_if(|_| is_over) {
                overdue.push((cx, note, std::mem::take(&mut since.times), std::mem::take(&mut since.records)));
                since.noted = now;
                return true;
            }
            !is_over
        });
        overdue
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Known, Since>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(cx: &Cx, note: &Note, times: u64, records: &BTreeSet<AnyId>) -> Result<()> {
    let touched = Some(json!(records)).filter(|_| !records.is_empty()).map(|records| ("records", records));
    let about = note.about.iter().cloned().chain(touched).chain([("times", json!(times))]);
    let change = |after| FieldChange { before: Value::Null, after };
    let event = Event {
        id: cx.ids.next(),
        name: note.name.to_owned(),
        workspace: cx.caller.workspace,
        record: note.record,
        version: note.version,
        at: cx.clock.now(),
        by: cx.caller.actor(),
        request_id: cx.request_id.clone(),
        job: None,
        quiet: true,
        changes: about.map(|(name, after)| (name.to_owned(), change(after))).collect::<BTreeMap<_, _>>(),
        salt: None,
        digest: String::new(),
    };
    let mut changes = Changes::new();
    changes.event(cx.table.keys(), note.object, &event.sealed(cx.ids.salt()), None)?;
    cx.table.commit(&changes).await.map(drop).map_err(|refused| match refused {
        Refused::Failed(error) => error,
        other => Error::bug(format!("a note was refused: {other:?}")),
    })
}
