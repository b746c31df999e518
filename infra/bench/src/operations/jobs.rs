//! What jobs take of the table, which answer nobody: the worker says it in its log, message by message. Each job is about so many
//! records that what it takes besides them is little, and is divided by them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::asked::Cost;
use crate::crowd::Crowd;
use crate::http::Caller;
use crate::import;

/// All of them, in the order in which they are carried out: the import makes what the others work on.
pub(super) const JOBS: [&str; 4] =
    ["record of an import", "record of a bulk edit", "record of an export", "record of an undo"];
/// How many records each is about.
pub(super) const RECORDS: usize = 1_000;
/// How often each is carried out.
pub(super) const TIMES: usize = 3;
/// When one is given up.
const PATIENCE: Duration = Duration::from_secs(600);
/// What the worker logs of each message.
const SAID: &str = "a job went on";

/// What workers have said of jobs so far, by the jobs' ids. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told(Arc<Mutex<BTreeMap<String, Said>>>);

/// What was said of one job.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Said {
    cost: Cost,
    /// Whether a message has found nothing left to do.
    is_over: bool,
}

impl Told {
    /// Takes a line of the log in. False: it is about something else.
    pub(crate) fn takes(&self, line: &str) -> bool {
        let Some((job, said)) = read(line) else { return false };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(job).or_default();
        known.cost.trips += said.cost.trips;
        known.cost.read += said.cost.read;
        known.cost.written += said.cost.written;
        known.is_over |= said.is_over;
        true
    }

    /// What a job has taken, once it is over.
    fn of(&self, job: &str) -> Option<Cost> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(job).filter(|said| said.is_over).map(|said| said.cost)
    }
}

/// The job that a line is about, and what it says.
fn read(line: &str) -> Option<(String, Said)> {
    let (_, fields) = line.split_once(SAID)?;
    let field = |name: &str| {
        let mut fields = fields.split_whitespace().filter_map(|field| field.split_once('='));
        fields.find(|(known, _)| *known == name).map(|(_, value)| value)
    };
    let number = |name: &str| field(name)?.parse().ok();
    let cost = Cost { trips: number("round_trips")?, read: number("read_units")?, written: number("write_units")? };
    Some((field("job.id")?.to_owned(), Said { cost, is_over: field("next")? == "Nothing" }))
}

/// Carries all of them out once, and answers what each has taken for a record.
///
/// # Errors
/// When one of them does not do all that it is to do.
pub(super) fn take(crowd: &Crowd, told: &Told, time: usize) -> Result<Vec<Cost>> {
    let caller = Caller::new(&crowd.base, &crowd.secret);
    // Nobody else has that title, and no other file these numbers.
    let title = format!("Brought in beside {} {time}", crowd.ids.len());
    let from = 100_000_000 + crowd.ids.len() * 10 + time * RECORDS;
    let filter = json!({ "field": "job_title", "op": "eq", "value": title });
    let (mut taken, mut edit) = (Vec::new(), String::new());
    for name in JOBS {
        crowd.settle()?;
        let begun = match name {
            "record of an import" => {
                let file = import::contacts(from..from + RECORDS, &title, 1)?;
                let import = import::uploaded(&caller, &file)?;
                caller.post("/v1/imports", &import)?
            }
            "record of a bulk edit" => {
                let body = json!({ "filter": filter, "change": { "city": "Tours" } });
                caller.post("/v1/contacts/bulk", &body)?
            }
            "record of an export" => {
                caller.post("/v1/exports", &json!({ "object": "contact", "format": "csv", "filter": filter }))?
            }
            "record of an undo" => caller.post(&format!("/v1/jobs/{edit}/undo"), &json!({}))?,
            _ => bail!("{name} is not a job"),
        };
        let id = begun.body["id"].as_str().context("the job's id")?.to_owned();
        let cost = ended(&caller, told, &id).with_context(|| name)?;
        if name == "record of a bulk edit" {
            edit = id;
        }
        taken.push(of_each(cost));
    }
    Ok(taken)
}

/// Waits for the end of a job, and for what the worker says of its last message.
fn ended(caller: &Caller, told: &Told, id: &str) -> Result<Cost> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(200));
        let job = caller.get(&format!("/v1/jobs/{id}"))?.body;
        let is_at_work = ["waiting", "running"].iter().any(|state| job["state"] == *state);
        if let Some(cost) = told.of(id).filter(|_| !is_at_work) {
            let failed = job["counts"]["failed"].as_u64().unwrap_or_default();
            let is_whole = job["state"] == "done" && failed == 0 && done(&job) == RECORDS;
            ensure!(is_whole, "the job came to {job}");
            return Ok(cost);
        }
    }
    bail!("the job has not ended")
}

fn done(job: &Value) -> usize {
    job["counts"]["done"].as_u64().unwrap_or_default() as usize
}

fn of_each(cost: Cost) -> Cost {
    let share = |sum: f64| (sum / RECORDS as f64 * 100.0).round() / 100.0;
    Cost { trips: share(cost.trips), read: share(cost.read), written: share(cost.written) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(next: &str, written: &str) -> String {
        format!(
            "2026-11-22T12:00:00.000000Z  INFO jobs::worker: a job went on workspace.id=wsp_1 job.id=job_1 next={next} \
             round_trips=2003 read_units=1000.5 write_units={written}"
        )
    }

    #[test]
    fn what_a_job_has_taken_is_the_sum_of_its_messages_and_known_at_its_end() {
        let told = Told::default();
        assert!(told.takes(&line("More", "7000.0")));
        assert_eq!(told.of("job_1"), None, "it goes on");
        assert!(told.takes(&line("Nothing", "12")));
        let cost = told.of("job_1").unwrap();
        assert_eq!(cost, Cost { trips: 4006.0, read: 2001.0, written: 7012.0 });
        assert_eq!(of_each(cost), Cost { trips: 4.01, read: 2.0, written: 7.01 });
    }

    #[test]
    fn other_lines_are_left_to_others() {
        let told = Told::default();
        assert!(!told.takes("WARN jobs::worker: a job did not go on message.id=1"));
        assert!(!told.takes("a job went on job.id=job_1 next=More"));
        assert_eq!(told.of("job_1"), None);
    }
}
