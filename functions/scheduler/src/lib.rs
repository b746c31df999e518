//! Scheduler: work that is due, once an hour.
//!
//! | due | since | done |
//! |---|---|---|
//! | a record in the trash | its days there are over (setting `trash_days`) | it is erased, as `POST …/erase` does |
//! | a finished job | nobody has written it for [`records::JOB_DAYS`] | it is erased in the same way, with its chunks |
//! | a day with events | it is over for [`table::SEALED_AFTER_HOURS`] | it is sealed, with those before it ([`privacy::seal`]) |
//!
//! | access pattern | key condition | cost |
//! |---|---|---|
//! | what is due by now | gsi2 `DUE#shard` / `<` now, each of 4 shards, and `DUE#SEALS` | half a read unit each when nothing is |
//! | an erasure | the record, its events, transactions that empty them, the one that removes it | 4 round trips, more for a long history |
//! | a day's seal | its events' keys in gsi1, what chains are made of, the seal | half a read unit an event |
//! | putting off | the record, and the same once more with its new due time | 2 round trips |
//!
//! Owns no data. Whoever has put a record into the trash is who erases it: that was when it was decided. What was taken out
//! meanwhile, or is in the trash anew, stays; so does what cannot be erased now, until the next hour. What has got more days by
//! now gets its new due time, so that it is met once and not every hour before everything that is due behind it.
//! Events out: `*.erased`. Events in: none. Never lists, never looks for what is not due.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use api::App;
use auth::Caller;
use aws_lambda_events::event::cloudwatch_events::CloudWatchEvent;
use futures_util::stream::{self, StreamExt};
use kernel::{Id, Result, kinds};
use records::{Cx, Record, Rights, erase_due, put_off};
use table::{DUE_SHARDS, Due, DueAfter, DueDay, Meter};

/// For how long one run works; what is left then is left to the next one.
const TURN: Duration = Duration::from_secs(240);
/// For how long of it days are sealed: they come first, so that a full trash never keeps them waiting.
const SEALING: Duration = Duration::from_secs(90);
/// How many records or days one look at what is due names.
const PAGE: u16 = 100;
/// How many records are worked on side by side.
const SIDE_BY_SIDE: usize = 4;

/// Does what is due, in turns over the shards, the longest overdue first.
///
/// # Errors
/// When the table does not answer: then Lambda runs it again.
pub async fn handle(app: &App, _: CloudWatchEvent) -> Result<()> {
    let begun = Instant::now();
    let mut shards: VecDeque<(u32, Option<DueAfter>)> = (0..DUE_SHARDS).map(|shard| (shard, None)).collect();
    let (mut seen, mut erased, mut put_off) = (0, 0, 0);
    let sealed = seal_days(app, begun + SEALING).await?;
    while let Some((shard, after)) = shards.pop_front() {
        if begun.elapsed() > TURN {
            tracing::warn!(seen, erased, put_off, "more is due than one run does");
            return Ok(());
        }
        let page = app.tables.due(shard, app.clock.now(), PAGE, after).await?;
        seen += page.due.len();
        let mut outcomes = stream::iter(page.due).map(|due| settle(app, due)).buffer_unordered(SIDE_BY_SIDE);
        while let Some(done) = outcomes.next().await {
            erased += usize::from(done == Done::Erased);
            put_off += usize::from(done == Done::PutOff);
        }
        if page.next.is_some() {
            shards.push_back((shard, page.next));
        }
    }
    tracing::info!(seen, erased, put_off, sealed, "what was due is done");
    Ok(())
}

/// Seals the days that are due, as far as time goes, and tells how many. What is left, or cannot be sealed now, is due in the next
/// hour as well.
async fn seal_days(app: &App, until: Instant) -> Result<u64> {
    let (mut sealed, mut after) = (0, None);
    loop {
        let (due, next) = app.tables.due_days(app.clock.now(), PAGE, after).await?;
        // The last of each workspace: those before it come with it.
        let mut days = BTreeMap::<_, String>::new();
        for DueDay { workspace, day } in due {
            let last = days.entry(workspace).or_default();
            *last = day.max(std::mem::take(last));
        }
        let turns = stream::iter(days).map(|(workspace, day)| seal_day(app, workspace, day, until));
        let done: Vec<u64> = turns.buffer_unordered(SIDE_BY_SIDE).collect().await;
        sealed += done.iter().sum::<u64>();
        if next.is_none() || Instant::now() > until {
            return Ok(sealed);
        }
        after = next;
    }
}

async fn seal_day(app: &App, workspace: Id<kinds::Workspace>, day: String, until: Instant) -> u64 {
    if Instant::now() > until {
        return 0;
    }
    let table = app.tables.workspace(workspace, Meter::default());
    match Box::pin(privacy::seal(&table, &app.clock, &day, until)).await {
        Ok(sealed) => sealed.days,
        Err(error) => {
            tracing::warn!(
                workspace.id = %workspace, day, error.code = error.code(), error.cause = ?error, "a day is not sealed yet"
            );
            0
        }
    }
}

/// What was done for a record that the index has named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Erased,
    PutOff,
    Nothing,
}

/// Does what is due for one record.
async fn settle(app: &App, due: Due) -> Done {
    // Boxed: the futures of the SDK's calls inside are large.
    match Box::pin(erase(app, &due)).await {
        Ok(done) => done,
        Err(error) => {
            tracing::warn!(
                workspace.id = %due.workspace, record.id = %due.id, error.code = error.code(), error.cause = ?error,
                "a record stays in the trash for now"
            );
            Done::Nothing
        }
    }
}

/// Erases a record if its time in the trash is over, in the name of who has written it last: that is who has put it there.
async fn erase(app: &App, due: &Due) -> Result<Done> {
    let table = app.tables.workspace(due.workspace, Meter::default());
    let Some(document) = table.get(&table.keys().record(&due.object, due.id)).await? else { return Ok(Done::Nothing) };
    let schema = app.schemas.of(&table, &app.clock).await?;
    let Some(object) = schema.all().find(|object| object.name == due.object) else { return Ok(Done::Nothing) };
    let user = Record::read(object, document.clone())?.common.updated_by;
    let caller = Caller { user, api_key: None, workspace: due.workspace };
    let cx = Cx::new(caller, Rights::everything(user), table, app.schemas.clone(), app.clock.clone(), app.ids.clone());
    if put_off(&cx, object, document).await? {
        return Ok(Done::PutOff);
    }
    Ok(erase_due(&cx, object, due.id).await?.map_or(Done::Nothing, |_| Done::Erased))
}
