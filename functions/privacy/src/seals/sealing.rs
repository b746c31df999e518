//! Closing the days of a workspace, one after the other, each behind the one before it.

use std::collections::BTreeMap;
use std::time::Instant;

use events::{Chain, Entry};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use kernel::{Clock, Error, Result};
use table::{Key, Seal, TenantTable};

use crate::calendar::{ENDS, first_day, moved};

/// How many events are counted before that is noted.
const STEP: u16 = 1_000;
/// How many events are read at once, and how many such batches side by side.
const BATCH: usize = 100;
const SIDE_BY_SIDE: usize = 4;
/// How many seals are looked at in one request.
const PAGE: u16 = 100;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sealed {
    /// How many days were closed.
    pub days: u64,
    /// How many events were counted.
    pub events: u64,
    /// Whether some are left for later, since time was up or another worker is at it.
    pub is_late: bool,
}

/// Closes every day of a workspace up to one that is due, the earliest first. Goes on where it was stopped, and does nothing that
/// is done; two at once do the work of one.
///
/// Days that nobody has noted are closed as well, where they have events and stand between others: it costs two read units to
/// see that a day has none.
///
/// # Errors
/// When the table does not answer.
pub async fn seal(table: &TenantTable, clock: &Clock, through: &str, until: Instant) -> Result<Sealed> {
    let (mut before, mut open) = known(table, through).await?;
    let mut done = Sealed::default();
    let mut day = match &before {
        Some(seal) => moved(&seal.day, 1)?,
        None => first_day(table.workspace_id()).min(open.keys().next().cloned().unwrap_or_else(|| through.to_owned())),
    };
    while day.as_str() <= through {
        let stored = match open.remove(&day) {
            Some(seal) => Some(seal),
            None if table.events_of_day(&day, None, 1, false).await?.events.is_empty() => None,
            None => Some(Seal { version: 0, ..Seal::open(&day) }),
        };
        if let Some(seal) = stored {
            match close(table, clock, seal, before.as_ref(), until, &mut done).await? {
                Some(closed) => before = Some(closed),
                None => return Ok(Sealed { is_late: true, ..done }),
            }
        }
        day = moved(&day, 1)?;
    }
    Ok(done)
}

/// The last closed seal up to a day, and the open ones behind it.
async fn known(table: &TenantTable, through: &str) -> Result<(Option<Seal>, BTreeMap<String, Seal>)> {
    let (mut open, mut to) = (BTreeMap::new(), through.to_owned());
    loop {
        let page = table.seals(ENDS[0], &to, PAGE, true).await?;
        let is_last = page.len() < usize::from(PAGE);
        for seal in page {
            if seal.sealed_at.is_some() {
                return Ok((Some(seal), open));
            }
            to = moved(&seal.day, -1)?;
            open.insert(seal.day.clone(), seal);
        }
        if is_last {
            return Ok((None, open));
        }
    }
}

/// Counts a day's events from where that was left. `None`: time is up, or somebody else is at it.
async fn close(
    table: &TenantTable,
    clock: &Clock,
    mut seal: Seal,
    before: Option<&Seal>,
    until: Instant,
    done: &mut Sealed,
) -> Result<Option<Seal>> {
    let head = before.and_then(|before| before.chain).map(|chain| chain.head);
    let mut chain = seal.chain.unwrap_or_else(|| Chain::begin(table.workspace_id(), &seal.day, head));
    (seal.before, seal.day_before) = (head, before.map(|before| before.day.clone()));
    loop {
        let page = table.events_of_day(&seal.day, seal.through, STEP, false).await?;
        let keys: Vec<Key> = page.events.iter().map(|(_, key)| key.clone()).collect();
        let entries = entries(table, &keys).await?;
        if entries.len() != keys.len() {
            // The catalog follows the table within moments: what it names is there, or its name goes as well.
            return Err(Error::unavailable("the catalog names events that are not there"));
        }
        let fingerprints: Vec<_> = entries.iter().map(Entry::fingerprint).collect();
        fingerprints.iter().for_each(|entry| chain.add(entry));
        if !fingerprints.is_empty() {
            let traces = fingerprints.iter().flat_map(events::Fingerprint::trace).collect();
            table.keep_traces(&seal.day, seal.traces, traces).await?;
            seal.traces += 1;
        }
        (seal.chain, seal.through) = (Some(chain), entries.last().map(|entry| entry.id).or(seal.through));
        seal.sealed_at = (!page.more).then(|| clock.now());
        if !table.move_seal(&seal).await? {
            return Ok(None);
        }
        seal.version += 1;
        done.events += entries.len() as u64;
        if seal.sealed_at.is_some() {
            done.days += 1;
            tracing::info!(
                workspace.id = %table.workspace_id(), day = seal.day, events = chain.count, head = %chain.head, "a day is sealed"
            );
            return Ok(Some(seal));
        }
        if Instant::now() > until {
            return Ok(None);
        }
    }
}

/// What chains are made of, of some events, by id.
async fn entries(table: &TenantTable, keys: &[Key]) -> Result<Vec<Entry>> {
    let batches: Vec<Vec<Key>> = keys.chunks(BATCH).map(<[Key]>::to_vec).collect();
    let read = stream::iter(batches).map(async |keys| table.entries(&keys).await).buffered(SIDE_BY_SIDE);
    let read: Vec<Vec<Entry>> = read.try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}
