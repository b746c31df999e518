//! The part `stack`: how much the embedded stack answers with 20,000 contacts, eight connections at a time.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use report::{Report, ms};
use serde_json::json;

use crate::crowd::{Crowd, city, contact, stage, word};
use crate::dice::Dice;
use crate::plan::Plan;
use crate::say;
use crate::server::Server;
use crate::stats::Millis;

/// How many contacts there are.
const CONTACTS: usize = 20_000;
/// How many ask at once.
const CALLERS: usize = 8;
/// How long callers ask before it counts.
const WARMING: Duration = Duration::from_secs(2);
/// Numbers of contacts that are created on the way begin here.
const BESIDE: usize = 50_000_000;

/// A question: its name, what was promised in answers a second and in milliseconds at the 99th of 100, and what is sent.
struct Question {
    name: &'static str,
    a_second: f64,
    within_ms: f64,
    asked: fn(&Crowd, &mut Dice, usize) -> (&'static str, String, String),
}

const QUESTIONS: [Question; 6] = [
    Question {
        name: "read",
        a_second: 2_000.0,
        within_ms: 50.0,
        asked: |crowd, dice, _| ("GET", one(crowd, dice), String::new()),
    },
    Question {
        name: "list of 50",
        a_second: 800.0,
        within_ms: 50.0,
        asked: |_, _, _| ("GET", "/v1/contacts?limit=50".to_owned(), String::new()),
    },
    Question {
        name: "search",
        a_second: 800.0,
        within_ms: 50.0,
        asked: |_, dice, _| ("GET", format!("/v1/contacts?limit=50&q={}", word(dice)), String::new()),
    },
    Question {
        name: "filter by a select",
        a_second: 800.0,
        within_ms: 50.0,
        asked: |_, dice, _| ("GET", format!("/v1/contacts?limit=50&lifecycle_stage={}", stage(dice)), String::new()),
    },
    Question {
        name: "update",
        a_second: 300.0,
        within_ms: 100.0,
        asked: |crowd, dice, number| {
            let body = json!({ "city": city(dice), "job_title": format!("Number {number}") });
            ("PATCH", one(crowd, dice), body.to_string())
        },
    },
    Question {
        name: "create",
        a_second: 300.0,
        within_ms: 100.0,
        asked: |_, _, number| ("POST", "/v1/contacts".to_owned(), contact(9, BESIDE + number).to_string()),
    },
];

fn one(crowd: &Crowd, dice: &mut Dice) -> String {
    format!("/v1/contacts/{}", dice.pick(&crowd.ids))
}

/// What came of a question.
struct Seen {
    a_second: f64,
    millis: Millis,
    /// What the stack's process computed for each answer, in milliseconds.
    computed: f64,
}

/// Measures all of them.
///
/// # Errors
/// When one is refused.
pub(crate) fn measure(plan: &Plan, folder: &Path) -> Result<Report> {
    let mut report = Report::new("Embedded stack");
    let data = folder.join("data");
    let server = Server::start(&data)?;
    let mut crowd = Crowd::new(&server, &data, plan.seed)?;
    let took = crowd.grow(CONTACTS)?;
    let made = CONTACTS as f64 / took.as_secs_f64();
    say(&format!("{CONTACTS} contacts by batches of 100, {made:.0} a second until lists showed them all"));
    let mut rows = Vec::new();
    for question in &QUESTIONS {
        crowd.settle()?;
        let seen = asked(&crowd, &server, question, Duration::from_secs(plan.seconds as u64))?;
        let (rate, p99) = (seen.a_second, seen.millis.percentile(99));
        say(&format!("{}: {rate:.0} a second, 99 of 100 within {}", question.name, ms(p99)));
        let wanted = format!("{} a second, 99 of 100 within {} ms", question.a_second, question.within_ms);
        let met = rate >= question.a_second && p99 <= question.within_ms;
        report.target(question.name, &wanted, format!("{rate:.0} a second, {}", ms(p99)), met);
        let figures = [seen.millis.median(), p99, seen.millis.max()].map(ms);
        let of_wanted = format!("{:.2}", rate / question.a_second);
        let computed = format!("{:.2} ms", seen.computed);
        rows.push(
            [vec![question.name.to_owned(), format!("{rate:.0}"), of_wanted], figures.into(), vec![computed]].concat(),
        );
    }
    let resident = crate::lambda::resident_mb(server.process())?;
    report.fact(format!(
        "The `rapport` binary with {CONTACTS} contacts that were created through the API, and {CALLERS} callers with a connection each, \
         every one of which asks again as soon as it is answered, for {} s after 2 s that do not count. Callers run on the same \
         cores. The record that is read or written, the word that is searched and what is written differ from one to the next; the \
         list is always the same, and the filter has four values. Authorizer, gateway, functions, table, stream, journal and replica are all in the \
         one process, which at the end has {resident:.0} MB resident.",
        plan.seconds
    ));
    report.fact(format!(
        "Filling it by batches of 100 with four callers: {made:.0} contacts a second until lists showed all of them."
    ));
    let text = "Computed is the processor time of the whole process for each answer, with what follows from a write: two cores cannot \
                give more answers a second than 2,000 ms divided by it.";
    let columns =
        ["question", "answers a second", "times the target", "median", "99 of 100", "slowest", "computed for each"];
    report.part("Answers", text, &columns, rows);
    server.stop()?;
    Ok(report)
}

fn asked(crowd: &Crowd, server: &Server, question: &Question, long: Duration) -> Result<Seen> {
    let (counts, ended, numbers) = (AtomicBool::new(false), AtomicBool::new(false), AtomicUsize::new(0));
    let (counts, ended, numbers) = (&counts, &ended, &numbers);
    let caller = move |which: usize| -> Result<Vec<f64>> {
        let (mut line, mut dice) = (crowd.line()?, Dice::new(which as u64 + 1));
        let mut millis = Vec::new();
        while !ended.load(Ordering::Relaxed) {
            let (method, target, body) = (question.asked)(crowd, &mut dice, numbers.fetch_add(1, Ordering::Relaxed));
            let counted = counts.load(Ordering::Relaxed);
            let reply = line.wanted(method, &target, &body)?;
            if counted && !ended.load(Ordering::Relaxed) {
                millis.push(reply.millis);
            }
        }
        Ok(millis)
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS).map(|which| scope.spawn(move || caller(which))).collect();
        std::thread::sleep(WARMING);
        let before = server.computed_ms()?;
        let started = Instant::now();
        counts.store(true, Ordering::Relaxed);
        std::thread::sleep(long);
        ended.store(true, Ordering::Relaxed);
        let took = started.elapsed().as_secs_f64();
        let computed = server.computed_ms()? - before;
        let mut all = Vec::new();
        for caller in callers {
            all.extend(caller.join().ok().context("a caller panicked")??);
        }
        ensure!(!all.is_empty(), "{} was never answered", question.name);
        let answers = all.len() as f64;
        Ok(Seen { a_second: answers / took, computed: computed / answers, millis: Millis::of(all) })
    })
}
